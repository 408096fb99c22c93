//! edit: being written.

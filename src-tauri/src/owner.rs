//! owner: being written.

//! host: being written.

//! upstream: being written.

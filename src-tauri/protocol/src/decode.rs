//! decode: being written.

//! The plugin's face, proven through the built binary: contract, secrets, bad input, streams, edits.
//!
//! Owns: the list of what is proven.
//! Must not know: the program's inside, but for the method table it is held against.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests stop the test and tell what they measured, as the tests do"
)]

mod support;

mod rpc {
    mod configuration;
    mod contract;
    mod edits;
    mod faults;
    mod input;
    mod lines;
    mod params;
    mod peer;
    mod secrets;
    mod signals;
    mod store;
    mod streams;
    mod translated;
}

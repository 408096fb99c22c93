//! The command line, proven through the built binary: answers, exit codes, terminals.
//!
//! Owns: the list of what is proven.
//! Must not know: the program's inside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests stop the test and tell what they measured, as the tests do"
)]

mod cli {
    mod accounts;
    mod broken_files;
    mod client_keys;
    mod demo;
    mod doctor;
    mod every;
    mod kit;
    mod layout;
    mod plugin;
    mod questions;
    mod setup;
    mod terminal;
    mod transfer;
    mod trials;
}

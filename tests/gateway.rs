//! The gateway: the built binary, over real sockets, in front of the fake upstream.
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

#[path = "support/evidence.rs"]
mod evidence;
mod support;

mod gateway {
    mod admin;
    mod admin_door;
    mod ask;
    mod carried;
    mod clients;
    mod conversations;
    mod ends;
    mod envelope;
    mod fault_table;
    mod faults;
    mod hostile;
    mod kit;
    mod maintenance;
    mod passing;
    mod refresh_kill;
    mod schedules;
    mod start;
    mod statistics;
    mod streams;
    mod trials;
    mod watched;
}

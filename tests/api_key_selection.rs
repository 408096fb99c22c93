//! Key pools through the built binary (seed S0 §13.2).
//!
//! Owns: the modules below, one a promise.
//! Must not know: how the program keeps it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests stop the test, as the tests do, and look at the clock the program has"
)]

mod support;

#[path = "api_key_selection/bulk.rs"]
mod bulk;
#[path = "api_key_selection/choice.rs"]
mod choice;
#[path = "scheduler/kit.rs"]
mod kit;
#[path = "api_key_selection/tested.rs"]
mod tested;

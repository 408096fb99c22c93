//! Choice of accounts and what faults do to them, through the built binary (seed S0 §13.2).
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

#[path = "scheduler/accounts.rs"]
mod accounts;
#[path = "scheduler/cooling.rs"]
mod cooling;
#[path = "scheduler/credentials.rs"]
mod credentials;
#[path = "scheduler/explain.rs"]
mod explain;
#[path = "scheduler/kit.rs"]
mod kit;
#[path = "scheduler/places.rs"]
mod places;
#[path = "scheduler/probes.rs"]
mod probes;
#[path = "scheduler/requests.rs"]
mod requests;
#[path = "scheduler/selection.rs"]
mod selection;
#[path = "scheduler/sessions.rs"]
mod sessions;
#[path = "scheduler/streams.rs"]
mod streams;
#[path = "scheduler/usage.rs"]
mod usage;

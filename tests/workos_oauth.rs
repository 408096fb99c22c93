//! Signing in, refreshing and surviving, through the built binary (seed S0 §13.2).
//!
//! Owns: the modules below, one a promise.
//! Must not know: how the program keeps it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop the test, as the tests do"
)]

mod support;

#[path = "workos_oauth/kit.rs"]
mod kit;

#[path = "workos_oauth/answers.rs"]
mod answers;
#[path = "workos_oauth/browser.rs"]
mod browser;
#[path = "workos_oauth/device.rs"]
mod device;
#[path = "support/evidence.rs"]
mod evidence;
#[path = "workos_oauth/herd.rs"]
mod herd;
#[path = "workos_oauth/import.rs"]
mod import;
#[path = "workos_oauth/outage.rs"]
mod outage;
#[path = "workos_oauth/proxied.rs"]
mod proxied;
#[path = "workos_oauth/records.rs"]
mod records;
#[path = "workos_oauth/refresh_kill.rs"]
mod refresh_kill;
#[path = "workos_oauth/slot.rs"]
mod slot;
#[path = "workos_oauth/tally.rs"]
mod tally;
#[path = "workos_oauth/write_kill.rs"]
mod write_kill;

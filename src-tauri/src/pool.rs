//! The core: which account takes a request, and what a fault does to it.
//!
//! Owns: the accounts as they are known now, their order, their health.
//! Must not know: SQL, HTTP, tokio, secrets. Time and chance are arguments.

pub mod account;

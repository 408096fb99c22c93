//! Choice of accounts and what faults do to them, through the built binary (seed S0 §13.2).

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

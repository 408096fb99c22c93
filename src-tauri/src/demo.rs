//! What the `demo` command has instead of Factory and of a client, on this machine alone.
//!
//! Owns: the list of the two.
//! Must not know: the program: they are the other sides of its connections.

mod client;
mod stand_in;

pub(crate) use client::ask;
pub(crate) use stand_in::{KEYS, StandIn};

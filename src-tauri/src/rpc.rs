//! The plugin's face: JSON-RPC 2.0 over stdio, a line a message.
//!
//! Owns: the method table and the loop.
//! Must not know: the gateway, the store, dialects' details.

pub mod dispatch;
pub mod error;
pub mod message;
pub mod params;
pub mod stdio;
pub mod table;

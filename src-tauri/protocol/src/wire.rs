//! Framing without meaning: bytes to records and back.
//!
//! Owns: server-sent events, bytes as text in a saved state.
//! Must not know: dialects, events, HTTP, tasks.

pub mod sse;

pub(crate) mod base64_bytes;

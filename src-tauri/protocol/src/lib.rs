//! Pure protocol code: bytes in, meanings out, and back.
//!
//! Owns: the wire formats, the events, the request edits and the faults of the four dialects.
//! Must not know: accounts, time, tasks, files, sockets, logs.
//!
//! In reading order:

pub mod dialect;
pub mod event;
pub mod fault;

/// Framing without meaning: server-sent events and JSON text.
pub mod wire;

/// Upstream bytes to [`event::Event`]s, any chunking, one decoder a dialect.
pub mod decode;

/// What a pass-through request changes in the client's body, and nothing else.
pub mod edit;

/// Which conversation a request belongs to.
pub mod session;

/// The hub of a request.
pub mod request;

/// Any dialect to any dialect.
pub mod translate;

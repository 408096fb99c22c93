//! For tests and the demo alone: both neighbours of the program, played strictly.
//!
//! Owns: [`upstream`], a fake of WorkOS and Factory over HTTP, and [`host`], a simulator of the
//! ProxyCast host that launches the plugin binary.
//! Must not know: the program under test; it is met only over sockets and pipes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken test bed must stop the test, not be handled by it"
)]

/// WorkOS and Factory on a loopback port: as strict as the real ones, with faults on order.
pub mod upstream;

/// The host: launches the binary as ProxyCast does and checks every answer's shape.
pub mod host;

/// Both at once, with a scratch folder.
pub mod rig;

/// The program shown end to end.
pub mod demo;

mod clock;

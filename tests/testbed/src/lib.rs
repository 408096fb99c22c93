//! For tests and the demo alone: both neighbours of the program, played strictly.
//!
//! Owns: [`upstream`], a fake of WorkOS and Factory over HTTP, [`host`], a simulator of the
//! ProxyCast host that launches the plugin binary, [`gateway`], the same binary as a server,
//! [`http`], a client of it, [`rig`], all of them with a scratch folder, [`demo`], the program
//! shown end to end, and [`translated`], the recorded answers for official SDKs.
//! Must not know: the program under test; it is met only over sockets and pipes. [`translated`]
//! alone uses the package `droid-protocol`, since that is what it puts before the SDKs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken test bed must stop the test, not be handled by it"
)]

pub mod demo;
pub mod gateway;
pub mod host;
pub mod http;
pub mod rig;
pub mod translated;
pub mod upstream;

mod clock;

//! What the decoders promise, over the recorded streams and hand-made ones.
//!
//! Owns: the tests of `droid_protocol::decode` that go through its public face.
//! Must not know: how a decoder does it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::redundant_clone,
    reason = "a test that cannot go on fails; its helpers take what `json!` makes, and a table reads best with all its rows alike"
)]

mod bounds;
mod carry;
mod golden;
mod meaning;
mod meter;
mod passed;
mod properties;
mod quirks;
mod support;

//! What the decoders promise, over the recorded streams and hand-made ones.
//!
//! Owns: the tests of `droid_protocol::decode` that go through its public face.
//! Must not know: how a decoder does it.

mod bounds;
mod golden;
mod meaning;
mod properties;
mod quirks;
mod support;

//! What every client's parser asks of a stream.
//!
//! Owns: which checker is which dialect's.
//! Must not know: where a stream came from.

mod anthropic;
mod chat;
mod gemini;
#[allow(dead_code, reason = "the unit tests of the dialect read more of it")]
mod responses;

use droid_protocol::dialect::Dialect;

/// Fails unless a stream is one that the client's official parser takes without complaint, and
/// that ends exactly once. `include_usage`: a chat client asked for the counts.
pub(crate) fn check(client: Dialect, bytes: &[u8], include_usage: bool) {
    match client {
        Dialect::Anthropic => anthropic::check(bytes).unwrap(),
        Dialect::Responses => assert_ne!(responses::check(bytes).end, "", "no terminal event"),
        Dialect::Chat => chat::check(bytes, include_usage),
        Dialect::Gemini => gemini::check(bytes),
    }
}

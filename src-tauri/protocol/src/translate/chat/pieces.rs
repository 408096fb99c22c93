//! What streams, whole answers and requests write alike.
//!
//! Owns: the shape of a tool call and of its signature; the id of an answer that has none.
//! Must not know: what comes before and after.

use super::json::Open;
use crate::dialect::Dialect;
use crate::request::Signature;
use crate::translate::ClientWish;

/// Where a call keeps its name and input.
pub(super) const fn place_of(custom: bool) -> (&'static str, &'static str) {
    if custom { ("custom", "input") } else { ("function", "arguments") }
}

/// The delta of one tool call: its number and what `write` writes.
pub(super) fn piece(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Open<'_>)) {
    out.extend_from_slice(b"\"tool_calls\":");
    let mut calls = Open::array(out);
    let mut call = Open::object(calls.item());
    call.raw("index", &number.to_string());
    write(&mut call);
    call.close();
    calls.close();
}

/// A signature as a member of a tool call.
pub(super) fn write_signature(call: &mut Open<'_>, signature: &Signature) {
    let text = signature.to_client(Dialect::Chat);
    let mut extra = Open::object(call.key("extra_content"));
    let mut google = Open::object(extra.key("google"));
    google.text("thought_signature", &text);
    google.close();
    extra.close();
}

/// Upstream's id, or one that is the same for the whole answer.
pub(super) fn id_or_made(id: &str, wish: &ClientWish) -> String {
    if id.is_empty() { format!("chatcmpl-{}", wish.created) } else { id.to_owned() }
}

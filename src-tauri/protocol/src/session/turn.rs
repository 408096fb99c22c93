//! The beginning of a conversation, hashed: it is the same in every later request.
//!
//! What is hashed is what the person and the system prompt say. `cache_control` is not: clients
//! move it from turn to turn.
//!
//! Owns: which members of each dialect hold the system prompt and the first user turn.
//! Must not know: ids, headers, what becomes of the hash.

use sha2::{Digest, Sha256};

use crate::dialect::Dialect;
use crate::edit::Body;
use crate::edit::json::Value;

/// System prompt and first user turn; `None` if no user says anything.
pub(super) fn first(body: &Body<'_>) -> Option<Sha256> {
    let mut hash = Sha256::new().chain_update("turn\0").chain_update(body.dialect().as_str());
    let (system, turns) = match body.dialect() {
        Dialect::Anthropic => (body.peek("system"), body.peek("messages")),
        Dialect::Chat => (None, body.peek("messages")),
        // What came before is on the server: the first turn here is not the conversation's first.
        Dialect::Responses if body.peek("previous_response_id").is_some() => return None,
        Dialect::Responses => (body.peek("instructions"), body.peek("input")),
        Dialect::Gemini => (
            body.peek("systemInstruction").or_else(|| body.peek("system_instruction")),
            body.peek("contents"),
        ),
    };
    if let Some(system) = system.and_then(content) {
        feed(&mut hash, system);
    }
    let turns = turns?;
    // A separator, so that a text cannot move from the system prompt into the turn unnoticed.
    hash.update("user\0");
    if !turns.is_array() {
        return feed(&mut hash, content(turns)?).then_some(hash);
    }
    for turn in turns.elements() {
        let role = turn.get("role").filter(|it| !it.is_null());
        let is_system = role.is_some_and(|it| it.is_str("system") || it.is_str("developer"));
        let is_user = role.map_or(body.dialect() == Dialect::Gemini, |it| it.is_str("user"));
        let Some(content) = content(turn) else { continue };
        if is_system {
            feed(&mut hash, content);
        } else if is_user && feed(&mut hash, content) {
            return Some(hash);
        }
    }
    None
}

/// What a message says; a string or an array says itself.
fn content(value: Value<'_>) -> Option<Value<'_>> {
    if !value.is_object() {
        return Some(value);
    }
    value.get("content").or_else(|| value.get("parts")).filter(|it| !it.is_null())
}

/// Hashes a string, a part or an array of them; `false` if they say nothing.
fn feed(hash: &mut Sha256, content: Value<'_>) -> bool {
    let mut said = false;
    if let Some(text) = content.inner().or_else(|| content.get("text")?.inner()) {
        said = feed_text(hash, text);
    } else if content.is_array() {
        for part in content.elements() {
            said |= feed(hash, part);
        }
    } else {
        for member in content.members().filter(|it| !it.is("cache_control")) {
            said |= feed_text(hash, member.raw_key()) | feed_text(hash, member.value.raw());
        }
    }
    said
}

/// With its length, so that two texts never hash as one.
fn feed_text(hash: &mut Sha256, text: &str) -> bool {
    hash.update(text.len().to_be_bytes());
    hash.update(text);
    !text.trim().is_empty()
}

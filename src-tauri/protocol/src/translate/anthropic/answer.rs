//! What a streamed and a whole answer share.
//!
//! Owns: ids, stop reasons, counts and signatures as a client gets them.
//! Must not know: frames, blocks.

use std::borrow::Cow;

use super::json::Obj;
use crate::dialect::Dialect;
use crate::event::{StopReason, Usage};
use crate::request::Signature;
use crate::translate::ClientWish;

/// Before anything is told.
pub(super) const NOTHING: Usage = Usage {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    reasoning_tokens: 0,
};

/// A signature as the client gets it; one of no known origin is the client's own provider's.
pub(super) fn to_client(data: String, origin: Option<Dialect>) -> String {
    match origin {
        Some(origin) => Signature { origin, data }.to_client(Dialect::Anthropic),
        None => data,
    }
}

/// An id in the letters this dialect's ids are made of.
pub(super) fn fitted(id: &str) -> Cow<'_, str> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    if id.chars().all(fits) {
        return id.into();
    }
    id.chars().map(|it| if fits(it) { it } else { '_' }).collect()
}

/// Upstream's id of the message, or one made of the time it was asked for.
pub(super) fn message_id(id: &str, wish: &ClientWish) -> String {
    match id {
        "" => format!("msg_{:x}", wish.created),
        id if id.starts_with("msg_") => id.to_owned(),
        id => format!("msg_{}", fitted(id)),
    }
}

/// The id a call goes out under. One that was made up in reading counts from zero in every answer,
/// so it takes the message's id, which is different in each.
pub(super) fn call_id(id: &str, name: &str, at: u32, message: &str) -> String {
    if id.is_empty() || id == format!("call_{at}_{name}") {
        let message = message.strip_prefix("msg_").unwrap_or(message);
        return format!("toolu_{}_{at}", fitted(message));
    }
    fitted(id).into_owned()
}

pub(super) fn stop_reason(reason: StopReason, called: bool) -> &'static str {
    match reason {
        // A client runs the calls it is told of, and only those.
        StopReason::EndTurn | StopReason::ToolUse | StopReason::Other if called => "tool_use",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence => "stop_sequence",
        StopReason::Refusal | StopReason::ContentFilter => "refusal",
        StopReason::PauseTurn => "pause_turn",
        StopReason::ContextWindow => "model_context_window_exceeded",
        StopReason::EndTurn
        | StopReason::ToolUse
        | StopReason::Other
        | StopReason::MalformedToolCall => "end_turn",
    }
}

pub(super) fn write_stop_members(object: &mut Obj<'_>, reason: &str, sequence: Option<&str>) {
    object.str("stop_reason", reason);
    match sequence {
        Some(it) if reason == "stop_sequence" => object.str("stop_sequence", it),
        _ => object.json("stop_sequence", "null"),
    };
    let details = match reason {
        "refusal" => r#"{"type":"refusal","category":null,"explanation":null}"#,
        _ => "null",
    };
    object.json("stop_details", details);
}

/// The head of a message, as a stream begins with it.
pub(super) fn write_message(out: &mut Vec<u8>, id: &str, model: &str, usage: &Usage) {
    let mut object = Obj::new(out);
    object.str("id", id).str("type", "message").str("role", "assistant").str("model", model);
    object.json("content", "[]").json("stop_reason", "null").json("stop_sequence", "null");
    object.json("stop_details", "null");
    let mut counts = Obj::new(object.key("usage"));
    write_counts(&mut counts, usage);
    counts.end();
    object.end();
}

/// Counts: input excludes the cache, output includes the thinking.
pub(super) fn write_counts(object: &mut Obj<'_>, usage: &Usage) {
    let (five, hour) = (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens);
    object.u64("input_tokens", usage.input_tokens);
    object.u64("cache_creation_input_tokens", five.saturating_add(hour));
    object.u64("cache_read_input_tokens", usage.cache_read_tokens);
    let mut written = Obj::new(object.key("cache_creation"));
    written.u64("ephemeral_5m_input_tokens", five).u64("ephemeral_1h_input_tokens", hour).end();
    object.u64("output_tokens", usage.output_tokens);
    if usage.reasoning_tokens > 0 {
        let mut details = Obj::new(object.key("output_tokens_details"));
        details.u64("thinking_tokens", usage.reasoning_tokens).end();
    }
}

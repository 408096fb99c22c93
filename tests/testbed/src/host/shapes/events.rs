//! The events of `parse_response_chunk`.
//!
//! Owns: the known types and what each carries.
//! Must not know: dialects.

use super::checker::Checker;

const BLOCKS: [&str; 6] = ["text", "thinking", "redacted_thinking", "tool_use", "refusal", "other"];

const STOPS: [&str; 10] = [
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "refusal",
    "content_filter",
    "pause_turn",
    "model_context_window_exceeded",
    "malformed_tool_call",
    "other",
];

/// Token counts so far.
const COUNTS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
];

/// One event.
pub(crate) fn event(it: &mut Checker<'_>) {
    let kind = it.root()["type"].as_str().unwrap_or_default();
    if !["message_start", "message_stop", "usage", "error", "ping"].contains(&kind) {
        it.count("index");
    }
    match kind {
        "message_start" => {
            it.text("id");
            it.text("model");
        }
        "content_block_start" => it.one_of("block_type", &BLOCKS),
        "text_delta" => it.text("text"),
        "thinking_delta" => it.text("thinking"),
        "signature_delta" => it.string("signature"),
        "tool_use_start" => {
            it.string("id");
            it.string("name");
        }
        "tool_use_input_delta" => {
            it.string("id");
            it.text("partial_json");
        }
        "tool_use_stop" => it.string("id"),
        "content_block_stop" | "ping" => {}
        "usage" => usage(it),
        "message_stop" => it.one_of("stop_reason", &STOPS),
        "error" => {
            it.string("error_type");
            it.text("message");
        }
        other => it.problem("type", &format!("{other:?} is no known event")),
    }
}

/// The members of a usage.
pub(crate) fn usage(it: &mut Checker<'_>) {
    for name in COUNTS {
        it.count(name);
    }
}

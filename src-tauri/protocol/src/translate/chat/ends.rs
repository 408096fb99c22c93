//! How an answer ends, in this dialect's words.
//!
//! Owns: `finish_reason`, the text of a refusal that has none.
//! Must not know: streams, bodies.

use crate::event::StopReason;

/// Said where the model refused without a text of its own for it: `finish_reason` has no word for
/// a refusal, only `message.refusal` tells it.
pub(super) const REFUSED: &str = "The model refused to answer.";

/// The name of an error that upstream did not name.
pub(super) const UNTOLD: &str = "server_error";

/// Tool calls say more than a natural end, and never more than a limit or a filter. Without any
/// an answer never ends with them, whatever upstream says.
pub(super) const fn finish_reason(stop: StopReason, calls: bool) -> &'static str {
    match stop {
        StopReason::MaxTokens | StopReason::ContextWindow => "length",
        StopReason::ContentFilter => "content_filter",
        StopReason::Refusal | StopReason::MalformedToolCall => "stop",
        StopReason::EndTurn
        | StopReason::ToolUse
        | StopReason::StopSequence
        | StopReason::PauseTurn
        | StopReason::Other
            if calls =>
        {
            "tool_calls"
        }
        StopReason::EndTurn
        | StopReason::ToolUse
        | StopReason::StopSequence
        | StopReason::PauseTurn
        | StopReason::Other => "stop",
    }
}

/// Whether a call that got no arguments may be given `{}`: not where a limit cut it.
pub(super) const fn is_cut(stop: StopReason) -> bool {
    matches!(stop, StopReason::MaxTokens | StopReason::ContextWindow)
}

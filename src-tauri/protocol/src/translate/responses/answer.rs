//! The response object: in lifecycle events, and the whole answer.
//!
//! Owns: its members, its status, the words for errors.
//! Must not know: events, how its output came to be.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::json::Object;
use crate::event::{StopReason, Usage};
use crate::fault::{Class, Fault};

/// How a response stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// Cut off, and by what.
    Incomplete(Cow<'static, str>),
    /// Failed: the code and the text.
    Failed(Cow<'static, str>, String),
}

/// What the members are made of.
pub(super) struct Answer<'a> {
    pub(super) id: &'a str,
    pub(super) model: &'a str,
    pub(super) created: i64,
    /// The items that are done, in order; empty ones are not done.
    pub(super) output: &'a [Vec<u8>],
    pub(super) usage: Option<Usage>,
}

// === impl Status ===

impl Status {
    /// What a stop reason means here (grammar 5.1).
    pub(super) fn of(reason: StopReason) -> Self {
        match reason {
            StopReason::MaxTokens | StopReason::ContextWindow => {
                Self::Incomplete("max_output_tokens".into())
            }
            StopReason::ContentFilter => Self::Incomplete("content_filter".into()),
            StopReason::MalformedToolCall => {
                let text = "the model made a tool call that cannot be read";
                Self::Failed("server_error".into(), text.to_owned())
            }
            StopReason::EndTurn
            | StopReason::ToolUse
            | StopReason::StopSequence
            | StopReason::Refusal
            | StopReason::PauseTurn
            | StopReason::Other => Self::Completed,
        }
    }

    /// The end that an error of upstream's is. The codes are those that clients know: some try
    /// again for the one and not for the other.
    pub(super) fn failed(error_type: &str, message: &str) -> Self {
        let code = match Fault::from_host(error_type, "", Some(500), None).class {
            _ if error_type == "context_length_exceeded" => "context_length_exceeded",
            Class::Rate => "rate_limit_exceeded",
            Class::Quota => "insufficient_quota",
            Class::Request | Class::Model => "invalid_prompt",
            Class::Credential | Class::Transient | Class::Truncated | Class::ClientClosed => {
                "server_error"
            }
        };
        Self::Failed(code.into(), message.to_owned())
    }

    /// The end of a stream whose upstream left.
    pub(super) fn cut() -> Self {
        Self::failed("truncated", "upstream ended before the response was complete")
    }

    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(..) => "failed",
        }
    }

    /// The event that tells it.
    pub(super) const fn event(&self) -> &'static str {
        match self {
            Self::InProgress => "response.in_progress",
            Self::Completed => "response.completed",
            Self::Incomplete(_) => "response.incomplete",
            Self::Failed(..) => "response.failed",
        }
    }
}

// === impl Answer ===

impl Answer<'_> {
    /// Writes the members that every client's types require, and those they have a use for.
    pub(super) fn write(&self, status: &Status, out: &mut Vec<u8>) {
        let mut it = Object::open(out);
        it.text("id", self.id);
        it.text("object", "response");
        it.number("created_at", self.created);
        it.text("status", status.as_str());
        it.flag("background", false);
        match status {
            Status::Failed(code, message) => {
                let mut error = it.object("error");
                error.text("code", code);
                error.text("message", message);
                error.close();
            }
            Status::InProgress | Status::Completed | Status::Incomplete(_) => {
                it.json("error", "null");
            }
        }
        match status {
            Status::Incomplete(reason) => {
                let mut details = it.object("incomplete_details");
                details.text("reason", reason);
                details.close();
            }
            Status::InProgress | Status::Completed | Status::Failed(..) => {
                it.json("incomplete_details", "null");
            }
        }
        it.json("instructions", "null");
        it.json("max_output_tokens", "null");
        it.json("metadata", "{}");
        it.text("model", self.model);
        let mut output = it.list("output");
        for item in self.output.iter().filter(|it| !it.is_empty()) {
            output.next().extend_from_slice(item);
        }
        output.close();
        it.flag("parallel_tool_calls", true);
        it.json("previous_response_id", "null");
        it.json("reasoning", r#"{"effort":null,"summary":null}"#);
        it.flag("store", false);
        it.json("temperature", "null");
        it.json("text", r#"{"format":{"type":"text"}}"#);
        it.text("tool_choice", "auto");
        it.json("tools", "[]");
        it.json("top_p", "null");
        it.text("truncation", "disabled");
        match self.usage {
            Some(usage) => write_usage(usage, it.object("usage")),
            None => it.json("usage", "null"),
        }
        it.json("user", "null");
        it.close();
    }
}

/// Here input includes the cache (grammar 5.2).
fn write_usage(usage: Usage, mut it: Object<'_>) {
    let written = usage.cache_write_5m_tokens.saturating_add(usage.cache_write_1h_tokens);
    it.number("input_tokens", usage.all_input());
    let mut details = it.object("input_tokens_details");
    details.number("cached_tokens", usage.cache_read_tokens);
    details.number("cache_write_tokens", written);
    details.close();
    it.number("output_tokens", usage.output_tokens);
    let mut details = it.object("output_tokens_details");
    details.number("reasoning_tokens", usage.reasoning_tokens);
    details.close();
    it.number("total_tokens", usage.total());
    it.close();
}

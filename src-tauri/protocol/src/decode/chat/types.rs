//! The shapes of the Chat Completions protocol, as far as anything is taken from them.
//!
//! Owns: field names.
//! Must not know: what was told before.

use serde::Deserialize;

use crate::decode::loose::{Count, List, Maybe, Text, TextOrJson, TextOrList, Truthy};

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Wire<'a> {
    pub(super) id: Text<'a>,
    pub(super) model: Text<'a>,
    pub(super) object: Text<'a>,
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) choices: List<Choice<'a>>,
    pub(super) usage: Maybe<Tokens>,
    pub(super) error: Truthy,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Choice<'a> {
    pub(super) index: Count,
    pub(super) delta: Maybe<Delta<'a>>,
    /// The same as `delta`, in an answer that is not streamed.
    pub(super) message: Maybe<Delta<'a>>,
    pub(super) finish_reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Delta<'a> {
    pub(super) content: TextOrList<'a, Part<'a>>,
    pub(super) reasoning_content: Text<'a>,
    pub(super) reasoning: Text<'a>,
    pub(super) refusal: Text<'a>,
    pub(super) tool_calls: List<CallPiece<'a>>,
    pub(super) function_call: Maybe<Function<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct CallPiece<'a> {
    pub(super) index: Count,
    pub(super) id: Text<'a>,
    pub(super) function: Maybe<Function<'a>>,
    pub(super) custom: Maybe<Custom<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Function<'a> {
    pub(super) name: Text<'a>,
    pub(super) arguments: TextOrJson<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Custom<'a> {
    pub(super) name: Text<'a>,
    pub(super) input: Text<'a>,
}

/// A part of content where a server sends a list in place of text.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Part<'a> {
    pub(super) text: Text<'a>,
    pub(super) refusal: Text<'a>,
    pub(super) thinking: List<Thought<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Thought<'a> {
    pub(super) text: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    pub(super) prompt_tokens: Count,
    pub(super) completion_tokens: Count,
    pub(super) prompt_tokens_details: Maybe<PromptDetails>,
    pub(super) completion_tokens_details: Maybe<CompletionDetails>,
    /// DeepSeek's name for the cached tokens.
    pub(super) prompt_cache_hit_tokens: Count,
    /// Moonshot's place for them.
    pub(super) cached_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PromptDetails {
    pub(super) cached_tokens: Count,
    pub(super) cache_write_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CompletionDetails {
    pub(super) reasoning_tokens: Count,
}

// === impl Wire ===

impl Wire<'_> {
    pub(super) fn is_error(&self) -> bool {
        self.error.0 || self.kind.as_str() == "error" || self.object.as_str() == "error"
    }
}

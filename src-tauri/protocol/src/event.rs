//! The hub of a response: what every dialect's stream means.
//!
//! Owns: [`Event`] (seed S1 §2.4.4), [`Usage`], [`StopReason`], [`End`].
//! Must not know: any dialect's field names, framing, time.

use serde::{Deserialize, Serialize};

/// One thing that happened in a response. Serialised as `{"type": "text_delta", ...}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The response began. `id` and `model` are the upstream's own, empty if it gave none.
    MessageStart {
        /// Upstream's id of the message or response.
        id: String,
        /// Upstream's name of the model.
        model: String,
    },
    /// A block of content began. Indexes are contiguous from 0; a tool call's block is announced
    /// here and named by the [`Event::ToolUseStart`] that follows it.
    ContentBlockStart {
        /// Position of the block in the message.
        index: u32,
        /// What the block holds.
        block_type: BlockType,
        /// The opaque payload of a [`BlockType::RedactedThinking`] block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
    },
    /// Text to append to a text or refusal block.
    TextDelta {
        /// The block it belongs to.
        index: u32,
        /// The text.
        text: String,
    },
    /// Reasoning to append to a thinking block.
    ThinkingDelta {
        /// The block it belongs to.
        index: u32,
        /// The text.
        thinking: String,
    },
    /// The provider's opaque signature of a block, whole: of a thinking block, and with Gemini
    /// also of a tool call or a text block.
    SignatureDelta {
        /// The block it belongs to.
        index: u32,
        /// The signature, byte for byte.
        signature: String,
    },
    /// A tool call's id and name. Made up (stable within the stream) where upstream has no id.
    ToolUseStart {
        /// The block it belongs to.
        index: u32,
        /// The call's id, which its result will name.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// A piece of a tool call's argument text; the concatenation is what upstream sent, `{}` where
    /// it sent nothing. A custom tool's free text comes as the object `{"input": text}`.
    ToolUseInputDelta {
        /// The block it belongs to.
        index: u32,
        /// The call's id.
        id: String,
        /// The piece; never valid JSON by itself unless it is the only one.
        partial_json: String,
    },
    /// A tool call's arguments are complete.
    ToolUseStop {
        /// The block it belongs to.
        index: u32,
        /// The call's id.
        id: String,
    },
    /// A block of content ended.
    ContentBlockStop {
        /// The block.
        index: u32,
    },
    /// Token counts so far; each one replaces the one before. Sent when they change.
    Usage(Usage),
    /// The response ended as its protocol says a response ends. Sent once, last.
    MessageStop {
        /// Why.
        stop_reason: StopReason,
        /// The stop string that was hit, where upstream tells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_sequence: Option<String>,
    },
    /// The response failed: upstream said so, or it ended before its terminal event
    /// (`error_type` is then `truncated`). Sent once, last. Blocks that were open stay open:
    /// closing a tool call would say that its arguments are complete.
    Error {
        /// Upstream's own name for it, or `truncated`.
        error_type: String,
        /// Upstream's text.
        message: String,
    },
    /// Upstream is alive and has nothing to say.
    Ping,
}

/// What a content block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlockType {
    /// Text for the person.
    Text,
    /// Reasoning the model shows.
    Thinking,
    /// Reasoning the provider hides in an opaque payload.
    RedactedThinking,
    /// A tool call.
    ToolUse,
    /// The text of a refusal.
    Refusal,
    /// Something this version has no name for; passed over, never an error.
    Other,
}

/// Tokens of one response. Disjoint but for `reasoning_tokens`, which is part of `output_tokens`.
///
/// Anthropic's input excludes the cache and OpenAI's and Gemini's include it: decoders subtract,
/// never below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Usage {
    /// Input that was neither read from nor written to a cache.
    pub input_tokens: u64,
    /// All output, reasoning included.
    pub output_tokens: u64,
    /// Input read from a cache.
    pub cache_read_tokens: u64,
    /// Input written to a cache for five minutes (or with no lifetime told).
    pub cache_write_5m_tokens: u64,
    /// Input written to a cache for an hour.
    pub cache_write_1h_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
}

/// Why a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model was done.
    EndTurn,
    /// The model called at least one tool and nothing cut it off.
    ToolUse,
    /// The output limit was reached.
    MaxTokens,
    /// A stop string was hit.
    StopSequence,
    /// The model refused.
    Refusal,
    /// A filter cut the output.
    ContentFilter,
    /// The provider paused a server-side turn.
    PauseTurn,
    /// The context window was full.
    #[serde(rename = "model_context_window_exceeded")]
    ContextWindow,
    /// The model produced a tool call nobody can parse.
    MalformedToolCall,
    /// A reason this version has no name for.
    Other,
}

/// How a stream ended, told to whoever consumes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The terminal event of the protocol was seen.
    Done,
    /// The bytes ended before the terminal event.
    Truncated,
    /// Upstream sent an error event.
    Failed,
}

// === impl Usage ===

impl Usage {
    /// Adds the tokens of another response. What no number can hold stays at the largest.
    pub fn add(&mut self, other: &Self) {
        // Named in full: a new kind of token is not forgotten here.
        let Self {
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_5m_tokens,
            cache_write_1h_tokens,
            reasoning_tokens,
        } = self;
        for (sum, one) in [
            (input_tokens, other.input_tokens),
            (output_tokens, other.output_tokens),
            (cache_read_tokens, other.cache_read_tokens),
            (cache_write_5m_tokens, other.cache_write_5m_tokens),
            (cache_write_1h_tokens, other.cache_write_1h_tokens),
            (reasoning_tokens, other.reasoning_tokens),
        ] {
            *sum = sum.saturating_add(one);
        }
    }

    /// Input plus output, caches included.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.all_input().saturating_add(self.output_tokens)
    }

    /// All input: uncached, cache read, cache written.
    #[must_use]
    pub const fn all_input(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_write_5m_tokens)
            .saturating_add(self.cache_write_1h_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;

    #[test]
    fn every_kind_of_token_is_added_and_none_overflows() {
        let one = Usage {
            input_tokens: 1,
            output_tokens: 20,
            cache_read_tokens: 300,
            cache_write_5m_tokens: 4000,
            cache_write_1h_tokens: 50_000,
            reasoning_tokens: 6,
        };
        let mut sum = one;
        sum.add(&one);
        assert_eq!((sum.total(), sum.reasoning_tokens), (2 * one.total(), 12));
        let most = Usage { input_tokens: u64::MAX, ..Usage::default() };
        sum.add(&most);
        assert_eq!(sum.input_tokens, u64::MAX);
    }
}

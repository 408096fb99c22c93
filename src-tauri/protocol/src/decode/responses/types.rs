//! The shapes of the Responses protocol, as far as anything is taken from them.
//!
//! Owns: field names, and which event is a piece of which kind of item.
//! Must not know: what was told before.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::item::Kind;
use crate::decode::failure::ErrorValue;
use crate::decode::loose::{Count, List, Maybe, Text, TextOrJson, Truthy};
use crate::event::BlockType;

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Wire<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) response: Maybe<Answer<'a>>,
    pub(super) output_index: Count,
    pub(super) item_id: Text<'a>,
    pub(super) item: Maybe<ItemWire<'a>>,
    content_index: Count,
    summary_index: Count,
    part: Maybe<PartWire<'a>>,
    delta: Text<'a>,
    text: Text<'a>,
    refusal: Text<'a>,
    arguments: TextOrJson<'a>,
    input: Text<'a>,
    pub(super) error: Truthy,
}

/// The response object: in lifecycle events, and the whole answer.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Answer<'a> {
    pub(super) object: Text<'a>,
    pub(super) id: Text<'a>,
    pub(super) model: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) output: List<ItemWire<'a>>,
    pub(super) usage: Maybe<Tokens>,
    pub(super) error: ErrorValue<'a>,
    pub(super) incomplete_details: Maybe<Incomplete<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Incomplete<'a> {
    pub(super) reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct ItemWire<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) id: Text<'a>,
    pub(super) call_id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) arguments: TextOrJson<'a>,
    pub(super) input: Text<'a>,
    pub(super) content: List<PartWire<'a>>,
    pub(super) summary: List<PartWire<'a>>,
    pub(super) encrypted_content: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct PartWire<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) text: Text<'a>,
    pub(super) refusal: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    pub(super) input_tokens: Count,
    pub(super) output_tokens: Count,
    pub(super) input_tokens_details: Maybe<InputDetails>,
    pub(super) output_tokens_details: Maybe<OutputDetails>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InputDetails {
    pub(super) cached_tokens: Count,
    pub(super) cache_write_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputDetails {
    pub(super) reasoning_tokens: Count,
}

/// One event inside an item.
pub(super) struct Piece<'a> {
    /// The kind of item it belongs to.
    pub(super) item: Kind,
    /// The kind of block its text goes to.
    pub(super) block: BlockType,
    pub(super) place: Place,
    pub(super) step: Step,
    pub(super) text: Cow<'a, str>,
}

/// Which part of its item a piece belongs to, in the order in which an item tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Place {
    #[serde(rename = "s")]
    Summary(u32),
    #[serde(rename = "c")]
    Content(u32),
}

/// How a piece's text relates to what its part told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Text to append.
    More,
    /// The whole text of the part.
    Whole,
    /// The whole text of the part, which ended.
    End,
}

// === impl Piece ===

impl<'a> Piece<'a> {
    /// The piece an event is, if it is one.
    pub(super) fn of(event: &str, wire: Wire<'a>) -> Option<Self> {
        use BlockType::{Refusal, Text, Thinking, ToolUse};
        let content = Place::Content(wire.content_index.position().unwrap_or(0));
        let summary = Place::Summary(wire.summary_index.position().unwrap_or(0));
        let (item, block, place, step, text) = match event {
            "response.output_text.delta" => {
                (Kind::Message, Text, content, Step::More, wire.delta.0)
            }
            "response.output_text.done" => (Kind::Message, Text, content, Step::Whole, wire.text.0),
            "response.refusal.delta" => (Kind::Message, Refusal, content, Step::More, wire.delta.0),
            "response.refusal.done" => {
                (Kind::Message, Refusal, content, Step::Whole, wire.refusal.0)
            }
            "response.reasoning_summary_text.delta" => {
                (Kind::Reasoning, Thinking, summary, Step::More, wire.delta.0)
            }
            "response.reasoning_summary_text.done" => {
                (Kind::Reasoning, Thinking, summary, Step::Whole, wire.text.0)
            }
            "response.reasoning_text.delta" => {
                (Kind::Reasoning, Thinking, content, Step::More, wire.delta.0)
            }
            "response.reasoning_text.done" => {
                (Kind::Reasoning, Thinking, content, Step::Whole, wire.text.0)
            }
            "response.function_call_arguments.delta" => {
                (Kind::Call, ToolUse, content, Step::More, wire.delta.0)
            }
            "response.function_call_arguments.done" => {
                (Kind::Call, ToolUse, content, Step::Whole, wire.arguments.0)
            }
            "response.custom_tool_call_input.delta" => {
                (Kind::Custom, ToolUse, content, Step::More, wire.delta.0)
            }
            "response.custom_tool_call_input.done" => {
                (Kind::Custom, ToolUse, content, Step::Whole, wire.input.0)
            }
            "response.content_part.done" => return wire.part.0.map(|it| it.piece(content)),
            "response.reasoning_summary_part.done" => {
                return wire.part.0.map(|it| it.piece(summary));
            }
            _ => return None,
        };
        Some(Self { item, block, place, step, text })
    }
}

// === impl PartWire ===

impl<'a> PartWire<'a> {
    /// The whole part as the piece that ends it.
    pub(super) fn piece(self, place: Place) -> Piece<'a> {
        let (item, block, text) = match self.kind.as_str() {
            "refusal" => (Kind::Message, BlockType::Refusal, self.refusal.0),
            "summary_text" | "reasoning_text" => {
                (Kind::Reasoning, BlockType::Thinking, self.text.0)
            }
            _ => (Kind::Message, BlockType::Text, self.text.0),
        };
        Piece { item, block, place, step: Step::End, text }
    }
}

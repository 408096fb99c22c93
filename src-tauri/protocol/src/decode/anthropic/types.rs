//! The shapes of the Messages protocol, as far as anything is taken from them.
//!
//! Owns: field names.
//! Must not know: what was told before.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decode::loose::{Count, List, Maybe, Text, Truthy};

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Wire<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) index: Count,
    pub(super) message: Maybe<Answer<'a>>,
    pub(super) content_block: Maybe<Block<'a>>,
    pub(super) delta: Maybe<Delta<'a>>,
    pub(super) usage: Maybe<Tokens>,
    pub(super) error: Truthy,
}

/// A message: the head of a stream, or a whole answer.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Answer<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) id: Text<'a>,
    pub(super) model: Text<'a>,
    pub(super) content: List<Block<'a>>,
    pub(super) stop_reason: Text<'a>,
    pub(super) stop_sequence: Text<'a>,
    pub(super) usage: Maybe<Tokens>,
    pub(super) error: Truthy,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Block<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) text: Text<'a>,
    pub(super) thinking: Text<'a>,
    pub(super) signature: Text<'a>,
    pub(super) data: Text<'a>,
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Delta<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) text: Text<'a>,
    pub(super) thinking: Text<'a>,
    pub(super) signature: Text<'a>,
    pub(super) partial_json: Text<'a>,
    pub(super) stop_reason: Text<'a>,
    pub(super) stop_sequence: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    pub(super) input_tokens: Count,
    pub(super) output_tokens: Count,
    pub(super) cache_read_input_tokens: Count,
    pub(super) cache_creation_input_tokens: Count,
    pub(super) cache_creation: Maybe<Written>,
    pub(super) output_tokens_details: Maybe<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    pub(super) ephemeral_5m_input_tokens: Count,
    pub(super) ephemeral_1h_input_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub(super) thinking_tokens: Count,
}

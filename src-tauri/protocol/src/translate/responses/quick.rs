//! Items of the usual form, read in one pass.
//!
//! Owns: what the usual form is: members this dialect has, of the kind they should be, and nothing
//! else.
//! Must not know: what an item becomes; that is the same for both ways of reading (`items_in`).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::members::Text;

/// An item. What it has no member for, or what is of another kind, is an error here and read the
/// other way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub(super) struct Quick<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    pub(super) id: Option<Text<'a>>,
    #[serde(default, rename = "status")]
    _status: Option<Text<'a>>,
    pub(super) role: Option<Text<'a>>,
    pub(super) content: Option<Content<'a>>,
    pub(super) call_id: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) namespace: Option<Text<'a>>,
    pub(super) arguments: Option<Text<'a>>,
    pub(super) input: Option<Text<'a>>,
    pub(super) output: Option<Content<'a>>,
    pub(super) summary: Option<Content<'a>>,
    pub(super) encrypted_content: Option<Text<'a>>,
}

/// Text, or parts.
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Parts(Vec<QuickPart<'a>>),
}

/// A part of a message or of an output, or a paragraph of reasoning.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'a"))]
pub(super) struct QuickPart<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) text: Option<Text<'a>>,
    pub(super) refusal: Option<Text<'a>>,
    pub(super) image_url: Option<Text<'a>>,
    pub(super) detail: Option<Text<'a>>,
    #[serde(default, rename = "annotations")]
    _annotations: Option<Nothing>,
    #[serde(default, rename = "logprobs")]
    _logprobs: Option<Nothing>,
}

/// An empty list.
struct Nothing;

// === impl Quick ===

impl Quick<'_> {
    pub(super) fn kind(&self) -> &str {
        self.kind.as_ref().map_or("message", |it| &it.0)
    }

    /// Whether nothing is there that its kind has no member for.
    pub(super) fn fits(&self) -> bool {
        // Which members may be there: role, content, call_id, name, namespace, arguments, input,
        // output, summary, encrypted_content.
        let there = [
            self.role.is_some(),
            self.content.is_some(),
            self.call_id.is_some(),
            self.name.is_some(),
            self.namespace.is_some(),
            self.arguments.is_some(),
            self.input.is_some(),
            self.output.is_some(),
            self.summary.is_some(),
            self.encrypted_content.is_some(),
        ];
        let may: [u8; 10] = match self.kind() {
            "message" if self.has_role() => [1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            "function_call" => [0, 0, 1, 1, 1, 1, 0, 0, 0, 0],
            "custom_tool_call" => [0, 0, 1, 1, 1, 0, 1, 0, 0, 0],
            "function_call_output" | "custom_tool_call_output" => [0, 0, 1, 0, 0, 0, 0, 1, 0, 0],
            "reasoning" => [0, 1, 0, 0, 0, 0, 0, 0, 1, 1],
            _ => return false,
        };
        let reasoning = self.kind() == "reasoning";
        let contents = [&self.content, &self.output, &self.summary];
        there.iter().zip(may).all(|(there, may)| !there || may == 1)
            && contents.into_iter().flatten().all(|it| it.fits(reasoning))
    }

    fn has_role(&self) -> bool {
        let role = self.role.as_ref().map(|it| it.0.as_ref());
        matches!(role, Some("user" | "assistant" | "system" | "developer"))
    }
}

// === impl Content ===

impl Content<'_> {
    fn fits(&self, reasoning: bool) -> bool {
        match self {
            // A summary is never text.
            Self::Text(_) => !reasoning,
            Self::Parts(parts) => parts.iter().all(|it| it.fits(reasoning)),
        }
    }
}

impl QuickPart<'_> {
    fn fits(&self, reasoning: bool) -> bool {
        let there = [
            self.text.is_some(),
            self.refusal.is_some(),
            self.image_url.is_some(),
            self.detail.is_some(),
        ];
        match &*self.kind.0 {
            "summary_text" | "reasoning_text" if reasoning => there == [true, false, false, false],
            _ if reasoning => false,
            "input_text" | "output_text" | "text" | "summary_text" => {
                there == [true, false, false, false]
            }
            "refusal" => there == [false, true, false, false],
            "input_image" => matches!(there, [false, false, true, _]),
            _ => false,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Content<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or parts")
            }
            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(Text(it.into())))
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(Text(it.to_owned().into())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Nothing;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an empty list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                match seq.next_element::<serde::de::IgnoredAny>()? {
                    None => Ok(Nothing),
                    Some(_) => Err(A::Error::custom("not empty")),
                }
            }
        }
        deserializer.deserialize_seq(Visit)
    }
}

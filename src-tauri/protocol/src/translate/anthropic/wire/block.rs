//! A block of content, read in one pass.
//!
//! Owns: the types of blocks and the members of each.
//! Must not know: what a block means in the hub.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Content, Key, Lax, Members};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Text,
    Image,
    Document,
    Thinking,
    Redacted,
    ToolUse,
    ToolResult,
    /// Kept whole.
    Unknown,
    /// No object, or one without a type.
    #[default]
    None,
}

#[derive(Debug, Default)]
pub(in super::super) struct Block<'a> {
    pub(in super::super) kind: Kind,
    /// The type as it is spelled.
    pub(in super::super) name: Cow<'a, str>,
    /// What there is one of: `text`, `thinking`, `data`, `id`, `tool_use_id`, `title`.
    pub(in super::super) main: Lax<'a>,
    /// The second of two: `signature`, a tool's `name`.
    pub(in super::super) second: Lax<'a>,
    /// `input` or `source`; a `content` that stands before its block's type.
    pub(in super::super) value: Option<&'a RawValue>,
    pub(in super::super) content: Content<'a>,
    pub(in super::super) is_error: bool,
    pub(in super::super) cache: Option<&'a RawValue>,
    /// Members without a name here; all of them where the kind is unknown.
    pub(in super::super) extras: Members<'a>,
}

// === impl Block ===

impl<'a> Block<'a> {
    /// Takes a member of a block whose kind is known.
    fn set(&mut self, key: Cow<'a, str>, value: &'a RawValue) -> serde_json::Result<()> {
        let text = value.get();
        match (self.kind, &*key) {
            (Kind::Unknown, _) => self.extras.0.push((key, value)),
            (Kind::Text, "text")
            | (Kind::Thinking, "thinking")
            | (Kind::Redacted, "data")
            | (Kind::ToolUse, "id")
            | (Kind::ToolResult, "tool_use_id")
            | (Kind::Document, "title") => self.main = serde_json::from_str(text)?,
            (Kind::Thinking, "signature") | (Kind::ToolUse, "name") => {
                self.second = serde_json::from_str(text)?;
            }
            (Kind::ToolUse, "input") | (Kind::Image | Kind::Document, "source") => {
                self.value = Some(value);
            }
            // Read later: reading it here would let nesting decide how deep the stack grows.
            (Kind::ToolResult, "content") => self.value = Some(value),
            (Kind::ToolResult, "is_error") => self.is_error = text == "true",
            (_, "cache_control") => self.cache = (text != "null").then_some(value),
            _ => self.extras.0.push((key, value)),
        }
        Ok(())
    }
}

fn kind(name: &str) -> Kind {
    match name {
        "text" => Kind::Text,
        "image" => Kind::Image,
        "document" => Kind::Document,
        "thinking" => Kind::Thinking,
        "redacted_thinking" => Kind::Redacted,
        "tool_use" => Kind::ToolUse,
        "tool_result" => Kind::ToolResult,
        _ => Kind::Unknown,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Block<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Block<'de>;
            other!(Block::default(), Block::default());
            fn visit_str<E>(self, _: &str) -> Result<Block<'de>, E> {
                Ok(Block::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Block<'de>, A::Error> {
                let ignored = IgnoredAny::deserialize(SeqAccessDeserializer::new(seq));
                ignored.map(|_| Block::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Block<'de>, A::Error> {
                let mut block = Block::default();
                // What stands before the type says nothing until the type is known.
                let mut early: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    match (block.kind, &*key) {
                        (Kind::None, "type") => {
                            let raw: &'de RawValue = map.next_value()?;
                            let name: Lax<'de> =
                                serde_json::from_str(raw.get()).map_err(A::Error::custom)?;
                            let Some(name) = name.text() else { continue };
                            block.kind = kind(&name);
                            block.name = name;
                            for (key, value) in std::mem::take(&mut early) {
                                block.set(key, value).map_err(A::Error::custom)?;
                            }
                            if block.kind == Kind::Unknown {
                                block.extras.0.push((key, raw));
                            }
                        }
                        (Kind::None, _) => early.push((key, map.next_value()?)),
                        // The two that may be long are read in this one pass.
                        (Kind::Text, "text") => block.main = map.next_value()?,
                        (Kind::ToolResult, "content") => block.content = map.next_value()?,
                        _ => block.set(key, map.next_value()?).map_err(A::Error::custom)?,
                    }
                }
                Ok(block)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

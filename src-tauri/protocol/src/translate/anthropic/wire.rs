//! The shapes of a Messages request, in whatever types a client sends them.
//!
//! Owns: field names of messages and blocks; reading them in one pass, with what has no name here
//! kept as it was written.
//! Must not know: the hub.
//!
//! Nothing here fails but on text that is no JSON: a member of the wrong type is [`Lax::Other`],
//! and whoever asks for it says where it stands.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The visits of values nothing is taken from.
macro_rules! other {
    ($other:expr, $absent:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON value")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($absent)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($other)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($other)
        }
    };
}

/// Text, or something else where text should be.
#[derive(Debug, Default)]
pub(super) enum Lax {
    #[default]
    Absent,
    Text(String),
    Other,
}

/// The members of an object, as they stand.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

/// What a message or a tool's answer holds.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    #[default]
    Absent,
    Text(String),
    Blocks(Vec<Block<'a>>),
    Other,
}

#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) role: Lax,
    pub(super) content: Content<'a>,
    /// Members without a name here.
    pub(super) extras: Members<'a>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
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
pub(super) struct Block<'a> {
    pub(super) kind: Kind,
    /// The type as it is spelled.
    pub(super) name: String,
    /// What there is one of: `text`, `thinking`, `data`, `id`, `tool_use_id`, `title`.
    pub(super) main: Lax,
    /// The second of two: `signature`, a tool's `name`.
    pub(super) second: Lax,
    /// `input` or `source`; a `content` that stands before its block's type.
    pub(super) value: Option<&'a RawValue>,
    pub(super) content: Content<'a>,
    pub(super) is_error: bool,
    pub(super) cache: Option<&'a RawValue>,
    /// Members without a name here; all of them where the kind is unknown.
    pub(super) extras: Members<'a>,
}

// === impl Lax ===

impl Lax {
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Lax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Lax;
            other!(Lax::Other, Lax::Absent);
            fn visit_str<E>(self, it: &str) -> Result<Lax, E> {
                Ok(Lax::Text(it.to_owned()))
            }
            fn visit_string<E>(self, it: String) -> Result<Lax, E> {
                Ok(Lax::Text(it))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Lax, A::Error> {
                IgnoredAny::deserialize(SeqAccessDeserializer::new(seq)).map(|_| Lax::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Lax, A::Error> {
                IgnoredAny::deserialize(MapAccessDeserializer::new(map)).map(|_| Lax::Other)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

// === impl Members ===

impl Members<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members as one object again, each value as it was written.
    pub(super) fn object(&self) -> String {
        let mut out = Vec::new();
        let mut object = super::json::Obj::new(&mut out);
        for (key, value) in &self.0 {
            object.raw(key, value);
        }
        object.end();
        String::from_utf8(out).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// A key, borrowed where it holds no escape.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(it)))
            }
            fn visit_str<E>(self, it: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(it.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

// === impl Content ===

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Content<'de>;
            other!(Content::Other, Content::Absent);
            fn visit_str<E>(self, it: &str) -> Result<Content<'de>, E> {
                Ok(Content::Text(it.to_owned()))
            }
            fn visit_string<E>(self, it: String) -> Result<Content<'de>, E> {
                Ok(Content::Text(it))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content<'de>, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = seq.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content<'de>, A::Error> {
                IgnoredAny::deserialize(MapAccessDeserializer::new(map)).map(|_| Content::Other)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

// === impl Message ===

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Message<'de>;
            other!(Message::default(), Message::default());
            fn visit_str<E>(self, _: &str) -> Result<Message<'de>, E> {
                Ok(Message::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Message<'de>, A::Error> {
                let ignored = IgnoredAny::deserialize(SeqAccessDeserializer::new(seq));
                ignored.map(|_| Message::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message<'de>, A::Error> {
                let mut message = Message::default();
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        "role" => message.role = map.next_value()?,
                        "content" => message.content = map.next_value()?,
                        _ => message.extras.0.push((key, map.next_value()?)),
                    }
                }
                Ok(message)
            }
        }
        deserializer.deserialize_any(Visit)
    }
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
                            let name: Lax =
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

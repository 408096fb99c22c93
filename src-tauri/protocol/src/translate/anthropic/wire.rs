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
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

pub(super) use block::{Block, Kind};

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

mod block;

/// Text, or something else where text should be.
#[derive(Debug, Default)]
pub(super) enum Lax<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
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
    pub(super) role: Lax<'a>,
    pub(super) content: Content<'a>,
    /// Members without a name here.
    pub(super) extras: Members<'a>,
}

// === impl Lax ===

impl<'a> Lax<'a> {
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Other => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Lax<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Lax<'de>;
            other!(Lax::Other, Lax::Absent);
            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Lax<'de>, E> {
                Ok(Lax::Text(Cow::Borrowed(it)))
            }
            fn visit_str<E>(self, it: &str) -> Result<Lax<'de>, E> {
                Ok(Lax::Text(Cow::Owned(it.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Lax<'de>, A::Error> {
                IgnoredAny::deserialize(SeqAccessDeserializer::new(seq)).map(|_| Lax::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Lax<'de>, A::Error> {
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

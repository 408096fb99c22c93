//! What an error says, whatever its shape.
//!
//! Owns: the shapes errors come in ({"error": {...}}, {"error": "text"}, flat, in an array) and
//! which of their fields is the name.
//! Must not know: status codes, retries, events.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::loose::{List, Text, object};

/// The most characters kept of an upstream's error text.
const MAX_TEXT: usize = 500;

/// What went wrong, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Upstream's own name for it.
    pub(super) kind: String,
    /// Upstream's text, at most [`MAX_TEXT`] characters.
    pub(super) message: String,
}

/// The value of an `error` field: an object, or only its text.
#[derive(Debug, Default)]
pub(super) struct ErrorValue<'a> {
    there: bool,
    fields: Fields<'a>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Fields<'a> {
    #[serde(rename = "type")]
    kind: Text<'a>,
    code: Text<'a>,
    status: Text<'a>,
    message: Text<'a>,
    detail: Text<'a>,
}

/// A frame or body that may be an error in any shape.
#[derive(Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Probe<'a> {
    error: ErrorValue<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    code: Text<'a>,
    status: Text<'a>,
    message: Text<'a>,
    detail: Text<'a>,
}

// === impl Failure ===

impl Failure {
    pub(super) fn new(kind: &str, message: &str) -> Self {
        Self { kind: clipped(kind), message: clipped(message) }
    }

    /// The failure a frame or body tells, if it is JSON that tells one.
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        let probe = match object::<Probe<'_>>(data).ok()? {
            Some(probe) => probe,
            // Gemini wraps an error of a stream in an array.
            None => serde_json::from_slice::<List<Probe<'_>>>(data).ok()?.0.into_iter().next()?,
        };
        if probe.error.there {
            return Some(probe.error.failure());
        }
        let Probe { kind, code, status, message, detail, .. } = probe;
        let told = !message.is_empty() || !detail.is_empty();
        told.then(|| Fields { kind, code, status, message, detail }.failure())
    }
}

// === impl ErrorValue ===

impl ErrorValue<'_> {
    pub(super) const fn is_there(&self) -> bool {
        self.there
    }

    pub(super) fn failure(&self) -> Failure {
        self.fields.failure()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ErrorValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = ErrorValue<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an error")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(ErrorValue::default())
            }
            fn visit_bool<E>(self, there: bool) -> Result<Self::Value, E> {
                Ok(ErrorValue { there, ..ErrorValue::default() })
            }
            fn visit_u64<E>(self, it: u64) -> Result<Self::Value, E> {
                Ok(ErrorValue { there: it != 0, ..ErrorValue::default() })
            }
            fn visit_i64<E>(self, it: i64) -> Result<Self::Value, E> {
                Ok(ErrorValue { there: it != 0, ..ErrorValue::default() })
            }
            fn visit_f64<E>(self, it: f64) -> Result<Self::Value, E> {
                Ok(ErrorValue { there: it != 0.0, ..ErrorValue::default() })
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                let message = Text(it.to_owned().into());
                let fields = Fields { message, ..Fields::default() };
                Ok(ErrorValue { there: !it.is_empty(), fields })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut first = ErrorValue::default();
                while let Some(it) = seq.next_element::<ErrorValue<'de>>()? {
                    if !first.there {
                        first = it;
                    }
                }
                Ok(first)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ErrorValue { there: true, fields })
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

// === impl Fields ===

impl Fields<'_> {
    /// A name is the most special word upstream has for it: Gemini's `status`, OpenAI's `code`,
    /// then `type`; a bare number only where there is nothing else.
    fn failure(&self) -> Failure {
        let words = [&self.status, &self.code, &self.kind];
        let word = words.into_iter().find(|it| !it.is_empty() && !is_number(it.as_str()));
        let kind = word.map_or_else(|| self.code.or("error"), Text::as_str);
        let message = self.message.or(self.detail.or("upstream sent an error without a text"));
        Failure::new(kind, message)
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}

fn clipped(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

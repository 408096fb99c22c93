//! JSON objects opened one level at a time, their values left as the text they are.
//!
//! Owns: the members of an object in order, taken by name; texts that are text but for a broken
//! escape.
//! Must not know: the names of any members.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::request::Raw;
use crate::translate::TranslateError;

/// A value nobody has looked into yet.
pub(super) type Value<'a> = &'a RawValue;

/// The members of an object that nobody has taken yet.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// The values of a list; none where the value is no list.
pub(super) fn list(value: Value<'_>) -> Option<Vec<Value<'_>>> {
    value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok())?
}

/// The text that a value is; a number counts as its digits.
pub(super) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'"') => Some(match serde_json::from_str::<Text<'_>>(json) {
            Ok(Text(text)) => text,
            // Half of a surrogate pair, which no text can hold.
            Err(_) => Cow::Owned(mended(json)),
        }),
        Some(b'-' | b'0'..=b'9') => Some(Cow::Borrowed(json)),
        _ => None,
    }
}

/// The text that a value is, or the JSON text it is written as.
pub(super) fn text_or_json(value: Value<'_>) -> String {
    text(value).map_or_else(|| value.get().to_owned(), Cow::into_owned)
}

/// Whether a value says nothing: null.
pub(super) fn is_null(value: Value<'_>) -> bool {
    value.get() == "null"
}

// === impl Members ===

impl<'a> Members<'a> {
    /// The members of an object; none where the value is no object.
    pub(super) fn of(value: Value<'a>) -> Option<Self> {
        value.get().starts_with('{').then(|| serde_json::from_str(value.get()).ok())?
    }

    pub(super) fn push(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        self.0.push((name, value));
    }

    /// Takes a member out: the last of that name, as a client's own parser would. A null counts
    /// as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let mut found = None;
        self.0.retain(|(key, value)| {
            let taken = key == name;
            if taken {
                found = Some(*value);
            }
            !taken
        });
        found.filter(|it| !is_null(it))
    }

    /// Looks at a member without taking it.
    pub(super) fn peek(&self, name: &str) -> Option<Value<'a>> {
        let member = self.0.iter().rev().find(|(key, _)| key == name);
        member.map(|it| it.1).filter(|it| !is_null(it))
    }

    /// Takes a member that is text; one of another kind counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).and_then(text).map(Cow::into_owned)
    }

    /// Takes a member that has to be text.
    pub(super) fn want_text(&mut self, name: &str) -> Result<Option<String>, TranslateError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let wanted = value.get().starts_with('"').then(|| text(value)).flatten();
        let wanted = wanted.ok_or_else(|| TranslateError::invalid(name, "must be a string"))?;
        Ok(Some(wanted.into_owned()))
    }

    /// Takes a member that has to be true or false.
    pub(super) fn want_flag(&mut self, name: &str) -> Result<Option<bool>, TranslateError> {
        match self.take(name).map(RawValue::get) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(TranslateError::invalid(name, "must be true or false")),
        }
    }

    /// Takes a member that has to be a number, as it is written.
    pub(super) fn want_number(&mut self, name: &str) -> Result<Option<Raw>, TranslateError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        if value.get().starts_with(|it: char| it == '-' || it.is_ascii_digit()) {
            return Ok(Some(value.to_owned()));
        }
        Err(TranslateError::invalid(name, "must be a number"))
    }

    /// What nobody took and what is not null, in order.
    pub(super) fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.0.into_iter().filter(|(_, value)| !is_null(value))
    }

    /// Every member in order, nulls too.
    pub(super) fn all(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.0.into_iter()
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
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// Text that is borrowed where it holds no escape.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(it)))
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(it.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

/// The text of a JSON string, what is no text in it replaced by U+FFFD.
fn mended(json: &str) -> String {
    struct Bytes(Vec<u8>);
    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visit;
            impl Visitor<'_> for Visit {
                type Value = Bytes;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a string")
                }
                fn visit_bytes<E>(self, it: &[u8]) -> Result<Self::Value, E> {
                    Ok(Bytes(it.to_vec()))
                }
            }
            deserializer.deserialize_bytes(Visit)
        }
    }
    let Ok(Bytes(bytes)) = serde_json::from_str(json) else { return String::new() };
    String::from_utf8_lossy(&bytes).into_owned()
}

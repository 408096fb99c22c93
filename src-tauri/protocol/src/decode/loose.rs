//! JSON values that may come in a shape nobody promised.
//!
//! Owns: text, counts, flags, lists and objects that count as absent instead of failing the
//! frame they stand in; text is borrowed from the frame where it holds no escape.
//! Must not know: field names, dialects, events.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use memchr::{memchr, memchr2};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Text; a number is taken as its digits, anything else as absent (which reads as empty).
#[derive(Clone, Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// Text, or any other value as the JSON text it is: arguments that should be a string but are not.
#[derive(Clone, Debug, Default)]
pub(super) struct TextOrJson<'a>(pub(super) Cow<'a, str>);

/// Text, or the objects of a list that stands where text should.
#[derive(Clone, Debug)]
pub(super) enum TextOrList<'a, T> {
    Text(Cow<'a, str>),
    List(Vec<T>),
}

/// A count of tokens or a position. At most 2^53, so that sums cannot overflow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count(pub(super) Option<u64>);

/// Whether a value is there and says something: not null, false, 0, "", {} or [].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Truthy(pub(super) bool);

/// The objects of a list; what is no object in it is passed over, what is no list is empty.
#[derive(Clone, Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// An object, or nothing.
#[derive(Clone, Debug)]
pub(super) struct Maybe<T>(pub(super) Option<T>);

/// The object that `json` is. Derived structs would take an array as well, field by field.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<Option<T>> {
    serde_json::from_slice::<Maybe<T>>(json).map(|it| it.0)
}

/// JSON text without the white space between its tokens. Numbers and strings stay as written.
pub(super) fn compact(json: &RawValue) -> String {
    let mut kept = String::with_capacity(json.get().len());
    let mut rest = json.get();
    loop {
        let quote = memchr(b'"', rest.as_bytes()).unwrap_or(rest.len());
        let (between, quoted) = rest.split_at_checked(quote).unwrap_or((rest, ""));
        kept.extend(between.split_ascii_whitespace());
        if quoted.is_empty() {
            return kept;
        }
        let (string, behind) = quoted.split_at_checked(string_end(quoted)).unwrap_or((quoted, ""));
        kept.push_str(string);
        rest = behind;
    }
}

/// Where the string ends that a text begins with, its closing quote included.
fn string_end(text: &str) -> usize {
    let mut at = 1;
    while let Some(rest) = text.as_bytes().get(at..) {
        match memchr2(b'"', b'\\', rest) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found + 1,
            Some(found) => at += found + 2,
            None => break,
        }
    }
    text.len()
}

// === impl Text ===

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, or `other` where it is empty.
    pub(super) fn or<'t>(&'t self, other: &'t str) -> &'t str {
        if self.is_empty() { other } else { self.as_str() }
    }
}

// === impl Count ===

impl Count {
    /// Replaces `slot` unless the count is absent: the last value that was told wins.
    pub(super) fn tell(self, slot: &mut Option<u64>) {
        if self.0.is_some() {
            *slot = self.0;
        }
    }

    /// A position; `None` where it is absent or absurd.
    pub(super) fn position(self) -> Option<u32> {
        self.0.and_then(|it| u32::try_from(it).ok())
    }
}

// === impl Default ===

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for TextOrList<'_, T> {
    fn default() -> Self {
        Self::Text(Cow::Borrowed(""))
    }
}

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

// === impl Deserialize ===

/// The visits every loose value treats as absent unless it says otherwise itself.
macro_rules! absent {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON value")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Default::default())
        })*
    };
    (seq) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}

macro_rules! text_visits {
    ($name:ident) => {
        fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
            Ok($name(Cow::Borrowed(it)))
        }
        fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
            Ok($name(Cow::Owned(it.to_owned())))
        }
        fn visit_string<E>(self, it: String) -> Result<Self::Value, E> {
            Ok($name(Cow::Owned(it)))
        }
        fn visit_u64<E>(self, it: u64) -> Result<Self::Value, E> {
            Ok($name(Cow::Owned(it.to_string())))
        }
        fn visit_i64<E>(self, it: i64) -> Result<Self::Value, E> {
            Ok($name(Cow::Owned(it.to_string())))
        }
        fn visit_f64<E>(self, it: f64) -> Result<Self::Value, E> {
            Ok($name(Cow::Owned(it.to_string())))
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Text<'de>;
            absent!();
            absent!(visit_bool: bool);
            absent!(seq);
            absent!(map);
            text_visits!(Text);
        }
        deserializer.deserialize_any(Visit)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TextOrJson<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = TextOrJson<'de>;
            absent!();
            absent!(visit_bool: bool);
            text_visits!(TextOrJson);
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(it) = seq.next_element::<serde_json::Value>()? {
                    list.push(it);
                }
                Ok(TextOrJson(Cow::Owned(serde_json::Value::Array(list).to_string())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let value = serde_json::Value::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TextOrJson(Cow::Owned(value.to_string())))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for TextOrList<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = TextOrList<'de, T>;
            absent!();
            absent!(visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);
            absent!(map);
            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
                Ok(TextOrList::Text(Cow::Borrowed(it)))
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(TextOrList::Text(Cow::Owned(it.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(Maybe(it)) = seq.next_element::<Maybe<T>>()? {
                    list.extend(it);
                }
                Ok(TextOrList::List(list))
            }
        }
        deserializer.deserialize_any(Visit(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Count;
            absent!();
            absent!(visit_bool: bool, visit_i64: i64);
            absent!(seq);
            absent!(map);
            fn visit_u64<E>(self, it: u64) -> Result<Self::Value, E> {
                Ok(Count(Some(it.min(1 << 53))))
            }
            fn visit_f64<E>(self, it: f64) -> Result<Self::Value, E> {
                // Some servers write counts as `12.0`.
                Ok(Count(format!("{it:.0}").parse::<u64>().ok().map(|it| it.min(1 << 53))))
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Count(it.parse::<u64>().ok().map(|it| it.min(1 << 53))))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl<'de> Deserialize<'de> for Truthy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Truthy;
            absent!();
            fn visit_bool<E>(self, it: bool) -> Result<Self::Value, E> {
                Ok(Truthy(it))
            }
            fn visit_u64<E>(self, it: u64) -> Result<Self::Value, E> {
                Ok(Truthy(it != 0))
            }
            fn visit_i64<E>(self, it: i64) -> Result<Self::Value, E> {
                Ok(Truthy(it != 0))
            }
            fn visit_f64<E>(self, it: f64) -> Result<Self::Value, E> {
                Ok(Truthy(it != 0.0))
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Truthy(!it.is_empty()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut any = false;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(Truthy(any))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut any = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(Truthy(any))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = Maybe<T>;
            absent!();
            absent!(visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);
            absent!(visit_str: &str);
            absent!(seq);
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|it| Maybe(Some(it)))
            }
        }
        deserializer.deserialize_any(Visit(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = List<T>;
            absent!();
            absent!(visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);
            absent!(visit_str: &str);
            absent!(map);
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(Maybe(it)) = seq.next_element::<Maybe<T>>()? {
                    list.extend(it);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(Visit(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_space_between_tokens_is_taken_out(
            names in proptest::collection::vec("\\PC{0,6}|[ \"\\\\\n\t\u{1}]{0,4}", 0..4),
            number in "-?[1-9][0-9]{0,20}",
            space in proptest::collection::vec("[ \n\r\t]{0,3}", 16),
        ) {
            let quoted: Vec<String> =
                names.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
            let tokens: Vec<&str> = std::iter::once("[")
                .chain(quoted.iter().flat_map(|it| [it.as_str(), ","]))
                .chain([number.as_str(), "]"])
                .collect();
            let spaced: String =
                tokens.iter().zip(space.iter().cycle()).flat_map(|(it, space)| [it, space.as_str()]).collect();
            let raw: &RawValue = serde_json::from_str(&spaced).unwrap();
            prop_assert_eq!(compact(raw), tokens.concat());
        }
    }
}

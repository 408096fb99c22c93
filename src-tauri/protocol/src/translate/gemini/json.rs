//! JSON text in and out, without building trees.
//!
//! Owns: [`Members`], an object's members in order as text.
//! Must not know: what any member means.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::request::Raw;
use crate::translate::TranslateError;

/// An object's members in the order they were written, their values as text.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

// === impl Members ===

impl<'a> Members<'a> {
    /// Reads an object.
    pub(super) fn of(text: &'a str, field: &str) -> Result<Self, TranslateError> {
        serde_json::from_str(text).map_err(|error| {
            let what = if error.is_data() { "expected an object" } else { "not valid JSON" };
            TranslateError::invalid(field, what)
        })
    }

    /// Takes a member out, by any of its spellings; a null one counts as absent.
    pub(super) fn take(&mut self, names: &[&str]) -> Option<&'a RawValue> {
        let mut found = None;
        self.0.retain(|(name, value)| {
            let hit = names.contains(&name.as_ref());
            if hit && value.get() != "null" {
                found = Some(*value);
            }
            !hit
        });
        found
    }

    /// What was not taken.
    pub(super) fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.0.into_iter()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some((Key(name), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Members)
    }
}

/// A key, borrowed where it holds no escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A string member's text.
pub(super) fn text(value: &RawValue, field: &str) -> Result<String, TranslateError> {
    serde_json::from_str(value.get())
        .map_err(|_| TranslateError::invalid(field, "expected a string"))
}

/// A list's elements as text; a single object counts as a list of one.
pub(super) fn list<'a>(
    value: &'a RawValue,
    field: &str,
) -> Result<Vec<&'a RawValue>, TranslateError> {
    if value.get().starts_with('{') || value.get().starts_with('"') {
        return Ok(vec![value]);
    }
    serde_json::from_str(value.get()).map_err(|_| TranslateError::invalid(field, "expected a list"))
}

/// A number or other scalar as it was written; strings that hold a number are taken as one.
pub(super) fn number(value: &RawValue, field: &str) -> Result<Raw, TranslateError> {
    let written = value.get().trim_matches('"');
    let fits = written.starts_with(|it: char| it == '-' || it.is_ascii_digit());
    fits.then(|| RawValue::from_string(written.to_owned()).ok())
        .flatten()
        .ok_or_else(|| TranslateError::invalid(field, "expected a number"))
}

/// A whole number.
pub(super) fn integer(value: &RawValue, field: &str) -> Result<i64, TranslateError> {
    let number = number(value, field)?;
    let whole = number.get().parse::<i64>().ok();
    let written = whole.or_else(|| number.get().strip_suffix(".0")?.parse().ok());
    written.ok_or_else(|| TranslateError::invalid(field, "expected a whole number"))
}

/// True or false.
pub(super) fn flag(value: &RawValue, field: &str) -> Result<bool, TranslateError> {
    serde_json::from_str(value.get())
        .map_err(|_| TranslateError::invalid(field, "expected true or false"))
}

/// A value of ours as text.
pub(super) fn raw(value: &impl serde::Serialize) -> Raw {
    // What is written here are strings and trees of them: they have a JSON form.
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The part of a client's word that can be shown: letters, digits and `/.-`.
pub(super) fn word(text: &str) -> String {
    text.chars().filter(|it| it.is_ascii_alphanumeric() || "/.-_".contains(*it)).take(40).collect()
}

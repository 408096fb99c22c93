//! Schemas as this dialect takes them.
//!
//! Owns: that the arguments of a function are an object with properties; when a schema may be
//! called strict; the name of an answer's schema.
//! Must not know: tools, messages.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::json::Open;
use super::super::read::{find, find_text, members};
use super::{Losses, flag};
use crate::request::Raw;

/// Why `strict` is not passed on.
const LOOSE: &str = "here a strict schema closes every object and requires all of it";

/// What a function without arguments takes.
const NOTHING: &str = r#"{"type":"object","properties":{}}"#;

/// The schema of a function's arguments. One without a type or properties, which is refused here,
/// gets them in front of what is there.
pub(super) fn arguments(schema: Option<&Raw>) -> Cow<'_, str> {
    let Some(schema) = schema else { return Cow::Borrowed(NOTHING) };
    let Some(found) = members(schema) else { return Cow::Borrowed(NOTHING) };
    let kind = find_text(&found, "type");
    let mut front = String::new();
    if kind.is_none() && find(&found, "type").is_none() {
        front.push_str(r#""type":"object","#);
    }
    if find(&found, "properties").is_none() {
        front.push_str(r#""properties":{},"#);
    }
    if front.is_empty() {
        return Cow::Borrowed(schema.get());
    }
    if found.is_empty() {
        return Cow::Borrowed(NOTHING);
    }
    // Nulls say the same as nothing, and would stand twice.
    let rest = schema.get().strip_prefix('{').unwrap_or_default();
    Cow::Owned(format!("{{{front}{rest}"))
}

/// `strict` as it can be told: not true of a schema that is not.
pub(super) fn strict(
    object: &mut Open<'_>,
    told: Option<bool>,
    schema: Option<&Raw>,
    own: bool,
    losses: &mut Losses,
) {
    let Some(told) = told else { return };
    let can = own || !told || is_strict(schema);
    object.raw("strict", flag(told && can));
    if !can {
        losses.add("strict", LOOSE);
    }
}

/// Whether every object of the schema is closed and requires all its properties.
fn is_strict(schema: Option<&Raw>) -> bool {
    let Some(schema) = schema else { return false };
    serde_json::from_str::<Value>(schema.get()).is_ok_and(|it| it.is_object() && closes(&it))
}

/// A name of letters, digits, `_` and `-`, at most 64 long.
pub(super) fn name(told: Option<&str>, own: bool) -> Cow<'_, str> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    match told {
        Some(name) if own || (!name.is_empty() && name.len() <= 64 && name.chars().all(fits)) => {
            Cow::Borrowed(name)
        }
        Some(name) if !name.is_empty() => {
            let fitting = name.chars().take(64).map(|it| if fits(it) { it } else { '_' });
            Cow::Owned(fitting.collect())
        }
        _ => Cow::Borrowed("response"),
    }
}

fn closes(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => is_closed(members) && members.values().all(closes),
        Value::Array(list) => list.iter().all(closes),
        _ => true,
    }
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    let is_object = schema.get("type").is_some_and(|it| match it {
        Value::Array(kinds) => kinds.iter().any(|it| it == "object"),
        kind => kind == "object",
    });
    if !is_object {
        return true;
    }
    let required = schema.get("required").and_then(Value::as_array);
    let requires = |name: &String| required.is_some_and(|it| it.iter().any(|it| it == name));
    let properties = schema.get("properties").and_then(Value::as_object);
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && properties.is_none_or(|it| it.keys().all(requires))
}

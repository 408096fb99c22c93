//! JSON Schemas as the provider takes them.
//!
//! Owns: what a tool's schema must have at its top; what an answer's schema must have at every
//! object. A schema that fits already is copied as it is.
//! Must not know: tools, requests.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::Losses;
use super::json::{Arr, Obj};
use super::wire::Members;

/// A schema that takes any object.
pub(super) const ANY: &str = r#"{"type":"object","properties":{}}"#;

/// Deeper schemas are copied as they are.
const MAX_DEPTH: u8 = 32;

/// Writes the schema of a tool's arguments: an object at the top, without alternatives there.
pub(super) fn write_input(schema: Option<&RawValue>, out: &mut Vec<u8>, losses: &mut Losses) {
    let members = schema.and_then(|it| serde_json::from_str::<Members<'_>>(it.get()).ok());
    let Some((schema, members)) = schema.zip(members) else {
        losses.add_if(schema.is_some(), "tools.schema", "a schema that is no object takes any");
        out.extend_from_slice(ANY.as_bytes());
        return;
    };
    let is_choice = |key: &str| matches!(key, "anyOf" | "oneOf" | "allOf");
    let typed = members.0.iter().any(|(key, value)| key == "type" && value.get() == r#""object""#);
    let choice = members.0.iter().any(|it| is_choice(&it.0));
    if typed && !choice {
        out.extend_from_slice(schema.get().as_bytes());
        return;
    }
    losses.add_if(choice, "tools.schema", "alternatives at the top are joined into one object");
    let mut object = Obj::new(out);
    object.str("type", "object");
    let mut properties = Properties::default();
    for (key, value) in &members.0 {
        match &**key {
            "type" => {}
            "properties" => properties.join(value),
            key if is_choice(key) => {
                let branches: Vec<&RawValue> =
                    serde_json::from_str(value.get()).unwrap_or_default();
                for branch in branches {
                    let branch: Members<'_> =
                        serde_json::from_str(branch.get()).unwrap_or_default();
                    if let Some((_, value)) = branch.0.iter().find(|it| it.0 == "properties") {
                        properties.join(value);
                    }
                }
            }
            key => {
                object.raw(key, value);
            }
        }
    }
    let mut joined = Obj::new(object.key("properties"));
    for (key, value) in properties.list {
        joined.raw(&key, value);
    }
    joined.end();
    object.end();
}

/// Properties by name, the first of each.
#[derive(Default)]
struct Properties<'a> {
    list: Vec<(Cow<'a, str>, &'a RawValue)>,
    names: HashSet<Cow<'a, str>>,
}

impl<'a> Properties<'a> {
    fn join(&mut self, more: &'a RawValue) {
        let more: Members<'a> = serde_json::from_str(more.get()).unwrap_or_default();
        for (key, value) in more.0 {
            if self.names.insert(key.clone()) {
                self.list.push((key, value));
            }
        }
    }
}

/// Writes the schema of an answer: every object closed (`additionalProperties` false).
pub(super) fn write_answer(schema: &RawValue, out: &mut Vec<u8>) {
    let start = out.len();
    if !write_closed(schema, out, 0) {
        out.truncate(start);
        out.extend_from_slice(schema.get().as_bytes());
    }
}

/// Says whether anything had to change.
fn write_closed(schema: &RawValue, out: &mut Vec<u8>, depth: u8) -> bool {
    let members = match serde_json::from_str::<Members<'_>>(schema.get()) {
        Ok(members) if depth < MAX_DEPTH => members,
        _ => {
            out.extend_from_slice(schema.get().as_bytes());
            return false;
        }
    };
    let mut changed = false;
    let has = |name: &str| members.0.iter().any(|it| it.0 == name);
    let is_object = has("properties")
        || members.0.iter().any(|(key, value)| key == "type" && value.get() == r#""object""#);
    let mut object = Obj::new(out);
    for (key, value) in &members.0 {
        match &**key {
            "additionalProperties" if is_object => {}
            "properties" | "$defs" | "definitions" => {
                let inner: Members<'_> = serde_json::from_str(value.get()).unwrap_or_default();
                let mut map = Obj::new(object.key(key));
                for (name, value) in &inner.0 {
                    changed |= write_closed(value, map.key(name), depth + 1);
                }
                map.end();
            }
            "items" => changed |= write_closed(value, object.key(key), depth + 1),
            "anyOf" | "oneOf" | "allOf" => {
                let branches: Vec<&RawValue> =
                    serde_json::from_str(value.get()).unwrap_or_default();
                let mut array = Arr::new(object.key(key));
                for branch in branches {
                    changed |= write_closed(branch, array.next(), depth + 1);
                }
                array.end();
            }
            key => {
                object.raw(key, value);
            }
        }
    }
    if is_object {
        let closed = |it: &(Cow<'_, str>, &RawValue)| {
            it.0 == "additionalProperties" && it.1.get() == "false"
        };
        changed |= !members.0.iter().any(closed);
        object.json("additionalProperties", "false");
    }
    object.end();
    changed
}

//! Gemini's own schema of a function's arguments.
//!
//! Owns: turning its `parameters` (a subset of OpenAPI, types in capitals) into JSON Schema. What is
//! not turned stays as it was written, in its order: models fill in the members of an answer in it.
//! Must not know: requests.

use serde_json::value::RawValue;

use super::json::{Members, raw};
use crate::request::Raw;

/// Levels that are turned; what is deeper is copied.
const MOST_LEVELS: u8 = 100;

/// Limits, which Gemini writes as text (`"maxItems": "3"`).
const LIMITS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// JSON Schema of a `parameters` member. One that cannot be read is any object.
pub(super) fn json_schema(parameters: &str) -> Raw {
    let mut out = String::with_capacity(parameters.len());
    translate(parameters, MOST_LEVELS, &mut out);
    RawValue::from_string(out)
        .unwrap_or_else(|_| raw(&serde_json::Map::<String, serde_json::Value>::new()))
}

fn translate(schema: &str, levels: u8, out: &mut String) {
    let Some(levels) = levels.checked_sub(1) else { return out.push_str(schema) };
    if let Ok(members) = Members::of(schema, "") {
        return object(members, levels, out);
    }
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(schema) else {
        return out.push_str(schema);
    };
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        separate(at, out);
        translate(item.get(), levels, out);
    }
    out.push(']');
}

fn object(mut members: Members<'_>, levels: u8, out: &mut String) {
    let nullable = members.take(&["nullable"]).is_some_and(|it| it.get() == "true");
    out.push('{');
    let mut count = 0;
    for (name, value) in members.rest() {
        let value = value.get();
        let text = || serde_json::from_str::<String>(value).ok();
        let written = match &*name {
            "type" if value.starts_with('"') => match text().and_then(|it| kind(&it)) {
                Some(kind) if nullable => format!("[\"{kind}\",\"null\"]"),
                Some(kind) => format!("\"{kind}\""),
                None => continue,
            },
            limit if LIMITS.contains(&limit) => {
                let number = text().and_then(|it| it.parse::<u64>().ok());
                number.map_or_else(|| value.to_owned(), |it| it.to_string())
            }
            "properties" | "$defs" | "defs" => named(value, levels),
            "items" | "anyOf" | "prefixItems" | "additionalProperties" => {
                let mut inner = String::with_capacity(value.len());
                translate(value, levels, &mut inner);
                inner
            }
            _ => value.to_owned(),
        };
        separate(count, out);
        count += 1;
        member(&name, &written, out);
    }
    out.push('}');
}

/// Schemas by their names.
fn named(schemas: &str, levels: u8) -> String {
    let Ok(members) = Members::of(schemas, "") else { return schemas.to_owned() };
    let mut out = String::from("{");
    for (at, (name, schema)) in members.rest().enumerate() {
        separate(at, &mut out);
        let mut inner = String::new();
        translate(schema.get(), levels, &mut inner);
        member(&name, &inner, &mut out);
    }
    out.push('}');
    out
}

/// JSON Schema's name of a type; none where it has none (`TYPE_UNSPECIFIED`).
fn kind(name: &str) -> Option<&'static str> {
    let known = ["string", "number", "integer", "boolean", "array", "object", "null"];
    known.into_iter().find(|it| it.eq_ignore_ascii_case(name))
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
}

fn member(name: &str, value: &str, out: &mut String) {
    out.push_str(raw(&name).get());
    out.push(':');
    out.push_str(value);
}

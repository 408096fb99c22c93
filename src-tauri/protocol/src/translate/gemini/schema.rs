//! Gemini's own schema of a function's arguments.
//!
//! Owns: turning its `parameters` (a subset of OpenAPI, types in capitals) into JSON Schema.
//! Must not know: requests.

use serde_json::{Map, Value};

use super::json::raw;
use crate::request::Raw;

/// JSON Schema of a `parameters` member. One that cannot be read is any object.
pub(super) fn json_schema(parameters: &str) -> Raw {
    let mut schema = serde_json::from_str(parameters).unwrap_or(Value::Object(Map::new()));
    translate(&mut schema);
    raw(&schema)
}

fn translate(schema: &mut Value) {
    match schema {
        Value::Object(members) => translate_object(members),
        Value::Array(items) => items.iter_mut().for_each(translate),
        _ => {}
    }
}

fn translate_object(members: &mut Map<String, Value>) {
    let nullable = members.remove("nullable") == Some(Value::Bool(true));
    if let Some(Value::String(name)) = members.get_mut("type") {
        let lower = name.to_ascii_lowercase();
        let known = ["string", "number", "integer", "boolean", "array", "object", "null"];
        match known.contains(&lower.as_str()) {
            true if nullable => {
                let either = vec![Value::String(lower), Value::String("null".to_owned())];
                members.insert("type".to_owned(), Value::Array(either));
            }
            true => *name = lower,
            false => {
                members.remove("type");
            }
        }
    }
    // Gemini writes limits as text (`"maxItems": "3"`).
    for limit in
        ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]
    {
        if let Some(Value::String(text)) = members.get(limit)
            && let Ok(number) = text.parse::<u64>()
        {
            members.insert(limit.to_owned(), number.into());
        }
    }
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("properties" | "$defs" | "defs", Value::Object(named)) => {
                named.values_mut().for_each(translate);
            }
            ("items" | "anyOf" | "prefixItems" | "additionalProperties", value) => translate(value),
            _ => {}
        }
    }
}

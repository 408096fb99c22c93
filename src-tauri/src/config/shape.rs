//! The configuration's JSON as faces carry it, with its schema.
//!
//! Owns: what a whole configuration and a change of one look like to a reader of schemas.
//! Must not know: what any key means; the table of keys does.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole configuration in the shape of the file.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ConfigValue(pub Value);

/// Any part of a configuration. Not checked yet.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct ConfigPatch(pub Value);

impl JsonSchema for ConfigValue {
    fn schema_name() -> Cow<'static, str> {
        "Config".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = super::schema();
        require_all(&mut schema);
        section(schema)
    }
}

impl JsonSchema for ConfigPatch {
    fn schema_name() -> Cow<'static, str> {
        "ConfigPatch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        section(super::schema())
    }
}

/// The configuration's schema as a part of a larger one.
fn section(schema: Value) -> Schema {
    let mut schema = match schema {
        Value::Object(members) => Schema::from(members),
        _ => Schema::default(),
    };
    schema.remove("$schema");
    schema.remove("title");
    schema
}

/// Of a whole configuration every key of the table is there.
fn require_all(node: &mut Value) {
    let Some(Value::Object(properties)) = node.get_mut("properties") else { return };
    let names = properties.keys().cloned().map(Value::from).collect();
    for property in properties.values_mut() {
        if property.get("additionalProperties") == Some(&Value::Bool(false)) {
            require_all(property);
        }
    }
    if let Value::Object(node) = node {
        node.insert("required".to_owned(), Value::Array(names));
    }
}

//! The JSON Schemas of all methods, with one set of names for the parts they share.
//!
//! Owns: making them from the methods' types (JSON Schema 2020-12, references as OpenAPI has them).
//! Must not know: what they are used for.

use std::collections::BTreeMap;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

use super::methods::Api;
use super::table::METHODS;

/// Where a reference to a named part points.
pub const REFERENCE: &str = "#/components/schemas/";

/// The types of every method.
pub struct Schemas {
    /// Of each method, by name.
    pub methods: BTreeMap<&'static str, MethodSchema>,
    /// The named parts.
    pub parts: BTreeMap<String, Value>,
}

/// The types of one method.
pub struct MethodSchema {
    /// An object.
    pub params: Value,
    /// Anything.
    pub result: Value,
}

/// Of the methods of [`METHODS`]. A part that is read in another shape than it is written in has
/// two names: `Usage` as it is answered, `UsageInput` as it is taken.
#[must_use]
pub fn of(api: &Api) -> Schemas {
    let generator = |settings: SchemaSettings| {
        let path = REFERENCE.trim_start_matches('#').trim_end_matches('/');
        SchemaGenerator::new(settings.with(|it| it.definitions_path = path.into()))
    };
    let mut taken = generator(SchemaSettings::draft2020_12());
    let mut answered = generator(SchemaSettings::draft2020_12().for_serialize());
    let mut methods = BTreeMap::new();
    for spec in METHODS {
        let Some((params, result)) = api.schemas(spec.name, &mut taken, &mut answered) else {
            continue;
        };
        let (params, result) = (plain(params.to_value()), plain(result.to_value()));
        methods.insert(spec.name, MethodSchema { params, result });
    }
    let mut parts: BTreeMap<String, Value> =
        answered.take_definitions(true).into_iter().map(|(name, it)| (name, plain(it))).collect();
    let inputs: Map<String, Value> =
        taken.take_definitions(true).into_iter().map(|(name, it)| (name, plain(it))).collect();
    let renamed: Vec<String> = inputs
        .iter()
        .filter(|(name, it)| parts.get(*name).is_some_and(|known| known != *it))
        .map(|(name, _)| name.clone())
        .collect();
    for (name, mut part) in inputs {
        rename(&mut part, &renamed);
        let name = if renamed.contains(&name) { input_name(&name) } else { name };
        parts.insert(name, part);
    }
    for method in methods.values_mut() {
        rename(&mut method.params, &renamed);
    }
    Schemas { methods, parts }
}

/// Takes out what only a document of its own needs.
fn plain(mut schema: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.remove("$schema");
        members.remove("title");
    }
    schema
}

fn input_name(name: &str) -> String {
    format!("{name}Input")
}

/// Points references to renamed parts to their new names.
fn rename(node: &mut Value, renamed: &[String]) {
    match node {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(target) if name == "$ref" => {
                        let part = target.strip_prefix(REFERENCE).unwrap_or_default();
                        if renamed.iter().any(|it| it == part) {
                            *target = format!("{REFERENCE}{}", input_name(part));
                        }
                    }
                    value => rename(value, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| rename(it, renamed)),
        _ => {}
    }
}

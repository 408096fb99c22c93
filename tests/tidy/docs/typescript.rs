//! src/api/types.gen.ts: the methods as the web UI calls them.
//!
//! Owns: writing JSON Schemas as TypeScript.
//! Must not know: what a method does, how the UI calls it.

use std::fmt::Write as _;
use std::sync::Arc;

use droid_provider::api::context::Context;
use droid_provider::api::methods::Api;
use droid_provider::api::schema::{self, REFERENCE};
use droid_provider::api::table::METHODS;
use droid_provider::app::Boot;
use droid_provider::error::Kind;
use serde_json::Value;

use super::file_is;

#[test]
fn the_ui_knows_every_method_as_it_is() {
    let context = Context::new(Boot::system().expect("randomness"));
    let schemas = schema::of(&Api::new(Arc::new(context)).expect("a method table"));
    let mut text = String::from(
        "// Made from the program's types: `UPDATE_DOCS=1 cargo test --test tidy` writes it anew.\n\n",
    );
    for (name, part) in &schemas.parts {
        comment(&mut text, part, "");
        writeln!(text, "export type {name} = {};\n", written(part, "")).unwrap();
    }
    let kinds = union(Kind::ALL.iter().map(|it| format!("\"{}\"", it.as_str())));
    writeln!(text, "/** What went wrong, for programs. */\nexport type ErrorKind = {kinds};\n")
        .unwrap();
    text.push_str(
        "/** Every method: what it takes, what it answers. */\nexport interface Methods {\n",
    );
    for spec in METHODS {
        let method = &schemas.methods[spec.name];
        let (params, result) = (written(&method.params, "    "), written(&method.result, "    "));
        writeln!(text, "  /** {} */\n  {}: {{", spec.purpose, spec.name).unwrap();
        writeln!(text, "    params: {params};\n    result: {result};\n  }};").unwrap();
    }
    text.push_str("}\n\n/** Where the gateway has each method; what is not here it has not. */\n");
    text.push_str("export const ROUTES = {\n");
    for spec in METHODS {
        if let Some(route) = spec.http.first() {
            let (verb, path) = (route.verb.as_str(), route.path);
            writeln!(text, "  {}: {{ verb: \"{verb}\", path: \"{path}\" }},", spec.name).unwrap();
        }
    }
    text.push_str(
        "} as const satisfies Partial<Record<keyof Methods, { verb: string; path: string }>>;\n",
    );
    file_is("src/api/types.gen.ts", &text);
}

/// A schema as a type. `indent` is that of the line it begins on.
fn written(schema: &Value, indent: &str) -> String {
    if let Some(target) = text(schema, "$ref") {
        let named = target.trim_start_matches(REFERENCE);
        return match schema.get("properties") {
            Some(_) => format!("({named} & {})", object(schema, indent)),
            None => named.to_owned(),
        };
    }
    if let Some(fixed) = schema.get("const") {
        return fixed.to_string();
    }
    if let Some(Value::Array(words)) = schema.get("enum") {
        return union(words.iter().map(ToString::to_string));
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(Value::Array(kinds)) = schema.get(name) {
            let kinds = union(kinds.iter().map(|it| written(it, indent)));
            // Members beside the choice are part of each.
            return match schema.get("properties") {
                Some(_) => format!("{} & ({kinds})", object(schema, indent)),
                None => kinds,
            };
        }
    }
    match schema.get("type") {
        Some(Value::String(kind)) => simple(kind, schema, indent),
        Some(Value::Array(kinds)) => {
            union(kinds.iter().filter_map(Value::as_str).map(|it| simple(it, schema, indent)))
        }
        _ => "unknown".to_owned(),
    }
}

fn simple(kind: &str, schema: &Value, indent: &str) -> String {
    match kind {
        "string" | "boolean" | "null" => kind.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => {
            let items = schema.get("items").map_or("unknown".to_owned(), |it| written(it, indent));
            if items.contains(['|', '&']) && !items.starts_with('{') {
                format!("({items})[]")
            } else {
                format!("{items}[]")
            }
        }
        "object" => object(schema, indent),
        other => panic!("no TypeScript for the type {other}"),
    }
}

fn object(schema: &Value, indent: &str) -> String {
    let Some(Value::Object(properties)) =
        schema.get("properties").filter(|it| it != &&Value::Object(Default::default()))
    else {
        return match schema.get("additionalProperties") {
            Some(Value::Bool(_)) | None => "Record<string, never>".to_owned(),
            Some(values) => format!("Record<string, {}>", written(values, indent)),
        };
    };
    let required: Vec<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let inner = format!("{indent}  ");
    let mut text = String::from("{\n");
    for (name, property) in properties {
        comment(&mut text, property, &inner);
        let optional = if required.contains(&name.as_str()) { "" } else { "?" };
        writeln!(text, "{inner}{name}{optional}: {};", written(property, &inner)).unwrap();
    }
    format!("{text}{indent}}}")
}

fn union(kinds: impl Iterator<Item = String>) -> String {
    let mut once: Vec<String> = Vec::new();
    for kind in kinds {
        if !once.contains(&kind) {
            once.push(kind);
        }
    }
    once.join(" | ")
}

fn comment(out: &mut String, schema: &Value, indent: &str) {
    if let Some(text) = text(schema, "description") {
        writeln!(out, "{indent}/** {} */", text.replace('\n', " ").replace("*/", "")).unwrap();
    }
}

fn text<'a>(schema: &'a Value, name: &str) -> Option<&'a str> {
    schema.get(name)?.as_str()
}

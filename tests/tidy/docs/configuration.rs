//! docs/configuration.md.
//!
//! Owns: the sections of keys and of environment variables.
//! Must not know: what a key does.

use std::fmt::Write as _;

use droid_provider::config;
use serde_json::Value;

use super::{cell, section_is};
use crate::{code, tree};

const PATH: &str = "docs/configuration.md";

#[test]
fn keys_are_documented_as_the_schema_has_them() {
    let mut text = String::from("| key | default | what it is | values |\n|---|---|---|---|\n");
    rows(&config::schema(), "", &mut text);
    section_is(PATH, "keys", &text);
}

#[test]
fn variables_are_documented_as_the_program_reads_them() {
    let source = tree::read("src-tauri/src/config/env.rs");
    let product: String = tree::rust()
        .into_iter()
        .filter(|it| it.path.starts_with("src-tauri/src/") && !it.is_test())
        .map(|it| code::lines(&it.text).map(|(_, line)| format!("{line}\n")).collect::<String>())
        .collect();
    let mut text = String::from("| variable | what it is |\n|---|---|\n");
    let mut about = Vec::new();
    for line in source.lines() {
        if let Some(comment) = line.strip_prefix("/// ") {
            about.push(comment.to_owned());
            continue;
        }
        if let Some(constant) = line.strip_prefix("pub const ") {
            let (name, rest) = constant.split_once(": &str = \"").expect("a text constant");
            let variable = rest.trim_end_matches("\";");
            let read = product.contains(&format!("env::{name}"))
                || product.contains(&format!("env.get({name})"));
            let note = if read { "" } else { " Reserved: this version does not read it." };
            let about = cell(&about.join(" ").replace("[`", "`").replace("`]", "`"));
            writeln!(text, "| `{variable}` | {about}{note} |").unwrap();
        }
        about.clear();
    }
    section_is(PATH, "environment", &text);
}

#[test]
fn settings_of_droid2api_are_documented_with_what_has_their_place() {
    let mut text = String::from("| there | here |\n|---|---|\n");
    let variables = config::former::VARIABLES.iter().map(|it| ("variable", it));
    for (kind, it) in config::former::KEYS.iter().map(|it| ("key", it)).chain(variables) {
        writeln!(text, "| {kind} `{}` | {} |", it.name, cell(it.instead)).unwrap();
    }
    section_is("docs/moving.md", "former", &text);
}

fn rows(node: &Value, path: &str, text: &mut String) {
    for (name, child) in node["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if child["type"] == "object" && child["properties"].is_object() {
            rows(child, &path, text);
            continue;
        }
        let about = cell(child["description"].as_str().unwrap_or_default());
        let default = shown(&child["default"]);
        writeln!(text, "| `{path}` | {default} | {about} | {} |", values(child)).unwrap();
    }
}

fn values(leaf: &Value) -> String {
    let words = |list: &Value| {
        let words = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
    };
    match (&leaf["enum"], &leaf["const"], leaf["minimum"].as_u64(), leaf["maximum"].as_u64()) {
        (Value::Array(_), ..) => words(&leaf["enum"]),
        (_, Value::String(only), ..) => format!("`{only}` only"),
        (_, _, Some(min), Some(max)) => format!("{min} to {max}"),
        _ => leaf["type"].as_str().unwrap_or_default().to_owned(),
    }
}

/// A default short enough for a table.
fn shown(default: &Value) -> String {
    match default {
        Value::Array(items) if items.len() > 1 => format!("{} entries", items.len()),
        Value::Object(members) if members.len() > 3 => format!("{} entries", members.len()),
        other => format!("`{}`", cell(&other.to_string())),
    }
}

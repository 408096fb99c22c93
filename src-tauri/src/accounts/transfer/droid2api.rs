//! `config.json` of droid2api (seeds S2 and S3): models, redirects, proxies, what is sent.
//!
//! Owns: which of its settings there is one for here, and what became of the others.
//! Must not know: where the configuration is kept.

use serde_json::{Map, Value, json};

use super::content::{Content, Line};
use super::value;
use crate::config::former;

/// True for the file's shape.
pub(super) fn is_one(file: &Value) -> bool {
    file["models"].is_array() && (file.get("endpoint").is_some() || file.get("dev_mode").is_some())
}

pub(super) fn read(file: &Value) -> Content {
    let mut content = Content { format: "droid2api-config", ..Content::default() };
    let mut config = Map::new();
    let mut models = Vec::new();
    for (i, model) in value::list(file, "models").iter().enumerate() {
        match converted(model) {
            Some(model) => models.push(model),
            None => {
                let line = Line::skipped("configuration", format!("models[{i}]"), "it has no id");
                content.refused.push(line);
            }
        }
    }
    if !models.is_empty() {
        config.insert("models".to_owned(), json!(models));
    }
    if let Some(redirects) = file["model_redirects"].as_object().filter(|it| !it.is_empty()) {
        config.insert("model_redirects".to_owned(), json!(redirects));
    }
    let proxies: Vec<Value> = value::list(file, "proxies")
        .iter()
        .filter_map(|it| {
            let url = value::text(it, &["url"])?;
            Some(json!({ "name": value::text(it, &["name"]).unwrap_or_default(), "url": url }))
        })
        .collect();
    if !proxies.is_empty() {
        config.insert("proxies".to_owned(), json!(proxies));
    }
    let mut request = Map::new();
    for name in ["user_agent", "system_prompt"] {
        if let Some(text) = file[name].as_str() {
            request.insert(name.to_owned(), json!(text));
        }
    }
    if !request.is_empty() {
        config.insert("settings".to_owned(), json!({ "request": request }));
    }
    content.refused.extend(left_out(file, ""));
    content.config = Some(Value::Object(config)).filter(|it| *it != json!({}));
    content
}

/// Settings that were not taken over, with what has their place here; `at` is where they stand.
pub(super) fn left_out(settings: &Value, at: &str) -> Vec<Line> {
    let is_there = |it: &&former::Former| settings.get(it.name).is_some();
    let told = |it: &former::Former| {
        let message = format!("not taken over; instead: {}", it.instead);
        Line::skipped("configuration", format!("{at}{}", it.name), message)
    };
    former::KEYS.iter().filter(is_there).map(told).collect()
}

/// A model as our configuration has it.
fn converted(model: &Value) -> Option<Value> {
    let id = value::text(model, &["id"])?;
    let endpoint = match value::text(model, &["type"]).unwrap_or_default() {
        "common" => "comm",
        other => other,
    };
    let mut converted = json!({
        "id": id,
        "name": value::text(model, &["name"]).unwrap_or(id),
        "type": endpoint,
        "reasoning": value::text(model, &["reasoning"]).unwrap_or("off"),
    });
    if let Some(provider) = value::text(model, &["provider"]) {
        converted["provider"] = json!(provider);
    }
    Some(converted)
}

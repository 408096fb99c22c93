//! What every answer must look like, method by method.
//!
//! Owns: the fields the host reads and their kinds; a list of problems, each naming its path.
//! Must not know: processes, what the values mean.

mod checker;
mod events;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::host::message::RpcError;
use checker::Checker;

/// The nine kinds of error the host knows.
pub const ERROR_TYPES: [&str; 9] = [
    "authentication",
    "authorization",
    "rate_limit",
    "quota_exceeded",
    "model_unavailable",
    "content_filtered",
    "server_error",
    "network_error",
    "unknown",
];

/// The protocols the host can speak to a plugin.
pub const PROTOCOLS: [&str; 5] = ["anthropic", "openai", "gemini", "qwen", "openai_compat"];

/// The methods whose result is checked beyond being there.
pub const CHECKED: [&str; 17] = [
    "get_info",
    "init",
    "shutdown",
    "ping",
    "list_models",
    "supports_model",
    "create_credential",
    "list_credentials",
    "acquire_credential",
    "release_credential",
    "validate_credential",
    "refresh_token",
    "transform_request",
    "apply_risk_control",
    "transform_response",
    "parse_response_chunk",
    "parse_error",
];

/// What is wrong with a result, `[]` if nothing; a method unknown here may answer anything.
#[must_use]
pub fn check(method: &str, result: &Value) -> Vec<String> {
    let mut it = Checker::new(result);
    match method {
        "get_info" => info(&mut it),
        "init" | "shutdown" | "ping" | "release_credential" => {
            it.object("");
        }
        "list_models" => models(&mut it),
        "supports_model" => it.boolean("supports"),
        "create_credential" => it.string("credential_id"),
        "list_credentials" => credentials(&mut it),
        "acquire_credential" => acquired(&mut it),
        "validate_credential" => {
            it.boolean("valid");
            it.optional("message", Checker::string);
            it.object("details");
        }
        "refresh_token" => {
            it.string("access_token");
            it.optional("refresh_token", Checker::string);
            it.optional("expires_at", Checker::moment);
        }
        "transform_request" => {
            it.object("request");
            it.optional("url", Checker::url);
            it.optional("headers", Checker::strings);
        }
        "apply_risk_control" => it.object("request"),
        "transform_response" => it.present("response"),
        "parse_response_chunk" => chunk(&mut it),
        "parse_error" if result.is_null() => {}
        "parse_error" => provider_error(&mut it),
        _ => {}
    }
    it.problems
}

/// What is wrong with an error: the plugin's own codes carry `{kind, retryable, ...}`.
#[must_use]
pub fn check_error(error: &RpcError) -> Vec<String> {
    let mut problems = Vec::new();
    if error.message.is_empty() {
        problems.push("error.message: is empty".to_owned());
    }
    let standard = [-32700, -32600, -32601, -32602, -32603].contains(&error.code);
    // -32000 and below, down to the reserved range's end, are one code a kind.
    let own = (-32099..=-32000).contains(&error.code);
    if !standard && !own {
        problems.push(format!("error.code: {} is neither JSON-RPC's nor the plugin's", error.code));
    }
    if own {
        let mut data = Checker::new(&error.data);
        data.string("kind");
        data.boolean("retryable");
        data.optional("retry_after_seconds", Checker::count);
        data.optional("hint", Checker::string);
        problems.extend(data.problems.into_iter().map(|it| format!("error.data.{it}")));
    }
    problems
}

fn info(it: &mut Checker<'_>) {
    it.one_of("id", &["droid"]);
    for name in ["display_name", "version", "description", "category"] {
        it.string(name);
    }
    it.one_of("target_protocol", &PROTOCOLS);
    for name in ["auth_types", "model_families"] {
        it.filled_array(name);
    }
    it.present("endpoints");
    it.object("config_schema");
}

fn models(it: &mut Checker<'_>) {
    it.each("", |model| {
        for name in ["id", "display_name", "family"] {
            model.string(name);
        }
        model.count("context_length");
        model.boolean("supports_vision");
        model.boolean("supports_tools");
        model.one_of("endpoint_type", &["anthropic", "openai", "comm", "google"]);
    });
}

/// A list, or an object that holds it; nothing in it may look like a secret's field.
fn credentials(it: &mut Checker<'_>) {
    let secrets =
        ["access_token", "refresh_token", "api_key", "key", "accessToken", "refreshToken"];
    let root = it.root();
    if !root.is_array() && !root.is_object() {
        it.problem("", "must be an array or an object");
    }
    for (path, value) in leaves(root, String::new()) {
        let name = path.rsplit('.').next().unwrap_or_default();
        if secrets.contains(&name) && value.as_str().is_some_and(|text| text.len() > 12) {
            it.problem(&path, "a secret in full");
        }
    }
}

fn acquired(it: &mut Checker<'_>) {
    it.string("id");
    it.optional("name", Checker::string);
    it.string("auth_type");
    it.optional("base_url", Checker::url);
    it.strings("headers");
    it.object("metadata");
}

fn chunk(it: &mut Checker<'_>) {
    it.each("events", events::event);
    it.optional("usage", |it, path| it.inside(path, events::usage));
    it.boolean("done");
}

fn provider_error(it: &mut Checker<'_>) {
    it.one_of("error_type", &ERROR_TYPES);
    it.string("message");
    it.optional("status_code", Checker::count);
    it.boolean("retryable");
    it.optional("cooldown_seconds", Checker::count);
}

/// Every value that is no object and no array, with its path.
fn leaves(value: &Value, path: String) -> Vec<(String, &Value)> {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, it)| leaves(it, below(&at.to_string())))
            .collect(),
        Value::Object(members) => {
            Map::iter(members).flat_map(|(name, it)| leaves(it, below(name))).collect()
        }
        leaf => vec![(path, leaf)],
    }
}

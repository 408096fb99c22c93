//! One line of the plugin's standard output, read with no good will at all.
//!
//! Owns: what a JSON-RPC 2.0 answer is: exactly one of `result` and `error`.
//! Must not know: processes, methods.

use serde_json::{Value, json};

/// An error the plugin answered.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// JSON-RPC's or the plugin's own code.
    pub code: i64,
    /// For a person.
    pub message: String,
    /// `{kind, retryable, retry_after_seconds?, hint?}` for the plugin's own errors.
    pub data: Value,
}

/// A well-formed answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// As sent; never checked against what was asked here.
    pub id: Value,
    /// What it says.
    pub outcome: Result<Value, RpcError>,
}

/// The line the host writes for a call, without its end.
#[must_use]
pub fn request(method: &str, params: &Value, id: u64) -> String {
    json!({"jsonrpc": "2.0", "method": method, "params": params, "id": id}).to_string()
}

/// Reads one line (with or without its end); the error says what is wrong with it.
pub fn parse(line: &[u8]) -> Result<Answer, String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let Some(members) = value.as_object() else { return Err("no JSON object".into()) };
    if members.get("jsonrpc") != Some(&json!("2.0")) {
        return Err("`jsonrpc` is not \"2.0\"".into());
    }
    if members.contains_key("method") {
        return Err("a request or notification, not an answer".into());
    }
    let id = match members.get("id") {
        Some(id @ (Value::Number(_) | Value::String(_) | Value::Null)) => id.clone(),
        Some(_) => return Err("`id` is no string, number or null".into()),
        None => return Err("no `id`".into()),
    };
    let outcome = match (members.get("result"), members.get("error")) {
        (Some(result), None) => Ok(result.clone()),
        (None, Some(error)) => Err(parse_error(error)?),
        (Some(_), Some(_)) => return Err("both `result` and `error`".into()),
        (None, None) => return Err("neither `result` nor `error`".into()),
    };
    let known = ["jsonrpc", "id", "result", "error"];
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("unknown member {name:?}")),
        None => Ok(Answer { id, outcome }),
    }
}

fn parse_error(error: &Value) -> Result<RpcError, String> {
    let Some(code) = error.get("code").and_then(Value::as_i64) else {
        return Err("`error.code` is no integer".into());
    };
    let Some(message) = error.get("message").and_then(Value::as_str) else {
        return Err("`error.message` is no string".into());
    };
    let data = error.get("data").cloned().unwrap_or(Value::Null);
    Ok(RpcError { code, message: message.to_owned(), data })
}

impl std::fmt::Display for RpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}) {}", self.message, self.code, self.data)
    }
}

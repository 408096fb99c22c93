//! The turns of a conversation: roles, blocks, tool uses and their results.
//!
//! Owns: the checks of `messages`.
//! Must not know: the rest of the body.

use std::collections::HashSet;

use serde_json::Value;

use crate::upstream::rules::{Checked, array, object, refuse, string};

/// All messages in their order.
pub(crate) fn check(all: &[Value]) -> Checked {
    if all.is_empty() {
        return refuse("messages: at least one message is required");
    }
    let mut waiting: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    let mut first_role = None;
    for (at, message) in all.iter().enumerate() {
        let path = format!("messages.{at}.");
        let role = string(object(message, &path)?, "role", &path)?;
        if !["user", "assistant", "system"].contains(&role) {
            return refuse(format!("{path}role: Unexpected role {role:?}"));
        }
        content(message, &path, at + 1 == all.len())?;
        if role == "system" {
            continue;
        }
        first_role.get_or_insert(role);
        results_answer(message, &mut waiting, &path)?;
        if role == "assistant" {
            for block in blocks(message).iter().filter(|it| it["type"] == "tool_use") {
                let id = block["id"].as_str().unwrap();
                if !seen.insert(id) {
                    return refuse("messages: `tool_use` ids must be unique");
                }
                waiting.push(id);
            }
        }
    }
    if first_role != Some("user") {
        return refuse("messages: first message must use the \"user\" role");
    }
    match waiting.first() {
        Some(id) => refuse(format!(
            "`tool_use` id {id} was found without a `tool_result` block immediately after"
        )),
        None => Ok(()),
    }
}

/// All results of the turn before stand at the start of this message, and no other results do.
fn results_answer(message: &Value, waiting: &mut Vec<&str>, path: &str) -> Checked {
    let mut other = false;
    for block in blocks(message) {
        if block["type"] != "tool_result" {
            other = true;
            continue;
        }
        let id = block["tool_use_id"].as_str().unwrap();
        if message["role"] != "user" {
            return refuse(format!(
                "{path}content: `tool_result` blocks can only be in user messages"
            ));
        }
        let Some(place) = waiting.iter().position(|it| *it == id) else {
            return refuse(format!(
                "{path}content: unexpected `tool_use_id` {id} in `tool_result` blocks"
            ));
        };
        if other {
            return refuse(format!("{path}content: `tool_result` blocks must come first"));
        }
        waiting.remove(place);
    }
    match waiting.first() {
        Some(id) => refuse(format!(
            "{path}content: `tool_use` id {id} was found without a `tool_result` block immediately after"
        )),
        None => Ok(()),
    }
}

fn content(message: &Value, path: &str, last: bool) -> Checked {
    match &message["content"] {
        Value::String(text) if text.is_empty() && !(last && message["role"] == "assistant") => {
            refuse(format!("{path}content: must not be empty"))
        }
        Value::String(_) => Ok(()),
        Value::Array(blocks) if blocks.is_empty() && !(last && message["role"] == "assistant") => {
            refuse(format!("{path}content: must not be empty"))
        }
        Value::Array(blocks) => blocks
            .iter()
            .enumerate()
            .try_for_each(|(at, it)| block(it, &format!("{path}content.{at}."))),
        _ => refuse(format!("{path}content: a string or an array is required")),
    }
}

fn block(block: &Value, path: &str) -> Checked {
    let it = object(block, path)?;
    match string(it, "type", path)? {
        "text" => string(it, "text", path).map(drop),
        "thinking" => {
            let whole = it.get("thinking").is_some_and(Value::is_string);
            string(it, "signature", path)?;
            if whole { Ok(()) } else { refuse(format!("{path}thinking: Field required")) }
        }
        "redacted_thinking" => string(it, "data", path).map(drop),
        "image" | "document" => {
            let source = it.get("source").ok_or_else(|| format!("{path}source: Field required"))?;
            string(object(source, path)?, "type", &format!("{path}source.")).map(drop)
        }
        "tool_use" => {
            string(it, "id", path)?;
            string(it, "name", path)?;
            let input = it.get("input").ok_or_else(|| format!("{path}input: Field required"))?;
            object(input, &format!("{path}input")).map(drop)
        }
        "tool_result" => {
            string(it, "tool_use_id", path)?;
            match it.get("content") {
                None | Some(Value::String(_)) => Ok(()),
                Some(inner) => array(inner, &format!("{path}content"))?
                    .iter()
                    .try_for_each(|part| self::block(part, &format!("{path}content."))),
            }
        }
        "search_result" | "container_upload" | "tool_reference" | "compaction" => Ok(()),
        other if other.ends_with("_tool_use") || other.ends_with("_tool_result") => Ok(()),
        other => refuse(format!(
            "{path}type: Input tag {other:?} does not match any of the expected tags"
        )),
    }
}

/// The blocks of a message; a string has none.
pub(crate) fn blocks(message: &Value) -> &[Value] {
    message["content"].as_array().map_or(&[], Vec::as_slice)
}

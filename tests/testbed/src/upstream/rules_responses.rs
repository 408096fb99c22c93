//! What OpenAI Responses refuses (grammar sections 2, 5.3, 5.4).
//!
//! Owns: the checks of a `/o/v1/responses` body.
//! Must not know: HTTP, other dialects.

use std::collections::HashSet;

use serde_json::Value;

use crate::upstream::rules::{
    Checked, Object, array, count, flag, no_sampling_conflict, number, object, only, prompt_once,
    refuse, string, texts,
};

const MEMBERS: &[&str] = &[
    "model",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "stream",
    "stream_options",
    "store",
    "temperature",
    "top_p",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "include",
    "previous_response_id",
    "conversation",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "truncation",
    "user",
    "safety_identifier",
    "background",
    "client_metadata",
    "context_management",
];

/// A whole request body.
pub(crate) fn check(body: &Object, prompt: &str) -> Checked {
    only(body, MEMBERS)?;
    string(body, "model", "")?;
    count(body, "max_output_tokens", 1)?;
    number(body, "temperature", (0.0, 2.0))?;
    number(body, "top_p", (0.0, 1.0))?;
    no_sampling_conflict(body)?;
    if body.contains_key("stream_options") && !flag(body, "stream")? {
        return refuse("stream_options: only allowed when `stream` is true");
    }
    flag(body, "stream")?;
    match body.get("instructions") {
        Some(Value::String(text)) => prompt_once(&[text], prompt)?,
        Some(_) => return refuse("instructions: must be a string"),
        None => prompt_once(&[], prompt)?,
    }
    input(body)?;
    tools(body)
}

/// The texts of the last message of the user.
pub(crate) fn last_user_texts(body: &Object) -> Vec<&str> {
    match body.get("input") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => {
            let last = items.iter().rev().find(|it| it["role"] == "user");
            last.map(|item| texts(&item["content"])).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn input(body: &Object) -> Checked {
    let items = match body.get("input") {
        Some(Value::String(_)) => return Ok(()),
        Some(value) => array(value, "input")?,
        None => return refuse("input: Missing required parameter"),
    };
    let mut calls = HashSet::new();
    let mut outputs = HashSet::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("input[{at}].");
        let it = object(item, &path)?;
        match it.get("type").and_then(Value::as_str).unwrap_or("message") {
            "message" => message(it, &path)?,
            "function_call" => {
                string(it, "name", &path)?;
                if !it.get("arguments").is_some_and(Value::is_string) {
                    return refuse(format!("{path}arguments: must be a string"));
                }
                calls.insert(string(it, "call_id", &path)?);
            }
            "custom_tool_call" => {
                string(it, "name", &path)?;
                calls.insert(string(it, "call_id", &path)?);
            }
            "function_call_output" | "custom_tool_call_output" => {
                if !it.get("output").is_some_and(|it| it.is_string() || it.is_array()) {
                    return refuse(format!("{path}output: must be a string or an array"));
                }
                outputs.insert(string(it, "call_id", &path)?);
            }
            "reasoning" => {
                array(it.get("summary").unwrap_or(&Value::Null), &format!("{path}summary"))?;
            }
            _ => {}
        }
    }
    // An earlier response or conversation may hold the other half.
    if ["previous_response_id", "conversation"].iter().any(|it| body.contains_key(*it)) {
        return Ok(());
    }
    if let Some(id) = outputs.difference(&calls).next() {
        return refuse(format!("No tool call found for function call output with call_id {id}."));
    }
    match calls.difference(&outputs).next() {
        Some(id) => refuse(format!("No tool output found for function call {id}.")),
        None => Ok(()),
    }
}

fn message(item: &Object, path: &str) -> Checked {
    let role = string(item, "role", path)?;
    if !["user", "assistant", "system", "developer"].contains(&role) {
        return refuse(format!("{path}role: Invalid value: {role:?}"));
    }
    let parts = match item.get("content") {
        Some(Value::String(_)) => return Ok(()),
        Some(value) => array(value, &format!("{path}content"))?,
        None => return refuse(format!("{path}content: Missing required parameter")),
    };
    let known: &[&str] = match role {
        "assistant" => &["output_text", "refusal"],
        _ => &["input_text", "input_image", "input_file", "input_audio"],
    };
    for part in parts {
        let kind = part["type"].as_str().unwrap_or_default();
        if !known.contains(&kind) {
            return refuse(format!("{path}content: Invalid value: {kind:?}"));
        }
    }
    Ok(())
}

fn tools(body: &Object) -> Checked {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    for (at, tool) in array(tools, "tools")?.iter().enumerate() {
        let path = format!("tools[{at}].");
        let tool = object(tool, &path)?;
        let kind = string(tool, "type", &path)?;
        // A chat tool nests its name: the most common slip of a translation.
        if ["function", "custom"].contains(&kind) {
            string(tool, "name", &path)?;
        }
    }
    Ok(())
}

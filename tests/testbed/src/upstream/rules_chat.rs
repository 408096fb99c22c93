//! What OpenAI Chat Completions refuses (grammar sections 3, 5.3, 5.4).
//!
//! Owns: the checks of a `/o/v1/chat/completions` body.
//! Must not know: HTTP, other dialects.

use serde_json::Value;

use crate::upstream::rules::{
    Checked, Object, array, count, flag, no_sampling_conflict, number, object, only, prompt_once,
    refuse, string, texts,
};

const MEMBERS: &[&str] = &[
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "top_k",
    "n",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "response_format",
    "reasoning_effort",
    "chat_template_args",
    "chat_template_kwargs",
    "verbosity",
    "modalities",
    "audio",
    "prediction",
    "service_tier",
    "store",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "web_search_options",
];

/// A whole request body.
pub(crate) fn check(body: &Object, prompt: &str) -> Checked {
    only(body, MEMBERS)?;
    string(body, "model", "")?;
    count(body, "max_tokens", 1)?;
    count(body, "max_completion_tokens", 1)?;
    number(body, "temperature", (0.0, 2.0))?;
    number(body, "top_p", (0.0, 1.0))?;
    no_sampling_conflict(body)?;
    if body.get("stream_options").is_some_and(|it| !it.is_null()) && !flag(body, "stream")? {
        return refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    }
    flag(body, "stream")?;
    let Some(list) = body.get("messages") else {
        return refuse("Missing required parameter: 'messages'.");
    };
    let all = array(list, "messages")?;
    messages(all)?;
    let instructs = |it: &&Value| it["role"] == "system" || it["role"] == "developer";
    let system: Vec<&str> =
        all.iter().filter(instructs).flat_map(|it| texts(&it["content"])).collect();
    prompt_once(&system, prompt)?;
    tools(body)
}

/// The texts of the last message of the user.
pub(crate) fn last_user_texts(body: &Object) -> Vec<&str> {
    let messages = body.get("messages").and_then(Value::as_array);
    let last = messages.and_then(|all| all.iter().rev().find(|it| it["role"] == "user"));
    last.map(|message| texts(&message["content"])).unwrap_or_default()
}

fn messages(all: &[Value]) -> Checked {
    if all.is_empty() {
        return refuse("Invalid 'messages': empty array.");
    }
    let mut waiting: Vec<&str> = Vec::new();
    for (at, message) in all.iter().enumerate() {
        let path = format!("messages[{at}].");
        let it = object(message, &path)?;
        let role = string(it, "role", &path)?;
        if role == "tool" {
            let id = string(it, "tool_call_id", &path)?;
            let Some(place) = waiting.iter().position(|it| *it == id) else {
                return refuse(format!(
                    "{path}tool_call_id: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                ));
            };
            waiting.remove(place);
            content(it, &path)?;
            continue;
        }
        if let Some(id) = waiting.first() {
            return refuse(format!(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': {id}"
            ));
        }
        match role {
            "system" | "developer" | "user" => content(it, &path)?,
            "function" => {}
            "assistant" => waiting = calls(it, &path)?,
            other => return refuse(format!("{path}role: Invalid value: {other:?}")),
        }
    }
    match waiting.first() {
        Some(id) => refuse(format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': {id}"
        )),
        None => Ok(()),
    }
}

fn content(message: &Object, path: &str) -> Checked {
    match message.get("content") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            for part in parts {
                string(object(part, path)?, "type", &format!("{path}content."))?;
            }
            Ok(())
        }
        _ => refuse(format!("{path}content: a string or an array is required")),
    }
}

/// The ids of an assistant message's calls; without calls it needs a content.
fn calls<'a>(message: &'a Object, path: &str) -> Checked<Vec<&'a str>> {
    let Some(list) = message.get("tool_calls").filter(|it| !it.is_null()) else {
        let spoken = ["content", "refusal", "function_call", "audio"];
        if spoken.iter().all(|it| message.get(*it).is_none_or(Value::is_null)) {
            return refuse(format!("{path}content: required without tool_calls"));
        }
        return Ok(Vec::new());
    };
    let mut ids = Vec::new();
    for call in array(list, &format!("{path}tool_calls"))? {
        let call = object(call, path)?;
        ids.push(string(call, "id", path)?);
        if string(call, "type", path)? == "function" {
            let function = object(call.get("function").unwrap_or(&Value::Null), path)?;
            string(function, "name", path)?;
            if !function.get("arguments").is_some_and(Value::is_string) {
                return refuse(format!("{path}tool_calls.function.arguments: must be a string"));
            }
        }
    }
    Ok(ids)
}

fn tools(body: &Object) -> Checked {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    for (at, tool) in array(tools, "tools")?.iter().enumerate() {
        let path = format!("tools[{at}].");
        let tool = object(tool, &path)?;
        if string(tool, "type", &path)? == "function" {
            let function =
                object(tool.get("function").unwrap_or(&Value::Null), &format!("{path}function"))?;
            string(function, "name", &path)?;
        }
    }
    Ok(())
}

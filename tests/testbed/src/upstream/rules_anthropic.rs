//! What Anthropic Messages refuses (grammar sections 1, 5.3, 5.4).
//!
//! Owns: the checks of a `/a/v1/messages` body.
//! Must not know: HTTP, other dialects.

use std::collections::HashSet;

use serde_json::Value;

use crate::upstream::rules::{
    Checked, Object, array, count, flag, no_sampling_conflict, number, object, only, prompt_once,
    refuse, string, texts,
};

const MEMBERS: &[&str] = &[
    "model",
    "messages",
    "max_tokens",
    "system",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "context_management",
    "container",
    "mcp_servers",
    "service_tier",
    "speed",
    "inference_geo",
    "cache_control",
];

/// A whole request body.
pub(crate) fn check(body: &Object, prompt: &str) -> Checked {
    only(body, MEMBERS)?;
    let Some(max_tokens) = count(body, "max_tokens", 1)? else {
        return refuse("max_tokens: Field required");
    };
    flag(body, "stream")?;
    number(body, "temperature", (0.0, 1.0))?;
    number(body, "top_p", (0.0, 1.0))?;
    no_sampling_conflict(body)?;
    thinking(body, max_tokens)?;
    prompt_once(&system(body)?, prompt)?;
    input(body)
}

/// The body of `count_tokens`: the same without output; the prompt may be missing, not doubled.
pub(crate) fn check_count(body: &Object, prompt: &str) -> Checked {
    let output = ["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences"];
    let known: Vec<&str> = MEMBERS.iter().copied().filter(|it| !output.contains(it)).collect();
    only(body, &known)?;
    let texts = system(body)?;
    if texts.iter().any(|text| text.contains(prompt)) {
        prompt_once(&texts, prompt)?;
    }
    input(body)
}

/// The texts of the last message of the user.
pub(crate) fn last_user_texts(body: &Object) -> Vec<&str> {
    let messages = body.get("messages").and_then(Value::as_array);
    let last = messages.and_then(|all| all.iter().rev().find(|it| it["role"] == "user"));
    last.map(|message| texts(&message["content"])).unwrap_or_default()
}

fn input(body: &Object) -> Checked {
    string(body, "model", "")?;
    let Some(list) = body.get("messages") else { return refuse("messages: Field required") };
    messages(array(list, "messages")?)?;
    thinking_leads_tools(body)?;
    if let Some(tools) = body.get("tools") {
        check_tools(array(tools, "tools")?)?;
    }
    tool_choice(body)?;
    let hints = body.values().map(cache_hints).sum::<usize>();
    if hints > 4 {
        return refuse(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {hints}."
        ));
    }
    Ok(())
}

fn system(body: &Object) -> Checked<Vec<&str>> {
    let Some(system) = body.get("system") else { return Ok(Vec::new()) };
    if let Some(blocks) = system.as_array() {
        for (at, block) in blocks.iter().enumerate() {
            let path = format!("system.{at}.");
            if block["type"] != "text" {
                return refuse(format!("{path}type: Input should be 'text'"));
            }
            string(object(block, &path)?, "text", &path)?;
        }
    } else if !system.is_string() {
        return refuse("system: must be a string or an array of text blocks");
    }
    Ok(texts(system))
}

fn thinking(body: &Object, max_tokens: u64) -> Checked {
    let Some(thinking) = body.get("thinking") else { return Ok(()) };
    let thinking = object(thinking, "thinking")?;
    match string(thinking, "type", "thinking.")? {
        "disabled" => Ok(()),
        "adaptive" | "between_tools" => Ok(()),
        "enabled" => {
            match count(thinking, "budget_tokens", 1024)? {
                None => return refuse("thinking.enabled.budget_tokens: Field required"),
                Some(budget) if budget >= max_tokens => {
                    return refuse("`max_tokens` must be greater than `thinking.budget_tokens`.");
                }
                Some(_) => {}
            }
            if number(body, "temperature", (0.0, 1.0))?.is_some_and(|it| it < 1.0) {
                return refuse("`temperature` may only be set to 1 when thinking is enabled.");
            }
            if body.contains_key("top_k") {
                return refuse("`top_k` must be unset when thinking is enabled.");
            }
            let forced = body
                .get("tool_choice")
                .is_some_and(|it| it["type"] == "any" || it["type"] == "tool");
            if forced {
                return refuse("Thinking may not be enabled when tool_choice forces tool use.");
            }
            Ok(())
        }
        other => refuse(format!("thinking.type: {other:?} is not known")),
    }
}

/// With thinking enabled, the turn whose tools were just answered must begin with its thinking.
fn thinking_leads_tools(body: &Object) -> Checked {
    if body.get("thinking").is_none_or(|it| it["type"] != "enabled") {
        return Ok(());
    }
    let all = body.get("messages").and_then(Value::as_array).unwrap();
    let [.., turn, answer] = all.as_slice() else { return Ok(()) };
    let answers = blocks(answer).iter().any(|it| it["type"] == "tool_result");
    let leads = blocks(turn)
        .first()
        .is_some_and(|it| it["type"] == "thinking" || it["type"] == "redacted_thinking");
    if answers && !leads {
        return refuse("Expected `thinking` or `redacted_thinking`, but found `tool_use`.");
    }
    Ok(())
}

fn messages(all: &[Value]) -> Checked {
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

fn check_tools(tools: &[Value]) -> Checked {
    let mut names = HashSet::new();
    for (at, tool) in tools.iter().enumerate() {
        let path = format!("tools.{at}.");
        let tool = object(tool, &path)?;
        // Server tools and sets of tools are named by their type and may have no schema.
        let custom = tool.get("type").is_none_or(|it| it == "custom");
        if custom {
            let schema = tool
                .get("input_schema")
                .ok_or_else(|| format!("{path}input_schema: Field required"))?;
            if object(schema, &path)?.get("type").is_none_or(|it| it != "object") {
                return refuse(format!("{path}input_schema.type: Input should be 'object'"));
            }
            if !names.insert(string(tool, "name", &path)?) {
                return refuse("tools: Tool names must be unique.");
            }
        }
    }
    Ok(())
}

fn tool_choice(body: &Object) -> Checked {
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let choice = object(choice, "tool_choice")?;
    match string(choice, "type", "tool_choice.")? {
        "auto" | "any" | "none" => Ok(()),
        "tool" => string(choice, "name", "tool_choice.").map(drop),
        other => refuse(format!("tool_choice.type: {other:?} is not known")),
    }
}

fn blocks(message: &Value) -> &[Value] {
    message["content"].as_array().map_or(&[], Vec::as_slice)
}

fn cache_hints(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(cache_hints).sum(),
        Value::Object(members) => {
            let own = usize::from(members.get("cache_control").is_some_and(|it| !it.is_null()));
            // What a tool call or a schema holds is the caller's data, not a hint.
            let inner = members
                .iter()
                .filter(|(name, _)| !["input", "input_schema"].contains(&name.as_str()));
            own + inner.map(|(_, it)| cache_hints(it)).sum::<usize>()
        }
        _ => 0,
    }
}

//! What Anthropic Messages refuses (grammar sections 1, 5.3, 5.4).
//!
//! Owns: the checks of a `/a/v1/messages` body.
//! Must not know: HTTP, other dialects.

mod messages;

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
    messages::check(array(list, "messages")?)?;
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
    let answers = messages::blocks(answer).iter().any(|it| it["type"] == "tool_result");
    let leads = messages::blocks(turn)
        .first()
        .is_some_and(|it| it["type"] == "thinking" || it["type"] == "redacted_thinking");
    if answers && !leads {
        return refuse("Expected `thinking` or `redacted_thinking`, but found `tool_use`.");
    }
    Ok(())
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

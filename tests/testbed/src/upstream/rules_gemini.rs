//! What Gemini refuses (grammar sections 4, 5.3, 5.4), as Factory's `/g/v1/generate` takes it:
//! `model` and `stream` are members of the body, since the path names neither.
//!
//! Owns: the checks of a `/g/v1/generate` body.
//! Must not know: HTTP, other dialects.

use serde_json::Value;

use crate::upstream::rules::{
    Checked, Object, array, flag, object, only, prompt_once, refuse, string,
};

const MEMBERS: &[&str] = &[
    "model",
    "stream",
    "contents",
    "systemInstruction",
    "system_instruction",
    "generationConfig",
    "generation_config",
    "tools",
    "toolConfig",
    "tool_config",
    "safetySettings",
    "safety_settings",
    "cachedContent",
    "cached_content",
    "labels",
];

/// A whole request body. The prompt may be missing unless `prompt_required`, never doubled.
pub(crate) fn check(body: &Object, prompt: &str, prompt_required: bool) -> Checked {
    only(body, MEMBERS)?;
    string(body, "model", "")?;
    flag(body, "stream")?;
    let Some(contents) = body.get("contents") else { return refuse("contents is not specified") };
    let contents = array(contents, "contents")?;
    if contents.is_empty() {
        return refuse("contents is not specified");
    }
    contents.iter().try_for_each(content)?;
    let system = system_texts(body)?;
    if prompt_required || system.iter().any(|text| text.contains(prompt)) {
        prompt_once(&system, prompt)?;
    }
    Ok(())
}

/// The texts of the last content of the user.
pub(crate) fn last_user_texts(body: &Object) -> Vec<&str> {
    let contents = body.get("contents").and_then(Value::as_array);
    let last = contents.and_then(|all| all.iter().rev().find(|it| it["role"] != "model"));
    last.map(|it| part_texts(&it["parts"])).unwrap_or_default()
}

fn content(content: &Value) -> Checked {
    let it = object(content, "contents[]")?;
    if let Some(role) = it.get("role").filter(|role| *role != "user" && *role != "model") {
        return refuse(format!("Please use a valid role: user, model. Got {role}."));
    }
    let parts = array(it.get("parts").unwrap_or(&Value::Null), "contents[].parts")?;
    if parts.is_empty() {
        return refuse("contents[].parts: must include at least one part");
    }
    for part in parts {
        let part = object(part, "contents[].parts[]")?;
        if let Some(answer) = part.get("functionResponse") {
            let answer = object(answer, "functionResponse")?;
            string(answer, "name", "functionResponse.")?;
            object(answer.get("response").unwrap_or(&Value::Null), "functionResponse.response")?;
        }
        if let Some(call) = part.get("functionCall") {
            string(object(call, "functionCall")?, "name", "functionCall.")?;
        }
    }
    Ok(())
}

fn system_texts(body: &Object) -> Checked<Vec<&str>> {
    let system = body.get("systemInstruction").or_else(|| body.get("system_instruction"));
    match system {
        None => Ok(Vec::new()),
        Some(system) => {
            let parts = object(system, "systemInstruction")?.get("parts").unwrap_or(&Value::Null);
            if !parts.is_array() && !parts.is_object() {
                return refuse("systemInstruction.parts: is required");
            }
            Ok(part_texts(parts))
        }
    }
}

fn part_texts(parts: &Value) -> Vec<&str> {
    match parts {
        Value::Array(parts) => parts.iter().filter_map(|it| it["text"].as_str()).collect(),
        single => single["text"].as_str().into_iter().collect(),
    }
}

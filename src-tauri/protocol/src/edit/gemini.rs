//! Edits of a Gemini `generateContent` body.
//!
//! System prompt: the first part of `systemInstruction`. Reasoning:
//! `generationConfig.thinkingConfig.thinkingBudget` (a `thinkingLevel` beside it is refused
//! upstream, so it goes); off takes `thinkingConfig` out. Members are taken in camelCase and in
//! snake_case, since Google's own SDKs send both, and keep their spelling.
//!
//! Owns: `systemInstruction` and `generationConfig.thinkingConfig`.
//! Must not know: another dialect; `contents`, which stays byte for byte.

use super::draft::{Draft, Object, Patch, quote};
use super::error::EditError;
use super::json::Value;
use super::{Edits, Notes, Reasoning};

const SYSTEM: [&str; 2] = ["systemInstruction", "system_instruction"];
const GENERATION: [&str; 2] = ["generationConfig", "generation_config"];
const THINKING: [&str; 2] = ["thinkingConfig", "thinking_config"];
const BUDGET: [&str; 2] = ["thinkingBudget", "thinking_budget"];
const LEVEL: [&str; 2] = ["thinkingLevel", "thinking_level"];

pub(super) fn edit(
    draft: &mut Draft<'_, '_>,
    edits: &Edits<'_>,
    patch: &mut Patch,
) -> Result<Notes, EditError> {
    if !edits.system_prompt.is_empty() {
        put_system(draft, edits.system_prompt, patch)?;
    }
    let budget = edits.reasoning.budget();
    if budget.is_some() || edits.reasoning == Reasoning::Off {
        put_thinking(draft, budget, patch)?;
    }
    Ok(Notes { thinking: budget.is_some(), ..Notes::default() })
}

/// Whether the client asks for thinking: a `thinkingConfig` whose budget is not 0.
pub(super) fn thinks(top: &Object<'_>) -> bool {
    let Some(generation) = GENERATION.iter().find_map(|key| top.peek(key)) else { return false };
    let Some(thinking) = THINKING.iter().find_map(|key| generation.get(key)) else { return false };
    let budget = BUDGET.iter().find_map(|key| thinking.get(key));
    thinking.is_object() && budget.and_then(Value::as_u64) != Some(0)
}

/// The output limit the client gives.
pub(super) fn output_limit<'a>(top: &Object<'a>) -> Option<Value<'a>> {
    let generation = GENERATION.iter().find_map(|key| top.peek(key))?;
    generation.get("maxOutputTokens").or_else(|| generation.get("max_output_tokens"))
}

fn put_system(draft: &mut Draft<'_, '_>, prompt: &str, patch: &mut Patch) -> Result<(), EditError> {
    let part = part(&quote(prompt));
    let (key, found) = either(draft, SYSTEM)?;
    let Some(system) = found else {
        return draft.set(key, format!(r#"{{"parts":[{part}]}}"#));
    };
    if let Some(inner) = system.inner() {
        if system.starts_with(prompt) {
            return Ok(());
        }
        let own =
            if inner.is_empty() { String::new() } else { format!(",{}", self::part(system.raw())) };
        return draft.set(key, format!(r#"{{"parts":[{part}{own}]}}"#));
    }
    if !system.is_object() {
        return Err(draft.mistyped(key, "an object with parts", system));
    }
    let object = Object::open(system)?;
    let mut inner = Draft::new("systemInstruction.", &object);
    match inner.find("parts")? {
        None => inner.set("parts", format!("[{part}]"))?,
        Some(parts) if parts.is_array() => {
            if !super::prompt::is_among(parts, prompt) {
                patch.prepend(parts, &part);
            }
        }
        Some(other) => return Err(inner.mistyped("parts", "an array of parts", other)),
    }
    inner.write(patch);
    Ok(())
}

/// Sets the budget; `None` takes the whole thinking configuration out.
fn put_thinking(
    draft: &mut Draft<'_, '_>,
    budget: Option<u64>,
    patch: &mut Patch,
) -> Result<(), EditError> {
    let (key, generation) = either(draft, GENERATION)?;
    let Some(generation) = generation else {
        return budget.map_or(Ok(()), |budget| {
            let json = format!(r#"{{"thinkingConfig":{{"thinkingBudget":{budget}}}}}"#);
            draft.set(key, json)
        });
    };
    if !generation.is_object() {
        return Err(draft.mistyped(key, "an object", generation));
    }
    let object = Object::open(generation)?;
    let mut inner = Draft::new("generationConfig.", &object);
    let (key, thinking) = either(&inner, THINKING)?;
    match (budget, thinking) {
        (None, _) => inner.remove(key)?,
        (Some(budget), None) => inner.set(key, format!(r#"{{"thinkingBudget":{budget}}}"#))?,
        (Some(budget), Some(thinking)) if thinking.is_object() => {
            let object = Object::open(thinking)?;
            let mut innermost = Draft::new("generationConfig.thinkingConfig.", &object);
            let (key, _) = either(&innermost, BUDGET)?;
            innermost.set(key, budget.to_string())?;
            for key in LEVEL {
                innermost.remove(key)?;
            }
            innermost.write(patch);
        }
        (Some(_), Some(other)) => return Err(inner.mistyped(key, "an object", other)),
    }
    inner.write(patch);
    Ok(())
}

/// The spelling the client uses of two, and what it holds. The first if it uses none.
fn either<'a>(
    draft: &Draft<'_, 'a>,
    [camel, snake]: [&'static str; 2],
) -> Result<(&'static str, Option<Value<'a>>), EditError> {
    match (draft.find(camel)?, draft.find(snake)?) {
        (Some(_), Some(_)) => Err(draft.duplicate(camel)),
        (None, Some(value)) => Ok((snake, Some(value))),
        (found, None) => Ok((camel, found)),
    }
}

fn part(string: &str) -> String {
    format!(r#"{{"text":{string}}}"#)
}

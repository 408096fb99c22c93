//! Edits of an Anthropic Messages body.
//!
//! System prompt: `system` becomes (or stays) an array whose first block is the prompt; a client's
//! string becomes the second block, its escapes as written. Blocks of the client keep every byte,
//! so their `cache_control` and the cached prefix hold; ours never carries one (there are only
//! four).
//!
//! Thinking, where the model's level sets it: `budget_tokens` is 4096, 12288 or 24576 and
//! `max_tokens` has to be above it. Where it is not, it becomes budget + what the client asked for,
//! at most 32,000 (the smallest output limit of a model that thinks). With thinking, Anthropic
//! refuses `temperature` other than 1, `top_p` below 0.95 and any `top_k`: they are taken out.
//! It also refuses a forced tool (`tool_choice` any or tool), an assistant turn to continue, and
//! tool results whose call was made without thinking. Those are what the client needs most, so
//! there the level is passed over and the request stays as the client made it.
//!
//! Owns: `system`, `thinking` and what conflicts with it.
//! Must not know: another dialect; what a block holds beyond its kind.

use super::draft::{Draft, Object, Patch};
use super::error::EditError;
use super::json::Value;
use super::{Edits, INTERLEAVED_THINKING, Notes, Reasoning, prompt};

/// The smallest output limit of a model that thinks.
const MAX_OUTPUT: u64 = 32_000;

/// What is left for the answer where the client gave no limit.
const ANSWER: u64 = 4096;

pub(super) fn edit(
    draft: &mut Draft<'_, '_>,
    top: &Object<'_>,
    edits: &Edits<'_>,
    patch: &mut Patch,
) -> Result<Notes, EditError> {
    if !edits.system_prompt.is_empty() {
        put_system(draft, edits.system_prompt, patch)?;
    }
    match (edits.reasoning, edits.reasoning.budget()) {
        (Reasoning::Off, _) => {
            draft.remove("thinking")?;
            drop_clear_thinking(draft, patch)?;
            Ok(Notes { remove_betas: &[INTERLEAVED_THINKING], ..Notes::default() })
        }
        (_, Some(budget)) if may_think(top) => {
            put_thinking(draft, budget)?;
            Ok(thinking_notes(true))
        }
        _ => Ok(thinking_notes(thinks(top))),
    }
}

/// Whether the client asks for thinking: any `thinking.type` but `disabled`.
pub(super) fn thinks(top: &Object<'_>) -> bool {
    let kind = top.peek("thinking").and_then(|it| it.get("type"));
    kind.is_some_and(|it| it.inner().is_some() && !it.is_str("disabled"))
}

fn thinking_notes(thinking: bool) -> Notes {
    let add_betas: &[&str] = if thinking { &[INTERLEAVED_THINKING] } else { &[] };
    Notes { thinking, add_betas, ..Notes::default() }
}

fn put_system(draft: &mut Draft<'_, '_>, prompt: &str, patch: &mut Patch) -> Result<(), EditError> {
    let block = prompt::block(prompt);
    match draft.find("system")? {
        None => draft.set("system", format!("[{block}]")),
        Some(system) if system.is_array() => {
            if !prompt::is_among(system, prompt) {
                patch.prepend(system, &block);
            }
            Ok(())
        }
        Some(system) => match system.inner() {
            Some(_) if system.starts_with(prompt) => Ok(()),
            // An empty text block is refused, and an empty string says nothing.
            Some("") => draft.set("system", format!("[{block}]")),
            Some(_) => {
                let own = prompt::block_of(system.raw());
                draft.set("system", format!("[{block},{own}]"))
            }
            None => Err(draft.mistyped("system", "a string or an array of text blocks", system)),
        },
    }
}

fn put_thinking(draft: &mut Draft<'_, '_>, budget: u64) -> Result<(), EditError> {
    draft.set("thinking", format!(r#"{{"type":"enabled","budget_tokens":{budget}}}"#))?;
    let asked = match draft.find("max_tokens")? {
        None => None,
        Some(value) => match value.as_u64() {
            Some(asked) => Some(asked),
            None => return Err(draft.mistyped("max_tokens", "a whole number", value)),
        },
    };
    if asked.is_none_or(|it| it <= budget) {
        let room = asked.unwrap_or(ANSWER).clamp(1, MAX_OUTPUT - budget);
        draft.set("max_tokens", (budget + room).to_string())?;
    }
    if draft.find("temperature")?.is_some_and(|it| it.as_f64() != Some(1.0)) {
        draft.remove("temperature")?;
    }
    if draft.find("top_p")?.is_some_and(|it| it.as_f64().is_none_or(|it| it < 0.95)) {
        draft.remove("top_p")?;
    }
    draft.remove("top_k")
}

/// Whether Anthropic would take this request with thinking on.
fn may_think(top: &Object<'_>) -> bool {
    let choice = top.peek("tool_choice").and_then(|it| it.get("type"));
    if choice.is_some_and(|it| it.is_str("any") || it.is_str("tool")) {
        return false;
    }
    let Some(messages) = top.peek("messages") else { return true };
    let mut last_answer = None;
    let mut last = None;
    for message in messages.elements() {
        last = Some(message);
        if is_role(message, "assistant") {
            last_answer = Some(message);
        }
    }
    let Some(last) = last else { return true };
    if is_role(last, "assistant") {
        return false;
    }
    // In the middle of a tool's turn; a client that thinks already brings its blocks along.
    thinks(top)
        || !has_block(last, |kind| kind.is_str("tool_result"))
        || last_answer.is_some_and(|it| {
            has_block(it, |kind| kind.is_str("thinking") || kind.is_str("redacted_thinking"))
        })
}

fn is_role(message: Value<'_>, role: &str) -> bool {
    message.get("role").is_some_and(|it| it.is_str(role))
}

fn has_block(message: Value<'_>, is_kind: impl Fn(Value<'_>) -> bool) -> bool {
    let Some(content) = message.get("content") else { return false };
    content.elements().any(|block| block.get("type").is_some_and(&is_kind))
}

/// Without thinking, Anthropic refuses `context_management` edits that clear it.
fn drop_clear_thinking(draft: &mut Draft<'_, '_>, patch: &mut Patch) -> Result<(), EditError> {
    let Some(management) = draft.find("context_management")? else { return Ok(()) };
    let object = Object::open(management)?;
    let mut inner = Draft::new("context_management.", &object);
    let Some(edits) = inner.find("edits")? else { return Ok(()) };
    let is_clear =
        |it: &Value<'_>| it.get("type").is_some_and(|kind| kind.starts_with("clear_thinking"));
    if edits.elements().any(|it| is_clear(&it)) {
        let kept: Vec<&str> = edits.elements().filter(|it| !is_clear(it)).map(Value::raw).collect();
        inner.set("edits", format!("[{}]", kept.join(",")))?;
        inner.write(patch);
    }
    Ok(())
}

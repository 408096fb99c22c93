//! Edits of an OpenAI Chat Completions body.
//!
//! System prompt: the first message of role system or developer begins with it (a string with a
//! blank line between, parts with a text part in front); where there is none, a system message
//! becomes the first. Reasoning: `reasoning_effort`; off takes it out.
//!
//! Owns: the system message, `reasoning_effort`, `stream_options.include_usage`.
//! Must not know: another dialect; the messages of users, assistants and tools.

use super::draft::{Draft, Object, Patch, quote};
use super::error::EditError;
use super::json::Value;
use super::{Edits, Notes, Reasoning, prompt};

pub(super) fn edit(
    draft: &mut Draft<'_, '_>,
    edits: &Edits<'_>,
    patch: &mut Patch,
) -> Result<Notes, EditError> {
    if !edits.system_prompt.is_empty() {
        put_system(draft, edits.system_prompt, patch)?;
    }
    if edits.reasoning == Reasoning::Off {
        draft.remove("reasoning_effort")?;
    }
    if let Some(effort) = edits.reasoning.effort() {
        draft.set("reasoning_effort", quote(effort))?;
    }
    Ok(Notes { thinking: edits.reasoning.effort().is_some(), ..Notes::default() })
}

/// Whether the client asks for reasoning: an effort other than `none`.
pub(super) fn thinks(top: &Object<'_>) -> bool {
    let effort = top.peek("reasoning_effort");
    effort.is_some_and(|it| it.inner().is_some() && !it.is_str("none"))
}

/// Whether the client asks for the usage chunk.
pub(super) fn asks_usage(top: &Object<'_>) -> bool {
    let asked = top.peek("stream_options").and_then(|it| it.get("include_usage"));
    asked.and_then(Value::as_bool) == Some(true)
}

/// Asks for the usage chunk; `false` if the client asks for it anyway.
pub(super) fn ask_usage(draft: &mut Draft<'_, '_>, patch: &mut Patch) -> Result<bool, EditError> {
    let Some(options) = draft.find("stream_options")? else {
        draft.set("stream_options", r#"{"include_usage":true}"#.to_owned())?;
        return Ok(true);
    };
    if !options.is_object() {
        return Err(draft.mistyped("stream_options", "an object", options));
    }
    let object = Object::open(options)?;
    let mut inner = Draft::new("stream_options.", &object);
    if inner.find("include_usage")?.and_then(Value::as_bool) == Some(true) {
        return Ok(false);
    }
    inner.set("include_usage", "true".to_owned())?;
    inner.write(patch);
    Ok(true)
}

fn put_system(draft: &mut Draft<'_, '_>, prompt: &str, patch: &mut Patch) -> Result<(), EditError> {
    let Some(messages) = draft.find("messages")? else { return Err(draft.missing("messages")) };
    if !messages.is_array() {
        return Err(draft.mistyped("messages", "an array of messages", messages));
    }
    let mut first = None;
    for message in messages.elements().filter(|it| is_system(*it)) {
        let content = message.get("content");
        if content.is_some_and(|it| it.starts_with(prompt) || prompt::is_among(it, prompt)) {
            return Ok(());
        }
        first = first.or(Some(message));
    }
    let Some(message) = first else {
        let json = format!(r#"{{"role":"system","content":{}}}"#, quote(prompt));
        patch.prepend(messages, &json);
        return Ok(());
    };
    let object = Object::open(message)?;
    let mut inner = Draft::new("messages[].", &object);
    match inner.find("content")? {
        None => inner.set("content", quote(prompt))?,
        Some(parts) if parts.is_array() => patch.prepend(parts, &prompt::block(prompt)),
        Some(own) => match own.inner() {
            Some(text) => inner.set("content", prompt::before(prompt, text))?,
            None => return Err(inner.mistyped("content", "a string or an array of parts", own)),
        },
    }
    inner.write(patch);
    Ok(())
}

fn is_system(message: Value<'_>) -> bool {
    message.get("role").is_some_and(|it| it.is_str("system") || it.is_str("developer"))
}

//! The system prompt put in front of a text, in JSON.
//!
//! Owns: the three shapes of a prompt (a string, a text block, a string before a string) and the
//! question whether it is there already.
//! Must not know: where a dialect keeps its system prompt.

use super::draft::quote;
use super::json::Value;

/// What stands between the prompt and the client's own text.
const BLANK_LINE: &str = "\\n\\n";

/// A text block as Anthropic and chat messages have it.
pub(super) fn block(prompt: &str) -> String {
    block_of(&quote(prompt))
}

/// A text block around a JSON string.
pub(super) fn block_of(string: &str) -> String {
    format!(r#"{{"type":"text","text":{string}}}"#)
}

/// `prompt`, a blank line and the client's text, whose escapes stay as they were written.
pub(super) fn before(prompt: &str, inner: &str) -> String {
    let prompt = quote(prompt);
    if inner.is_empty() {
        return prompt;
    }
    let prompt = prompt.strip_suffix('"').unwrap_or(&prompt);
    format!("{prompt}{BLANK_LINE}{inner}\"")
}

/// Whether one of the text parts of an array begins with `prompt`.
pub(super) fn is_among(parts: Value<'_>, prompt: &str) -> bool {
    parts.elements().any(|it| it.get("text").is_some_and(|text| text.starts_with(prompt)))
}

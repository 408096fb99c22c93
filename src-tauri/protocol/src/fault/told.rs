//! What an error body says, whatever its shape.
//!
//! Owns: the shapes: `{"error": {..}}` of Anthropic, OpenAI and Gemini (also in a one-element
//! array), `{"error": ".."}`, `{"detail": ..}`, `{"message": ..}`, text, HTML, nothing, noise.
//! Must not know: statuses, classes, headers.

use serde_json::Value;

use super::clean::clean_text;

/// Larger bodies are no error documents; their head is read as text.
const MAX_JSON: usize = 256 * 1024;

/// Bytes of a body without a shape that are looked at.
const MAX_TEXT: usize = 16 * 1024;

/// Names in a body worth keeping are short.
const MAX_CODE: usize = 64;

/// What a body says.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// `code`, `type` and `status`, as far as they are names, the most telling first.
    pub(super) codes: Vec<String>,
    /// The parameter that is wrong.
    pub(super) param: Option<String>,
    /// The text for a person, cleaned. Empty if there is none.
    pub(super) message: String,
    /// The object that holds the error, for what else it tells.
    pub(super) error: Value,
}

// === impl Told ===

impl Told {
    /// Reads a body of any shape.
    pub(super) fn read(body: &[u8]) -> Self {
        let json = (body.len() <= MAX_JSON).then(|| serde_json::from_slice::<Value>(body).ok());
        match json.flatten() {
            Some(json) => Self::of_json(json),
            None => Self { message: of_text(body), ..Self::default() },
        }
    }

    /// Whether one of the codes is `name`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.codes.iter().any(|it| it.eq_ignore_ascii_case(name))
    }

    fn of_json(json: Value) -> Self {
        let root = match json {
            Value::Array(items) => items.into_iter().next().unwrap_or_default(),
            other => other,
        };
        let error = match root.get("error").or_else(|| root.get("detail")) {
            Some(inner @ Value::Object(_)) => inner.clone(),
            _ => root.clone(),
        };
        let codes = ["code", "type", "status"]
            .into_iter()
            .filter_map(|key| error.get(key)?.as_str())
            .filter(|it| is_code(it) && *it != "error")
            .map(str::to_owned)
            .collect();
        let param = error.get("param").and_then(Value::as_str).map(str::to_owned);
        let message = message_of(&error).or_else(|| message_of(&root)).unwrap_or_default();
        Self { codes, param, message: clean_text(&message), error }
    }
}

fn is_code(text: &str) -> bool {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    !text.is_empty()
        && text.len() <= MAX_CODE
        && text.bytes().all(is_plain)
        && clean_text(text) == text
}

fn message_of(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    ["message", "detail", "error_description", "msg", "error", "title"].into_iter().find_map(
        |key| match value.get(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            // Lists of what is wrong, one object or text each.
            Value::Array(items) => {
                let texts: Vec<String> = items.iter().filter_map(message_of).collect();
                (!texts.is_empty()).then(|| texts.join("; "))
            }
            _ => None,
        },
    )
}

fn of_text(body: &[u8]) -> String {
    let head = body.get(..body.len().min(MAX_TEXT)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let lower = text.trim_start().to_ascii_lowercase();
    if !lower.starts_with("<!doctype") && !lower.starts_with("<html") {
        return clean_text(&text);
    }
    // A proxy's page: its title says what a person needs.
    let title = between(text.trim_start(), &lower, "<title>", "</title>").unwrap_or_default();
    match clean_text(title) {
        title if title.is_empty() => "an HTML page instead of an answer".to_owned(),
        title => title,
    }
}

/// What stands between two marks, found in the lower-cased twin of `text` (ASCII only, so the
/// offsets agree).
fn between<'t>(text: &'t str, lower: &str, from: &str, to: &str) -> Option<&'t str> {
    let start = lower.find(from)? + from.len();
    let len = lower.get(start..)?.find(to)?;
    text.get(start..start + len)
}

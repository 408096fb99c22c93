//! Fields of foreign files, which write the same thing in several ways.
//!
//! Owns: texts, numbers and booleans as text; keys with their state.
//! Must not know: any one format.

use serde_json::Value;

use crate::pool::account::KeyStatus;
use crate::secret::Secret;

/// The first of these fields that holds some text.
pub(super) fn text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    let found = names.iter().filter_map(|it| value.get(*it)?.as_str());
    found.map(str::trim).find(|it| !it.is_empty())
}

/// `true` and `"true"` are the same.
pub(super) fn flag(value: &Value, name: &str) -> Option<bool> {
    match value.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `7` and `"7"` are the same.
pub(super) fn number(value: &Value, name: &str) -> Option<i64> {
    match value.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A list, or the text of one.
pub(super) fn list(value: &Value, name: &str) -> Vec<Value> {
    match value.get(name) {
        Some(Value::Array(list)) => list.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A key's state in another program's word.
pub(super) fn status(word: Option<&str>) -> KeyStatus {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "disabled" | "inactive" => KeyStatus::Disabled,
        "banned" => KeyStatus::Banned,
        // An error of elsewhere may have passed: it is tried again here.
        _ => KeyStatus::Active,
    }
}

/// A text that can be a key: no blanks, no control characters, not too short.
pub(super) fn key(text: &str) -> Option<Secret> {
    const SHORTEST: usize = 8;
    const LONGEST: usize = 4096;
    let text = text.trim();
    let fits = (SHORTEST..=LONGEST).contains(&text.len())
        && text.bytes().all(|it| (0x21..0x7f).contains(&it));
    fits.then(|| Secret::new(text))
}

//! What every dialect's rules share.
//!
//! Owns: small checks of members, the rule of the system prompt (seed S0 §6), which rules are whose.
//! Must not know: a dialect's own fields, HTTP.

use serde_json::{Map, Value};

use crate::upstream::{rules_anthropic, rules_chat, rules_gemini, rules_responses};

/// Nothing, or the text of the 400 that the real one would answer.
pub(crate) type Checked<T = ()> = Result<T, String>;

pub(crate) type Object = Map<String, Value>;

/// The rules of a dialect, by the name of its folder of fixtures.
pub(crate) fn of(dialect: &str, body: &Object, prompt: &str) -> Checked {
    match dialect {
        "anthropic" => rules_anthropic::check(body, prompt),
        "responses" => rules_responses::check(body, prompt),
        "chat" => rules_chat::check(body, prompt),
        "gemini" => rules_gemini::check(body, prompt, true),
        other => refuse(format!("no rules for {other}")),
    }
}

pub(crate) fn refuse<T>(text: impl Into<String>) -> Checked<T> {
    Err(text.into())
}

pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Checked<&'a Object> {
    value.as_object().ok_or_else(|| format!("{path}: must be an object"))
}

pub(crate) fn array<'a>(value: &'a Value, path: &str) -> Checked<&'a Vec<Value>> {
    value.as_array().ok_or_else(|| format!("{path}: must be an array"))
}

/// A string that is not empty.
pub(crate) fn string<'a>(of: &'a Object, member: &str, path: &str) -> Checked<&'a str> {
    match of.get(member).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) => refuse(format!("{path}{member}: must not be empty")),
        None => refuse(format!("{path}{member}: a string is required")),
    }
}

/// A whole number of at least `least`, if it is there.
pub(crate) fn count(of: &Object, member: &str, least: u64) -> Checked<Option<u64>> {
    match of.get(member) {
        None => Ok(None),
        Some(value) => match value.as_u64().filter(|it| *it >= least) {
            Some(number) => Ok(Some(number)),
            None => refuse(format!("{member}: must be an integer of at least {least}")),
        },
    }
}

/// A number in a range, if it is there.
pub(crate) fn number(of: &Object, member: &str, range: (f64, f64)) -> Checked<Option<f64>> {
    match of.get(member) {
        None => Ok(None),
        Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|it| (range.0..=range.1).contains(it)) {
            Some(number) => Ok(Some(number)),
            None => refuse(format!("{member}: must be a number in {}..={}", range.0, range.1)),
        },
    }
}

/// True or false, if it is there; absent is false.
pub(crate) fn flag(of: &Object, member: &str) -> Checked<bool> {
    match of.get(member) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| format!("{member}: must be a boolean")),
    }
}

/// No member but these; `metadata` is told apart because Factory's client never sends it.
pub(crate) fn only(of: &Object, known: &[&str]) -> Checked {
    if of.contains_key("metadata") {
        return refuse("metadata: must not be sent");
    }
    match of.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => refuse(format!("{key}: Extra inputs are not permitted")),
        None => Ok(()),
    }
}

/// Factory's client drops `top_p` when there is a `temperature` (seed S0 §6.1).
pub(crate) fn no_sampling_conflict(body: &Object) -> Checked {
    let given = |member: &str| body.get(member).is_some_and(|value| !value.is_null());
    if given("temperature") && given("top_p") {
        return refuse("`temperature` and `top_p` cannot both be specified for this model.");
    }
    Ok(())
}

/// The prompt opens the first text, set off from what follows, and occurs nowhere else.
pub(crate) fn prompt_once(texts: &[&str], prompt: &str) -> Checked {
    let Some(rest) = texts.first().and_then(|text| text.strip_prefix(prompt)) else {
        return refuse("the system prompt must begin with Factory's own");
    };
    if rest.starts_with(|letter: char| !letter.is_whitespace()) {
        return refuse("Factory's system prompt must be set off from the client's");
    }
    if texts.iter().map(|text| text.matches(prompt).count()).sum::<usize>() > 1 {
        return refuse("Factory's system prompt must occur once");
    }
    Ok(())
}

/// The texts of a content: the string itself, or the `text` of each part.
pub(crate) fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
        }
        _ => Vec::new(),
    }
}

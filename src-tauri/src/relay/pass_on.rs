//! Which of upstream's headers a client gets.
//!
//! Owns: the list. What is not on it stays here: it may tell whose account was used.
//! Must not know: what the headers say.

use crate::upstream::{HeaderMap, HeaderName, HeaderValue};

const NAMES: [&str; 5] =
    ["request-id", "retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms"];

const PREFIXES: [&str; 3] = ["x-ratelimit-", "ratelimit-", "anthropic-ratelimit-"];

/// The headers that clients read, and nothing else.
pub(super) fn pass_on(headers: &HeaderMap) -> HeaderMap {
    let is_read = |name: &HeaderName| {
        let name = name.as_str();
        NAMES.contains(&name) || PREFIXES.iter().any(|it| name.starts_with(it))
    };
    headers
        .iter()
        .filter(|(name, _)| is_read(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Says what a stream is, and that nobody between may hold it back.
pub(super) fn as_stream(headers: &mut HeaderMap) {
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert("content-type", kind);
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}

/// Says that a body is JSON.
pub(super) fn as_json(headers: &mut HeaderMap) {
    headers.insert("content-type", HeaderValue::from_static("application/json"));
}

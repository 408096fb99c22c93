//! The headers of an answer: upstream's that clients read, and our own.
//!
//! Owns: the list of upstream's. What is not on it stays here: it may tell whose account was used.
//! Must not know: what the headers say.

use crate::outbound::Loss;
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

/// Which parts of the request its translation left out, names alone.
const DROPPED: &str = "x-droid-dropped";
/// The most letters of it; what does not fit is told as `...`.
const MOST_DROPPED: usize = 400;

/// Says which parts of the request the endpoint that answers has no place for.
pub(super) fn tell_losses(headers: &mut HeaderMap, losses: &[Loss]) {
    let mut fields: Vec<&str> = losses.iter().map(|it| it.field).collect();
    fields.sort_unstable();
    fields.dedup();
    let mut told = String::new();
    for field in fields {
        let comma = if told.is_empty() { "" } else { ", " };
        if told.len() + comma.len() + field.len() > MOST_DROPPED {
            told.push_str(", ...");
            break;
        }
        told.push_str(comma);
        told.push_str(field);
    }
    if let Ok(told) = HeaderValue::from_str(&told)
        && !told.is_empty()
    {
        headers.insert(DROPPED, told);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_named_once_and_not_without_end() {
        let loss = |field| Loss { field, rule: "a rule" };
        let told = |losses: &[Loss]| {
            let mut headers = HeaderMap::new();
            tell_losses(&mut headers, losses);
            headers.get(DROPPED).map(|it| it.to_str().unwrap().to_owned())
        };
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[loss("top_k"), loss("seed"), loss("top_k")]).unwrap(), "seed, top_k");
        let long: Vec<Loss> =
            (0..40).map(|n| loss(&"abcdefghijklmnopqrstuvwxyz"[n % 20..])).collect();
        let all = told(&long).unwrap();
        assert!(all.len() < 420 && !all.ends_with("..."), "{all}");
        let text: &'static str = Box::leak("x".repeat(500).into_boxed_str());
        let all = told(&[loss("a"), loss(text)]).unwrap();
        assert_eq!(all, "a, ...");
    }
}

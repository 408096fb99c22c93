//! How many tokens a request has: the question to upstream, and an estimate where nobody counts.
//!
//! Owns: which members a count does not want; the estimate.
//! Must not know: who asks, how the answer is shown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use droid_protocol::dialect::Endpoint;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Outbound;
use crate::error::{Error, Result};

/// Members that are about the output, which a count refuses.
const OUTPUT: [&str; 7] =
    ["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "service_tier"];

/// Members that the model reads, in every dialect.
const INPUT: [&str; 9] = [
    "system",
    "messages",
    "tools",
    "instructions",
    "input",
    "contents",
    "systemInstruction",
    "system_instruction",
    "functions",
];

/// What a picture, a page or a piece of sound counts at: a large picture of the usual size.
const MEDIA: u64 = 1600;

/// Text that is longer than this and has no space is data, not language.
const LONGEST_WORD: usize = 4096;

/// A prepared request as one that asks upstream for a count; none where the model's endpoint has no
/// such call.
///
/// # Errors
/// [`Error::Internal`] where its body is no object.
pub fn counting(mut outbound: Outbound) -> Result<Option<Outbound>> {
    if outbound.route.endpoint != Endpoint::Anthropic {
        return Ok(None);
    }
    // The members as text: what is counted must be what would be sent.
    let whole = outbound.body.whole();
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(&whole)
        .map_err(|_| Error::Internal("an edited body is not an object".to_owned()))?;
    members.retain(|name, _| !OUTPUT.contains(&name.as_ref()));
    let body = serde_json::to_vec(&members)
        .map_err(|_| Error::Internal("a count cannot be asked for".to_owned()))?;
    outbound.url.push_str("/count_tokens");
    outbound.body = Bytes::from(body).into();
    outbound.reading.stream = false;
    // A count is no answer of a model: it is read as it comes.
    outbound.reading.client = outbound.reading.upstream;
    Ok(Some(outbound))
}

/// About how many tokens the model reads in a body of any dialect: system prompt, conversation,
/// tools, and a fixed sum for each picture. Never 0.
///
/// # Errors
/// [`Error::Invalid`] where the body is no JSON object.
pub fn estimate(body: &[u8]) -> Result<u64> {
    let members: BTreeMap<Cow<'_, str>, Value> = serde_json::from_slice(body)
        .map_err(|_| Error::invalid("request", "expected a JSON object"))?;
    let read = members.iter().filter(|(name, _)| INPUT.contains(&name.as_ref()));
    let sum: u64 = read.map(|(name, value)| of_text(name).saturating_add(of(value))).sum();
    Ok(sum.max(1))
}

fn of(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => of_text(text),
        Value::Array(items) => items.iter().map(of).fold(1, u64::saturating_add),
        // A name costs about as much as the punctuation around it.
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| of_text(name).saturating_add(of(value)))
            .fold(1, u64::saturating_add),
    }
}

/// Words of Latin letters take a token for about four bytes, other scripts one for a character.
fn of_text(text: &str) -> u64 {
    let is_data = text.starts_with("data:") || text.len() > LONGEST_WORD && !text.contains(' ');
    if is_data {
        return MEDIA;
    }
    let plain = text.bytes().filter(u8::is_ascii).count();
    let others = text.chars().filter(|it| !it.is_ascii()).count();
    u64::try_from(plain.div_ceil(4) + others).unwrap_or(u64::MAX)
}

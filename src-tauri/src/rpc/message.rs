//! One line of JSON-RPC 2.0, in and out.
//!
//! Owns: the envelope: which call, which id, which params, raw.
//! Must not know: methods, what params mean, stdin and stdout.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The id of an answer to something whose id could not be read.
pub const NO_ID: &str = "null";

/// One call or notification. Borrows from the line. Debug leaves the params out.
pub struct Call<'a> {
    /// The id as written (string, number or null); none for a notification.
    pub id: Option<&'a str>,
    /// The method's name.
    pub method: Cow<'a, str>,
    /// The params as written; none when absent or null.
    pub params: Option<&'a str>,
}

/// What a line holds.
#[derive(Debug)]
pub enum Line<'a> {
    /// One call.
    Single(Result<Call<'a>, BadCall<'a>>),
    /// Several, to be answered in one array.
    Batch(Vec<Result<Call<'a>, BadCall<'a>>>),
}

/// Why something cannot be a call.
#[derive(Debug, PartialEq, Eq)]
pub struct BadCall<'a> {
    /// The id to answer to, as written.
    pub id: &'a str,
    /// -32700 for text that is no JSON, -32600 for JSON that is no call.
    pub not_json: bool,
    /// What is wrong; never repeats the text.
    pub message: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

// === impl Call ===

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Reads one line (without its line end). Blank lines are `None`.
///
/// # Errors
/// For a line that is no JSON at all, or an empty batch.
pub fn parse(line: &[u8]) -> Option<Result<Line<'_>, BadCall<'_>>> {
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(Err(not_json("the line is not valid UTF-8".to_owned())));
    };
    let text = text.trim_matches(|it: char| it.is_ascii_whitespace() || it == '\u{feff}');
    if text.is_empty() {
        return None;
    }
    if text.starts_with('[') { Some(parse_batch(text)) } else { Some(parse_single(text)) }
}

/// The bytes of an answer: `body` is `"result":...` or `"error":...` with its closing brace.
#[must_use]
pub fn answer(id: &str, body: &str) -> String {
    let mut line = String::with_capacity(id.len() + body.len() + 24);
    line.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
    line.push_str(id);
    line.push(',');
    line.push_str(body);
    line
}

fn parse_batch(text: &str) -> Result<Line<'_>, BadCall<'_>> {
    let calls: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| not_json(position(&error)))?;
    if calls.is_empty() {
        return Err(not_a_call(NO_ID, "an empty batch holds no call"));
    }
    Ok(Line::Batch(calls.into_iter().map(|it| parse_call(it.get())).collect()))
}

fn parse_single(text: &str) -> Result<Line<'_>, BadCall<'_>> {
    match parse_call(text) {
        Err(bad) if bad.not_json => Err(bad),
        parsed => Ok(Line::Single(parsed)),
    }
}

fn parse_call(text: &str) -> Result<Call<'_>, BadCall<'_>> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            not_a_call(NO_ID, "a call is an object with jsonrpc, method, params and id, once each")
        } else {
            not_json(position(&error))
        }
    })?;
    let id = envelope.id.map(RawValue::get);
    let answer_to = id.filter(|it| is_id(it)).unwrap_or(NO_ID);
    if id.is_some_and(|it| !is_id(it)) {
        return Err(not_a_call(NO_ID, "id: expected a string, a number or null"));
    }
    if envelope.jsonrpc.as_deref().is_some_and(|it| it != "2.0") {
        return Err(not_a_call(answer_to, "jsonrpc: expected \"2.0\""));
    }
    let Some(method) = envelope.method else {
        return Err(not_a_call(answer_to, "method: missing"));
    };
    let Some(method) = text_of(method.get()) else {
        return Err(not_a_call(answer_to, "method: expected a string"));
    };
    let params = envelope.params.map(RawValue::get);
    if params.is_some_and(|it| !it.starts_with(['{', '['])) {
        return Err(not_a_call(answer_to, "params: expected an object"));
    }
    Ok(Call { id, method, params })
}

/// A JSON string's text, borrowed where it holds no escape.
fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

fn is_id(raw: &str) -> bool {
    raw == NO_ID || raw.starts_with(|it: char| it == '"' || it == '-' || it.is_ascii_digit())
}

/// Tells an absent member (`None`) from a null one (`Some("null")`).
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn position(error: &serde_json::Error) -> String {
    let what = if error.is_eof() { "the JSON ends too early" } else { "this is not JSON" };
    format!("{what} (at character {})", error.column())
}

fn not_json(message: String) -> BadCall<'static> {
    BadCall { id: NO_ID, not_json: true, message }
}

fn not_a_call<'a>(id: &'a str, message: &str) -> BadCall<'a> {
    BadCall { id, not_json: false, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn single(line: &str) -> Result<Call<'_>, BadCall<'_>> {
        match parse(line.as_bytes()) {
            Some(Ok(Line::Single(call))) => call,
            Some(Err(bad)) => Err(bad),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ids_keep_their_spelling() {
        for id in ["1", "-7", "1.50", "18446744073709551616", "\"a\\u0062\"", "null"] {
            let line = format!(r#"{{"jsonrpc":"2.0","method":"ping","id":{id}}}"#);
            assert_eq!(single(&line).expect("a call").id, Some(id));
        }
    }

    #[test]
    fn without_id_it_is_a_notification_and_null_params_are_none() {
        let call = single(r#"{"jsonrpc":"2.0","method":"ping","params":null}"#).expect("a call");
        assert_eq!((call.id, call.params), (None, None));
    }

    #[test]
    fn each_defect_is_named_and_answered_to_its_id() {
        for (line, id, text) in [
            (r#"{"jsonrpc":"1.0","method":"a","id":4}"#, "4", "jsonrpc"),
            (r#"{"jsonrpc":"2.0","id":4}"#, "4", "method: missing"),
            (r#"{"jsonrpc":"2.0","id":"x","method":7}"#, "\"x\"", "method: expected"),
            (r#"{"jsonrpc":"2.0","id":4,"method":"a","params":7}"#, "4", "params"),
            (r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#, "null", "id"),
            (r#"{"id":1,"id":2,"method":"a"}"#, "null", "once each"),
            (r#""text""#, "null", "object"),
        ] {
            let bad = single(line).expect_err(line);
            assert_eq!((bad.id, bad.not_json), (id, false), "{line}");
            assert!(bad.message.contains(text), "{line}: {}", bad.message);
        }
        assert!(single(r#"{"id":1,"#).expect_err("cut").not_json);
        assert!(matches!(parse(b"[]"), Some(Err(BadCall { not_json: false, .. }))));
        assert!(parse(b" \r").is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn arbitrary_bytes_never_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&line));
        }
    }
}

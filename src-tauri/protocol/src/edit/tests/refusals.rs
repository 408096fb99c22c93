//! Bodies that are refused, and what the texts say.
//!
//! Owns: one case for each [`EditError`]; a body's content is never in a text.
//! Must not know: rules of one dialect beyond what they refuse.

use super::super::{Body, EditError, Edits, Reasoning};
use super::prompt_only;
use crate::dialect::Dialect::{self, Anthropic, Chat, Gemini, Responses};

fn refused(dialect: Dialect, body: &[u8], edits: &Edits<'_>) -> EditError {
    match Body::parse(dialect, body) {
        Ok(body) => body.apply(edits).map(|it| it.body().into_owned()).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn what_is_no_json_object_says_where_and_why() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "the body is not valid JSON near byte 0 (it is empty); send one JSON object"),
        (b" \n", "the body is not valid JSON near byte 2 (it is empty); send one JSON object"),
        (
            b"{\"a\":1",
            "the body is not valid JSON near byte 5 (it ends too early); send one JSON object",
        ),
        (
            b"{\"a\":\n\ncanary}",
            "the body is not valid JSON near byte 7 (unexpected character); send one JSON object",
        ),
        (
            b"{} {}",
            "the body is not valid JSON near byte 3 (unexpected character); send one JSON object",
        ),
        (b"{\"a\":\"\xff\"}", "the body is not UTF-8 at byte 6; send JSON encoded as UTF-8"),
        (b"[1]", "the body is an array, not a JSON object; send one request object"),
        (b"\"canary\"", "the body is a string, not a JSON object; send one request object"),
        (
            b"\xef\xbb\xbf{}",
            "the body is not valid JSON near byte 0 (unexpected character); send one JSON object",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refused(Anthropic, body, &Edits::default()).to_string(), expected);
    }
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested =
        |n: usize| format!(r#"{{"model":"m","tools":{}{}}}"#, "[".repeat(n), "]".repeat(n));
    assert!(Body::parse(Anthropic, nested(127).as_bytes()).is_ok());
    for body in [nested(128), nested(100_000), "[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        let error = refused(Anthropic, body.as_bytes(), &Edits::default());
        assert!(matches!(error, EditError::TooDeep { limit: 128, .. }), "{error}");
    }
    // Brackets in a string are text.
    let text = format!(r#"{{"model":"m","a":"{}\"{}"}}"#, "[".repeat(1000), "{".repeat(1000));
    assert!(Body::parse(Anthropic, text.as_bytes()).is_ok());
}

#[test]
fn an_object_with_endless_members_is_refused() {
    let members: Vec<String> = (0..10_001).map(|it| format!("\"k{it}\":0")).collect();
    let error = refused(Chat, format!("{{{}}}", members.join(",")).as_bytes(), &Edits::default());
    assert_eq!(error, EditError::TooManyMembers { limit: 10_000 });
}

#[test]
fn members_of_the_wrong_kind_are_named() {
    let high = Edits { reasoning: Reasoning::High, ..Edits::default() };
    let usage = Edits { include_usage: true, ..Edits::default() };
    let cases = [
        (
            Anthropic,
            r#"{"model":5}"#,
            Edits::default(),
            "`model` is a number; it must be a non-empty string",
        ),
        (
            Chat,
            r#"{"model":""}"#,
            Edits::default(),
            "`model` is a string; it must be a non-empty string",
        ),
        (
            Chat,
            r#"{"stream":"canary"}"#,
            Edits::default(),
            "`stream` is a string; it must be true or false",
        ),
        (
            Anthropic,
            r#"{"system":{"canary":1}}"#,
            prompt_only(),
            "`system` is an object; it must be a string or an array of text blocks",
        ),
        (
            Responses,
            r#"{"instructions":["canary"]}"#,
            prompt_only(),
            "`instructions` is an array; it must be a string",
        ),
        (Chat, "{}", prompt_only(), "`messages` is missing; add it to the body"),
        (
            Chat,
            r#"{"messages":"canary"}"#,
            prompt_only(),
            "`messages` is a string; it must be an array of messages",
        ),
        (
            Chat,
            r#"{"messages":[{"role":"system","content":7}]}"#,
            prompt_only(),
            "`messages[].content` is a number; it must be a string or an array of parts",
        ),
        (
            Gemini,
            r#"{"systemInstruction":[1]}"#,
            prompt_only(),
            "`systemInstruction` is an array; it must be an object with parts",
        ),
        (
            Anthropic,
            r#"{"max_tokens":"canary"}"#,
            high,
            "`max_tokens` is a string; it must be a whole number",
        ),
        (
            Responses,
            r#"{"reasoning":true}"#,
            high,
            "`reasoning` is a boolean; it must be an object",
        ),
        (
            Gemini,
            r#"{"generationConfig":{"thinkingConfig":1}}"#,
            high,
            "`generationConfig.thinkingConfig` is a number; it must be an object",
        ),
        (
            Chat,
            r#"{"stream":true,"stream_options":1}"#,
            usage,
            "`stream_options` is a number; it must be an object",
        ),
    ];
    for (dialect, body, edits, expected) in cases {
        assert_eq!(refused(dialect, body.as_bytes(), &edits).to_string(), expected, "{body}");
    }
}

#[test]
fn a_key_given_twice_is_refused_only_where_a_rule_needs_it() {
    let twice = |field: &str| EditError::Duplicate { field: field.to_owned() };
    let cases = [
        (Chat, r#"{"model":"a","mod\u0065l":"b"}"#, Edits::default(), "model"),
        (Chat, r#"{"stream":true,"stream":false}"#, Edits::default(), "stream"),
        (Anthropic, r#"{"metadata":1,"metadata":2}"#, Edits::default(), "metadata"),
        (Anthropic, r#"{"system":"a","system":"b"}"#, prompt_only(), "system"),
        (
            Gemini,
            r#"{"systemInstruction":{},"system_instruction":{}}"#,
            prompt_only(),
            "systemInstruction",
        ),
        (
            Chat,
            r#"{"messages":[{"role":"system","content":"a","content":"b"}]}"#,
            prompt_only(),
            "messages[].content",
        ),
    ];
    for (dialect, body, edits, field) in cases {
        assert_eq!(refused(dialect, body.as_bytes(), &edits), twice(field));
    }
    let body = r#"{"system":"a","tools":[1],"system":"b","tools":[2]}"#;
    let kept = Body::parse(Anthropic, body.as_bytes()).unwrap();
    assert_eq!(kept.apply(&Edits::default()).unwrap().body(), body.as_bytes());
}

#[test]
fn a_model_must_be_there_but_for_gemini() {
    for dialect in Dialect::ALL {
        let facts = Body::parse(dialect, b"{\"a\":1}").unwrap().facts();
        assert_eq!(facts.is_ok(), dialect == Gemini, "{dialect}");
    }
    let error = Body::parse(Chat, b"{}").unwrap().facts().unwrap_err();
    assert_eq!(error.to_string(), "`model` is missing; add it to the body");
}

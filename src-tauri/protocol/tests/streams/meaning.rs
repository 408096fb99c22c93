//! Every recorded answer means, streamed and whole, what its SDK made of it.
//!
//! Owns: the comparison with `fixtures/expected` and `fixtures/semantic.json`.
//! Must not know: dialects.

use droid_protocol::decode::whole;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event, StopReason, Usage};
use serde_json::{Value, json};

use crate::support::{self, Meaning, check_rules, fixtures, meaning, said};

fn same(what: &str, meaning: &Meaning, expected: &Value) {
    assert_eq!(meaning.text, expected["text"], "{what}");
    assert_eq!(meaning.thinking, expected["thinking"], "{what}");
    let calls: Vec<Value> = meaning
        .calls
        .iter()
        .map(|(name, input)| {
            let arguments: Value = serde_json::from_str(input).unwrap();
            json!({"name": name, "arguments": arguments})
        })
        .collect();
    assert_eq!(Value::from(calls), expected["tool_calls"], "{what}");
    let stop = match meaning.stop {
        Some(StopReason::EndTurn) => "end",
        Some(StopReason::ToolUse) => "tool_use",
        Some(StopReason::MaxTokens) => "max_tokens",
        Some(StopReason::Refusal) => "refusal",
        Some(StopReason::ContentFilter) => "content_filter",
        _ => "other",
    };
    assert_eq!(stop, expected["stop"], "{what}");
    assert_eq!(counts(meaning.usage.unwrap_or_default()), expected["usage"], "{what}");
}

fn counts(usage: Usage) -> Value {
    json!({
        "input_uncached": usage.input_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        "output_total": usage.output_tokens,
        "output_reasoning": usage.reasoning_tokens,
    })
}

#[test]
fn streamed_answers_mean_what_their_sdk_says() {
    let semantic = support::json("semantic.json");
    let mut compared = 0;
    for fixture in Dialect::ALL.into_iter().flat_map(|it| fixtures(it, ".sse")) {
        let (dialect, case) = (fixture.dialect, fixture.case.as_str());
        let what = format!("{dialect}/{case}");
        let said = said(dialect, [fixture.bytes.as_slice()]);
        check_rules(&said.events, said.end);
        assert_eq!(said.skipped, 0, "{what}");
        let meaning = meaning(&said.events);
        assert_eq!(meaning.usage.unwrap_or_default(), said.usage, "{what}");
        let known = &semantic["cases"][case];
        let text = known["text_by_upstream"].get(dialect.as_str()).unwrap_or(&known["text"]);
        if case == "truncated" {
            assert_eq!(said.end, End::Truncated, "{what}");
            assert_eq!(meaning.error.as_ref().unwrap().0, "truncated", "{what}");
            assert_eq!(&meaning.text, text, "{what}");
        } else if case.starts_with("stream_error") {
            assert_eq!(said.end, End::Failed, "{what}");
            assert_eq!(&meaning.text, text, "{what}");
        } else if case.starts_with("http_error") {
            assert_eq!((said.end, said.events.len()), (End::Failed, 1), "{what}");
        } else {
            let expected = support::json(&format!("expected/{dialect}/{case}.json"));
            assert_eq!(said.end, End::Done, "{what}");
            assert_eq!(said.stop, meaning.stop, "{what}");
            assert!(!said.id.is_empty() && !said.model.is_empty(), "{what}");
            same(&what, &meaning, &expected["semantic_stream"]);
            compared += 1;
        }
    }
    assert_eq!(compared, 4 * 10 + 1, "no case was left out unseen");
}

#[test]
fn whole_answers_mean_what_their_sdk_says_and_what_their_stream_means() {
    for fixture in Dialect::ALL.into_iter().flat_map(|it| fixtures(it, ".json")) {
        let (dialect, case) = (fixture.dialect, fixture.case.as_str());
        let what = format!("{dialect}/{case}");
        let events = whole(dialect, &fixture.bytes).unwrap();
        let failed = case.contains("error");
        check_rules(&events, if failed { End::Failed } else { End::Done });
        if failed {
            continue;
        }
        let expected = support::json(&format!("expected/{dialect}/{case}.json"));
        let meaning_whole = meaning(&events);
        same(&what, &meaning_whole, &expected["semantic_nonstream"]);
        assert!(matches!(&events[..], [.., Event::Usage(_), Event::MessageStop { .. }]), "{what}");
        let sse = fixtures(dialect, ".sse").into_iter().find(|it| it.case == case).unwrap();
        let streamed = meaning(&said(dialect, [sse.bytes.as_slice()]).events);
        assert_eq!(streamed.signatures, meaning_whole.signatures, "{what}");
        assert_eq!(streamed.stop, meaning_whole.stop, "{what}");
        assert_eq!(streamed.usage, meaning_whole.usage, "{what}");
    }
}

#[test]
fn error_bodies_keep_upstreams_name_and_text() {
    let named = [
        (Dialect::Anthropic, ["invalid_request_error", "rate_limit_error", "overloaded_error"]),
        (Dialect::Responses, ["invalid_value", "rate_limit_exceeded", "service_unavailable"]),
        (Dialect::Chat, ["invalid_value", "rate_limit_exceeded", "service_unavailable"]),
        (Dialect::Gemini, ["INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE"]),
    ];
    for (dialect, names) in named {
        for (status, name) in ["400", "429", "529"].into_iter().zip(names) {
            let path = format!("{dialect}/http_error_{status}.json");
            let body = support::json(&path);
            let error = meaning(&whole(dialect, body.to_string().as_bytes()).unwrap()).error;
            let (error_type, message) = error.unwrap();
            assert_eq!(error_type, name, "{path}");
            assert_eq!(message, body["error"]["message"], "{path}");
        }
    }
}

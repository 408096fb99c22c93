//! Recorded answers of every provider, written as this one's.
//!
//! Owns: "the same meaning", "the same bytes whatever the chunks", "streamed is whole".
//! Must not know: which events there are.

use serde_json::Value;

use super::{Meaning, decoded, fixtures, meaning, wish};
use crate::decode;
use crate::dialect::Dialect;
use crate::event::{End, StopReason};
use crate::fault::{Fault, TransportKind};
use crate::translate::pair::StreamTranslator;
use crate::translate::{ModelEntry, anthropic};

fn translated(upstream: Dialect, bytes: &[u8], size: usize) -> (Vec<u8>, End) {
    let mut it = StreamTranslator::new(upstream, Dialect::Anthropic, wish(upstream));
    let mut out = Vec::new();
    for chunk in bytes.chunks(size) {
        it.push(chunk, &mut out);
    }
    let end = it.end(&mut out);
    (out, end)
}

/// What is left of an answer's meaning on the way through this dialect.
fn by_table(mut it: Meaning, upstream: Dialect) -> Meaning {
    it.stop = it.stop.map(|it| match it {
        StopReason::ContentFilter => StopReason::Refusal,
        StopReason::MalformedToolCall | StopReason::Other => StopReason::EndTurn,
        other => other,
    });
    // Only Gemini signs text, which has no place for it.
    if upstream == Dialect::Gemini && it.calls.is_empty() {
        it.signatures.clear();
    }
    for signature in &mut it.signatures {
        if upstream != Dialect::Anthropic {
            *signature = format!("dp1.{upstream}.{signature}");
        }
        if upstream == Dialect::Gemini {
            *signature = format!("call.{signature}");
        }
    }
    it
}

/// Arguments without the white space between their tokens, which reading a whole answer takes out.
fn settled(mut it: Meaning) -> Meaning {
    for (_, arguments) in &mut it.calls {
        *arguments = serde_json::from_str::<Value>(arguments).unwrap().to_string();
    }
    it
}

#[test]
fn every_recorded_stream_means_the_same_here() {
    let mut compared = 0;
    for upstream in Dialect::ALL {
        for (case, bytes) in fixtures(upstream.as_str(), ".sse") {
            let what = format!("{upstream}/{case}");
            let (events, end) = decoded(upstream, &bytes, bytes.len());
            let (out, told) = translated(upstream, &bytes, bytes.len());
            assert_eq!(end, told, "{what}");
            let (again, end_again) = decoded(Dialect::Anthropic, &out, out.len());
            assert_eq!(end_again == End::Done, end == End::Done, "{what}");
            let before = by_table(meaning(&events), upstream);
            let mut after = meaning(&again);
            if end != End::Done {
                // The counts so far have no place in an error.
                after.usage = before.usage;
            }
            assert_eq!(after, before, "{what}\n{}", String::from_utf8_lossy(&out));
            super::grammar::check(&out).unwrap_or_else(|why| panic!("{what}: {why}"));
            compared += 1;
        }
    }
    assert_eq!(compared, 62);
}

#[test]
fn chunks_change_nothing() {
    for upstream in Dialect::ALL {
        for (case, bytes) in fixtures(upstream.as_str(), ".sse") {
            let (whole, _) = translated(upstream, &bytes, bytes.len());
            for size in [1, 2, 7, 64, 333] {
                let (out, _) = translated(upstream, &bytes, size);
                assert_eq!(out, whole, "{upstream}/{case} by {size}");
            }
        }
    }
}

#[test]
fn whole_answers_say_what_their_streams_say() {
    let mut compared = 0;
    for upstream in Dialect::ALL {
        for (case, bytes) in fixtures(upstream.as_str(), ".json") {
            let what = format!("{upstream}/{case}");
            let events = decode::whole(upstream, &bytes).unwrap();
            let whole = anthropic::whole(&events, &wish(upstream));
            let read: Value = serde_json::from_slice(&whole.body).unwrap();
            let again = decode::whole(Dialect::Anthropic, &whole.body).unwrap();
            if case.contains("error") {
                assert!(whole.status >= 400 && read["type"] == "error", "{what}: {read}");
                assert!(read["error"]["message"].as_str().is_some_and(|it| !it.is_empty()));
                continue;
            }
            assert_eq!(whole.status, 200, "{what}");
            let before = settled(by_table(meaning(&events), upstream));
            assert_eq!(settled(meaning(&again)), before, "{what}");
            // And the same as the stream of the same events.
            let mut encoder = anthropic::StreamEncoder::new(wish(upstream));
            let mut out = Vec::new();
            for event in &events {
                crate::translate::Encoder::on_event(&mut encoder, event, &mut out);
            }
            let (streamed, _) = decoded(Dialect::Anthropic, &out, out.len());
            assert_eq!(settled(meaning(&streamed)), before, "{what}");
            assert_eq!(super::laws::blocks(&streamed), super::laws::blocks(&again), "{what}");
            compared += 1;
        }
    }
    assert!(compared >= 41, "{compared}");
}

#[test]
fn own_answers_come_home_as_they_left() {
    for (case, bytes) in fixtures("anthropic", ".json") {
        let mut before: Value = serde_json::from_slice(&bytes).unwrap();
        if before["type"] != "message" {
            continue;
        }
        let events = decode::whole(Dialect::Anthropic, &bytes).unwrap();
        let whole = anthropic::whole(&events, &wish(Dialect::Anthropic));
        let after: Value = serde_json::from_slice(&whole.body).unwrap();
        // The hub has no place for these; a same-dialect answer is passed on as it is anyway.
        before["stop_details"] = after["stop_details"].clone();
        for lost in ["service_tier", "inference_geo"] {
            before["usage"].as_object_mut().unwrap().remove(lost);
        }
        assert_eq!(after, before, "{case}");
    }
}

#[test]
fn errors_have_the_status_and_the_name_of_the_table() {
    let cases = [
        (400, "invalid_request_error", 400),
        (401, "authentication_error", 401),
        (402, "billing_error", 402),
        (403, "permission_error", 403),
        (404, "not_found_error", 404),
        (413, "request_too_large", 413),
        (415, "invalid_request_error", 415),
        (422, "invalid_request_error", 422),
        (429, "rate_limit_error", 429),
        (500, "api_error", 500),
        (502, "api_error", 502),
        (503, "overloaded_error", 503),
        (504, "timeout_error", 504),
        (529, "overloaded_error", 529),
        (302, "api_error", 502),
    ];
    for (status, name, answered) in cases {
        let body = br#"{"error":{"message":"the text of upstream"}}"#;
        let fault = Fault::from_response(status, |_: &str| None::<String>, body, 0);
        let whole = anthropic::error(&fault, None);
        let body: Value = serde_json::from_slice(&whole.body).unwrap();
        assert_eq!((whole.status, &body["error"]["type"]), (answered, &Value::from(name)));
        assert_eq!(
            (&body["type"], &body["error"]["message"]),
            (&Value::from("error"), &Value::from("the text of upstream"))
        );
    }
    let timeout = anthropic::error(&Fault::transport(TransportKind::Timeout, "too slow"), None);
    assert_eq!(timeout.status, 504);
    let broken = anthropic::error(&Fault::transport(TransportKind::Connect, "no route"), None);
    assert_eq!(broken.status, 502);
    assert_eq!(anthropic::error(&Fault::truncated(), None).status, 502);
}

#[test]
fn lists_and_counts_have_their_shape() {
    let entry = ModelEntry {
        id: "m\"1".to_owned(),
        display_name: "M 1".to_owned(),
        created: 1_790_000_000,
        context_length: 200_000,
    };
    let list: Value =
        serde_json::from_slice(&anthropic::models(std::slice::from_ref(&entry))).unwrap();
    assert_eq!(list["data"][0]["created_at"], "2026-09-21T14:13:20Z");
    assert_eq!((&list["first_id"], &list["has_more"]), (&Value::from("m\"1"), &Value::from(false)));
    let one: Value = serde_json::from_slice(&anthropic::model(&entry)).unwrap();
    assert_eq!(one, list["data"][0]);
    let none: Value = serde_json::from_slice(&anthropic::models(&[])).unwrap();
    assert!(none["first_id"].is_null() && none["data"] == Value::Array(Vec::new()));
    assert_eq!(anthropic::count_tokens(7), br#"{"input_tokens":7}"#);
}

//! Every recorded stream of every dialect, told to a Responses client.

use serde_json::Value;

use super::files;
use super::laws::check;
use crate::decode::{StreamDecoder, whole as decode_whole};
use crate::dialect::Dialect;
use crate::event::{End, Event, StopReason, Usage};
use crate::translate::ClientWish;
use crate::translate::pair::{self, StreamTranslator};
use crate::translate::responses::whole;

fn wish(upstream: Dialect) -> ClientWish {
    ClientWish { upstream: Some(upstream), created: 1_790_000_000, ..ClientWish::default() }
}

fn translated(upstream: Dialect, bytes: &[u8], size: usize) -> (Vec<u8>, End) {
    let mut translator = StreamTranslator::new(upstream, Dialect::Responses, wish(upstream));
    let mut out = Vec::new();
    for chunk in bytes.chunks(size) {
        translator.push(chunk, &mut out);
    }
    let end = translator.end(&mut out);
    (out, end)
}

fn decoded(dialect: Dialect, bytes: &[u8]) -> Vec<Event> {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events = Vec::new();
    decoder.push(bytes, &mut events);
    decoder.end(&mut events);
    events
}

/// What a list of events says, as far as this dialect can say it.
#[derive(Debug, Default, PartialEq)]
struct Meaning {
    text: String,
    thinking: String,
    calls: Vec<(String, String, String)>,
    stop: Option<StopReason>,
    failed: Option<String>,
    usage: Usage,
}

fn meaning(events: &[Event]) -> Meaning {
    let mut it = Meaning::default();
    for event in events {
        match event {
            Event::TextDelta { text, .. } => it.text.push_str(text),
            Event::ThinkingDelta { thinking, .. } => it.thinking.push_str(thinking),
            Event::ToolUseStart { id, name, .. } => {
                it.calls.push((id.clone(), name.clone(), String::new()));
            }
            Event::ToolUseInputDelta { id, partial_json, .. } => {
                it.calls.iter_mut().find(|it| it.0 == *id).unwrap().2.push_str(partial_json);
            }
            Event::Usage(usage) => {
                it.usage = *usage;
                it.usage.cache_write_5m_tokens += it.usage.cache_write_1h_tokens;
                it.usage.cache_write_1h_tokens = 0;
            }
            Event::MessageStop { stop_reason, .. } => {
                it.stop = Some(match stop_reason {
                    StopReason::ContextWindow => StopReason::MaxTokens,
                    StopReason::StopSequence | StopReason::PauseTurn | StopReason::Other => {
                        StopReason::EndTurn
                    }
                    other => *other,
                });
            }
            Event::Error { message, .. } => it.failed = Some(message.clone()),
            _ => {}
        }
    }
    it
}

#[test]
fn every_recorded_stream_keeps_its_meaning_in_any_chunking() {
    let mut compared = 0;
    for upstream in Dialect::ALL {
        for (case, bytes) in files(upstream.as_str(), ".sse") {
            let (out, end) = translated(upstream, &bytes, bytes.len());
            let seen = check(&out);
            let theirs = meaning(&decoded(upstream, &bytes));
            let ours = meaning(&decoded(Dialect::Responses, &out));
            let malformed = theirs.stop == Some(StopReason::MalformedToolCall);
            if !malformed {
                assert_eq!(ours, theirs, "{upstream}/{case}");
            }
            assert_eq!(seen.end == "failed", end != End::Done || malformed, "{upstream}/{case}");
            for size in [1, 7, 64] {
                assert_eq!(
                    translated(upstream, &bytes, size).0,
                    out,
                    "{upstream}/{case} by {size}"
                );
            }
            compared += 1;
        }
    }
    assert!(compared >= 4 * 14, "{compared}");
}

#[test]
fn every_recorded_answer_means_the_same_whole_as_streamed() {
    for upstream in Dialect::ALL {
        let streams = files(upstream.as_str(), ".sse");
        for (case, bytes) in files(upstream.as_str(), ".json") {
            let Ok(events) = decode_whole(upstream, &bytes) else { continue };
            let answer = whole(&events, &wish(upstream));
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            if matches!(events.last(), Some(Event::Error { .. })) {
                assert!(answer.status >= 400, "{upstream}/{case}");
                assert!(body["error"]["message"].is_string());
                continue;
            }
            assert_eq!(answer.status, 200);
            let again = decode_whole(Dialect::Responses, &answer.body).unwrap();
            assert_eq!(meaning(&again), meaning(&events), "{upstream}/{case}");
            let Some((_, stream)) = streams.iter().find(|it| it.0 == case) else { continue };
            let seen = check(&translated(upstream, stream, 100).0);
            if seen.end != "failed" {
                let text = |it: &Value| {
                    let parts = it["output"].as_array().unwrap().iter();
                    let said = parts.map(|it| {
                        // Some send arguments as an object where nothing is streamed.
                        let arguments = it["arguments"].as_str().unwrap_or("{}");
                        let arguments: Value = serde_json::from_str(arguments).unwrap();
                        format!("{}{arguments}", it["content"])
                    });
                    said.collect::<String>()
                };
                assert_eq!(text(&seen.response), text(&body), "{upstream}/{case}");
            }
        }
    }
}

#[test]
fn a_stream_that_was_passed_on_and_broke_off_is_numbered_on() {
    let mut out = Vec::new();
    let wish = wish(Dialect::Responses);
    pair::break_off(Dialect::Responses, wish, ("resp_1", "m", 7), "cut", &mut out);
    let text = String::from_utf8(out).expect("text");
    assert!(text.starts_with("event: response.failed\ndata: {"), "{text}");
    assert!(
        text.contains("\"sequence_number\":7,") && text.contains("\"id\":\"resp_1\""),
        "{text}"
    );
}

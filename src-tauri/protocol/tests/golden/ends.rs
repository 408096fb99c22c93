//! How answers end, for every decoder and encoder.
//!
//! Owns: `Done`, `Truncated` and `Failed` in each dialect's own words.
//! Must not know: what was said before.

use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{BlockType, End, Event, StopReason};
use droid_protocol::translate::{Encoder, pair};

use crate::grammar;
use crate::support::{pairs, streams, translate, wish};

/// How far an answer may have come when it ends.
fn beginnings() -> Vec<Vec<Event>> {
    let start = Event::MessageStart { id: "id".into(), model: "m".into() };
    let block = |index, block_type| Event::ContentBlockStart { index, block_type, data: None };
    let text = |index| Event::TextDelta { index, text: "so far".into() };
    let call = Event::ToolUseStart { index: 1, id: "c".into(), name: "lookup".into() };
    let half =
        Event::ToolUseInputDelta { index: 1, id: "c".into(), partial_json: "{\"a\":".into() };
    let all = [
        start,
        Event::Ping,
        block(0, BlockType::Text),
        text(0),
        Event::ContentBlockStop { index: 0 },
        block(1, BlockType::ToolUse),
        call,
        half,
    ];
    (0..=all.len()).map(|it| all.iter().take(it).cloned().collect()).collect()
}

/// The dialect's own error, and nothing that says that all is well.
fn assert_error(to: Dialect, bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap();
    let (error, clean): (&str, &[&str]) = match to {
        Dialect::Anthropic => ("event: error\ndata: {\"type\":\"error\",", &["message_stop"]),
        Dialect::Responses => ("event: response.failed\n", &["response.completed", ".incomplete"]),
        Dialect::Chat => ("data: {\"error\":{", &["[DONE]", "\"finish_reason\":\""]),
        Dialect::Gemini => ("data: {\"error\":{", &["finishReason"]),
    };
    assert_eq!(text.matches(error).count(), 1, "{what}: {text}");
    assert!(clean.iter().all(|it| !text.contains(it)), "{what}: {text}");
    let mut decoder = StreamDecoder::new(to);
    decoder.push(bytes, &mut Vec::new());
    assert_eq!(decoder.end(&mut Vec::new()), End::Failed, "{what}: {text}");
}

#[test]
fn an_encoder_that_is_told_of_a_bad_end_says_so_wherever_it_is() {
    for (upstream, to) in pairs() {
        for events in beginnings() {
            for (end, error) in [
                (End::Truncated, None),
                (End::Failed, None),
                (End::Failed, Some(("overloaded_error", "Overloaded"))),
                (End::Truncated, Some(("truncated", "cut"))),
            ] {
                let mut encoder = pair::StreamEncoder::new(to, wish(upstream));
                let mut out = Vec::new();
                events.iter().for_each(|it| encoder.on_event(it, &mut out));
                if let Some((kind, message)) = error {
                    let (error_type, message) = (kind.to_owned(), message.to_owned());
                    encoder.on_event(&Event::Error { error_type, message }, &mut out);
                }
                encoder.on_end(end, &mut out);
                let length = out.len();
                encoder.on_end(End::Done, &mut out);
                encoder.on_event(&Event::Ping, &mut out);
                let what = format!("{to} after {} events: {end:?} {error:?}", events.len());
                assert_eq!(out.len(), length, "{what}: nothing behind the end");
                grammar::check(to, &out, true);
                assert_error(to, &out, &what);
            }
        }
    }
}

#[test]
fn an_encoder_that_is_told_of_a_good_end_ends_clean_once() {
    let done = Event::MessageStop { stop_reason: StopReason::EndTurn, stop_sequence: None };
    for (upstream, to) in pairs() {
        // With and without the event that says so; a call must be whole.
        for told in [true, false] {
            for events in beginnings().into_iter().skip(1).take(5).filter(|it| it.len() != 3) {
                let mut encoder = pair::StreamEncoder::new(to, wish(upstream));
                let mut out = Vec::new();
                events.iter().for_each(|it| encoder.on_event(it, &mut out));
                if events.len() == 4 {
                    encoder.on_event(&Event::ContentBlockStop { index: 0 }, &mut out);
                }
                if told {
                    encoder.on_event(&done, &mut out);
                }
                encoder.on_end(End::Done, &mut out);
                grammar::check(to, &out, true);
                let mut decoder = StreamDecoder::new(to);
                decoder.push(&out, &mut Vec::new());
                let text = String::from_utf8_lossy(&out);
                assert_eq!(decoder.end(&mut Vec::new()), End::Done, "{to}: {text}");
            }
        }
    }
}

#[test]
fn a_recorded_stream_cut_anywhere_is_an_error_or_whole() {
    for (from, to) in pairs() {
        for fixture in streams(from) {
            // Every byte is too many: every frame's end, and the middle of every frame.
            let ends: Vec<usize> = (1..fixture.bytes.len())
                .filter(|it| fixture.bytes.get(it - 1..=*it) == Some(b"\n\n"))
                .flat_map(|it| [it.saturating_sub(20), it + 1])
                .collect();
            for at in ends {
                let cut = fixture.bytes.get(..at).unwrap();
                let stream = translate(from, to, [cut]);
                let what = format!("{from}/{} to {to} at {at}", fixture.case);
                if stream.end == End::Done {
                    grammar::check(to, &stream.bytes, true);
                } else {
                    assert_error(to, &stream.bytes, &what);
                }
            }
        }
    }
}

//! Chat Completions on both sides of the hub.
//!
//! Owns: what the tests share: fixtures, what events and chunks amount to.
//! Must not know: how anything is written.

mod bodies;
mod errors;
#[path = "../../../tests/golden/grammar/chat.rs"]
mod grammar;
mod hub;
mod laws;
mod own;
mod streams;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::decode::StreamDecoder;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::request::Request;
use crate::translate::chat::{Codec, StreamEncoder};
use crate::translate::{ClientWish, Encoder, RequestCodec, Translated};

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// The files of a folder that end in `ext`, by name.
fn files(path: &str, ext: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder(path))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(ext)?.to_owned();
            (!name.contains('.')).then(|| (name, fs::read(&path).unwrap()))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 14, "{path}: {}", found.len());
    found
}

fn read(body: &str) -> Request {
    Codec::read(body.as_bytes()).unwrap()
}

fn write(request: &Request) -> (Value, Translated) {
    let translated = Codec::write(request).unwrap();
    let json = serde_json::from_slice(&translated.body)
        .unwrap_or_else(|it| panic!("{it}: {}", String::from_utf8_lossy(&translated.body)));
    (json, translated)
}

/// A request as text, for comparing: the hub has no equality.
fn dump(request: &Request) -> String {
    format!("{request:#?}")
}

fn wish() -> ClientWish {
    ClientWish {
        model: "asked".to_owned(),
        include_usage: true,
        created: 1_790_000_000,
        ..ClientWish::default()
    }
}

/// What events amount to in this dialect's eyes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Meaning {
    text: String,
    thinking: String,
    refusal: String,
    calls: Vec<(String, String, String)>,
    stop: Option<StopReason>,
    usage: Option<Usage>,
    error: Option<(String, String)>,
}

fn meaning(events: &[Event]) -> Meaning {
    let mut it = Meaning::default();
    let mut refusals = Vec::new();
    let mut calls: Vec<u32> = Vec::new();
    for event in events {
        match event {
            Event::ContentBlockStart { index, block_type: BlockType::Refusal, .. } => {
                refusals.push(*index);
            }
            Event::TextDelta { index, text } if refusals.contains(index) => {
                it.refusal.push_str(text);
            }
            Event::TextDelta { text, .. } => it.text.push_str(text),
            Event::ThinkingDelta { thinking, .. } => it.thinking.push_str(thinking),
            Event::ToolUseStart { index, id, name } => {
                calls.push(*index);
                it.calls.push((id.clone(), name.clone(), String::new()));
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                let at = calls.iter().rposition(|it| it == index).unwrap();
                it.calls[at].2.push_str(partial_json);
            }
            Event::Usage(usage) => it.usage = Some(*usage),
            Event::MessageStop { stop_reason, .. } => it.stop = Some(*stop_reason),
            Event::Error { error_type, message } => {
                it.error = Some((error_type.clone(), message.clone()));
            }
            _ => {}
        }
    }
    it
}

/// The same as a client of this dialect can be told it.
fn as_told(mut it: Meaning) -> Meaning {
    if let Some(usage) = &mut it.usage {
        usage.cache_write_5m_tokens += usage.cache_write_1h_tokens;
        usage.cache_write_1h_tokens = 0;
    }
    if it.stop == Some(StopReason::Refusal) && it.refusal.is_empty() {
        it.refusal = super::ends::REFUSED.to_owned();
    }
    let calls = !it.calls.is_empty();
    it.stop = it.stop.map(|stop| match stop {
        StopReason::MaxTokens | StopReason::ContextWindow => StopReason::MaxTokens,
        StopReason::ContentFilter => StopReason::ContentFilter,
        // Read back, a call says more than a natural end, and so does a refusal.
        _ if calls => StopReason::ToolUse,
        StopReason::Refusal => StopReason::Refusal,
        _ if !it.refusal.is_empty() => StopReason::Refusal,
        _ => StopReason::EndTurn,
    });
    it
}

fn decoded(dialect: Dialect, bytes: &[u8]) -> (Vec<Event>, End) {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events = Vec::new();
    decoder.push(bytes, &mut events);
    let end = decoder.end(&mut events);
    (events, end)
}

fn encoded(events: &[Event], end: End, wish: &ClientWish) -> Vec<u8> {
    let mut encoder = StreamEncoder::new(wish.clone());
    let mut out = Vec::new();
    for event in events {
        encoder.on_event(event, &mut out);
    }
    encoder.on_end(end, &mut out);
    encoder.on_event(&Event::Ping, &mut out);
    encoder.on_end(End::Failed, &mut out);
    out
}

/// What a stream of this dialect has to be, whatever it was made of.
fn check_laws(bytes: &[u8], wish: &ClientWish) {
    grammar::check(bytes, wish.include_usage);
}

//! What this dialect promises on both sides of the hub.
//!
//! Owns: fixtures by name, and what a list of events or a request amounts to.
//! Must not know: how anything is written.

use std::fs;
use std::path::PathBuf;

use crate::decode::StreamDecoder;
use crate::dialect::Dialect;
use crate::event::{End, Event, StopReason, Usage};
use crate::translate::ClientWish;

#[path = "../../../tests/golden/grammar/anthropic.rs"]
mod grammar;
mod laws;
mod pairing;
mod requests;
mod rules;
mod streams;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Name and bytes of every fixture in a folder whose name ends so, sorted.
fn fixtures(folder: &str, ext: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter_map(|path| {
            let case = path.file_name()?.to_str()?.strip_suffix(ext)?.to_owned();
            (!case.contains('.')).then(|| (case, fs::read(&path).unwrap()))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 14, "{folder}: {}", found.len());
    found
}

fn wish(upstream: Dialect) -> ClientWish {
    ClientWish {
        model: "asked-for".to_owned(),
        upstream: Some(upstream),
        created: 1_790_000_000,
        ..ClientWish::default()
    }
}

/// The events of a stream in chunks of a size, and how it ended.
fn decoded(dialect: Dialect, bytes: &[u8], size: usize) -> (Vec<Event>, End) {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events = Vec::new();
    for chunk in bytes.chunks(size.max(1)) {
        decoder.push(chunk, &mut events);
    }
    let end = decoder.end(&mut events);
    assert_eq!(decoder.skipped(), 0, "a frame nobody can read");
    (events, end)
}

/// What an answer says, whatever its pieces.
#[derive(Clone, Debug, Default, PartialEq)]
struct Meaning {
    text: String,
    thinking: String,
    calls: Vec<(String, String)>,
    signatures: Vec<String>,
    stop: Option<StopReason>,
    stop_sequence: Option<String>,
    failed: bool,
    usage: Usage,
}

fn meaning(events: &[Event]) -> Meaning {
    let mut it = Meaning::default();
    let mut calls: std::collections::BTreeMap<u32, (String, String)> = Default::default();
    for event in events.iter().cloned() {
        match event {
            Event::TextDelta { text, .. } => it.text.push_str(&text),
            Event::ThinkingDelta { thinking, .. } => it.thinking.push_str(&thinking),
            Event::SignatureDelta { signature, .. } => it.signatures.push(signature),
            Event::ToolUseStart { index, name, .. } => {
                calls.insert(index, (name, String::new()));
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                calls.get_mut(&index).unwrap().1.push_str(&partial_json);
            }
            Event::Usage(usage) => it.usage = usage,
            Event::MessageStop { stop_reason, stop_sequence } => {
                it.stop = Some(stop_reason);
                it.stop_sequence = stop_sequence;
            }
            Event::Error { .. } => it.failed = true,
            Event::MessageStart { .. }
            | Event::ContentBlockStart { .. }
            | Event::ToolUseStop { .. }
            | Event::ContentBlockStop { .. }
            | Event::Ping => {}
        }
    }
    it.calls = calls.into_values().collect();
    it
}

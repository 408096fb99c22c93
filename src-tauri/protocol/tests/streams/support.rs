//! Fixtures, a decoder driven by chunks, and what a list of events amounts to.
//!
//! Owns: reading fixtures; [`Meaning`]; the rules every list of events keeps.
//! Must not know: any dialect's field names.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use droid_protocol::decode::{Meter, StreamDecoder};
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{BlockType, End, Event, StopReason, Usage};
use serde_json::Value;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) dialect: Dialect,
    pub(crate) case: String,
    pub(crate) bytes: Vec<u8>,
}

/// Every fixture of a dialect whose name ends in `ext`, sorted.
pub(crate) fn fixtures(dialect: Dialect, ext: &str) -> Vec<Fixture> {
    let folder = root().join("fixtures").join(dialect.as_str());
    let mut found: Vec<Fixture> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter_map(|path| {
            let case = path.file_name()?.to_str()?.strip_suffix(ext)?.to_owned();
            let bytes = fs::read(&path).unwrap();
            (!case.contains('.')).then_some(Fixture { dialect, case, bytes })
        })
        .collect();
    found.sort_by(|a, b| a.case.cmp(&b.case));
    assert!(found.len() >= 14, "{dialect}: {}", found.len());
    found
}

pub(crate) fn json(path: &str) -> Value {
    serde_json::from_slice(&fs::read(root().join("fixtures").join(path)).unwrap()).unwrap()
}

/// Everything a decoder said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) events: Vec<Event>,
    pub(crate) end: End,
    pub(crate) usage: Usage,
    pub(crate) stop: Option<StopReason>,
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) skipped: u64,
}

pub(crate) fn said<'a>(dialect: Dialect, chunks: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(chunk, &mut events);
    }
    finished(decoder, events)
}

/// Like [`said`], saved and restored after every chunk.
pub(crate) fn said_carried<'a>(
    dialect: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Said {
    let mut saved = StreamDecoder::new(dialect).save();
    let mut events = Vec::new();
    for chunk in chunks {
        let mut decoder = StreamDecoder::restore(&saved).unwrap();
        decoder.push(chunk, &mut events);
        saved = decoder.save();
    }
    finished(StreamDecoder::restore(&saved).unwrap(), events)
}

/// What a meter read; the events lack deltas.
pub(crate) fn metered<'a>(dialect: Dialect, chunks: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut meter = Meter::new(dialect);
    let mut events = Vec::new();
    for chunk in chunks {
        meter.push(chunk, &mut events);
    }
    let end = meter.end(&mut events);
    let read = meter.read();
    let (usage, stop) = (read.usage(), read.stop_reason());
    let (id, model) = (read.id().to_owned(), read.model().to_owned());
    Said { events, end, usage, stop, id, model, skipped: read.skipped() }
}

pub(crate) fn finished(mut decoder: StreamDecoder, mut events: Vec<Event>) -> Said {
    let end = decoder.end(&mut events);
    assert_eq!(decoder.ended(), Some(end));
    let count = events.len();
    decoder.push(b"data: {}\n\n", &mut events);
    assert_eq!((decoder.end(&mut events), events.len()), (end, count), "the end is final");
    let (usage, stop) = (decoder.usage(), decoder.stop_reason());
    let (id, model) = (decoder.id().to_owned(), decoder.model().to_owned());
    Said { events, end, usage, stop, id, model, skipped: decoder.skipped() }
}

/// What a response says, whatever its pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meaning {
    pub(crate) text: String,
    pub(crate) thinking: String,
    /// Name and arguments text of each call, in order.
    pub(crate) calls: Vec<(String, String)>,
    pub(crate) signatures: Vec<String>,
    pub(crate) stop: Option<StopReason>,
    pub(crate) stop_sequence: Option<String>,
    pub(crate) error: Option<(String, String)>,
    pub(crate) usage: Option<Usage>,
}

pub(crate) fn meaning(events: &[Event]) -> Meaning {
    let mut meaning = Meaning::default();
    let mut calls: BTreeMap<u32, (String, String)> = BTreeMap::new();
    for event in events.iter().cloned() {
        match event {
            Event::TextDelta { text, .. } => meaning.text.push_str(&text),
            Event::ThinkingDelta { thinking, .. } => meaning.thinking.push_str(&thinking),
            Event::SignatureDelta { signature, .. } => meaning.signatures.push(signature),
            Event::ToolUseStart { index, name, .. } => {
                calls.insert(index, (name, String::new()));
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                calls.get_mut(&index).unwrap().1.push_str(&partial_json);
            }
            Event::Usage(usage) => meaning.usage = Some(usage),
            Event::MessageStop { stop_reason, stop_sequence } => {
                meaning.stop = Some(stop_reason);
                meaning.stop_sequence = stop_sequence;
            }
            Event::Error { error_type, message } => meaning.error = Some((error_type, message)),
            Event::MessageStart { .. }
            | Event::ContentBlockStart { .. }
            | Event::ToolUseStop { .. }
            | Event::ContentBlockStop { .. }
            | Event::Ping => {}
        }
    }
    meaning.calls = calls.into_values().collect();
    meaning
}

/// Fails unless the events keep the rules of the hub. `end` is how the response ended.
pub(crate) fn check_rules(events: &[Event], end: End) {
    let mut open: BTreeMap<u32, (BlockType, Option<String>, bool)> = BTreeMap::new();
    let mut next = 0;
    let mut started = false;
    for (at, event) in events.iter().enumerate() {
        let last = at + 1 == events.len();
        let kind = |index: &u32| open.get(index).map(|it| it.0);
        match event {
            Event::MessageStart { .. } => {
                assert!(!started && next == 0, "one start, first: {events:?}");
                started = true;
            }
            Event::ContentBlockStart { index, block_type, data } => {
                assert!(started, "a block before the start: {events:?}");
                assert_eq!(*index, next, "contiguous");
                assert_eq!(data.is_some(), *block_type == BlockType::RedactedThinking);
                next += 1;
                open.insert(*index, (*block_type, None, false));
            }
            Event::TextDelta { index, text } => {
                assert!(matches!(kind(index), Some(BlockType::Text | BlockType::Refusal)));
                assert!(!text.is_empty());
            }
            Event::ThinkingDelta { index, thinking } => {
                assert_eq!(kind(index), Some(BlockType::Thinking));
                assert!(!thinking.is_empty());
            }
            Event::SignatureDelta { index, .. } => assert!(kind(index).is_some()),
            Event::ToolUseStart { index, id, .. } => {
                let block = open.get_mut(index).unwrap();
                assert_eq!((block.0, &block.1), (BlockType::ToolUse, &None));
                assert!(!id.is_empty());
                block.1 = Some(id.clone());
            }
            Event::ToolUseInputDelta { index, id, partial_json } => {
                let block = &open[index];
                assert_eq!((block.1.as_ref(), block.2), (Some(id), false));
                assert!(!partial_json.is_empty());
            }
            Event::ToolUseStop { index, id } => {
                let block = open.get_mut(index).unwrap();
                assert_eq!((block.1.as_ref(), block.2), (Some(id), false));
                block.2 = true;
            }
            Event::ContentBlockStop { index } => {
                let (kind, _, stopped) = open.remove(index).unwrap();
                assert_eq!(stopped, kind == BlockType::ToolUse);
            }
            Event::MessageStop { .. } => {
                assert!(started && open.is_empty() && last, "{events:?}");
                assert_eq!(end, End::Done);
            }
            Event::Error { message, .. } => {
                assert!(last && end != End::Done, "{events:?}");
                assert!(message.chars().count() <= 500);
            }
            Event::Usage(_) | Event::Ping => {}
        }
    }
    let told = events.iter().rev().take(1);
    let terminal = told.filter(|it| matches!(it, Event::MessageStop { .. } | Event::Error { .. }));
    assert_eq!(terminal.count(), 1, "ends with a terminal event: {events:?}");
}

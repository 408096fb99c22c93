//! Streams that real servers send and no fixture records.
//!
//! Owns: hand-made streams, one test for each way in which servers differ.
//! Must not know: how a decoder does it.

mod anthropic;
mod chat;
mod errors;
mod gemini;
mod responses;

use droid_protocol::dialect::Dialect::{self};
use droid_protocol::event::{BlockType, Event};
use serde_json::Value;

use crate::support::{Said, check_rules, meaning, said};

/// The stream of these frames; a string is a frame that is no JSON.
pub(super) fn stream(dialect: Dialect, frames: &[Value]) -> Said {
    let text: String = frames
        .iter()
        .map(|it| match it {
            Value::String(text) => format!("data: {text}\n\n"),
            json => format!("data: {json}\n\n"),
        })
        .collect();
    let said = said(dialect, [text.as_bytes()]);
    check_rules(&said.events, said.end);
    said
}

pub(super) fn calls(said: &Said) -> Vec<(String, String)> {
    meaning(&said.events).calls
}

pub(super) fn call(name: &str, input: &str) -> (String, String) {
    (name.to_owned(), input.to_owned())
}

pub(super) fn ids(said: &Said) -> Vec<&str> {
    let id = |it: &'_ Event| matches!(it, Event::ToolUseStart { .. });
    said.events
        .iter()
        .filter(|it| id(it))
        .map(|it| match it {
            Event::ToolUseStart { id, .. } => id.as_str(),
            _ => "",
        })
        .collect()
}

pub(super) fn blocks(said: &Said) -> Vec<BlockType> {
    said.events
        .iter()
        .filter_map(|it| match it {
            Event::ContentBlockStart { block_type, .. } => Some(*block_type),
            _ => None,
        })
        .collect()
}

//! What is decoded, edited and translated, made of recordings.
//!
//! Owns: streams and requests of any length.
//! Must not know: what is done with them.
#![allow(dead_code, reason = "each benchmark uses its part of it")]

use std::path::{Path, PathBuf};

use droid_protocol::dialect::Dialect;
use serde_json::{Value, json};

/// A recorded stream with one of its text frames repeated until it is `frames` long.
pub(crate) fn stream(dialect: Dialect, frames: usize) -> Vec<u8> {
    let mark = match dialect {
        Dialect::Anthropic => "\"text_delta\"",
        Dialect::Responses => "\"response.output_text.delta\"",
        Dialect::Chat => "\"content\":\"",
        Dialect::Gemini => "\"text\":",
    };
    repeated(dialect, "plain_text", mark, frames)
}

/// A recorded stream with a piece of a call's arguments repeated, which need not be JSON then.
/// Gemini's come whole: there it is calls.
pub(crate) fn calls(dialect: Dialect, frames: usize) -> Vec<u8> {
    let mark = match dialect {
        Dialect::Anthropic => "\"input_json_delta\"",
        Dialect::Responses => "\"response.function_call_arguments.delta\"",
        Dialect::Chat => "{\"arguments\":\"",
        Dialect::Gemini => "\"functionCall\":",
    };
    repeated(dialect, "tool_call", mark, frames)
}

/// A recorded request whose turns, or turns of a text, are repeated until it has `size` bytes.
pub(crate) fn request(dialect: Dialect, text: Option<&str>, size: usize) -> Vec<u8> {
    let file = fixtures().join("requests").join(dialect.as_str()).join("tool_result.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut body = recorded["body"].clone();
    let turns = match dialect {
        Dialect::Anthropic | Dialect::Chat => &mut body["messages"],
        Dialect::Responses => &mut body["input"],
        Dialect::Gemini => &mut body["contents"],
    };
    let turns = turns.as_array_mut().unwrap();
    let unit = match text {
        None => turns.clone(),
        Some(text) => vec![match dialect {
            Dialect::Anthropic => {
                json!({"role": "user", "content": [{"type": "text", "text": text}]})
            }
            Dialect::Responses => {
                json!({"role": "user", "content": [{"type": "input_text", "text": text}]})
            }
            Dialect::Chat => json!({"role": "user", "content": text}),
            Dialect::Gemini => json!({"role": "user", "parts": [{"text": text}]}),
        }],
    };
    let length = serde_json::to_vec(&unit).unwrap().len();
    for _ in 0..size.div_ceil(length) {
        turns.extend_from_slice(&unit);
    }
    serde_json::to_vec(&body).unwrap()
}

/// Source code, as agents send it: line ends, quotes, tabs.
pub(crate) fn text() -> String {
    "\tlet answer = ask(\"what is it\")?; // straße 漢字\n".repeat(160)
}

fn repeated(dialect: Dialect, case: &str, mark: &str, n: usize) -> Vec<u8> {
    let file = fixtures().join(dialect.as_str()).join(format!("{case}.sse"));
    let recorded = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    let frames: Vec<&str> = recorded.split_inclusive("\n\n").collect();
    let at = frames.iter().rposition(|it| it.contains(mark)).unwrap();
    let unit = frames[at].replace("\"finishReason\":\"STOP\",", "");
    frames[..at]
        .concat()
        .into_bytes()
        .into_iter()
        .chain(unit.repeat(n - frames.len()).into_bytes())
        .chain(frames[at..].concat().into_bytes())
        .collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

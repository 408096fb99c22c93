//! The laws of a Responses stream (grammar section 2), checked as its strictest client would.
//!
//! Owns: [`Seen`], what a client makes of a stream. The unit tests of the dialect include this file.
//! Must not know: the code under test.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a lawful stream amounts to.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The response object of the terminal event.
    pub(crate) response: Value,
    /// `completed`, `incomplete` or `failed`.
    pub(crate) end: String,
    pub(crate) events: Vec<Value>,
}

/// An item between `added` and `done`.
#[derive(Debug)]
struct Open {
    item: Value,
    /// Pieces of its parts or its arguments, by kind and index.
    pieces: BTreeMap<(String, u64), String>,
    parts: Vec<Value>,
    summary: Vec<Value>,
    whole: Option<String>,
}

/// The events of a stream; panics where its framing is not the one every client takes.
pub(crate) fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let frames = text.strip_suffix("\n\n").into_iter().flat_map(|it| it.split("\n\n"));
    let mut events = Vec::new();
    for frame in frames.filter(|it| *it != ": ping") {
        let (name, data) = frame.split_once('\n').unwrap();
        let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: ").unwrap(), event["type"], "{frame}");
        events.push(event);
    }
    if events.is_empty() {
        assert!(text.is_empty() || text.ends_with(": ping\n\n"), "{text}");
    }
    events
}

/// Fails unless the stream is one that the official client accumulates without complaint.
pub(crate) fn check(bytes: &[u8]) -> Seen {
    let events = events(bytes);
    let mut open: BTreeMap<u64, Open> = BTreeMap::new();
    let mut done: BTreeMap<u64, Value> = BTreeMap::new();
    let mut added = 0;
    let mut id = Value::Null;
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at, "{event}");
        let kind = event["type"].as_str().unwrap();
        let index = event["output_index"].as_u64();
        match kind {
            "response.created" => {
                assert_eq!(at, 0);
                id = event["response"]["id"].clone();
                assert!(!id.as_str().unwrap().is_empty());
            }
            "response.in_progress" => assert_eq!((at, &event["response"]["id"]), (1, &id)),
            "response.completed" | "response.incomplete" | "response.failed" => {
                assert_eq!(at + 1, events.len(), "one terminal event, last");
                assert_eq!(event["response"]["id"], id);
                let end = kind.trim_start_matches("response.");
                assert_eq!(event["response"]["status"], end);
                if end != "failed" {
                    assert!(open.is_empty(), "every item is done: {open:?}");
                    assert_eq!(done.len() as u64, added);
                }
                let output: Vec<_> = done.into_values().collect();
                assert_eq!(event["response"]["output"], json!(output));
                let response = event["response"].clone();
                check_response(&response);
                return Seen { response, end: end.to_owned(), events: events.clone() };
            }
            "response.output_item.added" => {
                assert_eq!(index, Some(added), "contiguous: {event}");
                added += 1;
                let item = event["item"].clone();
                let (parts, summary) = (Vec::new(), Vec::new());
                let pieces = BTreeMap::new();
                open.insert(added - 1, Open { item, pieces, parts, summary, whole: None });
            }
            "response.output_item.done" => {
                let it = open.remove(&index.unwrap()).expect("added before done");
                it.check_done(&event["item"]);
                done.insert(index.unwrap(), event["item"].clone());
            }
            _ => open.get_mut(&index.unwrap()).expect("added before anything").on_event(event),
        }
    }
    Seen { response: Value::Null, end: String::new(), events }
}

fn check_response(response: &Value) {
    assert_eq!(response["object"], "response");
    for name in
        ["created_at", "metadata", "model", "output", "parallel_tool_calls", "tool_choice", "tools"]
    {
        assert!(!response[name].is_null(), "{name}");
    }
    let failed = response["status"] == "failed";
    assert_eq!(response["error"]["message"].is_string(), failed);
    assert_eq!(response["error"]["code"].is_string(), failed);
    let cut = response["status"] == "incomplete";
    assert_eq!(response["incomplete_details"]["reason"].is_string(), cut);
    if let Some(usage) = response["usage"].as_object() {
        assert!(usage["input_tokens_details"]["cached_tokens"].is_u64());
        assert!(usage["input_tokens_details"]["cache_write_tokens"].is_u64());
        assert!(usage["output_tokens_details"]["reasoning_tokens"].is_u64());
    }
}

// === impl Open ===

impl Open {
    fn on_event(&mut self, event: &Value) {
        assert_eq!(event["item_id"], self.item["id"], "{event}");
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let part = event["content_index"].as_u64().or(event["summary_index"].as_u64()).unwrap_or(0);
        match event["type"].as_str().unwrap().trim_start_matches("response.") {
            "content_part.added" => {
                assert_eq!(part, self.parts.len() as u64, "contiguous parts");
                let kind = event["part"]["type"].as_str().unwrap().to_owned();
                self.parts.push(event["part"].clone());
                self.pieces.insert((kind, part), String::new());
            }
            "reasoning_summary_part.added" => {
                assert_eq!(part, self.summary.len() as u64);
                self.summary.push(event["part"].clone());
                self.pieces.insert(("summary".into(), part), String::new());
            }
            "output_text.delta" => {
                assert_eq!(event["logprobs"], json!([]));
                self.append("output_text", part, &text("delta"));
            }
            "refusal.delta" => self.append("refusal", part, &text("delta")),
            "reasoning_summary_text.delta" => self.append("summary", part, &text("delta")),
            "function_call_arguments.delta" | "custom_tool_call_input.delta" => {
                assert!(self.whole.is_none());
                let so_far = self.pieces.entry(("call".into(), 0)).or_default();
                so_far.push_str(&text("delta"));
            }
            "output_text.done" => self.is_all("output_text", part, &text("text")),
            "refusal.done" => self.is_all("refusal", part, &text("refusal")),
            "reasoning_summary_text.done" => self.is_all("summary", part, &text("text")),
            "content_part.done" => {
                self.parts[usize::try_from(part).unwrap()] = event["part"].clone()
            }
            "reasoning_summary_part.done" => {
                self.summary[usize::try_from(part).unwrap()] = event["part"].clone()
            }
            "function_call_arguments.done" => self.call_is_whole(&text("arguments")),
            "custom_tool_call_input.done" => self.call_is_whole(&text("input")),
            other => panic!("no such event: {other}"),
        }
    }

    fn append(&mut self, kind: &str, part: u64, text: &str) {
        assert!(!text.is_empty());
        self.pieces.get_mut(&(kind.to_owned(), part)).expect("part added").push_str(text);
    }

    fn is_all(&self, kind: &str, part: u64, text: &str) {
        assert_eq!(self.pieces[&(kind.to_owned(), part)], text);
    }

    fn call_is_whole(&mut self, text: &str) {
        assert_eq!(self.pieces.get(&("call".to_owned(), 0)).map_or("", String::as_str), text);
        assert!(self.whole.replace(text.to_owned()).is_none(), "told whole once");
    }

    fn check_done(&self, item: &Value) {
        assert_eq!((&item["type"], &item["id"]), (&self.item["type"], &self.item["id"]));
        assert_eq!(item["call_id"], self.item["call_id"]);
        assert_eq!(item["name"], self.item["name"]);
        match item["type"].as_str().unwrap() {
            "message" => {
                assert_eq!(self.item["content"], json!([]));
                assert_eq!(item["content"], json!(self.parts));
                assert!(!self.parts.is_empty());
            }
            "reasoning" => assert_eq!(item["summary"], json!(self.summary)),
            "function_call" => assert_eq!(item["arguments"], self.whole.as_deref().unwrap()),
            "custom_tool_call" => assert_eq!(item["input"], self.whole.as_deref().unwrap()),
            other => panic!("no such item: {other}"),
        }
    }
}

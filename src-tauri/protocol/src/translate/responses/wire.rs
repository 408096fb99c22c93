//! What the events of one Responses stream share.
//!
//! Owns: sequence numbers, positions and ids of items, the items that are done.
//! Must not know: what stands inside an item.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::json::Object;
use crate::translate::carry::json_texts;

/// What every event of the stream carries on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wire {
    pub(super) id: String,
    pub(super) model: String,
    /// What ids of items are made of.
    base: String,
    pub(super) sequence: u64,
    /// Items by position; empty until they are done.
    #[serde(with = "json_texts")]
    pub(super) output: Vec<Vec<u8>>,
    /// Bytes kept.
    pub(super) kept: usize,
    /// Ids of the calls so far.
    calls: BTreeSet<String>,
}

// === impl Wire ===

impl Wire {
    /// Nothing is written yet.
    pub(super) const fn new() -> Self {
        Self {
            id: String::new(),
            model: String::new(),
            base: String::new(),
            sequence: 0,
            output: Vec::new(),
            kept: 0,
            calls: BTreeSet::new(),
        }
    }

    /// Opens an event with the members that all have.
    pub(super) fn begin<'o>(&mut self, event: &str, out: &'o mut Vec<u8>) -> Object<'o> {
        // Most of an event is its frame: room for it is made once.
        out.reserve(256);
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        let mut it = Object::open(out);
        it.text("type", event);
        it.number("sequence_number", self.sequence);
        self.sequence = self.sequence.saturating_add(1);
        it
    }

    /// Notes that so many bytes more are kept.
    pub(super) const fn keep(&mut self, bytes: usize) {
        self.kept = self.kept.saturating_add(bytes);
    }

    /// Makes room for an item: its position and its id.
    pub(super) fn place(&mut self, prefix: &str) -> (usize, String) {
        let at = self.output.len();
        self.output.push(Vec::new());
        (at, [prefix, "_", &self.base, "_", &at.to_string()].concat())
    }

    /// Tells that an item is done, and keeps it.
    pub(super) fn end_item(&mut self, at: usize, item: Vec<u8>, out: &mut Vec<u8>) {
        let mut it = self.begin("response.output_item.done", out);
        it.number("output_index", at);
        it.key("item").extend_from_slice(&item);
        it.close_event();
        if let Some(slot) = self.output.get_mut(at) {
            *slot = item;
        }
    }

    /// Names the response. Ids are of letters, digits, `_` and `-`; where upstream gave none, of the
    /// time, so that two answers of a conversation are told apart.
    pub(super) fn name(&mut self, id: &str, model: &str, created: i64) {
        let tail = id.strip_prefix("resp_").unwrap_or(id);
        let base = tail.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-' || *it == '_');
        self.base = base.take(48).collect();
        if self.base.is_empty() {
            self.base = created.to_string();
        }
        self.id = match id.strip_prefix("resp_") {
            Some(_) => id.to_owned(),
            None => format!("resp_{}", self.base),
        };
        model.clone_into(&mut self.model);
    }

    /// A call's id; what pairs calls and results has to differ between calls.
    pub(super) fn call_id(&mut self, id: &str) -> String {
        let mut it = if id.is_empty() { format!("call_{}", self.base) } else { id.to_owned() };
        while !self.calls.insert(it.clone()) {
            it = format!("{it}_{}", self.calls.len());
        }
        it
    }
}

//! Messages and reasoning of a Responses stream: from `added` to `done`.
//!
//! Owns: the events of an item in their order, and the item itself when it is done.
//! Must not know: events of the hub, other items.

use serde::{Deserialize, Serialize};

use super::json::{List, Object};
use super::wire::Wire;
use crate::request::Signature;
use crate::translate::carry::json_text;

/// A message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    at: usize,
    id: String,
    /// Its parts that are done, without the brackets around them.
    #[serde(with = "json_text")]
    parts: Vec<u8>,
    count: u32,
}

/// The open part of a message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TextPart {
    message: Message,
    refusal: bool,
    text: String,
    /// A provider's proof, which has no place here.
    pub(super) signature: Option<Signature>,
}

/// Reasoning, shown as a summary of one part.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reasoning {
    at: usize,
    id: String,
    text: String,
    begun: bool,
    /// There is nothing to show, and never was.
    hidden: bool,
    /// The proof is this dialect's own.
    pub(super) own: bool,
    /// What its `encrypted_content` says.
    pub(super) proof: Option<String>,
}

// === impl Message ===

impl Message {
    pub(super) fn begin(wire: &mut Wire, out: &mut Vec<u8>) -> Self {
        let (at, id) = wire.place("msg");
        let message = Self { at, id, parts: Vec::new(), count: 0 };
        let mut it = wire.begin("response.output_item.added", out);
        it.number("output_index", at);
        message.write("in_progress", it.object("item"));
        it.close_event();
        message
    }

    /// Whether nothing came after it.
    pub(super) const fn is_last(&self, wire: &Wire) -> bool {
        self.at.saturating_add(1) == wire.output.len()
    }

    /// `cut`: the answer ends here before its end.
    pub(super) fn end(self, cut: bool, wire: &mut Wire, out: &mut Vec<u8>) {
        let mut item = Vec::new();
        self.write(if cut { "incomplete" } else { "completed" }, Object::open(&mut item));
        wire.end_item(self.at, item, out);
    }

    fn write(&self, status: &str, mut it: Object<'_>) {
        it.text("id", &self.id);
        it.text("type", "message");
        it.text("status", status);
        let content = it.key("content");
        content.push(b'[');
        content.extend_from_slice(&self.parts);
        content.push(b']');
        it.text("role", "assistant");
        it.close();
    }
}

// === impl TextPart ===

impl TextPart {
    pub(super) fn begin(
        message: Message,
        refusal: bool,
        wire: &mut Wire,
        out: &mut Vec<u8>,
    ) -> Self {
        let part = Self { message, refusal, text: String::new(), signature: None };
        let mut it = part.begin_event("response.content_part.added", wire, out);
        part.write(it.object("part"));
        it.close_event();
        part
    }

    pub(super) fn on_text(&mut self, text: &str, wire: &mut Wire, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        wire.keep(text.len());
        self.text.push_str(text);
        let kind =
            if self.refusal { "response.refusal.delta" } else { "response.output_text.delta" };
        let mut it = self.begin_event(kind, wire, out);
        it.text("delta", text);
        if !self.refusal {
            it.json("logprobs", "[]");
        }
        it.close_event();
    }

    pub(super) fn end(self, wire: &mut Wire, out: &mut Vec<u8>) -> Message {
        let (kind, member) = match self.refusal {
            true => ("response.refusal.done", "refusal"),
            false => ("response.output_text.done", "text"),
        };
        let mut it = self.begin_event(kind, wire, out);
        it.text(member, &self.text);
        if !self.refusal {
            it.json("logprobs", "[]");
        }
        it.close_event();
        let mut it = self.begin_event("response.content_part.done", wire, out);
        self.write(it.object("part"));
        it.close_event();
        let mut part = Vec::with_capacity(self.text.len() + 64);
        self.write(Object::open(&mut part));
        let mut message = self.message;
        if message.count > 0 {
            message.parts.push(b',');
        }
        message.parts.extend_from_slice(&part);
        message.count = message.count.saturating_add(1);
        message
    }

    fn begin_event<'o>(&self, kind: &str, wire: &mut Wire, out: &'o mut Vec<u8>) -> Object<'o> {
        let mut it = wire.begin(kind, out);
        it.text("item_id", &self.message.id);
        it.number("output_index", self.message.at);
        it.number("content_index", self.message.count);
        it
    }

    fn write(&self, mut it: Object<'_>) {
        if self.refusal {
            it.text("type", "refusal");
            it.text("refusal", &self.text);
        } else {
            it.text("type", "output_text");
            it.json("annotations", "[]");
            it.json("logprobs", "[]");
            it.text("text", &self.text);
        }
        it.close();
    }
}

// === impl Reasoning ===

impl Reasoning {
    pub(super) fn begin(hidden: bool, wire: &mut Wire, out: &mut Vec<u8>) -> Self {
        let (at, id) = wire.place("rs");
        let reasoning =
            Self { at, id, text: String::new(), begun: false, hidden, own: false, proof: None };
        let mut it = wire.begin("response.output_item.added", out);
        it.number("output_index", at);
        reasoning.write(false, it.object("item"));
        it.close_event();
        reasoning
    }

    pub(super) fn on_text(&mut self, text: &str, wire: &mut Wire, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.begin_part(wire, out);
        wire.keep(text.len());
        self.text.push_str(text);
        let mut it = self.begin_event("response.reasoning_summary_text.delta", wire, out);
        it.text("delta", text);
        it.close_event();
    }

    pub(super) fn end(mut self, wire: &mut Wire, out: &mut Vec<u8>) {
        // A summary of nothing tells what was thought without words from what was hidden: on the
        // way back they are different things to the provider whose proof this is.
        if self.proof.is_some() && !self.own && !self.hidden {
            self.begin_part(wire, out);
        }
        if self.begun {
            let mut it = self.begin_event("response.reasoning_summary_text.done", wire, out);
            it.text("text", &self.text);
            it.close_event();
            let mut it = self.begin_event("response.reasoning_summary_part.done", wire, out);
            write_summary(&self.text, it.object("part"));
            it.close_event();
        }
        let proof = self.proof.as_ref().map_or(0, String::len);
        let mut item = Vec::with_capacity(self.text.len() + proof + 192);
        self.write(true, Object::open(&mut item));
        wire.end_item(self.at, item, out);
    }

    fn begin_part(&mut self, wire: &mut Wire, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            let mut it = self.begin_event("response.reasoning_summary_part.added", wire, out);
            write_summary("", it.object("part"));
            it.close_event();
        }
    }

    fn begin_event<'o>(&self, kind: &str, wire: &mut Wire, out: &'o mut Vec<u8>) -> Object<'o> {
        let mut it = wire.begin(kind, out);
        it.text("item_id", &self.id);
        it.number("output_index", self.at);
        it.number("summary_index", 0);
        it
    }

    fn write(&self, done: bool, mut it: Object<'_>) {
        it.text("id", &self.id);
        it.text("type", "reasoning");
        let mut summary: List<'_> = it.list("summary");
        if self.begun {
            write_summary(&self.text, summary.object());
        }
        summary.close();
        if let Some(proof) = self.proof.as_deref().filter(|_| done) {
            it.text("encrypted_content", proof);
        }
        it.close();
    }
}

fn write_summary(text: &str, mut it: Object<'_>) {
    it.text("type", "summary_text");
    it.text("text", text);
    it.close();
}

//! Events to chunks.
//!
//! Owns: the order of a stream: the role, deltas, the finish reason, the counts, `[DONE]`; the
//! numbers of tool calls, which count calls only.
//! Must not know: where the events come from.
//!
//! Nothing is held but the counts and the start of a free-text call's wrapping: each delta goes
//! out as it comes, calls that interleave too.

use serde::{Deserialize, Serialize};

use super::json::{Open, string};
use super::pieces::{id_or_made, piece, place_of, write_signature};
use super::unwrap::Unwrap;
use super::{counts, ends, error};
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::request::Signature;
use crate::translate::carry::json_text;
use crate::translate::{ClientWish, Encoder};
use crate::wire::sse::write_frame;

/// More blocks than this open at once are no answer: what belongs to the rest is left out.
const MAX_OPEN: usize = 4096;

/// Writes a stream.
#[derive(Debug, Serialize, Deserialize)]
pub struct StreamEncoder {
    pub(in crate::translate) wish: ClientWish,
    /// The bytes every chunk begins with, once the answer has.
    #[serde(with = "json_text")]
    head: Vec<u8>,
    open: Vec<Block>,
    calls: u32,
    /// Calls that ended without arguments; `{}` is owed to them unless a limit cut them.
    bare: Vec<u32>,
    refused: bool,
    usage: Option<Usage>,
    over: bool,
}

/// A block that is open and has something to write.
#[derive(Debug, Serialize, Deserialize)]
struct Block {
    index: u32,
    kind: Kind,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    Text,
    Refusal,
    Call(Call),
}

#[derive(Debug, Serialize, Deserialize)]
struct Call {
    number: u32,
    told: bool,
    /// The call is of a tool that takes free text.
    free: Option<Unwrap>,
}

// === impl StreamEncoder ===

impl StreamEncoder {
    /// Nothing is written yet.
    #[must_use]
    pub const fn new(wish: ClientWish) -> Self {
        Self {
            wish,
            head: Vec::new(),
            open: Vec::new(),
            calls: 0,
            bare: Vec::new(),
            refused: false,
            usage: None,
            over: false,
        }
    }

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if !self.head.is_empty() {
            return;
        }
        self.head.extend_from_slice(b"data: {\"id\":");
        string(&mut self.head, &id_or_made(id, &self.wish));
        self.head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        self.head.extend_from_slice(self.wish.created.to_string().as_bytes());
        self.head.extend_from_slice(b",\"model\":");
        string(&mut self.head, if model.is_empty() { &self.wish.model } else { model });
        let role = r#""role":"assistant","content":"","refusal":null"#;
        self.delta(out, |out| out.extend_from_slice(role.as_bytes()));
    }

    /// A chunk whose delta is what `write` writes.
    fn delta(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        self.choice(out, write, None);
    }

    fn choice(
        &mut self,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
        finish: Option<&'static str>,
    ) {
        if self.head.is_empty() {
            self.start("", "", out);
        }
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":{");
        write(out);
        out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":");
        match finish {
            Some(reason) => string(out, reason),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}]}\n\n");
    }

    fn prose(&mut self, out: &mut Vec<u8>, member: &str, text: &str) {
        if !text.is_empty() {
            self.delta(out, |out| {
                string(out, member);
                out.push(b':');
                string(out, text);
            });
        }
    }

    fn open(&mut self, index: u32, kind: Kind) {
        if self.open.len() < MAX_OPEN {
            self.open.push(Block { index, kind });
        }
    }

    fn start_call(&mut self, index: u32, id: &str, name: &str, out: &mut Vec<u8>) {
        if self.open.len() >= MAX_OPEN || self.call(index).is_some() {
            return;
        }
        let number = self.calls;
        self.calls = self.calls.saturating_add(1);
        let free = self.wish.free_text_tools.iter().any(|it| it == name);
        let (place, member) = place_of(free);
        self.delta(out, |out| {
            piece(out, number, |call| {
                call.text("id", id);
                call.text("type", place);
                let mut inner = Open::object(call.key(place));
                inner.text("name", name);
                inner.text(member, "");
                inner.close();
            });
        });
        let free = free.then(Unwrap::default);
        self.open(index, Kind::Call(Call { number, told: false, free }));
    }

    fn input(&mut self, index: u32, json: &str, out: &mut Vec<u8>) {
        let Some(call) = self.call(index) else { return };
        let number = call.number;
        call.told |= !json.is_empty();
        match &mut call.free {
            Some(unwrap) => {
                let text = unwrap.push(json);
                self.input_piece(number, true, &text, out);
            }
            None => self.input_piece(number, false, json, out),
        }
    }

    fn input_piece(&mut self, number: u32, custom: bool, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.delta(out, |out| {
            piece(out, number, |call| {
                let (place, member) = place_of(custom);
                let mut inner = Open::object(call.key(place));
                inner.text(member, text);
                inner.close();
            });
        });
    }

    /// The only signature with a place here is that of a call, where Google's own server of this
    /// dialect puts it.
    fn signature(&mut self, index: u32, data: &str, out: &mut Vec<u8>) {
        let Some(origin) = self.wish.upstream else { return };
        let Some(number) = self.call(index).map(|it| it.number) else { return };
        let signature = Signature { origin, data: data.to_owned() };
        self.delta(out, |out| {
            piece(out, number, |call| {
                // Clients that look for the function of every piece find one.
                call.raw("function", r#"{"arguments":""}"#);
                write_signature(call, &signature);
            });
        });
    }

    fn stop_call(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(call) = self.call(index) else { return };
        let (number, custom) = (call.number, call.free.is_some());
        if !call.told && !custom {
            call.told = true;
            if self.bare.len() < MAX_OPEN {
                self.bare.push(number);
            }
            return;
        }
        let rest = self.call(index).and_then(|it| it.free.as_mut()).map(Unwrap::finish);
        self.input_piece(number, custom, &rest.unwrap_or_default(), out);
    }

    fn finish(&mut self, stop: StopReason, out: &mut Vec<u8>) {
        for index in self.open.iter().map(|it| it.index).collect::<Vec<_>>() {
            self.stop_call(index, out);
        }
        if !ends::is_cut(stop) {
            for number in std::mem::take(&mut self.bare) {
                self.input_piece(number, false, "{}", out);
            }
        }
        if stop == StopReason::Refusal && !self.refused {
            self.prose(out, "refusal", ends::REFUSED);
        }
        self.choice(out, |_| {}, Some(ends::finish_reason(stop, self.calls > 0)));
        // Last of all: a chunk behind it would take the counts out again.
        if let Some(usage) = self.usage.filter(|_| self.wish.include_usage) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            counts::write(out, &usage);
            out.extend_from_slice(b"}\n\n");
        }
        write_frame(out, "", b"[DONE]");
        self.end();
    }

    fn fail(&mut self, error_type: &str, message: &str, out: &mut Vec<u8>) {
        write_frame(out, "", &error::in_stream(error_type, message));
        self.end();
    }

    fn end(&mut self) {
        self.over = true;
        self.open = Vec::new();
        self.bare = Vec::new();
    }

    fn block(&mut self, index: u32) -> Option<&mut Block> {
        self.open.iter_mut().rev().find(|it| it.index == index)
    }

    fn call(&mut self, index: u32) -> Option<&mut Call> {
        match self.block(index).map(|it| &mut it.kind) {
            Some(Kind::Call(call)) => Some(call),
            _ => None,
        }
    }

    fn text(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        match self.block(index).map(|it| &it.kind) {
            Some(Kind::Refusal) => {
                self.refused |= !text.is_empty();
                self.prose(out, "refusal", text);
            }
            Some(Kind::Text) => self.prose(out, "content", text),
            Some(Kind::Call(_)) | None => {}
        }
    }
}

impl Encoder for StreamEncoder {
    fn on_event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::MessageStart { id, model } => self.start(id, model, out),
            Event::ContentBlockStart { index, block_type, .. } => match block_type {
                BlockType::Text => self.open(*index, Kind::Text),
                BlockType::Refusal => self.open(*index, Kind::Refusal),
                // A call is told with its name; thinking needs no state; the rest has no place.
                BlockType::ToolUse
                | BlockType::Thinking
                | BlockType::RedactedThinking
                | BlockType::Other => {}
            },
            Event::TextDelta { index, text } => self.text(*index, text, out),
            Event::ThinkingDelta { thinking, .. } => self.prose(out, "reasoning_content", thinking),
            Event::SignatureDelta { index, signature } => self.signature(*index, signature, out),
            Event::ToolUseStart { index, id, name } => self.start_call(*index, id, name, out),
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                self.input(*index, partial_json, out);
            }
            Event::ToolUseStop { index, .. } => self.stop_call(*index, out),
            Event::ContentBlockStop { index } => self.open.retain(|it| it.index != *index),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::MessageStop { stop_reason, .. } => self.finish(*stop_reason, out),
            Event::Error { error_type, message } => self.fail(error_type, message, out),
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
        }
    }

    fn on_end(&mut self, end: End, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match end {
            End::Done => self.finish(StopReason::EndTurn, out),
            End::Truncated => {
                self.fail("truncated", "upstream ended before the response was complete", out);
            }
            End::Failed => self.fail(ends::UNTOLD, "upstream failed without saying why", out),
        }
    }
}

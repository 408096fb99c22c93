//! Events to a Messages stream.
//!
//! Owns: one open block at a time, contiguous indexes, exactly one end, what is held and why.
//! Must not know: another dialect's stream.
//!
//! Held, each by this grammar's order: a block that is open beside another waits until that one
//! closes; a text or thinking block is opened by its first delta, so that no empty one goes out; a
//! signature waits for the end of its block, where it belongs; the start of a call whose provider
//! signs calls waits for what follows it; stop reason and counts wait for the end.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::answer::{
    NOTHING, call_id, message_id, stop_reason, to_client, write_counts, write_message,
    write_stop_members,
};
use super::error::{self, Kind};
use super::json::{Obj, string};
use super::request_in::OF_CALL;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::translate::{ClientWish, Encoder};

mod frame;

use frame::Frame;

/// The most bytes that wait behind an open block.
const MAX_HELD: usize = 16 * 1024 * 1024;

/// Writes a stream.
#[derive(Debug, Serialize, Deserialize)]
pub struct StreamEncoder {
    pub(in crate::translate) wish: ClientWish,
    /// Upstream's id of the message, in this dialect's form.
    id: String,
    started: bool,
    ended: bool,
    /// Index of the next block that goes out.
    next: u32,
    /// Calls that began, for the ids that are made here.
    calls: u32,
    /// A call went out.
    called: bool,
    usage: Usage,
    /// The blocks that are open or wait, in order; the first is being written.
    blocks: VecDeque<Block>,
    held: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Block {
    index: u32,
    kind: BlockType,
    /// The index it goes out under, once its start is written.
    out: Option<u32>,
    /// A call's id and name.
    call: Option<(String, String)>,
    /// Redacted thinking.
    data: String,
    signature: Option<String>,
    /// What came while another block was open.
    held: String,
    closed: bool,
}

// === impl Encoder ===

impl Encoder for StreamEncoder {
    fn on_event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match event {
            Event::MessageStart { id, model } => self.start(id, model, out),
            Event::Ping => frame::ping(out),
            Event::Usage(usage) => self.usage = *usage,
            Event::ContentBlockStart { index, block_type, data } => {
                self.open(*index, *block_type, data.as_deref(), out);
            }
            Event::TextDelta { index, text } | Event::ThinkingDelta { index, thinking: text } => {
                self.piece(*index, text, out);
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                self.piece(*index, partial_json, out);
            }
            Event::SignatureDelta { index, signature } => {
                if let Some(block) = self.blocks.iter_mut().find(|it| it.index == *index) {
                    block.signature = Some(signature.clone());
                }
            }
            Event::ToolUseStart { index, id, name } => self.call(*index, id, name, out),
            Event::ToolUseStop { .. } => {}
            Event::ContentBlockStop { index } => self.close(*index, out),
            Event::MessageStop { stop_reason, stop_sequence } => {
                self.stop(*stop_reason, stop_sequence.as_deref(), out);
            }
            Event::Error { error_type, message } => {
                self.fail(error::of_name(error_type), message, out);
            }
        }
    }

    fn on_end(&mut self, end: End, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match end {
            End::Done => self.stop(StopReason::EndTurn, None, out),
            End::Truncated => {
                let text = "upstream ended before the response was complete";
                self.fail(error::of_name("truncated"), text, out);
            }
            End::Failed => self.fail(error::of_name("api_error"), "upstream failed", out),
        }
    }
}

// === impl StreamEncoder ===

impl StreamEncoder {
    /// Nothing is written yet.
    #[must_use]
    pub const fn new(wish: ClientWish) -> Self {
        Self {
            wish,
            id: String::new(),
            started: false,
            ended: false,
            next: 0,
            calls: 0,
            called: false,
            usage: NOTHING,
            blocks: VecDeque::new(),
            held: 0,
        }
    }

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if self.started {
            return;
        }
        self.started = true;
        self.id = message_id(id, &self.wish);
        let model = if model.is_empty() { &self.wish.model } else { model };
        let mut frame = Frame::new("message_start", out);
        write_message(frame.object().key("message"), &self.id, model, &self.usage);
        frame.end();
    }

    fn open(&mut self, index: u32, kind: BlockType, data: Option<&str>, out: &mut Vec<u8>) {
        self.start("", "", out);
        // What has no name in the hub has none here.
        if kind == BlockType::Other {
            return;
        }
        let data = data.unwrap_or_default().to_owned();
        let block = Block {
            index,
            kind,
            out: None,
            call: None,
            data,
            signature: None,
            held: String::new(),
            closed: false,
        };
        self.blocks.push_back(block);
        if self.blocks.len() == 1 {
            self.advance(out);
        }
    }

    fn call(&mut self, index: u32, id: &str, name: &str, out: &mut Vec<u8>) {
        let at = self.calls;
        let Some(block) = self.blocks.iter_mut().find(|it| it.index == index) else { return };
        if block.kind != BlockType::ToolUse || block.call.is_some() {
            return;
        }
        self.calls = at.saturating_add(1);
        block.call = Some((call_id(id, name, at, &self.id), name.to_owned()));
        if self.blocks.front().is_some_and(|it| it.index == index) {
            self.advance(out);
        }
    }

    fn piece(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let Some(at) = self.blocks.iter().position(|it| it.index == index) else { return };
        if at == 0 && self.write_start(out) {
            self.write_delta(text, out);
            return;
        }
        if let Some(block) = self.blocks.get_mut(at) {
            block.held.push_str(text);
        }
        self.held = self.held.saturating_add(text.len());
        if self.held > MAX_HELD {
            let text = "more of the response waits behind an open block than can be held";
            self.fail(error::of_name("api_error"), text, out);
        }
    }

    fn close(&mut self, index: u32, out: &mut Vec<u8>) {
        if let Some(block) = self.blocks.iter_mut().find(|it| it.index == index && !it.closed) {
            block.closed = true;
        }
        self.advance(out);
    }

    /// Writes the first block as far as it goes, and the ones behind it where it is closed.
    fn advance(&mut self, out: &mut Vec<u8>) {
        while let Some(block) = self.blocks.front_mut() {
            let held = std::mem::take(&mut block.held);
            self.held = self.held.saturating_sub(held.len());
            let closed = block.closed;
            let waits = match block.kind {
                BlockType::ToolUse => !closed && signs_calls(self.wish.upstream),
                BlockType::RedactedThinking => false,
                BlockType::Text | BlockType::Refusal | BlockType::Other => true,
                BlockType::Thinking => !closed || block.signature.is_none(),
            };
            if !held.is_empty() || !waits {
                if self.write_start(out) {
                    if !held.is_empty() {
                        self.write_delta(&held, out);
                    }
                } else if let Some(block) = self.blocks.front_mut() {
                    // A call without a name yet: it has to wait on.
                    self.held = self.held.saturating_add(held.len());
                    block.held = held;
                }
            }
            if !closed {
                return;
            }
            self.write_stop(out);
            self.blocks.pop_front();
        }
    }

    /// Writes the start of the first block, once; says whether it is written.
    fn write_start(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(block) = self.blocks.front_mut() else { return false };
        if block.out.is_some() {
            return true;
        }
        let nameless = block.kind == BlockType::ToolUse && block.call.is_none();
        if nameless || block.kind == BlockType::Other {
            return false;
        }
        let origin = self.wish.upstream;
        if block.kind == BlockType::ToolUse
            && let Some(signature) = block.signature.take()
        {
            // A call has no place for a signature: it stands in an empty thought before it.
            let signature = format!("{OF_CALL}{}", to_client(signature, origin));
            frame::thought(self.next, &signature, out);
            self.next = self.next.saturating_add(1);
        }
        let index = self.next;
        self.next = self.next.saturating_add(1);
        block.out = Some(index);
        self.called |= block.kind == BlockType::ToolUse;
        let mut frame = Frame::at("content_block_start", index, out);
        let mut content = Obj::new(frame.object().key("content_block"));
        match (block.kind, &block.call) {
            (BlockType::Thinking, _) => {
                content.str("type", "thinking").str("thinking", "").str("signature", "");
            }
            (BlockType::RedactedThinking, _) => {
                let data = to_client(std::mem::take(&mut block.data), origin);
                content.str("type", "redacted_thinking").str("data", &data);
            }
            (BlockType::ToolUse, Some((id, name))) => {
                content.str("type", "tool_use").str("id", id).str("name", name).json("input", "{}");
            }
            _ => {
                content.str("type", "text").str("text", "");
            }
        }
        content.end();
        frame.end();
        true
    }

    fn write_delta(&self, text: &str, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.front() else { return };
        let Some(index) = block.out else { return };
        match block.kind {
            BlockType::Thinking => frame::delta(index, "thinking_delta", "thinking", text, out),
            BlockType::ToolUse => {
                frame::delta(index, "input_json_delta", "partial_json", text, out);
            }
            BlockType::Text | BlockType::Refusal => {
                frame::delta(index, "text_delta", "text", text, out);
            }
            BlockType::RedactedThinking | BlockType::Other => {}
        }
    }

    fn write_stop(&mut self, out: &mut Vec<u8>) {
        let origin = self.wish.upstream;
        let Some(block) = self.blocks.front_mut() else { return };
        let Some(index) = block.out else { return };
        if block.kind == BlockType::Thinking
            && let Some(signature) = block.signature.take()
        {
            let signature = to_client(signature, origin);
            frame::delta(index, "signature_delta", "signature", &signature, out);
        }
        Frame::at("content_block_stop", index, out).end();
    }

    fn stop(&mut self, reason: StopReason, sequence: Option<&str>, out: &mut Vec<u8>) {
        self.start("", "", out);
        for block in &mut self.blocks {
            block.closed = true;
        }
        self.advance(out);
        let reason = stop_reason(reason, self.called);
        let mut frame = Frame::new("message_delta", out);
        let mut delta = Obj::new(frame.object().key("delta"));
        write_stop_members(&mut delta, reason, sequence);
        delta.end();
        let mut usage = Obj::new(frame.object().key("usage"));
        write_counts(&mut usage, &self.usage);
        usage.end();
        frame.end();
        Frame::new("message_stop", out).end();
        self.ended = true;
    }

    fn fail(&mut self, kind: Kind, message: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: error\ndata: ");
        error::write_envelope(kind, message, self.wish.request_id.as_deref(), out);
        out.extend_from_slice(b"\n\n");
        self.ended = true;
        self.blocks.clear();
    }
}

/// Gemini's signatures come with a call, after its name.
fn signs_calls(upstream: Option<Dialect>) -> bool {
    upstream == Some(Dialect::Gemini)
}

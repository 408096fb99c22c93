//! Events to a Responses stream.
//!
//! Owns: the order of its events, which block is which item, the one terminal event.
//! Must not know: what stands inside an item (`item`), the response object (`answer`).
//!
//! Each delta goes out in the call that brought it. Held back are: of a message item the `done`,
//! until what follows tells whether its next part belongs to it too; of all items the whole, since
//! the terminal event repeats them (at most [`MAX_KEPT`] bytes).

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Status};
use super::call::Call;
use super::item::{Message, Reasoning, TextPart};
use super::proof;
use super::wire::Wire;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::request::Signature;
use crate::translate::{ClientWish, Encoder};

/// The most bytes of an answer that are kept for its terminal event.
const MAX_KEPT: usize = 64 * 1024 * 1024;

/// Writes a stream.
#[derive(Debug, Serialize, Deserialize)]
pub struct StreamEncoder {
    pub(in crate::translate) wish: ClientWish,
    wire: Wire,
    started: bool,
    /// How it ended; nothing is written after that.
    ended: Option<Status>,
    usage: Option<Usage>,
    refused: bool,
    /// Blocks that are open, in the order they were opened.
    open: Vec<(u32, Block)>,
    /// The last item, if it is a message whose parts are all done.
    idle: Option<Message>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Block {
    Text(TextPart),
    Thinking(Reasoning),
    /// A call that has no name yet.
    Unnamed,
    Call(Call),
    /// Nothing a client of this dialect could be told.
    Passed,
}

// === impl Encoder ===

impl Encoder for StreamEncoder {
    fn on_event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.ended.is_some() {
            return;
        }
        match event {
            Event::MessageStart { id, model } => self.start(id, model, out),
            Event::ContentBlockStart { index, block_type, data } => {
                self.begin_block(*index, *block_type, data.as_deref(), out);
            }
            Event::TextDelta { index, text } => self.on_text(*index, text, out),
            Event::ThinkingDelta { index, thinking } => self.on_text(*index, thinking, out),
            Event::SignatureDelta { index, signature } => self.on_signature(*index, signature),
            Event::ToolUseStart { index, id, name } => self.begin_call(*index, id, name, out),
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                if let Some(Block::Call(call)) = find(&mut self.open, *index) {
                    call.on_piece(partial_json, &mut self.wire, out);
                }
            }
            Event::ToolUseStop { .. } => {}
            Event::ContentBlockStop { index } => self.end_block(*index, out),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::MessageStop { stop_reason, .. } => self.stop(*stop_reason, out),
            Event::Error { error_type, message } => {
                self.finish(Status::failed(error_type, message), out);
            }
            // A comment: every client of this dialect passes it over.
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
        }
        if self.wire.kept > MAX_KEPT {
            let text = "the answer is larger than can be repeated in its last event";
            self.finish(Status::failed("server_error", text), out);
        }
    }

    fn on_end(&mut self, end: End, out: &mut Vec<u8>) {
        match end {
            _ if self.ended.is_some() => {}
            End::Done => self.stop(StopReason::EndTurn, out),
            End::Truncated => self.finish(Status::cut(), out),
            End::Failed => {
                self.finish(Status::failed("server_error", "upstream failed"), out);
            }
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
            wire: Wire::new(),
            started: false,
            ended: None,
            usage: None,
            refused: false,
            open: Vec::new(),
            idle: None,
        }
    }

    /// The next event gets this number: what came before it was written by somebody else.
    pub const fn number_from(&mut self, number: u64) {
        self.wire.sequence = number;
    }

    /// How the answer ended, once it has.
    pub(super) const fn status(&self) -> Option<&Status> {
        self.ended.as_ref()
    }

    /// The response object as it stands.
    pub(super) fn write_answer(&self, status: &Status, out: &mut Vec<u8>) {
        let Wire { id, model, output, .. } = &self.wire;
        let created = self.wish.created;
        Answer { id, model, created, output, usage: self.usage }.write(status, out);
    }

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let model = if model.is_empty() { &self.wish.model } else { model };
        self.wire.name(id, model, self.wish.created);
        // The SDK takes no other first event, and the usage is not known before the last.
        let usage = self.usage.take();
        self.write_lifecycle("response.created", &Status::InProgress, out);
        self.write_lifecycle("response.in_progress", &Status::InProgress, out);
        self.usage = usage;
    }

    fn write_lifecycle(&mut self, event: &str, status: &Status, out: &mut Vec<u8>) {
        let mut it = self.wire.begin(event, out);
        self.write_answer(status, it.key("response"));
        it.close_event();
    }

    fn begin_block(&mut self, index: u32, kind: BlockType, data: Option<&str>, out: &mut Vec<u8>) {
        self.start("", "", out);
        self.end_block(index, out);
        let block = match kind {
            BlockType::Text | BlockType::Refusal => {
                Block::Text(self.begin_text(kind == BlockType::Refusal, out))
            }
            BlockType::Thinking => {
                self.end_idle(false, out);
                Block::Thinking(Reasoning::begin(false, &mut self.wire, out))
            }
            BlockType::RedactedThinking => {
                self.end_idle(false, out);
                let mut reasoning = Reasoning::begin(true, &mut self.wire, out);
                reasoning.proof = data.map(|it| self.signature(it).to_client(Dialect::Responses));
                Block::Thinking(reasoning)
            }
            BlockType::ToolUse => Block::Unnamed,
            BlockType::Other => Block::Passed,
        };
        self.open.push((index, block));
    }

    fn begin_text(&mut self, refusal: bool, out: &mut Vec<u8>) -> TextPart {
        self.refused |= refusal;
        let message = match self.idle.take() {
            Some(message) => message,
            None => Message::begin(&mut self.wire, out),
        };
        TextPart::begin(message, refusal, &mut self.wire, out)
    }

    fn on_text(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        match find(&mut self.open, index) {
            Some(Block::Text(part)) => part.on_text(text, &mut self.wire, out),
            Some(Block::Thinking(reasoning)) => reasoning.on_text(text, &mut self.wire, out),
            Some(Block::Unnamed | Block::Call(_) | Block::Passed) | None => {}
        }
    }

    fn on_signature(&mut self, index: u32, data: &str) {
        let signature = self.signature(data);
        match find(&mut self.open, index) {
            Some(Block::Thinking(reasoning)) => {
                reasoning.own = signature.origin == Dialect::Responses;
                reasoning.proof = Some(signature.to_client(Dialect::Responses));
            }
            Some(Block::Call(call)) => call.signature = Some(signature),
            Some(Block::Text(part)) => part.signature = Some(signature),
            Some(Block::Unnamed | Block::Passed) | None => {}
        }
    }

    fn begin_call(&mut self, index: u32, id: &str, name: &str, out: &mut Vec<u8>) {
        if !matches!(find(&mut self.open, index), Some(Block::Unnamed)) {
            return;
        }
        self.end_idle(false, out);
        let free_text = self.wish.free_text_tools.iter().any(|it| it == name);
        let groups = &self.wish.namespaces;
        let group = groups.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
        let id = self.wire.call_id(id);
        let call = Call::begin(id, name, group, free_text, &mut self.wire, out);
        if let Some(block) = find(&mut self.open, index) {
            *block = Block::Call(call);
        }
    }

    fn end_block(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(at) = self.open.iter().rposition(|it| it.0 == index) else { return };
        let (_, block) = self.open.remove(at);
        match block {
            Block::Text(part) => {
                let signature = part.signature.clone();
                let message = part.end(&mut self.wire, out);
                if message.is_last(&self.wire) && signature.is_none() {
                    self.idle = Some(message);
                } else {
                    message.end(false, &mut self.wire, out);
                }
                if let Some(signature) = signature {
                    self.tell_proof(signature.to_client(Dialect::Responses), out);
                }
            }
            Block::Thinking(reasoning) => reasoning.end(&mut self.wire, out),
            Block::Call(call) => {
                let proof = call.signature.as_ref().map(|it| proof::for_call(&call.id, it));
                call.end(&mut self.wire, out);
                if let Some(proof) = proof {
                    self.tell_proof(proof, out);
                }
            }
            Block::Unnamed | Block::Passed => {}
        }
    }

    /// A proof of something that has no place for one is a reasoning item of its own.
    fn tell_proof(&mut self, proof: String, out: &mut Vec<u8>) {
        self.end_idle(false, out);
        let mut reasoning = Reasoning::begin(true, &mut self.wire, out);
        reasoning.proof = Some(proof);
        reasoning.end(&mut self.wire, out);
    }

    fn end_idle(&mut self, cut: bool, out: &mut Vec<u8>) {
        if let Some(message) = self.idle.take() {
            message.end(cut, &mut self.wire, out);
        }
    }

    fn stop(&mut self, reason: StopReason, out: &mut Vec<u8>) {
        self.start("", "", out);
        while let Some((index, _)) = self.open.first() {
            self.end_block(*index, out);
        }
        let status = Status::of(reason);
        if reason == StopReason::Refusal && !self.refused {
            // Upstream's refusal had no block of its own: an empty part says that it is one.
            let part = self.begin_text(true, out);
            self.idle = Some(part.end(&mut self.wire, out));
        }
        self.end_idle(matches!(status, Status::Incomplete(_)), out);
        self.finish(status, out);
    }

    /// Ends the answer. Items that are open stay open in one that failed: ending a call would say
    /// that its arguments are complete.
    fn finish(&mut self, status: Status, out: &mut Vec<u8>) {
        self.start("", "", out);
        if matches!(status, Status::Failed(..)) {
            self.open.clear();
            self.idle = None;
        }
        self.write_lifecycle(status.event(), &status, out);
        self.ended = Some(status);
    }

    fn signature(&self, data: &str) -> Signature {
        let origin = self.wish.upstream.unwrap_or(Dialect::Responses);
        Signature { origin, data: data.to_owned() }
    }
}

fn find(open: &mut [(u32, Block)], index: u32) -> Option<&mut Block> {
    open.iter_mut().rev().find(|it| it.0 == index).map(|it| &mut it.1)
}

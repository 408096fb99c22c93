//! Anthropic Messages: blocks that upstream opens and closes by index.
//!
//! Owns: this dialect's event and field names, and that only `message_stop` ends a message.
//! Must not know: another dialect.
//!
//! Input counts exclude the cache. Counts come twice, at the start and with `message_delta`, and
//! the later one replaces the earlier. An event that the end of the bytes cut off before its
//! blank line is dropped, as the SDKs do, unless it ends the message.

mod types;

use serde::{Deserialize, Serialize};

use self::types::{Answer, Block, Delta, Tokens, Wire};
use super::counts::Counts;
use super::failure::Failure;
use super::loose::{Maybe, Text, compact, object};
use super::message::{Message, is_default};
use super::{Decode, Unreadable};
use crate::event::{BlockType, Event, StopReason, Usage};
use crate::wire::sse::Frame;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Anthropic {
    #[serde(skip_serializing_if = "is_default")]
    message: Message,
    #[serde(skip_serializing_if = "is_default")]
    counts: Counts,
    /// Upstream's index and ours of each open block.
    #[serde(skip_serializing_if = "is_default")]
    blocks: Vec<(u32, u32)>,
}

// === impl Decode ===

impl Decode for Anthropic {
    fn message(&self) -> &Message {
        &self.message
    }

    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }

    fn on_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        let wire: Wire<'_> = super::read(frame)?;
        self.on_wire(wire, frame, out);
        Ok(())
    }

    fn on_cut_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        let wire: Wire<'_> = super::read(frame)?;
        if wire.error.0 || matches!(wire.kind.or(frame.event), "message_stop" | "error") {
            self.on_wire(wire, frame, out);
        }
        Ok(())
    }

    fn on_end(&mut self, _: &mut Vec<Event>) {}

    fn on_body(&mut self, body: &[u8], out: &mut Vec<Event>) -> serde_json::Result<bool> {
        let Some(answer) = object::<Answer<'_>>(body)? else { return Ok(false) };
        let known = answer.kind.as_str() == "message" || !answer.content.0.is_empty();
        if answer.error.0 || !known {
            return Ok(false);
        }
        self.message.name(answer.id.as_str(), answer.model.as_str());
        self.message.start(out);
        for block in answer.content.0 {
            let index = self.open(block, out);
            self.message.close(out, index);
        }
        self.on_tokens(&answer.usage, out);
        self.on_stop(&answer.stop_reason, &answer.stop_sequence);
        self.message.done(out);
        Ok(true)
    }
}

// === impl Anthropic ===

impl Anthropic {
    fn on_wire(&mut self, wire: Wire<'_>, frame: Frame<'_>, out: &mut Vec<Event>) {
        let Wire { index, message, content_block, delta, usage, .. } = wire;
        let kind = wire.kind.or(frame.event);
        if wire.error.0 || kind == "error" {
            let failure = Failure::of(frame.data);
            let failure = failure.unwrap_or_else(|| Failure::new("error", "upstream failed"));
            return self.message.fail(out, failure);
        }
        let index = index.position().unwrap_or(0);
        match kind {
            "message_start" => {
                if let Some(answer) = message.0 {
                    self.message.name(answer.id.as_str(), answer.model.as_str());
                    self.message.start(out);
                    self.on_tokens(&answer.usage, out);
                }
            }
            "content_block_start" => {
                if let Some(block) = content_block.0 {
                    self.on_block_stop(index, out);
                    let ours = self.open(block, out);
                    self.blocks.push((index, ours));
                }
            }
            "content_block_delta" => {
                if let Some(delta) = delta.0 {
                    self.on_delta(index, delta, out);
                }
            }
            "content_block_stop" => self.on_block_stop(index, out),
            "message_delta" => {
                if let Some(delta) = delta.0 {
                    self.on_stop(&delta.stop_reason, &delta.stop_sequence);
                }
                self.on_tokens(&usage, out);
            }
            "message_stop" => {
                self.blocks.clear();
                self.message.done(out);
            }
            "ping" => out.push(Event::Ping),
            _ => {}
        }
    }

    fn open(&mut self, block: Block<'_>, out: &mut Vec<Event>) -> u32 {
        let message = &mut self.message;
        match block.kind.as_str() {
            "text" => {
                let index = message.open(out, BlockType::Text, None);
                message.text(out, index, block.text.0);
                index
            }
            "thinking" => {
                let index = message.open(out, BlockType::Thinking, None);
                message.text(out, index, block.thinking.0);
                message.signature(out, index, block.signature.as_str());
                index
            }
            "redacted_thinking" => {
                let data = block.data.0.into_owned();
                message.open(out, BlockType::RedactedThinking, Some(data))
            }
            "tool_use" => {
                let index = message.open_tool(out, block.id.as_str(), block.name.as_str(), false);
                // Empty at the start of a stream, where the input follows in pieces.
                if let Some(input) = block.input.map(compact).filter(|it| it != "{}") {
                    message.whole_input(out, index, &input);
                }
                index
            }
            _ => message.open(out, BlockType::Other, None),
        }
    }

    fn on_delta(&mut self, upstream: u32, delta: Delta<'_>, out: &mut Vec<Event>) {
        let open = self.blocks.iter().rev().find(|it| it.0 == upstream).map(|it| it.1);
        let index = match (open, delta.kind.as_str()) {
            (Some(index), _) => index,
            // Some servers forget to open a block.
            (None, "text_delta") => self.open_forgotten(upstream, BlockType::Text, out),
            (None, "thinking_delta") => self.open_forgotten(upstream, BlockType::Thinking, out),
            (None, _) => return,
        };
        let message = &mut self.message;
        match delta.kind.as_str() {
            "text_delta" => message.text(out, index, delta.text.0),
            "thinking_delta" => message.text(out, index, delta.thinking.0),
            "signature_delta" => message.signature(out, index, delta.signature.as_str()),
            "input_json_delta" => message.input(out, index, delta.partial_json.as_str()),
            _ => {}
        }
    }

    fn open_forgotten(&mut self, upstream: u32, kind: BlockType, out: &mut Vec<Event>) -> u32 {
        let index = self.message.open(out, kind, None);
        self.blocks.push((upstream, index));
        index
    }

    fn on_block_stop(&mut self, upstream: u32, out: &mut Vec<Event>) {
        if let Some(at) = self.blocks.iter().rposition(|it| it.0 == upstream) {
            let (_, index) = self.blocks.remove(at);
            self.message.close(out, index);
        }
    }

    fn on_stop(&mut self, reason: &Text<'_>, sequence: &Text<'_>) {
        if !reason.is_empty() {
            self.message.stop = Some(stop_reason(reason.as_str()));
        }
        if !sequence.is_empty() {
            self.message.stop_sequence = Some(sequence.as_str().to_owned());
        }
    }

    fn on_tokens(&mut self, tokens: &Maybe<Tokens>, out: &mut Vec<Event>) {
        let Maybe(Some(tokens)) = tokens else { return };
        let counts = &mut self.counts;
        tokens.input_tokens.tell(&mut counts.input);
        tokens.output_tokens.tell(&mut counts.output);
        tokens.cache_read_input_tokens.tell(&mut counts.cache_read);
        tokens.cache_creation_input_tokens.tell(&mut counts.cache_write);
        if let Some(written) = &tokens.cache_creation.0 {
            written.ephemeral_5m_input_tokens.tell(&mut counts.cache_write_5m);
            written.ephemeral_1h_input_tokens.tell(&mut counts.cache_write_1h);
        }
        if let Some(details) = &tokens.output_tokens_details.0 {
            details.thinking_tokens.tell(&mut counts.reasoning);
        }
        let usage = usage(counts);
        self.message.count(out, usage);
    }
}

fn usage(counts: &Counts) -> Usage {
    let hour = counts.cache_write_1h.unwrap_or(0);
    // The total may be told without its parts: what is not the hour's is the five minutes'.
    let rest = counts.cache_write.unwrap_or(0).saturating_sub(hour);
    Usage {
        input_tokens: counts.input.unwrap_or(0),
        output_tokens: counts.output.unwrap_or(0),
        cache_read_tokens: counts.cache_read.unwrap_or(0),
        cache_write_5m_tokens: rest.max(counts.cache_write_5m.unwrap_or(0)),
        cache_write_1h_tokens: hour,
        reasoning_tokens: counts.reasoning.unwrap_or(0),
    }
}

fn stop_reason(name: &str) -> StopReason {
    match name {
        "end_turn" => StopReason::EndTurn,
        "tool_use" => StopReason::ToolUse,
        "max_tokens" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence,
        "refusal" => StopReason::Refusal,
        "pause_turn" => StopReason::PauseTurn,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        _ => StopReason::Other,
    }
}

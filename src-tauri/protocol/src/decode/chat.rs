//! OpenAI Chat Completions: deltas without blocks; blocks are made where the kind of delta changes.
//!
//! Owns: this dialect's field names, its `[DONE]`, tool calls keyed by index.
//! Must not know: another dialect.
//!
//! Input counts include the cache. Pieces of several tool calls may interleave, so their blocks
//! stay open until the end; text, reasoning and refusal follow each other. The message ends at
//! `[DONE]`, not at `finish_reason`, since the counts come between the two.

mod types;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use self::types::{CallPiece, Choice, Delta, Function, Part, Tokens, Wire};
use super::counts::Counts;
use super::failure::Failure;
use super::loose::{TextOrList, object};
use super::message::{MAX_IDS, MAX_OPEN, Message, is_default};
use super::{Decode, Unreadable};
use crate::event::{BlockType, Event, StopReason};
use crate::wire::sse::Frame;

/// The place of the one call of the old `function_call` field among the calls with an index.
const LEGACY: u32 = u32::MAX;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Chat {
    #[serde(skip_serializing_if = "is_default")]
    message: Message,
    #[serde(skip_serializing_if = "is_default")]
    counts: Counts,
    /// The block that text of its kind goes to.
    #[serde(skip_serializing_if = "is_default")]
    prose: Option<(BlockType, u32)>,
    #[serde(skip_serializing_if = "is_default")]
    calls: Vec<Call>,
}

/// A tool call that may still grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(rename = "u")]
    upstream: u32,
    id: String,
    /// Its block, once its name was told.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
}

// === impl Decode ===

impl Decode for Chat {
    fn message(&self) -> &Message {
        &self.message
    }

    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }

    fn on_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        if frame.data.trim_ascii() == b"[DONE]" {
            self.message.done(out);
            return Ok(());
        }
        let wire: Wire<'_> = super::read(frame)?;
        if wire.is_error() || frame.event == "error" {
            let failure = Failure::of(frame.data);
            let failure = failure.unwrap_or_else(|| Failure::new("error", "upstream failed"));
            self.message.fail(out, failure);
        } else {
            self.on_wire(wire, out);
        }
        Ok(())
    }

    fn on_end(&mut self, out: &mut Vec<Event>) {
        if self.message.stop.is_some() {
            self.message.done(out);
        }
    }

    fn on_body(&mut self, body: &[u8], out: &mut Vec<Event>) -> serde_json::Result<bool> {
        let Some(wire) = object::<Wire<'_>>(body)? else { return Ok(false) };
        if wire.is_error() || wire.choices.0.is_empty() {
            return Ok(false);
        }
        self.on_wire(wire, out);
        self.message.done(out);
        Ok(true)
    }
}

// === impl Chat ===

impl Chat {
    fn on_wire(&mut self, wire: Wire<'_>, out: &mut Vec<Event>) {
        self.message.name(wire.id.as_str(), wire.model.as_str());
        // Azure begins with a chunk that has neither an id nor a choice.
        if !wire.id.is_empty() || !wire.choices.0.is_empty() {
            self.message.start(out);
        }
        for choice in wire.choices.0 {
            // Of several answers to one request only the first has a place in the hub.
            if choice.index.position().unwrap_or(0) == 0 {
                self.on_choice(choice, out);
            }
        }
        if let Some(tokens) = wire.usage.0 {
            self.on_tokens(&tokens, out);
        }
    }

    fn on_choice(&mut self, choice: Choice<'_>, out: &mut Vec<Event>) {
        if let Some(delta) = choice.delta.0.or(choice.message.0) {
            let Delta { content, reasoning_content, reasoning, refusal, .. } = delta;
            // Servers that send both send the same text twice.
            let thinking = if reasoning_content.is_empty() { reasoning } else { reasoning_content };
            self.on_prose(BlockType::Thinking, thinking.0, out);
            match content {
                TextOrList::Text(text) => self.on_prose(BlockType::Text, text, out),
                TextOrList::List(parts) => self.on_parts(parts, out),
            }
            self.on_prose(BlockType::Refusal, refusal.0, out);
            for piece in delta.tool_calls.0 {
                self.on_call_piece(&piece, out);
            }
            if let Some(function) = delta.function_call.0 {
                self.on_function(LEGACY, "", &function, out);
            }
        }
        // Some servers send an empty reason with every chunk.
        if !choice.finish_reason.is_empty() {
            self.message.stop = Some(stop_reason(choice.finish_reason.as_str()));
        }
    }

    fn on_parts(&mut self, parts: Vec<Part<'_>>, out: &mut Vec<Event>) {
        for part in parts {
            for thought in part.thinking.0 {
                self.on_prose(BlockType::Thinking, thought.text.0, out);
            }
            self.on_prose(BlockType::Text, part.text.0, out);
            self.on_prose(BlockType::Refusal, part.refusal.0, out);
        }
    }

    fn on_prose(&mut self, kind: BlockType, text: Cow<'_, str>, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let index = match self.prose {
            Some((open, index)) if open == kind => index,
            _ => {
                self.end_prose(out);
                let index = self.message.open(out, kind, None);
                self.prose = Some((kind, index));
                index
            }
        };
        self.message.text(out, index, text);
    }

    fn end_prose(&mut self, out: &mut Vec<Event>) {
        if let Some((_, index)) = self.prose.take() {
            self.message.close(out, index);
        }
    }

    fn on_call_piece(&mut self, piece: &CallPiece<'_>, out: &mut Vec<Event>) {
        let upstream = piece.index.position().unwrap_or_else(|| self.unnumbered(piece.id.as_str()));
        if let Some(custom) = &piece.custom.0 {
            let (name, input) = (custom.name.as_str(), custom.input.as_str());
            let call = self.call(upstream, piece.id.as_str(), name, out);
            self.on_call(call, name, input, true, out);
        } else if let Some(function) = &piece.function.0 {
            self.on_function(upstream, piece.id.as_str(), function, out);
        } else {
            self.call(upstream, piece.id.as_str(), "", out);
        }
    }

    /// The place of a call whose piece has no index: where its id is, else after the last call
    /// if the id is new, else the last call.
    fn unnumbered(&self, id: &str) -> u32 {
        let same = self.calls.iter().rev().find(|it| id.is_empty() || it.id == id);
        match (same, self.calls.last()) {
            (Some(call), _) => call.upstream,
            (None, Some(last)) => last.upstream.saturating_add(1),
            (None, None) => 0,
        }
    }

    fn on_function(
        &mut self,
        upstream: u32,
        id: &str,
        function: &Function<'_>,
        out: &mut Vec<Event>,
    ) {
        let name = function.name.as_str();
        let call = self.call(upstream, id, name, out);
        self.on_call(call, name, &function.arguments.0, false, out);
    }

    /// The call that a piece belongs to, by its place in `calls`.
    fn call(&mut self, upstream: u32, id: &str, name: &str, out: &mut Vec<Event>) -> Option<usize> {
        let known = self.calls.iter().rposition(|it| it.upstream == upstream);
        if let Some(at) = known
            && let Some(call) = self.calls.get_mut(at)
        {
            // Some servers number every call 0: another id with a name is another call.
            let another = !id.is_empty() && !name.is_empty() && !call.id.is_empty();
            if !(another && call.id != id) {
                if call.id.is_empty() {
                    id.clone_into(&mut call.id);
                }
                return Some(at);
            }
        }
        let held: usize = self.calls.iter().map(|it| it.id.len()).sum();
        if self.calls.len() >= MAX_OPEN || held > MAX_IDS {
            self.message.overflow(out);
            return None;
        }
        self.calls.push(Call { upstream, id: id.to_owned(), index: None });
        Some(self.calls.len() - 1)
    }

    fn on_call(
        &mut self,
        at: Option<usize>,
        name: &str,
        input: &str,
        wrapped: bool,
        out: &mut Vec<Event>,
    ) {
        // A call is announced with its name; some servers send the id in a piece of its own.
        if name.is_empty() && input.is_empty() {
            return;
        }
        self.end_prose(out);
        let Self { message, calls, .. } = self;
        let Some(call) = at.and_then(|at| calls.get_mut(at)) else { return };
        let index = match call.index {
            Some(index) => index,
            None => {
                let index = message.open_tool(out, &call.id, name, wrapped);
                *call.index.insert(index)
            }
        };
        message.input(out, index, input);
    }

    fn on_tokens(&mut self, tokens: &Tokens, out: &mut Vec<Event>) {
        let counts = &mut self.counts;
        tokens.prompt_tokens.tell(&mut counts.input);
        tokens.completion_tokens.tell(&mut counts.output);
        tokens.prompt_cache_hit_tokens.tell(&mut counts.cache_read);
        tokens.cached_tokens.tell(&mut counts.cache_read);
        if let Some(details) = &tokens.prompt_tokens_details.0 {
            details.cached_tokens.tell(&mut counts.cache_read);
            details.cache_write_tokens.tell(&mut counts.cache_write);
        }
        if let Some(details) = &tokens.completion_tokens_details.0 {
            details.reasoning_tokens.tell(&mut counts.reasoning);
        }
        let usage = counts.inclusive();
        self.message.count(out, usage);
    }
}

fn stop_reason(name: &str) -> StopReason {
    match name {
        "stop" => StopReason::EndTurn,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "length" | "max_tokens" => StopReason::MaxTokens,
        "content_filter" => StopReason::ContentFilter,
        _ => StopReason::Other,
    }
}

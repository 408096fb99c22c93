//! OpenAI Responses: items that hold parts, each told in pieces and again whole when done.
//!
//! Owns: this dialect's event names and terminal events; which items are open and what of them
//! was told, so that what comes only whole is told once and what came in pieces is not repeated.
//! Must not know: another dialect.
//!
//! Input counts include the cache. A message item gives one block for each content part, a
//! reasoning item one thinking block (its encrypted content is the signature), a call one block.

mod item;
mod types;

use serde::{Deserialize, Serialize};

use self::item::{Item, Kind};
use self::types::{Answer, ItemWire, Piece, Tokens, Wire};
use super::counts::Counts;
use super::failure::Failure;
use super::loose::{Maybe, object};
use super::message::{MAX_OPEN, Message, is_default};
use super::{Decode, Unreadable};
use crate::event::{Event, StopReason};
use crate::wire::sse::Frame;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Responses {
    #[serde(skip_serializing_if = "is_default")]
    message: Message,
    #[serde(skip_serializing_if = "is_default")]
    counts: Counts,
    /// Items that were added and are not done.
    #[serde(skip_serializing_if = "is_default")]
    items: Vec<Item>,
    /// One past the highest position of an item so far: those before it were told.
    #[serde(skip_serializing_if = "is_default")]
    next: u32,
}

// === impl Decode ===

impl Decode for Responses {
    fn message(&self) -> &Message {
        &self.message
    }

    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }

    fn on_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        if frame.data.trim_ascii() == b"[DONE]" {
            return Ok(());
        }
        let wire: Wire<'_> = super::read(frame)?;
        let kind = wire.kind.or(frame.event).to_owned();
        if wire.error.0 || matches!(kind.as_str(), "error" | "response.error") {
            let failure = Failure::of(frame.data);
            let failure = failure.unwrap_or_else(|| Failure::new("error", "upstream failed"));
            self.message.fail(out, failure);
        } else {
            self.on_wire(&kind, wire, out);
        }
        Ok(())
    }

    fn on_end(&mut self, _: &mut Vec<Event>) {}

    fn on_body(&mut self, body: &[u8], out: &mut Vec<Event>) -> serde_json::Result<bool> {
        let Some(answer) = object::<Answer<'_>>(body)? else { return Ok(false) };
        let known = answer.object.as_str() == "response" || !answer.output.0.is_empty();
        if known {
            self.on_terminal("", answer, out);
        }
        Ok(known)
    }
}

// === impl Responses ===

impl Responses {
    fn on_wire(&mut self, kind: &str, wire: Wire<'_>, out: &mut Vec<Event>) {
        match kind {
            "response.completed"
            | "response.done"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => {
                let status = kind.trim_start_matches("response.");
                self.on_terminal(status, wire.response.0.unwrap_or_default(), out);
            }
            "response.output_item.added" => self.on_added(wire, out),
            "response.output_item.done" => self.on_item_done(wire, out),
            _ if wire.response.0.is_some() => self.on_head(&wire.response, out),
            _ => {
                let place = wire.output_index.position();
                let open = self.find(&wire);
                let id = wire.item_id.clone();
                let Some(piece) = Piece::of(kind, wire) else { return };
                let at = open.or_else(|| self.open_forgotten(piece.item, place, id.as_str(), out));
                if let Some(item) = at.and_then(|at| self.items.get_mut(at)) {
                    item.on_piece(piece, &mut self.message, out);
                }
            }
        }
    }

    fn on_head(&mut self, answer: &Maybe<Answer<'_>>, out: &mut Vec<Event>) {
        if let Some(answer) = &answer.0 {
            self.message.name(answer.id.as_str(), answer.model.as_str());
            self.message.start(out);
        }
    }

    fn on_added(&mut self, wire: Wire<'_>, out: &mut Vec<Event>) {
        let at = wire.output_index.position().unwrap_or(self.next);
        let Some(added) = wire.item.0 else { return };
        if let Some(open) = self.items.iter().position(|it| it.at == at) {
            self.items.remove(open).finish(None, &mut self.message, out);
        }
        if let Some(place) = self.open(Item::of(at, &added), out)
            && let Some(item) = self.items.get_mut(place)
        {
            item.begin(&added, &mut self.message, out);
        }
    }

    fn on_item_done(&mut self, wire: Wire<'_>, out: &mut Vec<Event>) {
        let open = self.find(&wire);
        let Some(done) = wire.item.0 else { return };
        let at = wire.output_index.position().unwrap_or(self.next);
        self.tell_whole(open, at, done, out);
    }

    /// Tells what was not told of an item that is complete.
    fn tell_whole(
        &mut self,
        open: Option<usize>,
        at: u32,
        done: ItemWire<'_>,
        out: &mut Vec<Event>,
    ) {
        let open = match open {
            Some(open) => Some(open),
            // Told before: the same item again.
            None if at < self.next => None,
            None => self.open(Item::of(at, &done), out),
        };
        if let Some(open) = open.filter(|it| *it < self.items.len()) {
            self.items.remove(open).finish(Some(done), &mut self.message, out);
        }
    }

    fn on_terminal(&mut self, told: &str, answer: Answer<'_>, out: &mut Vec<Event>) {
        self.message.name(answer.id.as_str(), answer.model.as_str());
        self.message.start(out);
        let status = answer.status.or(told).to_owned();
        // The event's name and the status inside may differ; the worse of the two is true.
        let either = |word: &str| told == word || status == word;
        if let Some(word) = ["failed", "cancelled"].into_iter().find(|it| either(it)) {
            self.on_tokens(&answer.usage, out);
            let untold = Failure::new(word, "upstream ended the response without saying why");
            let failure = answer.error.is_there().then(|| answer.error.failure());
            return self.message.fail(out, failure.unwrap_or(untold));
        }
        let details = answer.incomplete_details.0.unwrap_or_default();
        let cut = either("incomplete").then(|| incomplete(details.reason.as_str()));
        self.message.stop = Some(cut.unwrap_or(StopReason::EndTurn));
        self.on_tokens(&answer.usage, out);
        for (place, item) in (0u32..).zip(answer.output.0) {
            let id = item.id.as_str();
            let open =
                self.items.iter().position(|it| it.at == place || (!id.is_empty() && it.id == id));
            self.tell_whole(open, place, item, out);
        }
        for item in std::mem::take(&mut self.items) {
            item.finish(None, &mut self.message, out);
        }
        self.message.done(out);
    }

    /// The open item an event speaks of.
    fn find(&self, wire: &Wire<'_>) -> Option<usize> {
        let id = wire.item_id.as_str();
        match wire.output_index.position() {
            Some(at) => self.items.iter().position(|it| it.at == at),
            None if !id.is_empty() => self.items.iter().position(|it| it.id == id),
            None => self.items.len().checked_sub(1),
        }
    }

    /// Some servers send pieces of an item they never added.
    fn open_forgotten(
        &mut self,
        kind: Kind,
        place: Option<u32>,
        id: &str,
        out: &mut Vec<Event>,
    ) -> Option<usize> {
        let at = place.unwrap_or(self.next);
        // A call has no name yet: it is told when it is done.
        if at < self.next || matches!(kind, Kind::Call | Kind::Custom) {
            return None;
        }
        self.open(Item::new(at, id, kind), out)
    }

    fn open(&mut self, item: Item, out: &mut Vec<Event>) -> Option<usize> {
        if self.items.len() >= MAX_OPEN {
            self.message.overflow(out);
            return None;
        }
        self.next = self.next.max(item.at.saturating_add(1));
        self.items.push(item);
        Some(self.items.len() - 1)
    }

    fn on_tokens(&mut self, tokens: &Maybe<Tokens>, out: &mut Vec<Event>) {
        let Maybe(Some(tokens)) = tokens else { return };
        let counts = &mut self.counts;
        tokens.input_tokens.tell(&mut counts.input);
        tokens.output_tokens.tell(&mut counts.output);
        if let Some(details) = &tokens.input_tokens_details.0 {
            details.cached_tokens.tell(&mut counts.cache_read);
            details.cache_write_tokens.tell(&mut counts.cache_write);
        }
        if let Some(details) = &tokens.output_tokens_details.0 {
            details.reasoning_tokens.tell(&mut counts.reasoning);
        }
        let usage = counts.inclusive();
        self.message.count(out, usage);
    }
}

fn incomplete(reason: &str) -> StopReason {
    match reason {
        "max_output_tokens" | "max_tokens" => StopReason::MaxTokens,
        "content_filter" => StopReason::ContentFilter,
        _ => StopReason::Other,
    }
}

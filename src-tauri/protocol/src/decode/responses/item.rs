//! One item of a response: what of it was told, and what is still due when it is done.
//!
//! Owns: "once": text and arguments that come in pieces are not repeated by the `.done` events,
//! and those that come only there are told from them.
//! Must not know: which event is which piece, other items.

use serde::{Deserialize, Serialize};

use super::types::{ItemWire, PartWire, Piece, Place, Step};
use crate::decode::message::Message;
use crate::event::{BlockType, Event};

/// Longer ids than this are no ids; the item is then found by its position only.
const MAX_ID: usize = 4096;

/// An item that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// Position in the response's output.
    pub(super) at: u32,
    pub(super) id: String,
    kind: Kind,
    /// The block that is open.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    /// The last part that anything was told of. Earlier ones are over.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    #[serde(rename = "m")]
    Message,
    #[serde(rename = "r")]
    Reasoning,
    #[serde(rename = "f")]
    Call,
    /// A call whose input is free text.
    #[serde(rename = "c")]
    Custom,
    #[serde(rename = "o")]
    Other,
}

// === impl Kind ===

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "message" => Self::Message,
            "reasoning" => Self::Reasoning,
            "function_call" => Self::Call,
            "custom_tool_call" => Self::Custom,
            _ => Self::Other,
        }
    }
}

// === impl Item ===

impl Item {
    pub(super) fn new(at: u32, id: &str, kind: Kind) -> Self {
        let id = if id.len() > MAX_ID { "" } else { id };
        Self { at, id: id.to_owned(), kind, index: None, place: None }
    }

    pub(super) fn of(at: u32, wire: &ItemWire<'_>) -> Self {
        Self::new(at, wire.id.as_str(), Kind::of(wire.kind.as_str()))
    }

    /// The item was added: a call whose name is told already begins here. Its arguments wait for
    /// their own events, since some servers write a placeholder here.
    pub(super) fn begin(
        &mut self,
        added: &ItemWire<'_>,
        message: &mut Message,
        out: &mut Vec<Event>,
    ) {
        match self.kind {
            Kind::Call | Kind::Custom if !added.name.is_empty() && !added.call_id.is_empty() => {
                self.open_call(added, message, out);
            }
            Kind::Other => self.index = Some(message.open(out, BlockType::Other, None)),
            Kind::Call | Kind::Custom | Kind::Message | Kind::Reasoning => {}
        }
    }

    /// Tells a piece, or as much of it as is new.
    pub(super) fn on_piece(
        &mut self,
        piece: Piece<'_>,
        message: &mut Message,
        out: &mut Vec<Event>,
    ) {
        if piece.item != self.kind {
            return;
        }
        match self.kind {
            Kind::Message => self.on_text(piece, message, out),
            Kind::Reasoning => self.on_reasoning(piece, message, out),
            Kind::Call | Kind::Custom => match (self.index, piece.step) {
                (Some(index), Step::More) => message.input(out, index, &piece.text),
                (Some(index), _) => message.whole_input(out, index, &piece.text),
                (None, _) => {}
            },
            Kind::Other => {}
        }
    }

    /// The item is over; `done` is its whole content where upstream told it.
    pub(super) fn finish(
        mut self,
        done: Option<ItemWire<'_>>,
        message: &mut Message,
        out: &mut Vec<Event>,
    ) {
        if let Some(done) = done {
            self.tell_rest(done, message, out);
        }
        if let Some(index) = self.index {
            message.close(out, index);
        }
    }

    fn tell_rest(&mut self, done: ItemWire<'_>, message: &mut Message, out: &mut Vec<Event>) {
        match self.kind {
            Kind::Message | Kind::Reasoning => {
                let kind = self.kind;
                let summary = (0..).map(Place::Summary).zip(done.summary.0);
                let content = (0..).map(Place::Content).zip(done.content.0);
                for (place, part) in summary.chain(content) {
                    self.on_piece(
                        Piece { item: kind, ..PartWire::piece(part, place) },
                        message,
                        out,
                    );
                }
                let signature = done.encrypted_content.as_str();
                if kind == Kind::Reasoning && !signature.is_empty() {
                    let index = self.block(BlockType::Thinking, message, out);
                    message.signature(out, index, signature);
                }
            }
            Kind::Call | Kind::Custom => {
                if self.index.is_none() {
                    self.open_call(&done, message, out);
                }
                let whole = if self.kind == Kind::Call { done.arguments.0 } else { done.input.0 };
                if let Some(index) = self.index {
                    message.whole_input(out, index, &whole);
                }
            }
            Kind::Other => {
                self.block(BlockType::Other, message, out);
            }
        }
    }

    fn on_text(&mut self, piece: Piece<'_>, message: &mut Message, out: &mut Vec<Event>) {
        if piece.block == BlockType::Refusal {
            // A refusal may have no words of its own.
            message.refuse();
        }
        if self.is_news(&piece) {
            if self.place != Some(piece.place) {
                self.end_block(message, out);
            }
            self.place = Some(piece.place);
            let index = self.block(piece.block, message, out);
            message.text(out, index, piece.text);
        }
        if piece.step == Step::End && self.place == Some(piece.place) {
            self.end_block(message, out);
        }
    }

    fn on_reasoning(&mut self, piece: Piece<'_>, message: &mut Message, out: &mut Vec<Event>) {
        if self.is_news(&piece) {
            let index = self.block(BlockType::Thinking, message, out);
            if self.place.is_some_and(|it| it != piece.place) {
                // Parts are paragraphs; the one block they share must keep them apart.
                message.text(out, index, "\n\n".into());
            }
            self.place = Some(piece.place);
            message.text(out, index, piece.text);
        }
    }

    /// Whether a piece has text that was not told: more of the running part, or a later part.
    fn is_news(&self, piece: &Piece<'_>) -> bool {
        let later = self.place.is_none_or(|it| it < piece.place);
        let more = piece.step == Step::More && self.place == Some(piece.place);
        !piece.text.is_empty() && (later || more)
    }

    fn open_call(&mut self, wire: &ItemWire<'_>, message: &mut Message, out: &mut Vec<Event>) {
        let id = wire.call_id.or(wire.id.as_str());
        let wrapped = self.kind == Kind::Custom;
        self.index = Some(message.open_tool(out, id, wire.name.as_str(), wrapped));
    }

    /// The open block, opened if there is none.
    fn block(&mut self, kind: BlockType, message: &mut Message, out: &mut Vec<Event>) -> u32 {
        *self.index.get_or_insert_with(|| message.open(out, kind, None))
    }

    fn end_block(&mut self, message: &mut Message, out: &mut Vec<Event>) {
        if let Some(index) = self.index.take() {
            message.close(out, index);
        }
    }
}

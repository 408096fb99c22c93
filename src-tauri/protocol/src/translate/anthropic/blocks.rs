//! Blocks of content, written.
//!
//! Owns: the members of each block.
//! Must not know: which message a block is in.

use std::borrow::{Borrow, Cow};

use serde_json::value::RawValue;

use super::Losses;
use super::breakpoints::Breakpoints;
use super::conversation::plain;
use super::extras::Extras;
use super::json::{Arr, Obj, is_object, string};
use super::media::Media;
use crate::request::{Part, ToolCall, ToolResult};

/// A block to be written.
#[derive(Debug)]
pub(super) struct Block<'r> {
    pub(super) what: What<'r>,
    pub(super) cache: Option<&'r RawValue>,
    pub(super) extras: Option<&'r str>,
    /// Its turn and place in the hub.
    pub(super) at: (usize, usize),
}

#[derive(Debug)]
pub(super) enum What<'r> {
    Text(Cow<'r, str>),
    Media {
        media: Media<'r>,
        name: Option<&'r str>,
    },
    Call {
        id: Cow<'r, str>,
        call: &'r ToolCall,
    },
    Result {
        id: Cow<'r, str>,
        result: &'r ToolResult,
    },
    NoResult {
        id: Cow<'r, str>,
        text: &'static str,
    },
    Thinking {
        text: &'r str,
        signature: &'r str,
    },
    Redacted(&'r str),
    /// A block of the provider's own, whole.
    Own(&'r RawValue),
}

/// What writing needs beside the blocks.
pub(super) struct Pen<'p, 'r> {
    pub(super) extras: &'p Extras<'r>,
    pub(super) breakpoints: &'p mut Breakpoints,
    pub(super) losses: &'p mut Losses,
}

// === impl What ===

impl What<'_> {
    pub(super) const fn is_result(&self) -> bool {
        matches!(self, Self::Result { .. } | Self::NoResult { .. })
    }
}

// === impl Block ===

impl<'r> Block<'r> {
    /// A block without a cache breakpoint.
    pub(super) const fn new(what: What<'r>) -> Self {
        Self { what, cache: None, extras: None, at: (usize::MAX, usize::MAX) }
    }

    /// The text, where that is all there is to it.
    fn bare(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) if self.cache.is_none() && self.extras.is_none() => Some(text),
            _ => None,
        }
    }

    fn write(&self, out: &mut Vec<u8>, pen: &mut Pen<'_, 'r>) {
        let mut object = Obj::new(out);
        match &self.what {
            What::Text(text) => {
                object.str("type", "text").str("text", text);
            }
            What::Media { media, name } => {
                media.write(&mut object);
                if let Some(name) = name
                    && media.is_document()
                {
                    object.str("title", name);
                }
            }
            What::Call { id, call } => {
                object.str("type", "tool_use").str("id", id).str("name", &call.name);
                write_input(object.key("input"), &call.arguments, call.free_text);
            }
            What::Result { id, result } => {
                object.str("type", "tool_result").str("tool_use_id", id);
                self.write_result(result, &mut object, pen);
            }
            What::NoResult { id, text } => {
                object.str("type", "tool_result").str("tool_use_id", id).str("content", text);
                object.json("is_error", "true");
            }
            What::Thinking { text, signature } => {
                object.str("type", "thinking").str("thinking", text).str("signature", signature);
            }
            What::Redacted(data) => {
                object.str("type", "redacted_thinking").str("data", data);
            }
            What::Own(value) => {
                object.splice(Some(value.get()));
            }
        }
        // Thinking takes no breakpoint.
        if !matches!(self.what, What::Thinking { .. } | What::Redacted(_)) {
            pen.breakpoints.write(self.cache, &mut object);
        }
        object.splice(self.extras).end();
    }

    fn write_result(&self, result: &'r ToolResult, object: &mut Obj<'_>, pen: &mut Pen<'_, 'r>) {
        let (turn, part) = self.at;
        let mut blocks: Vec<Block<'r>> = Vec::with_capacity(result.content.len());
        for (index, inner) in result.content.iter().enumerate() {
            let path = || format!("messages[{turn}].content[{part}].content[{index}]");
            let extras = pen.extras.at(path);
            blocks.extend(inner_block(inner, extras, pen.losses));
        }
        if blocks.is_empty() && result.is_error {
            // The provider wants a failure to say something.
            blocks.push(Block::new(What::Text("error".into())));
        }
        if !blocks.is_empty() {
            write_content(&blocks, object.key("content"), pen);
        }
        if result.is_error {
            object.json("is_error", "true");
        }
    }
}

/// Writes content: a string where it is no more than one text, else an array.
pub(super) fn write_content<'r>(
    blocks: &[impl Borrow<Block<'r>>],
    out: &mut Vec<u8>,
    pen: &mut Pen<'_, 'r>,
) {
    if let [one] = blocks
        && let Some(text) = one.borrow().bare()
    {
        return string(out, text);
    }
    let mut array = Arr::new(out);
    for block in blocks {
        block.borrow().write(array.next(), pen);
    }
    array.end();
}

/// The arguments of a call as the object they have to be: free text, and what is no object, goes
/// as the one member `input`.
pub(super) fn write_input(out: &mut Vec<u8>, arguments: &str, free_text: bool) {
    if !free_text && arguments.trim().is_empty() {
        out.extend_from_slice(b"{}");
    } else if !free_text && is_object(arguments) {
        out.extend_from_slice(arguments.trim().as_bytes());
    } else {
        Obj::new(out).str("input", arguments).end();
    }
}

fn inner_block<'r>(
    part: &'r Part,
    extras: Option<&'r str>,
    losses: &mut Losses,
) -> Option<Block<'r>> {
    let what = plain(part, losses)?;
    if let What::Text(text) = &what
        && text.trim().is_empty()
    {
        return None;
    }
    Some(Block { extras, cache: part.cache.as_deref(), ..Block::new(what) })
}

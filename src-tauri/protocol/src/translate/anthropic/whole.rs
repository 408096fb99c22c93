//! Events to a whole answer.
//!
//! Owns: the members of a message that does not stream.
//! Must not know: how the same events stream; a test holds the two together.

use super::answer::{
    call_id, message_id, stop_reason, to_client, write_counts, write_stop_members,
};
use super::blocks::write_input;
use super::error;
use super::json::{Arr, Obj};
use super::request_in::OF_CALL;

use crate::event::{BlockType, Event, StopReason, Usage};
use crate::translate::{ClientWish, Whole};

#[derive(Debug)]
struct Block {
    index: u32,
    kind: BlockType,
    text: String,
    call: Option<(String, String)>,
    signature: Option<String>,
}

/// A whole answer: the message, or the envelope of the error the events end in.
#[must_use]
pub fn whole(events: &[Event], wish: &ClientWish) -> Whole {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut id, mut model) = (message_id("", wish), wish.model.as_str());
    let mut usage = Usage::default();
    let mut calls = 0_u32;
    for event in events {
        match event {
            Event::MessageStart { id: told, model: named } => {
                id = message_id(told, wish);
                if !named.is_empty() {
                    model = named;
                }
            }
            Event::ContentBlockStart { index, block_type, data } => blocks.push(Block {
                index: *index,
                kind: *block_type,
                text: data.clone().unwrap_or_default(),
                call: None,
                signature: None,
            }),
            Event::TextDelta { index, text }
            | Event::ThinkingDelta { index, thinking: text }
            | Event::ToolUseInputDelta { index, partial_json: text, .. } => {
                if let Some(block) = find(&mut blocks, *index) {
                    block.text.push_str(text);
                }
            }
            Event::SignatureDelta { index, signature } => {
                if let Some(block) = find(&mut blocks, *index) {
                    block.signature = Some(signature.clone());
                }
            }
            Event::ToolUseStart { index, id: told, name } => {
                if let Some(block) = find(&mut blocks, *index) {
                    block.call = Some((call_id(told, name, calls, &id), name.clone()));
                    calls = calls.saturating_add(1);
                }
            }
            Event::Usage(counts) => usage = *counts,
            Event::MessageStop { stop_reason, stop_sequence } => {
                let stop = (*stop_reason, stop_sequence.as_deref());
                return message(&id, model, blocks, stop, &usage, wish);
            }
            Event::Error { error_type, message } => {
                return failure(error_type, message, wish);
            }
            Event::ToolUseStop { .. } | Event::ContentBlockStop { .. } | Event::Ping => {}
        }
    }
    failure("truncated", "upstream ended before the response was complete", wish)
}

fn find(blocks: &mut [Block], index: u32) -> Option<&mut Block> {
    blocks.iter_mut().rev().find(|it| it.index == index)
}

fn failure(name: &str, message: &str, wish: &ClientWish) -> Whole {
    let kind = error::of_name(name);
    let body = error::envelope(kind, message, wish.request_id.as_deref());
    Whole { status: kind.status, body: body.into() }
}

fn message(
    id: &str,
    model: &str,
    blocks: Vec<Block>,
    stop: (StopReason, Option<&str>),
    usage: &Usage,
    wish: &ClientWish,
) -> Whole {
    let mut body = Vec::with_capacity(512);
    let mut object = Obj::new(&mut body);
    object.str("id", id).str("type", "message").str("role", "assistant").str("model", model);
    let called = blocks.iter().any(|it| it.call.is_some());
    let mut content = Arr::new(object.key("content"));
    for block in blocks {
        write_block(block, &mut content, wish);
    }
    content.end();
    write_stop_members(&mut object, stop_reason(stop.0, called), stop.1);
    let mut counts = Obj::new(object.key("usage"));
    write_counts(&mut counts, usage);
    counts.end();
    object.end();
    Whole { status: 200, body: body.into() }
}

fn write_block(block: Block, content: &mut Arr<'_>, wish: &ClientWish) {
    let Block { kind, text, call, signature, .. } = block;
    let signature = signature.map(|it| to_client(it, wish.upstream));
    match kind {
        BlockType::Text | BlockType::Refusal if !text.is_empty() => {
            Obj::new(content.next()).str("type", "text").str("text", &text).end();
        }
        BlockType::Thinking if !text.is_empty() || signature.is_some() => {
            write_thought(&text, &signature.unwrap_or_default(), content);
        }
        BlockType::RedactedThinking => {
            let data = to_client(text, wish.upstream);
            let mut object = Obj::new(content.next());
            object.str("type", "redacted_thinking").str("data", &data).end();
        }
        BlockType::ToolUse => {
            let Some((id, name)) = call else { return };
            if let Some(signature) = signature {
                write_thought("", &format!("{OF_CALL}{signature}"), content);
            }
            let mut object = Obj::new(content.next());
            object.str("type", "tool_use").str("id", &id).str("name", &name);
            write_input(object.key("input"), &text, false);
            object.end();
        }
        BlockType::Text | BlockType::Refusal | BlockType::Thinking | BlockType::Other => {}
    }
}

fn write_thought(text: &str, signature: &str, content: &mut Arr<'_>) {
    let mut object = Obj::new(content.next());
    object.str("type", "thinking").str("thinking", text).str("signature", signature).end();
}

//! A whole answer as Gemini gives one.
//!
//! Owns: joining a message's events into parts.
//! Must not know: another dialect.

use serde::Serialize;
use serde_json::json;

use super::error::status_of_name;
use super::json::raw;
use super::proof;
use super::stream::{Part, finish_reason, function_call, usage_metadata};
use crate::event::{BlockType, Event, StopReason, Usage};
use crate::request::Raw;
use crate::translate::{ClientWish, Whole};

/// A block of the answer.
#[derive(Default)]
struct Block {
    index: u32,
    kind: Option<BlockType>,
    text: String,
    signature: Option<String>,
    id: String,
    name: String,
}

// Arguments are copied into it as they came: no tree of values in between.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    candidates: [Candidate; 1],
    usage_metadata: Raw,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Content,
    finish_reason: &'static str,
    index: u8,
}

#[derive(Serialize)]
struct Content {
    parts: Vec<Raw>,
    role: &'static str,
}

/// A whole answer, or the error the events end in.
#[must_use]
pub fn whole(events: &[Event], wish: &ClientWish) -> Whole {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut id, mut model) = (String::new(), wish.model.clone());
    let mut usage = Usage::default();
    let mut stop = None;
    for event in events {
        match event {
            Event::MessageStart { id: told, model: named } => {
                id.clone_from(told);
                if !named.is_empty() {
                    model.clone_from(named);
                }
            }
            Event::ContentBlockStart { index, block_type, data } => blocks.push(Block {
                index: *index,
                kind: Some(*block_type),
                signature: data.as_ref().map(|it| proof::to_client(wish, it)),
                ..Block::default()
            }),
            Event::Usage(told) => usage = *told,
            Event::MessageStop { stop_reason, .. } => stop = Some(*stop_reason),
            Event::Error { error_type, message } => return failed(error_type, message),
            Event::ContentBlockStop { .. } | Event::ToolUseStop { .. } | Event::Ping => {}
            Event::TextDelta { index, text } => add(&mut blocks, *index, text),
            Event::ThinkingDelta { index, thinking } => add(&mut blocks, *index, thinking),
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                add(&mut blocks, *index, partial_json);
            }
            Event::SignatureDelta { index, signature } => {
                if let Some(block) = blocks.iter_mut().find(|it| it.index == *index) {
                    block.signature = Some(proof::to_client(wish, signature));
                }
            }
            Event::ToolUseStart { index, id, name } => {
                if let Some(block) = blocks.iter_mut().find(|it| it.index == *index) {
                    (block.id, block.name) = (id.clone(), name.clone());
                }
            }
        }
    }
    match stop {
        Some(stop) => answer(&blocks, stop, &usage, &model, &id),
        None => failed("truncated", "the answer was cut off upstream"),
    }
}

fn answer(blocks: &[Block], stop: StopReason, usage: &Usage, model: &str, id: &str) -> Whole {
    let mut malformed = false;
    let mut parts = Vec::new();
    for block in blocks {
        match block.kind {
            Some(BlockType::ToolUse) => match function_call(&block.id, &block.name, &block.text) {
                Some(call) => parts.push(raw(&Part {
                    function_call: Some(call),
                    thought_signature: block.signature.as_deref(),
                    ..Part::default()
                })),
                None => malformed = true,
            },
            Some(BlockType::Other) | None => {}
            kind => {
                let thought =
                    matches!(kind, Some(BlockType::Thinking | BlockType::RedactedThinking));
                if !block.text.is_empty() || block.signature.is_some() {
                    parts.push(raw(&Part {
                        text: Some(&block.text),
                        thought,
                        thought_signature: block.signature.as_deref(),
                        ..Part::default()
                    }));
                }
            }
        }
    }
    let stop = match stop {
        StopReason::EndTurn | StopReason::ToolUse if malformed => StopReason::MalformedToolCall,
        stop => stop,
    };
    let content = Content { parts, role: "model" };
    let candidate = Candidate { content, finish_reason: finish_reason(stop), index: 0 };
    written(
        200,
        &Answer {
            candidates: [candidate],
            usage_metadata: usage_metadata(usage),
            model_version: model,
            response_id: Some(id).filter(|it| !it.is_empty()),
        },
    )
}

fn add(blocks: &mut [Block], index: u32, text: &str) {
    if let Some(block) = blocks.iter_mut().find(|it| it.index == index) {
        block.text.push_str(text);
    }
}

fn failed(error_type: &str, message: &str) -> Whole {
    let (code, status) = status_of_name(error_type);
    written(code, &json!({ "error": { "code": code, "message": message, "status": status } }))
}

fn written(status: u16, body: &impl Serialize) -> Whole {
    Whole { status, body: raw(body).get().to_owned().into_bytes().into() }
}

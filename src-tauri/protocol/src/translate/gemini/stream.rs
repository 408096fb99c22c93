//! A stream as Gemini sends one: every chunk a list of parts to append.
//!
//! Owns: the chunks, and what is held: a call's arguments until they are whole, the counts until
//! the last chunk.
//! Must not know: another dialect.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::error::status_of_name;
use super::json::raw;
use super::proof;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::request::Raw;
use crate::translate::{ClientWish, Encoder};

/// Writes a stream.
#[derive(Debug, Serialize, Deserialize)]
pub struct StreamEncoder {
    pub(in crate::translate) wish: ClientWish,
    id: String,
    model: String,
    usage: Option<Usage>,
    thinking: Vec<u32>,
    calls: Vec<Call>,
    malformed: bool,
    ended: bool,
}

/// A call whose arguments are not whole yet.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Call {
    index: u32,
    id: String,
    name: String,
    arguments: String,
    signature: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    candidates: [Candidate<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_metadata: Option<Raw>,
    #[serde(skip_serializing_if = "str::is_empty")]
    model_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    index: u32,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Part<'a>; 1],
    role: &'static str,
}

/// One part of an answer.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<&'a str>,
}

// === impl StreamEncoder ===

impl StreamEncoder {
    /// Nothing is written yet.
    #[must_use]
    pub const fn new(wish: ClientWish) -> Self {
        Self {
            wish,
            id: String::new(),
            model: String::new(),
            usage: None,
            thinking: Vec::new(),
            calls: Vec::new(),
            malformed: false,
            ended: false,
        }
    }

    fn part(&self, part: Part<'_>, out: &mut Vec<u8>) {
        self.chunk(part, None, out);
    }

    fn chunk(&self, part: Part<'_>, finish: Option<&'static str>, out: &mut Vec<u8>) {
        let usage = self.usage.filter(|_| finish.is_some());
        let model = if self.model.is_empty() { &self.wish.model } else { &self.model };
        let chunk = Chunk {
            candidates: [Candidate {
                content: Content { parts: [part], role: "model" },
                finish_reason: finish,
                index: 0,
            }],
            usage_metadata: usage.map(|it| usage_metadata(&it)),
            model_version: model,
            response_id: &self.id,
        };
        write_data(&chunk, out);
    }

    /// The whole call, now that its arguments are complete. Cut-off arguments are no call.
    fn call(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(at) = self.calls.iter().position(|it| it.index == index) else { return };
        let call = self.calls.remove(at);
        let Some(written) = function_call(&call.id, &call.name, &call.arguments) else {
            self.malformed = true;
            return;
        };
        let part = Part {
            function_call: Some(written),
            thought_signature: call.signature.as_deref(),
            ..Part::default()
        };
        self.part(part, out);
    }

    fn signature(&mut self, index: u32, signature: &str, out: &mut Vec<u8>) {
        let signature = proof::to_client(&self.wish, signature);
        if let Some(call) = self.calls.iter_mut().find(|it| it.index == index) {
            call.signature = Some(signature);
            return;
        }
        let part = Part {
            text: Some(""),
            thought: self.thinking.contains(&index),
            thought_signature: Some(&signature),
            ..Part::default()
        };
        self.part(part, out);
    }

    fn stop(&mut self, reason: StopReason, out: &mut Vec<u8>) {
        self.ended = true;
        let reason = match reason {
            StopReason::EndTurn | StopReason::ToolUse if self.malformed => {
                StopReason::MalformedToolCall
            }
            reason => reason,
        };
        let part = Part { text: Some(""), ..Part::default() };
        self.chunk(part, Some(finish_reason(reason)), out);
    }

    fn fail(&mut self, error_type: &str, message: &str, out: &mut Vec<u8>) {
        self.ended = true;
        let (code, status) = status_of_name(error_type);
        // `error` has to be the first member: the SDK does not look further.
        write_data(
            &json!({ "error": { "code": code, "message": message, "status": status } }),
            out,
        );
    }
}

impl Encoder for StreamEncoder {
    fn on_event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match event {
            Event::MessageStart { id, model } => {
                (self.id, self.model) = (id.clone(), model.clone());
            }
            Event::ContentBlockStart { index, block_type, data } => match block_type {
                BlockType::Thinking => self.thinking.push(*index),
                BlockType::RedactedThinking => {
                    self.thinking.push(*index);
                    if let Some(data) = data {
                        self.signature(*index, data, out);
                    }
                }
                BlockType::ToolUse => {
                    self.calls.push(Call { index: *index, ..Call::default() });
                }
                BlockType::Text | BlockType::Refusal | BlockType::Other => {}
            },
            Event::TextDelta { text, .. } => {
                self.part(Part { text: Some(text), ..Part::default() }, out);
            }
            Event::ThinkingDelta { thinking, .. } => {
                self.part(Part { text: Some(thinking), thought: true, ..Part::default() }, out);
            }
            Event::SignatureDelta { index, signature } => self.signature(*index, signature, out),
            Event::ToolUseStart { index, id, name } => {
                if let Some(call) = self.calls.iter_mut().find(|it| it.index == *index) {
                    (call.id, call.name) = (id.clone(), name.clone());
                }
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                if let Some(call) = self.calls.iter_mut().find(|it| it.index == *index) {
                    call.arguments.push_str(partial_json);
                }
            }
            Event::ToolUseStop { .. } => {}
            Event::ContentBlockStop { index } => {
                self.call(*index, out);
                self.thinking.retain(|it| it != index);
            }
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::MessageStop { stop_reason, .. } => self.stop(*stop_reason, out),
            Event::Error { error_type, message } => self.fail(error_type, message, out),
            // A comment or an event name would break the client; a blank line does not.
            Event::Ping => out.push(b'\n'),
        }
    }

    fn on_end(&mut self, end: End, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match end {
            End::Done => self.stop(StopReason::EndTurn, out),
            End::Truncated => self.fail("truncated", "the answer was cut off upstream", out),
            End::Failed => self.fail("error", "upstream failed", out),
        }
    }
}

/// Arguments as the object Gemini wants. Free text is `{"input": ..}`; what is no object, too.
pub(super) fn arguments(text: &str, free_text: bool) -> Raw {
    if !free_text {
        if text.trim().is_empty() {
            return raw(&json!({}));
        }
        if text.trim_start().starts_with('{')
            && let Ok(object) = RawValue::from_string(text.to_owned())
        {
            return object;
        }
    }
    raw(&json!({ "input": text }))
}

/// A `functionCall` member; none where the arguments were cut off.
pub(super) fn function_call(id: &str, name: &str, text: &str) -> Option<Raw> {
    #[derive(Serialize)]
    struct Out<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        id: &'a str,
        name: &'a str,
        args: Raw,
    }
    let whole = text.trim().is_empty() || serde_json::from_str::<&RawValue>(text).is_ok();
    whole.then(|| raw(&Out { id, name, args: arguments(text, false) }))
}

/// The counts as Gemini has them (grammar: candidates exclude thoughts, prompt includes the cache).
pub(super) fn usage_metadata(usage: &Usage) -> Raw {
    let thoughts = usage.reasoning_tokens.min(usage.output_tokens);
    let mut counts = json!({
        "promptTokenCount": usage.all_input(),
        "candidatesTokenCount": usage.output_tokens - thoughts,
        "totalTokenCount": usage.total(),
    });
    if let Some(counts) = counts.as_object_mut() {
        if usage.cache_read_tokens > 0 {
            counts.insert("cachedContentTokenCount".to_owned(), json!(usage.cache_read_tokens));
        }
        if thoughts > 0 {
            counts.insert("thoughtsTokenCount".to_owned(), json!(thoughts));
        }
    }
    raw(&counts)
}

/// What each end is called (grammar 5.1).
pub(super) const fn finish_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::MaxTokens | StopReason::ContextWindow => "MAX_TOKENS",
        StopReason::Refusal => "SAFETY",
        StopReason::ContentFilter => "PROHIBITED_CONTENT",
        StopReason::MalformedToolCall => "MALFORMED_FUNCTION_CALL",
        StopReason::EndTurn
        | StopReason::ToolUse
        | StopReason::StopSequence
        | StopReason::PauseTurn => "STOP",
        StopReason::Other => "OTHER",
    }
}

fn write_data(value: &impl Serialize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    // What is written are strings and numbers: writing them to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, value);
    out.extend_from_slice(b"\n\n");
}

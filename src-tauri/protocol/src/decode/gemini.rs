//! Gemini `generateContent`: every chunk is a list of parts to append; tool calls come whole.
//!
//! Owns: this dialect's field names, and that there is no end marker: a message ends with the
//! counts that come at or after its `finishReason`, else with the bytes.
//! Must not know: another dialect.
//!
//! Input counts include the cache, output counts exclude the thoughts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::counts::Counts;
use super::failure::Failure;
use super::loose::{Count, List, Maybe, Text, Truthy, compact, object};
use super::message::{Message, is_default};
use super::{Decode, Unreadable};
use crate::event::{BlockType, Event, StopReason, Usage};
use crate::wire::sse::Frame;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Gemini {
    #[serde(skip_serializing_if = "is_default")]
    message: Message,
    #[serde(skip_serializing_if = "is_default")]
    counts: Counts,
    /// The block that text of its kind goes to.
    #[serde(skip_serializing_if = "is_default")]
    prose: Option<(BlockType, u32)>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Wire<'a> {
    candidates: List<Candidate<'a>>,
    usage_metadata: Maybe<Tokens>,
    model_version: Text<'a>,
    response_id: Text<'a>,
    prompt_feedback: Maybe<Feedback<'a>>,
    error: Truthy,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Candidate<'a> {
    index: Count,
    content: Maybe<Content<'a>>,
    finish_reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Content<'a> {
    parts: List<Part<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Part<'a> {
    text: Text<'a>,
    thought: Truthy,
    thought_signature: Text<'a>,
    function_call: Maybe<Call<'a>>,
    inline_data: Truthy,
    file_data: Truthy,
    executable_code: Truthy,
    code_execution_result: Truthy,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Call<'a> {
    id: Text<'a>,
    name: Text<'a>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    partial_args: Truthy,
    will_continue: Truthy,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Feedback<'a> {
    block_reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tokens {
    prompt_token_count: Count,
    cached_content_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    tool_use_prompt_token_count: Count,
}

// === impl Decode ===

impl Decode for Gemini {
    fn message(&self) -> &Message {
        &self.message
    }

    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }

    fn on_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        let wire: Wire<'_> = super::read(frame)?;
        if wire.error.0 || frame.event == "error" {
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
        // Asked for a stream without `alt=sse`, upstream sends the chunks as one array.
        if body.trim_ascii_start().starts_with(b"[") {
            return self.on_array(body, out);
        }
        let Some(wire) = object::<Wire<'_>>(body)? else { return Ok(false) };
        let feedback =
            wire.prompt_feedback.0.as_ref().is_some_and(|it| !it.block_reason.is_empty());
        if wire.error.0 || (wire.candidates.0.is_empty() && !feedback) {
            return Ok(false);
        }
        self.on_wire(wire, out);
        self.message.done(out);
        Ok(true)
    }
}

// === impl Gemini ===

impl Gemini {
    /// Reads the chunks of an array as the frames they should have been.
    fn on_array(&mut self, body: &[u8], out: &mut Vec<Event>) -> serde_json::Result<bool> {
        let chunks: Vec<&RawValue> = serde_json::from_slice(body)?;
        let before = out.len();
        for chunk in chunks {
            if self.message.end().is_none() {
                let frame = Frame { event: "", data: chunk.get().as_bytes() };
                // What is no chunk is passed over, as in a stream.
                let _: Result<(), Unreadable> = self.on_frame(frame, out);
            }
        }
        if out.len() == before {
            return Ok(false);
        }
        self.on_end(out);
        self.message.truncate(out);
        Ok(true)
    }

    fn on_wire(&mut self, wire: Wire<'_>, out: &mut Vec<Event>) {
        self.message.name(wire.response_id.as_str(), wire.model_version.as_str());
        if !wire.candidates.0.is_empty() || !wire.response_id.is_empty() {
            self.message.start(out);
        }
        for candidate in wire.candidates.0 {
            // Of several answers to one request only the first has a place in the hub.
            if candidate.index.position().unwrap_or(0) == 0 {
                self.on_candidate(candidate, out);
            }
        }
        if wire.prompt_feedback.0.is_some_and(|it| !it.block_reason.is_empty()) {
            self.message.stop.get_or_insert(StopReason::ContentFilter);
        }
        if let Some(tokens) = wire.usage_metadata.0 {
            self.on_tokens(&tokens, out);
            if self.message.stop.is_some() {
                self.message.done(out);
            }
        }
    }

    fn on_candidate(&mut self, candidate: Candidate<'_>, out: &mut Vec<Event>) {
        for part in candidate.content.0.unwrap_or_default().parts.0 {
            self.on_part(part, out);
        }
        match candidate.finish_reason.as_str() {
            "" | "FINISH_REASON_UNSPECIFIED" => {}
            name => self.message.stop = Some(stop_reason(name)),
        }
    }

    fn on_part(&mut self, part: Part<'_>, out: &mut Vec<Event>) {
        let signature = part.thought_signature.as_str();
        if let Some(call) = &part.function_call.0 {
            return self.on_call(call, signature, out);
        }
        let kind = if part.thought.0 { BlockType::Thinking } else { BlockType::Text };
        self.on_prose(kind, part.text.0, out);
        self.on_signature(kind, signature, out);
        let Part { inline_data, file_data, executable_code, code_execution_result, .. } = part;
        if inline_data.0 || file_data.0 || executable_code.0 || code_execution_result.0 {
            self.end_prose(out);
            let index = self.message.open(out, BlockType::Other, None);
            self.message.close(out, index);
        }
    }

    fn on_prose(&mut self, kind: BlockType, text: Cow<'_, str>, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let index = match self.prose {
            Some((open, index)) if open == kind => index,
            _ => self.open_prose(kind, out),
        };
        self.message.text(out, index, text);
    }

    /// A signature goes with the text before it; a thought's, or alone, it is a thought without
    /// words. It ends a thought: what is thought behind it has a proof of its own.
    fn on_signature(&mut self, kind: BlockType, signature: &str, out: &mut Vec<Event>) {
        if signature.is_empty() {
            return;
        }
        let index = match self.prose {
            Some((open, index)) if kind == BlockType::Text || open == kind => index,
            _ => self.open_prose(BlockType::Thinking, out),
        };
        self.message.signature(out, index, signature);
        if kind == BlockType::Thinking {
            self.end_prose(out);
        }
    }

    fn on_call(&mut self, call: &Call<'_>, signature: &str, out: &mut Vec<Event>) {
        if call.partial_args.0 || call.will_continue.0 {
            let text = "upstream streams the arguments of a tool call in pieces by path";
            return self.message.fail(out, Failure::new("unsupported_partial_args", text));
        }
        self.end_prose(out);
        let message = &mut self.message;
        let index = message.open_tool(out, call.id.as_str(), call.name.as_str(), false);
        message.signature(out, index, signature);
        message.whole_input(out, index, &call.args.map(compact).unwrap_or_default());
        message.close(out, index);
    }

    fn open_prose(&mut self, kind: BlockType, out: &mut Vec<Event>) -> u32 {
        self.end_prose(out);
        let index = self.message.open(out, kind, None);
        self.prose = Some((kind, index));
        index
    }

    fn end_prose(&mut self, out: &mut Vec<Event>) {
        if let Some((_, index)) = self.prose.take() {
            self.message.close(out, index);
        }
    }

    fn on_tokens(&mut self, tokens: &Tokens, out: &mut Vec<Event>) {
        let counts = &mut self.counts;
        tokens.prompt_token_count.tell(&mut counts.input);
        tokens.cached_content_token_count.tell(&mut counts.cache_read);
        tokens.candidates_token_count.tell(&mut counts.output);
        tokens.thoughts_token_count.tell(&mut counts.reasoning);
        tokens.tool_use_prompt_token_count.tell(&mut counts.tool_input);
        let usage = usage(counts);
        self.message.count(out, usage);
    }
}

fn usage(counts: &Counts) -> Usage {
    let thoughts = counts.reasoning.unwrap_or(0);
    let shared = counts.inclusive();
    Usage {
        input_tokens: shared.input_tokens.saturating_add(counts.tool_input.unwrap_or(0)),
        output_tokens: shared.output_tokens.saturating_add(thoughts),
        ..shared
    }
}

/// What each reason means; a call is no reason of its own here.
fn stop_reason(name: &str) -> StopReason {
    match name {
        "STOP" => StopReason::EndTurn,
        "MAX_TOKENS" => StopReason::MaxTokens,
        "SAFETY" => StopReason::Refusal,
        "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR"
        | "ESCALATION" => StopReason::ContentFilter,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MALFORMED_RESPONSE" => {
            StopReason::MalformedToolCall
        }
        _ if name.starts_with("IMAGE_") => StopReason::ContentFilter,
        _ => StopReason::Other,
    }
}

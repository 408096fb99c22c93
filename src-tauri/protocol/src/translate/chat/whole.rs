//! Events to one body.
//!
//! Owns: the answer that is not streamed: what the pieces of a stream add up to.
//! Must not know: where the events come from.

use super::json::{Open, string};
use super::pieces::{id_or_made, place_of, write_signature};
use super::unwrap::Unwrap;
use super::{counts, ends, error};
use crate::event::{BlockType, Event, StopReason, Usage};
use crate::request::Signature;
use crate::translate::{ClientWish, Whole};

/// What the events add up to.
#[derive(Default)]
struct Answer<'e> {
    id: &'e str,
    model: &'e str,
    content: String,
    thinking: String,
    refusal: String,
    calls: Vec<Call<'e>>,
    refusals: Vec<u32>,
    usage: Option<Usage>,
    stop: Option<StopReason>,
}

struct Call<'e> {
    index: u32,
    id: &'e str,
    name: &'e str,
    arguments: String,
    signature: Option<&'e str>,
}

/// The answer, or the error envelope with its status.
pub(super) fn of(events: &[Event], wish: &ClientWish) -> Whole {
    let mut answer = Answer::default();
    for event in events {
        if let Event::Error { error_type, message } = event {
            return error::of_event(error_type, message);
        }
        answer.add(event);
    }
    match answer.stop {
        Some(stop) => Whole { status: 200, body: answer.body(stop, wish).into() },
        None => error::of_event("truncated", "upstream ended before the response was complete"),
    }
}

// === impl Answer ===

impl<'e> Answer<'e> {
    fn add(&mut self, event: &'e Event) {
        match event {
            Event::MessageStart { id, model } => (self.id, self.model) = (id, model),
            Event::ContentBlockStart { index, block_type: BlockType::Refusal, .. } => {
                self.refusals.push(*index);
            }
            Event::TextDelta { index, text } if self.refusals.contains(index) => {
                self.refusal.push_str(text);
            }
            Event::TextDelta { text, .. } => self.content.push_str(text),
            Event::ThinkingDelta { thinking, .. } => self.thinking.push_str(thinking),
            Event::ToolUseStart { index, id, name } => {
                let arguments = String::new();
                self.calls.push(Call { index: *index, id, name, arguments, signature: None });
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                if let Some(call) = self.call(*index) {
                    call.arguments.push_str(partial_json);
                }
            }
            Event::SignatureDelta { index, signature } => {
                if let Some(call) = self.call(*index) {
                    call.signature = Some(signature);
                }
            }
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::MessageStop { stop_reason, .. } => self.stop = Some(*stop_reason),
            Event::ContentBlockStart { .. }
            | Event::ContentBlockStop { .. }
            | Event::ToolUseStop { .. }
            | Event::Error { .. }
            | Event::Ping => {}
        }
    }

    fn call(&mut self, index: u32) -> Option<&mut Call<'e>> {
        self.calls.iter_mut().rev().find(|it| it.index == index)
    }

    fn body(&self, stop: StopReason, wish: &ClientWish) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.content.len() + self.thinking.len());
        let mut body = Open::object(&mut out);
        body.text("id", &id_or_made(self.id, wish));
        body.text("object", "chat.completion");
        body.raw("created", &wish.created.to_string());
        body.text("model", if self.model.is_empty() { &wish.model } else { self.model });
        let mut choices = Open::array(body.key("choices"));
        let mut choice = Open::object(choices.item());
        choice.raw("index", "0");
        self.message(choice.key("message"), stop, wish);
        choice.raw("logprobs", "null");
        choice.text("finish_reason", ends::finish_reason(stop, !self.calls.is_empty()));
        choice.close();
        choices.close();
        if let Some(usage) = &self.usage {
            counts::write(body.key("usage"), usage);
        }
        body.close();
        out
    }

    fn message(&self, out: &mut Vec<u8>, stop: StopReason, wish: &ClientWish) {
        let mut message = Open::object(out);
        message.text("role", "assistant");
        let silent = self.content.is_empty();
        let refused = stop == StopReason::Refusal || !self.refusal.is_empty();
        if silent && (refused || !self.calls.is_empty()) {
            message.raw("content", "null");
        } else {
            message.text("content", &self.content);
        }
        match (self.refusal.as_str(), refused) {
            ("", true) => message.text("refusal", ends::REFUSED),
            ("", false) => message.raw("refusal", "null"),
            (refusal, _) => message.text("refusal", refusal),
        }
        if !self.thinking.is_empty() {
            message.text("reasoning_content", &self.thinking);
        }
        if !self.calls.is_empty() {
            let mut calls = Open::array(message.key("tool_calls"));
            for call in &self.calls {
                call.write(calls.item(), stop, wish);
            }
            calls.close();
        }
        message.close();
    }
}

// === impl Call ===

impl Call<'_> {
    fn write(&self, out: &mut Vec<u8>, stop: StopReason, wish: &ClientWish) {
        let custom = wish.free_text_tools.iter().any(|it| it == self.name);
        let (place, member) = place_of(custom);
        let mut call = Open::object(out);
        call.text("id", self.id);
        call.text("type", place);
        let mut inner = Open::object(call.key(place));
        inner.text("name", self.name);
        if custom {
            let mut unwrap = Unwrap::default();
            let text = unwrap.push(&self.arguments) + &unwrap.finish();
            inner.text(member, &text);
        } else if self.arguments.is_empty() && !ends::is_cut(stop) {
            inner.text(member, "{}");
        } else {
            string(inner.key(member), &self.arguments);
        }
        inner.close();
        if let (Some(origin), Some(data)) = (wish.upstream, self.signature) {
            write_signature(&mut call, &Signature { origin, data: data.to_owned() });
        }
        call.close();
    }
}

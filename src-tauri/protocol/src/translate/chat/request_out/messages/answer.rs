//! The model's messages and what follows from its calls.
//!
//! Owns: the order: every call is answered at once by its result, pictures of results follow as
//! the user's; calls without a result; thoughts.
//! Must not know: what users and systems say.

use super::super::super::json::{Open, quoted, string};
use super::super::super::pieces::{place_of, write_signature};
use super::super::content::{Parts, Place, is_media, members};
use super::super::ids;
use super::{Writer, is_of_part, member_of_message};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Role, ToolCall, ToolResult, Turn, Unknown};

/// The answer to a call that none was given to, which is refused here.
const NO_RESULT: &str = "No result was given for this call.";
/// What a result says that only shows something.
const SEE_BELOW: &str = "See the next message.";
/// One entry of `tool_calls`.
enum Call<'r> {
    Known(&'r ToolCall, Vec<&'r Unknown>),
    Unknown(&'r Unknown),
}

/// What an assistant's message is made of.
struct Said<'r> {
    members: Vec<&'r Unknown>,
    thoughts: Vec<&'r str>,
    parts: Parts<'r>,
    calls: Vec<Call<'r>>,
}

// === impl Writer ===

impl<'r> Writer<'r, '_> {
    pub(super) fn assistant(&mut self, messages: &mut Open<'_>, at: usize, end: usize) {
        let turns = self.turns;
        let said = self.said(turns.get(at..end).unwrap_or_default());
        if said.parts.is_empty() && said.calls.is_empty() && said.members.is_empty() {
            if !said.thoughts.is_empty() {
                self.losses.add("thinking", "thoughts alone are no message here");
            } else if !self.target.own {
                self.losses.add("empty turn", "an answer that says nothing is left out");
            }
            return;
        }
        self.write_said(messages, &said);
        let asked = said.calls.iter().filter_map(|it| match it {
            Call::Known(call, _) => Some(*call),
            Call::Unknown(_) => None,
        });
        self.results(messages, end, asked.collect());
    }

    fn said(&mut self, turns: &'r [Turn]) -> Said<'r> {
        let parts = Parts::new(Place::Model, self.target);
        let mut said = Said { members: Vec::new(), thoughts: Vec::new(), parts, calls: Vec::new() };
        for part in turns.iter().flat_map(|it| &it.parts) {
            match &part.kind {
                PartKind::ToolCall(call) => {
                    if call.signature.as_ref().is_some_and(|it| it.origin != Dialect::Chat) {
                        self.losses.add("signature", "only its own provider may see it");
                    }
                    said.calls.push(Call::Known(call, Vec::new()));
                }
                PartKind::Thinking { text, signature, .. } => {
                    let foreign = signature.as_ref().is_some_and(|it| it.origin != Dialect::Chat);
                    // Only servers of this dialect leave thoughts unsigned, and those that think
                    // between calls want them back. OpenAI's own take none.
                    if self.target.takes_thoughts && !foreign && !text.is_empty() {
                        said.thoughts.push(text);
                    } else {
                        self.losses.add("thinking", "only its own provider may see it");
                    }
                }
                PartKind::Unknown(it) if it.name == "tool_calls" && it.dialect == Dialect::Chat => {
                    said.calls.push(Call::Unknown(it));
                }
                PartKind::Unknown(it) if is_of_part(it) && !said.calls.is_empty() => {
                    if let Some(Call::Known(_, members)) = said.calls.last_mut() {
                        members.push(it);
                    }
                }
                _ => match member_of_message(part) {
                    Some(member) => said.members.push(member),
                    None => said.parts.add(part, self.losses),
                },
            }
        }
        said
    }

    fn write_said(&mut self, messages: &mut Open<'_>, said: &Said<'_>) {
        let mut message = Open::object(messages.item());
        message.text("role", "assistant");
        match said.parts.refusal() {
            Some(refusal) => {
                message.raw("content", "null");
                message.text("refusal", refusal);
            }
            None if said.parts.is_empty() && !said.calls.is_empty() => {
                message.raw("content", "null");
            }
            None => said.parts.write(message.key("content"), self.losses),
        }
        if !said.thoughts.is_empty() {
            message.text("reasoning_content", &said.thoughts.join("\n\n"));
        }
        if !said.calls.is_empty() {
            let mut calls = Open::array(message.key("tool_calls"));
            for it in &said.calls {
                match it {
                    Call::Known(call, members) => self.call(calls.item(), call, members),
                    Call::Unknown(it) => calls.item().extend_from_slice(it.value.get().as_bytes()),
                }
            }
            calls.close();
        }
        members(&mut message, &said.members);
        message.close();
    }

    fn call(&self, out: &mut Vec<u8>, it: &ToolCall, own: &[&Unknown]) {
        let custom = it.free_text && self.target.native;
        let (place, member) = place_of(custom);
        let mut call = Open::object(out);
        call.text("id", &ids::call(&it.id, self.target.own));
        call.text("type", place);
        let mut inner = Open::object(call.key(place));
        inner.text("name", &it.name);
        if it.free_text && !custom {
            inner.text(member, &format!(r#"{{"input":{}}}"#, quoted(&it.arguments)));
        } else if it.arguments.trim().is_empty() && !custom {
            inner.text(member, "{}");
        } else {
            string(inner.key(member), &it.arguments);
        }
        inner.close();
        if let Some(signature) = it.signature.as_ref().filter(|it| it.origin == Dialect::Chat) {
            write_signature(&mut call, signature);
        }
        members(&mut call, own);
        call.close();
    }

    /// The answers to calls: those that are given before the model speaks again, in their order,
    /// then a note for every call without one, then what the answers show.
    fn results(&mut self, messages: &mut Open<'_>, from: usize, mut asked: Vec<&'r ToolCall>) {
        let turns = self.turns;
        let mut shown = Vec::new();
        let following = turns.iter().enumerate().skip(from);
        for (at, turn) in following.take_while(|it| it.1.role != Role::Assistant) {
            for (nth, part) in turn.parts.iter().enumerate() {
                let PartKind::ToolResult(result) = &part.kind else { continue };
                let Some(call) = asked.iter().position(|it| it.id == result.call_id) else {
                    continue;
                };
                asked.remove(call);
                self.answered.insert((at, nth));
                let behind = turn.parts.iter().skip(nth + 1).map_while(|it| match &it.kind {
                    PartKind::Unknown(it) if is_of_part(it) => Some(it),
                    _ => None,
                });
                self.result(messages, result, &behind.collect::<Vec<_>>(), &mut shown);
            }
        }
        for call in asked {
            self.losses.add("call without its result", "answered with a note");
            let mut message = Open::object(messages.item());
            message.text("role", "tool");
            message.text("tool_call_id", &ids::call(&call.id, self.target.own));
            message.text("content", NO_RESULT);
            message.close();
        }
        if !shown.is_empty() {
            let mut kept = Parts::new(Place::User, self.target);
            for part in shown {
                kept.add(part, self.losses);
            }
            if !kept.is_empty() {
                let mut message = Open::object(messages.item());
                message.text("role", "user");
                kept.write(message.key("content"), self.losses);
                message.close();
            }
        }
    }

    fn result(
        &mut self,
        messages: &mut Open<'_>,
        result: &'r ToolResult,
        own: &[&Unknown],
        shown: &mut Vec<&'r Part>,
    ) {
        let mut kept = Parts::new(Place::Plain, self.target);
        let before = shown.len();
        for part in &result.content {
            // Tools answer with text here; what they show follows as the user's.
            if is_media(part) && !self.target.own {
                shown.push(part);
            } else {
                kept.add(part, self.losses);
            }
        }
        if result.is_error {
            self.losses.add("is_error", "a result has no mark for failure here; its text stays");
        }
        let mut message = Open::object(messages.item());
        message.text("role", "tool");
        message.text("tool_call_id", &ids::call(&result.call_id, self.target.own));
        if let Some(name) = result.name.as_deref().filter(|_| self.target.own) {
            message.text("name", name);
        }
        if kept.is_empty() && shown.len() > before {
            message.text("content", SEE_BELOW);
        } else if kept.is_empty() && result.is_error {
            message.text("content", "error");
        } else {
            kept.write(message.key("content"), self.losses);
        }
        members(&mut message, own);
        message.close();
    }
}

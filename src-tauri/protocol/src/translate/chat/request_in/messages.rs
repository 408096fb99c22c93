//! Messages to turns.
//!
//! Owns: who says what; which messages are one turn; which call a result answers.
//! Must not know: the rest of the body.
//!
//! Results and what the user says behind them are one turn; every other message is its own, so
//! that its members can be written back. A member without a name in the hub stands as an unknown
//! part in front of its turn (`message.name`) or behind its part or call (`part.index`).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::read::{Member, Message, elements, find, find_text, is_null, members, text};
use super::{content, unknown};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role, Signature, ToolCall, ToolResult, Turn};
use crate::translate::TranslateError;

/// A call that no result has answered yet.
struct Pending {
    id: String,
    name: String,
    free_text: bool,
}

#[derive(Default)]
struct Reader {
    system: Vec<Part>,
    turns: Vec<Turn>,
    pending: Vec<Pending>,
    /// The last turn is results only, and open for what the user says.
    results: bool,
}

/// Reads the conversation.
pub(super) fn read(
    messages: Vec<Message<'_>>,
    request: &mut Request,
) -> Result<(), TranslateError> {
    let mut reader = Reader::default();
    for (at, message) in messages.into_iter().enumerate() {
        reader.message(at, message)?;
    }
    request.system = reader.system;
    request.turns = reader.turns;
    Ok(())
}

// === impl Reader ===

impl Reader {
    fn message(&mut self, at: usize, message: Message<'_>) -> Result<(), TranslateError> {
        let Some(role) = message.text("role") else {
            return Err(TranslateError::invalid(format!("messages[{at}].role"), "a role"));
        };
        match &*role {
            "tool" | "function" => return self.result(at, message),
            "assistant" => return self.assistant(at, message),
            _ => {}
        }
        let mut parts = Vec::new();
        let known = matches!(&*role, "system" | "developer" | "user");
        for (key, value) in &message.members {
            if (key != "role" || !known) && !is_null(value) {
                parts.push(content::member_of_message(key, value)?);
            }
        }
        let plain = parts.is_empty();
        content::read(message.content, &mut parts)?;
        match &*role {
            "system" | "developer" if self.turns.is_empty() => self.system.append(&mut parts),
            "system" | "developer" => self.turn(Role::System, parts),
            // What a user says behind results is one turn with them.
            _ if self.results && plain => {
                self.results = false;
                if let Some(turn) = self.turns.last_mut() {
                    turn.parts.append(&mut parts);
                }
            }
            // A role nobody knows speaks as the user.
            _ => self.turn(Role::User, parts),
        }
        Ok(())
    }

    fn turn(&mut self, role: Role, parts: Vec<Part>) {
        self.results = false;
        self.turns.push(Turn { role, parts });
    }

    fn assistant(&mut self, at: usize, message: Message<'_>) -> Result<(), TranslateError> {
        let mut front = Vec::new();
        let mut parts = Vec::new();
        let mut refusal = None;
        let mut calls = Vec::new();
        for (key, value) in &message.members {
            if is_null(value) || value.get() == "[]" {
                continue;
            }
            let words = text(value);
            match (&**key, words) {
                ("role", _) => {}
                ("reasoning_content", Some(text)) => thought(&mut parts, text),
                // Servers that send both send the same text twice.
                ("reasoning", Some(text)) if message.text("reasoning_content").is_none() => {
                    thought(&mut parts, text);
                }
                ("reasoning", Some(_)) => {}
                ("refusal", Some(text)) => refusal = Some(text),
                ("tool_calls", None) => self.calls(at, value, &mut calls)?,
                ("function_call", None) => self.function_call(at, value, &mut calls)?,
                _ => front.push(content::member_of_message(key, value)?),
            }
        }
        front.append(&mut parts);
        content::read(message.content, &mut front)?;
        if let Some(text) = refusal.filter(|it| !it.is_empty()) {
            front.push(Part::new(PartKind::Refusal(text.into_owned())));
        }
        front.append(&mut calls);
        self.turn(Role::Assistant, front);
        Ok(())
    }

    fn calls(
        &mut self,
        at: usize,
        value: &RawValue,
        parts: &mut Vec<Part>,
    ) -> Result<(), TranslateError> {
        let Some(list) = elements(value) else {
            let field = format!("messages[{at}].tool_calls");
            return Err(TranslateError::invalid(field, "a list of calls"));
        };
        self.pending.clear();
        for (nth, raw) in list.into_iter().enumerate() {
            let found = members(raw).unwrap_or_default();
            let custom = find(&found, "custom");
            let (key, inner) = match custom {
                Some(inner) => ("custom", Some(inner)),
                None => ("function", find(&found, "function")),
            };
            let Some(inner) = inner.and_then(members) else {
                parts.push(Part::new(PartKind::Unknown(unknown("tool_calls", raw)?)));
                continue;
            };
            let id = find_text(&found, "id").filter(|it| !it.is_empty());
            let id = id.map_or_else(|| format!("call_{at}_{nth}"), Cow::into_owned);
            let mut call = self.call(id, &inner, custom.is_some());
            let extra = find(&found, "extra_content");
            call.signature = extra.and_then(signature);
            let signed = call.signature.is_some();
            parts.push(Part::new(PartKind::ToolCall(call)));
            for (name, value) in &found {
                let known = ["id", "type", "index", key].contains(&&**name)
                    || (signed && name == "extra_content");
                if !known && !is_null(value) {
                    parts.push(content::member_of_part(name, value)?);
                }
            }
        }
        Ok(())
    }

    /// The old form of a call, which has no id.
    fn function_call(
        &mut self,
        at: usize,
        value: &RawValue,
        parts: &mut Vec<Part>,
    ) -> Result<(), TranslateError> {
        let Some(inner) = members(value) else {
            let field = format!("messages[{at}].function_call");
            return Err(TranslateError::invalid(field, "an object"));
        };
        self.pending.clear();
        let call = self.call(format!("call_{at}_0"), &inner, false);
        parts.push(Part::new(PartKind::ToolCall(call)));
        Ok(())
    }

    fn call(&mut self, id: String, inner: &[Member<'_>], free_text: bool) -> ToolCall {
        let name = find_text(inner, "name").unwrap_or_default().into_owned();
        let given = find(inner, if free_text { "input" } else { "arguments" });
        // Arguments should be text; some clients write the object itself.
        let arguments = given.map(|it| text(it).unwrap_or(Cow::Borrowed(it.get())));
        let arguments = match arguments {
            Some(text) if free_text || !text.trim().is_empty() => text.into_owned(),
            None if free_text => String::new(),
            _ => "{}".to_owned(),
        };
        self.pending.push(Pending { id: id.clone(), name: name.clone(), free_text });
        ToolCall { id, item_id: None, name, arguments, free_text, signature: None }
    }

    fn result(&mut self, at: usize, message: Message<'_>) -> Result<(), TranslateError> {
        let name = message.text("name");
        let id = message.text("tool_call_id").filter(|it| !it.is_empty());
        // Without an id a result answers the first call of its name, else the first.
        let answered = match (&id, &name) {
            (Some(id), _) => self.pending.iter().position(|it| it.id == *id),
            (None, Some(name)) => self.pending.iter().position(|it| it.name == *name),
            (None, None) => None,
        };
        let answered = answered.or((id.is_none() && !self.pending.is_empty()).then_some(0));
        let call = answered.map(|at| self.pending.remove(at));
        let call_id = match (id, &call) {
            (Some(id), _) => id.into_owned(),
            (None, Some(call)) => call.id.clone(),
            (None, None) => format!("call_{at}"),
        };
        let mut parts = Vec::new();
        let mut content = Vec::new();
        content::read(message.content, &mut content)?;
        parts.push(Part::new(PartKind::ToolResult(ToolResult {
            call_id,
            name: name.map(Cow::into_owned),
            content,
            is_error: false,
            free_text: call.is_some_and(|it| it.free_text),
        })));
        for (key, value) in &message.members {
            if !["role", "tool_call_id", "name"].contains(&&**key) && !is_null(value) {
                parts.push(content::member_of_part(key, value)?);
            }
        }
        match self.turns.last_mut() {
            Some(turn) if turn.role == Role::User => turn.parts.append(&mut parts),
            _ => {
                self.turn(Role::User, parts);
                self.results = true;
            }
        }
        Ok(())
    }
}

fn thought(parts: &mut Vec<Part>, text: Cow<'_, str>) {
    if !text.is_empty() {
        let text = text.into_owned();
        parts.push(Part::new(PartKind::Thinking { text, signature: None, redacted: false }));
    }
}

/// `{"google": {"thought_signature": "..."}}`, if there is nothing else in it.
fn signature(value: &RawValue) -> Option<Signature> {
    let found = members(value).filter(|it| it.len() == 1)?;
    let google = find(&found, "google").and_then(members).filter(|it| it.len() == 1)?;
    let text = find_text(&google, "thought_signature")?;
    Some(Signature::from_client(Dialect::Chat, &text))
}

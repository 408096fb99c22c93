//! The items of a Responses `input` to turns.
//!
//! Owns: kinds of items, whose turn each belongs to.
//! Must not know: what stands inside a message (`parts_in`), the other members of the body.

use super::members::{Members, Value, list, text, text_or_json};
use super::parts_in;
use super::request_in::{keep_rest, unknown};
use super::tools_in::Names;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role, Signature, ToolCall, ToolResult, Turn};
use crate::translate::TranslateError;

/// An item nobody has read yet.
pub(super) struct Item<'a> {
    kind: String,
    pub(super) members: Members<'a>,
    whole: Value<'a>,
}

/// Opens the items of `input`; text in its place has none.
pub(super) fn split(input: Option<Value<'_>>) -> Result<Vec<Item<'_>>, TranslateError> {
    let Some(input) = input.filter(|it| text(it).is_none()) else { return Ok(Vec::new()) };
    let Some(items) = list(input) else {
        return Err(TranslateError::invalid("input", "must be a string or an array"));
    };
    items.into_iter().enumerate().map(|(at, whole)| Item::open(at, whole)).collect()
}

/// Reads what the model is told and the conversation.
pub(super) fn read(
    instructions: Option<Value<'_>>,
    input: Option<Value<'_>>,
    items: Vec<Item<'_>>,
    names: &Names,
    request: &mut Request,
) -> Result<(), TranslateError> {
    if let Some(value) = instructions {
        // A list of items stands there in answers; some clients send it back.
        match list(value) {
            None => request.system.push(Part::text(text_or_json(value))),
            Some(_) => {
                for mut item in split(Some(value))? {
                    let content = item.members.take("content");
                    let parts = content.map(|it| parts_in::read(it, request)).unwrap_or_default();
                    request.system.extend(parts);
                }
            }
        }
    }
    if let Some(text) = input.and_then(text) {
        say(request, Role::User, Part::text(text));
    }
    for item in items {
        if !item.is_tools() {
            item.read(names, request);
        }
    }
    Ok(())
}

// === impl Item ===

impl<'a> Item<'a> {
    fn open(at: usize, whole: Value<'a>) -> Result<Self, TranslateError> {
        let Some(mut members) = Members::of(whole) else {
            return Err(TranslateError::invalid(format!("input[{at}]"), "must be an object"));
        };
        let kind = members.text("type").unwrap_or_else(|| "message".to_owned());
        Ok(Self { kind, members, whole })
    }

    /// Whether it brings tools instead of saying something.
    pub(super) fn is_tools(&self) -> bool {
        self.kind == "additional_tools"
    }

    fn read(self, names: &Names, request: &mut Request) {
        match self.kind.as_str() {
            "message" => self.read_message(request),
            "function_call" => self.read_call(false, names, request),
            "custom_tool_call" => self.read_call(true, names, request),
            "function_call_output" => self.read_result(false, request),
            "custom_tool_call_output" => self.read_result(true, request),
            "reasoning" => self.read_reasoning(request),
            _ => self.read_unknown(request),
        }
    }

    fn read_message(mut self, request: &mut Request) {
        let role = match self.members.peek("role").and_then(text).as_deref() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("system" | "developer") => Role::System,
            _ => return self.read_unknown(request),
        };
        let content = self.members.take("content");
        let parts = content.map(|it| parts_in::read(it, request)).unwrap_or_default();
        self.drop_known(&["role", "id", "status"]);
        keep_rest(request, "input[]", self.members);
        if role == Role::System && request.turns.is_empty() {
            request.system.extend(parts);
            return;
        }
        for part in parts {
            // Chat-minded clients write an empty text beside a call.
            let empty = matches!(&part.kind, PartKind::Text(it) if it.is_empty());
            if !empty || role == Role::User {
                say(request, role, part);
            }
        }
    }

    fn read_call(mut self, free_text: bool, names: &Names, request: &mut Request) {
        let members = &mut self.members;
        let item_id = members.text("id");
        let namespace = members.text("namespace");
        let name = names.resolve(namespace, members.text("name").unwrap_or_default());
        let arguments = members.take(if free_text { "input" } else { "arguments" });
        let call = ToolCall {
            id: members.text("call_id").or_else(|| item_id.clone()).unwrap_or_default(),
            item_id,
            name,
            arguments: arguments.map(text_or_json).unwrap_or_default(),
            free_text,
            signature: None,
        };
        say(request, Role::Assistant, Part::new(PartKind::ToolCall(call)));
        self.drop_known(&["status"]);
        keep_rest(request, "input[]", self.members);
    }

    fn read_result(mut self, free_text: bool, request: &mut Request) {
        let call_id = self.members.text("call_id").unwrap_or_default();
        let content = match self.members.take("output") {
            Some(output) => parts_in::read_output(output, request),
            None => Vec::new(),
        };
        let result = ToolResult { call_id, name: None, content, is_error: false, free_text };
        say(request, Role::User, Part::new(PartKind::ToolResult(result)));
        self.drop_known(&["id", "status"]);
        keep_rest(request, "input[]", self.members);
    }

    /// A proof of another provider stands where this one's would (`Signature::from_client`), one
    /// of a call names its call (`super::proof`).
    fn read_reasoning(mut self, request: &mut Request) {
        let summary = self.members.take("summary").and_then(list).unwrap_or_default();
        let content = self.members.take("content").and_then(list).unwrap_or_default();
        let hidden = summary.is_empty() && content.is_empty();
        let texts = summary.into_iter().chain(content);
        let texts = texts.filter_map(|it| Members::of(it)?.text("text"));
        let text = texts.filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n");
        let proof = self.members.text("encrypted_content").filter(|it| !it.is_empty());
        self.drop_known(&["id", "status"]);
        keep_rest(request, "input[]", self.members);
        if let Some((call_id, signature)) = proof.as_deref().and_then(super::proof::of_call) {
            return sign(request, call_id, &signature);
        }
        let signature = proof.map(|it| Signature::from_client(Dialect::Responses, &it));
        if text.is_empty() && signature.is_none() {
            return;
        }
        let redacted = hidden && signature.is_some();
        let thinking = PartKind::Thinking { text, signature, redacted };
        say(request, Role::Assistant, Part::new(thinking));
    }

    fn read_unknown(self, request: &mut Request) {
        let role = match self.members.peek("role").and_then(text).as_deref() {
            Some("assistant") => Role::Assistant,
            Some("system" | "developer") => Role::System,
            Some(_) => Role::User,
            // What a client did for the model comes from the client's side.
            None if self.kind.ends_with("_output") || self.kind.ends_with("_response") => {
                Role::User
            }
            None => Role::Assistant,
        };
        let part = Part::new(PartKind::Unknown(unknown(self.kind, self.whole)));
        say(request, role, part);
    }

    fn drop_known(&mut self, names: &[&str]) {
        for name in names {
            self.members.take(name);
        }
    }
}

/// The most parts between a call and its proof, so that looking for it stays cheap.
const MAX_BETWEEN: usize = 256;

/// Adds to the turn of whoever speaks.
fn say(request: &mut Request, role: Role, part: Part) {
    match request.turns.last_mut() {
        Some(turn) if turn.role == role => turn.parts.push(part),
        _ => request.turns.push(Turn { role, parts: vec![part] }),
    }
}

/// Gives a call the proof that was kept beside it. The call is near the end: its proof follows it.
fn sign(request: &mut Request, call_id: &str, signature: &Signature) {
    let parts = request.turns.iter_mut().rev().flat_map(|it| it.parts.iter_mut().rev());
    let mut call = parts.take(MAX_BETWEEN).filter_map(|part| match &mut part.kind {
        PartKind::ToolCall(call) if call.id == call_id => Some(call),
        _ => None,
    });
    if let Some(call) = call.next() {
        call.signature = Some(signature.clone());
    }
}

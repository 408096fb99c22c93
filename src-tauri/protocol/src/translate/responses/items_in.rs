//! The items of a Responses `input` to turns.
//!
//! Owns: kinds of items, whose turn each belongs to.
//! Must not know: what stands inside a message (`parts_in`), the other members of the body.

use std::borrow::Cow;

use super::members::{Members, Value, list, text, text_or_json};
use super::quick::{Content, Quick};
use super::request_in::{keep_rest, unknown};
use super::tools_in::Names;
use super::walk::Entry;
use super::{parts_in, proof};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role, Signature, ToolCall, ToolResult, Turn};
use crate::translate::TranslateError;

/// An item nobody has read yet.
pub(super) enum Item<'a> {
    /// Of the usual form.
    Quick(Box<Quick<'a>>),
    /// Of any other.
    Open(Open<'a>),
}

/// An item whose members are taken one by one.
pub(super) struct Open<'a> {
    kind: String,
    members: Members<'a>,
    whole: Value<'a>,
}

/// Opens the items of `input`.
pub(super) fn open(entries: Vec<Entry<'_>>) -> Result<Vec<Item<'_>>, TranslateError> {
    let open = |(at, entry)| match entry {
        Entry::Quick(quick) => Ok(Item::Quick(quick)),
        Entry::Whole(whole) => match Open::of(whole) {
            Some(open) => Ok(Item::Open(open)),
            None => Err(TranslateError::invalid(format!("input[{at}]"), "must be an object")),
        },
    };
    entries.into_iter().enumerate().map(open).collect()
}

/// Reads what the model is told and the conversation.
pub(super) fn read(
    instructions: Option<Value<'_>>,
    input: Option<Value<'_>>,
    items: Vec<Item<'_>>,
    names: &Names,
    request: &mut Request,
) {
    if let Some(value) = instructions {
        // A list of items stands there in answers; some clients send it back.
        match list(value) {
            None => request.system.push(Part::text(text_or_json(value))),
            Some(items) => {
                for mut item in items.into_iter().filter_map(Members::of) {
                    let content = item.take("content");
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
        match item {
            Item::Quick(quick) => read_quick(*quick, names, request),
            Item::Open(open) if open.is_tools() => {}
            Item::Open(open) => open.read(names, request),
        }
    }
}

// === impl Item ===

impl<'a> Item<'a> {
    /// The tools that an item brings instead of saying something.
    pub(super) fn tools(&self) -> Option<Value<'a>> {
        match self {
            Self::Open(open) if open.is_tools() => open.members.peek("tools"),
            Self::Open(_) | Self::Quick(_) => None,
        }
    }
}

fn read_quick(quick: Quick<'_>, names: &Names, request: &mut Request) {
    let kind = quick.kind().to_owned();
    let owned = |it: super::members::Text<'_>| it.0.into_owned();
    let free_text = kind.starts_with("custom");
    match kind.as_str() {
        "function_call" | "custom_tool_call" => {
            let item_id = quick.id.map(owned);
            let name = quick.name.map(owned).unwrap_or_default();
            let arguments = if free_text { quick.input } else { quick.arguments };
            say_call(
                request,
                ToolCall {
                    id: quick.call_id.map(owned).or_else(|| item_id.clone()).unwrap_or_default(),
                    item_id,
                    name: names.resolve(quick.namespace.map(owned), name),
                    arguments: arguments.map(owned).unwrap_or_default(),
                    free_text,
                    signature: None,
                },
            );
        }
        "function_call_output" | "custom_tool_call_output" => {
            let content = match quick.output {
                Some(Content::Text(it)) if it.0.is_empty() => Vec::new(),
                Some(output) => parts_in::of_quick(output),
                None => Vec::new(),
            };
            let call_id = quick.call_id.map(owned).unwrap_or_default();
            say_result(request, call_id, content, free_text);
        }
        "reasoning" => {
            let parts = [quick.summary, quick.content].into_iter().flatten();
            let parts = parts.flat_map(|it| match it {
                Content::Parts(parts) => parts,
                Content::Text(_) => Vec::new(),
            });
            let texts = parts.map(|it| it.text.map(|it| it.0).unwrap_or_default()).collect();
            say_reasoning(request, texts, quick.encrypted_content.map(owned));
        }
        _ => {
            let role = quick.role.as_ref().and_then(|it| role_of(&it.0)).unwrap_or(Role::User);
            let parts = quick.content.map(parts_in::of_quick).unwrap_or_default();
            say_message(request, role, parts);
        }
    }
}

// === impl Open ===

impl<'a> Open<'a> {
    fn of(whole: Value<'a>) -> Option<Self> {
        let mut members = Members::of(whole)?;
        let kind = members.text("type").unwrap_or_else(|| "message".to_owned());
        Some(Self { kind, members, whole })
    }

    fn is_tools(&self) -> bool {
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
        let Some(role) = self.members.peek("role").and_then(text).and_then(|it| role_of(&it))
        else {
            return self.read_unknown(request);
        };
        let content = self.members.take("content");
        let parts = content.map(|it| parts_in::read(it, request)).unwrap_or_default();
        self.keep_rest(&["role", "id", "status"], request);
        say_message(request, role, parts);
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
        self.keep_rest(&["status"], request);
        say_call(request, call);
    }

    fn read_result(mut self, free_text: bool, request: &mut Request) {
        let call_id = self.members.text("call_id").unwrap_or_default();
        let content = match self.members.take("output") {
            Some(output) => parts_in::read_output(output, request),
            None => Vec::new(),
        };
        self.keep_rest(&["id", "status"], request);
        say_result(request, call_id, content, free_text);
    }

    fn read_reasoning(mut self, request: &mut Request) {
        let summary = self.members.take("summary").and_then(list).unwrap_or_default();
        let content = self.members.take("content").and_then(list).unwrap_or_default();
        let parts = summary.into_iter().chain(content);
        let text = |it| Members::of(it).and_then(|mut it| it.text("text")).unwrap_or_default();
        let texts = parts.map(|it| Cow::Owned(text(it))).collect();
        let proof = self.members.text("encrypted_content");
        self.keep_rest(&["id", "status"], request);
        say_reasoning(request, texts, proof);
    }

    fn read_unknown(self, request: &mut Request) {
        let role = self.members.peek("role").and_then(text);
        let role = match role.as_deref() {
            Some(role) => role_of(role).unwrap_or(Role::User),
            // What a client did for the model comes from the client's side.
            None if self.kind.ends_with("_output") || self.kind.ends_with("_response") => {
                Role::User
            }
            None => Role::Assistant,
        };
        let part = Part::new(PartKind::Unknown(unknown(self.kind, self.whole)));
        say(request, role, part);
    }

    /// Keeps what is left but for what says nothing to anyone.
    fn keep_rest(&mut self, but: &[&str], request: &mut Request) {
        for name in but {
            self.members.take(name);
        }
        keep_rest(request, "input[]", std::mem::take(&mut self.members));
    }
}

fn role_of(word: &str) -> Option<Role> {
    match word {
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        "system" | "developer" => Some(Role::System),
        _ => None,
    }
}

fn say_message(request: &mut Request, role: Role, parts: Vec<Part>) {
    if role == Role::System && request.turns.is_empty() {
        return request.system.extend(parts);
    }
    for part in parts {
        // Chat-minded clients write an empty text beside a call.
        let empty = matches!(&part.kind, PartKind::Text(it) if it.is_empty());
        if !empty || role == Role::User {
            say(request, role, part);
        }
    }
}

fn say_call(request: &mut Request, call: ToolCall) {
    say(request, Role::Assistant, Part::new(PartKind::ToolCall(call)));
}

fn say_result(request: &mut Request, call_id: String, content: Vec<Part>, free_text: bool) {
    let result = ToolResult { call_id, name: None, content, is_error: false, free_text };
    say(request, Role::User, Part::new(PartKind::ToolResult(result)));
}

/// A proof of another provider stands where this one's would (`Signature::from_client`); one of a
/// call names its call (`proof`). Paragraphs, even empty ones, tell what was thought without words
/// from what the provider hid.
fn say_reasoning(request: &mut Request, texts: Vec<Cow<'_, str>>, proof: Option<String>) {
    let hidden = texts.is_empty();
    let texts: Vec<_> = texts.into_iter().filter(|it| !it.is_empty()).collect();
    let text = texts.join("\n\n");
    let proof = proof.filter(|it| !it.is_empty());
    if let Some((call_id, signature)) = proof.as_deref().and_then(proof::of_call) {
        return sign(request, call_id, &signature);
    }
    let signature = proof.map(|it| Signature::from_client(Dialect::Responses, &it));
    if text.is_empty() && signature.is_none() {
        return;
    }
    let redacted = hidden && signature.is_some();
    say(request, Role::Assistant, Part::new(PartKind::Thinking { text, signature, redacted }));
}

/// Adds to the turn of whoever speaks.
fn say(request: &mut Request, role: Role, part: Part) {
    match request.turns.last_mut() {
        Some(turn) if turn.role == role => turn.parts.push(part),
        _ => request.turns.push(Turn { role, parts: vec![part] }),
    }
}

/// The most parts between a call and its proof, so that looking for it stays cheap.
const MAX_BETWEEN: usize = 256;

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

//! A Messages body to the hub.
//!
//! Owns: the members of the body and of its blocks, and what each is in the hub.
//! Must not know: another dialect.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::extras::{self, keep};
use super::json::Obj;
use super::media;
use super::thinking;
use super::tools;
use super::wire::{Block, Content, Kind, Lax, Members, Message};
use crate::dialect::Dialect;
use crate::request::{
    Part, PartKind, Raw, Request, Role, Signature, ToolCall, ToolResult, Turn, Unknown,
};
use crate::translate::TranslateError;

/// What marks the signature of a call, which has no place in its own block and so stands in an
/// empty thinking block before it.
pub(super) const OF_CALL: &str = "call.";

pub(super) type Read<T> = Result<T, TranslateError>;

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Read<Request> {
    let members: Members<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    let mut request = Request::default();
    for (key, value) in members.0 {
        if value.get() != "null" {
            member(&mut request, &key, value)?;
        }
    }
    Ok(request)
}

fn member(request: &mut Request, key: &str, value: &RawValue) -> Read<()> {
    match key {
        "model" => request.model = typed(key, value, "a string")?,
        "system" => {
            let content: Content<'_> = typed(key, value, "a string or text blocks")?;
            request.system = parts(content, &|| key.to_owned(), &mut request.rest, 0)?;
        }
        "messages" => {
            let messages: Vec<Message<'_>> = typed(key, value, "an array of messages")?;
            request.turns.reserve(messages.len());
            for (at, message) in messages.into_iter().enumerate() {
                request.turns.push(turn(at, message, &mut request.rest)?);
            }
        }
        "max_tokens" => request.sampling.max_tokens = Some(number(key, value)?),
        "temperature" => request.sampling.temperature = Some(number(key, value)?),
        "top_p" => request.sampling.top_p = Some(number(key, value)?),
        "top_k" => request.sampling.top_k = Some(number(key, value)?),
        "stop_sequences" => request.sampling.stop = typed(key, value, "an array of strings")?,
        "stream" => request.stream = Some(typed(key, value, "true or false")?),
        "service_tier" => request.service_tier = Some(typed(key, value, "a string")?),
        "tools" => tools::read(request, value)?,
        "tool_choice" => tools::read_choice(request, value)?,
        "thinking" => thinking::read(request, value)?,
        "output_config" => thinking::read_output_config(request, value)?,
        "metadata" => metadata(request, value)?,
        _ => unknown(request, key, value),
    }
    Ok(())
}

/// Keeps a member of the body as it is.
pub(super) fn unknown(request: &mut Request, key: &str, value: &RawValue) {
    let value = value.to_owned();
    request.rest.push(Unknown { dialect: Dialect::Anthropic, name: key.to_owned(), value });
}

/// Keeps what an object has beyond the members that have a place in the hub.
pub(super) fn unknown_members(request: &mut Request, key: &str, members: &Members<'_>) {
    if !members.is_empty()
        && let Some(value) = extras::raw(members.object())
    {
        request.rest.push(Unknown { dialect: Dialect::Anthropic, name: key.to_owned(), value });
    }
}

/// Reads a member of a fixed type; the error names it and never its value.
pub(super) fn typed<'a, T: Deserialize<'a>>(
    key: &str,
    value: &'a RawValue,
    expected: &str,
) -> Read<T> {
    serde_json::from_str(value.get())
        .map_err(|_| TranslateError::invalid(key, format!("must be {expected}")))
}

/// A number, as it is written.
fn number(key: &str, value: &RawValue) -> Read<Raw> {
    let is_number = value.get().starts_with(|it: char| it == '-' || it.is_ascii_digit());
    is_number
        .then(|| value.to_owned())
        .ok_or_else(|| TranslateError::invalid(key, "must be a number"))
}

fn metadata(request: &mut Request, value: &RawValue) -> Read<()> {
    let mut members: Members<'_> = typed("metadata", value, "an object")?;
    if let Some(at) = members.0.iter().position(|(key, _)| key == "user_id") {
        let (_, user) = members.0.remove(at);
        request.user = typed("metadata.user_id", user, "a string")?;
    }
    unknown_members(request, "metadata", &members);
    Ok(())
}

fn turn(at: usize, message: Message<'_>, rest: &mut Vec<Unknown>) -> Read<Turn> {
    let path = || format!("messages[{at}]");
    let role = match message.role.text().as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        _ => {
            let expected = "must be `user`, `assistant` or `system`";
            return Err(TranslateError::invalid(format!("{}.role", path()), expected));
        }
    };
    keep(rest, path, &message.extras);
    let content = || format!("{}.content", path());
    Ok(Turn { role, parts: parts(message.content, &content, rest, 0)? })
}

/// Reads content; `depth` is 1 inside a tool's answer.
fn parts(
    content: Content<'_>,
    path: &dyn Fn() -> String,
    rest: &mut Vec<Unknown>,
    depth: u8,
) -> Read<Vec<Part>> {
    match content {
        Content::Absent => Ok(Vec::new()),
        Content::Text(text) => Ok(vec![Part::text(text)]),
        Content::Other => {
            Err(TranslateError::invalid(path(), "must be a string or an array of blocks"))
        }
        Content::Blocks(blocks) => {
            let mut parts: Vec<Part> = Vec::with_capacity(blocks.len());
            for (at, block) in blocks.into_iter().enumerate() {
                // Errors name the block as the client counts, extras the part as the hub does.
                let named = || format!("{}[{at}]", path());
                keep_block(rest, || format!("{}[{}]", path(), parts.len()), &block);
                let cache = block.cache.map(ToOwned::to_owned);
                let kind = part(block, &named, rest, depth)?;
                push(&mut parts, Part { kind, cache });
            }
            Ok(parts)
        }
    }
}

fn keep_block(rest: &mut Vec<Unknown>, path: impl FnOnce() -> String, block: &Block<'_>) {
    if block.kind != Kind::Unknown {
        keep(rest, path, &block.extras);
    }
}

/// Adds a part; a call takes its signature from the thinking block made for it.
fn push(parts: &mut Vec<Part>, mut part: Part) {
    if let PartKind::ToolCall(call) = &mut part.kind
        && let Some(signature) = parts.last().and_then(|it| signature_of_call(&it.kind))
    {
        call.signature = Some(signature);
        parts.pop();
    }
    parts.push(part);
}

fn signature_of_call(kind: &PartKind) -> Option<Signature> {
    let PartKind::Thinking { text, signature: Some(it), redacted: false } = kind else {
        return None;
    };
    let marked = it.data.strip_prefix(OF_CALL).filter(|_| text.is_empty())?;
    Some(Signature::from_client(Dialect::Anthropic, marked))
}

fn part(
    block: Block<'_>,
    path: &dyn Fn() -> String,
    rest: &mut Vec<Unknown>,
    depth: u8,
) -> Read<PartKind> {
    let Block { kind, name, main, second, value, content, is_error, extras, .. } = block;
    let field = |name: &str| format!("{}.{name}", path());
    Ok(match kind {
        Kind::Text => PartKind::Text(required(main, || field("text"))?),
        Kind::Thinking => PartKind::Thinking {
            text: optional(main, || field("thinking"))?.unwrap_or_default(),
            signature: optional(second, || field("signature"))?
                .filter(|it| !it.is_empty())
                .map(|it| Signature::from_client(Dialect::Anthropic, &it)),
            redacted: false,
        },
        Kind::Redacted => {
            let data = required(main, || field("data"))?;
            let signature = Some(Signature::from_client(Dialect::Anthropic, &data));
            PartKind::Thinking { text: String::new(), signature, redacted: true }
        }
        Kind::ToolUse => PartKind::ToolCall(ToolCall {
            id: required(main, || field("id"))?,
            item_id: None,
            name: required(second, || field("name"))?,
            arguments: value.map_or("{}", |it| it.get()).to_owned(),
            free_text: false,
            signature: None,
        }),
        Kind::ToolResult if depth > 0 => {
            return Err(TranslateError::invalid(path(), "must not be a tool_result"));
        }
        Kind::ToolResult => {
            let inner = || field("content");
            let content = match value {
                Some(value) => typed(&inner(), value, "a string or an array of blocks")?,
                None => content,
            };
            let call_id = required(main, || field("tool_use_id"))?;
            let content = parts(content, &inner, rest, depth + 1)?;
            let result = ToolResult { call_id, name: None, content, is_error, free_text: false };
            PartKind::ToolResult(result)
        }
        Kind::Image | Kind::Document => {
            let title = optional(main, || field("title"))?;
            match media::read(value, path)? {
                Some(source) if kind == Kind::Image => PartKind::Image { source, detail: None },
                Some(source) => PartKind::Document { source, name: title },
                None => PartKind::Unknown(whole_media(&name, value, title)),
            }
        }
        Kind::Unknown => PartKind::Unknown(Unknown {
            dialect: Dialect::Anthropic,
            name: name.into_owned(),
            value: object(&extras),
        }),
        Kind::None => return Err(TranslateError::invalid(field("type"), "must be a block type")),
    })
}

/// An image or document whose source has no name in the hub, whole again but for the members
/// that are kept by path.
fn whole_media(name: &str, source: Option<&RawValue>, title: Option<String>) -> Unknown {
    let mut out = Vec::new();
    let mut object = Obj::new(&mut out);
    object.str("type", name).raw_opt("source", source);
    if let Some(title) = title {
        object.str("title", &title);
    }
    object.end();
    let value = String::from_utf8(out).ok().and_then(extras::raw).unwrap_or_default();
    Unknown { dialect: Dialect::Anthropic, name: name.to_owned(), value }
}

fn object(members: &Members<'_>) -> Raw {
    extras::raw(members.object()).unwrap_or_default()
}

fn required(text: Lax<'_>, field: impl FnOnce() -> String) -> Read<String> {
    text.text()
        .map(Cow::into_owned)
        .ok_or_else(|| TranslateError::invalid(field(), "must be a string"))
}

fn optional(text: Lax<'_>, field: impl FnOnce() -> String) -> Read<Option<String>> {
    match text {
        Lax::Absent => Ok(None),
        Lax::Text(text) => Ok(Some(text.into_owned())),
        Lax::Other => Err(TranslateError::invalid(field(), "must be a string")),
    }
}

fn not_json(error: &serde_json::Error) -> TranslateError {
    let (line, column) = (error.line(), error.column());
    let message = match error.classify() {
        serde_json::error::Category::Data => "must be a JSON object".to_owned(),
        _ => format!("is not valid JSON at line {line}, column {column}"),
    };
    TranslateError::invalid("body", message)
}

//! The parts of Gemini's contents into the hub.
//!
//! Owns: what each part is, and the ids of calls that have none.
//! Must not know: another dialect.

use std::collections::VecDeque;

use serde_json::value::RawValue;

use super::json::{Members, flag, list, text};
use super::proof;
use super::request_in::unknown;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Role, Signature, Source, ToolCall, ToolResult, Turn};
use crate::translate::TranslateError;

/// Calls so far, so that one without an id gets one, and a result without an id finds its call: by
/// name, in order.
#[derive(Debug, Default)]
pub(super) struct Calls {
    n_calls: usize,
    open: VecDeque<(String, String)>,
}

/// Reads `contents`: a list of contents, one content, or just text.
pub(super) fn read_turns(contents: &RawValue) -> Result<Vec<Turn>, TranslateError> {
    let mut calls = Calls::default();
    let mut turns = Vec::new();
    for content in list(contents, "contents")? {
        if content.get().starts_with('"') {
            let parts = vec![Part::text(text(content, "contents")?)];
            turns.push(Turn { role: Role::User, parts });
            continue;
        }
        let mut members = Members::of(content.get(), "contents")?;
        let role = match members.take(&["role"]) {
            Some(role) => text(role, "contents.role")?,
            None => "user".to_owned(),
        };
        let role = match role.as_str() {
            "model" | "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => Role::User,
        };
        let parts = match members.take(&["parts"]) {
            Some(parts) => read_parts(parts, &mut calls)?,
            None => Vec::new(),
        };
        turns.push(Turn { role, parts });
    }
    Ok(turns)
}

/// Reads a list of parts.
pub(super) fn read_parts(value: &RawValue, calls: &mut Calls) -> Result<Vec<Part>, TranslateError> {
    let mut parts = Vec::new();
    for part in list(value, "contents.parts")? {
        if part.get().starts_with('"') {
            parts.push(Part::text(text(part, "contents.parts")?));
        } else {
            read_part(part, calls, &mut parts)?;
        }
    }
    Ok(parts)
}

fn read_part(
    part: &RawValue,
    calls: &mut Calls,
    parts: &mut Vec<Part>,
) -> Result<(), TranslateError> {
    let mut members = Members::of(part.get(), "contents.parts")?;
    let signature = members
        .take(&["thoughtSignature", "thought_signature"])
        .map(|it| text(it, "contents.parts.thoughtSignature"))
        .transpose()?
        .map(|it| proof::from_client(&it));
    let thought = members.take(&["thought"]).map(|it| flag(it, "contents.parts.thought"));
    let thought = thought.transpose()?.unwrap_or(false);
    let mut kind = None;
    if let Some(call) = members.take(&["functionCall", "function_call"]) {
        kind = Some(PartKind::ToolCall(read_call(call, signature, calls)?));
    } else if let Some(result) = members.take(&["functionResponse", "function_response"]) {
        kind = Some(PartKind::ToolResult(read_result(result, calls)?));
    } else if let Some(data) = members.take(&["inlineData", "inline_data"]) {
        kind = Some(read_inline(data)?);
    } else if let Some(file) = members.take(&["fileData", "file_data"]) {
        kind = Some(read_file(file)?);
    } else if let Some(found) = members.take(&["text"]) {
        read_text(text(found, "contents.parts.text")?, thought, signature, parts);
        return Ok(());
    } else if signature.is_some() {
        read_text(String::new(), true, signature, parts);
        return Ok(());
    }
    let kind = kind.unwrap_or_else(|| {
        let name = Members::of(part.get(), "contents.parts")
            .ok()
            .and_then(|it| it.rest().next().map(|(name, _)| name.into_owned()));
        PartKind::Unknown(unknown(&name.unwrap_or_default(), part))
    });
    parts.push(Part::new(kind));
    Ok(())
}

/// A signature on text that is no thought belongs to the thought nobody was shown.
fn read_text(text: String, thought: bool, signature: Option<Signature>, parts: &mut Vec<Part>) {
    if thought {
        let redacted = text.is_empty() && signature.is_some();
        return parts.push(Part::new(PartKind::Thinking { text, signature, redacted }));
    }
    if !text.is_empty() || signature.is_none() {
        parts.push(Part::text(text));
    }
    if signature.is_some() {
        let kind = PartKind::Thinking { text: String::new(), signature, redacted: true };
        parts.push(Part::new(kind));
    }
}

fn read_call(
    call: &RawValue,
    signature: Option<Signature>,
    calls: &mut Calls,
) -> Result<ToolCall, TranslateError> {
    let field = "contents.parts.functionCall";
    let mut members = Members::of(call.get(), field)?;
    let id = members.take(&["id"]).map(|it| text(it, field)).transpose()?;
    let name = match members.take(&["name"]) {
        Some(name) => text(name, field)?,
        None => return Err(TranslateError::invalid(format!("{field}.name"), "missing")),
    };
    let arguments =
        members.take(&["args"]).map_or_else(|| "{}".to_owned(), |it| it.get().to_owned());
    let id = calls.begin(id.filter(|it| !it.is_empty()), &name);
    Ok(ToolCall { id, item_id: None, name, arguments, free_text: false, signature })
}

fn read_result(result: &RawValue, calls: &mut Calls) -> Result<ToolResult, TranslateError> {
    let field = "contents.parts.functionResponse";
    let mut members = Members::of(result.get(), field)?;
    let id = members.take(&["id"]).map(|it| text(it, field)).transpose()?;
    let name = members.take(&["name"]).map(|it| text(it, field)).transpose()?;
    let call_id = calls.end(id.filter(|it| !it.is_empty()), name.as_deref());
    let (mut content, is_error) = match members.take(&["response"]) {
        Some(response) => read_response(response),
        None => (Vec::new(), false),
    };
    if let Some(more) = members.take(&["parts"]) {
        content.extend(read_parts(more, &mut Calls::default())?);
    }
    Ok(ToolResult { call_id, name, content, is_error, free_text: false })
}

/// `{"output": ..}` and `{"error": ..}` hold the answer; anything else is the answer.
fn read_response(response: &RawValue) -> (Vec<Part>, bool) {
    let whole = || vec![Part::text(response.get())];
    let Ok(members) = Members::of(response.get(), "response") else { return (whole(), false) };
    let members: Vec<_> = members.rest().collect();
    match members.as_slice() {
        [(name, value)] if name == "output" || name == "error" => {
            let shown: Option<String> = serde_json::from_str(value.get()).ok();
            let shown = shown.unwrap_or_else(|| value.get().to_owned());
            (vec![Part::text(shown)], name == "error")
        }
        [] => (Vec::new(), false),
        _ => (whole(), false),
    }
}

fn read_inline(data: &RawValue) -> Result<PartKind, TranslateError> {
    let field = "contents.parts.inlineData";
    let mut members = Members::of(data.get(), field)?;
    let media_type = match members.take(&["mimeType", "mime_type"]) {
        Some(media_type) => text(media_type, field)?,
        None => "application/octet-stream".to_owned(),
    };
    let Some(data) = members.take(&["data"]) else {
        return Err(TranslateError::invalid(format!("{field}.data"), "missing"));
    };
    // Google's clients use the URL-safe alphabet, the rest of the world the standard one.
    let data = text(data, field)?.replace('-', "+").replace('_', "/");
    let name = members.take(&["displayName", "display_name"]);
    let name = name.map(|it| text(it, field)).transpose()?;
    let kind = media_type.clone();
    Ok(media(&kind, Source::Base64 { media_type, data }, name))
}

fn read_file(file: &RawValue) -> Result<PartKind, TranslateError> {
    let field = "contents.parts.fileData";
    let mut members = Members::of(file.get(), field)?;
    let media_type =
        members.take(&["mimeType", "mime_type"]).map(|it| text(it, field)).transpose()?;
    let Some(uri) = members.take(&["fileUri", "file_uri"]) else {
        return Err(TranslateError::invalid(format!("{field}.fileUri"), "missing"));
    };
    let url = text(uri, field)?;
    let kind = media_type.clone().unwrap_or_else(|| "image/*".to_owned());
    let is_own = url.contains("generativelanguage.googleapis.com/") || url.starts_with("gs://");
    let source = if is_own {
        // The API wants the type again with the file; nobody else reads the id.
        Source::File { dialect: Dialect::Gemini, id: format!("{kind} {url}") }
    } else {
        Source::Url { url, media_type }
    };
    Ok(media(&kind, source, None))
}

fn media(media_type: &str, source: Source, name: Option<String>) -> PartKind {
    match media_type.split('/').next() {
        Some("image") => PartKind::Image { source, detail: None },
        Some("audio") => PartKind::Audio { source },
        _ => PartKind::Document { source, name },
    }
}

// === impl Calls ===

impl Calls {
    fn begin(&mut self, id: Option<String>, name: &str) -> String {
        let id = id.unwrap_or_else(|| format!("call_{}_{name}", self.n_calls));
        self.n_calls += 1;
        self.open.push_back((id.clone(), name.to_owned()));
        id
    }

    fn end(&mut self, id: Option<String>, name: Option<&str>) -> String {
        if let Some(id) = id {
            self.open.retain(|(open, _)| *open != id);
            return id;
        }
        let at = self.open.iter().position(|(_, open)| Some(open.as_str()) == name);
        match at.and_then(|it| self.open.remove(it)) {
            Some((id, _)) => id,
            None => format!("call_{}_{}", self.n_calls, name.unwrap_or("unknown")),
        }
    }
}

//! The hub's conversation as Gemini's contents.
//!
//! Owns: what each piece becomes, and the rules of order: contents of one role are one; every call
//! is answered right behind it; the person speaks first.
//! Must not know: another dialect.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::value::RawValue;

use super::json::raw;
use crate::dialect::Dialect;
use crate::request::{
    Loss, Part, PartKind, Raw, Role, Signature, Source, ToolCall, ToolResult, Turn,
};

/// One content.
#[derive(Serialize)]
pub(super) struct Content<'a> {
    parts: Vec<PartOut<'a>>,
    role: &'static str,
}

/// One part: as it is written, or made of the fields below.
#[derive(Default)]
pub(super) struct PartOut<'a> {
    fields: Fields<'a>,
    /// A part of the own dialect, as it was.
    own: Option<&'a RawValue>,
    /// A part of ours.
    made: Option<Raw>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<CallOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<ResponseOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<InlineOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<FileOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
struct CallOut<'a> {
    id: &'a str,
    name: &'a str,
    args: Raw,
}

#[derive(Serialize)]
struct ResponseOut<'a> {
    id: &'a str,
    name: &'a str,
    response: Raw,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InlineOut<'a> {
    mime_type: &'a str,
    data: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    file_uri: &'a str,
}

/// What a conversation that starts with the model is begun with.
const BEGIN: &str = "Continue.";

/// The system text.
pub(super) fn system_parts<'a>(system: &'a [Part], losses: &mut Vec<Loss>) -> Vec<PartOut<'a>> {
    let mut out = Vec::new();
    for part in system {
        push_part(part, &HashMap::new(), &mut out, losses);
    }
    out
}

/// The contents.
pub(super) fn contents<'a>(turns: &'a [Turn], losses: &mut Vec<Loss>) -> Vec<Content<'a>> {
    let names = call_names(turns);
    let mut laid = Vec::new();
    for turn in turns {
        let role = if turn.role == Role::Assistant { "model" } else { "user" };
        if turn.role == Role::System {
            let rule = "Gemini has no system text within a conversation: the person says it";
            losses.push(Loss { field: "turns.role", rule });
        }
        let mut parts = Vec::new();
        for part in &turn.parts {
            push_part(part, &names, &mut parts, losses);
        }
        if parts.is_empty() {
            continue;
        }
        match laid.last_mut() {
            Some(Content { parts: last, role: before }) if *before == role => last.extend(parts),
            _ => laid.push(Content { parts, role }),
        }
    }
    if laid.first().is_none_or(|it| it.role == "model") && !turns.is_empty() {
        laid.insert(0, Content { parts: vec![PartOut::text(BEGIN)], role: "user" });
    }
    answer_calls(&mut laid, losses);
    laid
}

/// Puts each answer at the head of the content behind its call, in the order of the calls, and
/// answers those nobody answered: Gemini refuses a call without one.
fn answer_calls(laid: &mut Vec<Content<'_>>, losses: &mut Vec<Loss>) {
    let mut at = 0;
    while at < laid.len() {
        let calls: Vec<(String, String)> = match laid.get(at) {
            Some(content) if content.role == "model" => content.calls(),
            _ => Vec::new(),
        };
        at += 1;
        if calls.is_empty() || at == laid.len() {
            continue;
        }
        let Some(next) = laid.get_mut(at) else { break };
        let mut behind = Vec::new();
        let mut answers: HashMap<String, PartOut<'_>> = HashMap::new();
        for part in next.parts.drain(..) {
            match &part.fields.function_response {
                Some(response) if calls.iter().any(|(id, _)| id == response.id) => {
                    answers.insert(response.id.to_owned(), part);
                }
                _ => behind.push(part),
            }
        }
        for (id, name) in &calls {
            match answers.remove(id) {
                Some(answer) => next.parts.push(answer),
                None => {
                    let rule = "a call nobody answered is answered with an error";
                    losses.push(Loss { field: "turns.tool_call", rule });
                    next.parts.push(PartOut::unanswered(id, name));
                }
            }
        }
        next.parts.extend(behind);
    }
}

/// The name of each call by its id: Gemini's answers name the tool.
fn call_names(turns: &[Turn]) -> HashMap<&str, &str> {
    let parts = turns.iter().flat_map(|it| &it.parts);
    let calls = parts.filter_map(|it| match &it.kind {
        PartKind::ToolCall(call) => Some((call.id.as_str(), call.name.as_str())),
        _ => None,
    });
    calls.collect()
}

fn push_part<'a>(
    part: &'a Part,
    names: &HashMap<&'a str, &'a str>,
    out: &mut Vec<PartOut<'a>>,
    losses: &mut Vec<Loss>,
) {
    if part.cache.is_some() {
        losses.push(Loss { field: "cache_control", rule: "Gemini has no breakpoints" });
    }
    match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => {
            out.push(PartOut::text(text));
        }
        PartKind::Image { source, detail } => {
            if detail.is_some() {
                let rule = "Gemini looks at every picture alike";
                losses.push(Loss { field: "image.detail", rule });
            }
            push_media(source, out, losses);
        }
        PartKind::Document { source, name } => {
            if name.is_some() {
                losses.push(Loss { field: "document.name", rule: "Gemini's files have no name" });
            }
            push_media(source, out, losses);
        }
        PartKind::Audio { source } => push_media(source, out, losses),
        PartKind::ToolCall(call) => out.push(PartOut::call(call)),
        PartKind::ToolResult(result) => push_result(result, names, out, losses),
        PartKind::Thinking { text, signature, redacted } => {
            push_thought(text, signature.as_ref(), *redacted, out, losses);
        }
        PartKind::Unknown(unknown) if unknown.dialect == Dialect::Gemini => {
            out.push(PartOut { own: Some(&unknown.value), ..PartOut::default() });
        }
        PartKind::Unknown(_) => {
            losses.push(Loss { field: "turns.parts", rule: "a block of another dialect" });
        }
    }
}

/// A thought goes back to who thought it; another's stays out, words and proof.
fn push_thought<'a>(
    text: &'a str,
    signature: Option<&'a Signature>,
    redacted: bool,
    out: &mut Vec<PartOut<'a>>,
    losses: &mut Vec<Loss>,
) {
    match signature.map(|it| it.for_target(Dialect::Gemini)) {
        Some(Some(own)) => out.push(PartOut::of(Fields {
            text: Some(text.into()),
            thought: !redacted,
            thought_signature: Some(own),
            ..Fields::default()
        })),
        None if !text.is_empty() => {
            let text = Some(text.into());
            out.push(PartOut::of(Fields { text, thought: true, ..Fields::default() }));
        }
        _ => {
            let rule = "the thinking of another provider's model is not shown to Gemini";
            losses.push(Loss { field: "thinking", rule });
        }
    }
}

fn push_media<'a>(source: &'a Source, out: &mut Vec<PartOut<'a>>, losses: &mut Vec<Loss>) {
    let part = match source {
        Source::Base64 { media_type, data } => {
            let inline_data = Some(InlineOut { mime_type: media_type, data: data.into() });
            PartOut::of(Fields { inline_data, ..Fields::default() })
        }
        Source::Text(text) => PartOut::text(text),
        Source::Url { url, media_type } => {
            let file_data = Some(FileOut { mime_type: media_type.as_deref(), file_uri: url });
            PartOut::of(Fields { file_data, ..Fields::default() })
        }
        Source::File { dialect: Dialect::Gemini, id } => {
            let (kind, uri) = id.split_once(' ').unwrap_or(("", id));
            let mime_type = Some(kind).filter(|it| !it.is_empty() && !it.ends_with("/*"));
            let file_data = Some(FileOut { mime_type, file_uri: uri });
            PartOut::of(Fields { file_data, ..Fields::default() })
        }
        Source::File { .. } => {
            let rule = "a file that another provider keeps";
            return losses.push(Loss { field: "source.file_id", rule });
        }
    };
    out.push(part);
}

fn push_result<'a>(
    result: &'a ToolResult,
    names: &HashMap<&'a str, &'a str>,
    out: &mut Vec<PartOut<'a>>,
    losses: &mut Vec<Loss>,
) {
    let text = text_of(&result.content);
    let Some(name) = result.name.as_deref().or_else(|| names.get(result.call_id.as_str()).copied())
    else {
        // No call of that id is known: what the tool said is still worth reading.
        losses.push(Loss { field: "turns.tool_result", rule: "a result without a call is text" });
        return out.push(PartOut::text(text));
    };
    let response = response(&text, result.is_error);
    let function_response = Some(ResponseOut { id: &result.call_id, name, response });
    out.push(PartOut::of(Fields { function_response, ..Fields::default() }));
    for part in &result.content {
        if !matches!(part.kind, PartKind::Text(_) | PartKind::Refusal(_)) {
            push_part(part, names, out, losses);
        }
    }
}

/// `{"output": ..}` or `{"error": ..}`; JSON stays JSON.
fn response(text: &str, is_error: bool) -> Raw {
    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Out<'a> {
        Output(&'a RawValue),
        Error(&'a RawValue),
    }
    let shaped = text.trim_start().starts_with(['{', '[']);
    let value = shaped.then(|| RawValue::from_string(text.to_owned()).ok()).flatten();
    let value = value.unwrap_or_else(|| raw(&text));
    raw(&if is_error { Out::Error(&value) } else { Out::Output(&value) })
}

fn text_of(content: &[Part]) -> String {
    let texts = content.iter().filter_map(|it| match &it.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

// === impl Content ===

impl Content<'_> {
    fn calls(&self) -> Vec<(String, String)> {
        let mut seen = HashSet::new();
        let calls = self.parts.iter().filter_map(|it| it.fields.function_call.as_ref());
        let named = calls.map(|it| (it.id.to_owned(), it.name.to_owned()));
        named.filter(|(id, _)| seen.insert(id.clone())).collect()
    }
}

// === impl PartOut ===

impl<'a> PartOut<'a> {
    fn of(fields: Fields<'a>) -> Self {
        Self { fields, ..Self::default() }
    }

    fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Fields { text: Some(text.into()), ..Fields::default() })
    }

    fn call(call: &'a ToolCall) -> Self {
        let signature = call.signature.as_ref();
        Self::of(Fields {
            function_call: Some(CallOut {
                id: &call.id,
                name: &call.name,
                args: super::stream::arguments(&call.arguments, call.free_text),
            }),
            thought_signature: signature.and_then(|it| it.for_target(Dialect::Gemini)),
            ..Fields::default()
        })
    }

    fn unanswered(id: &str, name: &str) -> Self {
        let response = response("the tool was not run", true);
        let own = raw(&serde_json::json!({
            "functionResponse": { "id": id, "name": name, "response": response },
        }));
        Self { made: Some(own), ..Self::default() }
    }
}

impl Serialize for PartOut<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.own, &self.made) {
            (Some(own), _) => own.serialize(serializer),
            (None, Some(made)) => made.serialize(serializer),
            (None, None) => self.fields.serialize(serializer),
        }
    }
}

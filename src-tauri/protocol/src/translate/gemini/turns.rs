//! The hub's conversation as Gemini's contents.
//!
//! Owns: what each piece becomes, and the rules of order: contents of one role are one; every call
//! is answered right behind it; the person speaks first.
//! Must not know: another dialect.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::json::raw;
use super::pairing::{Pair, Pairs};
use crate::dialect::Dialect;
use crate::request::{
    Loss, Part, PartKind, Raw, Role, Signature, Source, ToolCall, ToolResult, Turn,
};

/// One content.
#[derive(Serialize)]
pub(super) struct Content<'a> {
    parts: Vec<PartOut<'a>>,
    role: &'static str,
    /// The calls in it, to be answered behind it.
    #[serde(skip)]
    calls: Vec<Pair<'a>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
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
pub(super) fn system_parts<'a>(
    system: &'a [Part],
    own: bool,
    losses: &mut Vec<Loss>,
) -> Vec<PartOut<'a>> {
    let mut out = Vec::new();
    for part in system {
        push_part(part, own, &mut out, losses);
    }
    out
}

/// The contents. `own`: the request came from a Gemini client.
pub(super) fn contents<'a>(
    turns: &'a [Turn],
    own: bool,
    losses: &mut Vec<Loss>,
) -> Vec<Content<'a>> {
    let pairs = Pairs::of(turns);
    let mut laid: Vec<Content<'_>> = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let role = if turn.role == Role::Assistant { "model" } else { "user" };
        if turn.role == Role::System {
            let rule = "Gemini has no system text within a conversation: the person says it";
            losses.push(Loss { field: "turns.role", rule });
        }
        let mut content = Content { parts: Vec::new(), role, calls: Vec::new() };
        let mut answers = false;
        for (nth, part) in turn.parts.iter().enumerate() {
            match &part.kind {
                PartKind::ToolResult(_) if pairs.answers_one((at, nth)) => {
                    tell_cache(part, losses);
                    answers = true;
                    continue;
                }
                PartKind::ToolCall(call) if role == "model" => {
                    content.calls.push((call, pairs.answer((at, nth))));
                }
                _ => {}
            }
            push_part(part, own, &mut content.parts, losses);
        }
        // A turn of nothing but answers is where the model's next turn begins anew: the answers
        // are put into it below.
        let calls = laid.last().is_some_and(|it| !it.calls.is_empty());
        if content.parts.is_empty() && !(answers && calls && role == "user") {
            continue;
        }
        match laid.last_mut() {
            Some(last) if last.role == role => {
                last.parts.extend(content.parts);
                last.calls.extend(content.calls);
            }
            _ => laid.push(content),
        }
    }
    if laid.first().is_none_or(|it| it.role == "model") && !turns.is_empty() {
        laid.insert(0, Content { parts: vec![PartOut::text(BEGIN)], role: "user", calls: vec![] });
    }
    answer_calls(&mut laid, own, losses);
    laid
}

/// Puts each answer at the head of the content behind its call, in the order of the calls, and
/// answers those nobody answered: Gemini refuses a call without one. Contents take turns, so what
/// is behind a call is the person's.
fn answer_calls<'a>(laid: &mut Vec<Content<'a>>, own: bool, losses: &mut Vec<Loss>) {
    let mut due: Vec<Pair<'a>> = Vec::new();
    for content in laid.iter_mut() {
        if !due.is_empty() {
            let mut parts = answers(&std::mem::take(&mut due), own, losses);
            parts.append(&mut content.parts);
            content.parts = parts;
        }
        due = std::mem::take(&mut content.calls);
    }
    if due.iter().any(|(_, answer)| answer.is_some()) {
        let parts = answers(&due, own, losses);
        laid.push(Content { parts, role: "user", calls: Vec::new() });
    }
}

fn answers<'a>(due: &[Pair<'a>], own: bool, losses: &mut Vec<Loss>) -> Vec<PartOut<'a>> {
    let mut out = Vec::new();
    let mut media = Vec::new();
    for (call, answer) in due {
        let Some(result) = answer else {
            let rule = "a call nobody answered is answered with an error";
            losses.push(Loss { field: "turns.tool_call", rule });
            out.push(PartOut::unanswered(&call.id, &call.name));
            continue;
        };
        let response = response(&text_of(&result.content), result.is_error);
        let function_response = Some(ResponseOut { id: &call.id, name: &call.name, response });
        out.push(PartOut::of(Fields { function_response, ..Fields::default() }));
        push_media_of(result, own, &mut media, losses);
    }
    out.append(&mut media);
    out
}

fn push_media_of<'a>(
    result: &'a ToolResult,
    own: bool,
    out: &mut Vec<PartOut<'a>>,
    losses: &mut Vec<Loss>,
) {
    for part in &result.content {
        match part.kind {
            PartKind::Text(_) | PartKind::Refusal(_) => tell_cache(part, losses),
            _ => push_part(part, own, out, losses),
        }
    }
}

fn tell_cache(part: &Part, losses: &mut Vec<Loss>) {
    if part.cache.is_some() {
        losses.push(Loss { field: "cache_control", rule: "Gemini has no breakpoints" });
    }
}

fn push_part<'a>(part: &'a Part, own: bool, out: &mut Vec<PartOut<'a>>, losses: &mut Vec<Loss>) {
    tell_cache(part, losses);
    match &part.kind {
        PartKind::Text(text) | PartKind::Refusal(text) => {
            out.push(PartOut::text(text));
        }
        PartKind::Image { source, detail } => {
            if detail.is_some() {
                let rule = "Gemini looks at every picture alike";
                losses.push(Loss { field: "image.detail", rule });
            }
            push_media(source, None, out, losses);
        }
        PartKind::Document { source, name } => {
            // Only some of Google's services take a name: who wrote one knows.
            let own_name = name.as_deref().filter(|_| own);
            if name.is_some() && !(own && matches!(source, Source::Base64 { .. })) {
                losses.push(Loss { field: "document.name", rule: "Gemini's files have no name" });
            }
            push_media(source, own_name, out, losses);
        }
        PartKind::Audio { source } => push_media(source, None, out, losses),
        PartKind::ToolCall(call) => out.push(PartOut::call(call)),
        PartKind::ToolResult(result) => {
            // It answers no call: what the tool said is still worth reading.
            let rule = "a result without a call is text";
            losses.push(Loss { field: "turns.tool_result", rule });
            out.push(PartOut::text(text_of(&result.content)));
            push_media_of(result, own, out, losses);
        }
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

fn push_media<'a>(
    source: &'a Source,
    display_name: Option<&'a str>,
    out: &mut Vec<PartOut<'a>>,
    losses: &mut Vec<Loss>,
) {
    let part = match source {
        Source::Base64 { media_type, data } => {
            let data = Cow::Borrowed(data.as_str());
            let inline_data = Some(InlineOut { mime_type: media_type, data, display_name });
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

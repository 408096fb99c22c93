//! What stands inside a Responses message or a tool's output, to parts.
//!
//! Owns: kinds of content parts, where pictures and files are.
//! Must not know: whose turn it is.

use super::media;
use super::members::{Members, Text, Value, list, text, text_or_json};
use super::quick::Content;
use super::request_in::{keep, keep_rest, unknown};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Source};
use crate::translate::data_url;

/// Marks the name of an unknown part, which goes back inside a message, from that of an item.
pub(super) const CONTENT: &str = "content.";

/// What a picture is whose address does not tell.
const LIKELY_IMAGE: &str = "image/png";

/// Reads the content of a message: text or a list of parts.
pub(super) fn read(content: Value<'_>, request: &mut Request) -> Vec<Part> {
    if let Some(text) = text(content) {
        return vec![Part::text(text)];
    }
    let parts = list(content).unwrap_or_else(|| vec![content]);
    parts.into_iter().map(|it| Part::new(read_part(it, request))).collect()
}

/// Reads a tool's output: text, a list of parts, or whatever JSON a client wrote as if it were
/// text.
pub(super) fn read_output(output: Value<'_>, request: &mut Request) -> Vec<Part> {
    let typed = |it: &Value<'_>| Members::of(it).is_some_and(|it| it.peek("type").is_some());
    match list(output) {
        Some(parts) if parts.iter().all(typed) => read(output, request),
        _ => match text_or_json(output) {
            text if text.is_empty() => Vec::new(),
            text => vec![Part::text(text)],
        },
    }
}

/// The parts of an item of the usual form.
pub(super) fn of_quick(content: Content<'_>) -> Vec<Part> {
    let parts = match content {
        Content::Text(text) => return vec![Part::text(text.0)],
        Content::Parts(parts) => parts,
    };
    let owned = |it: Option<Text<'_>>| it.map(|it| it.0.into_owned()).unwrap_or_default();
    let kinds = parts.into_iter().map(|part| match &*part.kind.0 {
        "refusal" => PartKind::Refusal(owned(part.refusal)),
        "input_image" => {
            let detail = part.detail.map(|it| it.0.into_owned());
            PartKind::Image { source: at_url(owned(part.image_url), LIKELY_IMAGE), detail }
        }
        _ => PartKind::Text(owned(part.text)),
    });
    kinds.map(Part::new).collect()
}

fn read_part(whole: Value<'_>, request: &mut Request) -> PartKind {
    if let Some(text) = text(whole) {
        return PartKind::Text(text.into_owned());
    }
    let Some(mut part) = Members::of(whole) else {
        return PartKind::Unknown(unknown(CONTENT, whole));
    };
    let kind = part.text("type").unwrap_or_default();
    let known = match kind.as_str() {
        "input_text" | "output_text" | "text" | "summary_text" => {
            drop_empty(&mut part, "annotations");
            drop_empty(&mut part, "logprobs");
            part.text("text").map(PartKind::Text)
        }
        "refusal" => part.text("refusal").map(PartKind::Refusal),
        "input_image" => read_image(&mut part, request),
        "input_file" => read_file(&mut part),
        "input_audio" => read_audio(&mut part),
        _ => None,
    };
    match known {
        Some(known) => {
            keep_rest(request, "input[].content[]", part);
            known
        }
        None => PartKind::Unknown(unknown(format!("{CONTENT}{kind}"), whole)),
    }
}

fn read_image(part: &mut Members<'_>, request: &mut Request) -> Option<PartKind> {
    let detail = part.text("detail");
    let source = match part.take("image_url") {
        Some(value) => {
            // Chat nests the address.
            let nested = Members::of(value).and_then(|mut it| it.text("url"));
            let url = nested.or_else(|| text(value).map(|it| it.into_owned()))?;
            if let Some(id) = part.take("file_id") {
                keep(request, "input[].content[].file_id", id);
            }
            at_url(url, LIKELY_IMAGE)
        }
        None => Source::File { dialect: Dialect::Responses, id: part.text("file_id")? },
    };
    Some(PartKind::Image { source, detail })
}

fn read_file(part: &mut Members<'_>) -> Option<PartKind> {
    let name = part.text("filename");
    let likely = media::media_type_of(name.as_deref());
    let source = if let Some(data) = part.text("file_data") {
        match data_url::parse(&data) {
            Some(_) => at_url(data, likely),
            None => Source::Base64 { media_type: likely.to_owned(), data },
        }
    } else if let Some(url) = part.text("file_url") {
        at_url(url, likely)
    } else {
        Source::File { dialect: Dialect::Responses, id: part.text("file_id")? }
    };
    Some(PartKind::Document { source, name })
}

fn read_audio(part: &mut Members<'_>) -> Option<PartKind> {
    let mut audio = Members::of(part.take("input_audio")?)?;
    let (data, format) = (audio.text("data")?, audio.text("format")?);
    let media_type = media::audio_type(&format);
    Some(PartKind::Audio { source: Source::Base64 { media_type, data } })
}

/// Where an address leads: into the request itself, or elsewhere.
fn at_url(url: String, likely: &str) -> Source {
    match data_url::parse(&url) {
        Some((media_type, data)) => {
            let media_type = if media_type.is_empty() { likely } else { media_type };
            Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        None => Source::Url { url, media_type: None },
    }
}

fn drop_empty(part: &mut Members<'_>, name: &str) {
    if part.peek(name).and_then(list).is_none_or(|it| it.is_empty()) {
        part.take(name);
    }
}

//! The parts of a message.
//!
//! Owns: text, pictures, sound, files, refusals; data URLs.
//! Must not know: who says them.

use serde_json::value::RawValue;

use super::super::read::{Content, Member, find, find_text, is_null, keep, members, text};
use super::unknown;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Source, Unknown};
use crate::translate::{TranslateError, data_url};

/// Reads a message's content.
pub(super) fn read(content: Content<'_>, parts: &mut Vec<Part>) -> Result<(), TranslateError> {
    match content {
        Content::Nothing => {}
        Content::Text(text) if text.is_empty() => {}
        Content::Text(text) => parts.push(Part::text(text)),
        Content::Parts(list) => {
            parts.reserve(list.len());
            for raw in list {
                part(raw, parts)?;
            }
        }
    }
    Ok(())
}

/// A member of the part or call before it, that the hub has no name for.
pub(super) fn member_of_part(key: &str, value: &RawValue) -> Result<Part, TranslateError> {
    Ok(Part::new(PartKind::Unknown(unknown(&format!("part.{key}"), value)?)))
}

fn part(raw: &RawValue, parts: &mut Vec<Part>) -> Result<(), TranslateError> {
    let Some(found) = members(raw) else {
        // A bare string among parts is text to most servers.
        parts.push(match text(raw) {
            Some(text) => Part::text(text),
            None => Part::new(PartKind::Unknown(unknown("content", raw)?)),
        });
        return Ok(());
    };
    let kind = find_text(&found, "type").unwrap_or_default();
    let Some((known, place)) = known(&kind, &found) else {
        parts.push(Part::new(PartKind::Unknown(unknown(&kind, raw)?)));
        return Ok(());
    };
    let cache = find(&found, "cache_control").map(|it| keep(it, "cache_control")).transpose()?;
    parts.push(Part { kind: known, cache });
    for (key, value) in &found {
        if !["type", place, "cache_control"].contains(&&**key) && !is_null(value) {
            parts.push(member_of_part(key, value)?);
        }
    }
    Ok(())
}

/// What a part is, and the member that says it.
fn known(kind: &str, found: &[Member<'_>]) -> Option<(PartKind, &'static str)> {
    Some(match kind {
        "text" | "input_text" | "output_text" => {
            (PartKind::Text(find_text(found, "text")?.into_owned()), "text")
        }
        "refusal" => (PartKind::Refusal(find_text(found, "refusal")?.into_owned()), "refusal"),
        "image_url" => (image(find(found, "image_url")?)?, "image_url"),
        "input_audio" => (audio(find(found, "input_audio")?)?, "input_audio"),
        "file" => (file(find(found, "file")?)?, "file"),
        _ => return None,
    })
}

fn image(value: &RawValue) -> Option<PartKind> {
    if let Some(url) = text(value) {
        return Some(PartKind::Image { source: source_of(&url), detail: None });
    }
    let found = only(value, &["url", "detail"])?;
    let detail = find_text(&found, "detail").map(Into::into);
    Some(PartKind::Image { source: source_of(&find_text(&found, "url")?), detail })
}

fn audio(value: &RawValue) -> Option<PartKind> {
    let found = only(value, &["data", "format"])?;
    let media_type = match &*find_text(&found, "format")? {
        "mp3" => "audio/mpeg".to_owned(),
        other => format!("audio/{other}"),
    };
    let data = find_text(&found, "data")?.into_owned();
    Some(PartKind::Audio { source: Source::Base64 { media_type, data } })
}

fn file(value: &RawValue) -> Option<PartKind> {
    let found = only(value, &["file_id", "file_data", "filename"])?;
    let name = find_text(&found, "filename").map(Into::into);
    let id = find_text(&found, "file_id");
    let source = match (id, find_text(&found, "file_data")) {
        (Some(id), None) => Source::File { dialect: Dialect::Chat, id: id.into_owned() },
        (None, Some(data)) => match source_of(&data) {
            // Some clients leave the `data:` away; what this dialect takes is a PDF.
            Source::Url { .. } if !data.contains(':') => {
                Source::Base64 { media_type: "application/pdf".to_owned(), data: data.into_owned() }
            }
            source => source,
        },
        _ => return None,
    };
    Some(PartKind::Document { source, name })
}

/// The members of an object that has no others than these.
fn only<'a>(value: &'a RawValue, names: &[&str]) -> Option<Vec<Member<'a>>> {
    members(value).filter(|it| it.iter().all(|it| names.contains(&&*it.0) || is_null(it.1)))
}

/// `data:image/png;base64,...` as data, anything else as an address.
fn source_of(url: &str) -> Source {
    match data_url::parse(url) {
        Some((media_type, data)) if !media_type.is_empty() => {
            Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        _ => Source::Url { url: url.to_owned(), media_type: None },
    }
}

/// Whether an unknown part is a member of its message rather than a part.
pub(super) fn member_of_message(key: &str, value: &RawValue) -> Result<Part, TranslateError> {
    let Unknown { dialect, name, value } = unknown(&format!("message.{key}"), value)?;
    Ok(Part::new(PartKind::Unknown(Unknown { dialect, name, value })))
}

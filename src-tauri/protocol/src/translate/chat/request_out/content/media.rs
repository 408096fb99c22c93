//! Pictures, sound and files.
//!
//! Owns: which forms of them this dialect takes, data URLs, what is told as text instead.
//! Must not know: who shows them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::super::json::{Open, inner};
use super::super::Losses;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Source};

/// A document that is told as text: text itself, and an address, which files have not here.
pub(super) fn as_text(source: &Source, name: Option<&str>) -> Option<String> {
    let titled = |text: &str| match name {
        Some(name) => format!("{name}:\n{text}"),
        None => text.to_owned(),
    };
    match source {
        Source::Text(text) => Some(titled(text)),
        Source::Base64 { media_type, data } if media_type.starts_with("text/") => {
            let bytes = STANDARD.decode(data).ok()?;
            String::from_utf8(bytes).ok().map(|it| titled(&it))
        }
        Source::Url { url, .. } => Some(titled(url)),
        Source::Base64 { .. } | Source::File { .. } => None,
    }
}

/// Whether a part is a picture, sound, or a file that is no text.
pub(in super::super) fn is_media(part: &Part) -> bool {
    match &part.kind {
        PartKind::Image { .. } | PartKind::Audio { .. } => true,
        PartKind::Document { source, name } => as_text(source, name.as_deref()).is_none(),
        _ => false,
    }
}

pub(super) fn can_show(part: &Part) -> bool {
    match &part.kind {
        PartKind::Image { source: Source::Url { url, .. }, .. } => {
            ["http://", "https://", "data:"].iter().any(|it| url.starts_with(it))
        }
        PartKind::Image { source: Source::Base64 { .. }, .. } => true,
        PartKind::Document { source, .. } => {
            matches!(source, Source::Base64 { .. } | Source::File { dialect: Dialect::Chat, .. })
        }
        PartKind::Audio { source: Source::Base64 { media_type, .. } } => {
            matches!(audio_format(media_type), "mp3" | "wav")
        }
        _ => false,
    }
}

fn audio_format(media_type: &str) -> &str {
    match media_type.strip_prefix("audio/").unwrap_or(media_type) {
        "mpeg" => "mp3",
        "x-wav" | "wave" | "vnd.wave" => "wav",
        other => other,
    }
}

pub(super) fn image(
    object: &mut Open<'_>,
    source: &Source,
    detail: Option<&str>,
    own: bool,
    losses: &mut Losses,
) {
    object.text("type", "image_url");
    let mut inside = Open::object(object.key("image_url"));
    match source {
        Source::Base64 { media_type, data } => data_url(inside.key("url"), media_type, data),
        Source::Url { url, .. } => inside.text("url", url),
        Source::File { .. } | Source::Text(_) => {}
    }
    match detail {
        Some(detail) if own || ["low", "high", "auto"].contains(&detail) => {
            inside.text("detail", detail);
        }
        Some(_) => losses.add("image detail", "low, high or auto here"),
        None => {}
    }
    inside.close();
}

pub(super) fn audio(object: &mut Open<'_>, source: &Source) {
    object.text("type", "input_audio");
    let mut inside = Open::object(object.key("input_audio"));
    if let Source::Base64 { media_type, data } = source {
        inside.text("data", data);
        inside.text("format", audio_format(media_type));
    }
    inside.close();
}

pub(super) fn file(object: &mut Open<'_>, source: &Source, name: Option<&str>, own: bool) {
    object.text("type", "file");
    let mut inside = Open::object(object.key("file"));
    let mut name = name;
    match source {
        Source::Base64 { media_type, data } => {
            data_url(inside.key("file_data"), media_type, data);
            let made = if media_type == "application/pdf" { "document.pdf" } else { "document" };
            // Data without a name is refused.
            name = name.or((!own).then_some(made));
        }
        Source::File { id, .. } => inside.text("file_id", id),
        Source::Url { url, .. } => inside.text("file_data", url),
        Source::Text(_) => {}
    }
    if let Some(name) = name {
        inside.text("filename", name);
    }
    inside.close();
}

fn data_url(out: &mut Vec<u8>, media_type: &str, data: &str) {
    out.extend_from_slice(b"\"data:");
    inner(out, media_type);
    out.extend_from_slice(b";base64,");
    inner(out, data);
    out.push(b'"');
}

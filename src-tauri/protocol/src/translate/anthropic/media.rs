//! Images and documents.
//!
//! Owns: the forms of a `source`, the media types the provider takes, and what is written where it
//! takes none.
//! Must not know: where in a conversation a picture stands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Losses;
use super::json::Obj;
use super::request_in::Read;
use crate::dialect::Dialect;
use crate::request::Source;
use crate::translate::{TranslateError, data_url};

/// A picture or file in the provider's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Media<'r> {
    Base64 { document: bool, media_type: &'r str, data: &'r str },
    Url { document: bool, url: &'r str },
    File { document: bool, id: &'r str },
    PlainText(std::borrow::Cow<'r, str>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    media_type: Option<String>,
    data: String,
    url: String,
    file_id: String,
}

const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Reads a source; none for the forms the hub has no name for.
pub(super) fn read(
    value: Option<&RawValue>,
    path: impl FnOnce() -> String,
) -> Read<Option<Source>> {
    if value.is_none_or(|it| !it.get().starts_with('{')) {
        return Err(TranslateError::invalid(format!("{}.source", path()), "must be an object"));
    }
    Ok(read_any(value))
}

fn read_any(value: Option<&RawValue>) -> Option<Source> {
    let wire: Wire = serde_json::from_str(value?.get()).ok()?;
    let Wire { kind, media_type, data, url, file_id } = wire;
    Some(match kind.as_str() {
        "base64" => Source::Base64 { media_type: media_type.unwrap_or_default(), data },
        "url" => Source::Url { url, media_type },
        "file" => Source::File { dialect: Dialect::Anthropic, id: file_id },
        "text" => Source::Text(data),
        _ => return None,
    })
}

impl<'r> Media<'r> {
    /// What the provider takes of a source; none where it takes nothing of it.
    pub(super) fn of(source: &'r Source, document: bool) -> Option<Self> {
        match source {
            Source::Base64 { media_type, data } => Self::inline(media_type, data, document),
            Source::Url { url, .. } => match data_url::parse(url) {
                Some((media_type, data)) => Self::inline(media_type, data, document),
                None => Some(Self::Url { document, url }),
            },
            Source::File { dialect, id } => {
                (*dialect == Dialect::Anthropic).then_some(Self::File { document, id })
            }
            Source::Text(text) => Some(Self::PlainText(text.as_str().into())),
        }
    }

    fn inline(media_type: &'r str, data: &'r str, document: bool) -> Option<Self> {
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let lower = media_type.to_ascii_lowercase();
        let lower = match lower.as_str() {
            "" | "application/octet-stream" => by_content(data)?,
            "image/jpg" | "image/pjpeg" => "image/jpeg",
            other => other,
        };
        if let Some(known) = IMAGES.into_iter().find(|it| *it == lower) {
            return Some(Self::Base64 { document: false, media_type: known, data });
        }
        if lower == "application/pdf" {
            return Some(Self::Base64 { document: true, media_type: "application/pdf", data });
        }
        let is_text = lower.starts_with("text/") || lower == "application/json";
        if document && is_text {
            let text = STANDARD.decode(data).ok().and_then(|it| String::from_utf8(it).ok())?;
            return Some(Self::PlainText(text.into()));
        }
        None
    }

    /// Writes the block, without its braces.
    pub(super) fn write(&self, object: &mut Obj<'_>) {
        let document = match self {
            Self::Base64 { document, .. }
            | Self::Url { document, .. }
            | Self::File { document, .. } => *document,
            Self::PlainText(_) => true,
        };
        object.str("type", if document { "document" } else { "image" });
        let mut source = Obj::new(object.key("source"));
        match self {
            Self::Base64 { media_type, data, .. } => {
                source.str("type", "base64").str("media_type", media_type).str("data", data);
            }
            Self::Url { url, .. } => {
                source.str("type", "url").str("url", url);
            }
            Self::File { id, .. } => {
                source.str("type", "file").str("file_id", id);
            }
            Self::PlainText(text) => {
                source.str("type", "text").str("media_type", "text/plain").str("data", text);
            }
        }
        source.end();
    }

    /// Whether a title may stand beside it.
    pub(super) const fn is_document(&self) -> bool {
        match self {
            Self::Base64 { document, .. }
            | Self::Url { document, .. }
            | Self::File { document, .. } => *document,
            Self::PlainText(_) => true,
        }
    }
}

/// What stands in the place of media that cannot be sent, so that the model knows of it.
pub(super) fn note(document: bool, source: &Source, losses: &mut Losses) -> &'static str {
    match source {
        Source::File { .. } => losses.add("file_id", "file ids are known to their provider only"),
        Source::Base64 { .. } | Source::Url { .. } | Source::Text(_) => {
            losses.add("media_type", "the provider does not take files of this type");
        }
    }
    if document { "[A document was left out here.]" } else { "[An image was left out here.]" }
}

/// What the first bytes say the data is.
fn by_content(data: &str) -> Option<&'static str> {
    let starts = [
        ("iVBOR", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
        ("JVBERi", "application/pdf"),
    ];
    starts.into_iter().find(|(start, _)| data.starts_with(start)).map(|it| it.1)
}

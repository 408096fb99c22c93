//! Parts to what stands inside a Responses message or a tool's output.
//!
//! Owns: content parts, where pictures and files are told to be.
//! Must not know: items, whose turn comes next.

use super::json::{List, Object};
use super::losses::{self, Losses};
use super::media;
use super::parts_in::CONTENT;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Source, Unknown};

/// Who the content is of, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The user or the developer.
    Input,
    /// A tool.
    Result,
    /// The model.
    Output,
}

/// Writes a part, or notes why it cannot be said. `own`: the request is of this dialect.
pub(super) fn write(part: &Part, side: Side, own: bool, list: &mut List<'_>, losses: &mut Losses) {
    losses.add_if(part.cache.is_some(), losses::CACHE);
    let output = side == Side::Output;
    match &part.kind {
        PartKind::Text(text) => {
            typed(list, if output { "output_text" } else { "input_text" }, "text", text);
        }
        PartKind::Refusal(text) if output => typed(list, "refusal", "refusal", text),
        PartKind::Refusal(text) => typed(list, "input_text", "text", text),
        PartKind::Unknown(unknown) => match own_content(unknown) {
            Some(value) => list.next().extend_from_slice(value.as_bytes()),
            None => losses.add(losses::UNKNOWN_PART),
        },
        PartKind::Image { .. } | PartKind::Document { .. } | PartKind::Audio { .. } if output => {
            losses.add(losses::OUTPUT_MEDIA);
        }
        PartKind::Image { source, detail } => {
            write_image(source, detail.as_deref(), list, losses);
        }
        PartKind::Document { source, name } => {
            write_document(source, name.as_deref(), own, list, losses);
        }
        PartKind::Audio { source } => write_audio(source, side, list, losses),
        PartKind::ToolCall(_) | PartKind::ToolResult(_) | PartKind::Thinking { .. } => {
            losses.add(losses::UNKNOWN_PART);
        }
    }
}

/// The value of an unknown part that stood inside a message of this dialect.
pub(super) fn own_content(unknown: &Unknown) -> Option<&str> {
    let own = unknown.dialect == Dialect::Responses && unknown.name.starts_with(CONTENT);
    own.then(|| unknown.value.get())
}

fn typed(list: &mut List<'_>, kind: &str, member: &str, text: &str) {
    let mut it = list.object();
    it.text("type", kind);
    it.text(member, text);
    it.close();
}

fn write_image(source: &Source, detail: Option<&str>, list: &mut List<'_>, losses: &mut Losses) {
    let write = |member: &str, value: &str, list: &mut List<'_>| {
        let mut it = list.object();
        it.text("type", "input_image");
        it.text(member, value);
        if let Some(detail) = detail {
            it.text("detail", detail);
        }
        it.close();
    };
    match source {
        Source::Base64 { media_type, data } => {
            write("image_url", &media::write(media_type, data), list);
        }
        Source::Url { url, .. } => write("image_url", url, list),
        Source::File { dialect: Dialect::Responses, id } => write("file_id", id, list),
        Source::File { .. } | Source::Text(_) => losses.add(losses::FILE),
    }
}

/// A document of plain text is text: not every server reads files that are no PDF.
fn write_document(
    source: &Source,
    name: Option<&str>,
    own: bool,
    list: &mut List<'_>,
    losses: &mut Losses,
) {
    let write = |member: &str, value: &str, name: Option<&str>, list: &mut List<'_>| {
        let mut it: Object<'_> = list.object();
        it.text("type", "input_file");
        if let Some(name) = name {
            it.text("filename", name);
        }
        it.text(member, value);
        it.close();
    };
    match source {
        Source::Base64 { media_type, data } => {
            // Servers tell a file's kind by its name.
            let made = (!own).then(|| media::file_name(media_type));
            write("file_data", &media::write(media_type, data), name.or(made), list);
        }
        Source::Url { url, .. } => write("file_url", url, name.filter(|_| own), list),
        Source::File { dialect: Dialect::Responses, id } => {
            write("file_id", id, name.filter(|_| own), list);
        }
        Source::File { .. } => losses.add(losses::FILE),
        Source::Text(text) => match name {
            Some(name) => typed(list, "input_text", "text", &format!("{name}\n\n{text}")),
            None => typed(list, "input_text", "text", text),
        },
    }
}

fn write_audio(source: &Source, side: Side, list: &mut List<'_>, losses: &mut Losses) {
    let Source::Base64 { media_type, data } = source else {
        return losses.add(losses::AUDIO);
    };
    match media::audio_format(media_type) {
        Some(format) if side == Side::Input => {
            let mut it = list.object();
            it.text("type", "input_audio");
            let mut audio = it.object("input_audio");
            audio.text("data", data);
            audio.text("format", format);
            audio.close();
            it.close();
        }
        _ => losses.add(losses::AUDIO),
    }
}

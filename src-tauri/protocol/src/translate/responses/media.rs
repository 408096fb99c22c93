//! Names of media types, and data URLs as they are written.
//!
//! Owns: `data:image/png;base64,...` put together, a file's likely type.
//! Must not know: requests.

/// The URL of base64 data.
pub(super) fn write(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// What a file of that name most likely is. PDF where nothing tells: the only kind that every
/// server took from the start.
pub(super) fn media_type_of(name: Option<&str>) -> &'static str {
    let ending = name.and_then(|it| it.rsplit_once('.')).map(|it| it.1.to_ascii_lowercase());
    match ending.as_deref() {
        Some("txt" | "log") => "text/plain",
        Some("md") => "text/markdown",
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/pdf",
    }
}

/// A name for a file that has none: servers tell a file's kind by it.
pub(super) fn file_name(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" => "document.txt",
        "text/markdown" => "document.md",
        "text/csv" => "document.csv",
        "text/html" => "document.html",
        "application/json" => "document.json",
        _ => "document.pdf",
    }
}

/// The word for a kind of sound, e.g. `mp3` for `audio/mpeg`; none for what is not taken.
pub(super) fn audio_format(media_type: &str) -> Option<&str> {
    match media_type {
        "audio/mpeg" => Some("mp3"),
        "audio/x-wav" | "audio/wave" => Some("wav"),
        _ => media_type.strip_prefix("audio/").filter(|it| !it.is_empty()),
    }
}

/// The media type of such a word.
pub(super) fn audio_type(format: &str) -> String {
    if format == "mp3" { "audio/mpeg".to_owned() } else { format!("audio/{format}") }
}

//! Strings and numbers as JSON writes them.
//!
//! Owns: the one way every dialect's writer escapes a text.
//! Must not know: objects, lists, what any member means.

use serde::Serialize;

/// Appends a string with its quotes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    // Writing a text to memory cannot fail.
    let _: serde_json::Result<()> = serde_json::to_writer(out, text);
}

/// Appends a number.
pub(super) fn number(out: &mut Vec<u8>, number: impl Serialize) {
    // As above.
    let _: serde_json::Result<()> = serde_json::to_writer(out, &number);
}

/// Appends the name of a member and its colon; names of ours need no escape.
pub(super) fn name(out: &mut Vec<u8>, name: &str) {
    if name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    } else {
        string(out, name);
        out.push(b':');
    }
}

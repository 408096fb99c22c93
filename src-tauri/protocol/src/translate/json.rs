//! Strings and numbers as JSON writes them.
//!
//! Owns: the one way every dialect's writer escapes a text.
//! Must not know: objects, lists, what any member means.

use serde::Serialize;

/// Appends a string with its quotes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    if needs_escape(text) {
        // Writing a text to memory cannot fail.
        let _: serde_json::Result<()> = serde_json::to_writer(out, text);
    } else {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

/// Most texts need none. Looked at without a way out, so that it takes many bytes at a time.
fn needs_escape(text: &str) -> bool {
    text.bytes().fold(false, |found, it| found | (it < b' ') | (it == b'"') | (it == b'\\'))
}

/// Appends a number.
pub(super) fn number(out: &mut Vec<u8>, number: impl Serialize) {
    // As above.
    let _: serde_json::Result<()> = serde_json::to_writer(out, &number);
}

/// Appends the name of a member and its colon.
pub(super) fn name(out: &mut Vec<u8>, name: &str) {
    string(out, name);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_is_as_the_library_writes_it(text in "[a-z \\PC\"\\\\\u{0}-\u{20}\u{7f}]{0,80}") {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}

//! The walk over JSON text, byte by byte.
//!
//! It is for text that has been checked, so a comma is as good as a blank and brackets pair. On
//! other text it gives nonsense, but it ends and does not panic; [`too_deep`] counts on that.
//!
//! Owns: where values and strings end, how deep text nests, what an escape means.
//! Must not know: values, members, errors.

use memchr::memchr;

/// Brackets inside each other that a body may have; the same as `serde_json`'s own limit.
pub(super) const MAX_DEPTH: usize = 128;

/// The first byte from `at` on that is no blank and no comma.
pub(super) fn skip_blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let n_blank =
        rest.iter().take_while(|it| matches!(it, b' ' | b'\n' | b'\r' | b'\t' | b',')).count();
    at.saturating_add(n_blank)
}

/// Behind the value that begins at `start`.
pub(super) fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start),
        Some(b'{' | b'[') => brackets_end(bytes, start),
        _ => {
            let rest = bytes.get(start..).unwrap_or_default();
            let is_end = |it: &u8| matches!(it, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            start + rest.iter().position(is_end).unwrap_or(rest.len())
        }
    }
}

fn brackets_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Behind the string that begins at `start`. Only quotes are looked for: escapes are frequent in
/// code, and all but `\"` end nothing.
pub(super) fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr(b'"', bytes.get(at..).unwrap_or_default()) {
        let before = bytes.get(start + 1..at + found).unwrap_or_default();
        let n_backslashes = before.iter().rev().take_while(|it| **it == b'\\').count();
        at += found + 1;
        if n_backslashes % 2 == 0 {
            return at;
        }
    }
    bytes.len()
}

/// The bracket that is one too many, in any bytes.
pub(super) fn too_deep(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(at);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The first character a string's text means, and what follows it.
pub(super) fn next_char(raw: &str) -> Option<(char, &str)> {
    let mut chars = raw.chars();
    let first = chars.next()?;
    if first != '\\' {
        return Some((first, chars.as_str()));
    }
    let meant = match chars.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => return next_unicode(chars.as_str()),
        other => other,
    };
    Some((meant, chars.as_str()))
}

fn next_unicode(digits: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let high = unit(digits)?;
    let rest = digits.get(4..)?;
    if let Some(char) = char::from_u32(u32::from(high)) {
        return Some((char, rest));
    }
    let low = unit(rest.strip_prefix("\\u")?)?;
    let char = char::decode_utf16([high, low]).next()?.ok()?;
    Some((char, rest.get(6..)?))
}

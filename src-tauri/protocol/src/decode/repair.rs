//! A second look at a frame that is almost JSON.
//!
//! Owns: bytes that are no UTF-8, and halves of surrogate pairs written as `\ud83d`, as servers
//! send them that cut their text by UTF-16 units. Both become U+FFFD.
//! Must not know: what the frame means.

/// The same bytes in a form a JSON parser takes, or `None` where there was nothing to mend.
pub(crate) fn repaired(data: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(data);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut mended = matches!(text, std::borrow::Cow::Owned(_));
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let size = match (first, tail.first()) {
            (b'\\', Some(b'u')) => match (unit(rest), unit(rest.get(6..).unwrap_or_default())) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
                (Some(0xd800..=0xdfff), _) => {
                    out.extend_from_slice(b"\\ufffd");
                    mended = true;
                    rest = rest.get(6..).unwrap_or_default();
                    continue;
                }
                _ => 2,
            },
            // An escaped backslash must not lend its second half to what follows.
            (b'\\', Some(_)) => 2,
            _ => 1,
        };
        let (head, next) = rest.split_at(size.min(rest.len()));
        out.extend_from_slice(head);
        rest = next;
    }
    mended.then_some(out)
}

/// The value of a `\uXXXX` at the start of `bytes`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::repaired;

    #[test]
    fn halves_of_pairs_become_replacement_characters() {
        let fixed = repaired(br#"{"a":"x\ud83d","b":"\ude00y"}"#).unwrap();
        assert_eq!(fixed, br#"{"a":"x\ufffd","b":"\ufffdy"}"#);
    }

    #[test]
    fn whole_pairs_and_escaped_backslashes_stay() {
        assert_eq!(repaired(br#"{"a":"\ud83d\ude00 \\ud83d \u00e9"}"#), None);
        assert_eq!(repaired(b"{\"a\":\"\\"), None);
        assert_eq!(repaired(br#"{"a":"\ud8"#), None);
    }

    #[test]
    fn broken_utf8_becomes_a_replacement_character() {
        assert_eq!(repaired(b"\"a\xffb\"").unwrap(), "\"a\u{fffd}b\"".as_bytes());
    }
}

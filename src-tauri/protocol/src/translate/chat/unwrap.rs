//! Free text out of the object it travels in, piece by piece.
//!
//! Owns: `{"input": "..."}` read as it streams; at most one cut escape, or the start of what
//! turns out to be no such object, is held.
//! Must not know: where the text goes.

use serde::{Deserialize, Serialize};

/// The longest start of an object that is held before it counts as something else.
const MAX_HELD: usize = 64;

/// Reads one call's argument text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Unwrap {
    state: State,
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// The opening of the object has not ended.
    #[default]
    Opening,
    /// Inside the text.
    Inside,
    /// Behind the text.
    Over,
    /// Something else: everything is passed on as it is.
    Other,
}

// === impl Unwrap ===

impl Unwrap {
    /// The text in a piece, and in what was held.
    pub(super) fn push(&mut self, piece: &str) -> String {
        match self.state {
            State::Over => String::new(),
            State::Other => piece.to_owned(),
            State::Opening => {
                self.held.push_str(piece);
                self.open()
            }
            State::Inside => {
                self.held.push_str(piece);
                self.inside()
            }
        }
    }

    /// What is still held when the arguments are over.
    pub(super) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.state == State::Opening { held } else { String::new() }
    }

    fn open(&mut self) -> String {
        match after_opening(&self.held) {
            Opening::Text(at) => {
                self.held.drain(..at);
                self.state = State::Inside;
                self.inside()
            }
            Opening::Cut if self.held.len() <= MAX_HELD => String::new(),
            Opening::Empty => {
                self.held = String::new();
                self.state = State::Over;
                String::new()
            }
            Opening::Cut | Opening::Other => {
                self.state = State::Other;
                std::mem::take(&mut self.held)
            }
        }
    }

    fn inside(&mut self) -> String {
        let (mut end, mut over, mut halves) = (0, false, false);
        let bytes = self.held.as_bytes();
        while let Some(&byte) = bytes.get(end) {
            match byte {
                b'"' => {
                    over = true;
                    break;
                }
                b'\\' => match escape_len(bytes.get(end..).unwrap_or_default()) {
                    Some((len, half)) => {
                        end += len;
                        halves |= half;
                    }
                    None => break,
                },
                _ => end += 1,
            }
        }
        let json = format!("\"{}\"", self.held.get(..end).unwrap_or_default());
        let text = serde_json::from_str::<String>(&json);
        let text = match text {
            Ok(text) => text,
            Err(_) => lossy(&json, halves),
        };
        self.held.drain(..end);
        if over {
            self.held = String::new();
            self.state = State::Over;
        }
        text
    }
}

enum Opening {
    /// The text begins here.
    Text(usize),
    /// So far it may be one.
    Cut,
    /// The object has no text in it.
    Empty,
    Other,
}

fn after_opening(held: &str) -> Opening {
    let mut rest = held;
    for token in ["{", "\"input\"", ":", "\""] {
        rest = rest.trim_start_matches([' ', '\n', '\r', '\t']);
        match rest.strip_prefix(token) {
            Some(after) => rest = after,
            None if token.starts_with(rest) => return Opening::Cut,
            None if token == "\"input\"" && rest.starts_with('}') => return Opening::Empty,
            None => return Opening::Other,
        }
    }
    Opening::Text(held.len() - rest.len())
}

/// The length of the escape at the start of `bytes` and whether it holds half a surrogate pair;
/// none if it is cut off.
fn escape_len(bytes: &[u8]) -> Option<(usize, bool)> {
    if bytes.get(1)? != &b'u' {
        return Some((2, false));
    }
    let Some(first) = unit(bytes.get(2..6)?) else { return Some((6, true)) };
    if !(0xd800..=0xdbff).contains(&first) {
        return Some((6, (0xdc00..=0xdfff).contains(&first)));
    }
    match (bytes.get(6), bytes.get(7)) {
        (None, _) | (Some(b'\\'), None) => None,
        (Some(b'\\'), Some(b'u')) => {
            let second = unit(bytes.get(8..12)?);
            let pair = second.is_some_and(|it| (0xdc00..=0xdfff).contains(&it));
            Some(if pair { (12, false) } else { (6, true) })
        }
        _ => Some((6, true)),
    }
}

fn unit(digits: &[u8]) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A string no JSON parser takes: raw control characters, or half a surrogate pair.
fn lossy(json: &str, halves: bool) -> String {
    let inside = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    if !halves {
        // Raw line ends inside a string, as some models write them.
        let mended = inside.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
        if let Ok(text) = serde_json::from_str(&format!("\"{mended}\"")) {
            return text;
        }
    }
    inside.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Unwrap;

    fn unwrapped(json: &str, cuts: &[usize]) -> String {
        let mut unwrap = Unwrap::default();
        let mut text = String::new();
        let mut rest = json;
        for cut in cuts {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(cut % (rest.len() + 1)));
            text.push_str(&unwrap.push(piece));
            rest = after;
        }
        text.push_str(&unwrap.push(rest));
        text.push_str(&unwrap.finish());
        text
    }

    #[test]
    fn what_is_no_wrapper_passes_as_it_is() {
        for json in [r#"{"code":"x"}"#, "plain", r#"{"input":7}"#, "[1]"] {
            assert_eq!(unwrapped(json, &[1, 1, 1]), json);
        }
        assert_eq!(unwrapped("{}", &[1]), "");
        assert_eq!(unwrapped("", &[]), "");
    }

    #[test]
    fn spaces_escapes_and_a_cut_end_are_read() {
        assert_eq!(unwrapped("{ \"input\" :\n\"a\\n\\ud83d\\ude00\" }", &[3, 9, 2, 1]), "a\n😀");
        assert_eq!(unwrapped(r#"{"input":"half"#, &[]), "half");
        assert_eq!(unwrapped("{\"input\":\"a\nb\"}", &[]), "a\nb");
        assert_eq!(unwrapped(r#"{"input":"x\ud83dy"}"#, &[]), r"x\ud83dy");
    }

    proptest! {
        #[test]
        fn any_text_comes_out_whole_however_it_is_cut(text: String, ascii: bool, cuts: Vec<usize>) {
            let mut json = serde_json::json!({"input": text}).to_string();
            if ascii {
                let escape = |it: char| match it {
                    ' '..='~' => it.to_string(),
                    _ => it.encode_utf16(&mut [0; 2]).iter().map(|it| format!("\\u{it:04x}")).collect(),
                };
                json = json.chars().map(escape).collect();
            }
            prop_assert_eq!(unwrapped(&json, &cuts), text);
        }

        #[test]
        fn nothing_panics(text: String, cuts: Vec<usize>) {
            unwrapped(&text, &cuts);
            unwrapped(&format!("{{\"input\":\"{text}"), &cuts);
        }
    }
}

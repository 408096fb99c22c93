//! A free text out of the JSON object that carries it through the hub.
//!
//! Owns: `{"input": "..."}` in pieces to its text in pieces.
//! Must not know: calls, events.
//!
//! A model that was given a function instead writes that object itself, in any spelling JSON has.
//! What is no such object is held until it is whole and then told as it is.

use serde::{Deserialize, Serialize};

use super::members::{Members, text};

/// The object so far.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FreeText {
    state: State,
    /// What cannot be told yet: the object up to its text, an escape that is cut off, or all of
    /// an object of another form.
    held: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Before the text's first quote; so many characters of [`HEAD`] have come.
    Head(usize),
    /// Inside the text.
    Inside,
    /// Behind it: what follows says nothing.
    Behind,
    /// Not the object that is looked for.
    Other,
}

/// The spelling of the object up to its text, white space apart.
const HEAD: &[u8] = br#"{"input":""#;

// === impl FreeText ===

impl FreeText {
    /// Nothing has come yet.
    pub(super) const fn new() -> Self {
        Self { state: State::Head(0), held: String::new() }
    }

    /// Takes the next piece of the object and appends the text in it to `out`.
    pub(super) fn push(&mut self, piece: &str, out: &mut String) {
        let mut rest = piece;
        if let State::Head(seen) = self.state {
            rest = self.push_head(seen, rest);
        }
        match self.state {
            State::Inside => self.push_text(rest, out),
            State::Other => self.held.push_str(rest),
            State::Head(_) | State::Behind => {}
        }
    }

    /// The object is over: appends what was held.
    pub(super) fn finish(&mut self, out: &mut String) {
        match self.state {
            State::Inside | State::Behind => {}
            State::Head(_) | State::Other => {
                let value = serde_json::from_str(&self.held).ok();
                let input =
                    value.and_then(Members::of).map(|mut it| it.take("input").and_then(text));
                match input {
                    Some(Some(input)) => out.push_str(&input),
                    // An object without the text: nothing, if it says nothing else.
                    Some(None) if self.held.bytes().all(|it| b"{} \n\r\t".contains(&it)) => {}
                    _ => out.push_str(&self.held),
                }
            }
        }
    }

    /// Reads on until the text begins; gives what follows its quote.
    fn push_head<'p>(&mut self, mut seen: usize, piece: &'p str) -> &'p str {
        for (at, it) in piece.bytes().enumerate() {
            // Blanks inside the name would be part of the name.
            let in_name = (2..8).contains(&seen);
            if b" \n\r\t".contains(&it) && !in_name {
                continue;
            }
            if HEAD.get(seen) != Some(&it) {
                self.state = State::Other;
                break;
            }
            seen += 1;
            self.state = State::Head(seen);
            if seen == HEAD.len() {
                self.state = State::Inside;
                self.held.clear();
                return piece.get(at + 1..).unwrap_or_default();
            }
        }
        self.held.push_str(piece);
        ""
    }

    fn push_text(&mut self, piece: &str, out: &mut String) {
        let joined;
        let mut rest = if self.held.is_empty() {
            piece
        } else {
            self.held.push_str(piece);
            joined = std::mem::take(&mut self.held);
            joined.as_str()
        };
        while let Some(at) = rest.find(['"', '\\']) {
            let (plain, tail) = rest.split_at(at);
            out.push_str(plain);
            if tail.starts_with('"') {
                self.state = State::Behind;
                return;
            }
            match escape(tail) {
                Some((it, length)) => {
                    out.push(it);
                    rest = tail.get(length..).unwrap_or_default();
                }
                None => {
                    self.held.push_str(tail);
                    return;
                }
            }
        }
        out.push_str(rest);
    }
}

/// The character of an escape and how many bytes it takes; none while it is cut off. What no
/// escape is becomes U+FFFD.
fn escape(text: &str) -> Option<(char, usize)> {
    let it = text.get(1..)?.chars().next()?;
    Some(match it {
        'n' => ('\n', 2),
        't' => ('\t', 2),
        'r' => ('\r', 2),
        'b' => ('\u{8}', 2),
        'f' => ('\u{c}', 2),
        '"' | '\\' | '/' => (it, 2),
        'u' => {
            let high = match unit(text.get(2..)?) {
                Unit::Cut => return None,
                Unit::Broken => return Some((char::REPLACEMENT_CHARACTER, 2)),
                Unit::Is(unit) => unit,
            };
            if !(0xd800..0xdc00).contains(&high) {
                return Some((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6));
            }
            let tail = text.get(6..)?;
            let low = match tail.strip_prefix("\\u") {
                Some(digits) => unit(digits),
                None if "\\u".starts_with(tail) => Unit::Cut,
                None => Unit::Broken,
            };
            match low {
                Unit::Cut => return None,
                Unit::Is(low @ 0xdc00..0xe000) => {
                    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                Unit::Is(_) | Unit::Broken => (char::REPLACEMENT_CHARACTER, 6),
            }
        }
        other => (char::REPLACEMENT_CHARACTER, 1 + other.len_utf8()),
    })
}

enum Unit {
    Is(u32),
    /// More digits may come.
    Cut,
    Broken,
}

/// The UTF-16 unit that four digits write.
fn unit(text: &str) -> Unit {
    let digits = text.bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
    match (digits, text.get(..4)) {
        (4, Some(digits)) => u32::from_str_radix(digits, 16).map_or(Unit::Broken, Unit::Is),
        (seen, _) if seen == text.len() => Unit::Cut,
        _ => Unit::Broken,
    }
}

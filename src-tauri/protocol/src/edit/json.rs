//! JSON text read in place: every value knows where it stands.
//!
//! Owns: the check that a body is JSON of bounded depth, and the walk over members and elements
//! without building anything.
//! Must not know: dialects, what a member means, how an edit is made.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::error::EditError;

mod walk;

use walk::{MAX_DEPTH, next_char, skip_blank, string_end, too_deep, value_end};

/// A value inside a checked body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    key: Value<'a>,
    /// The member's value.
    pub(crate) value: Value<'a>,
}

/// The members of an object, in the order of the text.
pub(crate) struct Members<'a> {
    text: &'a str,
    at: usize,
}

/// The elements of an array, in the order of the text.
pub(crate) struct Elements<'a> {
    text: &'a str,
    at: usize,
}

// === impl Value ===

impl<'a> Value<'a> {
    /// Checks that `body` is one JSON value and returns it.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, EditError> {
        let text = std::str::from_utf8(body)
            .map_err(|error| EditError::NotUtf8 { at: error.valid_up_to() })?;
        // Before the syntax: a body of brackets alone is told to be deep, not to be unfinished.
        if let Some(at) = too_deep(body) {
            return Err(EditError::TooDeep { at, limit: MAX_DEPTH });
        }
        // `IgnoredAny` is read without recursion and without building anything.
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(text, &error))?;
        // Nothing but blanks is around it now.
        Ok(Self { text, start: skip_blank(body, 0), end: text.trim_ascii_end().len() })
    }

    /// The value's own text.
    pub(crate) fn raw(self) -> &'a str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the value stands in the body.
    pub(crate) const fn span(self) -> Range<usize> {
        self.start..self.end
    }

    /// What the value is, for an error text.
    pub(crate) fn kind(self) -> &'static str {
        match self.first() {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ => "a number",
        }
    }

    pub(crate) fn is_null(self) -> bool {
        self.first() == b'n'
    }

    pub(crate) fn is_object(self) -> bool {
        self.first() == b'{'
    }

    pub(crate) fn is_array(self) -> bool {
        self.first() == b'['
    }

    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.first() {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        }
    }

    /// A number that is a whole one, written as such.
    pub(crate) fn as_u64(self) -> Option<u64> {
        self.raw().parse().ok()
    }

    /// Any number, as near as a double comes.
    pub(crate) fn as_f64(self) -> Option<f64> {
        match self.first() {
            b'-' | b'0'..=b'9' => self.raw().parse().ok(),
            _ => None,
        }
    }

    /// A string's text between its quotes, escapes as they were written.
    pub(crate) fn inner(self) -> Option<&'a str> {
        self.raw().strip_prefix('"')?.strip_suffix('"')
    }

    /// A string's meaning. `None` also for half a surrogate pair, which no Rust string can hold.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        let inner = self.inner()?;
        if inner.contains('\\') {
            serde_json::from_str(self.raw()).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// Whether the value is a string that means `text`.
    pub(crate) fn is_str(self, text: &str) -> bool {
        // What is escaped is longer than what it means.
        match self.inner() {
            Some(inner) if inner.len() > text.len() => {
                inner.contains('\\') && self.as_str().is_some_and(|it| it == text)
            }
            Some(inner) => inner == text && !inner.contains('\\'),
            None => false,
        }
    }

    /// Whether the value is a string whose meaning begins with `prefix`, however it is escaped.
    pub(crate) fn starts_with(self, prefix: &str) -> bool {
        let Some(mut rest) = self.inner() else { return false };
        for expected in prefix.chars() {
            match next_char(rest) {
                Some((found, after)) if found == expected => rest = after,
                _ => return false,
            }
        }
        true
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(self) -> Members<'a> {
        Members { text: self.text, at: if self.is_object() { self.start + 1 } else { usize::MAX } }
    }

    /// The elements of an array; none of anything else.
    pub(crate) fn elements(self) -> Elements<'a> {
        Elements { text: self.text, at: if self.is_array() { self.start + 1 } else { usize::MAX } }
    }

    /// The first member of that name, where it does not matter if there is another.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        self.members().find(|it| it.is(key)).map(|it| it.value)
    }

    fn first(self) -> u8 {
        self.text.as_bytes().get(self.start).copied().unwrap_or(b'n')
    }
}

// === impl Member ===

impl<'a> Member<'a> {
    /// Whether the key means `name`, however it is escaped.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.key.is_str(name)
    }

    /// The key's text with its quotes.
    pub(crate) fn raw_key(&self) -> &'a str {
        self.key.raw()
    }

    /// Where key and value stand in the body, without the comma.
    pub(crate) const fn span(&self) -> Range<usize> {
        self.key.start..self.value.end
    }
}

// === impl Members ===

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = skip_blank(bytes, self.at);
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let key = Value { text: self.text, start, end: string_end(bytes, start) };
        let colon = skip_blank(bytes, key.end);
        let start = skip_blank(bytes, colon + 1);
        let value = Value { text: self.text, start, end: value_end(bytes, start) };
        self.at = value.end;
        Some(Member { key, value })
    }
}

// === impl Elements ===

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = skip_blank(bytes, self.at);
        if matches!(bytes.get(start), None | Some(b']')) {
            return None;
        }
        let value = Value { text: self.text, start, end: value_end(bytes, start) };
        self.at = value.end;
        Some(value)
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> EditError {
    // serde_json counts bytes within a line; a person with a one-line body needs the offset.
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text.as_bytes()).nth(line - 2).map_or(0, |it| it + 1),
    };
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    let what = if text.trim().is_empty() {
        "it is empty"
    } else if error.is_eof() {
        "it ends too early"
    } else {
        "unexpected character"
    };
    EditError::NotJson { at, what }
}

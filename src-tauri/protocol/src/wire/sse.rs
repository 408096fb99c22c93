//! Server-sent events: bytes in any chunking to frames, and frames to bytes.
//!
//! Owns: line ends, comments, the byte order mark, multi-line data, the size limit of an event.
//! Must not know: JSON, dialects, what an event name means.
//!
//! Works on bytes and splits at CR and LF only: U+2028, U+2029 and U+0085 may stand raw in JSON,
//! and a chunk may cut a character in half.

use memchr::memchr2;
use serde::{Deserialize, Serialize};

use super::base64_bytes;

/// The largest event a decoder holds unless told otherwise: 16 MiB.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// One event. `data` is borrowed from the chunk where the event is one line lying whole in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The `event:` field, empty if there was none or it is no UTF-8.
    pub event: &'a str,
    /// The `data:` lines, joined by LF.
    pub data: &'a [u8],
}

/// What a decoder hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A whole event.
    Frame(Frame<'a>),
    /// An event grew past the limit; the rest of it is skipped. Told once for each such event.
    TooLarge,
}

/// Bytes in any chunking to [`Item`]s, in time linear in the bytes whatever the chunking.
///
/// Serialisable between two chunks; the limit is not part of the saved state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SseDecoder {
    /// The line that has not ended yet.
    #[serde(rename = "l", with = "base64_bytes", default, skip_serializing_if = "Vec::is_empty")]
    line: Vec<u8>,
    #[serde(rename = "d", with = "base64_bytes", default, skip_serializing_if = "Vec::is_empty")]
    data: Vec<u8>,
    #[serde(rename = "e", with = "base64_bytes", default, skip_serializing_if = "Vec::is_empty")]
    event: Vec<u8>,
    /// A `data:` line was seen, which may be empty.
    #[serde(rename = "h", default, skip_serializing_if = "is_false")]
    has_data: bool,
    /// The last byte was CR: an LF that follows belongs to the same line end.
    #[serde(rename = "r", default, skip_serializing_if = "is_false")]
    after_cr: bool,
    /// The first line has ended, so a byte order mark is text from now on.
    #[serde(rename = "b", default, skip_serializing_if = "is_false")]
    begun: bool,
    /// Inside an event that is too large.
    #[serde(rename = "s", default, skip_serializing_if = "is_false")]
    skipping: bool,
    /// While skipping: the current line already has bytes, so its end is no blank line.
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    mid_line: bool,
    #[serde(skip, default = "default_limit")]
    limit: usize,
}

/// Appends one event to `out`, in the one spelling every client's parser accepts: LF, a space
/// after the colon, `event:` only where there is a name.
pub fn write_frame(out: &mut Vec<u8>, event: &str, data: &[u8]) {
    let name = event.split(['\r', '\n']).next().unwrap_or_default();
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    let mut rest = data;
    loop {
        let end = memchr2(b'\n', b'\r', rest);
        let (line, tail) = rest.split_at(end.unwrap_or(rest.len()));
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
        if end.is_none() {
            break;
        }
        rest = after_line_end(tail);
    }
    out.push(b'\n');
}

// === impl SseDecoder ===

impl Default for SseDecoder {
    fn default() -> Self {
        Self::with_limit(MAX_EVENT_BYTES)
    }
}

impl SseDecoder {
    /// A decoder for events up to [`MAX_EVENT_BYTES`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder for events up to `limit` bytes of name, data and unfinished line.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            event: Vec::new(),
            has_data: false,
            after_cr: false,
            begun: false,
            skipping: false,
            mid_line: false,
            limit,
        }
    }

    /// Takes the next bytes and hands over every event that ends in them.
    pub fn push(&mut self, chunk: &[u8], mut on: impl FnMut(Item<'_>)) {
        let mut rest = chunk;
        if let Some((&first, tail)) = chunk.split_first() {
            if self.after_cr && first == b'\n' {
                rest = tail;
            }
            self.after_cr = chunk.ends_with(b"\r");
        }
        // The data of the running event while it is one line of this chunk: not copied yet.
        let mut whole = None;
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (head, tail) = rest.split_at(end);
            rest = after_line_end(tail);
            self.end_line(head, &mut whole, &mut on);
        }
        self.keep_line(rest, whole.map_or(0, <[u8]>::len), &mut on);
        if self.has_data
            && let Some(data) = whole
        {
            self.data.extend_from_slice(data);
        }
    }

    /// The bytes are over: hands over an event that lacks its blank line, if there is one.
    pub fn finish(&mut self, mut on: impl FnMut(Item<'_>)) {
        let mut whole = None;
        if !self.line.is_empty() {
            self.end_line(&[], &mut whole, &mut on);
        }
        self.end_line(&[], &mut whole, &mut on);
        *self = Self::with_limit(self.limit);
    }

    fn end_line<'c>(
        &mut self,
        head: &'c [u8],
        whole: &mut Option<&'c [u8]>,
        on: &mut impl FnMut(Item<'_>),
    ) {
        let pending = whole.map_or(0, <[u8]>::len);
        let untouched = self.line.is_empty() && !self.skipping;
        if untouched && (head.is_empty() || self.fits(head.len(), pending)) {
            return self.take_line(head, Some(head), whole, on);
        }
        self.keep_line(head, pending, on);
        if self.skipping {
            *whole = None;
            // A line without bytes is the blank line that ends the event being skipped.
            self.skipping = std::mem::take(&mut self.mid_line);
            self.begun = true;
            return;
        }
        let line = std::mem::take(&mut self.line);
        self.take_line(&line, None, whole, on);
        self.line = recycled(line);
    }

    /// Reads one line. `borrowed` is the same line where it lies whole in the chunk.
    fn take_line<'c>(
        &mut self,
        line: &[u8],
        borrowed: Option<&'c [u8]>,
        whole: &mut Option<&'c [u8]>,
        on: &mut impl FnMut(Item<'_>),
    ) {
        let first = !std::mem::replace(&mut self.begun, true);
        match field(if first { without_mark(line) } else { line }) {
            Field::Blank => self.dispatch(whole.take(), on),
            Field::Data(value) => {
                if let Some(earlier) = whole.take() {
                    self.data.extend_from_slice(earlier);
                }
                let joined = std::mem::replace(&mut self.has_data, true);
                // `value` is a tail of `line`, so the same tail of the chunk is the same bytes.
                let tail = borrowed.and_then(|it| it.get(it.len() - value.len()..));
                match tail {
                    Some(tail) if !joined => *whole = Some(tail),
                    _ => {
                        if joined {
                            self.data.push(b'\n');
                        }
                        self.data.extend_from_slice(value);
                    }
                }
            }
            Field::Event(value) => {
                self.event.clear();
                self.event.extend_from_slice(value);
            }
            Field::Ignored => {}
        }
    }

    fn dispatch(&mut self, whole: Option<&[u8]>, on: &mut impl FnMut(Item<'_>)) {
        if self.has_data {
            let event = std::str::from_utf8(&self.event).unwrap_or_default();
            on(Item::Frame(Frame { event, data: whole.unwrap_or(&self.data) }));
        }
        self.has_data = false;
        self.event.clear();
        self.data = recycled(std::mem::take(&mut self.data));
    }

    /// Appends to the unfinished line; only new bytes are looked at.
    fn keep_line(&mut self, bytes: &[u8], pending: usize, on: &mut impl FnMut(Item<'_>)) {
        if bytes.is_empty() {
            return;
        }
        if self.skipping {
            self.mid_line = true;
        } else if self.fits(self.line.len() + bytes.len(), pending) {
            self.line.extend_from_slice(bytes);
        } else {
            self.skip(on);
            self.mid_line = true;
        }
    }

    fn fits(&self, line: usize, pending: usize) -> bool {
        self.data.len() + pending + self.event.len() + line <= self.limit
    }

    fn skip(&mut self, on: &mut impl FnMut(Item<'_>)) {
        self.line = Vec::new();
        self.data = Vec::new();
        self.event = Vec::new();
        self.has_data = false;
        self.skipping = true;
        on(Item::TooLarge);
    }
}

enum Field<'a> {
    Blank,
    Data(&'a [u8]),
    Event(&'a [u8]),
    Ignored,
}

fn field(line: &[u8]) -> Field<'_> {
    let Some(first) = line.first() else { return Field::Blank };
    // Cheap way out for comments and the fields nobody needs.
    if !matches!(first, b'd' | b'e') {
        return Field::Ignored;
    }
    if let Some(value) = value_of(line, b"data") {
        Field::Data(value)
    } else if let Some(value) = value_of(line, b"event") {
        Field::Event(value)
    } else {
        Field::Ignored
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// What follows the line end that `tail` begins with.
fn after_line_end(tail: &[u8]) -> &[u8] {
    match tail {
        [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
        [] => tail,
    }
}

fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// The buffer for the next event, given back to the system after an unusually large one.
fn recycled(mut buffer: Vec<u8>) -> Vec<u8> {
    const KEPT: usize = 64 * 1024;
    if buffer.capacity() > KEPT {
        return Vec::new();
    }
    buffer.clear();
    buffer
}

const fn default_limit() -> usize {
    MAX_EVENT_BYTES
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
const fn is_false(it: &bool) -> bool {
    !*it
}

#[cfg(test)]
mod tests;

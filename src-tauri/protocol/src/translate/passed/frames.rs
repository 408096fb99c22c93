//! Streams cut at the ends of their events, as bytes.
//!
//! A client can do nothing with half an event, and after one it could not be told that the stream
//! broke off, nor be sent a sign of life. So a stream is passed on in whole events, in the pieces
//! it came in.
//!
//! Owns: [`Frames`], the taking out of the usage chunk.
//! Must not know: what an event means beyond that, sockets.

use bytes::{Bytes, BytesMut};
use memchr::{memchr_iter, memmem, memrchr};
use serde::{Deserialize, Serialize};

use crate::wire::sse::{Item, SseDecoder};

/// The most of an unfinished event that is held back; more of it is passed on as it comes.
const MOST_HELD: usize = 64 * 1024;

/// Bytes in any chunking to whole events.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Frames {
    #[serde(with = "held")]
    held: BytesMut,
}

/// What is held back, in a saved state.
mod held {
    use bytes::BytesMut;
    use serde::{Deserializer, Serializer};

    use crate::wire::base64_bytes;

    pub(super) fn serialize<S: Serializer>(held: &BytesMut, to: S) -> Result<S::Ok, S::Error> {
        base64_bytes::serialize(held, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BytesMut, D::Error> {
        base64_bytes::deserialize(from).map(|it| BytesMut::from(it.as_slice()))
    }
}

// === impl Frames ===

impl Frames {
    /// Takes the next bytes and gives all events that end in them. What comes in whole events is
    /// not copied.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.held.is_empty() && ends_an_event(&chunk) {
            return chunk;
        }
        let seen = self.held.len().saturating_sub(3);
        self.held.extend_from_slice(&chunk);
        match last_end(&self.held, seen) {
            Some(end) => self.held.split_to(end).freeze(),
            None if self.held.len() > MOST_HELD => self.rest(),
            None => Bytes::new(),
        }
    }

    /// What is held back.
    pub fn rest(&mut self) -> Bytes {
        self.held.split().freeze()
    }
}

fn ends_an_event(bytes: &[u8]) -> bool {
    [b"\n\n".as_slice(), b"\r\n\r\n", b"\n\r\n", b"\r\r"].iter().any(|it| bytes.ends_with(it))
}

/// Where the last event ends that ends behind `from`.
fn last_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut end = bytes.len();
    while let Some(at) = memrchr(b'\n', bytes.get(from..end)?).map(|it| it + from) {
        if ends_an_event(bytes.get(..=at)?) {
            return Some(at + 1);
        }
        end = at;
    }
    // Nobody ends lines so any more; a stream that does is passed on all the same.
    memmem::rfind(bytes.get(from..)?, b"\r\r").map(|it| from + it + 2)
}

/// Takes the chunk out that has nothing in it but counts: the client did not ask for it. `events`
/// are whole ones.
pub fn without_usage(events: Bytes) -> Bytes {
    if !may_hold_usage(&events) {
        return events;
    }
    let mut kept = BytesMut::with_capacity(events.len());
    let mut rest = events.as_ref();
    while !rest.is_empty() {
        let (event, behind) = rest.split_at(first_end(rest));
        if !is_usage(event) {
            kept.extend_from_slice(event);
        }
        rest = behind;
    }
    kept.freeze()
}

/// Where the first event ends; the whole length if none does.
fn first_end(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes)
        .map(|at| at + 1)
        .find(|end| ends_an_event(bytes.get(..*end).unwrap_or_default()))
        .unwrap_or(bytes.len())
}

fn may_hold_usage(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"\"choices\"").any(|at| {
        let value = bytes.get(at + 9..).unwrap_or_default().trim_ascii_start();
        let Some(value) = value.strip_prefix(b":") else { return false };
        let Some(value) = value.trim_ascii_start().strip_prefix(b"[") else { return false };
        value.trim_ascii_start().starts_with(b"]")
    })
}

fn is_usage(event: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow, default)]
        choices: Vec<&'a serde_json::value::RawValue>,
        #[serde(borrow)]
        usage: Option<&'a serde_json::value::RawValue>,
    }
    let mut is_usage = false;
    let mut sse = SseDecoder::new();
    sse.push(event, |item| {
        if let Item::Frame(frame) = item {
            is_usage = serde_json::from_slice::<Chunk<'_>>(frame.data)
                .is_ok_and(|it| it.choices.is_empty() && it.usage.is_some());
        }
    });
    is_usage
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"\\n\"}}]}\n\n\
        : hello\n\ndata: {\"choices\": [ ],\"usage\":{\"prompt_tokens\":1}}\r\n\r\n\
        data: {\"choices\":[],\"prompt_filter_results\":[]}\n\ndata: [DONE]\n\n";

    fn cut(bytes: &[u8], at: &[usize]) -> Vec<Bytes> {
        let mut at: Vec<usize> = at.iter().map(|it| it % (bytes.len() + 1)).collect();
        at.sort_unstable();
        let mut start = 0;
        let mut pieces = Vec::new();
        for end in at.into_iter().chain([bytes.len()]) {
            pieces.push(Bytes::copy_from_slice(&bytes[start..end]));
            start = end;
        }
        pieces
    }

    #[test]
    fn whole_events_are_not_copied() {
        let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
        assert_eq!(Frames::default().push(chunk.clone()).as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn an_endless_event_is_passed_on_and_not_gathered() {
        let mut frames = Frames::default();
        let piece = Bytes::from(vec![b'x'; 10_000]);
        let n_out: usize = (0..100).map(|_| frames.push(piece.clone()).len()).sum();
        assert!(n_out >= 1_000_000 - MOST_HELD - piece.len(), "{n_out}");
    }

    proptest! {
        #[test]
        fn events_come_whole_and_none_is_lost(at in prop::collection::vec(0usize..400, 0..20)) {
            let mut frames = Frames::default();
            let mut out = Vec::new();
            for piece in cut(STREAM, &at) {
                let events = frames.push(piece);
                prop_assert!(events.is_empty() || ends_an_event(&events));
                out.extend_from_slice(&events);
            }
            prop_assert!(frames.rest().is_empty());
            prop_assert_eq!(out, STREAM);
        }

        #[test]
        fn only_the_usage_chunk_is_taken_out(at in prop::collection::vec(0usize..400, 0..20)) {
            let mut frames = Frames::default();
            let mut out = Vec::new();
            for piece in cut(STREAM, &at) {
                out.extend_from_slice(&without_usage(frames.push(piece)));
            }
            let out = String::from_utf8(out).expect("UTF-8");
            let taken = !out.contains("prompt_tokens");
            prop_assert!(taken);
            let kept = out.contains("prompt_filter_results") && out.contains("[DONE]");
            prop_assert!(kept);
            let begins = out.starts_with("data: {\"choices\":[{");
            prop_assert!(begins);
        }
    }
}

//! Streams as the one JSON array that Gemini's clients may ask for.
//!
//! Owns: [`Array`].
//! Must not know: what an event means, sockets.

use droid_protocol::wire::sse::{Item, SseDecoder};

/// Events to the elements of one JSON array.
#[derive(Debug, Default)]
pub(super) struct Array {
    sse: SseDecoder,
    begun: bool,
}

// === impl Array ===

impl Array {
    /// The events as the next elements.
    pub(super) fn push(&mut self, events: &[u8]) -> Vec<u8> {
        let Self { sse, begun } = self;
        let mut out = Vec::with_capacity(events.len());
        sse.push(events, |item| {
            if let Item::Frame(frame) = item
                && !frame.data.is_empty()
            {
                out.extend_from_slice(if *begun { b",\r\n" } else { b"[" });
                out.extend_from_slice(frame.data);
                *begun = true;
            }
        });
        out
    }

    /// The end of the array.
    pub(super) fn end(&self) -> &'static [u8] {
        if self.begun { b"]" } else { b"[]" }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

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
    fn an_array_of_nothing_is_one() {
        assert_eq!(Array::default().end(), b"[]");
    }

    proptest! {
        #[test]
        fn elements_are_the_events(at in prop::collection::vec(0usize..60, 0..9)) {
            let mut array = Array::default();
            let mut out = Vec::new();
            for piece in cut(b"data: {\"a\":1}\r\n\r\ndata: {\"b\":2}\n\n", &at) {
                out.extend_from_slice(&array.push(&piece));
            }
            out.extend_from_slice(array.end());
            let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
            prop_assert_eq!(read, serde_json::json!([{ "a": 1 }, { "b": 2 }]));
        }
    }
}

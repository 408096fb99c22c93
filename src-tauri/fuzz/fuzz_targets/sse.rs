//! Any bytes in any chunking: the same frames, and never more memory than the limit.
//!
//! Owns: the laws of `wire::sse`.
//! Must not know: what a frame means.
#![no_main]

mod cut;

use droid_protocol::wire::sse::{Item, SseDecoder, write_frame};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 256;

fuzz_target!(|input: &[u8]| {
    let (cuts, bytes) = cut::head(input);
    for limit in [LIMIT, usize::MAX] {
        let whole = frames(limit, [bytes]);
        assert_eq!(frames(limit, cut::pieces(cuts, bytes)), whole);
        assert_eq!(frames(limit, bytes.chunks(1)), whole);
        assert_eq!(saved(cut::pieces(cuts, bytes)), frames(usize::MAX, [bytes]));
        for (event, data) in whole.into_iter().flatten() {
            assert!(event.len() + data.len() <= limit);
            let mut written = Vec::new();
            write_frame(&mut written, &event, &data);
            assert_eq!(frames(usize::MAX, [&written[..]]), [Some((event, data))]);
        }
    }
});

type Owned = Option<(String, Vec<u8>)>;

/// None is an event that was too large.
fn frames<'a>(limit: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Owned> {
    let mut sse = SseDecoder::with_limit(limit);
    let mut found = Vec::new();
    for chunk in chunks {
        sse.push(chunk, |item| found.push(owned(item)));
    }
    sse.finish(|item| found.push(owned(item)));
    found
}

/// The same, saved and restored after each chunk.
fn saved<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Owned> {
    let mut sse = SseDecoder::new();
    let mut found = Vec::new();
    for chunk in chunks {
        sse.push(chunk, |item| found.push(owned(item)));
        sse = serde_json::from_slice(&serde_json::to_vec(&sse).unwrap()).unwrap();
    }
    sse.finish(|item| found.push(owned(item)));
    found
}

fn owned(item: Item<'_>) -> Owned {
    match item {
        Item::Frame(frame) => Some((frame.event.to_owned(), frame.data.to_vec())),
        Item::TooLarge => None,
    }
}

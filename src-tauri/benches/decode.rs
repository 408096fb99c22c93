//! How fast streams are understood.
//!
//! Owns: events a second of each dialect, in several chunkings, beside reading each data line into
//! a tree, which is what the decoder does without.
//! Must not know: anything outside of `droid_protocol`.
//!
//! `cargo bench --bench decode` prints the table.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod inputs;
mod support;

use std::hint::black_box;

use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event};
use serde_json::Value;
use support::{mean_of, per_second, row};

/// Frames of one stream.
const FRAMES: usize = 10_000;
const ROUNDS: u32 = 40;

fn main() {
    println!("\n# Streams of {FRAMES} frames, frames/s of processor time, mean of {ROUNDS}");
    row(&["stream", "whole", "8 KiB chunks", "1 byte chunks", "tree of each line", "of tree"]);
    for dialect in Dialect::ALL {
        let stream = inputs::stream(dialect, FRAMES);
        let by = |size: usize| {
            let time = mean_of(ROUNDS, || decode(dialect, black_box(&stream), size));
            per_second(FRAMES, time)
        };
        let tree = mean_of(ROUNDS, || {
            for line in stream.split(|it| *it == b'\n') {
                if let Some(data) = line.strip_prefix(b"data: ")
                    && data != b"[DONE]"
                {
                    black_box(serde_json::from_slice::<Value>(black_box(data)).unwrap());
                }
            }
        });
        let (tree, whole) = (per_second(FRAMES, tree), by(stream.len()));
        row(&[
            &format!("{dialect}, {} KB", stream.len() / 1000),
            &format!("{whole:.0}"),
            &format!("{:.0}", by(8192)),
            &format!("{:.0}", by(1)),
            &format!("{tree:.0}"),
            &format!("{:.2}", whole / tree),
        ]);
    }
}

fn decode(dialect: Dialect, stream: &[u8], chunk: usize) {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events: Vec<Event> = Vec::new();
    for chunk in stream.chunks(chunk) {
        decoder.push(chunk, &mut events);
        black_box(&events);
        events.clear();
    }
    assert_eq!(decoder.end(&mut events), End::Done);
}

//! How often a stream's translation asks for memory, and how much of it it keeps.
//!
//! Owns: allocations a frame and bytes kept at the end, of all sixteen pairs.
//! Must not know: time, which counting would distort.
//!
//! `cargo bench -p droid-protocol --bench allocations` prints the table; that none of it grows
//! with the stream is a test, `protocol/tests/allocations.rs`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod inputs;
mod support;

use droid_protocol::decode::Meter;
use droid_protocol::dialect::Dialect;
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::StreamTranslator;
use serde_json::Value;
use support::row;

const FRAMES: usize = 10_000;
const CHUNK: usize = 8 * 1024;

fn main() {
    println!("\n# Allocations of streams of {FRAMES} frames, {CHUNK} byte chunks");
    row(&["from, to", "text, a frame", "kept", "calls, a frame", "kept"]);
    for from in Dialect::ALL {
        let streams = [inputs::stream(from, FRAMES), inputs::calls(from, FRAMES)];
        for to in Dialect::ALL {
            let name =
                format!("{from} to {to}{}", if from == to { ", passed through" } else { "" });
            let [text, calls] = streams.each_ref().map(|it| cost(from, to, it));
            row(&[&name, &text.0, &text.1, &calls.0, &calls.1]);
        }
        let [text, calls] = streams.each_ref().map(|it| {
            told(&allocation_counter::measure(|| {
                for line in it.split(|byte| *byte == b'\n') {
                    if let Some(data) = line.strip_prefix(b"data: ")
                        && data != b"[DONE]"
                    {
                        let tree: Value = serde_json::from_slice(data).unwrap();
                        std::hint::black_box(serde_json::to_vec(&tree).unwrap());
                    }
                }
            }))
        });
        row(&[&format!("{from}, tree and back"), &text.0, "", &calls.0, ""]);
    }
}

fn cost(from: Dialect, to: Dialect, stream: &[u8]) -> (String, String) {
    if from == to {
        let (mut meter, mut events) = (Meter::new(from), Vec::new());
        return told(&allocation_counter::measure(|| {
            for chunk in stream.chunks(CHUNK) {
                meter.push(chunk, &mut events);
                events.clear();
            }
        }));
    }
    let mut translator = StreamTranslator::new(from, to, ClientWish::default());
    let mut out = Vec::new();
    told(&allocation_counter::measure(|| {
        for chunk in stream.chunks(CHUNK) {
            translator.push(chunk, &mut out);
            out.clear();
        }
    }))
}

fn told(info: &allocation_counter::AllocationInfo) -> (String, String) {
    let each = info.count_total as f64 / FRAMES as f64;
    (format!("{each:.2}"), format!("{} KB", info.bytes_current.max(0) / 1000))
}

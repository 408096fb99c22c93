//! How fast any dialect becomes any other.
//!
//! Owns: events a second and MB/s of all sixteen pairs, streams and requests, beside reading the
//! same bytes into trees and writing those again, which a translation through trees starts with.
//! Must not know: anything outside of `droid_protocol`.
//!
//! `cargo bench -p droid-protocol --bench translate` prints the tables.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod inputs;
mod support;

use std::hint::black_box;
use std::time::Duration;

use droid_protocol::decode::Meter;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event};
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::{StreamTranslator, read_request, write_request};
use serde_json::Value;
use support::{mean_of, ms, per_second, row};

/// Frames of one stream.
const FRAMES: usize = 10_000;
/// Bytes that come at once.
const CHUNK: usize = 8 * 1024;
/// Bytes of one request.
const SIZE: usize = 1_000_000;
const ROUNDS: u32 = 40;

fn main() {
    streams("text", inputs::stream);
    streams("calls", inputs::calls);
    requests();
}

fn streams(what: &str, make: fn(Dialect, usize) -> Vec<u8>) {
    println!(
        "\n# Streams of {FRAMES} frames of {what}, {CHUNK} byte chunks; processor time, mean of {ROUNDS}"
    );
    row(&["from, to", "frames/s", "MB/s", "tree and back", "times as fast"]);
    for from in Dialect::ALL {
        let stream = make(from, FRAMES);
        for to in Dialect::ALL {
            let time = mean_of(ROUNDS, || {
                if from == to {
                    pass(from, black_box(&stream))
                } else {
                    translate(from, to, &stream)
                }
            });
            let tree = mean_of(ROUNDS, || tree_and_back(black_box(&stream)));
            row(&[
                &format!("{from} to {to}{}", if from == to { ", passed through" } else { "" }),
                &format!("{:.0}", per_second(FRAMES, time)),
                &rate(stream.len(), time),
                &format!("{:.0}", per_second(FRAMES, tree)),
                &times(tree, time),
            ]);
        }
    }
}

fn requests() {
    println!("\n# Translation of a {SIZE} byte request; processor time, mean of {ROUNDS}");
    row(&["from, to, body", "time", "MB/s", "tree and back", "times as fast"]);
    for (turns, text) in [("short turns", None), ("8 KiB turns", Some(inputs::text()))] {
        for from in Dialect::ALL {
            let body = inputs::request(from, text.as_deref(), SIZE);
            for to in Dialect::ALL {
                let time = mean_of(ROUNDS, || {
                    let request = read_request(from, black_box(&body)).unwrap();
                    black_box(write_request(to, &request).unwrap());
                });
                let tree = mean_of(ROUNDS, || {
                    let tree: Value = serde_json::from_slice(black_box(&body)).unwrap();
                    black_box(serde_json::to_vec(&tree).unwrap());
                });
                row(&[
                    &format!("{from} to {to}, {turns}"),
                    &ms(time),
                    &rate(body.len(), time),
                    &ms(tree),
                    &times(tree, time),
                ]);
            }
        }
    }
}

/// What a gateway does with a stream of the client's own dialect: the bytes go on as they are,
/// and beside that it is read how the answer ends and what it cost.
fn pass(dialect: Dialect, stream: &[u8]) {
    let mut meter = Meter::new(dialect);
    let mut events: Vec<Event> = Vec::new();
    for chunk in stream.chunks(CHUNK) {
        black_box(chunk.to_vec());
        meter.push(chunk, &mut events);
        events.clear();
    }
    assert_eq!(meter.end(&mut events), End::Done);
    black_box(meter.read().usage());
}

fn translate(from: Dialect, to: Dialect, stream: &[u8]) {
    let wish = ClientWish { model: "m".to_owned(), include_usage: true, ..ClientWish::default() };
    let mut translator = StreamTranslator::new(from, to, wish);
    let mut out = Vec::new();
    for chunk in stream.chunks(CHUNK) {
        translator.push(chunk, &mut out);
        black_box(&out);
        out.clear();
    }
    assert_eq!(translator.end(&mut out), End::Done);
}

fn tree_and_back(stream: &[u8]) {
    let mut out = Vec::new();
    for chunk in stream.split(|it| *it == b'\n') {
        match chunk.strip_prefix(b"data: ") {
            Some(data) if data != b"[DONE]" => {
                let tree: Value = serde_json::from_slice(data).unwrap();
                serde_json::to_writer(&mut out, &tree).unwrap();
            }
            _ => out.extend_from_slice(chunk),
        }
        if out.len() > CHUNK {
            black_box(&out);
            out.clear();
        }
    }
}

fn rate(n_bytes: usize, time: Duration) -> String {
    format!("{:.0}", n_bytes as f64 / 1e6 / time.as_secs_f64())
}

fn times(tree: Duration, time: Duration) -> String {
    format!("{:.2}", tree.as_secs_f64() / time.as_secs_f64())
}

//! What a translation asks of memory does not grow with the stream.
//!
//! Owns: allocations a frame, and what is kept, in all sixteen pairs.
//! Must not know: how a translation is done.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../benches/inputs.rs"]
mod inputs;

use allocation_counter::AllocationInfo;
use droid_protocol::decode::Meter;
use droid_protocol::dialect::Dialect;
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::StreamTranslator;

const FRAMES: usize = 5_000;

/// The most allocations of a frame. Gemini's calls are whole ones, with their start and stop.
fn most(from: Dialect) -> usize {
    if from == Dialect::Gemini { 50 } else { 10 }
}

/// The second and the third third of a stream, as they are worked through.
fn thirds(stream: &[u8], mut push: impl FnMut(&[u8])) -> [AllocationInfo; 2] {
    let third = stream.len() / 3;
    let mut chunks = stream.chunks(third).map(|it| it.chunks(1024));
    chunks.next().unwrap().for_each(&mut push);
    [(); 2].map(|()| {
        let third = chunks.next().unwrap();
        allocation_counter::measure(|| third.for_each(&mut push))
    })
}

fn check(what: &str, from: Dialect, [second, third]: &[AllocationInfo; 2]) {
    let (before, after) = (second.count_total, third.count_total);
    // A buffer that doubles once more; numbers that get a digit more.
    assert!(after <= before + before / 100 + 50, "{what}: {before}, then {after}");
    let frames = u64::try_from(most(from) * FRAMES / 3).unwrap();
    assert!(before <= frames, "{what}: {before} for {} frames", FRAMES / 3);
}

#[test]
fn neither_allocations_nor_memory_grow_with_a_translated_stream() {
    for from in Dialect::ALL {
        for (what, stream) in
            [("text", inputs::stream(from, FRAMES)), ("calls", inputs::calls(from, FRAMES))]
        {
            for to in Dialect::ALL {
                let mut translator = StreamTranslator::new(from, to, ClientWish::default());
                let mut out = Vec::new();
                let costs = thirds(&stream, |chunk| {
                    translator.push(chunk, &mut out);
                    out.clear();
                });
                let name = format!("{what}, {from} to {to}");
                check(&name, from, &costs);
                // A Responses client is told everything again in the end, a Gemini client
                // whole arguments.
                let repeats = to == Dialect::Responses;
                let whole = to == Dialect::Gemini && what == "calls" && from != Dialect::Gemini;
                if !repeats && !whole {
                    let kept = costs[1].bytes_current;
                    assert!(kept <= 4096, "{name}: {kept} bytes more are kept");
                }
            }
        }
    }
}

#[test]
fn a_stream_that_is_passed_on_costs_no_memory() {
    for from in Dialect::ALL {
        for stream in [inputs::stream(from, FRAMES), inputs::calls(from, FRAMES)] {
            let (mut meter, mut events) = (Meter::new(from), Vec::new());
            let costs = thirds(&stream, |chunk| {
                meter.push(chunk, &mut events);
                events.clear();
            });
            let [second, _] = &costs;
            assert!(second.count_total <= 10, "{from}: {}", second.count_total);
            assert!(second.bytes_current <= 4096, "{from}: {}", second.bytes_current);
        }
    }
}

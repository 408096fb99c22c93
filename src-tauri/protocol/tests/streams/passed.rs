//! A stream that is passed on reaches its client as it came, and never ends clean if it was cut.
//!
//! Owns: `Passed`: its bytes, its end, what a chat client did not ask for, its state between two
//! processes.
//! Must not know: what any dialect's stream looks like.

use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event};
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::passed::Passed;
use proptest::prelude::*;

use crate::properties::{STREAMS, cut, streams};

/// What the client gets of the chunks, what they mean, how it ended.
fn passed<'a>(
    dialect: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    hold_usage: bool,
    carried: bool,
) -> (Vec<u8>, Vec<Event>, End) {
    let mut it = Passed::new(dialect, ClientWish::default(), hold_usage);
    let (mut events, mut out) = (Vec::new(), Vec::new());
    for chunk in chunks {
        it.push(chunk, &mut events, &mut out);
        if carried {
            it = Passed::restore(&it.save()).unwrap();
        }
    }
    let end = it.end(&mut events, &mut out);
    (out, events, end)
}

/// How a client reads what it got.
fn read(dialect: Dialect, bytes: &[u8]) -> (Vec<Event>, End) {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events = Vec::new();
    decoder.push(bytes, &mut events);
    let end = decoder.end(&mut events);
    (events, end)
}

#[test]
fn what_is_whole_goes_on_byte_for_byte() {
    for fixture in STREAMS.iter() {
        let lines = fixture.bytes.split_inclusive(|it| *it == b'\n');
        let (out, events, end) = passed(fixture.dialect, lines, false, true);
        let (wanted, wanted_end) = read(fixture.dialect, &fixture.bytes);
        assert_eq!((events, end), (wanted, wanted_end), "{} {}", fixture.dialect, fixture.case);
        if end != End::Truncated {
            assert_eq!(out, fixture.bytes, "{} {}", fixture.dialect, fixture.case);
        }
    }
}

#[test]
fn a_chat_client_that_did_not_ask_gets_no_chunk_of_counts() {
    let mut n_taken = 0;
    for fixture in STREAMS.iter().filter(|it| it.dialect == Dialect::Chat) {
        let (out, events, end) = passed(fixture.dialect, [&fixture.bytes[..]], true, false);
        let (seen, seen_end) = read(fixture.dialect, &out);
        let counted = |it: &Event| matches!(it, Event::Usage(_));
        let taken = events.iter().any(counted) && !seen.iter().any(counted);
        n_taken += usize::from(taken);
        let rest = |it: Vec<Event>| it.into_iter().filter(|it| !counted(it)).collect::<Vec<_>>();
        if end == End::Done {
            assert_eq!((rest(events), end), (rest(seen), seen_end), "{}", fixture.case);
        }
    }
    assert!(n_taken > 5, "{n_taken}");
}

proptest! {
    #[test]
    fn a_cut_stream_ends_in_the_clients_own_error(
        fixture in prop::sample::select(Dialect::ALL.to_vec()).prop_flat_map(streams),
        length: prop::sample::Index,
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes = &fixture.bytes[..length.index(fixture.bytes.len() + 1)];
        let (out, _, end) = passed(fixture.dialect, cut(bytes, &at), false, true);
        let (whole, ..) = passed(fixture.dialect, [bytes], false, false);
        prop_assert_eq!(&out, &whole, "any chunking");
        let (_, read_as) = read(fixture.dialect, &out);
        match end {
            End::Truncated => prop_assert_eq!(read_as, End::Failed),
            other => prop_assert_eq!(read_as, other),
        }
    }
}

//! A translation that is saved and restored between two chunks is the same translation.
//!
//! Owns: `StreamTranslator::save` and `restore`, what of a state is refused.
//! Must not know: what any dialect's stream looks like.

use droid_protocol::decode::CarryError;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::StreamTranslator;
use proptest::prelude::*;

use crate::properties::{STREAMS, cut, streams};

fn wish() -> ClientWish {
    ClientWish {
        model: "asked-for".to_owned(),
        include_usage: true,
        free_text_tools: vec!["get_weather".to_owned()],
        namespaces: vec![("get_time".to_owned(), "clock".to_owned())],
        created: 1_790_000_000,
        ..ClientWish::default()
    }
}

fn translated<'a>(
    from: Dialect,
    to: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    carried: bool,
) -> (String, End) {
    let mut translator = StreamTranslator::new(from, to, wish());
    let mut out = Vec::new();
    for chunk in chunks {
        translator.push(chunk, &mut out);
        if carried {
            let saved = translator.save();
            translator = StreamTranslator::restore(&saved).unwrap();
            assert_eq!(translator.save(), saved);
        }
    }
    let end = translator.end(&mut out);
    (String::from_utf8(out).unwrap(), end)
}

#[test]
fn every_recorded_stream_survives_a_process_for_each_line() {
    for fixture in STREAMS.iter() {
        for to in Dialect::ALL {
            let lines = || fixture.bytes.split_inclusive(|it| *it == b'\n');
            assert_eq!(
                translated(fixture.dialect, to, lines(), true),
                translated(fixture.dialect, to, lines(), false),
                "{} {} to {to}",
                fixture.dialect,
                fixture.case
            );
        }
    }
}

#[test]
fn a_state_knows_both_dialects_and_foreign_ones_are_refused() {
    for from in Dialect::ALL {
        for to in Dialect::ALL {
            let saved = StreamTranslator::new(from, to, wish()).save();
            let restored = StreamTranslator::restore(&saved).unwrap();
            assert_eq!((restored.upstream(), restored.client()), (from, to));
        }
    }
    let saved = StreamTranslator::new(Dialect::Chat, Dialect::Gemini, wish()).save();
    let saved = String::from_utf8(saved).unwrap();
    let refused = |text: &str| StreamTranslator::restore(text.as_bytes()).unwrap_err();
    assert_eq!(refused(&saved.replacen("\"v\":1", "\"v\":7", 1)), CarryError::Version(7));
    for text in ["", "{}", "{\"v\":1,\"s\":{}}", &saved[1..], &format!("{saved}x")] {
        assert_eq!(refused(text), CarryError::Damaged, "{text}");
    }
}

proptest! {
    #[test]
    fn a_translation_is_the_same_however_it_is_carried(
        fixture in prop::sample::select(Dialect::ALL.to_vec()).prop_flat_map(streams),
        to in prop::sample::select(Dialect::ALL.to_vec()),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = translated(fixture.dialect, to, [fixture.bytes.as_slice()], false);
        prop_assert_eq!(translated(fixture.dialect, to, cut(&fixture.bytes, &cuts), true), whole);
    }
}

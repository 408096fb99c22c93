//! The same bytes cut, spelled or saved in another way are the same response.
//!
//! Owns: chunking, framing noise, saving between chunks, truncation, damage.
//! Must not know: what the responses mean.

use std::sync::LazyLock;

use droid_protocol::decode::{StreamDecoder, whole};
use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_protocol::wire::sse::{Item, SseDecoder};
use proptest::prelude::*;

use crate::support::{Fixture, Said, check_rules, finished, fixtures, said, said_carried};

pub(crate) static STREAMS: LazyLock<Vec<Fixture>> =
    LazyLock::new(|| Dialect::ALL.into_iter().flat_map(|it| fixtures(it, ".sse")).collect());

pub(crate) fn streams(dialect: Dialect) -> impl Strategy<Value = &'static Fixture> {
    let of: Vec<&Fixture> = STREAMS.iter().filter(|it| it.dialect == dialect).collect();
    prop::sample::select(of)
}

pub(crate) fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|it| it.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// How a frame may be spelled without meaning anything else.
#[derive(Clone, Debug)]
struct Noise {
    end: &'static str,
    space: bool,
    comment: bool,
    blank_lines: usize,
    /// Cut the data into several `data:` lines between two JSON tokens.
    split: Option<prop::sample::Index>,
    unknown_event: bool,
}

fn noise() -> impl Strategy<Value = Noise> {
    (
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        any::<bool>(),
        any::<bool>(),
        0usize..3,
        prop::option::of(any::<prop::sample::Index>()),
        any::<bool>(),
    )
        .prop_map(|(end, space, comment, blank_lines, split, unknown_event)| Noise {
            end,
            space,
            comment,
            blank_lines,
            split,
            unknown_event,
        })
}

/// The offsets in `json` right after a comma between two tokens.
fn seams(json: &[u8]) -> Vec<usize> {
    let (mut inside, mut escaped) = (false, false);
    let mut seams = Vec::new();
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' if !inside => seams.push(at + 1),
            _ => {}
        }
    }
    seams
}

/// The same frames, spelled with noise.
fn respelled(bytes: &[u8], mark: bool, noises: &[Noise]) -> Vec<u8> {
    let mut out = Vec::new();
    if mark {
        out.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut noises = noises.iter().cycle();
    SseDecoder::new().push(bytes, |item| {
        let Item::Frame(frame) = item else { panic!("fixtures are small") };
        let noise = noises.next().unwrap();
        let mut line = |parts: &[&[u8]]| {
            out.extend_from_slice(&parts.concat());
            out.extend_from_slice(noise.end.as_bytes());
        };
        let colon: &[u8] = if noise.space { b": " } else { b":" };
        if noise.comment {
            line(&[b": keepalive {\"type\":\"error\"}"]);
        }
        if noise.unknown_event {
            line(&[b"event: weather"]);
            line(&[b"data: {\"type\":\"weather\",\"delta\":{\"text\":\"no\"}}"]);
            line(&[]);
        }
        if !frame.event.is_empty() {
            line(&[b"event", colon, frame.event.as_bytes()]);
        }
        let seams = seams(frame.data);
        let at = noise.split.filter(|_| !seams.is_empty()).map(|it| seams[it.index(seams.len())]);
        let (head, tail) = frame.data.split_at(at.unwrap_or(frame.data.len()));
        line(&[b"data", colon, head]);
        if at.is_some() {
            line(&[b"id: 7"]);
            line(&[b"data", colon, tail]);
        }
        for _ in 0..=noise.blank_lines {
            line(&[]);
        }
    });
    out
}

fn same_in_any_chunking(fixture: &Fixture, cuts: &[prop::sample::Index]) {
    let expected = said(fixture.dialect, [fixture.bytes.as_slice()]);
    assert_eq!(said(fixture.dialect, cut(&fixture.bytes, cuts)), expected);
    assert_eq!(said_carried(fixture.dialect, cut(&fixture.bytes, cuts)), expected);
}

fn same_in_any_spelling(
    fixture: &Fixture,
    mark: bool,
    noises: &[Noise],
    cuts: &[prop::sample::Index],
) {
    // Bodies that are no event streams have no spelling; a cut frame has no blank line to keep.
    if fixture.case.starts_with("http_error") || fixture.case == "truncated" {
        return;
    }
    let expected = said(fixture.dialect, [fixture.bytes.as_slice()]);
    let bytes = respelled(&fixture.bytes, mark, noises);
    assert_eq!(said(fixture.dialect, [bytes.as_slice()]), expected);
    assert_eq!(said(fixture.dialect, cut(&bytes, cuts)), expected);
    assert_eq!(said(fixture.dialect, bytes.chunks(1)), expected);
}

/// Bytes changed, dropped, doubled or put in; whatever comes of it keeps the rules.
#[derive(Clone, Debug)]
enum Damage {
    Change(prop::sample::Index, u8),
    Drop(prop::sample::Index, usize),
    Double(prop::sample::Index, usize),
    Put(prop::sample::Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        (index(), 1usize..200).prop_map(|(at, size)| Damage::Drop(at, size)),
        (index(), 1usize..900).prop_map(|(at, size)| Damage::Double(at, size)),
        (
            index(),
            prop::sample::select(vec![
                "null",
                "7",
                "{}",
                "[]",
                "-1e9",
                "\"\"",
                "true",
                "\n\n",
                "\"x\"",
                "\\ud83d",
                "99999999999",
            ])
        )
            .prop_map(|(at, text)| Damage::Put(at, text.as_bytes().to_vec())),
    ]
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Drop(at, size) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + size).min(bytes.len()));
            }
            Damage::Double(at, size) => {
                let at = at.index(bytes.len());
                let piece = bytes[at..(at + size).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Damage::Put(at, piece) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

fn keeps_the_rules(dialect: Dialect, bytes: &[u8]) -> Said {
    let said = said(dialect, [bytes]);
    check_rules(&said.events, said.end);
    said
}

macro_rules! for_each_dialect {
    ($($module:ident: $dialect:expr),*) => {$(
        mod $module {
            use super::*;

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(1000))]

                #[test]
                fn any_chunking_and_any_saving_gives_the_same(
                    fixture in streams($dialect),
                    cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
                ) {
                    same_in_any_chunking(fixture, &cuts);
                }

                #[test]
                fn any_spelling_of_the_frames_gives_the_same(
                    fixture in streams($dialect),
                    mark in any::<bool>(),
                    noises in prop::collection::vec(noise(), 1..8),
                    cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
                ) {
                    same_in_any_spelling(fixture, mark, &noises, &cuts);
                }

                #[test]
                fn damaged_streams_keep_the_rules(
                    fixture in streams($dialect),
                    damages in prop::collection::vec(damage(), 1..6),
                    cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
                ) {
                    let bytes = damaged(&fixture.bytes, &damages);
                    let whole_said = keeps_the_rules($dialect, &bytes);
                    prop_assert_eq!(said_carried($dialect, cut(&bytes, &cuts)), whole_said);
                    let _ = whole($dialect, &bytes);
                }

                #[test]
                fn arbitrary_bytes_keep_the_rules(
                    bytes in prop::collection::vec(any::<u8>(), 0..300),
                ) {
                    keeps_the_rules($dialect, &bytes);
                    let _ = whole($dialect, &bytes);
                    let _ = StreamDecoder::restore(&bytes);
                }

                #[test]
                fn a_damaged_state_is_refused_or_harmless(
                    fixture in streams($dialect),
                    at in any::<prop::sample::Index>(),
                    damages in prop::collection::vec(damage(), 1..3),
                ) {
                    let mut events = Vec::new();
                    let mut decoder = StreamDecoder::new($dialect);
                    let (head, tail) = fixture.bytes.split_at(at.index(fixture.bytes.len()));
                    decoder.push(head, &mut events);
                    let saved = damaged(&decoder.save(), &damages);
                    if let Ok(mut restored) = StreamDecoder::restore(&saved) {
                        let mut events = Vec::new();
                        restored.push(tail, &mut events);
                        restored.end(&mut events);
                    }
                }
            }
        }
    )*};
}

for_each_dialect! {
    anthropic: Dialect::Anthropic,
    responses: Dialect::Responses,
    chat: Dialect::Chat,
    gemini: Dialect::Gemini
}

#[test]
fn one_byte_a_chunk_gives_the_same() {
    for fixture in STREAMS.iter() {
        let expected = said(fixture.dialect, [fixture.bytes.as_slice()]);
        assert_eq!(said(fixture.dialect, fixture.bytes.chunks(1)), expected, "{}", fixture.case);
    }
}

/// The offset from which the bytes of a stream say that the response is complete, if they do.
fn complete_at(fixture: &Fixture) -> Option<usize> {
    let marks: &[&str] = match fixture.dialect {
        Dialect::Anthropic => &["{\"type\":\"message_stop\"}"],
        Dialect::Responses => {
            &["{\"type\":\"response.completed\"", "{\"type\":\"response.incomplete\""]
        }
        Dialect::Chat => &["\"finish_reason\":\""],
        Dialect::Gemini => &["\"finishReason\":\"", "\"blockReason\":\""],
    };
    let text = std::str::from_utf8(&fixture.bytes).unwrap();
    let found = marks.iter().find_map(|it| text.find(it))?;
    let line = text[found..].find(['\r', '\n']).unwrap_or(text.len() - found);
    Some(found + line)
}

#[test]
fn no_cut_stream_looks_complete_before_its_terminal_event_is() {
    let mut done = 0;
    for fixture in STREAMS.iter() {
        let complete_at = complete_at(fixture);
        let mut decoder = StreamDecoder::new(fixture.dialect);
        let mut events = Vec::new();
        for at in 0..=fixture.bytes.len() {
            let said = finished(decoder.clone(), events.clone());
            check_rules(&said.events, said.end);
            let complete = complete_at.is_some_and(|it| at >= it);
            assert_eq!(said.end == End::Done, complete, "{} cut at {at}", fixture.case);
            done += usize::from(complete);
            decoder.push(fixture.bytes.get(at..=at).unwrap_or_default(), &mut events);
        }
    }
    assert!(done > 41, "the complete streams were found");
}

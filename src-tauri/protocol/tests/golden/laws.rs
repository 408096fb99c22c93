//! The laws of a stream's translation, over answers made up by chance, for every pair of dialects.
//!
//! Owns: same meaning, whole is streamed, any chunking, no delay, no clean end for a cut.
//! Must not know: how a stream is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_protocol::decode::{StreamDecoder, whole};
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, StopReason};
use droid_protocol::translate::pair::{self, StreamTranslator};
use proptest::prelude::*;

use crate::answers::{Answer, Call, Meaning, answer};
use crate::grammar;
use crate::support::{pairs, translate, wish};

/// How an answer ended, as far as every dialect tells.
#[derive(Debug, PartialEq)]
enum Ending {
    Done,
    Limit,
    Refused,
}

fn ending(stop: Option<StopReason>) -> Ending {
    match stop {
        Some(StopReason::MaxTokens | StopReason::ContextWindow) => Ending::Limit,
        Some(StopReason::Refusal | StopReason::ContentFilter) => Ending::Refused,
        _ => Ending::Done,
    }
}

/// Whether dialect `to` can tell a text that was refused from others.
const fn has_refusals(to: Dialect) -> bool {
    matches!(to, Dialect::Chat | Dialect::Responses)
}

/// Fails unless a client of `to` was told what upstream said.
fn assert_same(what: &str, to: Dialect, before: &Meaning, after: &Meaning) {
    // A refusal nobody worded gets words in chat: its clients know refusals by their text.
    let worded = to == Dialect::Chat && before.refusal.is_empty();
    if has_refusals(to) {
        assert_eq!(after.text, before.text, "{what}");
        assert!(worded || after.refusal == before.refusal, "{what}: {after:?}");
    } else {
        assert_eq!(after.said, before.said, "{what}");
    }
    assert_eq!(after.thinking, before.thinking, "{what}");
    assert_eq!(compact(&after.calls, to), compact(&before.calls, to), "{what}");
    let called = !before.calls.is_empty();
    match (ending(before.stop), ending(after.stop)) {
        (a, b) if a == b => {}
        // A call says more than a refusal, and words of refusal more than a natural end.
        (Ending::Refused, Ending::Done) if called && has_refusals(to) => {}
        (Ending::Done, Ending::Refused) if !before.refusal.is_empty() && has_refusals(to) => {}
        (a, b) => panic!("{what}: {a:?} became {b:?}"),
    }
    if after.stop == Some(StopReason::ToolUse) {
        assert!(called, "{what}: no call");
    }
    let usage = [before.usage, after.usage].map(|it| {
        (it.all_input(), it.cache_read_tokens, it.output_tokens, it.reasoning_tokens, it.total())
    });
    assert_eq!(usage[0], usage[1], "{what}");
}

/// Reading Gemini, white space between the tokens of arguments is left out: there they are an
/// object, and it is its provider that indents.
fn compact(calls: &[Call], to: Dialect) -> Vec<Call> {
    let calls = calls.iter().map(|(id, name, arguments, complete)| {
        let gemini = to == Dialect::Gemini && *complete;
        let arguments = if gemini { tokens(arguments) } else { arguments.clone() };
        (id.clone(), name.clone(), arguments, *complete)
    });
    calls.collect()
}

/// JSON without the white space between its tokens.
fn tokens(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let kept = json.chars().filter(|it| {
        let kept = quoted || !it.is_ascii_whitespace();
        if *it == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && !escaped && *it == '\\';
        kept
    });
    kept.collect()
}

/// Upstream's frames, each with its blank line.
fn frames(bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|it| it == b"\n\n") {
        let (frame, more) = rest.split_at(at + 2);
        frames.push(frame);
        rest = more;
    }
    assert!(rest.is_empty());
    frames
}

/// Feeds frame by frame: what a frame said is out before the next one comes.
fn assert_prompt(from: Dialect, to: Dialect, answer: &Answer, at_once: bool) {
    let bytes = answer.stream(from, at_once);
    let mut translator = StreamTranslator::new(from, to, wish(from));
    let (mut near, mut far) = (StreamDecoder::new(from), StreamDecoder::new(to));
    let (mut said, mut told) = (Meaning::default(), Meaning::default());
    let mut out = Vec::new();
    for frame in frames(&bytes) {
        let mut events = Vec::new();
        near.push(frame, &mut events);
        events.iter().for_each(|it| said.add(it));
        out.clear();
        translator.push(frame, &mut out);
        let mut events = Vec::new();
        far.push(&out, &mut events);
        events.iter().for_each(|it| told.add(it));
        let what = format!("{from} to {to}: {answer:?}\n{said:?}\n{told:?}");
        // A chat stream does not say when a call is complete: until its end it may go on, and an
        // Anthropic client is told one block at a time.
        let open = from == Dialect::Chat && said.calls.iter().any(|it| !it.3);
        let held = to == Dialect::Anthropic && open;
        let same =
            |told: &str, said: &str| if held { said.starts_with(told) } else { told == said };
        if has_refusals(to) {
            assert!(same(&told.text, &said.text), "{what}");
        } else {
            assert!(same(&told.said, &said.said), "{what}");
        }
        assert!(same(&told.thinking, &said.thinking), "{what}");
        assert_calls_are_prompt(to, at_once || held, &said, &told, &what);
    }
}

/// The holds of `docs/translation.md`: whole arguments for Gemini, one open block for Anthropic, an
/// empty object until it is known that no limit cut it.
fn assert_calls_are_prompt(to: Dialect, at_once: bool, said: &Meaning, told: &Meaning, what: &str) {
    let mut told = told.calls.iter();
    for (id, _, arguments, complete) in &said.calls {
        let nothing = String::new();
        let seen = told.next().map_or(&nothing, |it| &it.2);
        let held = match to {
            Dialect::Gemini => !complete,
            Dialect::Anthropic => at_once && !complete,
            Dialect::Responses | Dialect::Chat => false,
        };
        let arguments = if to == Dialect::Gemini { &tokens(arguments) } else { arguments };
        if held || matches!(arguments.as_str(), "" | "{}") {
            assert!(arguments.starts_with(seen.as_str()) || seen == "{}", "{id} {what}");
        } else {
            assert_eq!(seen, arguments, "{id} {what}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_stream_means_the_same_in_every_dialect(answer in answer(), at_once: bool) {
        for (from, to) in pairs() {
            let what = format!("{from} to {to}");
            let bytes = answer.stream(from, at_once);
            let (before, _) = Meaning::of_stream(from, &bytes);
            let stream = translate(from, to, [bytes.as_slice()]);
            prop_assert_eq!(stream.end, End::Done);
            grammar::check(to, &stream.bytes, true);
            let (after, end) = Meaning::of_stream(to, &stream.bytes);
            prop_assert_eq!(end, End::Done, "{}", &what);
            if to == Dialect::Gemini {
                let out = String::from_utf8_lossy(&stream.bytes);
                let whole = |it: &&Call| it.3;
                for (_, _, arguments, _) in before.calls.iter().filter(whole) {
                    prop_assert!(out.contains(arguments.as_str()), "{}: {}", what, arguments);
                }
            }
            assert_same(&what, to, &before, &after);
            // Chat has no place for proofs, other than those of calls.
            if to != Dialect::Chat {
                let out = String::from_utf8_lossy(&stream.bytes);
                for signature in &before.signatures {
                    // Gemini's clients decode proofs: another provider's is base64 once more.
                    let shown = if to == Dialect::Gemini && from != to {
                        STANDARD.encode(format!("dp1.{from}.{signature}"))
                    } else {
                        signature.clone()
                    };
                    prop_assert!(out.contains(&shown), "{}: {}", what, signature);
                }
            }
        }
    }

    #[test]
    fn a_whole_answer_is_the_sum_of_its_stream(answer in answer()) {
        // A whole chat answer tells its refusal beside its text, in no order.
        let answer = answer.with_refusals_last();
        for (from, to) in pairs() {
            let what = format!("{from} to {to}");
            let body = pair::whole(from, to, &answer.whole(from), &wish(from)).unwrap();
            prop_assert_eq!(body.status, 200);
            let whole = Meaning::of(&whole(to, &body.body).unwrap());
            let streamed = translate(from, to, [answer.stream(from, false).as_slice()]);
            let (streamed, _) = Meaning::of_stream(to, &streamed.bytes);
            prop_assert_eq!(&whole.text, &streamed.text, "{}", &what);
            prop_assert_eq!(&whole.refusal, &streamed.refusal, "{}", &what);
            prop_assert_eq!(&whole.thinking, &streamed.thinking, "{}", &what);
            // Where arguments are an object, its white space is nobody's.
            let calls = [&whole, &streamed].map(|it| compact(&it.calls, Dialect::Gemini));
            prop_assert_eq!(&calls[0], &calls[1], "{}", &what);
            prop_assert_eq!(whole.usage, streamed.usage, "{}", &what);
            prop_assert_eq!(whole.stop, streamed.stop, "{}", &what);
        }
    }

    #[test]
    fn any_chunking_gives_the_same_bytes(
        answer in answer(),
        at_once: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        for (from, to) in pairs() {
            let bytes = answer.stream(from, at_once);
            let mut cuts: Vec<usize> = cuts.iter().map(|it| it.index(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks = cuts.windows(2).map(|it| bytes.get(it[0]..it[1]).unwrap());
            let cut = translate(from, to, chunks);
            prop_assert_eq!(cut, translate(from, to, [bytes.as_slice()]), "{} to {}", from, to);
        }
    }

    #[test]
    fn a_delta_is_out_in_the_call_that_brought_it(answer in answer(), at_once: bool) {
        for (from, to) in pairs() {
            assert_prompt(from, to, &answer, at_once);
        }
    }

    #[test]
    fn a_cut_or_failed_stream_never_ends_clean(
        answer in answer(),
        at: prop::sample::Index,
        fails: bool,
    ) {
        for (from, to) in pairs() {
            let bytes = answer.stream(from, true);
            let frames = frames(&bytes);
            let mut cut = frames.get(..at.index(frames.len())).unwrap().concat();
            if fails {
                cut.extend_from_slice(failure(from));
            }
            let (_, upstream) = Meaning::of_stream(from, &cut);
            let stream = translate(from, to, [cut.as_slice()]);
            prop_assert_eq!(stream.end, upstream);
            grammar::check(to, &stream.bytes, true);
            let (told, end) = Meaning::of_stream(to, &stream.bytes);
            // Some dialects have said everything before their last frame.
            prop_assert_eq!(end == End::Done, upstream == End::Done, "{} to {}", from, to);
            prop_assert_eq!(told.error.is_some(), upstream != End::Done, "{} to {}", from, to);
        }
    }
}

/// An error in the middle of a stream.
const fn failure(from: Dialect) -> &'static [u8] {
    match from {
        Dialect::Anthropic => b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        Dialect::Responses => b"event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"Overloaded\",\"param\":null}\n\n",
        Dialect::Chat => b"data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
        Dialect::Gemini => b"data: {\"error\":{\"code\":503,\"message\":\"Overloaded\",\"status\":\"UNAVAILABLE\"}}\n\n",
    }
}

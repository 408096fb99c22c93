//! The grammar of a Messages stream, held against any events in any order.
//!
//! Owns: the random events.
//! Must not know: how the encoder keeps the grammar.

use proptest::prelude::*;

use super::grammar::check;
use super::{decoded, meaning, wish};
use crate::decode;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::translate::Encoder;
use crate::translate::anthropic::{StreamEncoder, whole};

/// The kinds of the blocks that hold anything, in order.
pub(super) fn blocks(events: &[Event]) -> Vec<BlockType> {
    let kinds = events.iter().filter_map(|it| match it {
        Event::ContentBlockStart { block_type, .. } => Some(*block_type),
        _ => None,
    });
    kinds.collect()
}

fn kind() -> impl Strategy<Value = BlockType> {
    prop_oneof![
        3 => Just(BlockType::Text),
        2 => Just(BlockType::Thinking),
        1 => Just(BlockType::RedactedThinking),
        4 => Just(BlockType::ToolUse),
        1 => Just(BlockType::Refusal),
        1 => Just(BlockType::Other),
    ]
}

fn upstream() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.to_vec())
}

/// What a step of a random answer does to block `at` of those that are open.
#[derive(Clone, Debug)]
enum Step {
    Open(BlockType),
    Piece(usize, String),
    Sign(usize),
    Close(usize),
    Count(u64),
    Ping,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => kind().prop_map(Step::Open),
        8 => (0_usize..8, "[a-zé\n\"\\\\ ]{1,8}").prop_map(|(at, it)| Step::Piece(at, it)),
        1 => (0_usize..8).prop_map(Step::Sign),
        4 => (0_usize..8).prop_map(Step::Close),
        1 => (0_u64..1000).prop_map(Step::Count),
        1 => Just(Step::Ping),
    ]
}

/// Events as a decoder makes them: blocks contiguous, pieces of open blocks, all closed at a clean
/// end.
fn events(steps: Vec<Step>, upstream: Dialect, stop: StopReason, fails: bool) -> Vec<Event> {
    let mut out = vec![Event::MessageStart { id: "resp_1".to_owned(), model: String::new() }];
    let mut open: Vec<(u32, BlockType)> = Vec::new();
    let mut next = 0;
    let id = |index: u32| format!("id-{index}");
    let close = |out: &mut Vec<Event>, (index, kind): (u32, BlockType)| {
        if kind == BlockType::ToolUse {
            out.push(Event::ToolUseStop { index, id: id(index) });
        }
        out.push(Event::ContentBlockStop { index });
    };
    for step in steps {
        let pick = |at: usize| (!open.is_empty()).then(|| at % open.len());
        match step {
            Step::Open(kind) => {
                let data = (kind == BlockType::RedactedThinking).then(|| "hidden".to_owned());
                out.push(Event::ContentBlockStart { index: next, block_type: kind, data });
                if kind == BlockType::ToolUse {
                    let name = "f".to_owned();
                    out.push(Event::ToolUseStart { index: next, id: id(next), name });
                    // A call is signed before its arguments, and by one provider only.
                    if upstream == Dialect::Gemini && next % 2 == 0 {
                        let signature = format!("sig{next}");
                        out.push(Event::SignatureDelta { index: next, signature });
                    }
                }
                open.push((next, kind));
                next += 1;
            }
            Step::Piece(at, text) => match pick(at).map(|it| open[it]) {
                Some((index, BlockType::Text | BlockType::Refusal)) => {
                    out.push(Event::TextDelta { index, text });
                }
                Some((index, BlockType::Thinking)) => {
                    out.push(Event::ThinkingDelta { index, thinking: text });
                }
                Some((index, BlockType::ToolUse)) => {
                    out.push(Event::ToolUseInputDelta { index, id: id(index), partial_json: text });
                }
                _ => {}
            },
            Step::Sign(at) => {
                if let Some((index, BlockType::Thinking)) = pick(at).map(|it| open[it]) {
                    let signature = format!("sig{index}");
                    out.push(Event::SignatureDelta { index, signature });
                }
            }
            Step::Close(at) => {
                if let Some(at) = pick(at) {
                    let block = open.remove(at);
                    close(&mut out, block);
                }
            }
            Step::Count(output_tokens) => {
                out.push(Event::Usage(Usage { output_tokens, ..Usage::default() }));
            }
            Step::Ping => out.push(Event::Ping),
        }
    }
    if fails {
        out.push(Event::Error { error_type: "server_error".to_owned(), message: "m".to_owned() });
    } else {
        for block in open {
            close(&mut out, block);
        }
        out.push(Event::MessageStop { stop_reason: stop, stop_sequence: None });
    }
    out
}

fn encoded(events: &[Event], end: End, upstream: Dialect) -> Vec<u8> {
    let mut encoder = StreamEncoder::new(wish(upstream));
    let mut out = Vec::new();
    for event in events {
        encoder.on_event(event, &mut out);
    }
    encoder.on_end(end, &mut out);
    let over = out.len();
    encoder.on_event(&Event::Ping, &mut out);
    encoder.on_end(End::Failed, &mut out);
    assert_eq!(out.len(), over, "nothing after the end");
    out
}

/// Any event at all, whatever came before.
fn wild() -> impl Strategy<Value = Event> {
    let index = || 0_u32..5;
    prop_oneof![
        ".{0,4}".prop_map(|id| Event::MessageStart { id, model: "m".to_owned() }),
        (index(), kind(), prop::option::of(".{0,4}")).prop_map(|(index, block_type, data)| {
            Event::ContentBlockStart { index, block_type, data }
        }),
        (index(), ".{0,4}").prop_map(|(index, text)| Event::TextDelta { index, text }),
        (index(), ".{0,4}").prop_map(|(index, thinking)| Event::ThinkingDelta { index, thinking }),
        (index(), ".{0,4}")
            .prop_map(|(index, signature)| Event::SignatureDelta { index, signature }),
        (index(), ".{0,4}", ".{0,4}").prop_map(|(index, id, name)| Event::ToolUseStart {
            index,
            id,
            name
        }),
        (index(), ".{0,4}").prop_map(|(index, it)| Event::ToolUseInputDelta {
            index,
            id: String::new(),
            partial_json: it
        }),
        index().prop_map(|index| Event::ContentBlockStop { index }),
        Just(Event::Usage(Usage::default())),
        Just(Event::Ping),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn an_answer_keeps_the_grammar_and_its_meaning(
        steps in prop::collection::vec(step(), 0..40),
        upstream in upstream(),
        stop in prop::sample::select(vec![StopReason::EndTurn, StopReason::MaxTokens, StopReason::Refusal]),
    ) {
        let events = events(steps, upstream, stop, false);
        let out = encoded(&events, End::Done, upstream);
        check(&out).map_err(TestCaseError::fail)?;
        let (again, end) = decoded(Dialect::Anthropic, &out, out.len());
        prop_assert_eq!(end, End::Done);
        let (before, after) = (meaning(&events), meaning(&again));
        prop_assert_eq!(&after.text.len(), &before.text.len());
        prop_assert_eq!(&after.thinking.len(), &before.thinking.len());
        prop_assert_eq!(after.usage, before.usage);
        // A call without arguments is `{}` to whoever reads it.
        let full = |(name, it): (String, String)| {
            (name, if it.is_empty() { "{}".to_owned() } else { it })
        };
        let calls: Vec<_> = before.calls.into_iter().map(full).collect();
        prop_assert_eq!(after.calls, calls);
        // Whole is streamed.
        let whole = whole(&events, &wish(upstream));
        prop_assert_eq!(whole.status, 200);
        let whole = decode::whole(Dialect::Anthropic, &whole.body).unwrap();
        prop_assert_eq!(blocks(&whole), blocks(&again));
        let whole = meaning(&whole);
        prop_assert_eq!((whole.text, whole.thinking), (after.text, after.thinking));
        prop_assert_eq!((whole.signatures, whole.stop), (after.signatures, after.stop));
    }

    #[test]
    fn an_answer_that_breaks_ends_in_one_error(
        steps in prop::collection::vec(step(), 0..40),
        upstream in upstream(),
        cut in 0_usize..60,
        end in prop::sample::select(vec![End::Truncated, End::Failed]),
        told in any::<bool>(),
    ) {
        let mut events = events(steps, upstream, StopReason::EndTurn, told);
        if !told {
            events.pop();
            events.truncate(cut);
        }
        let out = encoded(&events, end, upstream);
        check(&out).map_err(TestCaseError::fail)?;
        let (again, end) = decoded(Dialect::Anthropic, &out, out.len());
        prop_assert_eq!(end, End::Failed);
        prop_assert!(meaning(&events).text.len() >= meaning(&again).text.len());
    }

    #[test]
    fn any_events_keep_the_grammar(
        events in prop::collection::vec(wild(), 0..40),
        upstream in upstream(),
        end in prop::sample::select(vec![End::Done, End::Truncated, End::Failed]),
    ) {
        let out = encoded(&events, end, upstream);
        check(&out).map_err(TestCaseError::fail)?;
        let _ = whole(&events, &wish(upstream));
    }
}

#[test]
fn what_may_be_written_is_written_at_once() {
    let mut encoder = StreamEncoder::new(wish(Dialect::Chat));
    let mut out = Vec::new();
    let mut written = |event: Event| {
        out.clear();
        encoder.on_event(&event, &mut out);
        String::from_utf8(out.clone()).unwrap()
    };
    let start = |index, block_type| Event::ContentBlockStart { index, block_type, data: None };
    let call =
        |index: u32| Event::ToolUseStart { index, id: format!("c{index}"), name: "f".to_owned() };
    let input = |index, it: &str| Event::ToolUseInputDelta {
        index,
        id: String::new(),
        partial_json: it.to_owned(),
    };
    assert!(
        written(Event::MessageStart { id: "i".to_owned(), model: String::new() })
            .contains("asked-for")
    );
    assert_eq!(written(start(0, BlockType::ToolUse)), "");
    assert!(written(call(0)).contains(r#""id":"c0","name":"f","input":{}"#));
    assert!(written(input(0, "{\"a")).contains(r#""partial_json":"{\"a""#));
    // Held: one open block at a time.
    assert_eq!(
        written(start(1, BlockType::ToolUse)) + &written(call(1)) + &written(input(1, "{")),
        ""
    );
    assert!(written(input(0, "\":1}")).contains("partial_json"));
    assert_eq!(written(input(1, "}")), "");
    let released = written(Event::ContentBlockStop { index: 0 });
    assert!(released.contains(r#""content_block_stop","index":0"#));
    assert!(released.contains(r#""id":"c1""#) && released.contains(r#""partial_json":"{}""#));
    assert!(written(Event::Ping).starts_with("event: ping\n"));
}

#[test]
fn more_than_can_be_held_is_an_error_and_not_memory() {
    let mut encoder = StreamEncoder::new(wish(Dialect::Chat));
    let mut out = Vec::new();
    for index in 0..2 {
        let block_type = BlockType::Text;
        encoder.on_event(&Event::ContentBlockStart { index, block_type, data: None }, &mut out);
    }
    let text = "x".repeat(1 << 20);
    for _ in 0..17 {
        encoder.on_event(&Event::TextDelta { index: 1, text: text.clone() }, &mut out);
    }
    encoder.on_end(End::Done, &mut out);
    check(&out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("event: error"));
}

#[test]
fn ids_made_in_reading_differ_from_answer_to_answer() {
    let made = |message: &str| {
        let mut encoder = StreamEncoder::new(wish(Dialect::Gemini));
        let mut out = Vec::new();
        for event in [
            Event::MessageStart { id: message.to_owned(), model: String::new() },
            Event::ContentBlockStart { index: 0, block_type: BlockType::ToolUse, data: None },
            Event::ToolUseStart { index: 0, id: "call_0_f".to_owned(), name: "f".to_owned() },
            Event::ContentBlockStop { index: 0 },
        ] {
            encoder.on_event(&event, &mut out);
        }
        String::from_utf8(out).unwrap()
    };
    assert!(made("a/b").contains(r#""id":"toolu_a_b_0""#));
    assert_eq!(made("a"), made("a"));
    assert_ne!(made("a"), made("b"));
}

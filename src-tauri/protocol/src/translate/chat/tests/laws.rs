//! Events nobody recorded: interleaved, cut, empty, without sense.
//!
//! Owns: the laws over random events.
//! Must not know: fixtures.

use proptest::prelude::*;

use super::{as_told, check_laws, decoded, encoded, meaning, wish};
use crate::decode;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::translate::ClientWish;
use crate::translate::chat::whole;

fn stops() -> impl Strategy<Value = StopReason> {
    prop::sample::select(vec![
        StopReason::EndTurn,
        StopReason::ToolUse,
        StopReason::MaxTokens,
        StopReason::StopSequence,
        StopReason::Refusal,
        StopReason::ContentFilter,
        StopReason::PauseTurn,
        StopReason::ContextWindow,
        StopReason::MalformedToolCall,
        StopReason::Other,
    ])
}

fn kinds() -> impl Strategy<Value = BlockType> {
    prop::sample::select(vec![
        BlockType::Text,
        BlockType::Thinking,
        BlockType::RedactedThinking,
        BlockType::ToolUse,
        BlockType::Refusal,
        BlockType::Other,
    ])
}

/// Any event at all.
fn events() -> impl Strategy<Value = Event> {
    let index = 0_u32..4;
    let word =
        prop::sample::select(vec!["", "a", "\n\n", "data: x", "\u{2028}", "{\"x\":1}", "\""]);
    prop_oneof![
        1 => (word.clone(), word.clone()).prop_map(|(id, model)| {
            Event::MessageStart { id: id.to_owned(), model: model.to_owned() }
        }),
        4 => (index.clone(), kinds()).prop_map(|(index, block_type)| {
            Event::ContentBlockStart { index, block_type, data: None }
        }),
        4 => (index.clone(), word.clone()).prop_map(|(index, text)| {
            Event::TextDelta { index, text: text.to_owned() }
        }),
        3 => (index.clone(), word.clone()).prop_map(|(index, text)| {
            Event::ThinkingDelta { index, thinking: text.to_owned() }
        }),
        1 => (index.clone(), word.clone()).prop_map(|(index, text)| {
            Event::SignatureDelta { index, signature: text.to_owned() }
        }),
        3 => (index.clone(), word.clone()).prop_map(|(index, id)| {
            Event::ToolUseStart { index, id: id.to_owned(), name: "f".to_owned() }
        }),
        4 => (index.clone(), word.clone()).prop_map(|(index, text)| {
            Event::ToolUseInputDelta { index, id: String::new(), partial_json: text.to_owned() }
        }),
        2 => index.clone().prop_map(|index| Event::ToolUseStop { index, id: String::new() }),
        2 => index.prop_map(|index| Event::ContentBlockStop { index }),
        1 => any::<u32>().prop_map(|it| {
            Event::Usage(Usage { output_tokens: u64::from(it), ..Usage::default() })
        }),
        1 => stops().prop_map(|stop_reason| {
            Event::MessageStop { stop_reason, stop_sequence: None }
        }),
        1 => (word.clone(), word).prop_map(|(kind, text)| {
            Event::Error { error_type: kind.to_owned(), message: text.to_owned() }
        }),
        1 => Just(Event::Ping),
    ]
}

/// A block of a well-formed answer: its kind and the pieces of it.
fn blocks() -> impl Strategy<Value = Vec<(BlockType, Vec<String>)>> {
    prop::collection::vec((kinds(), prop::collection::vec(any::<String>(), 0..4)), 0..6)
}

/// Well-formed events: blocks open in order, their pieces interleave as `order` says.
fn well_formed(
    blocks: &[(BlockType, Vec<String>)],
    order: &[prop::sample::Index],
    stop_reason: StopReason,
    usage: Option<Usage>,
) -> Vec<Event> {
    let mut out = vec![Event::MessageStart { id: "id".into(), model: "m".into() }];
    let mut next: Vec<(u32, usize)> = Vec::new();
    let mut order = order.iter();
    for (index, (kind, _)) in (0_u32..).zip(blocks) {
        out.push(Event::ContentBlockStart { index, block_type: *kind, data: None });
        if *kind == BlockType::ToolUse {
            out.push(Event::ToolUseStart { index, id: format!("c{index}"), name: "f".into() });
        }
        next.push((index, 0));
        for pick in order.by_ref().take(3) {
            let at = pick.index(next.len());
            let (index, done) = &mut next[at];
            piece(*index, *done, blocks, &mut out);
            *done += 1;
        }
    }
    for (index, done) in next {
        let (kind, pieces) = &blocks[index as usize];
        for at in done..pieces.len() {
            piece(index, at, blocks, &mut out);
        }
        if *kind == BlockType::ToolUse {
            if pieces.concat().is_empty() {
                let partial_json = "{}".to_owned();
                out.push(Event::ToolUseInputDelta { index, id: String::new(), partial_json });
            }
            out.push(Event::ToolUseStop { index, id: format!("c{index}") });
        }
        out.push(Event::ContentBlockStop { index });
    }
    out.extend(usage.map(Event::Usage));
    out.push(Event::MessageStop { stop_reason, stop_sequence: None });
    out
}

fn piece(index: u32, at: usize, blocks: &[(BlockType, Vec<String>)], out: &mut Vec<Event>) {
    let (kind, pieces) = &blocks[index as usize];
    let Some(text) = pieces.get(at).cloned() else { return };
    out.push(match kind {
        BlockType::Text | BlockType::Refusal => Event::TextDelta { index, text },
        BlockType::Thinking => Event::ThinkingDelta { index, thinking: text },
        BlockType::ToolUse => {
            Event::ToolUseInputDelta { index, id: String::new(), partial_json: text }
        }
        BlockType::RedactedThinking | BlockType::Other => Event::Ping,
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_events_make_a_stream_that_keeps_the_laws(
        events in prop::collection::vec(events(), 0..40),
        end in prop::sample::select(vec![End::Done, End::Truncated, End::Failed]),
        include_usage: bool,
        free: bool,
        upstream in prop::sample::select(vec![None, Some(Dialect::Gemini)]),
    ) {
        let free_text_tools = if free { vec!["f".to_owned()] } else { Vec::new() };
        let wish = ClientWish { include_usage, free_text_tools, upstream, ..wish() };
        check_laws(&encoded(&events, end, &wish), &wish);
        let _body = whole(&events, &wish);
    }

    #[test]
    fn streamed_and_whole_mean_what_the_events_mean(
        blocks in blocks(),
        order: Vec<prop::sample::Index>,
        stop in stops(),
        counts in prop::option::of(any::<[u32; 6]>()),
    ) {
        let usage = counts.map(|it| it.map(u64::from)).map(|[a, b, c, d, e, f]| Usage {
            input_tokens: a,
            output_tokens: b,
            cache_read_tokens: c,
            cache_write_5m_tokens: d,
            cache_write_1h_tokens: e,
            reasoning_tokens: f,
        });
        let events = well_formed(&blocks, &order, stop, usage);
        let out = encoded(&events, End::Done, &wish());
        check_laws(&out, &wish());
        let expected = as_told(meaning(&events));
        let (streamed, end) = decoded(Dialect::Chat, &out);
        prop_assert_eq!(end, End::Done);
        prop_assert_eq!(&meaning(&streamed), &expected);
        let answer = whole(&events, &wish());
        prop_assert_eq!(answer.status, 200);
        prop_assert_eq!(&meaning(&decode::whole(Dialect::Chat, &answer.body).unwrap()), &expected);
    }
}

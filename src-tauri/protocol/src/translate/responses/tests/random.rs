//! Any events in any order make a lawful stream.

use proptest::prelude::*;

use super::laws::check;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::translate::responses::{StreamEncoder, whole};
use crate::translate::{ClientWish, Encoder};

fn kinds() -> impl Strategy<Value = BlockType> {
    prop_oneof![
        Just(BlockType::Text),
        Just(BlockType::Thinking),
        Just(BlockType::RedactedThinking),
        Just(BlockType::ToolUse),
        Just(BlockType::Refusal),
        Just(BlockType::Other),
    ]
}

fn reasons() -> impl Strategy<Value = StopReason> {
    prop_oneof![
        Just(StopReason::EndTurn),
        Just(StopReason::ToolUse),
        Just(StopReason::MaxTokens),
        Just(StopReason::StopSequence),
        Just(StopReason::Refusal),
        Just(StopReason::ContentFilter),
        Just(StopReason::PauseTurn),
        Just(StopReason::ContextWindow),
        Just(StopReason::MalformedToolCall),
        Just(StopReason::Other),
    ]
}

/// Any event with any index: nothing keeps the rules of the hub.
fn lawless() -> impl Strategy<Value = Event> {
    let index = 0_u32..4;
    let text = "[a\"\\\\ \n{}é]{0,6}";
    prop_oneof![
        1 => ("[a-z_./é]{0,9}", "[a-z]{0,3}").prop_map(|(id, model)| Event::MessageStart { id, model }),
        6 => (index.clone(), kinds()).prop_map(|(index, block_type)| Event::ContentBlockStart {
            index,
            block_type,
            data: (block_type == BlockType::RedactedThinking).then(|| "data".to_owned()),
        }),
        6 => (index.clone(), text).prop_map(|(index, text)| Event::TextDelta { index, text }),
        4 => (index.clone(), text).prop_map(|(index, thinking)| Event::ThinkingDelta { index, thinking }),
        2 => index.clone().prop_map(|index| Event::SignatureDelta { index, signature: "sig".into() }),
        5 => (index.clone(), "[ab]{0,1}", "[fp]").prop_map(|(index, id, name)| Event::ToolUseStart { index, id, name }),
        6 => (index.clone(), text).prop_map(|(index, partial_json)| Event::ToolUseInputDelta {
            index, id: String::new(), partial_json,
        }),
        2 => index.clone().prop_map(|index| Event::ToolUseStop { index, id: String::new() }),
        5 => index.prop_map(|index| Event::ContentBlockStop { index }),
        1 => (0_u64..9).prop_map(|it| Event::Usage(Usage { input_tokens: it, cache_read_tokens: 2, ..Usage::default() })),
        1 => Just(Event::Ping),
    ]
}

fn ends() -> impl Strategy<Value = Option<Event>> {
    prop_oneof![
        3 => reasons().prop_map(|stop_reason| Some(Event::MessageStop { stop_reason, stop_sequence: None })),
        1 => Just(Some(Event::Error { error_type: "overloaded_error".into(), message: "busy".into() })),
        1 => Just(None),
    ]
}

fn wish() -> ClientWish {
    ClientWish {
        model: "asked".into(),
        upstream: Some(Dialect::Gemini),
        free_text_tools: vec!["p".into()],
        namespaces: vec![("f".into(), "ns".into())],
        created: 1_790_000_000,
        ..ClientWish::default()
    }
}

/// The stream of the events, checked after each of them.
fn stream(events: &[Event], end: End) -> Vec<u8> {
    let mut encoder = StreamEncoder::new(wish());
    let mut out = Vec::new();
    for event in events {
        let (before, ended) = (out.len(), encoder.status().is_some());
        encoder.on_event(event, &mut out);
        assert!(!ended || out.len() == before, "nothing after the end");
    }
    encoder.on_end(end, &mut out);
    let length = out.len();
    encoder.on_end(End::Done, &mut out);
    encoder.on_event(&Event::Ping, &mut out);
    assert_eq!(out.len(), length, "nothing after the end");
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_events_make_a_lawful_stream(
        mut events in proptest::collection::vec(lawless(), 0..40),
        last in ends(),
        more in proptest::collection::vec(lawless(), 0..3),
        end in prop_oneof![Just(End::Done), Just(End::Truncated), Just(End::Failed)],
    ) {
        let ended = last.is_some();
        events.extend(last.clone());
        events.extend(more);
        let out = stream(&events, end);
        let seen = check(&out);
        let expected = match &last {
            Some(Event::MessageStop { stop_reason, .. }) => match stop_reason {
                StopReason::MaxTokens | StopReason::ContextWindow | StopReason::ContentFilter => "incomplete",
                StopReason::MalformedToolCall => "failed",
                _ => "completed",
            },
            Some(_) => "failed",
            None if end == End::Done => "completed",
            None => "failed",
        };
        prop_assert_eq!(&seen.end, expected);
        // The whole answer is what the stream's last event says.
        if ended && expected != "failed" {
            let body = whole(&events, &wish());
            prop_assert_eq!(body.status, 200);
            let body: serde_json::Value = serde_json::from_slice(&body.body).unwrap();
            prop_assert_eq!(body, seen.response);
        }
    }

}

proptest! {
    #[test]
    fn each_delta_goes_out_in_the_call_that_brought_it(
        events in proptest::collection::vec(lawless(), 0..40), text in "[a-z]{1,9}",
    ) {
        let mut encoder = StreamEncoder::new(ClientWish::default());
        let mut out = Vec::new();
        for event in &events {
            encoder.on_event(event, &mut out);
        }
        encoder.on_event(&Event::ContentBlockStart { index: 9, block_type: BlockType::Text, data: None }, &mut out);
        for event in &events {
            encoder.on_event(event, &mut out);
            let before = out.len();
            encoder.on_event(&Event::TextDelta { index: 9, text: text.clone() }, &mut out);
            let told = String::from_utf8_lossy(&out[before..]).into_owned();
            let delta = format!("\"delta\":\"{text}\"");
            prop_assert!(told.contains(&delta), "{told}");
        }
    }
}

#[test]
fn nothing_is_written_before_anything_happened() {
    let mut encoder = StreamEncoder::new(ClientWish::default());
    let mut out = Vec::new();
    encoder.on_event(&Event::Usage(Usage::default()), &mut out);
    assert!(out.is_empty());
    encoder.on_event(&Event::Ping, &mut out);
    assert_eq!(out, b": ping\n\n");
}

//! What becomes of blocks, one by one.

use serde_json::{Value, json};

use super::laws::{Seen, check};
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason};
use crate::request::{PartKind, Role, Signature};
use crate::translate::responses::StreamEncoder;
use crate::translate::{ClientWish, Encoder};

fn encoded(wish: ClientWish, events: &[Event]) -> Seen {
    let mut encoder = StreamEncoder::new(wish);
    let mut out = Vec::new();
    for event in events {
        encoder.on_event(event, &mut out);
    }
    encoder.on_end(End::Done, &mut out);
    check(&out)
}

fn open(index: u32, block_type: BlockType) -> Event {
    Event::ContentBlockStart { index, block_type, data: None }
}

fn text(index: u32, text: &str) -> Event {
    Event::TextDelta { index, text: text.into() }
}

fn close(index: u32) -> Event {
    Event::ContentBlockStop { index }
}

#[test]
fn texts_in_a_row_are_parts_of_one_message() {
    let seen = encoded(
        ClientWish::default(),
        &[
            open(0, BlockType::Text),
            text(0, "a"),
            close(0),
            open(1, BlockType::Refusal),
            text(1, "b"),
            close(1),
            open(2, BlockType::Thinking),
            close(2),
            open(3, BlockType::Text),
            text(3, "c"),
            close(3),
        ],
    );
    let output = seen.response["output"].as_array().unwrap();
    let kinds: Vec<_> = output.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "reasoning", "message"]);
    assert_eq!(output[0]["content"][0]["text"], "a");
    assert_eq!(output[0]["content"][1]["refusal"], "b");
}

#[test]
fn what_a_limit_cut_is_incomplete() {
    let stop = Event::MessageStop { stop_reason: StopReason::MaxTokens, stop_sequence: None };
    let seen = encoded(
        ClientWish::default(),
        &[
            open(0, BlockType::ToolUse),
            Event::ToolUseStart { index: 0, id: "c".into(), name: "f".into() },
            Event::ToolUseInputDelta { index: 0, id: "c".into(), partial_json: "{\"a\":".into() },
            Event::ToolUseStop { index: 0, id: "c".into() },
            close(0),
            open(1, BlockType::Text),
            text(1, "and"),
            close(1),
            stop,
        ],
    );
    assert_eq!(seen.end, "incomplete");
    assert_eq!(seen.response["incomplete_details"], json!({"reason": "max_output_tokens"}));
    assert_eq!(seen.response["output"][0]["status"], "incomplete");
    assert_eq!(seen.response["output"][1]["status"], "incomplete");
}

#[test]
fn free_text_and_groups_go_out_as_the_client_knows_them() {
    let wish = ClientWish {
        free_text_tools: vec!["patch".into()],
        namespaces: vec![("ns__f".into(), "ns".into())],
        ..ClientWish::default()
    };
    let seen = encoded(
        wish,
        &[
            open(0, BlockType::ToolUse),
            Event::ToolUseStart { index: 0, id: "c".into(), name: "patch".into() },
            Event::ToolUseInputDelta {
                index: 0,
                id: "c".into(),
                partial_json: "{\"input\":\"a\\".into(),
            },
            Event::ToolUseInputDelta { index: 0, id: "c".into(), partial_json: "nb\"}".into() },
            close(0),
            open(1, BlockType::ToolUse),
            Event::ToolUseStart { index: 1, id: "d".into(), name: "ns__f".into() },
            close(1),
        ],
    );
    let output = &seen.response["output"];
    assert_eq!(output[0]["type"], "custom_tool_call");
    assert_eq!(output[0]["input"], "a\nb");
    assert_eq!(output[1]["name"], "f");
    assert_eq!(output[1]["namespace"], "ns");
    assert_eq!(output[1]["arguments"], "{}");
}

#[test]
fn proofs_of_other_providers_find_their_way_back() {
    let signature = |index| Event::SignatureDelta { index, signature: format!("sig{index}") };
    let upstream = ClientWish { upstream: Some(Dialect::Gemini), ..ClientWish::default() };
    let redacted = BlockType::RedactedThinking;
    let seen = encoded(
        upstream,
        &[
            open(0, BlockType::Thinking),
            Event::ThinkingDelta { index: 0, thinking: "hm".into() },
            signature(0),
            close(0),
            Event::ContentBlockStart { index: 1, block_type: redacted, data: Some("sig1".into()) },
            close(1),
            open(2, BlockType::Thinking),
            signature(2),
            close(2),
            open(3, BlockType::ToolUse),
            Event::ToolUseStart { index: 3, id: "c.1".into(), name: "f".into() },
            signature(3),
            close(3),
        ],
    );
    // The client sends its output back as input.
    let request = super::read(&json!({"model": "m", "input": seen.response["output"]}));
    let proof = |it: u32| Some(Signature { origin: Dialect::Gemini, data: format!("sig{it}") });
    let parts: Vec<_> = request.turns.iter().flat_map(|it| &it.parts).map(|it| &it.kind).collect();
    assert_eq!(request.turns.len(), 1);
    assert_eq!(request.turns[0].role, Role::Assistant);
    let thinking = |at: usize| match parts[at] {
        PartKind::Thinking { text, signature, redacted } => {
            (text.as_str(), signature.clone(), *redacted)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(thinking(0), ("hm", proof(0), false));
    assert_eq!(thinking(1), ("", proof(1), true));
    assert_eq!(thinking(2), ("", proof(2), false));
    let PartKind::ToolCall(call) = parts[3] else { panic!("{parts:?}") };
    assert_eq!((call.id.as_str(), &call.signature), ("c.1", &proof(3)));
    assert_eq!(parts.len(), 4);
}

#[test]
fn a_refusal_without_words_of_its_own_is_still_one() {
    let stop = Event::MessageStop { stop_reason: StopReason::Refusal, stop_sequence: None };
    let seen =
        encoded(ClientWish::default(), &[open(0, BlockType::Text), text(0, "I"), close(0), stop]);
    assert_eq!(seen.end, "completed");
    assert_eq!(seen.response["output"][0]["content"][1], json!({"type": "refusal", "refusal": ""}));
}

#[test]
fn ids_are_of_the_upstreams_and_calls_differ() {
    let call = |index, id: &str| {
        [
            open(index, BlockType::ToolUse),
            Event::ToolUseStart { index, id: id.into(), name: "f".into() },
            close(index),
        ]
    };
    let start = Event::MessageStart { id: "chatcmpl-ü.1".into(), model: "gpt".into() };
    let events: Vec<_> = std::iter::once(start)
        .chain(call(0, "a"))
        .chain(call(1, "a"))
        .chain(call(2, ""))
        .chain(call(3, ""))
        .collect();
    let seen = encoded(ClientWish::default(), &events);
    assert_eq!(seen.response["id"], "resp_chatcmpl-1");
    let output = seen.response["output"].as_array().unwrap();
    let ids: Vec<_> = output.iter().map(|it| it["call_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "a_1", "call_chatcmpl-1", "call_chatcmpl-1_3"]);
    assert_eq!(output[0]["id"], "fc_chatcmpl-1_0");
}

#[test]
fn a_cut_or_failed_stream_leaves_open_what_was_open() {
    for end in [End::Truncated, End::Failed] {
        let mut encoder = StreamEncoder::new(ClientWish::default());
        let mut out = Vec::new();
        for event in [
            open(0, BlockType::Text),
            text(0, "a"),
            close(0),
            open(1, BlockType::ToolUse),
            Event::ToolUseStart { index: 1, id: "c".into(), name: "f".into() },
        ] {
            encoder.on_event(&event, &mut out);
        }
        encoder.on_end(end, &mut out);
        let seen = check(&out);
        assert_eq!(seen.end, "failed");
        assert_eq!(seen.response["output"].as_array().unwrap().len(), 1);
        let done = |it: &&Value| it["type"] == "response.function_call_arguments.done";
        assert!(!seen.events.iter().any(|it| done(&it)), "a cut call is never whole");
    }
}

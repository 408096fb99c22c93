//! Recorded streams of every dialect, told to a client of this one.
//!
//! Owns: meaning, chunking, streamed against whole.
//! Must not know: random events.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::Value;

use super::{as_told, check_laws, decoded, encoded, files, meaning, wish};
use crate::decode;
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::translate::ClientWish;
use crate::translate::chat::whole;
use crate::translate::pair::StreamTranslator;

type Recorded = (Dialect, String, Vec<u8>);

fn recorded() -> &'static [Recorded] {
    static ALL: OnceLock<Vec<Recorded>> = OnceLock::new();
    let of = |dialect: Dialect| {
        let all = files(dialect.as_str(), ".sse").into_iter();
        all.map(move |(case, bytes)| (dialect, case, bytes))
    };
    ALL.get_or_init(|| Dialect::ALL.into_iter().flat_map(of).collect())
}

fn translated<'a>(
    dialect: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    wish: &ClientWish,
) -> (Vec<u8>, End) {
    let mut translator = StreamTranslator::new(dialect, Dialect::Chat, wish.clone());
    let mut out = Vec::new();
    for chunk in chunks {
        translator.push(chunk, &mut out);
    }
    let end = translator.end(&mut out);
    (out, end)
}

#[test]
fn every_recorded_stream_keeps_its_meaning() {
    let mut seen = 0;
    for (dialect, case, bytes) in recorded() {
        let (events, end) = decoded(*dialect, bytes);
        let (out, told) = translated(*dialect, [&**bytes], &wish());
        check_laws(&out, &wish());
        assert_eq!(end, told);
        let (again, end_again) = decoded(Dialect::Chat, &out);
        let mut expected = as_told(meaning(&events));
        let mut found = meaning(&again);
        if end == End::Done {
            assert_eq!(end_again, End::Done, "{dialect} {case}");
        } else {
            assert_eq!(end_again, End::Failed, "{dialect} {case}");
            // Counts are told with a clean end only.
            (expected.usage, found.usage) = (None, None);
        }
        assert_eq!(found, expected, "{dialect} {case}");
        seen += 1;
    }
    assert!(seen >= 60, "{seen}");
}

#[test]
fn a_streams_sum_is_the_whole_answer() {
    let mut seen = 0;
    for dialect in Dialect::ALL {
        let streams = files(dialect.as_str(), ".sse");
        for (case, body) in files(dialect.as_str(), ".json") {
            let Some((_, stream)) = streams.iter().find(|it| it.0 == case) else { continue };
            let wish = ClientWish { upstream: Some(dialect), ..wish() };
            let answer = whole(&decode::whole(dialect, &body).unwrap(), &wish);
            let (out, _) = translated(dialect, [&**stream], &wish);
            let streamed = meaning(&decoded(Dialect::Chat, &out).0);
            let whole = meaning(&decode::whole(Dialect::Chat, &answer.body).unwrap());
            assert_eq!(whole.error.is_some(), answer.status != 200, "{dialect} {case}");
            if streamed.error.is_none() {
                let shape = |it: &super::Meaning| {
                    let json = |it: &str| serde_json::from_str::<Value>(it).ok();
                    let calls = it.calls.iter().map(|it| (it.1.clone(), json(&it.2)));
                    let texts = (it.text.clone(), it.thinking.clone(), it.refusal.clone());
                    (texts, calls.collect::<Vec<_>>(), it.stop, it.usage)
                };
                assert_eq!(shape(&streamed), shape(&whole), "{dialect} {case}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 40, "{seen}");
}

#[test]
fn the_counts_come_only_where_they_were_asked_for() {
    for (dialect, case, bytes) in recorded() {
        let quiet = ClientWish { include_usage: false, ..wish() };
        let (out, _) = translated(*dialect, [&**bytes], &quiet);
        check_laws(&out, &quiet);
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("\"usage\""), "{dialect} {case}");
        assert!(!text.contains("\"choices\":[]"), "{dialect} {case}");
    }
}

#[test]
fn a_delta_goes_out_in_the_call_that_brought_it() {
    let call = |index, id: &str| Event::ToolUseStart { index, id: id.into(), name: "f".into() };
    let input = |index, text: &str| Event::ToolUseInputDelta {
        index,
        id: String::new(),
        partial_json: text.into(),
    };
    let block = |index, block_type| Event::ContentBlockStart { index, block_type, data: None };
    let script = [
        (Event::MessageStart { id: "m".into(), model: "x".into() }, "\"role\":\"assistant\""),
        (block(0, BlockType::Thinking), ""),
        (Event::ThinkingDelta { index: 0, thinking: "hm".into() }, "\"reasoning_content\":\"hm\""),
        (block(1, BlockType::ToolUse), ""),
        (call(1, "a"), "\"id\":\"a\""),
        (block(2, BlockType::ToolUse), ""),
        (call(2, "b"), "\"index\":1,\"id\":\"b\""),
        (input(1, "{\"x\":"), "\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":\"}"),
        (input(2, "{}"), "\"index\":1,\"function\":{\"arguments\":\"{}\"}"),
        (input(1, "1}"), "\"index\":0,\"function\":{\"arguments\":\"1}\"}"),
        (block(3, BlockType::Text), ""),
        (Event::TextDelta { index: 3, text: "\u{2028}é".into() }, "\"content\":\"\u{2028}é\""),
        (Event::Ping, ": ping\n\n"),
    ];
    let mut encoder = super::StreamEncoder::new(wish());
    for (event, expected) in script {
        let mut out = Vec::new();
        crate::translate::Encoder::on_event(&mut encoder, &event, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(expected), "{event:?}: {text}");
        assert_eq!(text.is_empty(), expected.is_empty(), "{event:?}: {text}");
    }
}

#[test]
fn a_free_text_call_goes_out_as_one() {
    let wish = ClientWish { free_text_tools: vec!["patch".into()], ..wish() };
    let events = vec![
        Event::MessageStart { id: String::new(), model: String::new() },
        Event::ContentBlockStart { index: 0, block_type: BlockType::ToolUse, data: None },
        Event::ToolUseStart { index: 0, id: "c".into(), name: "patch".into() },
        Event::ToolUseInputDelta { index: 0, id: "c".into(), partial_json: "{\"inp".into() },
        Event::ToolUseInputDelta { index: 0, id: "c".into(), partial_json: "ut\":\"a\\".into() },
        Event::ToolUseInputDelta { index: 0, id: "c".into(), partial_json: "nb\"}".into() },
        Event::ToolUseStop { index: 0, id: "c".into() },
        Event::ContentBlockStop { index: 0 },
        Event::MessageStop { stop_reason: StopReason::ToolUse, stop_sequence: None },
    ];
    let out = encoded(&events, End::Done, &wish);
    check_laws(&out, &wish);
    let text = String::from_utf8(out.clone()).unwrap();
    assert!(text.contains(r#""type":"custom","custom":{"name":"patch","input":""}"#), "{text}");
    assert!(text.contains(r#"{"index":0,"custom":{"input":"\nb"}}"#), "{text}");
    assert!(text.contains(r#""id":"chatcmpl-1790000000""#) && text.contains(r#""model":"asked""#));
    let back = meaning(&decoded(Dialect::Chat, &out).0);
    assert_eq!(back.calls[0].2, r#"{"input":"a\nb"}"#);
    let body: Value = serde_json::from_slice(&whole(&events, &wish).body).unwrap();
    let call = &body["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["custom"], serde_json::json!({"name": "patch", "input": "a\nb"}));
}

#[test]
fn a_calls_signature_finds_its_way_back() {
    let wish = ClientWish { upstream: Some(Dialect::Gemini), ..wish() };
    let events = vec![
        Event::ContentBlockStart { index: 0, block_type: BlockType::ToolUse, data: None },
        Event::ToolUseStart { index: 0, id: "c".into(), name: "f".into() },
        Event::ToolUseInputDelta { index: 0, id: "c".into(), partial_json: "{}".into() },
        Event::SignatureDelta { index: 0, signature: "sig==".into() },
        Event::ToolUseStop { index: 0, id: "c".into() },
        Event::MessageStop { stop_reason: StopReason::ToolUse, stop_sequence: None },
    ];
    let out = encoded(&events, End::Done, &wish);
    check_laws(&out, &wish);
    let body: Value = serde_json::from_slice(&whole(&events, &wish).body).unwrap();
    let message = &body["choices"][0]["message"];
    let signed = &message["tool_calls"][0]["extra_content"];
    assert!(String::from_utf8(out).unwrap().contains(&signed.to_string()));
    let request = super::read(&serde_json::json!({"messages": [message]}).to_string());
    let crate::request::PartKind::ToolCall(call) = &request.turns[0].parts[0].kind else {
        panic!()
    };
    assert_eq!(call.signature.as_ref().unwrap().for_target(Dialect::Gemini), Some("sig=="));
    assert_eq!(call.signature.as_ref().unwrap().for_target(Dialect::Chat), None);
}

#[test]
fn an_answer_without_an_end_is_an_error() {
    let events = [Event::MessageStart { id: "m".into(), model: "x".into() }];
    for end in [End::Truncated, End::Failed] {
        let out = encoded(&events, end, &wish());
        check_laws(&out, &wish());
        assert!(!String::from_utf8(out).unwrap().contains("[DONE]"));
    }
    assert_eq!(whole(&events, &wish()).status, 502);
    let out = encoded(&[], End::Done, &wish());
    check_laws(&out, &wish());
}

#[test]
fn arguments_that_were_cut_stay_cut_and_missing_ones_are_an_object() {
    for (stop_reason, expected) in [(StopReason::ToolUse, "{}"), (StopReason::MaxTokens, "")] {
        let events = vec![
            Event::ContentBlockStart { index: 0, block_type: BlockType::ToolUse, data: None },
            Event::ToolUseStart { index: 0, id: "c".into(), name: "f".into() },
            Event::ToolUseStop { index: 0, id: "c".into() },
            Event::ContentBlockStop { index: 0 },
            Event::MessageStop { stop_reason, stop_sequence: None },
        ];
        let out = String::from_utf8(encoded(&events, End::Done, &wish())).unwrap();
        assert_eq!(out.contains(r#"{"index":0,"function":{"arguments":"{}"}}"#), expected == "{}");
        let body: Value = serde_json::from_slice(&whole(&events, &wish()).body).unwrap();
        let call = &body["choices"][0]["message"]["tool_calls"][0];
        assert_eq!(call["function"]["arguments"], expected);
    }
}

#[test]
fn counts_include_what_the_hub_keeps_apart() {
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 9,
        cache_read_tokens: 100,
        cache_write_5m_tokens: 20,
        cache_write_1h_tokens: 3,
        reasoning_tokens: 4,
    };
    let stop = Event::MessageStop { stop_reason: StopReason::EndTurn, stop_sequence: None };
    let body: Value =
        serde_json::from_slice(&whole(&[Event::Usage(usage), stop], &wish()).body).unwrap();
    assert_eq!(
        body["usage"],
        serde_json::json!({
            "prompt_tokens": 133, "completion_tokens": 9, "total_tokens": 142,
            "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 23},
            "completion_tokens_details": {"reasoning_tokens": 4},
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_chunking_gives_the_same_bytes(pick: prop::sample::Index, cuts: Vec<prop::sample::Index>) {
        let all = recorded();
        let (dialect, case, bytes) = &all[pick.index(all.len())];
        let mut at: Vec<usize> = cuts.iter().map(|it| it.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|it| &bytes[it[0]..it[1]]);
        let (cut, _) = translated(*dialect, pieces, &wish());
        let (whole, _) = translated(*dialect, [&**bytes], &wish());
        prop_assert_eq!(cut, whole, "{} {}", dialect, case);
    }

    #[test]
    fn a_stream_cut_anywhere_never_ends_clean(pick: prop::sample::Index, at: prop::sample::Index) {
        let all = recorded();
        let (dialect, _, bytes) = &all[pick.index(all.len())];
        let (out, end) = translated(*dialect, [&bytes[..at.index(bytes.len() + 1)]], &wish());
        check_laws(&out, &wish());
        let done = String::from_utf8(out).unwrap().ends_with("data: [DONE]\n\n");
        prop_assert_eq!(done, end == End::Done);
    }
}

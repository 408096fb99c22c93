//! Gemini on both sides of the hub, over every recorded request and answer.
//!
//! Owns: what a list of events or a request amounts to here.
//! Must not know: how anything is written.

#[path = "../../../tests/golden/grammar/gemini.rs"]
mod grammar;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Codec, StreamEncoder};
use crate::decode::{self, StreamDecoder};
use crate::dialect::Dialect;
use crate::event::{BlockType, End, Event, StopReason, Usage};
use crate::fault::Fault;
use crate::request::{Part, PartKind, Request, Role, Signature, ToolCall, ToolResult, Turn};
use crate::translate::{ClientWish, Encoder, RequestCodec};

fn fixtures(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let files = std::fs::read_dir(&folder).expect("fixtures").map(|it| it.expect("a file").path());
    let mut files: Vec<PathBuf> =
        files.filter(|it| it.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn body_of(file: &Path) -> Vec<u8> {
    let recorded: Value =
        serde_json::from_slice(&std::fs::read(file).expect("text")).expect("JSON");
    recorded["body"].to_string().into_bytes()
}

fn dump(request: &Request) -> String {
    format!("{request:#?}")
}

#[test]
fn every_recorded_request_comes_back_the_same_and_loses_nothing() {
    for file in fixtures("requests/gemini", "json") {
        let read = Codec::read(&body_of(&file)).expect("a request");
        let written = Codec::write(&read).expect("a body");
        assert_eq!(written.losses, [], "{}", file.display());
        let again = Codec::read(&written.body).expect("our own body");
        assert_eq!(dump(&again), dump(&read), "{}", file.display());
    }
}

/// What a stream means: blocks in order, arguments as values.
fn meaning(events: &[Event]) -> Value {
    let mut text = String::new();
    let mut thinking = String::new();
    let mut calls: Vec<(u32, String, String, String)> = Vec::new();
    let (mut usage, mut stop, mut error) = (Usage::default(), None, None);
    for event in events {
        match event {
            Event::TextDelta { text: piece, .. } => text.push_str(piece),
            Event::ThinkingDelta { thinking: piece, .. } => thinking.push_str(piece),
            Event::ToolUseStart { index, id, name } => {
                calls.push((*index, id.clone(), name.clone(), String::new()));
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                let call = calls.iter_mut().find(|it| it.0 == *index).expect("a call");
                call.3.push_str(partial_json);
            }
            Event::Usage(told) => usage = *told,
            Event::MessageStop { stop_reason, .. } => stop = Some(*stop_reason),
            Event::Error { .. } => error = Some(true),
            _ => {}
        }
    }
    let calls: Vec<Value> = calls
        .iter()
        .map(|(_, id, name, arguments)| {
            json!([id, name, serde_json::from_str::<Value>(arguments).unwrap_or(json!(arguments))])
        })
        .collect();
    let written = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens;
    json!({
        "text": text,
        "thinking": thinking,
        "calls": calls,
        "stop": stop.map(in_gemini),
        "error": error,
        // Gemini cannot tell what was written to a cache from other input.
        // A failed answer has no last chunk to count in.
        "usage": error.is_none().then_some([usage.input_tokens + written, usage.cache_read_tokens, usage.output_tokens,
            usage.reasoning_tokens]),
    })
}

/// Reasons that Gemini tells apart.
fn in_gemini(reason: StopReason) -> &'static str {
    super::stream::finish_reason(reason)
}

fn decode(dialect: Dialect, bytes: &[u8]) -> Vec<Event> {
    let mut decoder = StreamDecoder::new(dialect);
    let mut events = Vec::new();
    decoder.push(bytes, &mut events);
    decoder.end(&mut events);
    events
}

fn encode(events: &[Event], upstream: Dialect, end: End) -> Vec<u8> {
    let wish = ClientWish { upstream: Some(upstream), ..ClientWish::default() };
    let mut encoder = StreamEncoder::new(wish);
    let mut out = Vec::new();
    for event in events {
        encoder.on_event(event, &mut out);
    }
    encoder.on_end(end, &mut out);
    out
}

#[test]
fn every_recorded_stream_means_the_same_in_gemini() {
    for dialect in Dialect::ALL {
        for file in fixtures(dialect.as_str(), "sse") {
            let bytes = std::fs::read(&file).expect("bytes");
            if !bytes.starts_with(b"data") && !bytes.starts_with(b"event") {
                continue;
            }
            let events = decode(dialect, &bytes);
            let there = encode(&events, dialect, End::Truncated);
            grammar::check(&there);
            let back = decode(Dialect::Gemini, &there);
            assert_eq!(meaning(&back), meaning(&events), "{}", file.display());
        }
    }
}

#[test]
fn a_whole_answer_means_what_the_stream_means() {
    for dialect in Dialect::ALL {
        for file in fixtures(dialect.as_str(), "json") {
            if file.to_string_lossy().ends_with(".meta.json") {
                continue;
            }
            let body = std::fs::read(&file).expect("bytes");
            let Ok(events) = decode::whole(dialect, &body) else { continue };
            let wish = ClientWish { upstream: Some(dialect), ..ClientWish::default() };
            let whole = super::whole(&events, &wish);
            let back = decode::whole(Dialect::Gemini, &whole.body).expect("an answer");
            assert_eq!(meaning(&back), meaning(&events), "{}", file.display());
            assert_eq!(
                whole.status >= 400,
                events.iter().any(|it| matches!(it, Event::Error { .. }))
            );
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let index = 0u32..4;
    prop_oneof![
        (
            index.clone(),
            prop_oneof![
                Just(BlockType::Text),
                Just(BlockType::Thinking),
                Just(BlockType::ToolUse),
                Just(BlockType::RedactedThinking),
                Just(BlockType::Other),
            ]
        )
            .prop_map(|(index, block_type)| Event::ContentBlockStart {
                index,
                block_type,
                data: (block_type == BlockType::RedactedThinking).then(|| "x".to_owned()),
            }),
        (index.clone(), "\\PC{0,8}").prop_map(|(index, text)| Event::TextDelta { index, text }),
        (index.clone(), "\\PC{0,8}")
            .prop_map(|(index, thinking)| Event::ThinkingDelta { index, thinking }),
        (index.clone(), "[a-z]{0,8}")
            .prop_map(|(index, signature)| Event::SignatureDelta { index, signature }),
        index.clone().prop_map(|index| Event::ToolUseStart {
            index,
            id: format!("id{index}"),
            name: "tool".to_owned(),
        }),
        (index.clone(), "[{}a\":1,]{0,6}").prop_map(|(index, partial_json)| {
            Event::ToolUseInputDelta { index, id: format!("id{index}"), partial_json }
        }),
        index.prop_map(|index| Event::ContentBlockStop { index }),
        any::<u32>().prop_map(|n| Event::Usage(Usage {
            input_tokens: n.into(),
            output_tokens: 3,
            reasoning_tokens: 9,
            ..Usage::default()
        })),
        Just(Event::Ping),
        Just(Event::MessageStop { stop_reason: StopReason::ToolUse, stop_sequence: None }),
        Just(Event::Error { error_type: "overloaded_error".into(), message: "m".into() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_events_give_a_stream_with_one_end(
        events in proptest::collection::vec(event(), 0..30),
        end in prop_oneof![Just(End::Done), Just(End::Truncated), Just(End::Failed)],
    ) {
        grammar::check(&encode(&events, Dialect::Anthropic, end));
    }

    #[test]
    fn arbitrary_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(Codec::read(&body));
    }

    #[test]
    fn arbitrary_json_never_panics(
        body in "\\{\"(contents|tools|generationConfig|toolConfig|systemInstruction)\":[\\[\\]{}\":,a1]{0,40}\\}"
    ) {
        drop(Codec::read(body.as_bytes()));
    }
}

fn turn(role: Role, parts: Vec<PartKind>) -> Turn {
    Turn { role, parts: parts.into_iter().map(Part::new).collect() }
}

fn call(id: &str, arguments: &str) -> PartKind {
    PartKind::ToolCall(ToolCall {
        id: id.to_owned(),
        item_id: None,
        name: format!("tool_{id}"),
        arguments: arguments.to_owned(),
        free_text: false,
        signature: None,
    })
}

fn result(id: &str, text: &str) -> PartKind {
    PartKind::ToolResult(ToolResult {
        call_id: id.to_owned(),
        name: None,
        content: vec![Part::text(text)],
        is_error: false,
        free_text: false,
    })
}

fn contents_of(turns: Vec<Turn>) -> (Value, Vec<&'static str>) {
    let written = Codec::write(&Request { turns, ..Request::default() }).expect("a body");
    let body: Value = serde_json::from_slice(&written.body).expect("JSON");
    (body["contents"].clone(), written.losses.iter().map(|it| it.field).collect())
}

#[test]
fn answers_stand_behind_their_calls_in_the_order_of_the_calls() {
    let (contents, losses) = contents_of(vec![
        turn(Role::User, vec![PartKind::Text("go".into())]),
        turn(Role::Assistant, vec![call("a", "{\"x\":0.10}"), call("b", "")]),
        turn(Role::User, vec![result("b", "two"), PartKind::Text("and".into())]),
        turn(Role::User, vec![result("a", "{\"n\":1.50}")]),
    ]);
    assert_eq!(losses, Vec::<&str>::new());
    assert_eq!(contents.as_array().map(Vec::len), Some(3));
    assert_eq!(contents[2]["parts"][0]["functionResponse"]["name"], "tool_a");
    assert_eq!(contents[2]["parts"][1]["functionResponse"]["response"]["output"], "two");
    assert_eq!(contents[2]["parts"][2]["text"], "and");
}

/// What an agent sends that was answered: nothing but results stands between two turns of the
/// model, and every turn before stays as it was (prompt caches depend on it).
#[test]
fn a_turn_of_nothing_but_answers_keeps_the_models_turns_apart() {
    let said = |text: &str| PartKind::Text(text.to_owned());
    let turns = [
        turn(Role::User, vec![said("go")]),
        turn(Role::Assistant, vec![call("a", "{}")]),
        turn(Role::User, vec![result("a", "one")]),
        turn(Role::Assistant, vec![said("found it"), call("b", "{}")]),
        turn(Role::User, vec![result("b", "two")]),
        turn(Role::Assistant, vec![said("done")]),
        turn(Role::User, vec![said("thanks")]),
    ];
    let (contents, losses) = contents_of(turns.to_vec());
    assert_eq!(losses, Vec::<&str>::new());
    let roles: Vec<&str> =
        contents.as_array().expect("a list").iter().filter_map(|it| it["role"].as_str()).collect();
    assert_eq!(roles, ["user", "model", "user", "model", "user", "model", "user"]);
    for (at, answer) in [(2, "one"), (4, "two")] {
        let parts = contents[at]["parts"].as_array().expect("a list");
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0]["functionResponse"]["response"]["output"], answer);
    }
    for n in [3, 5] {
        let (shorter, _) = contents_of(turns[..n].to_vec());
        assert_eq!(shorter.as_array().map(Vec::as_slice), contents.as_array().map(|it| &it[..n]));
    }
}

#[test]
fn arguments_and_json_answers_keep_their_bytes() {
    let turns = vec![
        turn(Role::User, vec![PartKind::Text("go".into())]),
        turn(Role::Assistant, vec![call("a", "{\"x\": 0.10,  \"y\":1e400}")]),
        turn(Role::User, vec![result("a", "{\"n\":1.50}")]),
    ];
    let written = Codec::write(&Request { turns, ..Request::default() }).expect("a body");
    let body = String::from_utf8(written.body).expect("text");
    assert!(body.contains("\"args\":{\"x\": 0.10,  \"y\":1e400}"), "{body}");
    assert!(body.contains("\"response\":{\"output\":{\"n\":1.50}}"), "{body}");
}

#[test]
fn odd_conversations_are_laid_out_by_rule() {
    let (contents, losses) = contents_of(vec![
        turn(Role::Assistant, vec![call("a", "{}")]),
        turn(Role::Assistant, vec![]),
        turn(Role::System, vec![PartKind::Text("be brief".into())]),
        turn(Role::User, vec![result("gone", "old")]),
    ]);
    assert_eq!(contents[0], json!({ "parts": [{ "text": "Continue." }], "role": "user" }));
    assert_eq!(contents[1]["role"], "model");
    let behind = &contents[2]["parts"];
    assert_eq!(behind[0]["functionResponse"]["response"]["error"], "the tool was not run");
    assert_eq!(behind[1]["text"], "be brief");
    assert_eq!(behind[2]["text"], "old");
    assert_eq!(losses, ["turns.role", "turns.tool_result", "turns.tool_call"]);
}

#[test]
fn a_late_result_is_put_behind_its_call_and_a_second_one_is_text() {
    let said = |it: &str| PartKind::Text(it.into());
    let (contents, losses) = contents_of(vec![
        turn(Role::User, vec![said("go")]),
        turn(Role::Assistant, vec![call("a", "{}")]),
        turn(Role::User, vec![said("hm")]),
        turn(Role::Assistant, vec![said("wait")]),
        turn(Role::User, vec![result("a", "late"), result("a", "later")]),
    ]);
    let roles: Vec<&Value> =
        contents.as_array().expect("a list").iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["user", "model", "user", "model", "user"]);
    assert_eq!(contents[2]["parts"][0]["functionResponse"]["response"]["output"], "late");
    assert_eq!(contents[2]["parts"][1]["text"], "hm");
    assert_eq!(contents[4]["parts"], json!([{ "text": "later" }]));
    assert_eq!(losses, ["turns.tool_result"]);
}

#[test]
fn only_the_own_signature_goes_back() {
    let thought = |origin| PartKind::Thinking {
        text: "hm".into(),
        signature: Some(Signature { origin, data: "sig".into() }),
        redacted: false,
    };
    let (contents, losses) = contents_of(vec![
        turn(Role::User, vec![PartKind::Text("go".into())]),
        turn(Role::Assistant, vec![thought(Dialect::Gemini), thought(Dialect::Anthropic)]),
    ]);
    let parts = contents[1]["parts"].as_array().expect("parts");
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0]["thoughtSignature"], "sig");
    assert_eq!(losses, ["thinking"]);
}

#[test]
fn calls_without_ids_are_paired_by_name_and_order() {
    let body = json!({ "contents": [
        { "role": "model", "parts": [
            { "functionCall": { "name": "f", "args": { "n": 1 } } },
            { "functionCall": { "name": "g" } },
            { "functionCall": { "name": "f", "args": { "n": 2 } } },
        ] },
        { "role": "user", "parts": [
            { "functionResponse": { "name": "f", "response": { "output": 1 } } },
            { "functionResponse": { "name": "f", "response": { "output": 2 } } },
            { "functionResponse": { "name": "g", "response": { "error": "no" } } },
        ] },
    ] });
    let request = Codec::read(body.to_string().as_bytes()).expect("a request");
    let ids = |turn: &Turn| -> Vec<String> {
        let ids = turn.parts.iter().map(|it| match &it.kind {
            PartKind::ToolCall(call) => call.id.clone(),
            PartKind::ToolResult(result) => result.call_id.clone(),
            other => panic!("{other:?}"),
        });
        ids.collect()
    };
    assert_eq!(ids(&request.turns[0]), ["call_0_f", "call_1_g", "call_2_f"]);
    assert_eq!(ids(&request.turns[1]), ["call_0_f", "call_2_f", "call_1_g"]);
}

#[test]
fn googles_own_schema_becomes_json_schema() {
    let body = json!({ "contents": "hi", "tools": [{ "functionDeclarations": [{
        "name": "f",
        "parameters": { "type": "OBJECT", "properties": {
            "type": { "type": "STRING", "nullable": true },
            "list": { "type": "ARRAY", "items": { "type": "INTEGER" }, "maxItems": "3" },
        } },
    }] }] });
    let request = Codec::read(body.to_string().as_bytes()).expect("a request");
    let written = Codec::write(&request).expect("a body");
    let body: Value = serde_json::from_slice(&written.body).expect("JSON");
    let schema = &body["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"];
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["properties"]["type"]["type"], json!(["string", "null"]));
    assert_eq!(schema["properties"]["list"]["maxItems"], 3);
}

#[test]
fn schemas_keep_the_order_and_the_digits_of_their_members() {
    let schema = r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"number","minimum":0.10}},"required":["why","answer"]}"#;
    let own =
        schema.replace("object", "OBJECT").replace("string", "STRING").replace("number", "NUMBER");
    for member in ["parameters", "parametersJsonSchema"] {
        let told = if member == "parameters" { own.as_str() } else { schema };
        let body = format!(
            r#"{{"contents":[],"tools":[{{"functionDeclarations":[{{"name":"f","{member}":{told}}}]}}]}}"#
        );
        let request = Codec::read(body.as_bytes()).expect("a request");
        let written =
            String::from_utf8(Codec::write(&request).expect("a body").body).expect("text");
        assert!(written.contains(schema), "{written}");
    }
}

#[test]
fn a_fault_keeps_its_status_and_says_when_to_come_back() {
    let fault =
        Fault::from_response(429, |name: &str| (name == "retry-after").then_some("7"), b"", 0);
    let whole = super::error(&fault);
    let body: Value = serde_json::from_slice(&whole.body).expect("JSON");
    assert_eq!((whole.status, &body["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert_eq!(body["error"]["details"][0]["retryDelay"], "7s");
}

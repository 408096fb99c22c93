//! Bodies of this dialect, there and back.
//!
//! Owns: "nothing is lost on the way to the hub and home", and what is refused.
//! Must not know: what other dialects send.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixtures;
use crate::dialect::Dialect;
use crate::request::{Format, PartKind, Request, Role, Source, Tool, ToolChoice};
use crate::translate::anthropic::Codec;
use crate::translate::{RequestCodec, TranslateError};

/// Reads, writes and reads again; gives what was written.
fn round(what: &str, body: &[u8]) -> Value {
    let read = Codec::read(body).unwrap_or_else(|error| panic!("{what}: {error}"));
    let written = Codec::write(&read).unwrap();
    assert_eq!(written.losses, [], "{what}");
    let again = Codec::read(&written.body).unwrap();
    assert_eq!(dump(read), dump(again), "{what}");
    serde_json::from_slice(&written.body).unwrap()
}

/// Everything a request says; the order of the body's members says nothing.
fn dump(mut request: Request) -> String {
    request.rest.sort_by(|a, b| a.name.cmp(&b.name));
    format!("{request:?}")
}

/// A body in the one of its spellings that is written: a lone text block is a string.
fn settled(mut body: Value) -> Value {
    fn settle(content: &mut Value) {
        if let Some([one]) = content.as_array().map(Vec::as_slice)
            && one["type"] == "text"
            && one.as_object().unwrap().len() == 2
        {
            *content = one["text"].clone();
        }
    }
    settle(&mut body["system"]);
    for message in body["messages"].as_array_mut().unwrap() {
        for block in message["content"].as_array_mut().into_iter().flatten() {
            if block["type"] == "tool_result" {
                settle(&mut block["content"]);
            }
        }
        settle(&mut message["content"]);
    }
    if body["system"].is_null() {
        body.as_object_mut().unwrap().remove("system");
    }
    body
}

#[test]
fn every_recorded_request_comes_home_as_it_left() {
    let mut compared = 0;
    for (case, bytes) in fixtures("requests/anthropic", ".json") {
        let fixture: Value = serde_json::from_slice(&bytes).unwrap();
        for form in ["body", "body_stream"] {
            // As written in the fixture, white space and order of keys included.
            let raw: std::collections::HashMap<String, &serde_json::value::RawValue> =
                serde_json::from_slice(&bytes).unwrap();
            let what = format!("{case}.{form}");
            let home = round(&what, raw[form].get().as_bytes());
            assert_eq!(home, settled(fixture[form].clone()), "{what}");
            compared += 1;
        }
    }
    assert_eq!(compared, 30);
}

#[test]
fn what_the_hub_has_no_name_for_comes_home_where_it_was() {
    let body = json!({
        "model": "claude-sonnet-5-5",
        "max_tokens": 64000,
        "stream": true,
        "cache_control": {"type": "ephemeral"},
        "container": "c_1",
        "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
        "inference_geo": "eu",
        "metadata": {"user_id": "u", "trace": "t"},
        "output_config": {"effort": "max", "task_budget": {"total": 5}},
        "service_tier": "standard_only",
        "speed": "fast",
        "system": [
            {"type": "text", "text": "a", "citations": null},
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
        ],
        "thinking": {"type": "adaptive", "display": "summarized"},
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "tools": [
            {"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object", "x-odd": 1},
             "strict": true, "defer_loading": true, "input_examples": [{}]},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            {"type": "bash_20250124", "name": "bash"}
        ],
        "messages": [
            {"role": "system", "content": "mind the gap", "output_config": {"effort": "low"}},
            {"role": "user", "content": [
                {"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}},
                {"type": "image", "source": {"type": "url", "url": "https://a.example/x.png"}, "transformations": {"oversized_image": "error"}},
                {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
                {"type": "document", "title": "T", "context": "c", "citations": {"enabled": true},
                 "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]},
                 "title": "U", "cache_control": {"type": "ephemeral"}},
                {"type": "search_result", "source": "s", "title": "t", "content": []}
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig=="},
                {"type": "redacted_thinking", "data": "hidden=="},
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "text", "text": "cited", "citations": [{"type": "page_location"}]},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 0.10}, "caller": {"type": "direct"}}
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
                    {"type": "text", "text": "no", "cache_control": {"type": "ephemeral"}},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}, "transformations": {}},
                    {"type": "tool_reference", "tool_name": "g"}
                ], "toolset_name": "browser"},
                {"type": "text", "text": "go on"}
            ]}
        ]
    });
    // Five breakpoints: one in five would go, so the body of the test has four and one less here.
    let mut body = body;
    body["messages"][1]["content"][0].as_object_mut().unwrap().remove("cache_control");
    let home = round("own", body.to_string().as_bytes());
    let mut expected = settled(body);
    // A function is a function: the type it has by default is not written.
    expected["tools"][0].as_object_mut().unwrap().remove("type");
    assert_eq!(home, expected);
}

#[test]
fn members_are_read_in_any_order() {
    let body = br#"{"messages":[{"content":[{"content":[{"text":"r","type":"text"}],"tool_use_id":"t","type":"tool_result"},
        {"text":"hi","cache_control":{"type":"ephemeral"},"type":"text"},
        {"source":{"data":"AA","media_type":"image/png","type":"base64"},"type":"image"}],"role":"user"}],"model":"m"}"#;
    let request = Codec::read(body).unwrap();
    let [result, text, image] = &request.turns[0].parts[..] else { panic!() };
    let PartKind::ToolResult(result) = &result.kind else { panic!() };
    assert!(matches!(&result.content[0].kind, PartKind::Text(it) if it == "r"));
    assert!(matches!(&text.kind, PartKind::Text(it) if it == "hi") && text.cache.is_some());
    let png = Source::Base64 { media_type: "image/png".to_owned(), data: "AA".to_owned() };
    assert!(matches!(&image.kind, PartKind::Image { source, .. } if *source == png));
    assert_eq!(request.turns[0].role, Role::User);
}

#[test]
fn members_land_where_the_hub_has_them() {
    let body = json!({
        "model": "claude-opus-4-6", "max_tokens": 100, "stream": false,
        "temperature": 0.5, "stop_sequences": ["a", "b"], "metadata": {"user_id": "u"},
        "thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
        "output_config": {"effort": "xhigh", "format": {"type": "json_schema", "schema": {"type": "object", "properties": {}, "additionalProperties": false}}},
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true},
        "messages": [{"role": "user", "content": "x"}]
    });
    let request = Codec::read(body.to_string().as_bytes()).unwrap();
    assert_eq!(request.model, "claude-opus-4-6");
    assert_eq!(request.sampling.max_tokens.unwrap().get(), "100");
    assert_eq!(request.sampling.temperature.unwrap().get(), "0.5");
    assert_eq!(request.sampling.stop, ["a", "b"]);
    assert_eq!(request.user.as_deref(), Some("u"));
    let thinking = request.thinking.unwrap();
    assert_eq!((thinking.enabled, thinking.budget), (Some(true), Some(2048)));
    assert_eq!(
        (thinking.effort.as_deref(), thinking.show.as_deref()),
        (Some("xhigh"), Some("omitted"))
    );
    assert!(matches!(request.format, Some(Format::Schema { .. })));
    assert!(matches!(&request.tools[..], [Tool::Function { name, .. }] if name == "f"));
    assert_eq!(request.tool_choice, Some(ToolChoice::One("f".to_owned())));
    assert_eq!((request.parallel_tools, request.stream), (Some(false), Some(false)));
}

#[test]
fn a_body_that_is_no_request_is_told_by_member_and_never_by_value() {
    let cases = [
        ("{", "body"),
        ("[]", "body"),
        (r#"{"model":5}"#, "model"),
        (r#"{"messages":"secret"}"#, "messages"),
        (r#"{"messages":["secret"]}"#, "messages[0].role"),
        (r#"{"messages":[{"role":"secret","content":""}]}"#, "messages[0].role"),
        (r#"{"messages":[{"role":"user","content":7}]}"#, "messages[0].content"),
        (r#"{"messages":[{"role":"user","content":["secret"]}]}"#, "messages[0].content[0].type"),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":{"secret":1}}]}]}"#,
            "messages[0].content[0].text",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":"secret"}]}]}"#,
            "messages[0].content[0].source",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"tool_result","tool_use_id":"b"}]}]}]}"#,
            "messages[0].content[0].content[0]",
        ),
        (r#"{"tools":[{"description":"secret"}]}"#, "tools[0].name"),
        (r#"{"tool_choice":{"type":"secret"}}"#, "tool_choice.type"),
        (r#"{"stop_sequences":"secret"}"#, "stop_sequences"),
        (r#"{"stream":"secret"}"#, "stream"),
    ];
    for (body, named) in cases {
        match Codec::read(body.as_bytes()) {
            Err(TranslateError::Invalid { field, message }) => {
                assert_eq!(field, named, "{body}");
                assert!(!message.contains("secret"), "{body}: {message}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn depth_ends_in_an_error_and_never_in_the_stack() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let raw = format!(r#"{{"model":"m","odd":{}}}"#, deep("[", "]"));
    Codec::read(raw.as_bytes()).map(|it| Codec::write(&it)).unwrap().unwrap();
    let schema = format!(
        r#"{{"model":"m","messages":[],"output_config":{{"format":{{"type":"json_schema","schema":{0}}}}},"tools":[{{"name":"f","input_schema":{0}}}]}}"#,
        deep(r#"{"properties":{"a":"#, "}}")
    );
    Codec::read(schema.as_bytes()).map(|it| Codec::write(&it)).unwrap().unwrap();
    for nest in [
        deep(r#"{"content":["#, r#"],"type":"tool_result","tool_use_id":"a"}"#),
        deep(r#"{"type":"tool_result","tool_use_id":"a","content":["#, "]}"),
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{nest}]}}]}}"#);
        assert!(Codec::read(body.as_bytes()).is_err());
    }
}

#[test]
fn foreign_signatures_and_those_of_calls_find_their_way_back() {
    let body = json!({"model": "m", "messages": [{"role": "assistant", "content": [
        {"type": "thinking", "thinking": "a", "signature": "dp1.responses.R"},
        {"type": "thinking", "thinking": "", "signature": "call.dp1.gemini.G"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    ]}]});
    let request = Codec::read(body.to_string().as_bytes()).unwrap();
    let [thought, call] = &request.turns[0].parts[..] else { panic!("{request:?}") };
    let PartKind::Thinking { signature: Some(it), .. } = &thought.kind else { panic!() };
    assert_eq!((it.origin, it.data.as_str()), (Dialect::Responses, "R"));
    let PartKind::ToolCall(call) = &call.kind else { panic!() };
    let it = call.signature.as_ref().unwrap();
    assert_eq!((it.origin, it.data.as_str()), (Dialect::Gemini, "G"));
    let written = Codec::write(&request).unwrap();
    let body = String::from_utf8(written.body).unwrap();
    assert!(!body.contains("dp1.") && !body.contains("thinking"), "{body}");
    assert_eq!(written.losses.len(), 3, "{:?}", written.losses);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z_]{0,6}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        "[a-z]{1,3}",
        Just("type".to_owned()),
        Just("content".to_owned()),
        Just("role".to_owned()),
        Just("text".to_owned()),
        Just("messages".to_owned()),
        Just("tools".to_owned()),
        Just("source".to_owned()),
        Just("system".to_owned()),
        Just("thinking".to_owned()),
        Just("output_config".to_owned()),
        Just("tool_choice".to_owned()),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_are_a_request_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Codec::read(&body);
    }

    #[test]
    fn any_json_is_a_request_or_an_error(body in any_json()) {
        if let Ok(request) = Codec::read(body.to_string().as_bytes())
            && let Ok(written) = Codec::write(&request)
        {
            prop_assert!(serde_json::from_slice::<Value>(&written.body).is_ok());
            Codec::read(&written.body).unwrap();
        }
    }

    #[test]
    fn a_cut_body_is_an_error(cut in 0_usize..400) {
        let body = br#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"\u00e9 \ud83d\ude00"},{"type":"tool_result","tool_use_id":"t","content":"x"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#;
        if let Some(head) = body.get(..cut.min(body.len() - 1)) {
            prop_assert!(Codec::read(head).is_err());
        }
    }
}

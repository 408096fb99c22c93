//! What clients send that they should not, and bytes that are no request at all.

use proptest::prelude::*;
use serde_json::json;

use super::{Codec, files, read, written};
use crate::request::{PartKind, Role, ToolChoice};
use crate::translate::{RequestCodec, TranslateError};

fn refusal(body: &str) -> (String, String) {
    match Codec::read(body.as_bytes()) {
        Err(TranslateError::Invalid { field, message }) => (field, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_that_is_no_request_is_refused_by_name() {
    for (body, field) in [
        ("", "body"),
        ("[]", "body"),
        ("{", "body"),
        ("{}", "model"),
        (r#"{"model":""}"#, "model"),
        (r#"{"model":5}"#, "model"),
        (r#"{"model":"m","stream":"yes"}"#, "stream"),
        (r#"{"model":"m","temperature":"hot"}"#, "temperature"),
        (r#"{"model":"m","input":{}}"#, "input"),
        (r#"{"model":"m","input":["x"]}"#, "input[0]"),
        (r#"{"model":"m","tools":{}}"#, "tools"),
        (r#"{"model":"m","tools":[{"type":"function"}]}"#, "tools[].name"),
        (r#"{"model":"m","text":{"format":{"type":"json_schema"}}}"#, "text.format.schema"),
    ] {
        assert_eq!(refusal(body).0, field, "{body}");
    }
    let secret = r#"{"model":"m","stream":"sk-secret"}"#;
    let (field, message) = refusal(secret);
    assert!(!field.contains("secret") && !message.contains("secret"));
    let deep = format!(r#"{{"model":"m","x":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(refusal(&deep).1, "is nested too deeply");
    assert!(Codec::read(b"{\"model\":\"\xff\"}").is_err());
}

#[test]
fn loose_spellings_are_understood() {
    let request = read(&json!({
        "model": "m", "temperature": null, "tools": null, "instructions": null,
        "tool_choice": "any",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "input": [
            {"role": "user", "content": [{"type": "text", "text": "a"}, "b"]},
            {"role": "assistant", "content": null},
            {"type": "function_call", "call_id": 7, "name": "f", "arguments": {"a": [1, 2]}},
            {"type": "function_call_output", "call_id": "7", "output": {"ok": true}},
            {"role": "tool", "content": "?"},
            {"type": "reasoning", "summary": []},
        ],
    }));
    assert_eq!(request.tool_choice, Some(ToolChoice::Any));
    assert_eq!(request.tools.len(), 1);
    let roles: Vec<_> = request.turns.iter().map(|it| (it.role, it.parts.len())).collect();
    assert_eq!(roles, [(Role::User, 2), (Role::Assistant, 1), (Role::User, 2)]);
    let PartKind::ToolCall(call) = &request.turns[1].parts[0].kind else { panic!() };
    assert_eq!((call.id.as_str(), call.arguments.as_str()), ("7", r#"{"a":[1,2]}"#));
    let PartKind::ToolResult(result) = &request.turns[2].parts[0].kind else { panic!() };
    assert!(matches!(&result.content[0].kind, PartKind::Text(it) if it == r#"{"ok":true}"#));
    assert!(matches!(&request.turns[2].parts[1].kind, PartKind::Unknown(_)));
}

#[test]
fn half_a_surrogate_pair_becomes_a_replacement_character() {
    let body = br#"{"model":"m","input":"x\ud83d y"}"#;
    let request = Codec::read(body).unwrap();
    let PartKind::Text(text) = &request.turns[0].parts[0].kind else { panic!() };
    assert!(text.starts_with('x') && text.ends_with(" y") && text.contains('\u{fffd}'), "{text}");
}

#[test]
fn the_last_of_two_members_of_one_name_counts() {
    let request = Codec::read(br#"{"model":"a","model":"b","input":"x"}"#).unwrap();
    assert_eq!(request.model, "b");
}

thread_local! {
    static BODIES: Vec<Vec<u8>> = files("requests/responses", ".json")
        .iter()
        .map(|(_, bytes)| {
            let recorded: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            recorded["body"].to_string().into_bytes()
        })
        .collect();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Codec::read(&bytes);
    }

    #[test]
    fn no_cut_or_changed_request_does_harm(
        case in 0_usize..15, cut in 0_usize..1000, byte in any::<u8>(), whole in any::<bool>(),
    ) {
        let mut body = BODIES.with(|it| it[case].clone());
        let at = body.len() * cut / 1000;
        if whole { body[at] = byte } else { body.truncate(at) }
        if let Ok(request) = Codec::read(&body) {
            let (_, losses) = written(&request);
            prop_assert!(losses.len() < 50);
        }
    }

    #[test]
    fn json_of_any_shape_in_any_place_does_no_harm(
        place in 0_usize..12, value in shapes(),
    ) {
        let names = ["input", "tools", "tool_choice", "reasoning", "text", "include",
            "instructions", "user", "metadata", "stream", "service_tier", "previous_response_id"];
        let mut body = json!({"model": "m", "input": "x"});
        body[names[place]] = value;
        if let Ok(request) = Codec::read(body.to_string().as_bytes()) {
            let (again, _) = written(&request);
            // What was written is a request again.
            prop_assert_eq!(read(&again).model, request.model);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn both_ways_of_reading_an_item_read_the_same(
        items in proptest::collection::vec(items(), 0..6),
    ) {
        let quick = json!({"model": "m", "input": items});
        let mut slow = quick.clone();
        for item in slow["input"].as_array_mut().unwrap() {
            // A member nobody knows and that says nothing.
            item["unheard_of"] = serde_json::Value::Null;
        }
        let read = |it: &serde_json::Value| {
            let dump = Codec::read(it.to_string().as_bytes()).map(|it| super::dump(&it));
            // An item that is kept whole keeps it.
            let dump = dump.map(|it| it.replace(",\"unheard_of\":null", ""));
            dump.map(|it| it.replace("\"unheard_of\":null", ""))
        };
        prop_assert_eq!(read(&quick), read(&slow));
    }
}

/// Items as clients send them, and almost.
fn items() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![Just(""), Just("a"), Just("é\n\"")].prop_map(str::to_owned);
    let part = (
        prop_oneof![
            Just("input_text"),
            Just("output_text"),
            Just("refusal"),
            Just("input_image"),
            Just("summary_text"),
            Just("reasoning_text"),
            Just("input_file"),
            Just("?"),
        ],
        proptest::option::weighted(
            0.9,
            prop_oneof![
                Just("text"),
                Just("refusal"),
                Just("image_url"),
                Just("file_id"),
                Just("annotations"),
            ],
        ),
        text.clone(),
    )
        .prop_map(|(kind, member, text)| {
            let mut part = json!({"type": kind, "text": text, "annotations": []});
            match (kind, member) {
                ("refusal", _) => part = json!({"type": kind, "refusal": text}),
                ("input_image", _) => {
                    part = json!({"type": kind, "image_url": text, "detail": null})
                }
                (_, Some(member)) => part[member] = json!(text),
                (_, None) => {}
            }
            part
        });
    let content = prop_oneof![
        text.clone().prop_map(|it| json!(it)),
        proptest::collection::vec(part, 0..4).prop_map(|it| json!(it)),
        Just(json!(null)),
        Just(json!({"a": 1})),
        Just(json!(3)),
    ];
    let kind = prop_oneof![
        Just("message"),
        Just("function_call"),
        Just("custom_tool_call"),
        Just("reasoning"),
        Just("function_call_output"),
        Just("custom_tool_call_output"),
        Just("web_search_call"),
    ];
    let role = prop_oneof![Just("user"), Just("assistant"), Just("developer"), Just("tool")];
    (kind, role, content, text, any::<u8>()).prop_map(|(kind, role, content, text, odd)| {
        let mut item = match kind {
            "message" => json!({"type": kind, "role": role, "content": content, "status": "x"}),
            "function_call" => {
                json!({"type": kind, "call_id": "c", "name": "f", "arguments": text})
            }
            "custom_tool_call" => json!({"type": kind, "id": "i", "name": "f", "input": text}),
            "reasoning" => json!({"type": kind, "summary": content, "encrypted_content": text}),
            "web_search_call" => json!({"type": kind}),
            _ => json!({"type": kind, "call_id": "c", "output": content}),
        };
        match odd {
            0..20 => item["arguments"] = json!({"a": [1.0]}),
            20..40 => item["call_id"] = json!(7),
            40..60 => item["phase"] = json!("x"),
            60..80 => {
                item.as_object_mut().unwrap().remove("type");
            }
            _ => {}
        }
        item
    })
}

fn shapes() -> impl Strategy<Value = serde_json::Value> {
    let words = prop_oneof![
        Just("type"),
        Just("role"),
        Just("content"),
        Just("name"),
        Just("tools"),
        Just("format"),
        Just("text"),
        Just("output"),
        Just("call_id"),
        Just("summary"),
        Just("arguments"),
        Just("input_text"),
        Just("function_call"),
        Just("function_call_output"),
        Just("message"),
        Just("reasoning"),
        Just("user"),
        Just("assistant"),
        Just("namespace"),
        Just("function"),
        Just("json_schema"),
        Just("allowed_tools"),
        Just("input_image"),
        Just("image_url"),
    ]
    .prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        words.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|it| it.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

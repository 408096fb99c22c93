//! Bodies nobody promised.
//!
//! Owns: what is read all the same, what is refused and how it is named, that nothing panics.
//! Must not know: other dialects.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{dump, read, write};
use crate::request::{PartKind, Role};
use crate::translate::chat::Codec;
use crate::translate::{RequestCodec, TranslateError};

fn refused(body: &str) -> String {
    match Codec::read(body.as_bytes()) {
        Err(TranslateError::Invalid { field, .. }) => field,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_wrong_body_is_blamed_by_member_and_never_quoted() {
    let deep = "[".repeat(200) + &"]".repeat(200);
    for (body, field) in [
        ("", "request"),
        ("[]", "request"),
        ("{\"messages\":[]", "request"),
        ("{}", "messages"),
        ("{\"messages\":null}", "messages"),
        ("{\"messages\":{}}", "messages"),
        ("{\"messages\":[7]}", "messages[0]"),
        ("{\"messages\":[{}]}", "messages[0].role"),
        ("{\"messages\":[{\"role\":\"user\",\"content\":7}]}", "messages[0].content"),
        ("{\"messages\":[],\"temperature\":\"warm\"}", "temperature"),
        ("{\"messages\":[],\"stream\":\"yes\"}", "stream"),
        ("{\"messages\":[],\"model\":7}", "model"),
        ("{\"messages\":[],\"stop\":[7]}", "stop"),
        ("{\"messages\":[],\"tools\":{}}", "tools"),
        ("{\"messages\":[],\"tools\":[7]}", "tools[0]"),
        (&format!("{{\"messages\":[],\"x\":{deep}}}"), "x"),
    ] {
        assert_eq!(refused(body), field, "{body}");
    }
    let secret = "{\"messages\":[{\"role\":\"user\",\"content\":\"sk-secret\",}]}";
    let told = Codec::read(secret.as_bytes()).unwrap_err().to_string();
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for body in [
        format!("{{\"messages\":{deep}}}"),
        format!("{{\"messages\":[{{\"role\":\"user\",\"content\":{deep}}}]}}"),
        format!("{{\"messages\":[{{\"role\":\"user\",\"x\":{deep}}}]}}"),
        format!("{{\"messages\":[],\"tools\":[{{\"type\":\"x\",\"x\":{deep}}}]}}"),
    ] {
        assert!(Codec::read(body.as_bytes()).is_err());
    }
}

#[test]
fn half_a_surrogate_pair_and_a_byte_order_mark_are_read() {
    for body in [
        "\u{feff}{\"messages\":[{\"role\":\"user\",\"content\":\"x\\ud83d\"}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\\ud83d\"}]}]}",
    ] {
        let request = read(body);
        let PartKind::Text(text) = &request.turns[0].parts[0].kind else { panic!() };
        assert_eq!(text, "x\u{fffd}");
    }
}

#[test]
fn sloppy_shapes_are_read() {
    let request = read(
        &json!({"messages": [
            {"role": "user", "content": ["bare", {"type": "input_text", "text": "t"}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": "https://x/y"}]},
            {"role": "assistant", "tool_calls": [
                {"function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "", "function": {"name": "g"}}]},
            {"role": "tool", "name": "g", "content": "of g"},
            {"role": "tool", "content": null},
            {"role": "assistant", "content": ""},
        ], "temperature": null, "stop": "x"})
        .to_string(),
    );
    assert_eq!(request.turns[0].parts.len(), 2);
    assert!(matches!(request.turns[1].parts[0].kind, PartKind::Image { .. }));
    let PartKind::ToolCall(call) = &request.turns[2].parts[0].kind else { panic!() };
    assert_eq!((&*call.id, &*call.arguments), ("call_2_0", r#"{"a":1}"#));
    let PartKind::ToolCall(call) = &request.turns[2].parts[1].kind else { panic!() };
    assert_eq!((&*call.id, &*call.arguments), ("call_2_1", "{}"));
    let ids = request.turns[3].parts.iter().map(|it| match &it.kind {
        PartKind::ToolResult(it) => it.call_id.as_str(),
        _ => panic!(),
    });
    assert_eq!(ids.collect::<Vec<_>>(), ["call_2_1", "call_2_0"]);
    assert!(request.turns[4].role == Role::Assistant && request.turns[4].parts.is_empty());
    assert_eq!(request.sampling.stop, ["x"]);
}

/// JSON that looks like a request from afar.
fn bodies() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "role",
        "user",
        "assistant",
        "tool",
        "system",
        "content",
        "text",
        "type",
        "function",
        "name",
        "id",
        "tool_calls",
        "tool_call_id",
        "arguments",
        "custom",
        "input",
        "image_url",
        "url",
        "file",
        "data:a/b;base64,xx",
        "refusal",
        "messages",
        "tools",
        "cache_control",
        "format",
        "grammar",
        "reasoning_content",
        "extra_content",
        "",
        "x",
    ]);
    let leaf = prop_oneof![
        words.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..5).prop_map(|it| {
                Value::Object(it.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    });
    let role = prop::sample::select(vec!["user", "assistant", "tool", "system", "function", "x"]);
    let message = (role, prop::collection::vec((0..8_usize, value.clone()), 0..4)).prop_map(
        |(role, members)| {
            let names = [
                "content",
                "content",
                "tool_calls",
                "name",
                "refusal",
                "reasoning_content",
                "tool_call_id",
                "function_call",
            ];
            let mut message = json!({"role": role});
            for (at, value) in members {
                message[names[at]] = value;
            }
            message
        },
    );
    let tops = prop::collection::vec((0..6_usize, value), 0..3);
    (prop::collection::vec(message, 0..6), tops).prop_map(|(messages, tops)| {
        let names =
            ["tools", "tool_choice", "response_format", "stream_options", "thinking", "rest"];
        let mut body = json!({"model": "m", "messages": messages});
        for (at, value) in tops {
            body[names[at]] = value;
        }
        body
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, text: String) {
        let _read = Codec::read(&bytes);
        let _read = Codec::read(text.as_bytes());
    }

    /// Whatever is read is written as JSON, and what was written says the same ever after.
    #[test]
    fn what_was_written_once_stays_as_it_is(body in bodies()) {
        if let Ok(request) = Codec::read(body.to_string().as_bytes()) {
            let (once, _) = write(&request);
            let again = read(&once.to_string());
            let (twice, _) = write(&again);
            prop_assert_eq!(&once, &twice);
            prop_assert_eq!(dump(&again), dump(&read(&twice.to_string())));
        }
    }
}

//! Requests nobody wrote by hand, checked as a strict server checks them.
//!
//! Owns: the laws of a request's messages over random turns.
//! Must not know: why a request is as it is.

use proptest::prelude::*;
use serde_json::Value;

use super::{call, part, png, raw, request, result};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role, Signature, Source, ToolCall, Turn, Unknown};
use crate::translate::RequestCodec;
use crate::translate::chat::Codec;
use crate::translate::chat::tests::{dump, read, write};

fn parts() -> impl Strategy<Value = Part> {
    let id =
        prop::sample::select(vec!["a", "b", "", "an id that is far longer than forty letters"]);
    let origin = prop::sample::select(Dialect::ALL.to_vec());
    let text = prop::sample::select(vec!["", "text", "json \u{2028}\n\"x\""]);
    let leaf = prop_oneof![
        3 => text.clone().prop_map(Part::text),
        1 => text.clone().prop_map(|it| part(PartKind::Refusal(it.to_owned()))),
        1 => Just(png()),
        1 => (origin.clone(), any::<bool>()).prop_map(|(dialect, inline)| {
            let source = if inline {
                Source::Base64 { media_type: "application/pdf".into(), data: "JVBE".into() }
            } else {
                Source::File { dialect, id: "file-1".into() }
            };
            part(PartKind::Document { source, name: None })
        }),
        1 => Just(part(PartKind::Audio {
            source: Source::Base64 { media_type: "audio/wav".into(), data: "UklG".into() },
        })),
        1 => (origin.clone(), prop::sample::select(vec!["x", "part.x", "message.x", "tool_calls"]))
            .prop_map(|(dialect, name)| {
                let value = raw("{\"type\":\"x\"}");
                part(PartKind::Unknown(Unknown { dialect, name: name.to_owned(), value }))
            }),
    ];
    let thinking = (text, prop::option::of(origin)).prop_map(|(text, origin)| {
        let signature = origin.map(|origin| Signature { origin, data: "s".into() });
        part(PartKind::Thinking { text: text.to_owned(), signature, redacted: text.is_empty() })
    });
    let calls = (id.clone(), any::<bool>()).prop_map(|(id, free_text)| {
        let Part { kind: PartKind::ToolCall(it), .. } = call(id) else { unreachable!() };
        part(PartKind::ToolCall(ToolCall { free_text, ..it }))
    });
    let results = (id, prop::collection::vec(leaf.clone(), 0..3))
        .prop_map(|(id, content)| result(id, content));
    prop_oneof![4 => leaf, 1 => thinking, 3 => calls, 3 => results]
}

fn requests() -> impl Strategy<Value = Request> {
    let role = prop::sample::select(vec![Role::User, Role::Assistant, Role::System]);
    let turn =
        (role, prop::collection::vec(parts(), 0..5)).prop_map(|(role, parts)| Turn { role, parts });
    let model = prop::sample::select(vec!["gpt-5.6", "glm-5", ""]);
    let turns = prop::collection::vec(turn, 0..7);
    (model, turns, prop::collection::vec(parts(), 0..3), any::<bool>()).prop_map(
        |(model, turns, system, own)| {
            let origin = own.then_some(Dialect::Chat);
            Request { system, origin, ..request(model, turns) }
        },
    )
}

/// What is refused, checked message by message.
fn check(messages: &[Value], own: bool) {
    let mut open: Vec<String> = Vec::new();
    for message in messages {
        let role = message["role"].as_str().unwrap();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap();
            let at = open.iter().position(|it| it == id).expect("a call this answers");
            open.remove(at);
        } else {
            assert_eq!(open, [""; 0], "every call is answered at once");
        }
        let calls = message.get("tool_calls").map(|it| it.as_array().unwrap());
        for call in calls.into_iter().flatten().filter(|it| it.get("id").is_some()) {
            let id = call["id"].as_str().unwrap();
            assert!(!id.is_empty() && (own || id.len() <= 40), "{id}");
            let input = &call["function"]["arguments"];
            assert!(input.is_string() || call["custom"]["input"].is_string());
            if let Some(json) = input.as_str() {
                serde_json::from_str::<Value>(json).unwrap();
            }
            open.push(id.to_owned());
        }
        let says = match &message["content"] {
            Value::Null => message.get("refusal").is_some() || calls.is_some(),
            Value::String(_) => true,
            Value::Array(parts) => {
                for it in parts {
                    let kind = it["type"].as_str().unwrap();
                    let fits = match role {
                        "user" => kind != "refusal",
                        "assistant" => ["text", "refusal", "x"].contains(&kind),
                        _ => ["text", "x"].contains(&kind),
                    };
                    assert!(fits || own, "{role} {kind}");
                    assert!(it["text"].as_str() != Some(""), "empty text");
                }
                !parts.is_empty()
            }
            _ => false,
        };
        assert!(says, "{message}");
        assert!(["system", "user", "assistant", "tool"].contains(&role));
    }
    assert_eq!(open, [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_request_is_written_as_a_strict_server_takes_it(request in requests()) {
        let (json, translated) = write(&request);
        let messages = json["messages"].as_array().unwrap();
        let own = request.origin == Some(Dialect::Chat);
        check(messages, own);
        prop_assert!(own || !messages.is_empty());
        prop_assert_eq!(&translated.body, &Codec::write(&request).unwrap().body);
        // Once it is of this dialect it stays as it is, but that the system's words in front of
        // the conversation are one message.
        prop_assume!(messages.iter().take_while(|it| it["role"] == "system").count() < 2);
        let again = read(&json.to_string());
        let (twice, second) = write(&again);
        prop_assert_eq!(&json["messages"], &twice["messages"]);
        prop_assert_eq!(second.losses, vec![]);
        prop_assert_eq!(dump(&again), dump(&read(&twice.to_string())));
    }
}

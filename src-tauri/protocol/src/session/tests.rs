//! Tests of session keys: the same conversation keeps its key, two conversations differ.
//!
//! Owns: ids in headers and bodies, the hash of the first turn.
//! Must not know: how the hash is made.

use proptest::prelude::*;

use super::{SessionKey, key};
use crate::dialect::Dialect::{self, Anthropic, Chat, Gemini, Responses};
use crate::edit::Body;

fn of(dialect: Dialect, body: &str) -> Option<SessionKey> {
    key(|_| None, &Body::parse(dialect, body.as_bytes()).unwrap())
}

fn id(id: &str) -> Option<SessionKey> {
    SessionKey::from_id(id)
}

#[test]
fn a_header_comes_first_and_a_blank_one_does_not_count() {
    let body = r#"{"prompt_cache_key":"b","messages":[{"role":"user","content":"x"}]}"#;
    let body = Body::parse(Chat, body.as_bytes()).unwrap();
    for name in ["x-session-id", "session_id", "session-id", "x-claude-code-session-id"] {
        assert_eq!(key(|it| (it == name).then_some(" a "), &body), id("a"), "{name}");
        assert_eq!(key(|it| (it == name).then_some("  "), &body), id("b"));
    }
    assert_eq!(key(|it| (it == "authorization").then_some("a"), &body), id("b"));
}

#[test]
fn ids_in_the_body() {
    let uuid = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";
    let user = r#""messages":[{"role":"user","content":"x"}]"#;
    let cases = [
        format!(r#"{{"metadata":{{"user_id":"user_0a_account__session_{uuid}"}},{user}}}"#),
        format!(r#"{{"metadata":{{"user_id":"user_0a_account_9_session_{uuid}"}}}}"#),
        format!(
            r#"{{"metadata":{{"user_id":"{{\"device_id\":\"d\",\"session_id\":\"{uuid}\"}}"}},{user}}}"#
        ),
        format!(r#"{{"metadata":{{"session_id":"{uuid}"}},{user}}}"#),
        format!(r#"{{"session_id":"{uuid}","prompt_cache_key":"other"}}"#),
        format!(r#"{{"prompt_cache_key":"{uuid}",{user}}}"#),
        format!(r#"{{"conversation":"{uuid}","prompt_cache_key":"other"}}"#),
        format!(r#"{{"conversation":{{"id":"{uuid}"}}}}"#),
    ];
    for body in cases {
        for dialect in Dialect::ALL {
            assert_eq!(of(dialect, &body), id(uuid), "{body}");
        }
    }
}

#[test]
fn what_only_looks_like_an_id_leaves_it_to_the_first_turn() {
    let turn = r#""messages":[{"role":"user","content":"x"}]"#;
    let plain = of(Anthropic, &format!("{{{turn}}}"));
    assert!(plain.is_some());
    for extra in [
        r#""metadata":{"user_id":"user-fx"}"#,
        r#""metadata":{"user_id":"{\"device_id\":\"d\"}"}"#,
        r#""metadata":{"user_id":"{broken"}"#,
        r#""metadata":{"user_id":"user_a_session_ "}"#,
        r#""metadata":7"#,
        r#""conversation":{"id":5},"prompt_cache_key":"""#,
        r#""previous_response_id":"resp_1","prompt_cache_key":null"#,
    ] {
        assert_eq!(of(Anthropic, &format!("{{{extra},{turn}}}")), plain, "{extra}");
    }
}

#[test]
fn later_turns_and_moving_cache_marks_change_nothing() {
    let pairs = [
        (
            Anthropic,
            r#"{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"image","source":{"data":"AA"}}]}]}"#,
            r#"{"messages":[{"content":[{"text":"a","type":"text"},{"type":"image","source":{"data":"AA"},"cache_control":{}}],"role":"user"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"system":"s","max_tokens":5}"#,
        ),
        (
            Chat,
            r#"{"messages":[{"role":"developer","content":"s"},{"role":"user","content":"a"}]}"#,
            r#"{"messages":[{"role":"developer","content":"s"},{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null},{"role":"tool","content":"t"},{"role":"system","content":"late"}]}"#,
        ),
        (
            Responses,
            r#"{"instructions":"s","input":[{"role":"user","content":"a"}]}"#,
            r#"{"instructions":"s","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"reasoning"},{"type":"function_call_output","output":"x"}]}"#,
        ),
        (
            Gemini,
            r#"{"contents":[{"parts":[{"text":"a"}]}],"system_instruction":{"parts":[{"text":"s"}]}}"#,
            r#"{"systemInstruction":{"parts":[{"text":"s"}],"role":"user"},"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]}"#,
        ),
    ];
    for (dialect, first, later) in pairs {
        assert!(of(dialect, first).is_some());
        assert_eq!(of(dialect, first), of(dialect, later), "{dialect}");
    }
}

#[test]
fn another_prompt_or_another_first_turn_is_another_session() {
    let with = |system: &str, user: &str| {
        of(
            Anthropic,
            &format!(
                r#"{{"system":"{system}","messages":[{{"role":"user","content":"{user}"}}]}}"#
            ),
        )
    };
    let keys = [with("s", "a"), with("s", "b"), with("t", "a"), with("sa", ""), with("", "sa")];
    for (index, one) in keys.iter().enumerate() {
        for other in &keys[index + 1..] {
            assert_ne!(one, other);
        }
    }
    let split = |parts: &str| of(Gemini, &format!(r#"{{"contents":[{{"parts":[{parts}]}}]}}"#));
    assert_ne!(split(r#"{"text":"ab"}"#), split(r#"{"text":"a"},{"text":"b"}"#));
}

#[test]
fn without_a_user_turn_there_is_no_key() {
    for (dialect, body) in [
        (Anthropic, r#"{"system":"s"}"#),
        (Anthropic, r#"{"system":"s","messages":[]}"#),
        (Anthropic, r#"{"system":"s","messages":[{"role":"user","content":""}]}"#),
        (Anthropic, r#"{"system":"s","messages":[{"role":"user","content":null,"id":"1"}]}"#),
        (Anthropic, r#"{"system":"s","messages":[{"role":"assistant","content":"a"}, 7, null]}"#),
        (Chat, r#"{"messages":[{"role":"system","content":"s"}]}"#),
        (Responses, r#"{"instructions":"s"}"#),
        (Responses, r#"{"instructions":"s","input":""}"#),
        (Responses, r#"{"instructions":"s","input":"a","previous_response_id":"resp_1"}"#),
        (
            Gemini,
            r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"model","parts":[{"text":"a"}]}]}"#,
        ),
    ] {
        assert_eq!(of(dialect, body), None, "{body}");
    }
    assert!(of(Responses, r#"{"input":"a"}"#).is_some());
}

proptest! {
    #[test]
    fn a_key_is_hex_and_its_uuid_is_a_stable_version_4(text in "\\PC{1,40}") {
        prop_assume!(!text.trim().is_empty());
        let key = SessionKey::from_id(&text).unwrap();
        prop_assert_eq!(key.as_str().len(), 32);
        prop_assert!(key.as_str().bytes().all(|it| it.is_ascii_hexdigit()));
        let uuid = key.as_uuid();
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        prop_assert_eq!(lengths, [8, 4, 4, 4, 12]);
        prop_assert_eq!(&uuid[14..15], "4");
        prop_assert!("89ab".contains(&uuid[19..20]));
        prop_assert_eq!(SessionKey::from_id(&text).unwrap().as_uuid(), uuid);
    }

    #[test]
    fn any_json_is_taken(text in r#"\{"(messages|system|input|contents|metadata)":[\[\]{}",:a0]{0,30}\}"#) {
        for dialect in Dialect::ALL {
            if let Ok(body) = Body::parse(dialect, text.as_bytes()) {
                let _ = key(|_| None, &body);
            }
        }
    }
}

//! Good answers pass, and each field of them is missed when taken out or of another kind.
//!
//! Owns: one good answer a method.
//! Must not know: processes.

use serde_json::{Value, json};

use super::{CHECKED, check, check_error};
use crate::host::RpcError;

/// A good answer with the fields that may be absent marked by a trailing `?`.
fn good(method: &str) -> Value {
    match method {
        "get_info" => json!({"id": "droid", "display_name": "Droid", "version": "1.0.0",
            "description": "d", "target_protocol": "anthropic", "category": "oauth",
            "auth_types": ["api_key"], "model_families": ["claude"], "endpoints": [],
            "config_schema": {}}),
        "init" | "shutdown" | "ping" | "release_credential" => json!({}),
        "list_models" => json!([{"id": "m", "display_name": "M", "family": "f",
            "context_length": 200_000, "supports_vision": true, "supports_tools": true,
            "endpoint_type": "comm"}]),
        "supports_model" => json!({"supports": false}),
        "create_credential" => json!({"credential_id": "c"}),
        "list_credentials" => json!({"credentials": [{"credential_id": "c", "key": "fk-...wxyz"}]}),
        "acquire_credential" => json!({"id": "c", "name?": "n", "auth_type": "api_key",
            "base_url?": "https://x.test/a", "headers": {"a": "b"}, "metadata": {"n": 1}}),
        "validate_credential" => json!({"valid": true, "message?": "ok", "details": {}}),
        "refresh_token" => json!({"access_token": "a", "refresh_token?": "r",
            "expires_at?": "2026-01-02T03:04:05.678+01:00"}),
        "transform_request" => json!({"request": {}, "url?": "http://x.test", "headers?": {}}),
        "apply_risk_control" => json!({"request": {}}),
        "transform_response" => json!({"response": {"any": 1}}),
        "parse_response_chunk" => json!({"events": [
            {"type": "message_start", "id": "", "model": "m"},
            {"type": "content_block_start", "index": 0, "block_type": "tool_use"},
            {"type": "text_delta", "index": 0, "text": "x"},
            {"type": "thinking_delta", "index": 0, "thinking": "x"},
            {"type": "signature_delta", "index": 0, "signature": "x"},
            {"type": "tool_use_start", "index": 0, "id": "t", "name": "n"},
            {"type": "tool_use_input_delta", "index": 0, "id": "t", "partial_json": ""},
            {"type": "tool_use_stop", "index": 0, "id": "t"},
            {"type": "content_block_stop", "index": 0},
            {"type": "usage", "input_tokens": 1, "output_tokens": 1, "cache_read_tokens": 0,
                "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0, "reasoning_tokens": 0},
            {"type": "message_stop", "stop_reason": "end_turn"},
            {"type": "error", "error_type": "truncated", "message": ""},
            {"type": "ping"}], "usage?": null, "done": true}),
        "parse_error" => json!({"error_type": "rate_limit", "message": "m", "status_code?": 429,
            "retryable": true, "cooldown_seconds?": 7}),
        other => panic!("no good answer for {other}"),
    }
}

fn unmarked(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, it)| (name.trim_end_matches('?').to_owned(), unmarked(it)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn good_answers_have_no_problem() {
    for method in CHECKED {
        assert_eq!(check(method, &unmarked(&good(method))), [""; 0], "{method}");
    }
    assert_eq!(check("parse_error", &Value::Null), [""; 0]);
    assert_eq!(check("no_such_method", &json!("anything")), [""; 0]);
}

#[test]
fn every_field_is_missed_by_name() {
    let free = ["list_credentials", "list_models"];
    for method in CHECKED.iter().filter(|it| !free.contains(it)) {
        let marked = good(method);
        for name in marked.as_object().unwrap().keys() {
            let plain = name.trim_end_matches('?');
            let mut without = unmarked(&marked);
            without.as_object_mut().unwrap().remove(plain);
            let problems = check(method, &without);
            let found = problems.iter().any(|it| it.starts_with(plain));
            assert_eq!(found, !name.ends_with('?'), "{method}.{name}: {problems:?}");
            let mut wrong = unmarked(&marked);
            wrong[plain] =
                if plain == "response" || plain == "endpoints" { Value::Null } else { json!(-1.5) };
            assert!(!check(method, &wrong).is_empty(), "{method}.{plain} may be anything");
        }
        assert!(!check(method, &json!([])).is_empty(), "{method} may be an array");
    }
}

#[test]
fn every_field_of_every_event_is_missed() {
    let all = unmarked(&good("parse_response_chunk"));
    for (at, event) in all["events"].as_array().unwrap().iter().enumerate() {
        for name in event.as_object().unwrap().keys() {
            let mut wrong = all.clone();
            wrong["events"][at].as_object_mut().unwrap().remove(name);
            let problems = check("parse_response_chunk", &wrong);
            assert!(
                problems.iter().any(|it| it.starts_with(&format!("events[{at}].{name}"))),
                "{event} without {name}: {problems:?}"
            );
        }
    }
    let unknown = json!({"events": [{"type": "surprise", "index": 0}], "done": false});
    assert_eq!(check("parse_response_chunk", &unknown).len(), 1);
}

#[test]
fn headers_models_moments_and_secrets_are_looked_into() {
    let acquired = |headers: Value| {
        let mut it = unmarked(&good("acquire_credential"));
        it["headers"] = headers;
        check("acquire_credential", &it)
    };
    assert_eq!(acquired(json!({"a": 1})), ["headers.a: must be a string"]);
    assert_eq!(acquired(json!({"a": "x\r\ny: z"})), ["headers.a: holds a line end"]);
    let models = json!([{"id": "m"}]);
    assert_eq!(check("list_models", &models).len(), 6);
    for moment in [
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05.Z",
        "1767225600",
        "2026-01-02 03:04:05Z",
    ] {
        let answer = json!({"access_token": "a", "expires_at": moment});
        assert_eq!(check("refresh_token", &answer).len(), 1, "{moment}");
    }
    let leak = json!([{"refresh_token": "a-whole-refresh-token"}]);
    assert_eq!(check("list_credentials", &leak), ["0.refresh_token: a secret in full"]);
}

#[test]
fn errors_carry_what_their_code_promises() {
    let error = |code: i64, data: Value| check_error(&RpcError { code, message: "m".into(), data });
    assert_eq!(error(-32601, Value::Null), [""; 0]);
    let data = json!({"kind": "needs_login", "retryable": false, "hint": "log in"});
    assert_eq!(error(-32001, data), [""; 0]);
    assert_eq!(error(-32001, Value::Null).len(), 2);
    assert_eq!(error(-32001, json!({"kind": "k", "retryable": 1})).len(), 1);
    assert_eq!(error(1, Value::Null).len(), 1);
}

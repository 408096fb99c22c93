//! Faults as this dialect's errors, and its list of models.
//!
//! Owns: statuses and envelopes.
//! Must not know: streams.

use serde_json::{Value, json};

use super::{files, folder, wish};
use crate::decode;
use crate::dialect::Dialect;
use crate::event::Event;
use crate::fault::{Fault, TransportKind};
use crate::translate::chat::{error, model, models, whole};
use crate::translate::{ModelEntry, Whole};

fn of(status: u16, body: &str) -> (u16, Value) {
    shown(&error(&Fault::from_response(status, |_: &str| None::<String>, body.as_bytes(), 0)))
}

fn shown(it: &Whole) -> (u16, Value) {
    (it.status, serde_json::from_slice(&it.body).unwrap())
}

#[test]
fn recorded_errors_of_this_dialect_stay_what_they_are() {
    for case in ["http_error_400", "http_error_429", "http_error_529"] {
        let body = std::fs::read_to_string(folder(&format!("chat/{case}.json"))).unwrap();
        let meta = std::fs::read(folder(&format!("chat/{case}.meta.json"))).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        let status = u16::try_from(meta["status"].as_u64().unwrap()).unwrap();
        let (told, json) = of(status, &body);
        assert_eq!(told, status);
        let original: Value = serde_json::from_str(&body).unwrap();
        for key in ["message", "code"] {
            assert_eq!(json["error"][key], original["error"][key], "{case}");
        }
    }
}

#[test]
fn every_status_has_its_envelope() {
    let anthropic = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    for (status, told, kind, code) in [
        (400, 400, "invalid_request_error", json!(null)),
        (401, 401, "invalid_request_error", json!("invalid_api_key")),
        (402, 402, "insufficient_quota", json!("insufficient_quota")),
        (403, 403, "permission_error", json!(null)),
        (404, 404, "invalid_request_error", json!("model_not_found")),
        (413, 413, "invalid_request_error", json!("context_length_exceeded")),
        (429, 429, "rate_limit_error", json!("rate_limit_exceeded")),
        (500, 500, "server_error", json!(null)),
        (529, 503, "server_error", json!(null)),
        (302, 502, "server_error", json!(null)),
    ] {
        let (found, json) = of(status, anthropic);
        assert_eq!(found, told, "{status}");
        assert_eq!(json["error"]["message"], "busy");
        assert_eq!((&json["error"]["type"], &json["error"]["code"]), (&json!(kind), &code));
        assert_eq!(json["error"]["param"], Value::Null);
    }
    for (fault, told) in [
        (Fault::transport(TransportKind::Timeout, "slow"), 504),
        (Fault::transport(TransportKind::Connect, "closed"), 502),
        (Fault::truncated(), 502),
        (Fault::client_closed(), 499),
    ] {
        assert_eq!(error(&fault).status, told);
    }
}

#[test]
fn an_error_in_place_of_an_answer_has_a_status() {
    for dialect in Dialect::ALL {
        for (case, status) in [("400", 400), ("429", 429), ("529", 503)] {
            let name = format!("http_error_{case}");
            let all = files(dialect.as_str(), ".json");
            let (_, body) = all.iter().find(|it| it.0 == name).unwrap();
            let events = decode::whole(dialect, body).unwrap();
            let Event::Error { message, .. } = &events[0] else { panic!() };
            let answer = whole(&events, &wish());
            let (found, json) = shown(&answer);
            assert_eq!(json["error"]["message"], json!(message), "{dialect} {case}");
            assert_eq!(found, status, "{dialect} {case}: {json}");
        }
    }
}

#[test]
fn a_secret_in_an_error_is_masked() {
    let message = "bad key sk-abcdefghijklmnopqrstuvwxyz0123456789".to_owned();
    let events = [Event::Error { error_type: "server_error".into(), message }];
    let text = String::from_utf8(whole(&events, &wish()).body.to_vec()).unwrap();
    assert!(!text.contains("abcdefghijkl"), "{text}");
}

#[test]
fn models_are_listed() {
    let entry = ModelEntry {
        id: "glm-5".into(),
        display_name: "GLM 5".into(),
        created: 1_790_000_000,
        context_length: 200_000,
    };
    let one: Value = serde_json::from_slice(&model(&entry)).unwrap();
    assert_eq!(
        one,
        json!({"id": "glm-5", "object": "model", "created": 1_790_000_000, "owned_by": "factory",
               "display_name": "GLM 5", "context_length": 200_000})
    );
    let list: Value = serde_json::from_slice(&models(&[entry.clone(), entry])).unwrap();
    assert_eq!(list, json!({"object": "list", "data": [one, one]}));
    let none: Value = serde_json::from_slice(&models(&[])).unwrap();
    assert_eq!(none, json!({"object": "list", "data": []}));
}

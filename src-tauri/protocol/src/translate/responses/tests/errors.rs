//! Errors and the small answers, as this dialect's clients are told of them.

use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::fault::{Class, Fault, TransportKind};
use crate::translate::responses::{count_tokens, error, model, models};
use crate::translate::{ModelEntry, Whole};

fn told(whole: Whole) -> (u16, Value) {
    (whole.status, serde_json::from_slice(&whole.body).unwrap())
}

fn of(status: u16, body: &str) -> (u16, Value) {
    told(error(&Fault::from_response(status, |_| None::<&str>, body.as_bytes(), 0)))
}

#[test]
fn statuses_types_and_codes_are_this_dialects() {
    let message = r#"{"error":{"type":"x_error","message":"told"}}"#;
    for (status, expected, kind, code) in [
        (400, 400, "invalid_request_error", Value::Null),
        (401, 401, "invalid_request_error", json!("invalid_api_key")),
        (402, 402, "insufficient_quota", json!("insufficient_quota")),
        (403, 403, "permission_error", json!("permission_denied")),
        (404, 404, "invalid_request_error", json!("not_found")),
        (413, 413, "invalid_request_error", json!("context_length_exceeded")),
        (422, 422, "invalid_request_error", Value::Null),
        (429, 429, "rate_limit_exceeded", json!("rate_limit_exceeded")),
        (500, 500, "server_error", json!("server_error")),
        (503, 503, "server_error", json!("server_error")),
        (504, 504, "server_error", json!("server_error")),
        (529, 503, "server_error", json!("server_error")),
    ] {
        let (told, body) = of(status, message);
        assert_eq!(told, expected, "{status}");
        let error = json!({"message": "told", "type": kind, "param": null, "code": code});
        assert_eq!(body, json!({"error": error}), "{status}");
    }
    let (status, body) =
        of(400, r#"{"error":{"message":"model not found","code":"model_not_found"}}"#);
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    let (_, body) = of(
        400,
        r#"{"error":{"message":"bad","type":"invalid_request_error","code":"invalid_value"}}"#,
    );
    assert_eq!(body["error"]["code"], "invalid_value");
}

#[test]
fn faults_without_an_answer_are_the_gateways() {
    assert_eq!(told(error(&Fault::transport(TransportKind::Timeout, "slow"))).0, 504);
    assert_eq!(told(error(&Fault::transport(TransportKind::Reset, "gone"))).0, 502);
    assert_eq!(told(error(&Fault::truncated())).0, 502);
    assert_eq!(told(error(&Fault::client_closed())).0, 499);
    let mut fault = Fault::truncated();
    fault.class = Class::Model;
    assert_eq!(told(error(&fault)).0, 404);
}

#[test]
fn recorded_error_bodies_keep_their_status_and_text() {
    for upstream in Dialect::ALL {
        for (status, expected) in [(400, 400), (429, 429), (529, 503)] {
            let path = super::folder(upstream.as_str()).join(format!("http_error_{status}.json"));
            let body = std::fs::read_to_string(path).unwrap();
            let recorded: Value = serde_json::from_str(&body).unwrap();
            let (told, body) = of(status, &body);
            assert_eq!(told, expected, "{upstream}");
            assert_eq!(body["error"]["message"], recorded["error"]["message"], "{upstream}");
        }
    }
}

#[test]
fn models_and_counts_have_their_shapes() {
    let entry = ModelEntry {
        id: "gpt-5.6-sol".into(),
        display_name: "GPT".into(),
        created: 1,
        context_length: 400_000,
    };
    let list: Value = serde_json::from_slice(&models(std::slice::from_ref(&entry))).unwrap();
    assert_eq!(list["object"], "list");
    let one: Value = serde_json::from_slice(&model(&entry)).unwrap();
    assert_eq!(list["data"], json!([one]));
    assert_eq!(one["object"], "model");
    let count: Value = serde_json::from_slice(&count_tokens(7)).unwrap();
    assert_eq!(count, json!({"object": "response.input_tokens", "input_tokens": 7}));
}

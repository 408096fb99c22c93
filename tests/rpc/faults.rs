//! What `parse_error` makes of upstream's errors: the host's nine types, verdicts and times.
//!
//! Owns: recorded errors of each dialect and one of each kind.
//! Must not know: what a fault does to an account.

use droid_testbed::host::shapes::ERROR_TYPES;
use serde_json::{Value, json};

use super::streams::DIALECTS;
use crate::support::{ok, rig};

fn recorded(folder: &str, case: &str, ending: &str) -> String {
    let root =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/protocol/tests/fixtures");
    std::fs::read_to_string(root.join(folder).join(format!("{case}.{ending}"))).expect("a fixture")
}

#[tokio::test]
async fn recorded_errors_of_every_dialect_are_understood() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for (folder, _) in DIALECTS {
        for (case, expected, retryable) in [
            ("http_error_400", "unknown", false),
            ("http_error_429", "rate_limit", true),
            ("http_error_529", "server_error", true),
        ] {
            let meta: Value =
                serde_json::from_str(&recorded(folder, case, "meta.json")).expect("meta");
            let body = recorded(folder, case, "json");
            let params =
                json!({ "status": meta["status"], "body": body, "headers": meta["headers"] });
            let told = ok(&bridge, "parse_error", params).await;
            let shown = format!("{folder}/{case}: {told}");
            assert_eq!(told["error_type"], expected, "{shown}");
            assert_eq!(told["retryable"], retryable, "{shown}");
            assert_eq!(told["status_code"], meta["status"], "{shown}");
            if let Some(wait) = meta["headers"]["retry-after"].as_str() {
                assert_eq!(told["cooldown_seconds"].to_string(), wait, "{shown}");
            }
            let words: Value = serde_json::from_str(&body).expect("JSON");
            let text = words.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
            assert!(!text.is_empty());
            assert_eq!(told["message"], text, "{shown}");
            // The same as JSON, not as text of it.
            let params =
                json!({ "status": meta["status"], "body": words, "headers": meta["headers"] });
            assert_eq!(ok(&bridge, "parse_error", params).await, told, "{shown}");
        }
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn each_of_the_hosts_types_has_its_cause() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let anthropic = |kind: &str, text: &str| {
        json!({ "type": "error", "error": { "type": kind, "message": text } }).to_string()
    };
    let openai = |kind: &str, code: &str, text: &str| {
        json!({ "error": { "type": kind, "code": code, "message": text, "param": null } })
            .to_string()
    };
    let gemini = |status: &str, text: &str| {
        json!({ "error": { "code": 0, "message": text, "status": status } }).to_string()
    };
    let cases = [
        (401, anthropic("authentication_error", "invalid x-api-key"), "authentication"),
        (
            401,
            openai("invalid_request_error", "invalid_api_key", "Incorrect API key"),
            "authentication",
        ),
        (401, gemini("UNAUTHENTICATED", "no credentials"), "authentication"),
        (401, "{\"detail\":\"Unauthorized\"}".to_owned(), "authentication"),
        (403, anthropic("permission_error", "not allowed"), "authorization"),
        (403, gemini("PERMISSION_DENIED", "not allowed"), "authorization"),
        (
            402,
            "{\"detail\":\"Ready to get started? Subscribe to a plan.\"}".to_owned(),
            "quota_exceeded",
        ),
        (402, anthropic("billing_error", "no credit"), "quota_exceeded"),
        (429, openai("insufficient_quota", "insufficient_quota", "quota"), "quota_exceeded"),
        (429, anthropic("rate_limit_error", "slow down"), "rate_limit"),
        (429, gemini("RESOURCE_EXHAUSTED", "slow down"), "rate_limit"),
        (404, anthropic("not_found_error", "model: claude-nine"), "model_unavailable"),
        (
            404,
            openai("invalid_request_error", "model_not_found", "The model `x` does not exist"),
            "model_unavailable",
        ),
        (
            400,
            openai("invalid_request_error", "content_filter", "content management policy"),
            "content_filtered",
        ),
        (500, anthropic("api_error", "oops"), "server_error"),
        (502, "<html>bad gateway</html>".to_owned(), "server_error"),
        (503, gemini("UNAVAILABLE", "overloaded"), "server_error"),
        (529, anthropic("overloaded_error", "Overloaded"), "server_error"),
        (413, anthropic("request_too_large", "too large"), "unknown"),
        (422, openai("invalid_request_error", "", "bad"), "unknown"),
        (400, String::new(), "unknown"),
    ];
    for (status, body, expected) in &cases {
        let told = ok(&bridge, "parse_error", json!({ "status": status, "body": body })).await;
        assert_eq!(told["error_type"], *expected, "{status} {body}: {told}");
        assert_eq!(told["status_code"], *status);
    }
    for expected in ERROR_TYPES.iter().filter(|it| **it != "network_error") {
        assert!(cases.iter().any(|it| it.2 == *expected), "{expected} has a case");
    }
    for status in [200, 204, 302] {
        let told = ok(&bridge, "parse_error", json!({ "status": status, "body": "{}" })).await;
        assert_eq!(told, Value::Null, "{status} is no error");
    }
    bridge.assert_clean();
}

/// `network_error` has no status: it is what a host tells when it gives an account back.
#[tokio::test]
async fn waits_are_read_from_headers_in_every_form() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for (headers, at_least, at_most) in [
        (json!({ "Retry-After": "12" }), 12, 12),
        (json!({ "retry-after-ms": "1500" }), 2, 2),
        (json!({ "retry-after": "-5" }), 0, 0),
        (json!({ "retry-after": "soon" }), 0, 0),
    ] {
        let params = json!({ "status": 429, "body": "{}", "headers": headers });
        let told = ok(&bridge, "parse_error", params).await;
        let seconds = told["cooldown_seconds"].as_u64().unwrap_or(0);
        assert!((at_least..=at_most).contains(&seconds), "{headers}: {told}");
    }
    bridge.assert_clean();
}

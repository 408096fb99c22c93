//! The error envelope of each dialect, to the letter (grammar section 5.5).
//!
//! Owns: [`envelope`].
//! Must not know: which fault it tells of.

use droid_protocol::dialect::Dialect;
use droid_testbed::http::Answer;
use serde_json::Value;

/// Checks that an answer is an error as the client's own provider tells it, and answers its word for
/// it (`error.type`; Gemini's `error.status`) and its text.
pub(crate) fn envelope(dialect: Dialect, answer: &Answer) -> (String, String) {
    let body = answer.json();
    assert!(answer.whole, "{body}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{body}");
    assert!(answer.header("x-request-id").is_some_and(|it| it.starts_with("req_")), "{body}");
    let error = &body["error"];
    let word = match dialect {
        Dialect::Anthropic => {
            assert_eq!(members(&body), ["error", "request_id", "type"], "{body}");
            assert_eq!(members(error), ["message", "type"], "{body}");
            assert_eq!(body["type"], "error", "{body}");
            assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"), "{body}");
            &error["type"]
        }
        Dialect::Responses | Dialect::Chat => {
            assert_eq!(members(&body), ["error"], "{body}");
            assert_eq!(members(error), ["code", "message", "param", "type"], "{body}");
            assert!(error["code"].is_string() || error["code"].is_null(), "{body}");
            &error["type"]
        }
        Dialect::Gemini => {
            assert_eq!(members(&body), ["error"], "{body}");
            let mut known = members(error);
            known.retain(|it| *it != "details");
            assert_eq!(known, ["code", "message", "status"], "{body}");
            assert_eq!(error["code"], answer.status, "{body}");
            if let Some(details) = error.get("details") {
                let kind = "type.googleapis.com/google.rpc.RetryInfo";
                assert_eq!(details[0]["@type"], kind, "{body}");
            }
            &error["status"]
        }
    };
    let text = |it: &Value| it.as_str().unwrap_or_else(|| panic!("no text: {body}")).to_owned();
    (text(word), text(&error["message"]))
}

fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

//! Error bodies of every shape, and of none.
//!
//! Owns: what code and message are read from each.
//! Must not know: classes.

use proptest::prelude::*;

use super::super::Fault;
use super::of;

#[test]
fn every_shape_gives_its_code_and_its_text() {
    let shapes = [
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
            Some("overloaded_error"),
            "Overloaded",
        ),
        (
            r#"{"error":{"message":"m","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            Some("rate_limit_exceeded"),
            "m",
        ),
        (
            r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#,
            Some("UNAVAILABLE"),
            "m",
        ),
        (
            r#"[{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]"#,
            Some("UNAVAILABLE"),
            "m",
        ),
        (r#"{"detail":"Subscribe…"}"#, None, "Subscribe…"),
        (r#"{"detail":{"message":"m","code":"c"}}"#, Some("c"), "m"),
        (r#"{"detail":[{"msg":"a"},{"msg":"b"}]}"#, None, "a; b"),
        (r#"{"error":"invalid_grant","error_description":"gone"}"#, None, "gone"),
        (r#"{"error":"plain"}"#, None, "plain"),
        (r#"{"message":"m","code":"c"}"#, Some("c"), "m"),
        (r#"{"errors":["x"]}"#, None, "upstream answered 500 without a text"),
        (r#""just a string""#, None, "just a string"),
        ("Internal\r\n  Server\u{0}Error\n", None, "Internal Server Error"),
        (
            "<!DOCTYPE html><html><head><TITLE>502\nBad Gateway</TITLE></head></html>",
            None,
            "502 Bad Gateway",
        ),
        ("<html><body>x</body></html>", None, "an HTML page instead of an answer"),
        ("", None, "upstream answered 500 without a text"),
        ("null", None, "upstream answered 500 without a text"),
        ("[]", None, "upstream answered 500 without a text"),
        (r#"{"error":{"code":"has spaces and secrets sk-abcdef123456","message":"m"}}"#, None, "m"),
    ];
    for (body, code, message) in shapes {
        let fault = of(500, body);
        assert_eq!((fault.code.as_deref(), fault.message.as_str()), (code, message), "{body}");
    }
}

#[test]
fn recorded_errors_of_every_dialect_are_read() {
    let recorded = [
        (400, include_str!("recorded/anthropic_400.json"), "invalid_request_error"),
        (429, include_str!("recorded/chat_429.json"), "rate_limit_exceeded"),
        (429, include_str!("recorded/gemini_429.json"), "RESOURCE_EXHAUSTED"),
    ];
    for (status, body, code) in recorded {
        assert_eq!(of(status, body).code.as_deref(), Some(code));
    }
}

#[test]
fn a_huge_or_undecodable_body_is_cut_not_parsed() {
    let huge = format!("{{\"error\":{{\"message\":\"{}\"}}}}", "é ".repeat(300_000));
    let fault = of(400, &huge);
    assert!(fault.message.chars().count() <= 500);
    let fault = Fault::from_response(500, |_| None::<&str>, b"\xff\xfe oops \xf0\x9f", 0);
    assert!(fault.message.contains("oops"));
    let deep = "[".repeat(100_000);
    assert!(!of(500, &deep).message.is_empty());
}

proptest! {
    #[test]
    fn any_answer_is_a_fault(status: u16, body: Vec<u8>, header in "\\PC{0,30}", now: i64) {
        let fault = Fault::from_response(status, |_| Some(header.as_str()), &body, now);
        prop_assert!(fault.message.chars().count() <= 500);
        prop_assert!(!fault.message.chars().any(char::is_control));
        prop_assert!(!fault.host_error_type().is_empty());
    }
}

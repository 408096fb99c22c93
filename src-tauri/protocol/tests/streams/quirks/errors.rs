//! Errors and bodies where a stream was expected.
//!
//! Owns: one test for each way in which servers differ from the fixtures.
//! Must not know: how a decoder does it.

use droid_protocol::decode::whole;
use droid_protocol::dialect::Dialect::{self, Anthropic, Chat, Responses};
use droid_protocol::event::End;
use serde_json::json;
use std::slice;

use super::chat::{done, finish};
use super::stream;
use crate::support::{meaning, said};

#[test]
fn errors_count_in_any_shape_and_any_dialect() {
    let shapes = [
        (json!({"error": {"type": "T", "message": "M"}}), "T", "M"),
        (json!({"error": {"code": "C", "type": "T", "message": "M"}}), "C", "M"),
        (json!({"error": {"code": 503, "status": "S", "message": "M"}}), "S", "M"),
        (json!({"error": {"code": 503, "message": "M"}}), "503", "M"),
        (json!({"responseId": "r", "error": {"message": "M"}}), "error", "M"),
        (json!({"error": "M"}), "error", "M"),
        (
            json!({"error": {"message": "M", "code": null, "details": [[{}]]}, "choices": []}),
            "error",
            "M",
        ),
        (json!([{"error": {"status": "S", "message": "M"}}]), "S", "M"),
        (json!({"type": "error", "error": {"type": "T", "message": "M"}}), "T", "M"),
    ];
    for dialect in Dialect::ALL {
        for (frame, kind, text) in &shapes {
            let said = stream(dialect, slice::from_ref(frame));
            let expected = Some(((*kind).to_owned(), (*text).to_owned()));
            assert_eq!(meaning(&said.events).error, expected, "{dialect} {frame}");
            assert_eq!(said.end, End::Failed);
            let body = whole(dialect, frame.to_string().as_bytes()).unwrap();
            assert_eq!(meaning(&body).error, expected, "{dialect} whole {frame}");
        }
        for harmless in [json!({"error": null}), json!({"error": {}}), json!({"error": false})] {
            assert_eq!(stream(dialect, &[harmless]).end, End::Truncated);
        }
    }
    let flat = json!({"type": "error", "code": "C", "message": "M", "sequence_number": 1});
    for dialect in [Anthropic, Responses, Chat] {
        let said = stream(dialect, slice::from_ref(&flat));
        assert_eq!(meaning(&said.events).error, Some(("C".to_owned(), "M".to_owned())));
    }
    for dialect in Dialect::ALL {
        let said = said(dialect, [&b"event: error\ndata: overloaded, sorry\n\n"[..]]);
        assert_eq!(meaning(&said.events).error.unwrap().1, "overloaded, sorry", "{dialect}");
    }
}

#[test]
fn error_texts_are_clipped_by_characters() {
    let long = "é".repeat(2000);
    let said = stream(Chat, &[json!({"error": {"message": long, "type": long}})]);
    let (kind, text) = meaning(&said.events).error.unwrap();
    assert_eq!((kind.chars().count(), text.chars().count()), (500, 500));
}

#[test]
fn a_body_where_a_stream_was_expected_is_read_at_the_end() {
    let body =
        json!({"id": "c", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]});
    for text in [body.to_string(), format!("\u{feff}\r\n {body:#}\n")] {
        let said = said(Chat, text.as_bytes().chunks(3));
        assert_eq!((said.end, meaning(&said.events).text.as_str()), (End::Done, "hi"));
    }
    let cut = body.to_string();
    let said = said(Chat, [&cut.as_bytes()[..cut.len() - 3]]);
    assert_eq!((said.end, said.events.len()), (End::Truncated, 1));
    let page = crate::support::said(Chat, [&b"<html>Bad gateway</html>"[..]]);
    assert_eq!(page.end, End::Truncated);
}

#[test]
fn half_characters_are_mended_and_unreadable_frames_counted() {
    let half = r#"{"choices":[{"delta":{"content":"a\ud83d"}}]}"#;
    let said_half = stream(Chat, &[half.into(), "{\"choices\":".into(), finish("stop"), done()]);
    assert_eq!(meaning(&said_half.events).text, "a\u{fffd}");
    assert_eq!((said_half.skipped, said_half.end), (1, End::Done));
    let bytes = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\xff\"}}]}\n\ndata: [DONE]\n\n";
    let said = said(Chat, [&bytes[..]]);
    assert_eq!((meaning(&said.events).text.as_str(), said.skipped), ("a\u{fffd}", 0));
}

//! Gemini as real servers send it.
//!
//! Owns: one test for each way in which servers differ from the fixtures.
//! Must not know: how a decoder does it.

use std::slice;

use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect::Gemini;
use droid_protocol::event::{BlockType, End, Event, StopReason};
use serde_json::{Value, json};

use super::{blocks, call, calls, ids, stream};
use crate::support::{check_rules, meaning, said};

fn parts(parts: Value) -> Value {
    json!({"responseId": "g", "candidates": [{"content": {"parts": parts}, "index": 0}]})
}

fn finished(reason: &str, usage: bool) -> Value {
    let mut chunk = json!({"candidates": [{"finishReason": reason}]});
    if usage {
        chunk["usageMetadata"] = json!({"promptTokenCount": 5, "toolUsePromptTokenCount": 2});
    }
    chunk
}

#[test]
fn gemini_ids_are_invented_and_stable() {
    let call_part = json!([{"functionCall": {"name": "f", "args": {"x": 1.10}}}, {"functionCall": {"name": "f"}}]);
    let said = stream(Gemini, &[parts(call_part), finished("STOP", true)]);
    assert_eq!(ids(&said), ["call_g_0", "call_g_1"]);
    assert_eq!(calls(&said), [call("f", "{\"x\":1.1}"), call("f", "{}")]);
    assert_eq!(said.stop, Some(StopReason::ToolUse));
    assert_eq!(said.usage.input_tokens, 7);
}

#[test]
fn gemini_numbers_in_arguments_stay_as_written() {
    let text = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\
        \"args\":{\"a\": 0.10, \"b\":\n 1e400, \"c\": \"x \\\" y\"}}}]},\"finishReason\":\"STOP\"}]}\n\n";
    let said = said(
        Gemini,
        [text.replace('\n', "\ndata: ").replace("\ndata: \ndata: ", "\n\n").as_bytes()],
    );
    assert_eq!(calls(&said), [call("f", "{\"a\":0.10,\"b\":1e400,\"c\":\"x \\\" y\"}")]);
}

#[test]
fn gemini_ends_with_the_counts_or_with_the_bytes() {
    let text = parts(json!([{"text": "a"}]));
    let mut decoder = StreamDecoder::new(Gemini);
    let mut events = Vec::new();
    decoder.push(format!("data: {}\n\n", finished("STOP", false)).as_bytes(), &mut events);
    assert_eq!(decoder.ended(), None, "the counts may follow");
    decoder.push(format!("data: {}\n\n", finished("STOP", true)).as_bytes(), &mut events);
    assert_eq!(decoder.ended(), Some(End::Done));
    assert_eq!(stream(Gemini, &[text.clone(), finished("STOP", false)]).end, End::Done);
    assert_eq!(stream(Gemini, slice::from_ref(&text)).end, End::Truncated);
    let unspecified = finished("FINISH_REASON_UNSPECIFIED", true);
    assert_eq!(stream(Gemini, &[text, unspecified]).end, End::Truncated);
}

#[test]
fn gemini_signatures_stay_with_their_part() {
    let said = stream(
        Gemini,
        &[
            parts(json!([{"text": "t", "thought": true, "thoughtSignature": "1"}])),
            parts(json!([{"functionCall": {"name": "f"}, "thoughtSignature": "2"}])),
            parts(json!([{"text": "", "thoughtSignature": "3"}])),
            finished("STOP", true),
        ],
    );
    let signed: Vec<(u32, &str)> = said
        .events
        .iter()
        .filter_map(|it| match it {
            Event::SignatureDelta { index, signature } => Some((*index, signature.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(signed, [(0, "1"), (1, "2"), (2, "3")]);
    assert_eq!(blocks(&said), [BlockType::Thinking, BlockType::ToolUse, BlockType::Thinking]);
}

#[test]
fn gemini_reasons_keep_their_meaning() {
    for (name, reason) in [
        ("MAX_TOKENS", StopReason::MaxTokens),
        ("SAFETY", StopReason::Refusal),
        ("RECITATION", StopReason::ContentFilter),
        ("IMAGE_RECITATION", StopReason::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", StopReason::MalformedToolCall),
        ("CONTINUATION", StopReason::Other),
        ("SOMETHING_NEW", StopReason::Other),
    ] {
        let said = stream(Gemini, &[finished(name, true)]);
        assert_eq!((said.end, said.stop), (End::Done, Some(reason)), "{name}");
    }
    let blocked = json!({"promptFeedback": {"blockReason": "JAILBREAK"}});
    assert_eq!(stream(Gemini, &[blocked]).stop, Some(StopReason::ContentFilter));
}

#[test]
fn gemini_array_instead_of_a_stream_is_read_at_the_end() {
    let chunks = json!([
        parts(json!([{"text": "a"}])),
        parts(json!([{"text": "b"}])),
        finished("STOP", true)
    ]);
    let whole_array = said(Gemini, format!("{chunks:#}").as_bytes().chunks(7));
    check_rules(&whole_array.events, whole_array.end);
    assert_eq!((whole_array.end, meaning(&whole_array.events).text.as_str()), (End::Done, "ab"));
    let failed = json!([parts(json!([{"text": "a"}])), {"error": {"status": "S", "message": "M"}}]);
    let failed = said(Gemini, [failed.to_string().as_bytes()]);
    assert_eq!((failed.end, meaning(&failed.events).text.as_str()), (End::Failed, "a"));
    assert_eq!(meaning(&failed.events).error, Some(("S".to_owned(), "M".to_owned())));
}

#[test]
fn gemini_arguments_in_pieces_by_path_are_refused() {
    let partial =
        parts(json!([{"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.x"}]}}]));
    let said = stream(Gemini, &[partial, finished("STOP", true)]);
    assert_eq!((said.end, calls(&said).len()), (End::Failed, 0));
}

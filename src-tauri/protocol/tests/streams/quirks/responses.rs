//! OpenAI Responses as real servers send it.
//!
//! Owns: one test for each way in which servers differ from the fixtures.
//! Must not know: how a decoder does it.

use droid_protocol::dialect::Dialect::Responses;
use droid_protocol::event::{BlockType, End, StopReason};
use serde_json::{Value, json};

use super::chat::done;
use super::{blocks, call, calls, ids, stream};
use crate::support::{Said, meaning};

fn event(kind: &str, rest: Value) -> Value {
    let mut event = json!({"type": format!("response.{kind}")});
    event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    event
}

fn added(at: u32, item: Value) -> Value {
    event("output_item.added", json!({"output_index": at, "item": item}))
}

fn item_done(at: u32, item: Value) -> Value {
    event("output_item.done", json!({"output_index": at, "item": item}))
}

fn function(arguments: &str) -> Value {
    json!({"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": arguments})
}

fn text_item(text: &str) -> Value {
    json!({"type": "message", "id": "m", "content": [{"type": "output_text", "text": text}]})
}

fn completed(output: Value) -> Value {
    event("completed", json!({"response": {"id": "r", "status": "completed", "output": output}}))
}

#[test]
fn responses_arguments_are_told_once_wherever_they_come() {
    let arguments = |kind: &str, field: &str, text: &str| {
        event(&format!("function_call_arguments.{kind}"), json!({"output_index": 0, field: text}))
    };
    let begin = added(0, function(""));
    let all = "{\"x\":1}";
    for frames in [
        vec![begin.clone(), arguments("delta", "delta", all)],
        vec![begin.clone(), arguments("done", "arguments", all)],
        vec![begin.clone(), arguments("delta", "delta", all), arguments("done", "arguments", all)],
        vec![begin.clone(), item_done(0, function(all))],
        vec![begin.clone(), arguments("done", "arguments", all), item_done(0, function(all))],
        vec![added(0, function(all)), item_done(0, function(all))],
        vec![item_done(0, function(all))],
        vec![item_done(0, function(all)), item_done(0, function(all))],
        vec![
            added(0, json!({"type": "function_call", "id": "fc"})),
            arguments("delta", "delta", all),
            item_done(0, function(all)),
        ],
        vec![begin.clone()],
        vec![],
    ] {
        let mut frames = frames;
        frames.push(completed(json!([function(all)])));
        let said = stream(Responses, &frames);
        assert_eq!(calls(&said), [call("f", all)], "{frames:?}");
        assert_eq!((ids(&said), said.stop), (vec!["c"], Some(StopReason::ToolUse)));
    }
}

#[test]
fn responses_text_is_told_once_wherever_it_comes() {
    let part = |kind: &str, rest: Value| {
        let mut rest = rest;
        rest["output_index"] = 0.into();
        rest["content_index"] = 0.into();
        event(kind, rest)
    };
    let begin = added(0, json!({"type": "message", "id": "m", "content": []}));
    let delta = part("output_text.delta", json!({"delta": "hi"}));
    let text_done = part("output_text.done", json!({"text": "hi"}));
    let part_done =
        part("content_part.done", json!({"part": {"type": "output_text", "text": "hi"}}));
    let all = item_done(0, text_item("hi"));
    for frames in [
        vec![begin.clone(), delta.clone()],
        vec![begin.clone(), text_done.clone()],
        vec![begin.clone(), part_done.clone()],
        vec![begin.clone(), all.clone()],
        vec![begin.clone(), delta.clone(), text_done.clone(), part_done.clone(), all.clone()],
        vec![delta.clone(), text_done.clone()],
        vec![all.clone()],
        vec![begin.clone()],
        vec![],
    ] {
        let mut frames = frames;
        frames.push(completed(json!([text_item("hi")])));
        let said = stream(Responses, &frames);
        assert_eq!(meaning(&said.events).text, "hi", "{frames:?}");
        assert_eq!(blocks(&said), [BlockType::Text], "{frames:?}");
        assert_eq!(said.stop, Some(StopReason::EndTurn));
    }
}

#[test]
fn responses_reasoning_is_one_block_with_its_signature() {
    let summary = |kind: &str, at: u32, field: &str, text: &str| {
        event(
            &format!("reasoning_summary_text.{kind}"),
            json!({"output_index": 0, "summary_index": at, field: text}),
        )
    };
    let item = json!({"type": "reasoning", "id": "rs", "encrypted_content": "enc",
        "summary": [{"type": "summary_text", "text": "ab"}, {"type": "summary_text", "text": "c"}]});
    let raw =
        event("reasoning_text.delta", json!({"output_index": 0, "content_index": 0, "delta": "d"}));
    let said = stream(
        Responses,
        &[
            added(
                0,
                json!({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "other"}),
            ),
            summary("delta", 0, "delta", "a"),
            summary("delta", 0, "delta", "b"),
            summary("done", 0, "text", "ab"),
            summary("done", 1, "text", "c"),
            raw,
            item_done(0, item.clone()),
            completed(json!([item.clone()])),
        ],
    );
    let streamed = meaning(&said.events);
    assert_eq!(streamed.thinking, "ab\n\nc\n\nd");
    assert_eq!(
        (streamed.signatures, blocks(&said)),
        (vec!["enc".to_owned()], vec![BlockType::Thinking])
    );
    let silent =
        json!({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "enc"});
    let said = stream(Responses, &[item_done(0, silent), completed(json!([]))]);
    assert_eq!(blocks(&said), [BlockType::Thinking], "a signature alone is kept");
    let unseen = stream(Responses, &[completed(json!([item]))]);
    assert_eq!(meaning(&unseen.events).thinking, "ab\n\nc");
}

#[test]
fn responses_custom_calls_carry_their_text_in_an_object() {
    let item = |input: &str| json!({"type": "custom_tool_call", "id": "ct", "call_id": "c", "name": "patch", "input": input});
    let piece = |text: &str| {
        event("custom_tool_call_input.delta", json!({"output_index": 0, "delta": text}))
    };
    for frames in [
        vec![
            added(0, item("")),
            piece("*** \"a\""),
            piece("\n😀"),
            item_done(0, item("*** \"a\"\n😀")),
        ],
        vec![item_done(0, item("*** \"a\"\n😀"))],
    ] {
        let mut frames = frames;
        frames.push(completed(json!([])));
        let [(name, input)] = &calls(&stream(Responses, &frames))[..] else { panic!() };
        let input: Value = serde_json::from_str(input).unwrap();
        assert_eq!((name.as_str(), input), ("patch", json!({"input": "*** \"a\"\n😀"})));
    }
}

#[test]
fn responses_end_as_their_terminal_event_says() {
    let end = |kind: &str, response: Value| {
        stream(Responses, &[event(kind, json!({"response": response}))])
    };
    let reason =
        |reason: &str| json!({"status": "incomplete", "incomplete_details": {"reason": reason}});
    let stop = |said: Said| (said.end, said.stop);
    let stopped = |reason| (End::Done, Some(reason));
    assert_eq!(
        stop(end("incomplete", reason("max_output_tokens"))),
        stopped(StopReason::MaxTokens)
    );
    assert_eq!(
        stop(end("incomplete", reason("content_filter"))),
        stopped(StopReason::ContentFilter)
    );
    assert_eq!(stop(end("incomplete", reason("steered"))), stopped(StopReason::Other));
    assert_eq!(stop(end("done", json!({"status": "completed"}))), stopped(StopReason::EndTurn));
    assert_eq!(stop(end("completed", reason("max_output_tokens"))), stopped(StopReason::MaxTokens));
    let error = json!({"status": "failed", "error": {"code": "C", "message": "M"}});
    for kind in ["failed", "done", "completed"] {
        let said = end(kind, error.clone());
        assert_eq!(said.end, End::Failed);
        assert_eq!(meaning(&said.events).error, Some(("C".to_owned(), "M".to_owned())));
    }
    assert_eq!(meaning(&end("cancelled", json!({})).events).error.unwrap().0, "cancelled");
    assert_eq!(meaning(&end("failed", json!({"error": null})).events).error.unwrap().0, "failed");
    let halfway = event("in_progress", json!({"response": {"id": "r", "error": {}}}));
    assert_eq!(stream(Responses, &[halfway, done()]).end, End::Truncated);
}

#[test]
fn responses_items_may_overlap_and_need_no_numbers() {
    let piece = |at: u32, text: &str| {
        event("function_call_arguments.delta", json!({"output_index": at, "delta": text}))
    };
    let named = |id: &str| json!({"type": "function_call", "id": id, "call_id": id, "name": id});
    let overlapping = stream(
        Responses,
        &[
            added(0, named("a")),
            added(1, named("b")),
            piece(1, "[1"),
            piece(0, "[0"),
            piece(1, "]"),
            piece(0, "]"),
            completed(json!([named("a"), named("b")])),
        ],
    );
    assert_eq!(calls(&overlapping), [call("a", "[0]"), call("b", "[1]")]);
    let by_id = |text: &str| {
        event("output_text.delta", json!({"item_id": "m", "content_index": 0, "delta": text}))
    };
    let unnumbered = stream(
        Responses,
        &[
            event("output_item.added", json!({"item": {"type": "message", "id": "m"}})),
            by_id("a"),
            by_id("b"),
            completed(json!([])),
        ],
    );
    assert_eq!(meaning(&unnumbered.events).text, "ab");
}

#[test]
fn responses_server_items_have_a_place_and_no_meaning() {
    let search = json!({"type": "web_search_call", "id": "ws", "status": "completed", "action": {"query": "q"}});
    let said = stream(
        Responses,
        &[
            added(0, search.clone()),
            event("web_search_call.searching", json!({"output_index": 0, "item_id": "ws"})),
            item_done(0, search.clone()),
            added(1, text_item("")),
            item_done(1, text_item("hi")),
            completed(json!([search, text_item("hi")])),
        ],
    );
    assert_eq!(blocks(&said), [BlockType::Other, BlockType::Text]);
    assert_eq!((meaning(&said.events).text.as_str(), said.stop), ("hi", Some(StopReason::EndTurn)));
}

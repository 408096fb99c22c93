//! Streams that real servers send and no fixture records.
//!
//! Owns: hand-made streams, one test for each way in which servers differ.
//! Must not know: how a decoder does it.

use droid_protocol::decode::whole;
use droid_protocol::dialect::Dialect::{self, Anthropic, Chat, Gemini, Responses};
use droid_protocol::event::{BlockType, End, Event, StopReason, Usage};
use serde_json::{Value, json};

use crate::support::{Said, check_rules, meaning, said};

/// The stream of these frames; a string is a frame that is no JSON.
fn stream(dialect: Dialect, frames: &[Value]) -> Said {
    let text: String = frames
        .iter()
        .map(|it| match it {
            Value::String(text) => format!("data: {text}\n\n"),
            json => format!("data: {json}\n\n"),
        })
        .collect();
    let said = said(dialect, [text.as_bytes()]);
    check_rules(&said.events, said.end);
    said
}

fn calls(said: &Said) -> Vec<(String, String)> {
    meaning(&said.events).calls
}

fn call(name: &str, input: &str) -> (String, String) {
    (name.to_owned(), input.to_owned())
}

fn ids(said: &Said) -> Vec<&str> {
    let id = |it: &'_ Event| matches!(it, Event::ToolUseStart { .. });
    said.events
        .iter()
        .filter(|it| id(it))
        .map(|it| match it {
            Event::ToolUseStart { id, .. } => id.as_str(),
            _ => "",
        })
        .collect()
}

fn blocks(said: &Said) -> Vec<BlockType> {
    said.events
        .iter()
        .filter_map(|it| match it {
            Event::ContentBlockStart { block_type, .. } => Some(*block_type),
            _ => None,
        })
        .collect()
}

// --- Chat ---

fn delta(delta: Value) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn piece(index: u32, id: &str, name: &str, arguments: &str) -> Value {
    let mut piece = json!({"index": index, "function": {"arguments": arguments}});
    if !id.is_empty() {
        piece["id"] = id.into();
        piece["function"]["name"] = name.into();
    }
    delta(json!({"tool_calls": [piece]}))
}

fn done() -> Value {
    Value::from("[DONE]")
}

#[test]
fn chat_pieces_of_two_calls_may_interleave() {
    let said = stream(
        Chat,
        &[
            piece(0, "a", "f", ""),
            piece(1, "b", "g", ""),
            piece(0, "", "", "{\"x\":"),
            piece(1, "", "", "{\"y\":"),
            piece(0, "", "", "1}"),
            piece(1, "", "", "2}"),
            finish("stop"),
            done(),
        ],
    );
    assert_eq!(calls(&said), [call("f", "{\"x\":1}"), call("g", "{\"y\":2}")]);
    assert_eq!(ids(&said), ["a", "b"]);
    assert_eq!(said.stop, Some(StopReason::ToolUse), "a call says more than `stop`");
}

#[test]
fn chat_calls_all_numbered_zero_are_told_apart_by_id() {
    let said = stream(
        Chat,
        &[piece(0, "a", "f", "{}"), piece(0, "b", "f", "{\"x\":1}"), finish("tool_calls"), done()],
    );
    assert_eq!(calls(&said), [call("f", "{}"), call("f", "{\"x\":1}")]);
}

#[test]
fn chat_calls_without_index_and_with_repeated_names_stay_whole() {
    let unnumbered = |id: &str, arguments: &str| {
        delta(
            json!({"tool_calls": [{"id": id, "function": {"name": "f", "arguments": arguments}}]}),
        )
    };
    let said = stream(
        Chat,
        &[
            unnumbered("a", "{\"x\""),
            unnumbered("a", ":1}"),
            unnumbered("b", "{}"),
            delta(json!({"tool_calls": [{"function": {"arguments": " "}}]})),
            finish("tool_calls"),
            done(),
        ],
    );
    assert_eq!(calls(&said), [call("f", "{\"x\":1}"), call("f", "{} ")]);
}

#[test]
fn chat_calls_survive_late_names_missing_ids_objects_and_no_arguments() {
    let said = stream(
        Chat,
        &[
            delta(json!({"tool_calls": [{"index": 0, "id": "a", "type": "function"}]})),
            delta(
                json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}),
            ),
            delta(
                json!({"tool_calls": [{"index": 1, "function": {"name": "g", "arguments": {"x": 1}}}]}),
            ),
            delta(json!({"function_call": {"name": "h", "arguments": "{"}})),
            delta(json!({"function_call": {"arguments": "}"}})),
            finish("function_call"),
            done(),
        ],
    );
    assert_eq!(calls(&said), [call("f", "{}"), call("g", "{\"x\":1}"), call("h", "{}")]);
    assert_eq!(ids(&said), ["a", "call_1_g", "call_2_h"]);
}

#[test]
fn chat_custom_calls_carry_their_text_in_an_object() {
    let custom = |custom: Value| delta(json!({"tool_calls": [{"index": 0, "custom": custom}]}));
    let said = stream(
        Chat,
        &[
            custom(json!({"name": "sh", "input": "echo \"a\n"})),
            custom(json!({"input": "\"; ls"})),
            finish("tool_calls"),
            done(),
        ],
    );
    let [(name, input)] = &calls(&said)[..] else { panic!() };
    let input: Value = serde_json::from_str(input).unwrap();
    assert_eq!((name.as_str(), &input), ("sh", &json!({"input": "echo \"a\n\"; ls"})));
}

#[test]
fn chat_cut_arguments_are_not_completed() {
    let said = stream(
        Chat,
        &[piece(0, "a", "f", "{\"x\":"), piece(1, "b", "g", ""), finish("length"), done()],
    );
    assert_eq!(calls(&said), [call("f", "{\"x\":"), call("g", "")]);
    assert_eq!(said.stop, Some(StopReason::MaxTokens), "a limit says more than a call");
}

#[test]
fn chat_ends_at_done_or_after_a_finish_reason_and_never_at_null() {
    let text = delta(json!({"content": "x"}));
    let empty = json!({"choices": [{"delta": {"content": "y"}, "finish_reason": ""}]});
    assert_eq!(stream(Chat, &[text.clone(), empty.clone()]).end, End::Truncated);
    let finished = stream(Chat, &[text.clone(), finish("stop")]);
    assert_eq!((finished.end, finished.stop), (End::Done, Some(StopReason::EndTurn)));
    let closed = stream(Chat, &[text.clone(), done(), text.clone()]);
    assert_eq!((closed.end, closed.stop), (End::Done, Some(StopReason::EndTurn)));
    assert_eq!(meaning(&closed.events).text, "x", "what follows the end is ignored");
}

#[test]
fn chat_counts_replace_each_other_and_a_null_erases_nothing() {
    let usage = |usage: Value| json!({"id": "c", "choices": [], "usage": usage});
    let said = stream(
        Chat,
        &[
            json!({"id": "c", "choices": [{"delta": {"content": "x"}}], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}),
            finish("stop"),
            usage(
                json!({"prompt_tokens": 9.0, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 20}}),
            ),
            usage(Value::Null),
            done(),
        ],
    );
    let expected =
        Usage { input_tokens: 0, output_tokens: 5, cache_read_tokens: 20, ..Usage::default() };
    assert_eq!(said.usage, expected, "subtracted, never below zero");
    let told = said.events.iter().filter(|it| matches!(it, Event::Usage(_))).count();
    assert_eq!(told, 2, "told when it changes");
}

#[test]
fn chat_reasoning_has_two_names_and_content_may_be_parts() {
    let said = stream(
        Chat,
        &[
            delta(json!({"reasoning": "a", "reasoning_content": "a"})),
            delta(json!({"reasoning": "b", "content": null})),
            delta(
                json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "c"}]}]}),
            ),
            delta(
                json!({"content": [{"type": "text", "text": "d"}, {"type": "image_url", "image_url": {}}]}),
            ),
            delta(json!({"refusal": "e"})),
            finish("stop"),
            done(),
        ],
    );
    let meaning = meaning(&said.events);
    assert_eq!((meaning.thinking.as_str(), meaning.text.as_str()), ("abc", "de"));
    assert_eq!(blocks(&said), [BlockType::Thinking, BlockType::Text, BlockType::Refusal]);
    assert_eq!(said.stop, Some(StopReason::Refusal));
}

#[test]
fn chat_takes_the_first_of_several_answers() {
    let both = json!({"id": "c", "choices": [
        {"index": 1, "delta": {"content": "no"}, "finish_reason": "length"},
        {"index": 0, "delta": {"content": "yes"}, "finish_reason": "stop"},
    ]});
    let said = stream(Chat, &[both, done()]);
    assert_eq!(meaning(&said.events).text, "yes");
    assert_eq!(said.stop, Some(StopReason::EndTurn));
}

#[test]
fn chat_names_come_from_the_first_chunk_that_has_them() {
    let azure = json!({"id": "", "model": "", "choices": [], "prompt_filter_results": []});
    let said = stream(Chat, &[azure, delta(json!({"content": "x"})), finish("stop"), done()]);
    assert_eq!(said.events[0], Event::MessageStart { id: "c".to_owned(), model: "m".to_owned() });
}

// --- errors in any shape ---

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
            let said = stream(dialect, std::slice::from_ref(frame));
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
        let said = stream(dialect, std::slice::from_ref(&flat));
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

// --- Anthropic ---

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "i", "model": "m", "usage": {"input_tokens": 5, "output_tokens": 1}}})
}

fn block(index: u32, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn block_delta(index: u32, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn block_stop(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn message_delta(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 7}})
}

fn message_stop() -> Value {
    json!({"type": "message_stop"})
}

#[test]
fn anthropic_ends_at_message_stop_only() {
    let said = stream(Anthropic, &[start(), message_delta("end_turn")]);
    assert_eq!((said.end, said.stop), (End::Truncated, Some(StopReason::EndTurn)));
    assert_eq!((said.usage.input_tokens, said.usage.output_tokens), (5, 7), "still counted");
}

#[test]
fn anthropic_blocks_of_every_kind_keep_their_place() {
    let said = stream(
        Anthropic,
        &[
            start(),
            block(0, json!({"type": "redacted_thinking", "data": "opaque=="})),
            block_stop(0),
            block(
                1,
                json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}),
            ),
            block_delta(1, json!({"type": "input_json_delta", "partial_json": "{\"q\":1}"})),
            block_stop(1),
            block(
                2,
                json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "x"}]}),
            ),
            block_stop(2),
            block(3, json!({"type": "thinking", "thinking": "", "signature": ""})),
            block_delta(3, json!({"type": "signature_delta", "signature": "sig"})),
            block_stop(3),
            block(4, json!({"type": "text", "text": "a"})),
            block_delta(4, json!({"type": "citations_delta", "citation": {}})),
            block_stop(4),
            json!({"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"}, "usage": {"output_tokens": 2}}),
            message_stop(),
        ],
    );
    use BlockType::{Other, RedactedThinking, Text, Thinking};
    assert_eq!(blocks(&said), [RedactedThinking, Other, Other, Thinking, Text]);
    let meaning = meaning(&said.events);
    assert_eq!((meaning.signatures, meaning.text), (vec!["sig".to_owned()], "a".to_owned()));
    assert_eq!(meaning.stop_sequence.as_deref(), Some("END"));
    assert_eq!((said.stop, meaning.calls.len()), (Some(StopReason::StopSequence), 0));
    let data = said.events.iter().find_map(|it| match it {
        Event::ContentBlockStart { data, .. } => data.clone(),
        _ => None,
    });
    assert_eq!(data.as_deref(), Some("opaque=="));
}

#[test]
fn anthropic_input_that_comes_whole_or_not_at_all_is_told_once() {
    let tool = |input: Value| json!({"type": "tool_use", "id": "t", "name": "f", "input": input});
    let said = stream(
        Anthropic,
        &[
            start(),
            block(0, tool(json!({"x": 1}))),
            block_delta(0, json!({"type": "input_json_delta", "partial_json": "{\"x\":1}"})),
            block_stop(0),
            block(1, tool(json!({}))),
            block_stop(1),
            message_delta("end_turn"),
            message_stop(),
        ],
    );
    assert_eq!(calls(&said), [call("f", "{\"x\":1}"), call("f", "{}")]);
    assert_eq!(said.stop, Some(StopReason::ToolUse));
}

#[test]
fn anthropic_cut_tool_call_is_closed_but_not_completed() {
    let said = stream(
        Anthropic,
        &[
            start(),
            block(0, json!({"type": "tool_use", "id": "t", "name": "f", "input": {}})),
            block_delta(0, json!({"type": "input_json_delta", "partial_json": "{\"x\": [1,"})),
            message_delta("max_tokens"),
            message_stop(),
        ],
    );
    assert_eq!(calls(&said), [call("f", "{\"x\": [1,")]);
    assert_eq!((said.end, said.stop), (End::Done, Some(StopReason::MaxTokens)));
}

#[test]
fn anthropic_indexes_need_not_be_contiguous_and_blocks_may_be_forgotten() {
    let said = stream(
        Anthropic,
        &[
            start(),
            block(7, json!({"type": "text", "text": ""})),
            block_delta(7, json!({"type": "text_delta", "text": "a"})),
            block(7, json!({"type": "text", "text": "b"})),
            block_stop(9),
            block_delta(9, json!({"type": "text_delta", "text": "c"})),
            message_stop(),
        ],
    );
    assert_eq!(meaning(&said.events).text, "abc");
    assert_eq!((blocks(&said).len(), said.stop), (3, Some(StopReason::EndTurn)));
}

#[test]
fn anthropic_counts_overwrite_one_by_one() {
    let usage = |usage: Value| json!({"type": "message_delta", "delta": {}, "usage": usage});
    let said = stream(
        Anthropic,
        &[
            json!({"type": "message_start", "message": {"id": "i", "model": "m", "usage": {
            "input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 11,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}}}),
            usage(
                json!({"input_tokens": null, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}),
            ),
            message_stop(),
        ],
    );
    let expected = Usage {
        input_tokens: 5,
        output_tokens: 9,
        cache_read_tokens: 11,
        cache_write_5m_tokens: 10,
        cache_write_1h_tokens: 20,
        reasoning_tokens: 4,
    };
    assert_eq!(said.usage, expected);
}

#[test]
fn anthropic_event_without_a_blank_line_counts_only_if_it_ends_the_message() {
    let head = format!("data: {}\n\n", start());
    let stop = format!("{head}event: message_stop\ndata: {{\"type\":\"message_stop\"}}");
    assert_eq!(said(Anthropic, [stop.as_bytes()]).end, End::Done);
    let text = block_delta(0, json!({"type": "text_delta", "text": "a"}));
    let cut = said(Anthropic, [format!("{head}data: {text}").as_bytes()]);
    assert_eq!(meaning(&cut.events).text, "");
}

// --- Responses ---

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

// --- Gemini ---

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
    assert_eq!(ids(&said), ["call_0_f", "call_1_f"]);
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
    let mut decoder = droid_protocol::decode::StreamDecoder::new(Gemini);
    let mut events = Vec::new();
    decoder.push(format!("data: {}\n\n", finished("STOP", false)).as_bytes(), &mut events);
    assert_eq!(decoder.ended(), None, "the counts may follow");
    decoder.push(format!("data: {}\n\n", finished("STOP", true)).as_bytes(), &mut events);
    assert_eq!(decoder.ended(), Some(End::Done));
    assert_eq!(stream(Gemini, &[text.clone(), finished("STOP", false)]).end, End::Done);
    assert_eq!(stream(Gemini, &[text.clone()]).end, End::Truncated);
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

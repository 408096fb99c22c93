//! Chat Completions as real servers send it.
//!
//! Owns: one test for each way in which servers differ from the fixtures.
//! Must not know: how a decoder does it.

use droid_protocol::dialect::Dialect::Chat;
use droid_protocol::event::{BlockType, End, Event, StopReason, Usage};
use serde_json::{Value, json};

use super::{blocks, call, calls, ids, stream};
use crate::support::meaning;

fn delta(delta: Value) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

pub(super) fn finish(reason: &str) -> Value {
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

pub(super) fn done() -> Value {
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
    assert_eq!(ids(&said), ["a", "call_c_1", "call_c_2"]);
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

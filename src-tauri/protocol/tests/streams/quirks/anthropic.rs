//! Anthropic Messages as real servers send it.
//!
//! Owns: one test for each way in which servers differ from the fixtures.
//! Must not know: how a decoder does it.

use droid_protocol::dialect::Dialect::Anthropic;
use droid_protocol::event::{BlockType, End, Event, StopReason, Usage};
use serde_json::{Value, json};

use super::{blocks, call, calls, stream};
use crate::support::{meaning, said};

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

#[test]
fn anthropic_cache_writes_may_be_told_as_a_total_or_as_parts() {
    let parts = json!({"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4});
    for (told, five_minutes, hour) in [
        (json!({"cache_creation": parts}), 3, 4),
        (json!({"cache_creation_input_tokens": 7}), 7, 0),
        (json!({"cache_creation_input_tokens": 7, "cache_creation": parts}), 3, 4),
        (json!({"cache_creation_input_tokens": 7, "cache_creation": null}), 7, 0),
    ] {
        let head = json!({"type": "message_start", "message": {"id": "i", "usage": told}});
        let usage = stream(Anthropic, &[head, message_stop()]).usage;
        assert_eq!(
            (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens),
            (five_minutes, hour)
        );
    }
}

//! Requests of this dialect, there and back.
//!
//! Owns: nothing is lost on the way through the hub.
//! Must not know: other dialects.

use serde_json::{Value, json};

use super::{dump, files, read, write};
use crate::dialect::Dialect;
use crate::request::{Format, PartKind, Request, Role, Source, Tool, ToolChoice};

fn bodies() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (case, bytes) in files("requests/chat", ".json") {
        let exchange: Value = serde_json::from_slice(&bytes).unwrap();
        for key in ["body", "body_stream"] {
            found.push((format!("{case} {key}"), exchange[key].to_string()));
        }
    }
    found
}

/// Reads, writes and reads again: the same, and nothing lost. Gives what was read and written.
fn there_and_back(body: &str) -> (Request, Value) {
    let first = read(body);
    let (json, translated) = write(&first);
    assert_eq!(translated.losses, [], "{body}");
    let second = read(&json.to_string());
    assert_eq!(dump(&first), dump(&second), "{body}\n{json}");
    (first, json)
}

fn keeps(members: &Value) -> (Request, Value) {
    let mut body = json!({"model": "gpt-5.6-sol", "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    let (request, json) = there_and_back(&body.to_string());
    assert_eq!(json, body);
    (request, json)
}

#[test]
fn every_recorded_request_comes_back_as_it_was() {
    for (case, body) in bodies() {
        let (_, json) = there_and_back(&body);
        let mut expected: Value = serde_json::from_str(&body).unwrap();
        if let Some(limit) = expected.as_object_mut().unwrap().remove("max_tokens") {
            expected["max_completion_tokens"] = limit;
        }
        // Alone in a list text is the same as without one, and nobody tells developers apart.
        for message in expected["messages"].as_array_mut().unwrap() {
            if message["role"] == "developer" {
                message["role"] = json!("system");
            }
            if let [one] = message["content"].as_array().map_or(&[][..], |it| it)
                && one["type"] == "text"
            {
                message["content"] = one["text"].clone();
            }
        }
        assert_eq!(json, expected, "{case}");
    }
}

#[test]
fn every_member_comes_back() {
    keeps(&json!({
        "max_completion_tokens": 10, "temperature": 0.10, "top_p": 1, "top_k": 3, "seed": -1,
        "frequency_penalty": 0.5, "presence_penalty": -0.5, "stop": ["a", "b", "c", "d", "e"],
        "n": 2, "logprobs": true, "top_logprobs": 2, "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"}, "reasoning_effort": "xhigh",
        "user": "u", "prompt_cache_key": "k", "service_tier": "strange",
        "metadata": {"a": "b"}, "logit_bias": {"50256": -100}, "store": false,
        "verbosity": "low", "prediction": {"type": "content", "content": "x"},
        "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false},
    }));
    keeps(&json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}));
    keeps(&json!({"thinking": {"type": "enabled", "clear_thinking": false}}));
    keeps(&json!({"reasoning": {"effort": "high", "exclude": true}}));
    keeps(&json!({"web_search_options": {"search_context_size": "low"}}));
    keeps(&json!({"max_completion_tokens": 5, "max_tokens": 6}));
    keeps(&json!({"user": "u", "safety_identifier": "s"}));
    keeps(&json!({"response_format": {"type": "text"}}));
    keeps(&json!({"response_format": {"type": "json_object"}}));
    keeps(&json!({"response_format": {"type": "grammar", "grammar": "x"}}));
}

#[test]
fn numbers_keep_their_digits() {
    let body = r#"{"model":"m","messages":[],"temperature":0.10,"seed":12345678901234567890}"#;
    let (_, translated) = write(&read(body));
    let text = String::from_utf8(translated.body).unwrap();
    assert!(text.contains(r#""temperature":0.10"#) && text.contains("12345678901234567890"));
}

#[test]
fn older_names_are_read() {
    let body = json!({
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null,
             "function_call": {"name": "f", "arguments": "{\"a\":1}"}},
            {"role": "function", "name": "f", "content": "done"},
        ],
        "max_tokens": 7,
        "safety_identifier": "s",
        "functions": [{"name": "f", "parameters": {"type": "object"}}],
        "function_call": {"name": "f"},
    });
    let (request, _) = there_and_back(&body.to_string());
    assert_eq!(request.sampling.max_tokens.as_ref().unwrap().get(), "7");
    assert_eq!(request.user.as_deref(), Some("s"));
    assert_eq!(request.tool_choice, Some(ToolChoice::One("f".into())));
    let PartKind::ToolCall(call) = &request.turns[1].parts[0].kind else { panic!() };
    let PartKind::ToolResult(result) = &request.turns[2].parts[0].kind else { panic!() };
    assert_eq!((&*call.id, &*result.call_id), ("call_1_0", "call_1_0"));
    assert_eq!(call.arguments, r#"{"a":1}"#);
}

#[test]
fn tools_and_choices_come_back() {
    let function = json!({"type": "function", "function": {
        "name": "f", "description": "d", "strict": true,
        "parameters": {"type": "object", "properties": {}, "additionalProperties": false}}});
    let custom = json!({"type": "custom", "custom": {"name": "c", "description": "d", "format":
        {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: \"x\""}}}});
    let other = json!({"type": "code_interpreter", "container": "auto"});
    let search = json!({"type": "web_search", "search_context_size": "low"});
    let tools = json!([function, custom, other, search]);
    for choice in [
        json!("auto"),
        json!("none"),
        json!("required"),
        json!({"type": "function", "function": {"name": "f"}}),
        json!({"type": "custom", "custom": {"name": "c"}}),
        json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
            {"type": "function", "function": {"name": "f"}},
            {"type": "custom", "custom": {"name": "c"}}]}}),
        json!({"type": "mcp", "server_label": "x"}),
    ] {
        let (request, _) =
            keeps(&json!({"tools": tools, "tool_choice": choice, "parallel_tool_calls": false}));
        let Tool::FreeText { format: Some(format), .. } = &request.tools[1] else { panic!() };
        let format: Value = serde_json::from_str(format.get()).unwrap();
        assert_eq!(format["syntax"], "lark", "flat in the hub");
    }
    let flat = json!({"messages": [], "tools": [{"type": "function", "name": "f"}]});
    let (request, _) = there_and_back(&flat.to_string());
    assert!(matches!(&request.tools[0], Tool::Function { name, .. } if name == "f"));
}

#[test]
fn parts_and_members_of_messages_come_back() {
    let messages = json!([
        {"role": "system", "content": "a"},
        {"role": "system", "content": "b", "name": "boss"},
        {"role": "user", "name": "bob", "content": [
            {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lG"}},
            {"type": "image_url", "image_url": {"url": "data:text/plain,hello"}},
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "flac"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE",
                                      "filename": "a.pdf"}},
            {"type": "video_url", "video_url": {"url": "https://x/y.mp4"}},
            {"type": "text", "text": "y", "annotations": [1]},
        ]},
        {"role": "user", "content": "again"},
        {"role": "assistant", "content": null, "refusal": "no"},
        {"role": "system", "content": "in the middle"},
        {"role": "assistant", "reasoning_content": "hm", "content": [
            {"type": "text", "text": "t"}, {"type": "refusal", "refusal": "r"}]},
        {"role": "assistant", "content": "say", "audio": {"id": "a1"}, "tool_calls": [
            {"id": "c1", "type": "function",
             "function": {"name": "f", "arguments": "{ \"a\" : 1.0 }"},
             "extra_content": {"google": {"thought_signature": "s"}}},
            {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "free\ntext"}},
            {"id": "c3", "type": "function",
             "function": {"name": "f", "arguments": "{}"}, "extra_content": {"x": 1}}]},
        {"role": "tool", "tool_call_id": "c2", "content": "two", "name": "g"},
        {"role": "tool", "tool_call_id": "c1", "content": [
            {"type": "text", "text": "one"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
        {"role": "tool", "tool_call_id": "c3", "content": "", "cache_control": {"type": "e"}},
        {"role": "user", "content": "thanks"},
        {"role": "critic", "content": "hm"},
    ]);
    let (request, _) = keeps(&json!({"messages": messages}));
    let turns: Vec<_> = request.turns.iter().map(|it| (it.role, it.parts.len())).collect();
    assert_eq!(turns[0], (Role::User, 12));
    assert_eq!(turns[6].0, Role::User, "results and the user's words are one turn");
    let results: Vec<_> = request.turns[6].parts.iter().collect();
    assert_eq!(results.len(), 5);
    let PartKind::ToolResult(result) = &results[0].kind else { panic!() };
    assert!(result.free_text && result.name.as_deref() == Some("g"));
    let PartKind::Document { source, .. } = &request.turns[0].parts[7].kind else { panic!() };
    assert_eq!(*source, Source::File { dialect: Dialect::Chat, id: "file-1".into() });
}

#[test]
fn a_schemas_members_are_read() {
    let (request, _) = keeps(&json!({"response_format": {"type": "json_schema", "json_schema": {
        "name": "n", "description": "d", "schema": {"type": "object"}, "strict": false}}}));
    let Some(Format::Schema { name, strict, .. }) = request.format else { panic!() };
    assert_eq!((name.as_deref(), strict), (Some("n"), Some(false)));
}

#[test]
fn what_has_no_place_even_here_is_named() {
    let body = json!({"messages": [], "tools": [
        {"type": "function", "function": {"name": "f", "colour": 1}}]});
    let (_, translated) = write(&read(&body.to_string()));
    assert_eq!(translated.losses[0].field, "unknown members");
}

//! Body rules, one refused body a rule, and every recorded request accepted.
//!
//! Owns: the table of bad bodies.
//! Must not know: HTTP.

use std::fs;
use std::path::Path;

use droid_protocol::dialect::Dialect;
use droid_protocol::request::Request;
use droid_protocol::translate::pair;
use serde_json::{Value, json};

use super::PROMPT;
use crate::upstream::rules::Checked;
use crate::upstream::{rules_anthropic, rules_chat, rules_gemini, rules_responses};

fn check(dialect: &str, body: &Value) -> Checked {
    let body = body.as_object().unwrap();
    match dialect {
        "anthropic" => rules_anthropic::check(body, PROMPT),
        "responses" => rules_responses::check(body, PROMPT),
        "chat" => rules_chat::check(body, PROMPT),
        _ => rules_gemini::check(body, PROMPT, false),
    }
}

/// A good body of each dialect.
fn good(dialect: &str) -> Value {
    match dialect {
        "anthropic" => super::plain("hi", false),
        "responses" => json!({"model": "gpt-5.6-sol", "instructions": PROMPT, "input": "hi"}),
        "chat" => json!({"model": "glm-4.6", "messages": [
            {"role": "system", "content": PROMPT}, {"role": "user", "content": "hi"}]}),
        _ => {
            json!({"model": "gemini-3.5-flash", "contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
        }
    }
}

/// The good body with members set, or taken out where they are null.
fn with(dialect: &str, changes: &Value) -> Value {
    let mut body = good(dialect);
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

#[expect(clippy::needless_pass_by_value, reason = "a table of literals reads better")]
fn refused(dialect: &str, changes: Value, because: &str) {
    let body = with(dialect, &changes);
    let error = check(dialect, &body).expect_err(&format!("accepted: {body}"));
    assert!(error.contains(because), "refused for another reason: {error}\n{body}");
}

#[expect(clippy::needless_pass_by_value, reason = "a table of literals reads better")]
fn accepted(dialect: &str, changes: Value) {
    let body = with(dialect, &changes);
    check(dialect, &body).unwrap_or_else(|error| panic!("{error}\n{body}"));
}

#[test]
fn recorded_requests_pass_once_edited_as_factory_wants() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../src-tauri/protocol/tests/fixtures/requests");
    let mut seen = 0;
    for dialect in ["anthropic", "responses", "chat", "gemini"] {
        for file in fs::read_dir(root.join(dialect)).unwrap() {
            let file = file.unwrap().path();
            let recorded: Value =
                serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            for member in ["body", "body_stream"] {
                let body = edited(dialect, recorded[member].clone());
                check(dialect, &body).unwrap_or_else(|it| panic!("{}: {it}", file.display()));
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} bodies");
}

#[test]
fn requests_of_every_dialect_pass_in_every_other_once_translated() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../src-tauri/protocol/tests/fixtures/requests");
    let by_hand = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../src-tauri/protocol/tests/golden/cases/requests");
    let mut problems = Vec::new();
    let mut seen = 0;
    for from in Dialect::ALL {
        let folders = [&recorded, &by_hand].map(|it| it.join(from.as_str()));
        for file in folders.iter().flat_map(|it| fs::read_dir(it).unwrap()) {
            let file = file.unwrap().path();
            let sent: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            for body in ["body", "body_stream"].iter().filter_map(|it| sent.get(it)) {
                let read = pair::read_request(from, body.to_string().as_bytes()).unwrap();
                let model = "some-model".to_owned();
                let model = if read.model.is_empty() { model } else { read.model.clone() };
                let read = Request { model, ..read };
                for to in Dialect::ALL.into_iter().filter(|it| *it != from) {
                    let written = pair::write_request(to, &read).unwrap().body;
                    let body = edited(to.as_str(), serde_json::from_slice(&written).unwrap());
                    seen += 1;
                    if let Err(why) = check(to.as_str(), &body) {
                        problems.push(format!("{} to {to}: {why}", file.display()));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(seen > 300, "only {seen} bodies");
}

fn edited(dialect: &str, mut body: Value) -> Value {
    let members = body.as_object_mut().unwrap();
    members.remove("metadata");
    if members.contains_key("temperature") {
        members.remove("top_p");
    }
    let joined = |old: Option<&Value>| match old.and_then(Value::as_str) {
        Some(text) => json!(format!("{PROMPT}\n\n{text}")),
        None => json!(PROMPT),
    };
    match dialect {
        "anthropic" => {
            let block = json!({"type": "text", "text": PROMPT});
            let system = match members.get("system") {
                Some(Value::Array(blocks)) => json!([vec![block], blocks.clone()].concat()),
                other => joined(other),
            };
            members.insert("system".into(), system);
        }
        "responses" => {
            let joined = joined(members.get("instructions"));
            members.insert("instructions".into(), joined);
        }
        "chat" => {
            let prompt = json!({"role": "system", "content": PROMPT});
            members["messages"].as_array_mut().unwrap().insert(0, prompt);
        }
        _ => {
            members.insert("model".into(), json!("gemini-3.5-flash"));
        }
    }
    body
}

#[test]
fn metadata_unknown_members_and_sampling_conflicts_are_refused_everywhere() {
    for dialect in ["anthropic", "responses", "chat", "gemini"] {
        accepted(dialect, json!({}));
        refused(dialect, json!({"metadata": {"user_id": "u"}}), "metadata");
        refused(dialect, json!({"session_id": "s"}), "Extra inputs");
        refused(dialect, json!({"stream": "yes"}), "stream: must be a boolean");
        refused(dialect, json!({"model": null}), "model: a string is required");
    }
    for dialect in ["anthropic", "responses", "chat"] {
        refused(dialect, json!({"temperature": 0.5, "top_p": 0.9}), "cannot both");
        refused(dialect, json!({"temperature": 3}), "temperature");
    }
}

#[test]
fn the_prompt_comes_first_and_once_in_every_form() {
    let twice = format!("{PROMPT}\n\n{PROMPT}");
    let glued = format!("{PROMPT}Be brief.");
    let apart = format!("{PROMPT}\n\nBe brief.");
    for (text, because) in [("Be brief.", "must begin"), (&*twice, "once"), (&*glued, "set off")] {
        refused("anthropic", json!({"system": text}), because);
        refused("anthropic", json!({"system": [{"type": "text", "text": text}]}), because);
        refused("responses", json!({"instructions": text}), because);
        let message = |role: &str, content: Value| json!({"messages": [{"role": "user", "content": "hi"}, {"role": role, "content": content}]});
        refused("chat", message("system", json!(text)), because);
        refused("chat", message("developer", json!([{"type": "text", "text": text}])), because);
        if text != "Be brief." {
            refused("gemini", json!({"systemInstruction": {"parts": [{"text": text}]}}), because);
        }
    }
    accepted("anthropic", json!({"system": apart}));
    accepted(
        "anthropic",
        json!({"system": [{"type": "text", "text": PROMPT}, {"type": "text", "text": "x"}]}),
    );
    accepted("responses", json!({"instructions": apart}));
    accepted(
        "chat",
        json!({"messages": [{"role": "developer", "content": [{"type": "text", "text": apart}]}, {"role": "user", "content": "hi"}]}),
    );
    accepted("gemini", json!({"systemInstruction": {"parts": [{"text": PROMPT}, {"text": "x"}]}}));
    refused("anthropic", json!({"system": null}), "must begin");
    refused("responses", json!({"instructions": null}), "must begin");
    refused("responses", json!({"instructions": 7}), "must be a string");
    refused("chat", json!({"messages": [{"role": "user", "content": "hi"}]}), "must begin");
    let body = good("gemini");
    assert!(rules_gemini::check(body.as_object().unwrap(), PROMPT, true).is_err());
}

#[test]
fn anthropic_limits_thinking_and_output() {
    refused("anthropic", json!({"max_tokens": null}), "max_tokens: Field required");
    refused("anthropic", json!({"max_tokens": 0}), "max_tokens");
    let on = |budget: Value| json!({"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": budget}});
    accepted("anthropic", on(json!(2048)));
    refused("anthropic", on(json!(1023)), "budget_tokens");
    refused("anthropic", on(json!(4096)), "must be greater");
    refused("anthropic", json!({"thinking": {"type": "enabled"}}), "budget_tokens: Field required");
    let mut forced = on(json!(2048));
    forced["tool_choice"] = json!({"type": "any"});
    refused("anthropic", forced, "tool_choice forces");
    let mut cold = on(json!(2048));
    cold["temperature"] = json!(0.5);
    refused("anthropic", cold, "may only be set to 1");
    accepted("anthropic", json!({"thinking": {"type": "adaptive"}}));
    refused("anthropic", json!({"thinking": {"type": "sometimes"}}), "not known");
}

#[test]
fn anthropic_pairs_tool_uses_with_results() {
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "ok"});
    let turns = |calls: Value, results: Value| {
        json!({"messages": [{"role": "user", "content": "hi"},
            {"role": "assistant", "content": calls}, {"role": "user", "content": results}]})
    };
    let text = json!({"type": "text", "text": "and"});
    accepted(
        "anthropic",
        turns(json!([call("a"), call("b")]), json!([result("b"), result("a"), text])),
    );
    refused(
        "anthropic",
        turns(json!([call("a"), call("b")]), json!([result("a")])),
        "without a `tool_result`",
    );
    refused("anthropic", turns(json!([call("a")]), json!([text, result("a")])), "must come first");
    refused("anthropic", turns(json!([text]), json!([result("a")])), "unexpected `tool_use_id`");
    refused("anthropic", turns(json!([call("a"), call("a")]), json!([result("a")])), "unique");
    refused("anthropic", turns(json!([result("a")]), json!([text])), "only be in user messages");
    refused(
        "anthropic",
        json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [call("a")]}]}),
        "without a `tool_result`",
    );
    let mut unled = turns(json!([call("a")]), json!([result("a")]));
    unled["max_tokens"] = json!(4096);
    unled["thinking"] = json!({"type": "enabled", "budget_tokens": 1024});
    refused("anthropic", unled.clone(), "Expected `thinking`");
    unled["messages"][1]["content"] =
        json!([{"type": "thinking", "thinking": "", "signature": "s"}, call("a")]);
    accepted("anthropic", unled);
}

#[test]
fn anthropic_checks_messages_and_hints() {
    refused("anthropic", json!({"messages": []}), "at least one");
    let single =
        |role: &str, content: Value| json!({"messages": [{"role": role, "content": content}]});
    refused("anthropic", single("tool", json!("hi")), "Unexpected role");
    refused("anthropic", single("assistant", json!("hi")), "first message");
    refused("anthropic", single("user", json!("")), "must not be empty");
    refused(
        "anthropic",
        single("user", json!([{"type": "text", "text": ""}])),
        "must not be empty",
    );
    refused(
        "anthropic",
        single("user", json!([{"type": "input_text", "text": "x"}])),
        "does not match",
    );
    refused(
        "anthropic",
        single("user", json!([{"type": "thinking", "thinking": "x"}])),
        "signature",
    );
    let hinted = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
    accepted("anthropic", single("user", json!(vec![hinted.clone(); 4])));
    refused("anthropic", single("user", json!(vec![hinted; 5])), "maximum of 4");
    refused("anthropic", json!({"tools": [{"name": "f"}]}), "input_schema");
    refused("anthropic", json!({"tool_choice": {"type": "tool"}}), "tool_choice.name");
}

#[test]
fn responses_allows_no_orphans_and_no_chat_tools() {
    let call = json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"});
    let output = json!({"type": "function_call_output", "call_id": "a", "output": "ok"});
    accepted("responses", json!({"input": [call, output]}));
    refused("responses", json!({"input": [call]}), "No tool output");
    refused("responses", json!({"input": [output]}), "No tool call");
    accepted("responses", json!({"input": [output], "previous_response_id": "resp_1"}));
    let nested = json!({"type": "function", "function": {"name": "f"}});
    refused("responses", json!({"tools": [nested]}), "name");
    refused(
        "responses",
        json!({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}),
        "Invalid value",
    );
    refused("responses", json!({"input": null}), "Missing required");
    refused("responses", json!({"stream_options": {}}), "only allowed when");
}

#[test]
fn chat_pairs_tool_messages_and_ties_stream_options_to_stream() {
    let system = json!({"role": "system", "content": PROMPT});
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let answer = json!({"role": "tool", "tool_call_id": "a", "content": "ok"});
    let user = json!({"role": "user", "content": "hi"});
    accepted("chat", json!({"messages": [system, user, call, answer]}));
    refused("chat", json!({"messages": [system, user, call]}), "must be followed");
    refused("chat", json!({"messages": [system, user, call, user]}), "must be followed");
    refused("chat", json!({"messages": [system, user, answer]}), "must be a response");
    refused("chat", json!({"messages": [system, {"role": "assistant"}]}), "required without");
    refused(
        "chat",
        json!({"messages": [system, {"role": "robot", "content": "x"}]}),
        "Invalid value",
    );
    accepted("chat", json!({"stream": true, "stream_options": {"include_usage": true}}));
    refused("chat", json!({"stream_options": {"include_usage": true}}), "only allowed when");
}

#[test]
fn gemini_checks_contents() {
    refused("gemini", json!({"contents": []}), "not specified");
    refused(
        "gemini",
        json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}),
        "valid role",
    );
    refused("gemini", json!({"contents": [{"role": "user", "parts": []}]}), "at least one part");
    let answer = json!({"functionResponse": {"name": "f", "response": "text"}});
    refused(
        "gemini",
        json!({"contents": [{"role": "user", "parts": [answer]}]}),
        "must be an object",
    );
}

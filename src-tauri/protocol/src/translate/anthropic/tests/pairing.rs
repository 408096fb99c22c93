//! Which message a part goes to.
//!
//! Owns: the rules of order and pairing, one test a rule, and the checker over any conversation.
//! Must not know: what stands in a block.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::request::{Part, PartKind, Request, Role, ToolCall, ToolResult, Turn};
use crate::translate::RequestCodec;
use crate::translate::anthropic::Codec;

pub(super) fn call(id: &str, name: &str) -> Part {
    Part::new(PartKind::ToolCall(ToolCall {
        id: id.to_owned(),
        item_id: None,
        name: name.to_owned(),
        arguments: "{}".to_owned(),
        free_text: false,
        signature: None,
    }))
}

pub(super) fn result(id: &str, text: &str) -> Part {
    Part::new(PartKind::ToolResult(ToolResult {
        call_id: id.to_owned(),
        name: None,
        content: vec![Part::text(text)],
        is_error: false,
        free_text: false,
    }))
}

fn conversation(turns: Vec<(Role, Vec<Part>)>) -> Request {
    let turns = turns.into_iter().map(|(role, parts)| Turn { role, parts }).collect();
    Request { model: "claude-sonnet-5-5".to_owned(), turns, ..Request::default() }
}

fn written(request: &Request) -> (Value, Vec<&'static str>) {
    let it = Codec::write(request).unwrap();
    let losses = it.losses.iter().map(|it| it.field).collect();
    (serde_json::from_slice(&it.body).unwrap(), losses)
}

fn messages(turns: Vec<(Role, Vec<Part>)>) -> Value {
    let (mut body, _) = written(&conversation(turns));
    check(&body).unwrap();
    body["messages"].take()
}

/// Says where a body breaks the provider's rules of order, if it does.
fn check(body: &Value) -> Result<(), String> {
    let list = |content: &Value| match content {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(blocks) => blocks.clone(),
        _ => Vec::new(),
    };
    let mut before: Option<&str> = None;
    let mut asked: HashSet<String> = HashSet::new();
    let mut seen: HashSet<String> = HashSet::new();
    for message in body["messages"].as_array().ok_or("no messages")? {
        let role = message["role"].as_str().ok_or("no role")?;
        let blocks = list(&message["content"]);
        if before == Some(role) || blocks.is_empty() {
            return Err(format!("turns: {message}"));
        }
        if before.is_none_or(|it| it == "system") && role == "assistant" && seen.is_empty() {
            return Err("the model begins".to_owned());
        }
        if !asked.is_empty() && role != "user" {
            return Err(format!("unanswered: {asked:?}"));
        }
        let mut others = false;
        let mut answered = HashSet::new();
        for block in &blocks {
            match block["type"].as_str().unwrap_or_default() {
                "tool_result" => {
                    let id = block["tool_use_id"].as_str().unwrap_or_default().to_owned();
                    if others || !asked.contains(&id) || !answered.insert(id) {
                        return Err(format!("result: {message}"));
                    }
                }
                "tool_use" if role == "assistant" => {}
                "text" if block["text"].as_str().is_none_or(|it| it.trim().is_empty()) => {
                    return Err(format!("blank: {message}"));
                }
                "text" => others = true,
                other => return Err(format!("{other} in {message}")),
            }
        }
        if answered.len() != asked.len() {
            return Err(format!("unanswered: {asked:?}"));
        }
        asked.clear();
        for block in blocks.iter().filter(|it| it["type"] == "tool_use") {
            let id = block["id"].as_str().unwrap_or_default().to_owned();
            let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
            if id.is_empty() || !id.chars().all(fits) || !seen.insert(id.clone()) {
                return Err(format!("id: {message}"));
            }
            asked.insert(id);
        }
        seen.insert(String::new());
        before = Some(role);
    }
    if !asked.is_empty() || before.is_none() {
        return Err("the end is open".to_owned());
    }
    Ok(())
}

#[test]
fn results_of_several_turns_become_one_turn_in_order_before_everything_else() {
    let sent = messages(vec![
        (Role::User, vec![Part::text("q")]),
        (Role::Assistant, vec![Part::text("t"), call("a", "f"), call("b", "g")]),
        (Role::User, vec![result("b", "2")]),
        (Role::User, vec![Part::text("go on")]),
        (Role::User, vec![result("a", "1")]),
    ]);
    assert_eq!(
        sent[2],
        json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "b", "content": "2"},
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "text", "text": "go on"}
        ]})
    );
    assert_eq!(sent.as_array().unwrap().len(), 3);
}

#[test]
fn a_result_that_comes_late_is_put_behind_its_call() {
    let sent = messages(vec![
        (Role::User, vec![Part::text("q")]),
        (Role::Assistant, vec![call("a", "f")]),
        (Role::System, vec![Part::text("note")]),
        (Role::User, vec![Part::text("wait")]),
        (Role::Assistant, vec![Part::text("yes")]),
        (Role::User, vec![result("a", "1")]),
    ]);
    assert_eq!(sent[2]["content"][0]["tool_use_id"], "a");
    assert_eq!(sent[3]["role"], "system");
    assert_eq!(sent[5]["content"], "yes");
    assert_eq!(sent.as_array().unwrap().len(), 6);
}

#[test]
fn a_call_without_a_result_gets_a_failed_one() {
    let request = conversation(vec![
        (Role::User, vec![Part::text("q")]),
        (Role::Assistant, vec![call("a", "f"), call("b", "f")]),
        (Role::User, vec![result("a", "1")]),
        (Role::Assistant, vec![call("c", "f")]),
    ]);
    let (body, losses) = written(&request);
    check(&body).unwrap();
    let missing = &body["messages"][2]["content"][1];
    assert_eq!((&missing["tool_use_id"], &missing["is_error"]), (&json!("b"), &json!(true)));
    assert_eq!(body["messages"][4]["content"][0]["tool_use_id"], "c");
    assert_eq!(losses, ["tool_result"]);
}

#[test]
fn a_result_without_a_call_is_told_as_text() {
    let request = conversation(vec![
        (Role::User, vec![result("x", "1"), Part::text("q")]),
        (Role::Assistant, vec![call("a", "f"), result("a", "inside"), result("y", "odd")]),
    ]);
    let (body, losses) = written(&request);
    check(&body).unwrap();
    let text = body["messages"].to_string();
    assert!(text.contains("Result of the tool call x:") && text.contains("call y:"), "{text}");
    assert_eq!(body["messages"][2]["content"][0]["content"], "inside");
    assert_eq!(losses, ["tool_result"]);
}

#[test]
fn ids_are_made_to_fit_and_stay_apart() {
    let turns = || {
        vec![
            (Role::User, vec![Part::text("q")]),
            (Role::Assistant, vec![call("call.0:f", "f"), call("call_0_f", "f"), call("", "f")]),
            (Role::User, vec![result("call_0_f", "2"), result("call.0:f", "1"), result("", "3")]),
            (Role::Assistant, vec![call("call.0:f", "f")]),
            (Role::User, vec![result("call.0:f", "4")]),
        ]
    };
    let sent = messages(turns());
    let ids = |message: usize, name: &str| -> Vec<String> {
        let blocks = sent[message]["content"].as_array().unwrap();
        blocks.iter().map(|it| it[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(1, "id"), ["call_0_f", "call_0_f_2", "toolu_0"]);
    assert_eq!(ids(2, "tool_use_id"), ["call_0_f_2", "call_0_f", "toolu_0"]);
    assert_eq!(ids(2, "content"), ["2", "1", "3"]);
    assert_eq!(
        (ids(3, "id"), ids(4, "content")),
        (vec!["call_0_f_3".to_owned()], vec!["4".to_owned()])
    );
    assert_eq!(sent, messages(turns()));
}

#[test]
fn many_calls_of_one_id_are_no_more_work_than_others() {
    let turns = (0..20_000).flat_map(|_| {
        [
            (Role::Assistant, vec![call("x", "f"), result("y", "2")]),
            (Role::User, vec![result("x", "1")]),
        ]
    });
    let (body, _) = written(&conversation(turns.collect()));
    check(&body).unwrap();
    assert_eq!(body["messages"][40_000]["content"][0]["tool_use_id"], "x_20000");
}

#[test]
fn the_person_begins_and_nobody_says_nothing() {
    let text = |it: &str| vec![Part::text(it)];
    assert_eq!(messages(Vec::new()), json!([{"role": "user", "content": "."}]));
    assert_eq!(
        messages(vec![(Role::User, text(" \n"))]),
        json!([{"role": "user", "content": "."}])
    );
    assert_eq!(
        messages(vec![(Role::Assistant, text("hi")), (Role::User, text("q"))]),
        json!([{"role": "user", "content": "."}, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "q"}])
    );
    assert_eq!(
        messages(vec![
            (Role::User, text("a")),
            (Role::Assistant, Vec::new()),
            (Role::User, text("b")),
            (Role::Assistant, text("c")),
            (Role::Assistant, text("d \n")),
        ]),
        json!([
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]}
        ])
    );
}

#[test]
fn system_turns_go_where_the_model_takes_them() {
    let turns = || {
        vec![
            (Role::System, vec![Part::text("first")]),
            (Role::User, vec![Part::text("q")]),
            (Role::System, vec![Part::text("later")]),
        ]
    };
    let new = messages(turns());
    assert_eq!((&new[0]["role"], &new[2]["role"]), (&json!("system"), &json!("system")));
    let old = Request { model: "claude-sonnet-4-20250514".to_owned(), ..conversation(turns()) };
    let (body, losses) = written(&old);
    assert_eq!(body["system"], "first");
    assert_eq!(body["messages"][0]["content"][1]["text"], "<system>\nlater\n</system>");
    assert_eq!(losses, ["role"]);
}

fn any_part() -> impl Strategy<Value = Part> {
    let id = || prop::sample::select(vec!["a", "b", "c d", "c_d", ""]);
    prop_oneof![
        "[a-z ]{0,3}".prop_map(Part::text),
        id().prop_map(|id| call(id, "f")),
        id().prop_map(|id| result(id, "r")),
        id().prop_map(|id| result(id, "")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_conversation_is_one_the_provider_takes(
        turns in prop::collection::vec(
            (
                prop::sample::select(vec![Role::User, Role::Assistant, Role::System]),
                prop::collection::vec(any_part(), 0..5),
            ),
            0..10,
        ),
        model in prop::sample::select(vec!["claude-sonnet-5-5", "claude-3-7-sonnet-20250219", "MiniMax-M2"]),
    ) {
        let request = Request { model: model.to_owned(), ..conversation(turns) };
        let (body, _) = written(&request);
        check(&body).map_err(|why| TestCaseError::fail(format!("{why}\n{body}")))?;
        // What was written is settled: read and written again it stays.
        let again = Codec::read(body.to_string().as_bytes()).unwrap();
        let (twice, _) = written(&again);
        prop_assert_eq!(&twice["messages"], &body["messages"]);
    }
}

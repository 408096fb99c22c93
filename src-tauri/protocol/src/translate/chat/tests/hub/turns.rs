//! Order, pairing, ids.
//!
//! Owns: what a conversation comes to, turn by turn.
//! Must not know: how other dialects spell what the hub holds.

use serde_json::json;

use super::{assistant, call, messages, result, user};
use crate::request::{Part, Role, Turn};

#[test]
fn results_follow_their_calls_in_order_and_before_what_the_user_says() {
    let (json, losses) = messages(
        "gpt-5.6",
        vec![
            user(vec![Part::text("go")]),
            assistant(vec![Part::text("so"), call("a"), call("b")]),
            user(vec![
                Part::text("and then"),
                result("b", vec![Part::text("B")]),
                result("a", vec![Part::text("A1"), Part::text("A2")]),
            ]),
        ],
    );
    assert_eq!(losses, [""; 0]);
    let function = json!({"name": "f", "arguments": "{ \"a\": 1.0 }"});
    assert_eq!(
        json,
        json!([
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": "so", "tool_calls": [
                {"id": "a", "type": "function", "function": function},
                {"id": "b", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": "b", "content": "B"},
            {"role": "tool", "tool_call_id": "a", "content": [
                {"type": "text", "text": "A1"}, {"type": "text", "text": "A2"}]},
            {"role": "user", "content": "and then"},
        ])
    );
}

#[test]
fn results_in_later_turns_are_brought_to_their_calls() {
    let (json, losses) = messages(
        "gpt-5.6",
        vec![
            assistant(vec![call("a")]),
            assistant(vec![call("b"), Part::text("after")]),
            Turn { role: Role::System, parts: vec![Part::text("note")] },
            user(vec![result("a", vec![])]),
            user(vec![result("b", vec![Part::text("B")])]),
        ],
    );
    assert_eq!(losses, [""; 0]);
    let roles: Vec<_> = json.as_array().unwrap().iter().map(|it| it["role"].clone()).collect();
    assert_eq!(roles, ["assistant", "tool", "tool", "system"]);
    assert_eq!(json[0]["tool_calls"].as_array().unwrap().len(), 2);
    assert_eq!(json[0]["content"], "after");
}

#[test]
fn calls_without_results_are_answered_and_results_without_calls_are_told() {
    let (json, losses) = messages(
        "gpt-5.6",
        vec![
            user(vec![result("ghost", vec![Part::text("boo")])]),
            assistant(vec![call("a"), call("b")]),
            user(vec![result("a", vec![Part::text("A")]), result("a", vec![Part::text("twice")])]),
            assistant(vec![call("c")]),
        ],
    );
    assert_eq!(losses, ["result without its call", "call without its result"]);
    let roles: Vec<_> = json.as_array().unwrap().iter().map(|it| it["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "user", "assistant", "tool"]);
    assert_eq!(json[0]["content"][1]["text"], "boo");
    assert_eq!((&json[3]["tool_call_id"], &json[6]["tool_call_id"]), (&json!("b"), &json!("c")));
    assert_eq!(json[4]["content"][1]["text"], "twice");
}

#[test]
fn empty_turns_are_left_out_and_turns_of_one_role_stay_apart() {
    let (json, losses) = messages(
        "gpt-5.6",
        vec![
            assistant(vec![Part::text("I begin")]),
            user(vec![Part::text("a")]),
            user(vec![]),
            assistant(vec![]),
            assistant(vec![Part::text("")]),
            user(vec![Part::text("b")]),
        ],
    );
    assert_eq!(losses, ["empty turn"]);
    assert_eq!(
        json,
        json!([
            {"role": "assistant", "content": "I begin"},
            {"role": "user", "content": "a"},
            {"role": "user", "content": "b"},
        ])
    );
    let (json, _) = messages("gpt-5.6", vec![]);
    assert_eq!(json, json!([{"role": "user", "content": ""}]));
}

#[test]
fn ids_that_do_not_fit_are_made_the_same_for_call_and_result() {
    let id = "x".repeat(41);
    let (json, _) = messages(
        "gpt-5.6",
        vec![
            assistant(vec![call(&id), call("")]),
            user(vec![result("", vec![]), result(&id, vec![])]),
        ],
    );
    let made = json[0]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(made.starts_with("call_") && made.len() == 40, "{made}");
    assert_eq!(json[2]["tool_call_id"], made);
    assert_eq!(json[0]["tool_calls"][1]["id"], json[1]["tool_call_id"]);
    let (again, _) = messages("gpt-5.6", vec![assistant(vec![call(&id)])]);
    assert_eq!(again[0]["tool_calls"][0]["id"], made);
}

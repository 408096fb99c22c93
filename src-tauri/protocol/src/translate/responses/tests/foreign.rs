//! Requests of other dialects: every rule of pairing, order and dropping.

use serde_json::{Value, json};

use super::{dump, fields, foreign, read, written};
use crate::dialect::Dialect;
use crate::request::{
    Format, Part, PartKind, Raw, Request, Role, Signature, Source, Thinking, ToolCall, ToolResult,
    Turn, Unknown,
};

pub(super) fn raw(json: &str) -> Raw {
    serde_json::value::RawValue::from_string(json.to_owned()).unwrap()
}

pub(super) fn turn(role: Role, parts: Vec<PartKind>) -> Turn {
    Turn { role, parts: parts.into_iter().map(Part::new).collect() }
}

pub(super) fn call(id: &str, name: &str, arguments: &str) -> PartKind {
    PartKind::ToolCall(ToolCall {
        id: id.into(),
        item_id: None,
        name: name.into(),
        arguments: arguments.into(),
        free_text: false,
        signature: None,
    })
}

pub(super) fn result(id: &str, content: Vec<Part>, is_error: bool) -> PartKind {
    let call_id = id.into();
    PartKind::ToolResult(ToolResult { call_id, name: None, content, is_error, free_text: false })
}

fn text(text: &str) -> PartKind {
    PartKind::Text(text.into())
}

fn input(turns: Vec<Turn>) -> (Value, Vec<&'static str>) {
    let (body, losses) = written(&Request { turns, ..foreign() });
    (body["input"].clone(), fields(&losses))
}

#[test]
fn calls_and_results_keep_their_order_and_share_ids() {
    let (input, losses) = input(vec![
        turn(Role::User, vec![text("go")]),
        turn(
            Role::Assistant,
            vec![text("I will"), call("toolu_1", "a", "{ \"x\": 1e2 }"), call("toolu_2", "b", "")],
        ),
        turn(
            Role::User,
            vec![
                result("toolu_2", vec![Part::text("two")], false),
                result("toolu_1", vec![Part::text("one")], true),
                text("and?"),
            ],
        ),
    ]);
    assert_eq!(
        input,
        json!([
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I will"}]},
            {"type": "function_call", "call_id": "toolu_1", "name": "a", "arguments": "{ \"x\": 1e2 }"},
            {"type": "function_call", "call_id": "toolu_2", "name": "b", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "toolu_2", "output": "two"},
            {"type": "function_call_output", "call_id": "toolu_1", "output": "Error: one"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and?"}]},
        ])
    );
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn half_a_pair_is_mended() {
    let (input, losses) = input(vec![
        turn(Role::User, vec![result("gone", vec![Part::text("late")], false)]),
        turn(Role::Assistant, vec![call("open", "a", "{}")]),
    ]);
    assert_eq!(input[0]["role"], "user");
    assert_eq!(input[0]["content"][1]["text"], "late");
    assert_eq!(input[1]["call_id"], "open");
    assert_eq!(input[2]["type"], "function_call_output");
    assert_eq!(input[2]["call_id"], "open");
    assert_eq!(losses, ["tool_result", "tool_call"]);
}

#[test]
fn a_request_that_leans_on_the_provider_is_not_mended() {
    let request = read(&json!({"model": "m", "previous_response_id": "resp_1", "input": [
        {"type": "function_call_output", "call_id": "call_1", "output": "x"}]}));
    let (body, losses) = written(&request);
    assert_eq!(body["input"][0]["type"], "function_call_output");
    assert_eq!(body["previous_response_id"], "resp_1");
    assert!(losses.is_empty());
}

#[test]
fn ids_are_valid_and_told_apart_and_stay_as_the_conversation_grows() {
    let long = "x".repeat(120);
    let mut turns = Vec::new();
    let mut bodies = Vec::new();
    for id in [long.as_str(), "call_0_a", "call_0_a", ""] {
        turns.push(turn(Role::Assistant, vec![call(id, "a", "{}")]));
        turns.push(turn(Role::User, vec![result(id, vec![Part::text("r")], false)]));
        bodies.push(input(turns.clone()).0);
    }
    let last = bodies.last().unwrap().as_array().unwrap();
    for earlier in &bodies {
        let earlier = earlier.as_array().unwrap();
        assert_eq!(earlier, &last[..earlier.len()]);
    }
    let mut ids = Vec::new();
    for pair in last.chunks(2) {
        let id = pair[0]["call_id"].as_str().unwrap();
        assert_eq!(pair[1]["call_id"], id);
        assert!((1..=64).contains(&id.len()));
        assert!(!ids.contains(&id), "{ids:?} {id}");
        ids.push(id);
    }
    assert_eq!(ids[1], "call_0_a");
}

#[test]
fn empty_turns_and_turns_of_one_role_in_a_row_are_taken() {
    let (input, losses) = input(vec![
        turn(Role::Assistant, vec![text("I begin")]),
        turn(Role::Assistant, vec![]),
        turn(Role::Assistant, vec![text("")]),
        turn(Role::User, vec![text("a")]),
        turn(Role::User, vec![text("b")]),
        turn(Role::System, vec![text("c")]),
    ]);
    let roles: Vec<_> = input.as_array().unwrap().iter().map(|it| it["role"].clone()).collect();
    assert_eq!(roles, ["assistant", "user", "user", "developer"]);
    assert!(losses.is_empty());
}

#[test]
fn only_own_proofs_go_back() {
    let thinking = |origin: Dialect, text: &str, redacted: bool| PartKind::Thinking {
        text: text.into(),
        signature: Some(Signature { origin, data: "sig".into() }),
        redacted,
    };
    let bare = PartKind::Thinking { text: "?".into(), signature: None, redacted: false };
    let (input, losses) = input(vec![turn(
        Role::Assistant,
        vec![
            thinking(Dialect::Anthropic, "theirs", false),
            thinking(Dialect::Responses, "ours", false),
            thinking(Dialect::Responses, "", true),
            bare,
        ],
    )]);
    assert_eq!(
        input,
        json!([
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "ours"}], "encrypted_content": "sig"},
            {"type": "reasoning", "summary": [], "encrypted_content": "sig"},
        ])
    );
    assert_eq!(losses, ["thinking"]);
}

#[test]
fn what_a_client_of_another_kind_could_not_ask_for_is_added() {
    let thinking = Thinking { enabled: Some(true), budget: Some(10_000), ..Thinking::default() };
    let mut request = Request { thinking: Some(thinking), ..foreign() };
    request.sampling.temperature = Some(raw("1"));
    request.sampling.max_tokens = Some(raw("1"));
    let (body, losses) = written(&request);
    assert_eq!(body["store"], false);
    assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(body["reasoning"], json!({"effort": "medium", "summary": "auto"}));
    assert_eq!(body["max_output_tokens"], 16);
    assert!(body.get("temperature").is_none());
    assert_eq!(fields(&losses), ["max_tokens", "temperature", "thinking.budget"]);
    // A model that does not reason refuses to be asked for proofs of it.
    assert!(written(&foreign()).0.get("include").is_none());
}

#[test]
fn budgets_and_switches_have_words() {
    let say = |thinking: Thinking| {
        written(&Request { thinking: Some(thinking), ..foreign() }).0["reasoning"].clone()
    };
    let budget = |it| Thinking { enabled: Some(true), budget: Some(it), ..Thinking::default() };
    for (tokens, word) in [(1024, "low"), (4096, "low"), (4097, "medium"), (24576, "high")] {
        assert_eq!(say(budget(tokens))["effort"], word);
    }
    for off in [
        Thinking { enabled: Some(false), ..Thinking::default() },
        Thinking { budget: Some(0), ..Thinking::default() },
        Thinking { effort: Some("none".into()), ..Thinking::default() },
    ] {
        assert_eq!(say(off), json!({"effort": "none"}));
    }
    let hidden =
        Thinking { enabled: Some(true), show: Some("omitted".into()), ..Thinking::default() };
    assert_eq!(say(hidden), Value::Null);
    let effort = Thinking { effort: Some("max".into()), ..Thinking::default() };
    assert_eq!(say(effort), json!({"effort": "max", "summary": "auto"}));
}

#[test]
fn what_has_no_place_is_dropped_by_rule() {
    let mut request = foreign();
    let sampling = &mut request.sampling;
    sampling.top_k = Some(raw("40"));
    sampling.seed = Some(raw("1"));
    sampling.n = Some(raw("2"));
    sampling.frequency_penalty = Some(raw("0.1"));
    sampling.presence_penalty = Some(raw("0.1"));
    sampling.stop = vec!["x".into()];
    sampling.modalities = vec!["text".into(), "audio".into()];
    request.service_tier = Some("standard_only".into());
    request.user = Some("u".repeat(100));
    request.cache_key = Some("k".repeat(100));
    let value = raw("{}");
    let theirs = Unknown { dialect: Dialect::Anthropic, name: "context_management".into(), value };
    request.rest.push(theirs.clone());
    request.turns = vec![turn(Role::User, vec![PartKind::Unknown(theirs)])];
    let (body, losses) = written(&request);
    assert_eq!(
        fields(&losses),
        [
            "content",
            "top_k",
            "seed",
            "frequency_penalty",
            "presence_penalty",
            "stop",
            "n",
            "modalities",
            "user",
            "service_tier",
            "rest",
        ]
    );
    assert_eq!(body["safety_identifier"].as_str().unwrap().len(), 64);
    assert_eq!(body["prompt_cache_key"].as_str().unwrap().len(), 64);
    assert_eq!(body["input"], json!([]));
}

#[test]
fn an_answer_of_a_schema_is_held_to_it_where_that_can_be() {
    let format = |schema: &str, strict| {
        let schema = raw(schema);
        let format = Format::Schema { name: None, description: None, schema, strict };
        let (body, losses) = written(&Request { format: Some(format), ..foreign() });
        (body["text"]["format"].clone(), fields(&losses))
    };
    let closed = r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}"#;
    let open = r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#;
    assert_eq!(format(closed, None).0["strict"], true);
    assert_eq!(format(closed, Some(false)).0["strict"], false);
    assert_eq!(
        format(open, None),
        (
            json!({"type": "json_schema", "name": "answer", "strict": false,
            "schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}),
            vec![],
        )
    );
    assert_eq!(format(open, Some(true)).1, ["format.strict"]);
}

#[test]
fn every_kind_of_part_is_written_or_told_as_lost_in_every_role() {
    let sources = [
        Source::Base64 { media_type: "image/png".into(), data: "AA".into() },
        Source::Base64 { media_type: "audio/wav".into(), data: "AA".into() },
        Source::Url { url: "https://e.x/".into(), media_type: None },
        Source::File { dialect: Dialect::Gemini, id: "f".into() },
        Source::File { dialect: Dialect::Responses, id: "f".into() },
        Source::Text("plain".into()),
    ];
    let mut kinds = vec![text("t"), PartKind::Refusal("r".into()), call("c", "n", "{}")];
    kinds.push(result("none", vec![Part::new(call("x", "y", "{}"))], true));
    for source in sources {
        kinds.push(PartKind::Image { source: source.clone(), detail: Some("low".into()) });
        kinds.push(PartKind::Document { source: source.clone(), name: Some("n.txt".into()) });
        kinds.push(PartKind::Audio { source });
    }
    for role in [Role::User, Role::Assistant, Role::System] {
        for kind in &kinds {
            let (body, losses) =
                written(&Request { turns: vec![turn(role, vec![kind.clone()])], ..foreign() });
            let said = !body["input"].as_array().unwrap().is_empty();
            assert!(said || !losses.is_empty(), "{role} {kind:?}");
            let _ = dump(&read(&body));
        }
    }
}

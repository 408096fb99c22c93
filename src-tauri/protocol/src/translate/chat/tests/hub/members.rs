//! The members of the body.
//!
//! Owns: tools, choices, efforts, the rest; what is named as lost.
//! Must not know: how other dialects spell what the hub holds.

use serde_json::{Value, json};

use super::{assistant, part, raw, request, result, user, written};
use crate::dialect::Dialect;
use crate::request::{Format, Part, PartKind, Thinking, Tool, ToolCall, ToolChoice, Unknown};

#[test]
fn free_text_tools_are_native_to_openai_and_functions_elsewhere() {
    let free = ToolCall {
        id: "a".into(),
        item_id: None,
        name: "patch".into(),
        arguments: "line\n\"x\"".into(),
        free_text: true,
        signature: None,
    };
    let mut it = request(
        "gpt-5.6",
        vec![
            assistant(vec![part(PartKind::ToolCall(free))]),
            user(vec![result("a", vec![Part::text("ok")])]),
        ],
    );
    it.tools = vec![Tool::FreeText {
        name: "patch".into(),
        description: Some("d".into()),
        format: Some(raw(r#"{"type":"grammar","syntax":"lark","definition":"x"}"#)),
        namespace: Some("ns".into()),
    }];
    it.tool_choice = Some(ToolChoice::One("patch".into()));
    let (json, losses) = written(&it);
    assert_eq!(losses, ["namespace"]);
    assert_eq!(
        json["tools"][0],
        json!({"type": "custom", "custom": {"name": "patch",
        "description": "d", "format":
        {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}}})
    );
    assert_eq!(json["tool_choice"], json!({"type": "custom", "custom": {"name": "patch"}}));
    let call = &json["messages"][0]["tool_calls"][0];
    assert_eq!(call["custom"], json!({"name": "patch", "input": "line\n\"x\""}));

    it.model = "kimi-k3".into();
    let (json, losses) = written(&it);
    assert_eq!(losses, ["free-text format", "namespace"]);
    assert_eq!(json["tools"][0]["function"]["parameters"]["required"], json!(["input"]));
    assert_eq!(json["tool_choice"], json!({"type": "function", "function": {"name": "patch"}}));
    let call = &json["messages"][0]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], r#"{"input":"line\n\"x\""}"#);
}

#[test]
fn tools_are_made_fit() {
    let function = |name: &str, schema: Option<&str>, strict: Option<bool>| Tool::Function {
        name: name.into(),
        description: None,
        schema: schema.map(raw),
        strict,
        cache: None,
        namespace: None,
    };
    let closed = r#"{"type":"object","properties":{"a":{"type":"object","properties":{},"additionalProperties":false}},"required":["a"],"additionalProperties":false}"#;
    let open = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let unknown = |name: &str| Unknown {
        dialect: Dialect::Responses,
        name: name.into(),
        value: raw("{\"type\":\"x\"}"),
    };
    let mut it = request("gpt-5.6", vec![user(vec![Part::text("hi")])]);
    it.tools = vec![
        function("none", None, None),
        function("bare", Some("{}"), None),
        function("typed", Some(r#"{"type":"object"}"#), Some(false)),
        function("closed", Some(closed), Some(true)),
        function("open", Some(open), Some(true)),
        function("open", Some(open), None),
        Tool::WebSearch { settings: unknown("web_search") },
        Tool::BuiltIn(unknown("code_interpreter")),
    ];
    it.tool_choice = Some(ToolChoice::One("code".into()));
    it.parallel_tools = Some(false);
    let (json, losses) = written(&it);
    assert_eq!(losses, ["tools", "web search", "built-in tools", "strict", "tool_choice"]);
    let parameters = |at: usize| json["tools"][at]["function"]["parameters"].clone();
    let nothing = json!({"type": "object", "properties": {}});
    assert_eq!(
        (parameters(0), parameters(1), parameters(2)),
        (nothing.clone(), nothing.clone(), nothing)
    );
    assert_eq!(json["tools"][3]["function"]["strict"], true);
    assert_eq!(json["tools"][4]["function"]["strict"], false);
    assert_eq!(json["tools"].as_array().unwrap().len(), 5);
    assert_eq!(
        (&json["tool_choice"], &json["parallel_tool_calls"]),
        (&json!("auto"), &json!(false))
    );

    it.model = "gpt-5-search-api".into();
    assert_eq!(written(&it).0["web_search_options"], json!({}));

    it.tools.truncate(0);
    let (json, losses) = written(&it);
    assert_eq!(losses, ["tool_choice"]);
    assert!(
        ["tools", "tool_choice", "parallel_tool_calls"].iter().all(|it| json.get(it).is_none())
    );
}

#[test]
fn choices_among_tools_are_told_or_made() {
    let function = |name: &str| Tool::Function {
        name: name.into(),
        description: None,
        schema: None,
        strict: None,
        cache: Some(raw("{}")),
        namespace: None,
    };
    let mut it = request("gpt-5.6", vec![]);
    it.tools = vec![function("f"), function("g")];
    it.tool_choice =
        Some(ToolChoice::Among { names: vec!["g".into(), "x".into()], required: true });
    let (json, losses) = written(&it);
    assert_eq!(losses, ["cache_control"]);
    assert_eq!(
        json["tool_choice"],
        json!({"type": "allowed_tools", "allowed_tools": {
        "mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}})
    );
    it.model = "glm-5".into();
    let (json, _) = written(&it);
    assert_eq!(json["tool_choice"], "required");
    assert_eq!(json["tools"].as_array().unwrap().len(), 1);
    for (choice, expected) in
        [(ToolChoice::Auto, "auto"), (ToolChoice::None, "none"), (ToolChoice::Any, "required")]
    {
        it.tool_choice = Some(choice);
        assert_eq!(written(&it).0["tool_choice"], expected);
    }
}

#[test]
fn thinking_becomes_an_effort() {
    let mut it = request("gpt-5.6", vec![]);
    let thinking = |enabled, budget, effort: Option<&str>| Thinking {
        enabled,
        budget,
        effort: effort.map(Into::into),
        show: None,
    };
    for (thinking, expected) in [
        (thinking(Some(true), Some(1024), None), json!("low")),
        (thinking(Some(true), Some(12288), None), json!("medium")),
        (thinking(Some(true), Some(32000), None), json!("high")),
        (thinking(None, Some(0), None), json!("none")),
        (thinking(Some(true), Some(1024), Some("max")), json!("max")),
        (thinking(Some(true), None, Some("medium")), json!("medium")),
        (thinking(None, None, Some("low")), json!("low")),
        (thinking(Some(false), None, None), json!("none")),
        (thinking(Some(true), None, None), Value::Null),
    ] {
        it.thinking = Some(thinking);
        assert_eq!(written(&it).0["reasoning_effort"], expected, "{:?}", it.thinking);
    }
}

#[test]
fn the_rest_of_a_request_is_told_or_named() {
    let mut it = request("gpt-5.6", vec![user(vec![Part::text("hi")])]);
    it.stream = Some(true);
    it.user = Some("u".repeat(65));
    it.cache_key = Some("k".into());
    it.service_tier = Some("standard_only".into());
    it.sampling.stop = ["a", "b", "c", "d", "e"].map(Into::into).to_vec();
    it.sampling.top_k = Some(raw("4"));
    it.sampling.temperature = Some(raw("0.10"));
    it.sampling.top_logprobs = Some(raw("3"));
    it.sampling.modalities = vec!["text".into(), "image".into()];
    it.thinking =
        Some(Thinking { budget: Some(1), show: Some("omitted".into()), ..Thinking::default() });
    it.format = Some(Format::Schema {
        name: Some("a b".into()),
        description: None,
        schema: raw(r#"{"type":"object"}"#),
        strict: Some(true),
    });
    it.rest =
        vec![Unknown { dialect: Dialect::Anthropic, name: "container".into(), value: raw("1") }];
    let (json, losses) = written(&it);
    assert_eq!(
        losses,
        [
            "top_k",
            "stop",
            "modalities",
            "thinking budget",
            "thinking display",
            "strict",
            "unknown members"
        ]
    );
    assert_eq!(json["stream_options"], json!({"include_usage": true}));
    assert_eq!(json["user"].as_str().unwrap().len(), 64);
    assert_eq!(json["prompt_cache_key"], "k");
    assert_eq!(json["service_tier"], "default");
    assert_eq!(json["stop"], json!(["a", "b", "c", "d"]));
    assert_eq!(json["logprobs"], true);
    assert_eq!(
        json["response_format"],
        json!({"type": "json_schema", "json_schema":
        {"name": "a_b", "schema": {"type": "object"}, "strict": false}})
    );
    assert!(["top_k", "modalities", "container"].iter().all(|it| json.get(it).is_none()));

    it.stream = Some(false);
    it.format = Some(Format::Json);
    let (json, _) = written(&it);
    assert!(json.get("stream_options").is_none());
    assert_eq!(json["messages"][0], json!({"role": "system", "content": "Answer with JSON."}));
    it.system = vec![Part::text("Speak Json")];
    assert_eq!(written(&it).0["messages"].as_array().unwrap().len(), 2);
}

//! Tools of other dialects, adapted to what is taken here.

use serde_json::{Value, json};

use super::foreign::raw;
use super::{fields, foreign, read, written};
use crate::dialect::Dialect;
use crate::request::{Request, Tool, ToolChoice, Unknown};
use crate::translate::ClientWish;
use crate::translate::responses::{note_tools, schema};

fn function(schema: Option<&str>, strict: Option<bool>) -> Tool {
    Tool::Function {
        name: "f".into(),
        description: None,
        schema: schema.map(raw),
        strict,
        cache: None,
        namespace: None,
    }
}

fn tools(tools: Vec<Tool>) -> (Value, Vec<&'static str>) {
    let (body, losses) = written(&Request { tools, ..foreign() });
    (body["tools"].clone(), fields(&losses))
}

#[test]
fn a_schema_that_is_taken_goes_out_byte_for_byte() {
    let schema = r#"{ "type" : "object", "properties" : { "b":{"type":"array","items":{"type":"string"}}, "a":{"minimum":1.0} } }"#;
    let request = Request { tools: vec![function(Some(schema), None)], ..foreign() };
    let body = super::Codec::write(&request).unwrap().body;
    assert!(String::from_utf8(body).unwrap().contains(schema));
    use crate::translate::RequestCodec as _;
    let (tools, losses) = tools(vec![function(Some(schema), None)]);
    assert_eq!(tools[0]["strict"], false, "nothing said means lenient elsewhere and strict here");
    assert!(losses.is_empty());
}

#[test]
fn a_schema_that_is_not_taken_is_mended_and_no_more() {
    let adapted = |it: &str| tools(vec![function(Some(it), None)]).0[0]["parameters"].clone();
    assert_eq!(adapted("{}"), json!({"type": "object", "properties": {}}));
    assert_eq!(adapted("true"), json!({"type": "object", "properties": {}}));
    assert_eq!(
        tools(vec![function(None, None)]).0[0]["parameters"],
        json!({"type": "object", "properties": {}})
    );
    assert_eq!(
        adapted(
            r#"{"type":"object","properties":{"type":{"type":"array"},"x":{"anyOf":[{"type":["array","null"]},{"type":"string"}]}},"$defs":{"items":{"type":"array"}}}"#
        ),
        json!({"type": "object", "properties": {
            "type": {"type": "array", "items": {}},
            "x": {"anyOf": [{"type": ["array", "null"], "items": {}}, {"type": "string"}]}},
            "$defs": {"items": {"type": "array", "items": {}}}})
    );
    let (body, losses) = tools(vec![function(
        Some(r#"{"type":"object","properties":{"a":{}},"oneOf":[{"required":["a"]}]}"#),
        None,
    )]);
    assert_eq!(body[0]["parameters"], json!({"type": "object", "properties": {"a": {}}}));
    assert_eq!(losses, ["tools.schema"]);
}

#[test]
fn strict_is_asked_for_only_where_the_schema_is_strict() {
    let closed = r#"{"type":"object","properties":{"a":{"type":"object","properties":{},"additionalProperties":false}},"required":["a"],"additionalProperties":false}"#;
    assert_eq!(tools(vec![function(Some(closed), Some(true))]).0[0]["strict"], true);
    let open = r#"{"type":"object","properties":{"a":{"type":"object","properties":{}}},"required":["a"],"additionalProperties":false}"#;
    let (body, losses) = tools(vec![function(Some(open), Some(true))]);
    assert_eq!(body[0]["strict"], false);
    assert_eq!(losses, ["tools.strict"]);
    assert!(
        !schema::look(
            r#"{"type":"object","properties":{"a":{}},"required":[],"additionalProperties":false}"#
        )
        .strict
    );
}

#[test]
fn a_schema_of_any_form_or_depth_does_no_harm() {
    let deep = format!("{}{}", r#"{"items":"#.repeat(100), "{}".to_owned() + &"}".repeat(100));
    for schema in ["null", "[]", "\"x\"", "3", r#"{"properties":3}"#, r#"{"required":"a"}"#, &deep]
    {
        let (body, _) = tools(vec![function(Some(schema), Some(true))]);
        assert!(body[0]["parameters"].is_object() || body[0]["parameters"].is_null(), "{schema}");
    }
}

#[test]
fn a_search_is_a_search_and_other_built_ins_are_dropped() {
    let theirs = |name: &str, value: &str| Unknown {
        dialect: Dialect::Anthropic,
        name: name.into(),
        value: raw(value),
    };
    let search = theirs(
        "web_search_20250305",
        r#"{"type":"web_search_20250305","name":"web_search","max_uses":5,"allowed_domains":["e.x"]}"#,
    );
    let (body, losses) = tools(vec![
        Tool::WebSearch { settings: search },
        Tool::BuiltIn(theirs("bash_20250124", "{}")),
    ]);
    assert_eq!(body, json!([{"type": "web_search", "filters": {"allowed_domains": ["e.x"]}}]));
    assert_eq!(losses, ["tools.web_search", "tools"]);
}

#[test]
fn the_choice_is_told_in_every_form() {
    let say = |tool_choice| {
        let tools = vec![function(None, None)];
        let request = Request { tools, tool_choice: Some(tool_choice), ..foreign() };
        let (body, losses) = written(&request);
        (body.get("tool_choice").cloned().unwrap_or_default(), fields(&losses))
    };
    assert_eq!(say(ToolChoice::Auto).0, "auto");
    assert_eq!(say(ToolChoice::None).0, "none");
    assert_eq!(say(ToolChoice::Any).0, "required");
    assert_eq!(say(ToolChoice::One("f".into())).0, json!({"type": "function", "name": "f"}));
    assert_eq!(say(ToolChoice::One("g".into())), (Value::Null, vec!["tool_choice"]));
    let among = ToolChoice::Among { names: vec!["f".into(), "g".into()], required: false };
    assert_eq!(
        say(among),
        (
            json!({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}),
            vec!["tool_choice"],
        )
    );
    for (said, read_as) in [
        (json!("auto"), ToolChoice::Auto),
        (json!("none"), ToolChoice::None),
        (json!("required"), ToolChoice::Any),
        (json!({"type": "custom", "name": "p"}), ToolChoice::One("p".into())),
        (json!({"type": "function", "function": {"name": "p"}}), ToolChoice::One("p".into())),
    ] {
        let request = read(&json!({"model": "m", "tool_choice": said}));
        assert_eq!(request.tool_choice, Some(read_as));
    }
    // What has no form in the hub goes back as it came.
    let odd = json!({"type": "mcp", "server_label": "x"});
    let request = read(&json!({"model": "m", "tool_choice": odd}));
    assert_eq!(written(&request).0["tool_choice"], odd);
}

#[test]
fn without_tools_nothing_is_said_of_them() {
    let request =
        Request { tool_choice: Some(ToolChoice::Any), parallel_tools: Some(false), ..foreign() };
    let (body, losses) = written(&request);
    assert!(body.get("tool_choice").is_none() && body.get("parallel_tool_calls").is_none());
    assert_eq!(fields(&losses), ["tool_choice"]);
}

#[test]
fn the_encoder_learns_of_groups_and_free_text() {
    let request = read(&json!({"model": "m", "tools": [
        {"type": "custom", "name": "patch"},
        {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "f"}]}]}));
    let mut wish = ClientWish::default();
    note_tools(&request, &mut wish);
    assert_eq!(wish.free_text_tools, ["patch"]);
    assert_eq!(wish.namespaces, [("f".to_owned(), "ns".to_owned())]);
}

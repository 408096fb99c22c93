//! Responses to hub to Responses loses nothing that the hub knows.

use serde_json::{Value, json};

use super::{dump, files, read, written};
use crate::dialect::Dialect;
use crate::request::{Format, PartKind, Role, Source, Tool, ToolChoice};

#[test]
fn every_recorded_request_comes_back_the_same() {
    let mut compared = 0;
    for (case, bytes) in files("requests/responses", ".json") {
        let recorded: Value = serde_json::from_slice(&bytes).unwrap();
        for body in ["body", "body_stream"] {
            let request = read(&recorded[body]);
            assert_eq!(request.origin, Some(Dialect::Responses));
            let (again, losses) = written(&request);
            assert_eq!(dump(&read(&again)), dump(&request), "{case}");
            assert!(losses.is_empty(), "{case}: {losses:?}");
            // What the first writing made is what the second makes.
            assert_eq!(written(&read(&again)).0, again, "{case}");
            compared += 1;
        }
    }
    assert!(compared >= 30);
}

#[test]
fn recorded_requests_keep_their_members_as_they_are() {
    let (case, bytes) = files("requests/responses", ".json")
        .into_iter()
        .find(|it| it.0 == "parallel_tool_calls")
        .unwrap();
    let recorded: Value = serde_json::from_slice(&bytes).unwrap();
    let (again, _) = written(&read(&recorded["body"]));
    for (name, value) in recorded["body"].as_object().unwrap() {
        if name != "input" {
            assert_eq!(&again[name], value, "{case}: {name}");
        }
    }
}

/// One request with everything this dialect has, as codex and the SDKs send it.
fn everything() -> Value {
    serde_json::from_str(include_str!("everything.json")).unwrap()
}

#[test]
fn a_request_with_everything_comes_back_the_same() {
    let request = read(&everything());
    let (again, losses) = written(&request);
    assert_eq!(dump(&read(&again)), dump(&request));
    // The one member that has no place: it stands inside a part that is no text format.
    assert!(losses.is_empty(), "{losses:?}");
    for name in [
        "store",
        "include",
        "metadata",
        "client_metadata",
        "truncation",
        "reasoning",
        "text",
        "tool_choice",
        "user",
        "safety_identifier",
        "top_logprobs",
        "temperature",
        "instructions",
    ] {
        let expected = match name {
            // `user` is the newer name's elder: both came, both go back.
            "user" => json!("else"),
            name => everything()[name].clone(),
        };
        assert_eq!(again[name], expected, "{name}");
    }
}

#[test]
fn a_request_with_everything_means_what_it_says() {
    let request = read(&everything());
    assert_eq!(request.system.len(), 2);
    assert_eq!(request.user.as_deref(), Some("else"));
    assert_eq!(request.sampling.temperature.as_ref().unwrap().get(), "0.7");
    assert_eq!(request.sampling.logprobs, Some(true));
    assert_eq!(request.thinking.as_ref().unwrap().effort.as_deref(), Some("xhigh"));
    assert!(
        matches!(&request.format, Some(Format::Schema { name: Some(name), .. }) if name == "n")
    );
    let names = vec!["f".to_owned(), "patch".to_owned()];
    assert_eq!(request.tool_choice, Some(ToolChoice::Among { names, required: true }));
    let roles: Vec<_> = request.turns.iter().map(|it| it.role).collect();
    assert_eq!(
        roles,
        [Role::User, Role::Assistant, Role::User, Role::System, Role::User],
        "{request:#?}"
    );
    let sources: Vec<_> = request.turns[0]
        .parts
        .iter()
        .filter_map(|it| match &it.kind {
            PartKind::Image { source, .. } | PartKind::Document { source, .. } => Some(source),
            _ => None,
        })
        .collect();
    assert_eq!(sources[1], &Source::File { dialect: Dialect::Responses, id: "file_1".into() });
    assert_eq!(sources[2], &Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() });
    let calls: Vec<_> = request.turns[1]
        .parts
        .iter()
        .filter_map(|it| match &it.kind {
            PartKind::ToolCall(call) => Some((call.name.as_str(), call.arguments.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("f", "{ \"a\" : 1.0 }"),
            // Two groups have a tool of that name.
            ("mcp__b__search", "{}"),
            ("only_a", "{}"),
            ("patch", "*** begin\n"),
        ]
    );
    let hub_names: Vec<_> = request
        .tools
        .iter()
        .filter_map(|it| match it {
            Tool::Function { name, .. } | Tool::FreeText { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        hub_names,
        ["f", "bare", "patch", "mcp__a__search", "only_a", "mcp__b__search", "mcp__b__mcp__b__odd"]
    );
    assert!(request.tools.iter().any(|it| matches!(it, Tool::WebSearch { .. })));
    assert!(request.tools.iter().any(|it| matches!(it, Tool::BuiltIn(_))));
    let unknown = |role: Role, name: &str| {
        request
            .turns
            .iter()
            .filter(|it| it.role == role)
            .flat_map(|it| &it.parts)
            .any(|it| matches!(&it.kind, PartKind::Unknown(unknown) if unknown.name == name))
    };
    assert!(unknown(Role::Assistant, "web_search_call"));
    assert!(unknown(Role::User, "content.input_video"));
}

#[test]
fn tools_that_stand_in_the_conversation_are_tools() {
    // As codex sends them to the newest models.
    let request = read(&json!({"model": "m", "input": [
        {"type": "additional_tools", "role": "developer", "tools": [
            {"type": "namespace", "name": "shell", "tools": [
                {"type": "custom", "name": "exec"}, {"type": "function", "name": "wait"}]},
        ]},
        {"type": "message", "role": "user", "content": "go"},
    ]}));
    assert_eq!(request.tools.len(), 2);
    assert_eq!(request.turns.len(), 1);
    let (again, losses) = written(&request);
    assert_eq!(again["tools"][0]["tools"][0], json!({"type": "custom", "name": "exec"}));
    assert!(losses.is_empty());
    assert_eq!(dump(&read(&again)), dump(&request));
}

#[test]
fn members_without_a_name_in_the_hub_are_told_of() {
    let request = read(&json!({"model": "m", "input": [
        {"type": "message", "role": "assistant", "phase": "commentary", "content": [
            {"type": "output_text", "text": "x", "annotations": [{"type": "url_citation"}]}]},
    ], "tools": [{"type": "function", "name": "f", "defer_loading": true}]}));
    let names: Vec<_> = request.rest.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["tools[].defer_loading", "input[].content[].annotations", "input[].phase",]);
    let (_, losses) = written(&request);
    assert_eq!(super::fields(&losses), ["rest"]);
}

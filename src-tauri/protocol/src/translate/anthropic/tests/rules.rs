//! What becomes of each thing a request asks for, by `docs/translation/anthropic.md`.
//!
//! Owns: one test a row.
//! Must not know: the order of messages.

use serde_json::{Value, json};

use super::pairing::{call, result};
use crate::dialect::Dialect;
use crate::request::{
    Format, Part, PartKind, Raw, Request, Role, Sampling, Signature, Source, Thinking, Tool,
    ToolCall, ToolChoice, ToolResult, Turn, Unknown,
};
use crate::translate::anthropic::Codec;
use crate::translate::{RequestCodec, TranslateError};

fn raw(value: impl Into<Value>) -> Raw {
    serde_json::value::to_raw_value(&value.into()).unwrap()
}

fn ask(model: &str, parts: Vec<Part>) -> Request {
    let turns = vec![Turn { role: Role::User, parts }];
    Request { model: model.to_owned(), turns, ..Request::default() }
}

fn asked(model: &str) -> Request {
    ask(model, vec![Part::text("q")])
}

fn written(request: &Request) -> (Value, Vec<&'static str>) {
    let it = Codec::write(request).unwrap();
    let losses = it.losses.iter().map(|it| it.field).collect();
    (serde_json::from_slice(&it.body).unwrap(), losses)
}

fn function(name: &str, schema: Option<Value>) -> Tool {
    Tool::Function {
        name: name.to_owned(),
        description: None,
        schema: schema.map(raw),
        strict: None,
        cache: None,
        namespace: None,
    }
}

#[test]
fn a_limit_is_always_there() {
    let cases = [
        ("claude-sonnet-5-5", 32_000),
        ("claude-opus-4-1-20250805", 32_000),
        ("claude-3-7-sonnet-20250219", 32_000),
        ("claude-3-5-haiku-20241022", 8192),
        ("claude-3-haiku-20240307", 4096),
        ("MiniMax-M2", 32_000),
    ];
    for (model, limit) in cases {
        assert_eq!(written(&asked(model)).0["max_tokens"], limit, "{model}");
    }
    for (told, limit, lost) in [("16", 16, 0), ("16.0", 16, 0), ("0", 0, 0), ("1.5", 32_000, 1)] {
        let max_tokens = Some(serde_json::value::RawValue::from_string(told.to_owned()).unwrap());
        let sampling = Sampling { max_tokens, ..Sampling::default() };
        let (body, losses) = written(&Request { sampling, ..asked("claude-sonnet-5-5") });
        assert_eq!((&body["max_tokens"], losses.len()), (&json!(limit), lost), "{told}");
    }
}

#[test]
fn settings_the_provider_lacks_are_named() {
    let sampling = Sampling {
        temperature: Some(raw(json!(1.7))),
        top_p: Some(raw(json!(0.9))),
        seed: Some(raw(json!(1))),
        frequency_penalty: Some(raw(json!(0.5))),
        presence_penalty: Some(raw(json!(0))),
        stop: vec!["\n".to_owned(), "END".to_owned()],
        n: Some(raw(json!(1))),
        logprobs: Some(true),
        top_logprobs: Some(raw(json!(3))),
        modalities: vec!["text".to_owned(), "audio".to_owned()],
        ..Sampling::default()
    };
    let rest =
        vec![Unknown { dialect: Dialect::Chat, name: "store".to_owned(), value: raw(json!(true)) }];
    let cache_key = Some("k".to_owned());
    let service_tier = Some("flex".to_owned());
    let request = Request { sampling, rest, cache_key, service_tier, ..asked("claude-sonnet-5-5") };
    let (body, losses) = written(&request);
    assert_eq!(body["temperature"], 1);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(
        losses,
        [
            "temperature",
            "stop",
            "seed",
            "frequency_penalty",
            "logprobs",
            "top_logprobs",
            "modalities",
            "prompt_cache_key",
            "service_tier",
            "body"
        ]
    );
    for gone in ["seed", "store", "service_tier", "n", "logprobs"] {
        assert!(body.get(gone).is_none(), "{gone}");
    }
    let tier = Request { service_tier: Some("default".to_owned()), ..asked("m") };
    assert_eq!(written(&tier).0["service_tier"], "standard_only");
}

fn thinking(enabled: Option<bool>, budget: Option<u64>, effort: Option<&str>) -> Option<Thinking> {
    Some(Thinking { enabled, budget, effort: effort.map(ToOwned::to_owned), show: None })
}

#[test]
fn effort_and_budget_follow_the_model() {
    const NEW: &str = "claude-opus-4-6";
    const OLD: &str = "claude-sonnet-4-5-20250929";
    let cases = [
        (NEW, thinking(Some(true), None, Some("high")), json!({"type": "adaptive"}), json!("high")),
        (NEW, thinking(None, None, Some("minimal")), Value::Null, json!("low")),
        (NEW, thinking(Some(true), None, None), json!({"type": "adaptive"}), Value::Null),
        (
            NEW,
            thinking(Some(true), Some(2048), None),
            json!({"type": "enabled", "budget_tokens": 2048}),
            Value::Null,
        ),
        (NEW, thinking(Some(false), None, None), json!({"type": "disabled"}), Value::Null),
        (NEW, thinking(None, None, Some("none")), json!({"type": "disabled"}), Value::Null),
        (
            OLD,
            thinking(Some(true), None, Some("low")),
            json!({"type": "enabled", "budget_tokens": 4096}),
            Value::Null,
        ),
        (
            OLD,
            thinking(None, None, Some("high")),
            json!({"type": "enabled", "budget_tokens": 24576}),
            Value::Null,
        ),
        (
            OLD,
            thinking(Some(true), Some(5), None),
            json!({"type": "enabled", "budget_tokens": 1024}),
            Value::Null,
        ),
        ("claude-opus-4-5", thinking(None, None, Some("low")), Value::Null, json!("low")),
        (
            "MiniMax-M2",
            thinking(None, None, Some("max")),
            json!({"type": "enabled", "budget_tokens": 28672}),
            Value::Null,
        ),
    ];
    for (model, thinking, sent, effort) in cases {
        let (body, losses) = written(&Request { thinking: thinking.clone(), ..asked(model) });
        assert_eq!(body["thinking"], sent, "{model} {thinking:?}");
        assert_eq!(body["output_config"]["effort"], effort, "{model} {thinking:?}");
        assert!(losses.is_empty(), "{model} {thinking:?}: {losses:?}");
    }
}

#[test]
fn a_budget_stays_below_the_limit_and_gives_way_to_what_excludes_it() {
    let with = |max_tokens: u64, change: &dyn Fn(&mut Request)| {
        let mut request = Request {
            thinking: thinking(None, None, Some("high")),
            sampling: Sampling { max_tokens: Some(raw(json!(max_tokens))), ..Sampling::default() },
            ..asked("claude-sonnet-4-20250514")
        };
        change(&mut request);
        written(&request)
    };
    assert_eq!(with(64_000, &|_| {}).0["thinking"]["budget_tokens"], 24_576);
    let (body, losses) = with(8000, &|_| {});
    assert_eq!(
        (&body["thinking"]["budget_tokens"], &losses[..]),
        (&json!(6000), &["thinking.budget"][..])
    );
    assert!(with(1200, &|_| {}).0.get("thinking").is_none());
    let (body, losses) = with(64_000, &|it| {
        it.tools = vec![function("f", None)];
        it.tool_choice = Some(ToolChoice::Any);
    });
    assert!(body.get("thinking").is_none() && losses.contains(&"thinking"));
    let (body, _) = with(64_000, &|it| {
        it.turns.push(Turn { role: Role::Assistant, parts: vec![Part::text("so")] });
    });
    assert!(body.get("thinking").is_none());
    let (body, _) = with(64_000, &|it| {
        it.turns.push(Turn { role: Role::Assistant, parts: vec![call("a", "f")] });
        it.turns.push(Turn { role: Role::User, parts: vec![result("a", "1")] });
    });
    assert!(body.get("thinking").is_none());
    let (body, losses) = with(64_000, &|it| {
        it.sampling.temperature = Some(raw(json!(0.2)));
        it.sampling.top_p = Some(raw(json!(0.5)));
        it.sampling.top_k = Some(raw(json!(5)));
    });
    assert!(body.get("thinking").is_some() && body.get("temperature").is_none());
    assert_eq!(losses, ["temperature", "top_p", "top_k"]);
}

#[test]
fn thoughts_go_back_to_their_provider_only() {
    let thought = |signature: Option<Signature>, redacted| {
        let text = if redacted { String::new() } else { "hm".to_owned() };
        Part::new(PartKind::Thinking { text, signature, redacted })
    };
    let signed = |origin| Some(Signature { origin, data: "S".to_owned() });
    let mut request = asked("claude-sonnet-5-5");
    request.turns.push(Turn {
        role: Role::Assistant,
        parts: vec![
            thought(None, false),
            thought(signed(Dialect::Responses), false),
            thought(signed(Dialect::Anthropic), false),
            thought(signed(Dialect::Anthropic), true),
            Part::text("a"),
        ],
    });
    let (body, losses) = written(&request);
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "S"},
            {"type": "redacted_thinking", "data": "S"},
            {"type": "text", "text": "a"}
        ])
    );
    assert_eq!(losses, ["thinking"]);
}

#[test]
fn media_are_sent_as_the_provider_takes_them() {
    let base64 = |media_type: &str, data: &str| Source::Base64 {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    };
    let url = |url: &str| Source::Url { url: url.to_owned(), media_type: None };
    let file = |dialect| Source::File { dialect, id: "f".to_owned() };
    let image = |source| Part::new(PartKind::Image { source, detail: Some("low".to_owned()) });
    let document = |source| Part::new(PartKind::Document { source, name: Some("n".to_owned()) });
    let parts = vec![
        image(base64("image/jpg", "/9j/")),
        image(base64("", "iVBORw")),
        image(url("data:image/webp;base64,UklGR")),
        image(url("https://a.example/x")),
        image(file(Dialect::Anthropic)),
        image(file(Dialect::Responses)),
        image(base64("image/tiff", "AA")),
        document(base64("application/pdf", "JVBERi")),
        document(base64("text/csv; charset=utf-8", "YSxi")),
        document(Source::Text("plain".to_owned())),
        document(base64("application/zip", "UEs")),
        document(base64("image/png", "iVBORw")),
        Part::new(PartKind::Audio { source: base64("audio/wav", "AA") }),
    ];
    let (body, losses) = written(&ask("claude-sonnet-5-5", parts));
    let base = |kind: &str, media_type: &str, data: &str| json!({"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}});
    let text = |it: &str| json!({"type": "text", "text": it});
    let plain = |it: &str| json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": it}, "title": "n"});
    let mut pdf = base("document", "application/pdf", "JVBERi");
    pdf["title"] = json!("n");
    let expected = json!([
        base("image", "image/jpeg", "/9j/"),
        base("image", "image/png", "iVBORw"),
        base("image", "image/webp", "UklGR"),
        {"type": "image", "source": {"type": "url", "url": "https://a.example/x"}},
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        text("[An image was left out here.]"),
        text("[An image was left out here.]"),
        pdf,
        plain("a,b"),
        plain("plain"),
        text("[A document was left out here.]"),
        base("image", "image/png", "iVBORw"),
        text("[A recording was left out here.]")
    ]);
    assert_eq!(body["messages"][0]["content"], expected);
    assert_eq!(losses, ["detail", "file_id", "media_type", "input_audio"]);
}

#[test]
fn tools_are_made_to_fit() {
    let free = Tool::FreeText {
        name: "patch".to_owned(),
        description: Some("d".to_owned()),
        format: Some(raw(json!({"type": "grammar"}))),
        namespace: Some("ns".to_owned()),
    };
    let search = |value: Value| Tool::WebSearch {
        settings: Unknown {
            dialect: Dialect::Responses,
            name: "web_search".to_owned(),
            value: raw(value),
        },
    };
    let tools = vec![
        function("none", None),
        function(
            "untyped",
            Some(json!({"properties": {"a": {"type": "string"}}, "required": ["a"]})),
        ),
        function("nullable", Some(json!({"type": ["object", "null"], "properties": {}}))),
        function(
            "choice",
            Some(json!({"anyOf": [{"properties": {"a": {}}}, {"properties": {"a": 1, "b": {}}}]})),
        ),
        function("none", None),
        free,
        search(json!({"type": "web_search", "filters": {"allowed_domains": ["a.example"]},
            "user_location": {"type": "approximate", "approximate": {"city": "Ulm", "odd": 1}}})),
        Tool::BuiltIn(Unknown {
            dialect: Dialect::Responses,
            name: "code_interpreter".to_owned(),
            value: raw(json!({"type": "code_interpreter"})),
        }),
    ];
    let (body, losses) = written(&Request { tools, ..asked("claude-sonnet-5-5") });
    assert_eq!(
        body["tools"],
        json!([
            {"name": "none", "input_schema": {"type": "object", "properties": {}}},
            {"name": "untyped", "input_schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}},
            {"name": "nullable", "input_schema": {"type": "object", "properties": {}}},
            {"name": "choice", "input_schema": {"type": "object", "properties": {"a": {}, "b": {}}}},
            {"name": "patch", "description": "d", "input_schema": {"type": "object", "properties": {
                "input": {"type": "string", "description": "Free text in this format: {\"type\":\"grammar\"}"}}, "required": ["input"]}},
            {"type": "web_search_20250305", "name": "web_search", "user_location": {"type": "approximate", "city": "Ulm"}, "allowed_domains": ["a.example"]}
        ])
    );
    assert_eq!(
        losses,
        ["tools.schema", "tools.name", "tools.custom", "tools.namespace", "tools.type"]
    );
    for name in ["a.b", "", &"x".repeat(129)] {
        let request = Request { tools: vec![function(name, None)], ..asked("m") };
        assert!(
            matches!(Codec::write(&request), Err(TranslateError::Unsupported { .. })),
            "{name}"
        );
    }
}

#[test]
fn choices_of_tools_have_their_form() {
    let choice = |choice: Option<ToolChoice>, parallel: Option<bool>| {
        let tools = vec![function("f", None), function("g", None)];
        let tool_choice = choice;
        written(&Request { tools, tool_choice, parallel_tools: parallel, ..asked("m") })
    };
    let among = |names: &[&str], required| {
        Some(ToolChoice::Among {
            names: names.iter().map(|it| (*it).to_owned()).collect(),
            required,
        })
    };
    let cases = [
        (None, None, Value::Null),
        (None, Some(true), Value::Null),
        (None, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Auto), None, json!({"type": "auto"})),
        (
            Some(ToolChoice::Any),
            Some(true),
            json!({"type": "any", "disable_parallel_tool_use": false}),
        ),
        (Some(ToolChoice::None), Some(false), json!({"type": "none"})),
        (
            Some(ToolChoice::One("g".to_owned())),
            Some(false),
            json!({"type": "tool", "name": "g", "disable_parallel_tool_use": true}),
        ),
        (among(&["g"], true), None, json!({"type": "tool", "name": "g"})),
        (among(&["f", "g"], true), None, json!({"type": "any"})),
        (among(&["f"], false), None, json!({"type": "auto"})),
        (Some(ToolChoice::One("h".to_owned())), None, Value::Null),
    ];
    for (asked, parallel, sent) in cases {
        assert_eq!(
            choice(asked.clone(), parallel).0["tool_choice"],
            sent,
            "{asked:?} {parallel:?}"
        );
    }
    let (body, losses) = choice(among(&["g"], true), None);
    assert_eq!((body["tools"].as_array().unwrap().len(), &losses[..]), (1, &["tool_choice"][..]));
    let none = Request { tool_choice: Some(ToolChoice::Any), ..asked("m") };
    assert!(written(&none).0.get("tool_choice").is_none());
}

#[test]
fn tools_that_were_called_are_defined() {
    let mut request = asked("m");
    request.turns.push(Turn { role: Role::Assistant, parts: vec![call("a", "f")] });
    request.turns.push(Turn { role: Role::User, parts: vec![result("a", "1")] });
    let (body, losses) = written(&request);
    assert_eq!(body["tools"][0]["name"], "f");
    assert_eq!((&body["tool_choice"], losses.len()), (&json!({"type": "none"}), 0));
}

#[test]
fn arguments_are_an_object_and_results_say_something() {
    let arguments = |arguments: &str, free_text| {
        let mut part = call("a", "f");
        if let PartKind::ToolCall(ToolCall { arguments: it, free_text: free, .. }) = &mut part.kind
        {
            *it = arguments.to_owned();
            *free = free_text;
        }
        let mut request = asked("m");
        request.turns.push(Turn { role: Role::Assistant, parts: vec![part] });
        let failed = Part::new(PartKind::ToolResult(ToolResult {
            call_id: "a".to_owned(),
            name: None,
            content: vec![Part::text("")],
            is_error: true,
            free_text,
        }));
        request.turns.push(Turn { role: Role::User, parts: vec![failed] });
        String::from_utf8(Codec::write(&request).unwrap().body).unwrap()
    };
    for (told, free, sent) in [
        ("{\"a\": 0.10,\n\"b\":1e3}", false, "{\"a\": 0.10,\n\"b\":1e3}"),
        ("", false, "{}"),
        ("{\"cut", false, r#"{"input":"{\"cut"}"#),
        ("[1]", false, r#"{"input":"[1]"}"#),
        ("{}", true, r#"{"input":"{}"}"#),
    ] {
        let body = arguments(told, free);
        assert!(body.contains(&format!(r#""input":{sent}}}"#)), "{told}: {body}");
        assert!(body.contains(r#""content":"error","is_error":true"#), "{body}");
    }
}

#[test]
fn forms_of_the_answer_follow_the_model() {
    let schema = |value: Value| Format::Schema {
        name: Some("n".to_owned()),
        description: None,
        schema: raw(value),
        strict: Some(true),
    };
    let open = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}}});
    let with = |model: &str, format| {
        let system = vec![Part::text("s")];
        written(&Request { format: Some(format), system, ..asked(model) })
    };
    let (body, losses) = with("claude-sonnet-5-5", schema(open.clone()));
    let sent = &body["output_config"]["format"]["schema"];
    assert_eq!(sent["additionalProperties"], false);
    assert_eq!(sent["properties"]["a"]["items"]["additionalProperties"], false);
    assert_eq!((&body["system"], &losses[..]), (&json!("s"), &["response_format.name"][..]));
    let (body, losses) = with("claude-3-7-sonnet-20250219", schema(open));
    assert!(body.get("output_config").is_none());
    assert!(body["system"][1]["text"].as_str().unwrap().contains(r#""items""#));
    assert_eq!(losses, ["response_format.name", "response_format"]);
    let (body, losses) = with("claude-sonnet-5-5", Format::Json);
    assert!(body["system"][1]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(losses, ["response_format"]);
    assert_eq!(with("m", Format::Text).1, Vec::<&str>::new());
}

#[test]
fn four_breakpoints_stay() {
    let marked =
        |text: &str| Part { cache: Some(raw(json!({"type": "ephemeral"}))), ..Part::text(text) };
    let parts = (0..6).map(|it| marked(&format!("t{it}"))).collect();
    let mut request = ask("claude-sonnet-5-5", parts);
    request.system = vec![marked("s")];
    let (body, losses) = written(&request);
    let kept: Vec<usize> = (0..6)
        .filter(|at| body["messages"][0]["content"][at].get("cache_control").is_some())
        .collect();
    assert_eq!((kept, body["system"][0].get("cache_control").is_some()), (vec![0, 4, 5], true));
    assert_eq!(losses, ["cache_control"]);
}

#[test]
fn everything_the_hub_has_is_written_or_named() {
    let unknown = |dialect| {
        Part::new(PartKind::Unknown(Unknown {
            dialect,
            name: "odd".to_owned(),
            value: raw(json!({"type": "odd"})),
        }))
    };
    let mut parts = vec![
        Part::text("t"),
        Part::new(PartKind::Refusal("no".to_owned())),
        unknown(Dialect::Anthropic),
        unknown(Dialect::Gemini),
    ];
    let (body, losses) = written(&ask("m", parts.clone()));
    assert_eq!(
        body["messages"][0]["content"],
        json!([{"type": "text", "text": "t"}, {"type": "text", "text": "no"}, {"type": "odd"}])
    );
    assert_eq!(losses, ["content"]);
    // In a result, in the model's turn, in the system prompt: nothing panics, all is JSON.
    let signature = Some(Signature { origin: Dialect::Gemini, data: "S".to_owned() });
    parts.push(Part::new(PartKind::Thinking { text: "t".to_owned(), signature, redacted: false }));
    parts.push(Part::new(PartKind::Image { source: Source::Text("x".to_owned()), detail: None }));
    parts.push(Part::new(PartKind::Audio { source: Source::Text("x".to_owned()) }));
    parts.push(call("z", "f"));
    parts.push(result("z", "1"));
    let inner = Part::new(PartKind::ToolResult(ToolResult {
        call_id: "z".to_owned(),
        name: None,
        content: parts.clone(),
        is_error: false,
        free_text: false,
    }));
    for role in [Role::User, Role::Assistant, Role::System] {
        let mut all = parts.clone();
        all.push(inner.clone());
        let turns = vec![Turn { role, parts: all.clone() }, Turn { role: Role::User, parts: all }];
        let request = Request { turns, system: parts.clone(), ..Request::default() };
        let (body, losses) = written(&request);
        assert!(losses.contains(&"content"), "{losses:?}");
        Codec::read(body.to_string().as_bytes()).unwrap();
    }
}

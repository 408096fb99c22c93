//! Every dialect to every endpoint, and what must not change on the way.

use serde_json::Value;

use super::*;

const MODELS: [(Endpoint, &str); 4] = [
    (Endpoint::Anthropic, "claude-sonnet-4-5-20250929"),
    (Endpoint::OpenAi, "gpt-5-codex"),
    (Endpoint::Comm, "glm-4.6"),
    (Endpoint::Google, "gemini-2.5-pro"),
];

fn inbound<'a>(dialect: Dialect, body: &'a Bytes) -> Inbound<'a> {
    Inbound {
        dialect,
        body,
        header: &|_| None,
        model: None,
        stream: None,
        endpoint: None,
        session: None,
        created: 1_700_000_000,
        forget_thoughts: false,
    }
}

fn asked(dialect: Dialect, model: &str, stream: bool) -> Bytes {
    let body = match dialect {
        Dialect::Anthropic => serde_json::json!({
            "model": model, "max_tokens": 64, "stream": stream,
            "metadata": { "user_id": "user_1_account_2_session_3" },
            "messages": [{ "role": "user", "content": "ping" }],
        }),
        Dialect::Responses => {
            serde_json::json!({ "model": model, "input": "ping", "stream": stream })
        }
        Dialect::Chat => serde_json::json!({
            "model": model, "stream": stream,
            "messages": [{ "role": "user", "content": "ping" }],
        }),
        Dialect::Gemini => serde_json::json!({
            "contents": [{ "role": "user", "parts": [{ "text": "ping" }] }],
        }),
    };
    body.to_string().into()
}

#[test]
fn every_dialect_reaches_every_endpoint() {
    let config = Config::default();
    for client in Dialect::ALL {
        for (endpoint, model) in MODELS {
            for stream in [false, true] {
                let body = asked(client, model, stream);
                let told = client == Dialect::Gemini;
                let inbound = Inbound {
                    model: told.then_some(model),
                    stream: told.then_some(stream),
                    endpoint: Some(endpoint),
                    ..inbound(client, &body)
                };
                let outbound = prepare(&config, &inbound).expect("a request");
                let case = format!("{client} to {endpoint}, stream {stream}");
                let sent: Value = serde_json::from_slice(&outbound.body.whole()).expect("JSON");
                assert_eq!(sent["model"], model, "{case}");
                assert_eq!(sent["stream"].as_bool().unwrap_or(false), stream, "{case}");
                assert_eq!(sent.get("metadata"), None, "{case}");
                let text = outbound.body.whole();
                let text = String::from_utf8_lossy(&text);
                assert_eq!(text.matches(&config.request.system_prompt).count(), 1, "{case}");
                assert!(text.contains("ping"), "{case}");
                let reading = &outbound.reading;
                assert_eq!((reading.client, reading.upstream), (client, endpoint.dialect()));
                assert_eq!(reading.translates(), client != endpoint.dialect(), "{case}");
                assert_eq!(reading.stream, stream, "{case}");
                let held = stream && client == Dialect::Chat && endpoint == Endpoint::Comm;
                assert_eq!(reading.hold_usage, held, "{case}");
                assert!(outbound.url.ends_with(&config.factory.endpoints[&endpoint]), "{case}");
                assert!(outbound.session.is_some(), "{case}");
            }
        }
    }
}

#[test]
fn a_body_that_needs_no_edit_is_not_copied() {
    let mut config = Config::default();
    config.request.system_prompt.clear();
    let body = Bytes::from_static(br#"{"model":"gpt-5-codex","input":"ping"}"#);
    let outbound = prepare(&config, &inbound(Dialect::Responses, &body)).expect("a request");
    assert_eq!(outbound.body.whole().as_ptr(), body.as_ptr());
}

#[test]
fn what_an_edit_leaves_is_not_copied() {
    let body = Bytes::from_static(br#"{"model":"gpt-5","input":"ping","stream":true}"#);
    let mut config = Config::default();
    config.request.system_prompt.clear();
    let outbound = prepare(&config, &inbound(Dialect::Responses, &body)).expect("a request");
    let inside = body.as_ptr_range();
    let kept = outbound.body.as_ref().iter().filter(|it| inside.contains(&it.as_ptr()));
    let [first, last] = kept.collect::<Vec<_>>()[..] else { panic!("{:?}", outbound.body) };
    assert_eq!(first, r#"{"model":"#);
    assert_eq!(last, r#","input":"ping","stream":true}"#);
}

#[test]
fn thoughts_of_another_provider_never_reach_anthropic() {
    let body = Bytes::from(
        serde_json::json!({
            "model": "claude-sonnet-4-5-20250929", "max_tokens": 4096,
            "messages": [
                { "role": "user", "content": "a" },
                { "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "t", "signature": "dp1.responses.abc" },
                    { "type": "text", "text": "b" },
                ] },
                { "role": "user", "content": "c" },
            ],
        })
        .to_string(),
    );
    let outbound = prepare(&Config::default(), &inbound(Dialect::Anthropic, &body)).expect("sent");
    let text = outbound.body.whole();
    let text = String::from_utf8_lossy(&text);
    assert!(!text.contains("dp1.") && !text.contains("\"thinking\""), "{text}");
    assert!(text.contains("\"b\""), "{text}");
    assert!(!outbound.reading.translates());
}

#[test]
fn own_thoughts_are_forgotten_only_on_demand() {
    let body = Bytes::from(
        serde_json::json!({
            "model": "claude-sonnet-4-5-20250929", "max_tokens": 4096,
            "messages": [
                { "role": "user", "content": "a" },
                { "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "t", "signature": "c2ln" },
                    { "type": "text", "text": "b" },
                ] },
                { "role": "user", "content": "c" },
            ],
        })
        .to_string(),
    );
    let config = Config::default();
    let kept = inbound(Dialect::Anthropic, &body);
    let sent = |it: &Inbound<'_>| {
        String::from_utf8(prepare(&config, it).expect("sent").body.whole().into()).expect("UTF-8")
    };
    assert!(sent(&kept).contains("c2ln"));
    assert!(!sent(&Inbound { forget_thoughts: true, ..kept }).contains("c2ln"));
}

#[test]
fn errors_name_the_member_and_never_its_value() {
    let config = Config::default();
    for (dialect, body, member) in [
        (Dialect::Chat, r#"{"model":"claude-x","messages":"fk-canary"}"#, "messages"),
        (Dialect::Anthropic, r#"{"model":"gpt-5-codex","messages":"fk-canary"}"#, "messages"),
        (Dialect::Responses, r#"{"input":"fk-canary"}"#, "model"),
    ] {
        let body = Bytes::from(body);
        let error = prepare(&config, &inbound(dialect, &body)).expect_err(member);
        let Error::Invalid { field, message } = &error else { panic!("{error}") };
        assert!(field.starts_with("request.") && field.contains(member), "{field}");
        assert!(!message.contains("canary"), "{message}");
    }
}

#[test]
fn a_count_asks_with_what_would_be_sent_but_for_the_output() {
    let body = asked(Dialect::Chat, "claude-sonnet-4-5-20250929", true);
    let prepared =
        |body| prepare(&Config::default(), &inbound(Dialect::Chat, body)).expect("it is");
    let outbound = counting(prepared(&body)).expect("a count").expect("Anthropic counts");
    assert!(outbound.url.ends_with("/a/v1/messages/count_tokens"), "{}", outbound.url);
    let sent: Value = serde_json::from_slice(&outbound.body.whole()).expect("JSON");
    assert_eq!((sent.get("max_tokens"), sent.get("stream")), (None, None));
    assert!(sent["messages"].is_array() && sent["system"].is_array(), "{sent}");
    let body = asked(Dialect::Chat, "glm-4.6", true);
    assert!(counting(prepared(&body)).expect("ok").is_none());
}

#[test]
fn an_estimate_counts_tools_and_pictures_and_grows_with_the_text() {
    let of = |messages: Value, tools: Value| {
        let body = serde_json::json!({ "model": "m", "messages": messages, "tools": tools });
        estimate(body.to_string().as_bytes()).expect("a number")
    };
    let short = of(serde_json::json!([{ "role": "user", "content": "ping" }]), Value::Null);
    let long = "word ".repeat(1000);
    let more = of(serde_json::json!([{ "role": "user", "content": long }]), Value::Null);
    assert!(more > short + 1000 && more < short + 1500, "{short} {more}");
    let tool = serde_json::json!([{ "name": "f", "description": long, "input_schema": {} }]);
    assert!(of(serde_json::json!([]), tool) > 1000);
    let picture = "iVBORw0KGgo".repeat(100_000);
    let picture = serde_json::json!([{ "role": "user", "content": [{ "type": "image",
        "source": { "type": "base64", "media_type": "image/png", "data": picture } }] }]);
    let n_tokens = of(picture, Value::Null);
    assert!((1600..1700).contains(&n_tokens), "{n_tokens}");
}

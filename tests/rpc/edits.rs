//! `transform_request` over every recorded request: what no rule names stays byte for byte, and the
//! fake, as strict as Factory, takes what comes of it.
//!
//! Owns: comparing bodies as text, posting them, the headers.
//! Must not know: how edits are made.

use std::collections::BTreeSet;

use droid_testbed::host::Bridge;
use droid_testbed::http;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::peer::Peer;
use super::streams::DIALECTS;
use crate::support::{ok, rig, signed_in};

const PROMPT: &str = "You are Droid, an AI software engineering agent built by Factory.";

/// A model that each endpoint serves.
pub(crate) fn model_of(endpoint: &str) -> &'static str {
    match endpoint {
        "anthropic" => "claude-sonnet-4-5-20250929",
        "openai" => "gpt-5-codex",
        "comm" => "glm-4.6",
        _ => "gemini-2.5-pro",
    }
}

/// An object's members in order, as text.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut found = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    found.push((name, value.get().to_owned()));
                }
                Ok(Members(found))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Members {
    fn of(text: &str) -> Self {
        serde_json::from_str(text).expect("an object")
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// An array's elements as text.
fn elements(text: &str) -> Vec<String> {
    let elements: Vec<Box<RawValue>> = serde_json::from_str(text).expect("an array");
    elements.into_iter().map(|it| it.get().to_owned()).collect()
}

/// The answer to `transform_request`, its request as text.
struct Sent {
    request: String,
    rest: Value,
}

async fn transform(peer: &mut Peer, request: &str, more: &Value) -> Result<Sent, Value> {
    assert!(!request.contains('\n'));
    let more = more.to_string();
    let more = more.trim_matches(['{', '}']);
    let comma = if more.is_empty() { "" } else { "," };
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"transform_request","params":{{"request":{request}{comma}{more}}}}}"#
    );
    peer.send(line).await;
    let answer = peer.line().await;
    let answer = std::str::from_utf8(&answer).expect("UTF-8");
    let envelope = Members::of(answer);
    let Some(result) = envelope.get("result") else {
        return Err(serde_json::from_str(envelope.get("error").expect("an error")).expect("JSON"));
    };
    let result = Members::of(result);
    let rest = json!({
        "url": serde_json::from_str::<Value>(result.get("url").expect("a URL")).expect("JSON"),
        "headers": serde_json::from_str::<Value>(result.get("headers").expect("headers")).expect("JSON"),
        "endpoint_type": serde_json::from_str::<Value>(result.get("endpoint_type").expect("one")).expect("JSON"),
    });
    Ok(Sent { request: result.get("request").expect("a request").to_owned(), rest })
}

/// Every recorded request body as one line, its whitespace otherwise as recorded.
pub(crate) fn recorded(folder: &str) -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> =
        std::fs::read_dir(root.join("src-tauri/protocol/tests/fixtures/requests").join(folder))
            .expect("fixtures")
            .map(|it| it.expect("an entry").path())
            .collect();
    paths.sort();
    assert!(paths.len() >= 14);
    let body = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a fixture");
        // In JSON a line end can only stand between tokens.
        Members::of(&text).get("body").expect("a body").replace(['\n', '\r'], " ")
    };
    paths
        .iter()
        .map(|it| {
            (format!("{folder}/{}", it.file_stem().expect("a name").to_string_lossy()), body(it))
        })
        .collect()
}

/// The member that holds the system prompt, and the ones a rule may change or take out.
fn edited(endpoint: &str) -> (&'static str, &'static [&'static str]) {
    match endpoint {
        "anthropic" => ("system", &["model", "system", "metadata", "top_p"]),
        "openai" => ("instructions", &["model", "instructions", "metadata", "top_p"]),
        "comm" => ("messages", &["model", "messages", "metadata", "top_p", "stream_options"]),
        _ => {
            ("systemInstruction", &["model", "systemInstruction", "system_instruction", "metadata"])
        }
    }
}

#[tokio::test]
async fn what_no_rule_names_stays_byte_for_byte() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    for (folder, endpoint) in DIALECTS {
        let (prompt, may_change) = edited(endpoint);
        for (name, body) in recorded(folder) {
            let more = json!({ "endpoint_type": endpoint, "model": model_of(endpoint) });
            let sent = transform(&mut peer, &body, &more).await.expect(&name);
            let (before, after) = (Members::of(&body), Members::of(&sent.request));
            for (member, value) in &before.0 {
                if !may_change.contains(&member.as_str()) {
                    assert_eq!(after.get(member), Some(value.as_str()), "{name}: {member}");
                }
            }
            let added: Vec<&str> =
                after.names().into_iter().filter(|it| before.get(it).is_none()).collect();
            for member in &added {
                assert!(may_change.contains(member), "{name}: {member} was added");
            }
            // Members keep their order, and the text between them its form.
            let kept: Vec<&str> =
                before.names().into_iter().filter(|it| after.get(it).is_some()).collect();
            let now: Vec<&str> =
                after.names().into_iter().filter(|it| before.get(it).is_some()).collect();
            assert_eq!(kept, now, "{name}");
            assert_eq!(after.get("metadata"), None, "{name}");
            if prompt == "messages" {
                messages_kept(&name, &before, &after);
            }
            let shown = sent.request.matches(PROMPT).count();
            assert_eq!(shown, 1, "{name}: the prompt once");
            texts_kept(&name, before.get(prompt), after.get(prompt));
            assert_eq!(sent.rest["endpoint_type"], endpoint, "{name}");
            let again = transform(&mut peer, &sent.request, &more).await.expect(&name);
            assert_eq!(again.request, sent.request, "{name}: twice is as once");
        }
    }
    peer.close_stdin();
    assert!(peer.ended().await.status.success());
}

/// A chat's turns after the system message are the same text; at most one message came before.
fn messages_kept(name: &str, before: &Members, after: &Members) {
    let before = elements(before.get("messages").expect("messages"));
    let after = elements(after.get("messages").expect("messages"));
    let n_added = after.len() - before.len();
    assert!(n_added <= 1, "{name}");
    for (at, message) in before.iter().enumerate() {
        let role = serde_json::from_str::<Value>(message).expect("JSON")["role"].clone();
        let is_prompt = role == "system" || role == "developer";
        assert!(is_prompt || after[at + n_added] == *message, "{name}: message {at}");
    }
}

/// Every text of the client's own prompt is still in it.
fn texts_kept(name: &str, before: Option<&str>, after: Option<&str>) {
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|it| texts(it, found)),
            Value::Object(members) => members.values().for_each(|it| texts(it, found)),
            _ => {}
        }
    }
    let parsed = |it: Option<&str>| {
        let mut found = Vec::new();
        texts(&it.map_or(Value::Null, |it| serde_json::from_str(it).expect("JSON")), &mut found);
        found
    };
    let after = parsed(after).join("\n");
    for text in parsed(before) {
        assert!(after.contains(&text), "{name}: {text:?} was lost");
    }
}

/// Really sent, with the answered address and headers, at once and streamed.
#[tokio::test]
async fn upstream_takes_every_recorded_request() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    bridge.close().await.expect("a clean end");
    let mut peer = Peer::start(&rig, &[]);
    let mut n_posted = 0;
    for (folder, endpoint) in DIALECTS {
        for (name, body) in recorded(folder) {
            for stream in [false, true] {
                let body = streamed(endpoint, &body, stream);
                let more = json!({
                    "endpoint_type": endpoint, "model": model_of(endpoint), "credential_id": id,
                });
                let sent = transform(&mut peer, &body, &more).await.expect(&name);
                let mut url = sent.rest["url"].as_str().expect("a URL").to_owned();
                if stream && endpoint == "google" {
                    url.push_str("?alt=sse");
                }
                let headers = sent.rest["headers"].as_object().expect("headers").clone();
                let headers: Vec<(String, String)> = headers
                    .into_iter()
                    .map(|(name, value)| (name, value.as_str().expect("text").to_owned()))
                    .collect();
                let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let answer = http::request("POST", &url, headers, sent.request.as_bytes()).await;
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                assert_eq!(answer.status, 200, "{name} streamed {stream}: {text}");
                let kind = answer.header("content-type").unwrap_or_default();
                assert_eq!(kind.starts_with("text/event-stream"), stream, "{name}: {kind}");
                n_posted += 1;
            }
        }
    }
    println!("{n_posted} requests were posted and taken");
}

/// The body with `stream` as wanted; Gemini's streams by address.
pub(crate) fn streamed(endpoint: &str, body: &str, stream: bool) -> String {
    let members = Members::of(body);
    if endpoint == "google" {
        return body.to_owned();
    }
    let mut text: Vec<String> = members
        .0
        .iter()
        .filter(|(name, _)| name != "stream" && (stream || name != "stream_options"))
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    text.push(format!("\"stream\": {stream}"));
    format!("{{{}}}", text.join(",  "))
}

#[tokio::test]
async fn numbers_escapes_and_spacing_are_nobodys_business() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    let odd = r#"{"big":1e400 ,"tenth":0.10,"neg":-0,"exp":1E+2,"esc":"\u00e9\/\ud83d\ude00\u0000","e":"é","empty":{ },"list":[ 1 ,2],"dup":{"a":1,"a":2}}"#;
    let cases = [
        (
            "anthropic",
            format!(
                r#"{{ "zeta":{odd} ,"max_tokens" : 1.0e2,"messages":[{{"content":"a","role":"user"}}] , "model":"claude-sonnet-4-5-20250929"}}"#
            ),
        ),
        ("openai", format!(r#"{{"input":"a","model":"gpt-5-codex","zeta":{odd}}}"#)),
        (
            "comm",
            format!(
                r#"{{"zeta":{odd},"messages":[ {{"role":"user","content":"a","n":0.10}} ],"model":"glm-4.6"}}"#
            ),
        ),
        (
            "google",
            format!(r#"{{"contents":[{{"parts":[{{"text":"a"}}],"role":"user"}}],"zeta":{odd}}}"#),
        ),
    ];
    for (endpoint, body) in cases {
        let more = json!({ "endpoint_type": endpoint, "model": model_of(endpoint) });
        let sent = transform(&mut peer, &body, &more).await.expect(endpoint);
        assert_eq!(Members::of(&sent.request).get("zeta"), Some(odd), "{endpoint}");
        assert!(sent.request.contains(odd));
    }
}

#[tokio::test]
async fn two_answers_to_one_question_are_refused() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    for (body, field) in [
        (
            r#"{"model":"claude-sonnet-4-20250514","model":"claude-opus-4-1-20250805","max_tokens":1,"messages":[]}"#,
            "request.model",
        ),
        (
            r#"{"model":"claude-sonnet-4-20250514","system":"a","system":"b","max_tokens":1,"messages":[]}"#,
            "request.system",
        ),
        (r#"{"model":"gpt-5-codex","input":"a","stream":true,"stream":false}"#, "request.stream"),
        (
            r#"{"model":"gpt-5-codex","input":"a","instructions":"a","instructions":"b"}"#,
            "request.instructions",
        ),
        (r#"{"model":"glm-4.6","messages":[],"messages":[]}"#, "request.messages"),
    ] {
        let error = transform(&mut peer, body, &json!({})).await.err().expect(body);
        assert_eq!(error["code"], -32602, "{body}: {error}");
        assert!(error["message"].as_str().is_some_and(|it| it.contains(field)), "{body}: {error}");
    }
}

#[tokio::test]
async fn prompts_of_every_form_are_kept_behind_factorys() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    let anthropic = |system: &str| {
        format!(
            r#"{{"model":"claude-sonnet-4-20250514","max_tokens":9,{system}"messages":[{{"role":"user","content":"q"}}]}}"#
        )
    };
    let chat = |first: &str| {
        format!(r#"{{"model":"glm-4.6","messages":[{first}{{"role":"user","content":"q"}}]}}"#)
    };
    let responses = |more: &str| {
        format!(
            r#"{{"model":"gpt-5-codex",{more}"input":[{{"role":"developer","content":"mine"}}]}}"#
        )
    };
    let gemini = |more: &str| {
        format!(
            r#"{{"model":"gemini-2.5-pro",{more}"contents":[{{"role":"user","parts":[{{"text":"q"}}]}}]}}"#
        )
    };
    let already = format!("{PROMPT}\\n\\nmine");
    for (endpoint, body) in [
        ("anthropic", anthropic("")),
        ("anthropic", anthropic(r#""system":"mine","#)),
        ("anthropic", anthropic(r#""system":"","#)),
        ("anthropic", anthropic(r#""system":null,"#)),
        ("anthropic", anthropic(r#""system":[],"#)),
        (
            "anthropic",
            anthropic(
                r#""system":[{"type":"text","text":"mine","cache_control":{"type":"ephemeral"}}],"#,
            ),
        ),
        ("anthropic", anthropic(&format!(r#""system":"{already}","#))),
        (
            "anthropic",
            anthropic(&format!(
                r#""system":[{{"type":"text","text":"{PROMPT}"}},{{"type":"text","text":"mine"}}],"#
            )),
        ),
        ("comm", chat("")),
        ("comm", chat(r#"{"role":"system","content":"mine"},"#)),
        ("comm", chat(r#"{"role":"developer","content":"mine"},"#)),
        ("comm", chat(r#"{"role":"system","content":[{"type":"text","text":"mine"}]},"#)),
        ("comm", chat(&format!(r#"{{"role":"system","content":"{already}"}},"#))),
        ("openai", responses("")),
        ("openai", responses(r#""instructions":"mine","#)),
        ("openai", responses(r#""instructions":null,"#)),
        ("openai", responses(&format!(r#""instructions":"{already}","#))),
        ("google", gemini("")),
        ("google", gemini(r#""systemInstruction":{"parts":[{"text":"mine"}]},"#)),
        ("google", gemini(r#""system_instruction":{"parts":[{"text":"mine"}]},"#)),
    ] {
        let more = json!({ "endpoint_type": endpoint });
        let sent = transform(&mut peer, &body, &more).await.expect(&body);
        assert_eq!(sent.request.matches(PROMPT).count(), 1, "{body}\n{}", sent.request);
        let mine = body.matches("mine").count();
        assert_eq!(sent.request.matches("mine").count(), mine, "{body}\n{}", sent.request);
        let first = sent.request.find(PROMPT).unwrap_or(usize::MAX);
        let own = sent.request.find("mine").filter(|_| endpoint != "openai").unwrap_or(usize::MAX);
        assert!(first < own, "{body}\n{}", sent.request);
        let again = transform(&mut peer, &sent.request, &more).await.expect(&body);
        assert_eq!(again.request, sent.request, "twice is as once");
    }
}

#[tokio::test]
async fn models_are_redirected_and_reasoning_follows_the_configuration() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let message = json!([{ "role": "user", "content": "q" }]);
    let haiku =
        json!({ "model": "claude-3-5-haiku-20241022", "max_tokens": 9, "messages": message });
    let sent = ok(&bridge, "transform_request", json!({ "request": haiku })).await;
    assert_eq!(sent["request"]["model"], "claude-sonnet-4-20250514");
    let gpt = json!({ "model": "gpt-5", "input": "q" });
    let sent = ok(&bridge, "transform_request", json!({ "request": gpt })).await;
    assert_eq!(sent["request"]["model"], "gpt-5-2025-08-07");
    for (level, budget, effort) in [
        ("low", Some(4096), Some("low")),
        ("medium", Some(12288), Some("medium")),
        ("high", Some(24576), Some("high")),
        ("off", None, None),
        ("auto", Some(2000), Some("minimal")),
    ] {
        let models = json!([
            { "id": "claude-think", "type": "anthropic", "reasoning": level },
            { "id": "gpt-think", "type": "openai", "reasoning": level },
        ]);
        ok(&bridge, "update_config", json!({ "config": { "models": models } })).await;
        let thinking = json!({ "type": "enabled", "budget_tokens": 2000 });
        let request = json!({
            "model": "claude-think", "max_tokens": 64000, "thinking": thinking, "messages": message,
        });
        let sent = ok(&bridge, "transform_request", json!({ "request": request })).await;
        let told = &sent["request"]["thinking"]["budget_tokens"];
        assert_eq!(told.as_u64(), budget, "{level}: {sent}");
        let betas = sent["headers"]["anthropic-beta"].as_str().unwrap_or_default();
        let thinks = betas.contains("interleaved-thinking");
        // `auto` leaves the body alone; that the client thinks is still told (seed S0 §6.1).
        assert_eq!(thinks, level != "off", "{level}: {betas}");
        let request =
            json!({ "model": "gpt-think", "input": "q", "reasoning": { "effort": "minimal" } });
        let sent = ok(&bridge, "transform_request", json!({ "request": request })).await;
        assert_eq!(sent["request"]["reasoning"]["effort"].as_str(), effort, "{level}: {sent}");
    }
    // 1024 <= budget < max_tokens holds, whatever is configured.
    let models = json!([{ "id": "claude-think", "type": "anthropic", "reasoning": "high" }]);
    ok(&bridge, "update_config", json!({ "config": { "models": models } })).await;
    for max_tokens in [1, 1024, 2000, 24576, 24577] {
        let request =
            json!({ "model": "claude-think", "max_tokens": max_tokens, "messages": message });
        let sent = ok(&bridge, "transform_request", json!({ "request": request })).await;
        let budget = sent["request"]["thinking"]["budget_tokens"].as_u64();
        let most = sent["request"]["max_tokens"].as_u64().expect("a limit");
        assert!(budget.is_none_or(|it| (1024..most).contains(&it)), "{max_tokens}: {sent}");
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn headers_take_what_the_client_said() {
    let rig = rig().await;
    rig.configure(&json!({ "settings": { "request": { "beta_denylist": ["no-such-beta"] } } }));
    let bridge = rig.bridge();
    let request = json!({
        "model": "claude-sonnet-4-20250514", "max_tokens": 9,
        "messages": [{ "role": "user", "content": "q" }],
    });
    let headers = json!({
        "Anthropic-Version": "2026-10-21", "ANTHROPIC-BETA": "a-1, no-such-beta,b-2", "x-other": "no",
    });
    let asked = json!({ "request": request, "headers": headers });
    let sent = ok(&bridge, "transform_request", asked).await["headers"].clone();
    assert_eq!(sent["anthropic-version"], "2026-10-21");
    let betas: BTreeSet<&str> =
        sent["anthropic-beta"].as_str().expect("betas").split(',').map(str::trim).collect();
    assert_eq!(betas, BTreeSet::from(["a-1", "b-2"]));
    assert!(sent.get("x-other").is_none());
    let sent =
        ok(&bridge, "transform_request", json!({ "request": request })).await["headers"].clone();
    assert_eq!(sent["anthropic-version"], "2023-06-01");
    assert!(sent.get("authorization").is_none(), "no account was named");
    bridge.assert_clean();
}

async fn session(bridge: &Bridge, params: Value) -> (Value, Value) {
    let sent = ok(bridge, "transform_request", params).await["headers"].clone();
    (sent["x-session-id"].clone(), sent["x-assistant-message-id"].clone())
}

#[tokio::test]
async fn a_session_has_one_id_everywhere_and_a_message_its_own() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let request = |question: &str, more: Value| {
        let mut messages = vec![json!({ "role": "user", "content": question })];
        messages.extend(more.as_array().cloned().unwrap_or_default());
        json!({ "model": "claude-sonnet-4-20250514", "max_tokens": 9, "system": "s", "messages": messages })
    };
    let first = json!({ "request": request("q", json!([])) });
    let turn =
        json!([{ "role": "assistant", "content": "a" }, { "role": "user", "content": "more" }]);
    let later = json!({ "request": request("q", turn) });
    let other = json!({ "request": request("another", json!([])) });
    let (id, message) = session(&bridge, first.clone()).await;
    assert!(id.is_string() && message.is_string());
    let mut messages = BTreeSet::from([message.to_string()]);
    for params in [&first, &later] {
        let (again, message) = session(&bridge, params.clone()).await;
        assert_eq!(again, id);
        assert!(messages.insert(message.to_string()), "a message id came twice");
    }
    assert_ne!(session(&bridge, other.clone()).await.0, id);
    // Named by the host: whatever the body says.
    let mut named = first.clone();
    named["session_id"] = json!("mine");
    let mut also_named = other.clone();
    also_named["session_id"] = json!("mine");
    let (named, _) = session(&bridge, named).await;
    assert_eq!(session(&bridge, also_named).await.0, named);
    assert_ne!(named, id);
    // Another process, and `apply_risk_control`, tell the same session.
    let sent = rig.one_shot().call("transform_request", first.clone()).await.expect("sent");
    assert_eq!(sent["headers"]["x-session-id"], id);
    assert!(messages.insert(sent["headers"]["x-assistant-message-id"].to_string()));
    let (account, _) = signed_in(&rig, &bridge, json!({})).await;
    let mut risk = first;
    risk["credential_id"] = json!(account);
    let controlled = ok(&bridge, "apply_risk_control", risk.clone()).await;
    assert_eq!(controlled["headers"]["x-session-id"], id);
    assert_eq!(controlled["request"], risk["request"], "nothing else is done");
    bridge.assert_clean();
}

#[tokio::test]
async fn what_speaks_another_protocol_is_translated() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let messages = json!([{ "role": "user", "content": "q" }]);
    let chat = json!({ "model": "claude-sonnet-4-20250514", "messages": messages });
    let anthropic =
        json!({ "model": "glm-4.6", "max_tokens": 9, "system": "s", "messages": messages });
    let gemini = json!({ "contents": [{ "role": "user", "parts": [{ "text": "q" }] }] });
    for (params, endpoint, member) in [
        (json!({ "request": chat, "protocol": "chat" }), "anthropic", "max_tokens"),
        (json!({ "request": chat, "protocol": "openai" }), "anthropic", "max_tokens"),
        (json!({ "request": anthropic, "protocol": "anthropic" }), "comm", "messages"),
        (json!({ "request": gemini, "model": "gpt-5-codex" }), "openai", "input"),
        (json!({ "request": { "model": "glm-4.6", "input": "q" } }), "comm", "messages"),
    ] {
        let sent = ok(&bridge, "transform_request", params.clone()).await;
        assert_eq!(sent["endpoint_type"], endpoint, "{params}");
        assert!(sent["request"].get(member).is_some(), "{params}: {sent}");
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn responses_and_risk_control_are_byte_for_byte() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    bridge.close().await.expect("a clean end");
    let mut peer = Peer::start(&rig, &[]);
    let root =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/protocol/tests/fixtures");
    for (folder, endpoint) in DIALECTS {
        for case in ["plain_text", "tool_call", "utf8_text", "http_error_400"] {
            let text = std::fs::read_to_string(root.join(folder).join(format!("{case}.json")));
            let text = text.expect("a fixture").replace(['\n', '\r'], " ");
            let text = text.trim();
            peer.send(format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"transform_response","params":{{"response":{text},"endpoint_type":"{endpoint}"}}}}"#
            ))
            .await;
            let line = peer.line().await;
            let expected =
                format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"response\":{text}}}}}\n");
            assert_eq!(String::from_utf8_lossy(&line), expected, "{folder}/{case}");
        }
        for (name, body) in recorded(folder) {
            peer.send(format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"apply_risk_control","params":{{"request":{body},"credential_id":"{id}"}}}}"#
            ))
            .await;
            let line = peer.line().await;
            let line = std::str::from_utf8(&line).expect("UTF-8");
            let result = Members::of(Members::of(line).get("result").expect(&name)).0;
            assert_eq!(result[0], ("request".to_owned(), body), "{name}");
        }
    }
}

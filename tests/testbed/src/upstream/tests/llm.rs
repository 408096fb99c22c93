//! The LLM endpoints: who may ask, with which headers, and which recording answers.
//!
//! Owns: one test a header rule, every fixture served whole.
//! Must not know: body rules.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PROMPT, fake, llm_headers, messages, plain, send};
use crate::upstream::fixtures::Library;
use crate::upstream::{Action, Endpoint, Fake, Match};

async fn post(fake: &Fake, path: &str, headers: &[(&str, String)], body: &Value) -> super::Reply {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    send(fake, "POST", path, &headers, &body.to_string()).await
}

fn ask(dialect: &str, text: &str, stream: bool) -> (&'static str, &'static str, Value) {
    match dialect {
        "anthropic" => ("/api/llm/a/v1/messages", "anthropic", plain(text, stream)),
        "responses" => (
            "/api/llm/o/v1/responses",
            "azure_openai",
            json!({"model": "gpt-5.6-sol", "instructions": PROMPT, "input": text, "stream": stream}),
        ),
        "chat" => (
            "/api/llm/o/v1/chat/completions",
            "fireworks",
            json!({"model": "glm-4.6", "stream": stream, "messages": [
                {"role": "system", "content": PROMPT}, {"role": "user", "content": text}]}),
        ),
        _ => (
            "/api/llm/g/v1/generate",
            "google",
            json!({"model": "gemini-3.5-flash", "stream": stream,
                "contents": [{"role": "user", "parts": [{"text": text}]}]}),
        ),
    }
}

#[tokio::test]
async fn every_recording_is_served_byte_for_byte() {
    let fake = fake().await;
    fake.add_key("fk-one");
    let library = Library::embedded();
    for dialect in ["anthropic", "responses", "chat", "gemini"] {
        let cases = library.cases(dialect);
        assert!(cases.len() >= 14, "{dialect}: {cases:?}");
        for (case, stream) in cases.iter().flat_map(|case| [(case, false), (case, true)]) {
            let Some(fixture) = library.get(dialect, case, stream) else { continue };
            let (path, provider, body) = ask(dialect, &format!("go [case:{case}] now"), stream);
            let mut headers = llm_headers("fk-one");
            headers[4].1 = provider.to_owned();
            let reply = post(&fake, path, &headers, &body).await;
            assert_eq!(reply.status, fixture.status, "{dialect}/{case}: {reply:?}");
            assert_eq!(reply.text(), fixture.text, "{dialect}/{case}");
            assert!(reply.whole);
            let sse = reply.head.contains("content-type: text/event-stream");
            assert_eq!(sse, fixture.streamed, "{dialect}/{case}");
            for (name, value) in &fixture.headers {
                assert!(
                    reply.head.contains(&format!("{name}: {}", value.to_lowercase())),
                    "{name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn gemini_streams_by_query_too() {
    let fake = fake().await;
    fake.add_key("fk-one");
    let (path, _, body) = ask("gemini", "hi", false);
    let mut headers = llm_headers("fk-one");
    headers[4].1 = "google".to_owned();
    let reply = post(&fake, &format!("{path}?alt=sse"), &headers, &body).await;
    assert!(reply.head.contains("text/event-stream"), "{reply:?}");
}

#[tokio::test]
async fn each_header_is_required() {
    let fake = fake().await;
    fake.add_key("fk-one");
    let all = llm_headers("fk-one");
    let path = "/api/llm/a/v1/messages";
    assert_eq!(post(&fake, path, &all, &plain("hi", false)).await.status, 200);
    for left_out in 0..all.len() {
        let mut headers = all.clone();
        let (name, _) = headers.remove(left_out);
        let reply = post(&fake, path, &headers, &plain("hi", false)).await;
        let wanted = if name == "authorization" { 401 } else { 400 };
        assert_eq!(reply.status, wanted, "without {name}");
        assert_eq!(reply.json()["type"], "error");
        let entry = fake.journal().entries().pop().unwrap();
        assert!(wanted == 401 || entry.refused.unwrap().contains(name), "without {name}");
    }
    for (name, value) in
        [("x-api-key", "sk-the-clients-own"), ("x-goog-api-key", "the-clients-own")]
    {
        let headers = [all.clone(), vec![(name, value.to_owned())]].concat();
        assert_eq!(post(&fake, path, &headers, &plain("hi", false)).await.status, 400, "{name}");
    }
    let headers = [all, vec![("x-api-key", "placeholder".to_owned())]].concat();
    assert_eq!(post(&fake, path, &headers, &plain("hi", false)).await.status, 200);
}

#[tokio::test]
async fn the_provider_must_serve_the_model() {
    let fake = fake().await;
    fake.add_key("fk-one");
    let (path, _, mut body) = ask("responses", "hi", false);
    for (model, provider, status) in [
        ("gpt-5.6-sol", "azure_openai", 200),
        ("gpt-5.6-sol", "anthropic", 400),
        ("gpt-5.1-codex-max", "azure_openai", 400),
        ("gpt-5.1-codex-max", "openai", 200),
    ] {
        body["model"] = json!(model);
        let mut headers = llm_headers("fk-one");
        headers[4].1 = provider.to_owned();
        assert_eq!(post(&fake, path, &headers, &body).await.status, status, "{model} {provider}");
    }
}

#[tokio::test]
async fn only_live_tokens_and_registered_keys_may_ask() {
    let fake = fake().await;
    let account = fake.mint_account();
    let ask = plain("hi", false);
    assert_eq!(messages(&fake, "fk-unknown", &ask).await.status, 401);
    assert_eq!(messages(&fake, &account.refresh_token, &ask).await.status, 401);
    assert_eq!(messages(&fake, &account.access_token, &ask).await.status, 200);
    fake.expire_access_tokens();
    assert_eq!(messages(&fake, &account.access_token, &ask).await.status, 401);
    let next = fake.mint_account();
    fake.advance(Duration::from_secs(8 * 3600));
    assert_eq!(messages(&fake, &next.access_token, &ask).await.status, 401);
    fake.add_key("fk-one");
    for status in [401, 402, 403] {
        fake.block_key("fk-one", Some(status));
        let reply = messages(&fake, "fk-one", &ask).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.json().get("error").is_some(), status != 402, "402 has no error object");
    }
    fake.block_key("fk-one", None);
    assert_eq!(messages(&fake, "fk-one", &ask).await.status, 200);
}

#[tokio::test]
async fn organisations_are_told_to_the_cli_alone() {
    let fake = fake().await;
    let user = fake.add_user("two@example.test", &["org_a".into(), "org_b".into()]);
    let bearer = format!("Bearer {}", fake.mint_for(&user).access_token);
    let path = "/api/cli/org";
    let cli = ("x-factory-client", "cli");
    let good = send(&fake, "GET", path, &[("authorization", &bearer), cli], "").await;
    assert_eq!(good.json(), json!({"workosOrgIds": ["org_a", "org_b"]}));
    assert_eq!(send(&fake, "GET", path, &[("authorization", &bearer)], "").await.status, 400);
    assert_eq!(send(&fake, "GET", path, &[cli], "").await.status, 401);
    assert_eq!(send(&fake, "GET", "/api/cli", &[], "").await.status, 404);
}

#[tokio::test]
async fn tokens_are_counted_without_output_members() {
    let fake = fake().await;
    fake.add_key("fk-one");
    let path = "/api/llm/a/v1/messages/count_tokens";
    let headers = llm_headers("fk-one");
    let mut body = plain("hi", false);
    assert_eq!(post(&fake, path, &headers, &body).await.status, 400);
    body.as_object_mut().unwrap().retain(|name, _| name != "max_tokens" && name != "stream");
    let reply = post(&fake, path, &headers, &body).await;
    assert!(reply.json()["input_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_script_picks_the_case_before_the_text_does() {
    let fake = fake().await;
    fake.add_key("fk-one");
    fake.script().next(Match::endpoint(Endpoint::Anthropic), Action::case("tool_call"));
    let reply = messages(&fake, "fk-one", &plain("[case:refusal]", false)).await;
    assert_eq!(reply.json()["stop_reason"], "tool_use");
    let reply = messages(&fake, "fk-one", &plain("[case:no_such]", false)).await;
    assert_eq!(reply.status, 500);
}

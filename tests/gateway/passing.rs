//! Every client to every endpoint, streamed and whole.
//!
//! Owns: what a client reads when all goes well, what upstream is sent for it.
//! Must not know: faults.

use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_testbed::http::request;
use serde_json::json;

use super::ask::{
    Ask, CLAUDE, ENDPOINTS, GEMINI, GENERAL, KEY, asked, configured, keys, said, sent_body,
    sent_header, started,
};

#[tokio::test]
async fn every_dialect_is_answered_by_every_endpoint() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    for client in Dialect::ALL {
        for (model, path, upstream) in ENDPOINTS {
            for stream in [false, true] {
                let case = format!("{client} to {path}, stream {stream}");
                rig.fake.journal().clear();
                let ask = Ask::new(client, model, stream);
                let answer = ask.send(&gateway).await;
                assert_eq!(answer.status, 200, "{case}: {}", answer.text());
                assert!(answer.whole, "{case}");
                let kind = answer.header("content-type").expect("a type");
                let expected = if stream { "text/event-stream" } else { "application/json" };
                assert!(kind.starts_with(expected), "{case}: {kind}");
                assert!(answer.header("x-request-id").is_some_and(|it| it.starts_with("req_")));
                let sent = asked(&rig, path);
                assert_eq!(sent.len(), 1, "{case}");
                assert_eq!(sent[0].refused, None, "{case}");
                assert_eq!(sent_header(&sent[0], "authorization"), Some("Bearer fk-number-one"));

                let folder = upstream.as_str();
                let kind = if stream { "sse" } else { "json" };
                let file = format!("src-tauri/protocol/tests/fixtures/{folder}/plain_text.{kind}");
                let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
                let fixture = std::fs::read(file).expect("a fixture");
                let meant = said(upstream, &fixture, stream);
                let read = ask.read(&answer);
                assert_eq!(read.text, meant.text, "{case}");
                assert_eq!(read.end, End::Done, "{case}");
                let held_back = stream && client == Dialect::Chat;
                if !held_back {
                    let totals = (read.usage.all_input(), read.usage.output_tokens);
                    let expected = (meant.usage.all_input(), meant.usage.output_tokens);
                    assert_eq!(totals, expected, "{case}");
                }
                if client == upstream && !held_back {
                    assert_eq!(answer.body, fixture, "{case}: byte for byte");
                }
            }
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_chat_client_gets_the_usage_chunk_only_if_it_asked() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    for model in [GENERAL, CLAUDE] {
        let quiet = Ask::new(Dialect::Chat, model, true);
        let text = quiet.send(&gateway).await.text();
        assert!(!text.contains("\"usage\":{") && text.ends_with("data: [DONE]\n\n"), "{text}");
        let asking = quiet.more(json!({ "stream_options": { "include_usage": true } }));
        let text = asking.send(&gateway).await.text();
        assert!(text.contains("\"usage\":{"), "{text}");
    }
    let sent = asked(&rig, "/api/llm/o/v1/chat/completions");
    assert_eq!(sent_body(&sent[0])["stream_options"], json!({ "include_usage": true }));
    gateway.stop().await;
}

#[tokio::test]
async fn gemini_without_alt_sse_is_one_json_array() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    for model in [GEMINI, CLAUDE] {
        let url = gateway.url(&format!("/v1beta/models/{model}:streamGenerateContent"));
        let body = Ask::new(Dialect::Gemini, model, true).body().to_string();
        let headers = [("x-goog-api-key", KEY), ("content-type", "application/json")];
        let answer = request("POST", &url, headers, body.as_bytes()).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let chunks = answer.json();
        let chunks = chunks.as_array().expect("an array");
        assert!(chunks.len() > 1 && chunks.iter().all(|it| it["candidates"].is_array()));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn the_paths_with_a_provider_in_them_go_to_its_endpoint() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    for (prefix, dialect, path) in [
        ("/droid/claude", Dialect::Anthropic, "/api/llm/a/v1/messages"),
        ("/droid/openai", Dialect::Responses, "/api/llm/o/v1/responses"),
        ("/droid/comm", Dialect::Chat, "/api/llm/o/v1/chat/completions"),
    ] {
        let (model, ..) = ENDPOINTS.into_iter().find(|it| it.2 == dialect).expect("one");
        let ask = Ask::new(dialect, model, false);
        let url = gateway.url(&format!("{prefix}{}", ask.path()));
        let headers: Vec<(&str, &str)> =
            ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = ask.body().to_string();
        let answer = request("POST", &url, headers.clone(), body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{prefix}");
        assert_eq!(asked(&rig, path).len(), 1, "{prefix}");
        let url = gateway.url(&format!("{prefix}/v1/models"));
        let listed = request("GET", &url, headers, b"").await;
        assert!(listed.json()["data"].is_array(), "{prefix}");
    }
    gateway.stop().await;
}

//! A client of any protocol and a model behind any endpoint, through the plugin: the request is
//! translated and really posted, the answer comes back as the client's protocol has it.
//!
//! Owns: `carry` of `transform_request`, `output` of `parse_response_chunk`, whole answers, errors.
//! Must not know: how anything is translated (the protocol package's goldens do).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_testbed::host::Bridge;
use droid_testbed::http;
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use super::edits::{model_of, recorded, streamed};
use super::streams::DIALECTS;
use crate::support::{err, ok, rig, signed_in};

const CASES: [&str; 3] = ["utf8_text", "parallel_tool_calls", "thinking_text"];

/// Asks for a translated request and posts it; answers what was transformed and what came.
async fn ask(
    rig: &Rig,
    bridge: &Bridge,
    (client, endpoint): (&str, &str),
    (id, case, stream): (&str, &str, bool),
) -> (Value, Vec<u8>) {
    let (_, own) = DIALECTS.into_iter().find(|it| it.0 == client).expect("a dialect");
    let bodies = recorded(client);
    let body = bodies.iter().find(|it| it.0.ends_with("tool_call")).expect("a request");
    let mut request: Value = serde_json::from_str(&streamed(own, &body.1, stream)).expect("JSON");
    if client != "gemini" {
        request["model"] = json!(model_of(endpoint));
    }
    let params = json!({
        "request": request, "protocol": client, "model": model_of(endpoint), "credential_id": id,
        "endpoint_type": endpoint,
    });
    let sent = ok(bridge, "transform_request", params).await;
    assert_eq!((&sent["endpoint_type"], &sent["protocol"]), (&json!(endpoint), &json!(client)));
    assert!(sent["losses"].is_array(), "{sent}");
    let mut url = sent["url"].as_str().expect("a URL").to_owned();
    if endpoint == "google" && stream {
        url.push_str("?alt=sse");
    }
    rig.fake.script().next(Match::any(), Action::case(case));
    let headers = sent["headers"].as_object().expect("headers").clone();
    let headers: Vec<(String, String)> = headers
        .into_iter()
        .map(|(name, value)| (name, value.as_str().expect("text").to_owned()))
        .collect();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let posted = sent["request"].to_string();
    let answer = http::request("POST", &url, headers, posted.as_bytes()).await;
    assert_eq!(answer.status, 200, "{client} to {endpoint}: {}: {posted}", answer.text());
    (sent, answer.body)
}

/// What an answer says, whatever protocol says it.
fn meaning(events: &Value) -> Value {
    let events = events.as_array().expect("events");
    let of = |kind: &str, member: &str| -> String {
        let them = events.iter().filter(|it| it["type"] == kind);
        them.filter_map(|it| it[member].as_str()).collect()
    };
    json!({
        "text": of("text_delta", "text"),
        "calls": of("tool_use_start", "name"),
        "stop": events.iter().find_map(|it| it.get("stop_reason")),
    })
}

/// Reads a stream for its events alone.
async fn said(bridge: &Bridge, endpoint: &str, bytes: &[u8]) -> Value {
    let params = json!({
        "chunk_base64": STANDARD.encode(bytes), "endpoint_type": endpoint, "end": true,
    });
    ok(bridge, "parse_response_chunk", params).await
}

fn bytes_of(parsed: &Value) -> Vec<u8> {
    match (parsed["output"].as_str(), parsed["output_base64"].as_str()) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(text)) => STANDARD.decode(text).expect("base64"),
        _ => panic!("one output: {parsed}"),
    }
}

#[tokio::test]
async fn every_client_is_answered_by_every_endpoint_in_its_own_protocol() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for (client, own) in DIALECTS {
        for (_, endpoint) in DIALECTS {
            for case in CASES {
                let name = format!("{client} to {endpoint}, {case}");
                let (sent, answer) =
                    ask(&rig, &bridge, (client, endpoint), (&id, case, true)).await;
                let upstream = said(&bridge, endpoint, &answer).await;

                // By carry, a call a piece; and under a stream id that begins with the same carry.
                let mut by_carry = (Vec::new(), Vec::new());
                let mut by_id = Vec::new();
                let mut carry = sent["carry"].clone();
                let pieces: Vec<&[u8]> = answer.chunks(191).chain([&[][..]]).collect();
                for (at, piece) in pieces.iter().enumerate() {
                    let end = at + 1 == pieces.len();
                    let chunk = STANDARD.encode(piece);
                    let params = json!({ "chunk_base64": chunk, "carry": carry, "end": end });
                    let parsed = ok(&bridge, "parse_response_chunk", params).await;
                    by_carry.0.extend(bytes_of(&parsed));
                    by_carry.1.extend(parsed["events"].as_array().expect("events").clone());
                    carry = parsed["carry"].clone();
                    let mut params =
                        json!({ "chunk_base64": chunk, "stream_id": name, "end": end });
                    if at == 0 {
                        params["carry"] = sent["carry"].clone();
                    }
                    by_id.extend(bytes_of(&ok(&bridge, "parse_response_chunk", params).await));
                }
                assert_eq!(by_carry.0, by_id, "{name}");
                assert_eq!(json!(by_carry.1), upstream["events"], "{name}");
                if own == endpoint {
                    let came = String::from_utf8(answer).expect("UTF-8");
                    // The chat request asks for no counts, and gets no chunk of them.
                    let events = came.split_inclusive("\n\n");
                    let wanted: String =
                        events.filter(|it| !it.contains("\"choices\":[]")).collect();
                    assert_eq!(String::from_utf8(by_id.clone()), Ok(wanted), "{name}");
                }
                let heard = said(&bridge, own, &by_id).await;
                assert_eq!(heard["end"], "done", "{name}");
                assert_eq!(meaning(&heard["events"]), meaning(&upstream["events"]), "{name}");
            }
        }
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn a_whole_answer_and_an_error_come_as_the_client_has_them() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let list = [
        ("anthropic", "/content"),
        ("responses", "/output"),
        ("chat", "/choices"),
        ("gemini", "/candidates"),
    ];
    for (client, member) in list {
        for (_, endpoint) in DIALECTS {
            let (sent, answer) =
                ask(&rig, &bridge, (client, endpoint), (&id, "plain_text", false)).await;
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            for how in [
                json!({ "carry": sent["carry"] }),
                json!({ "endpoint_type": endpoint, "protocol": client }),
            ] {
                let mut params = how.clone();
                params["response"] = answer.clone();
                let told = ok(&bridge, "transform_response", params).await;
                let members = told["response"].pointer(member).and_then(Value::as_array);
                assert!(members.is_some_and(|it| !it.is_empty()), "{client}, {endpoint}: {told}");
                let text = told["response"].to_string();
                assert!(text.contains("How can I help you today?"), "{client}, {endpoint}: {text}");
            }
        }
        let limited = json!({ "status": 429, "body": "{\"error\":{\"message\":\"Slow down.\"}}" });
        let mut params = limited.clone();
        params["protocol"] = json!(client);
        let error = ok(&bridge, "parse_error", params).await;
        assert_eq!(error["error_type"], "rate_limit");
        assert_eq!(error["client"]["status"], 429, "{client}: {error}");
        let told = error["client"]["response"]["error"]["message"].as_str();
        assert_eq!(told, Some("Slow down."), "{client}: {error}");
        assert!(ok(&bridge, "parse_error", limited).await.get("client").is_none());
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn what_is_no_state_or_no_answer_is_refused_by_name() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for carry in ["t:", "p:AAAA", "t:e30=", "nothing"] {
        let params = json!({ "chunk": "data: {}\n\n", "carry": carry });
        let error = err(&bridge, "parse_response_chunk", params).await;
        assert_eq!(error.data["kind"], "invalid", "{carry}");
        assert!(error.message.starts_with("carry"), "{carry}: {}", error.message);
    }
    let params = json!({ "response": {}, "endpoint_type": "comm", "protocol": "anthropic" });
    let error = err(&bridge, "transform_response", params).await;
    assert!(error.message.starts_with("response"), "{}", error.message);
    let params = json!({ "chunk": "", "endpoint_type": "comm", "protocol": "pigeon" });
    let error = err(&bridge, "parse_response_chunk", params).await;
    assert!(error.message.starts_with("protocol"), "{}", error.message);
    bridge.assert_clean();
}

/// A chat client that asked for no counts, on a chat endpoint: they are counted, and it sees none.
/// When the answer breaks off it is told so.
#[tokio::test]
async fn what_is_passed_on_has_no_counts_nobody_asked_for_and_no_clean_end_if_cut() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let (sent, answer) = ask(&rig, &bridge, ("chat", "comm"), (&id, "cache_usage", true)).await;
    assert_eq!(sent["request"]["stream_options"]["include_usage"], true);
    let whole = String::from_utf8(answer).expect("UTF-8");
    assert!(whole.contains("\"choices\":[]"), "{whole}");
    let piece = |chunk: &str| json!({ "chunk": chunk, "carry": sent["carry"], "end": true });
    let parsed = ok(&bridge, "parse_response_chunk", piece(&whole)).await;
    let output = parsed["output"].as_str().expect("text");
    assert!(output.ends_with("data: [DONE]\n\n") && !output.contains("\"choices\":[]"), "{output}");
    assert!(parsed["usage"]["output_tokens"].as_u64().is_some_and(|it| it > 0), "{parsed}");
    let half = &whole[..whole.len() / 2];
    let parsed = ok(&bridge, "parse_response_chunk", piece(half)).await;
    assert_eq!(parsed["end"], "truncated");
    let output = parsed["output"].as_str().expect("text");
    let last = output.trim_end().rsplit('\n').next().unwrap_or_default();
    assert!(last.starts_with("data: {\"error\":"), "{output}");
    bridge.assert_clean();
}

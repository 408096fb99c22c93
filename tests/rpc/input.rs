//! Lines at the limits: longest, too long, too deep.
//!
//! Owns: sizes and depths; that memory stays bounded and the next line is answered.
//! Must not know: what methods do with what is allowed.

use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use super::contract::call;
use super::peer::Peer;
use crate::support::rig;

const LONGEST: usize = 64 * 1024 * 1024;
const DEEP: usize = 100_000;

/// A `ping` whose line is so many bytes long.
fn ping_of(length: usize) -> String {
    let frame = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":""}}"#;
    let line = frame.replace("\"\"", &format!("\"{}\"", "x".repeat(length - frame.len())));
    assert_eq!(line.len(), length);
    line
}

/// Written beside the reading: neither pipe holds so much.
async fn send(peer: &mut Peer, line: String) {
    peer.send(line).await;
}

#[tokio::test]
async fn a_line_of_64_mib_is_taken_and_a_longer_one_is_refused() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    send(&mut peer, ping_of(LONGEST)).await;
    assert_eq!(peer.answer().await["result"], json!({}));
    for length in [LONGEST + 1, LONGEST + 1, 4 * LONGEST] {
        send(&mut peer, ping_of(length)).await;
        send(&mut peer, call("\"next\"", "ping", &Value::Null)).await;
        let refusal = peer.answer().await;
        assert_eq!((&refusal["error"]["code"], &refusal["id"]), (&json!(-32600), &Value::Null));
        assert!(refusal["error"]["message"].as_str().is_some_and(|it| it.contains("64 MiB")));
        assert_eq!(peer.answer().await["id"], "next");
    }
    let peak = peer.memory("VmHWM");
    println!("peak after lines of 64 to 256 MiB: {peak} kB");
    // The line, its growing buffer and one copy; never the 256 MiB of the longest.
    assert!(peak < 4 * 64 * 1024, "{peak} kB");
    peer.close_stdin();
    assert!(peer.ended().await.status.success());
}

#[tokio::test]
async fn a_too_long_last_line_without_an_end_is_refused_too() {
    let rig = rig().await;
    let exit = rig.one_shot().raw(ping_of(LONGEST + 1).as_bytes()).await.expect("ended");
    exit.must_be_clean().expect("exit 0");
    let text = String::from_utf8(exit.stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("64 MiB"), "{text}");
}

#[tokio::test]
async fn sixty_mebibytes_go_through_byte_for_byte() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    let response =
        format!(r#"{{"b": [1e400, 0.10,  "{}"]}}"#, "\u{4f60}x\\n".repeat(60 * 1024 * 1024 / 6));
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"transform_response","params":{{"response":{response}}}}}"#
    );
    assert!(line.len() > 60 * 1024 * 1024);
    send(&mut peer, line).await;
    let answer = peer.line().await;
    let expected =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"response\":{response}}}}}\n");
    assert!(answer == expected.as_bytes(), "{} bytes, not {}", answer.len(), expected.len());
    println!("peak with 60 MiB both ways: {} kB", peer.memory("VmHWM"));
    peer.close_stdin();
    assert!(peer.ended().await.status.success());
}

async fn answers(rig: &Rig, line: &str) -> Value {
    let next = call("\"next\"", "ping", &Value::Null);
    let exit = rig.one_shot().raw(format!("{line}\n{next}\n").as_bytes()).await.expect("ended");
    exit.must_be_clean().expect("exit 0");
    let text = String::from_utf8(exit.stdout).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{}", text.chars().take(300).collect::<String>());
    // Answers come in any order.
    let (next, answer): (Vec<&str>, Vec<&str>) =
        lines.into_iter().partition(|it| it.contains("\"next\""));
    assert_eq!((next.len(), answer.len()), (1, 1));
    // What went through as it came is as deep as it was: only its beginning is looked at.
    serde_json::from_str(answer[0]).unwrap_or_else(|_| {
        assert!(answer[0].starts_with(r#"{"jsonrpc":"2.0","id":1,"result":{"re"#));
        json!({ "result": "deep" })
    })
}

#[tokio::test]
async fn a_hundred_thousand_brackets_anywhere_are_survived() {
    let rig = rig().await;
    let arrays = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let objects = format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP));
    let chat = |deep: &str| {
        format!(r#"{{"model":"glm-4.6","messages":[{{"role":"user","content":"a"}}],"x":{deep}}}"#)
    };
    for deep in [&arrays, &objects] {
        for unclosed in ["[".repeat(DEEP), "{\"a\":".repeat(DEEP)] {
            assert_eq!(answers(&rig, &unclosed).await["error"]["code"], -32700);
        }
        let is_call = !deep.starts_with('[');
        let bare = answers(&rig, deep).await;
        if is_call {
            assert_eq!(bare["error"]["code"], -32600);
        } else {
            assert_eq!(bare[0]["error"]["code"], -32600);
        }
        let extra = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":{deep}}}"#);
        assert_eq!(answers(&rig, &extra).await["result"], json!({}), "unknown members are ignored");
        for member in ["id", "jsonrpc", "method"] {
            let line = format!(r#"{{"{member}":{deep}}}"#);
            assert_eq!(answers(&rig, &line).await["error"]["code"], -32600, "{member}");
        }
        for (method, params) in [
            ("ping", deep.clone()),
            ("ping", format!(r#"{{"x":{deep}}}"#)),
            ("supports_model", format!(r#"{{"model":{deep}}}"#)),
            ("create_credential", format!(r#"{{"auth_type":"api_key","config":{deep}}}"#)),
            (
                "create_credential",
                format!(r#"{{"auth_type":"api_key","config":{{"api_keys":{deep}}}}}"#),
            ),
            (
                "create_credential",
                format!(r#"{{"auth_type":"api_key","config":{{"proxy":{deep}}}}}"#),
            ),
            ("update_config", format!(r#"{{"config":{deep}}}"#)),
            ("update_config", format!(r#"{{"config":{{"models":{deep}}}}}"#)),
            ("release_credential", format!(r#"{{"credential_id":"a","result":{deep}}}"#)),
            ("transform_request", format!(r#"{{"request":{deep}}}"#)),
            ("transform_request", format!(r#"{{"request":{}}}"#, chat(deep))),
            ("apply_risk_control", format!(r#"{{"request":{}}}"#, chat(deep))),
            ("transform_response", format!(r#"{{"response":{deep}}}"#)),
            ("parse_error", format!(r#"{{"status":500,"body":{deep}}}"#)),
            ("parse_error", format!(r#"{{"status":500,"body":{}}}"#, json!(deep))),
            (
                "parse_response_chunk",
                format!(
                    r#"{{"endpoint_type":"comm","chunk":{},"end":true}}"#,
                    json!(format!("data: {}\n\n", chat(deep)))
                ),
            ),
        ] {
            let line =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
            let answer = answers(&rig, &line).await;
            let code = answer["error"]["code"].as_i64();
            let shown: String = params.chars().take(60).collect();
            assert!(
                code.is_none_or(|it| [-32602, -32600, -32001].contains(&it)),
                "{method} {shown}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_batch_of_a_hundred_thousand_calls_is_answered_whole() {
    const CALLS: usize = 100_000;
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    let calls: Vec<String> =
        (0..CALLS).map(|n| format!(r#"{{"jsonrpc":"2.0","id":{n},"method":"ping"}}"#)).collect();
    send(&mut peer, format!("[{}]", calls.join(","))).await;
    let answer = peer.answer().await;
    let ids: Vec<u64> =
        answer.as_array().expect("an array").iter().filter_map(|it| it["id"].as_u64()).collect();
    assert_eq!(ids.len(), CALLS);
    assert!(ids.is_sorted());
    peer.close_stdin();
    assert!(peer.ended().await.status.success());
}

//! What no well-meaning client sends: a clear answer, and nobody else notices.
//!
//! Owns: slow, oversized, ambiguous and broken requests.
//! Must not know: what a good request is answered with.

use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, Open, raw, read_head, request};
use droid_testbed::upstream::{Action, Match};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::ask::{Ask, CLAUDE, KEY, configured, keys, started, until};
use super::envelope::envelope;

const LONG: Duration = Duration::from_secs(20);

/// Sends bytes and reads all that comes until the other side closes.
async fn told(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.host()).await.expect("a connection");
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "it hangs after {}", String::from_utf8_lossy(&answer));
    String::from_utf8_lossy(&answer).into_owned()
}

async fn lives(gateway: &Gateway) {
    assert_eq!(request("GET", &gateway.url("/healthz"), [], b"").await.status, 200);
}

fn post(framing: &str, body: &str) -> String {
    format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n{framing}\r\n{body}")
}

#[tokio::test]
async fn whoever_dawdles_over_a_head_or_a_body_is_let_go_and_nobody_else_waits() {
    let config = json!({ "gateway": { "header_timeout_seconds": 1, "body_timeout_seconds": 1 } });
    let rig = configured(config).await;
    let gateway = started(&rig).await;
    let mut dawdling = Vec::new();
    for at in 0..50 {
        let mut stream = TcpStream::connect(gateway.host()).await.expect("a connection");
        let head = if at % 2 == 0 {
            "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned()
        } else {
            post("content-length: 1000\r\n", "{\"model\":")
        };
        stream.write_all(head.as_bytes()).await.expect("sent");
        dawdling.push((at, stream));
    }
    let start = Instant::now();
    lives(&gateway).await;
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    for (at, mut stream) in dawdling {
        if at % 2 == 1 {
            let answer = timeout(LONG, async { read_head(stream).await.rest().await }).await;
            let answer = answer.expect("told");
            assert_eq!(answer.status, 408, "{}", answer.text());
            assert_eq!(envelope(Dialect::Anthropic, &answer).0, "timeout_error");
            continue;
        }
        let closed = timeout(LONG, stream.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "{at} is still connected");
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    gateway.stop().await;
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    let long =
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(300_000));
    let many: String = (0..500).map(|at| format!("x-{at}: 1\r\n")).collect();
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(300_000));
    for (head, statuses) in [(long, &["431"][..]), (many, &["431"]), (path, &["414", "431"])] {
        let answer = told(&gateway, head.as_bytes()).await;
        let status = answer.get(9..12).unwrap_or_default();
        assert!(statuses.contains(&status), "{answer}");
    }
    lives(&gateway).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_request_whose_end_is_ambiguous_is_refused_and_nothing_behind_it_is_answered() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    let smuggled = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let n = smuggled.len();
    for framing in [
        format!("content-length: {n}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {n}\r\n"),
        format!("content-length: 0\r\ncontent-length: {n}\r\n"),
        format!("content-length: {n}, 0\r\n"),
        "content-length: -1\r\n".to_owned(),
        "content-length: +0\r\n".to_owned(),
        "content-length: 0x10\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding : chunked\r\n".to_owned(),
        " transfer-encoding: chunked\r\n".to_owned(),
    ] {
        let body = if framing.contains("chunked") { "0\r\n\r\n" } else { "" };
        let answer = told(&gateway, post(&framing, &format!("{body}{smuggled}")).as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{framing}: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{framing}: {answer}");
    }
    lives(&gateway).await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_request_gets_a_bare_status_and_nothing_behind_it_is_read() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    let behind = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let long = format!("GET /healthz HTTP/1.1\r\nx-long: {}\r\n\r\n", "a".repeat(300_000));
    for (bytes, status) in [
        (post("content-length: 0\r\ncontent-length: 2\r\n", "{}"), "400"),
        (post("x-bare: a\rb\r\n", ""), "400"),
        (post("x-none: a\0b\r\n", ""), "400"),
        (post("no colon\r\n", ""), "400"),
        ("GET /health z HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "400"),
        ("what is this\r\n\r\n".to_owned(), "400"),
        (long, "431"),
    ] {
        let answer = told(&gateway, format!("{bytes}{behind}").as_bytes()).await;
        let shown = &bytes[..bytes.len().min(120)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{shown}: {answer}");
        assert!(answer.contains("content-length: 0\r\n"), "{shown}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{shown}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{shown}: {answer}");
    }
    lives(&gateway).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_with_broken_chunks_is_refused() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    for body in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n",
        "ffffffffffffffffff\r\n{}",
        "2\r\n{}X\r\n0\r\n\r\n",
        // A line ends with both: others would see another end.
        "2\n{}\n0\n\n",
        "2;a\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
    ] {
        let framing = "transfer-encoding: chunked\r\nconnection: close\r\n";
        let bytes = post(framing, body);
        let answer = async { raw(gateway.host(), bytes.as_bytes()).await.rest().await };
        let answer = timeout(LONG, answer).await.expect("told");
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
        assert_eq!(envelope(Dialect::Anthropic, &answer).0, "invalid_request_error", "{body:?}");
    }
    lives(&gateway).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_of_more_than_64_mib_is_told_to_be_too_long_in_every_dialect() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    let dialects = [Dialect::Anthropic, Dialect::Responses, Dialect::Chat, Dialect::Gemini];
    let told = dialects.map(async |dialect| {
        let ask = Ask::new(dialect, CLAUDE, false);
        let (name, key) = &ask.headers[0];
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\n{name}: {key}\r\ncontent-length: {}\r\n\r\n",
            ask.path(),
            64 * 1024 * 1024 + 1
        );
        let answer: Open = timeout(LONG, raw(gateway.host(), head.as_bytes())).await.expect("told");
        assert_eq!(answer.status, 413, "{dialect:?}");
        assert_too_long(dialect, &answer.rest().await);
    });
    futures_util::future::join_all(told).await;
    // One that does not say so beforehand is cut as soon as it is too long.
    let mut stream = TcpStream::connect(gateway.host()).await.expect("a connection");
    stream.write_all(post("transfer-encoding: chunked\r\n", "").as_bytes()).await.expect("sent");
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1024 * 1024));
    for _ in 0..65 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let answer = timeout(LONG, async { read_head(stream).await.rest().await }).await.expect("told");
    assert_eq!(answer.status, 413);
    assert_too_long(Dialect::Anthropic, &answer);
    lives(&gateway).await;
    gateway.stop().await;
}

fn assert_too_long(dialect: Dialect, answer: &Answer) {
    let word = match dialect {
        Dialect::Anthropic => "request_too_large",
        Dialect::Responses | Dialect::Chat => "invalid_request_error",
        Dialect::Gemini => "INVALID_ARGUMENT",
    };
    let (found, message) = envelope(dialect, answer);
    assert_eq!(found, word, "{message}");
    assert!(message.contains("64"), "it says how long is allowed: {message}");
}

#[tokio::test]
async fn bodies_that_are_no_requests_are_told_in_the_clients_words() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-pooled-0123456789abcdef"], json!({})).await;
    let gateway = started(&rig).await;
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    for dialect in [Dialect::Anthropic, Dialect::Responses, Dialect::Chat, Dialect::Gemini] {
        let ask = Ask::new(dialect, CLAUDE, false);
        let (name, key) = &ask.headers[0];
        for body in [
            &b""[..],
            b"{",
            b"null",
            b"[]",
            b"\"text\"",
            b"{\"model\":\"\xff\xfe\"}",
            b"{\"model\":7,\"messages\":7,\"input\":7,\"contents\":7}",
            b"\0\0\0\0",
            &deep,
        ] {
            let url = gateway.url(&ask.path());
            let answer = request("POST", &url, [(name.as_str(), key.as_str())], body).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
            assert_eq!(answer.status, 400, "{dialect:?} {shown}: {}", answer.text());
            let word = if dialect == Dialect::Gemini {
                "INVALID_ARGUMENT"
            } else {
                "invalid_request_error"
            };
            assert_eq!(envelope(dialect, &answer).0, word, "{shown}");
        }
    }
    lives(&gateway).await;
    gateway.stop().await;
}

#[tokio::test]
async fn whoever_takes_nothing_of_an_answer_is_let_go_and_its_place_is_free() {
    let rig = configured(json!({ "timeout_ms": 1000 })).await;
    keys(&rig, &["fk-pooled-0123456789abcdef"], json!({ "max_concurrency": 1 })).await;
    let gateway = started(&rig).await;
    let path = "/api/llm/a/v1/messages";
    let endless = Action::InfiniteStream { bytes: 1 << 40 };
    rig.fake.script().next(Match::any().path(path), endless);
    let ask = Ask::new(Dialect::Anthropic, CLAUDE, true);
    let silent = ask.open(&gateway).await;
    assert_eq!(silent.status, 200);
    until("its place is free", async || (ask.send(&gateway).await.status == 200).then_some(()))
        .await;
    drop(silent);
    gateway.stop().await;
}

#[tokio::test]
async fn no_more_than_the_configured_connections_are_taken_and_the_next_waits_its_turn() {
    let rig = configured(json!({ "gateway": { "max_connections": 3 } })).await;
    let gateway = started(&rig).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(gateway.host()).await.expect("a connection"));
    }
    let url = gateway.url("/healthz");
    let waiting = tokio::spawn(async move { request("GET", &url, [], b"").await.status });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished(), "there is no place");
    drop(held.pop());
    let status = timeout(LONG, waiting).await.expect("its turn came").expect("no panic");
    assert_eq!(status, 200);
    gateway.stop().await;
}

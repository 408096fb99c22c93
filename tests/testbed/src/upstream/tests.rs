//! The fake against itself: one test a rule, over real sockets.
//!
//! Owns: a bare HTTP client that shows every byte and every way a connection can end.
//! Must not know: nothing of the program under test is used here.

mod faults;
mod llm;
mod rules;
mod workos;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::upstream::{Fake, FakeConfig};

pub(super) const CLIENT: &str = "client_01HNM792M5G5G1A2THWPXKFMXB";
pub(super) const PROMPT: &str = "You are Droid, an AI software engineering agent built by Factory.";
pub(super) const SOON: Duration = Duration::from_secs(10);

/// Everything a connection gave until it ended, and how it ended.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
    pub(super) end: std::io::Result<()>,
}

/// A parsed answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Whether the body came to its announced end.
    pub(super) whole: bool,
}

pub(super) async fn fake() -> Fake {
    Fake::start(FakeConfig::default()).await
}

pub(super) async fn open(fake: &Fake) -> TcpStream {
    TcpStream::connect(fake.addr).await.unwrap()
}

pub(super) async fn raw(fake: &Fake, request: &[u8]) -> Raw {
    let mut stream = open(fake).await;
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = tokio::time::timeout(SOON, async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return Ok(()),
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
                Err(error) => return Err(error),
            }
        }
    });
    let end = end.await.expect("the connection did not end");
    Raw { bytes, end }
}

pub(super) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    format!("{text}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub(super) async fn send(
    fake: &Fake,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let raw = raw(fake, &request(method, path, headers, body)).await;
    raw.end.unwrap();
    reply(&raw.bytes)
}

pub(super) fn reply(bytes: &[u8]) -> Reply {
    let split = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("no head");
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap().to_lowercase();
    let rest = &bytes[split + 4..];
    let status = head[9..12].parse().unwrap();
    let (body, whole) = if head.contains("transfer-encoding: chunked") {
        dechunk(rest)
    } else {
        let length = head.split_once("content-length: ").unwrap().1;
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        (rest.to_vec(), rest.len() == length)
    };
    Reply { status, head, body, whole }
}

/// The sizes of the chunks of a chunked answer.
pub(super) fn chunk_sizes(bytes: &[u8]) -> Vec<usize> {
    let split = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let (mut rest, mut sizes) = (&bytes[split + 4..], Vec::new());
    while let Some(line) = rest.windows(2).position(|it| it == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        sizes.push(size);
        rest = &rest[(line + 4 + size).min(rest.len())..];
    }
    sizes
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|it| it == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let end = (line + 2 + size).min(rest.len());
        body.extend_from_slice(&rest[line + 2..end]);
        rest = &rest[(end + 2).min(rest.len())..];
    }
    (body, false)
}

pub(super) async fn form(fake: &Fake, path: &str, fields: &[(&str, &str)]) -> Reply {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", super::form::encode(value)))
        .collect();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    send(fake, "POST", path, &kind, &pairs.join("&")).await
}

pub(super) async fn token(fake: &Fake, fields: &[(&str, &str)]) -> Reply {
    form(fake, "/user_management/authenticate", fields).await
}

pub(super) async fn refresh(fake: &Fake, refresh_token: &str) -> Reply {
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", CLIENT)];
    token(fake, &fields).await
}

pub(super) fn llm_headers(bearer: &str) -> Vec<(&'static str, String)> {
    vec![
        ("authorization", format!("Bearer {bearer}")),
        ("content-type", "application/json".to_owned()),
        ("user-agent", "factory-cli/0.32.1".to_owned()),
        ("x-factory-client", "cli".to_owned()),
        ("x-api-provider", "anthropic".to_owned()),
        ("anthropic-version", "2023-06-01".to_owned()),
    ]
}

pub(super) async fn messages(fake: &Fake, bearer: &str, body: &Value) -> Reply {
    let headers = llm_headers(bearer);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    send(fake, "POST", "/api/llm/a/v1/messages", &headers, &body.to_string()).await
}

pub(super) fn plain(text: &str, stream: bool) -> Value {
    json!({
        "model": "claude-sonnet-5-5",
        "max_tokens": 64,
        "stream": stream,
        "system": PROMPT,
        "messages": [{"role": "user", "content": text}],
    })
}

// === impl Reply ===

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Asserts an error in WorkOS's shape.
    pub(super) fn refused(&self, error: &str) {
        assert_eq!((self.status, &self.json()["error"]), (400, &json!(error)), "{self:?}");
        assert!(self.json()["error_description"].is_string());
    }
}

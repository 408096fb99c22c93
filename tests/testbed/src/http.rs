//! A small HTTP client that shows every byte.
//!
//! Owns: one request a connection, bodies with a length or in chunks, whole or as they come.
//! Must not know: what is sent.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing. Cut where the connection was.
    pub body: Vec<u8>,
    /// The body ended as its framing says.
    pub whole: bool,
}

/// An answer that is still coming: its head was read.
#[derive(Debug)]
pub struct Open {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    stream: TcpStream,
    /// Bytes that were read and not taken yet.
    ahead: Vec<u8>,
}

// === impl Answer ===

impl Answer {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("{}: {error}: {}", self.status, self.text()),
        }
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

// === impl Open ===

impl Open {
    /// Some more of the answer, framing included; none at its end.
    pub async fn more(&mut self) -> Option<Vec<u8>> {
        if !self.ahead.is_empty() {
            return Some(std::mem::take(&mut self.ahead));
        }
        let mut bytes = vec![0; 16 * 1024];
        match self.stream.read(&mut bytes).await {
            Ok(0) | Err(_) => None,
            Ok(n) => {
                bytes.truncate(n);
                Some(bytes)
            }
        }
    }

    /// Reads until the text was seen; answers all that came so far, framing included.
    pub async fn until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) {
            let Some(more) = self.more().await else { panic!("it ended without {text}: {seen}") };
            seen.push_str(&String::from_utf8_lossy(&more));
        }
        seen
    }

    /// All the rest, without its framing.
    pub async fn rest(mut self) -> Answer {
        let mut bytes = Vec::new();
        while let Some(more) = self.more().await {
            bytes.extend(more);
        }
        let (body, whole) = unframed(&self.headers, &bytes);
        Answer { status: self.status, headers: self.headers, body, whole }
    }
}

/// Asks and reads the whole answer.
pub async fn request<'a>(
    method: &str,
    url: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Answer {
    open(method, url, headers, body).await.rest().await
}

/// Asks and reads the head of the answer.
pub async fn open<'a>(
    method: &str,
    url: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Open {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(host).await.expect("somebody listens");
    // The other side may answer and close before it read all of a body it does not want.
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    read_head(stream).await
}

/// Sends bytes as they are and reads the head of what is answered.
pub async fn raw(host: &str, bytes: &[u8]) -> Open {
    let mut stream = TcpStream::connect(host).await.expect("somebody listens");
    let _ = stream.write_all(bytes).await;
    read_head(stream).await
}

/// Reads the head of an answer.
pub async fn read_head(mut stream: TcpStream) -> Open {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&more[..n]),
            ended => panic!("no head: {ended:?} after {}", String::from_utf8_lossy(&bytes)),
        }
    };
    let ahead = bytes.split_off(end + 4);
    let head = std::str::from_utf8(&bytes).expect("ASCII");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|it| it.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines
        .filter_map(|it| it.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Open { status, headers, stream, ahead }
}

fn unframed(headers: &[(String, String)], bytes: &[u8]) -> (Vec<u8>, bool) {
    let header = |name| headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    if header("transfer-encoding") == Some("chunked") {
        return unchunked(bytes);
    }
    let length = header("content-length").map(|it| it.parse::<usize>().expect("a length"));
    (bytes.to_vec(), length.is_none_or(|it| it == bytes.len()))
}

fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(rest, b"\r\n") else { return (body, false) };
        let size = std::str::from_utf8(&rest[..end]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("hexadecimal");
        if size == 0 {
            return (body, true);
        }
        let chunk = &rest[end + 2..];
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        if chunk.len() < size + 2 {
            return (body, false);
        }
        rest = &chunk[size + 2..];
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|it| it == what)
}

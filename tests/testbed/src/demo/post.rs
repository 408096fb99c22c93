//! The least HTTP client that streams: one POST a connection.
//!
//! Owns: the request line and headers, the answer's head, its chunks as they come.
//! Must not know: what is posted.

use std::collections::BTreeMap;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::deviation::{Deviation, expect};

/// An answer whose body is still coming.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    from: BufReader<TcpStream>,
    left: Left,
}

/// How much of the body is still to come.
enum Left {
    /// In chunks, until an empty one.
    Chunks,
    /// So many bytes.
    Bytes(usize),
    /// Until the connection closes.
    UntilClosed,
}

/// Posts a body and reads the head of the answer.
pub(crate) async fn post(
    url: &str,
    headers: &BTreeMap<String, String>,
    body: &str,
) -> Result<Answer, Deviation> {
    let rest = url.strip_prefix("http://");
    let rest = rest.ok_or_else(|| Deviation::new(format!("{url} is no address of the fake")))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(host).await.map_err(|it| broken(&it))?;
    stream.write_all((head + body).as_bytes()).await.map_err(|it| broken(&it))?;
    Answer::begin(BufReader::new(stream)).await
}

// === impl Answer ===

impl Answer {
    async fn begin(mut from: BufReader<TcpStream>) -> Result<Self, Deviation> {
        let first = line(&mut from).await?;
        let status = first.split(' ').nth(1).and_then(|it| it.parse().ok());
        let status = status.ok_or_else(|| Deviation::new(format!("no HTTP answer: {first}")))?;
        let mut headers = BTreeMap::new();
        loop {
            let line = line(&mut from).await?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|it| it.parse().ok());
        let left = match (headers.get("transfer-encoding").map(String::as_str), length) {
            (Some("chunked"), _) => Left::Chunks,
            (_, Some(length)) => Left::Bytes(length),
            (_, None) => Left::UntilClosed,
        };
        Ok(Self { status, headers, from, left })
    }

    /// What came next; nothing once the body is over.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Deviation> {
        let piece = match self.left {
            Left::Chunks => self.chunk().await?,
            Left::Bytes(length) => {
                self.left = Left::Bytes(0);
                self.exactly(length).await?
            }
            Left::UntilClosed => {
                self.left = Left::Bytes(0);
                let mut rest = Vec::new();
                self.from.read_to_end(&mut rest).await.map_err(|it| broken(&it))?;
                rest
            }
        };
        Ok(Some(piece).filter(|it| !it.is_empty()))
    }

    /// All that is still to come, as text.
    pub(crate) async fn rest(&mut self) -> Result<String, Deviation> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            bytes.extend(piece);
        }
        String::from_utf8(bytes).map_err(|_| Deviation::new("the answer is not UTF-8"))
    }

    async fn chunk(&mut self) -> Result<Vec<u8>, Deviation> {
        let size = line(&mut self.from).await?;
        let size = usize::from_str_radix(size.trim(), 16)
            .map_err(|_| Deviation::new(format!("{size:?} is no size of a chunk")))?;
        let piece = self.exactly(size).await?;
        let end = line(&mut self.from).await?;
        expect(end.is_empty(), || "a chunk is longer than it says".to_owned())?;
        if size == 0 {
            self.left = Left::Bytes(0);
        }
        Ok(piece)
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Deviation> {
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).await.map_err(|it| broken(&it))?;
        Ok(bytes)
    }
}

async fn line(from: &mut BufReader<TcpStream>) -> Result<String, Deviation> {
    let mut line = String::new();
    from.read_line(&mut line).await.map_err(|it| broken(&it))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn broken(error: &std::io::Error) -> Deviation {
    Deviation::new(format!("the connection to the fake broke: {error}"))
}

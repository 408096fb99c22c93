//! A client of the gateway, of any protocol, that shows an answer as it comes.
//!
//! Owns: the request it sends, and what it reads of the stream.
//! Must not know: the gateway's inside.

use std::time::Duration;

use bytes::Bytes;
use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event};
use serde_json::json;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::upstream::{Address, Clients, Transport, header_map};

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// All of the text.
    pub(crate) text: String,
    /// In how many pieces it came.
    pub(crate) pieces: usize,
    /// From the request to the first piece.
    pub(crate) first: Duration,
}

/// Asks the gateway at `base` with a client key, in the client's protocol: Anthropic's path or that
/// of Chat Completions. `show` gets each piece of text as it comes.
///
/// # Errors
/// When nothing comes, when it is no answer, and when it breaks off.
pub(crate) async fn ask(
    base: &str,
    key: &str,
    dialect: Dialect,
    model: &str,
    mut show: impl FnMut(&str),
) -> Result<Asked> {
    let path = match dialect {
        Dialect::Anthropic => "v1/messages",
        _ => "v1/chat/completions",
    };
    let failed = |text: String| Error::Internal(format!("the demo's client: {text}"));
    let to = Address::parse(&format!("{base}/{path}"))?;
    let bearer = format!("Bearer {key}");
    let headers = header_map([
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("anthropic-version", "2023-06-01"),
    ])?;
    let body = json!({
        "model": model,
        "max_tokens": 100,
        "stream": true,
        "messages": [{ "role": "user", "content": "What do you think of this demo?" }],
    });
    let start = Instant::now();
    let client = Clients::new(Vec::new()).client(None)?;
    let broken = |it: Transport| failed(it.text);
    let mut reply =
        client.post(to, headers, &[Bytes::from(body.to_string())]).await.map_err(broken)?;
    let mut decoder = StreamDecoder::new(dialect);
    let mut asked = Asked { text: String::new(), pieces: 0, first: Duration::ZERO };
    let mut events = Vec::new();
    while let Some(chunk) = reply.body.chunk().await {
        decoder.push(&chunk.map_err(broken)?, &mut events);
        for event in events.drain(..) {
            let Event::TextDelta { text, .. } = event else { continue };
            if asked.pieces == 0 {
                asked.first = start.elapsed();
            }
            asked.pieces += 1;
            asked.text.push_str(&text);
            show(&text);
        }
    }
    match decoder.end(&mut events) {
        End::Done if asked.pieces > 0 => Ok(asked),
        _ => Err(failed(format!("the gateway answered {} and no whole stream", reply.status))),
    }
}

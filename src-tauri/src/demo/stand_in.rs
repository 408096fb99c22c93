//! A stand-in for Factory: made-up keys, made-up answers, and one refusal.
//!
//! Owns: what it answers, and that it answers nobody but this machine.
//! Must not know: this program. It is reachable through the `demo` command alone.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// The keys it takes. Nobody else does.
pub(crate) const KEYS: [&str; 2] = ["fk-demo-0000-0000-aaaa", "fk-demo-0000-0000-bbbb"];

/// What it says, word by word.
const ANSWER: &str = "Nobody thought about this. A stand-in on your own machine sent these words \
                      one by one, and the gateway passed each on as it came.";
/// Between two words: slow enough to be seen coming.
const PACE: Duration = Duration::from_millis(40);

/// It runs until it is dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// Whether a request was refused already.
type Refused = Arc<AtomicBool>;

// === impl StandIn ===

impl StandIn {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn start() -> Result<Self> {
        let failed = |it: std::io::Error| Error::Internal(format!("the stand-in: {}", it.kind()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let routes =
            Router::new().route("/a/v1/messages", post(messages)).with_state(Refused::default());
        let serving = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self { address, serving })
    }

    /// Its address, without a path.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The one endpoint: the first request of all is told to wait, the others are answered.
async fn messages(State(refused): State<Refused>, headers: HeaderMap, body: String) -> Response {
    let key = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let key = key.and_then(|it| it.strip_prefix("Bearer "));
    if !key.is_some_and(|it| KEYS.contains(&it)) {
        return refusal(StatusCode::UNAUTHORIZED, "authentication_error", "this key is not known");
    }
    if !refused.swap(true, Ordering::Relaxed) {
        let mut answer =
            refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "this key is busy");
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
        return answer;
    }
    let asked: Value = serde_json::from_str(&body).unwrap_or_default();
    let model = asked["model"].as_str().unwrap_or_default();
    if asked["stream"] == true {
        let events = stream::unfold(events(model).into_iter(), |mut events| async {
            let event = events.next()?;
            tokio::time::sleep(PACE).await;
            Some((Ok::<_, Infallible>(event), events))
        });
        return ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events))
            .into_response();
    }
    let whole = json!({
        "id": "msg_demo", "type": "message", "role": "assistant", "model": model,
        "content": [{ "type": "text", "text": ANSWER }],
        "stop_reason": "end_turn", "stop_sequence": null, "usage": usage(),
    });
    json_answer(StatusCode::OK, &whole)
}

fn events(model: &str) -> Vec<String> {
    let mut all = vec![
        json!({ "type": "message_start", "message": {
            "id": "msg_demo", "type": "message", "role": "assistant", "model": model,
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": { "input_tokens": 12, "output_tokens": 1 },
        } }),
        json!({ "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "" } }),
    ];
    all.extend(ANSWER.split_inclusive(' ').map(|word| {
        json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": word } })
    }));
    all.extend([
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "usage": usage(),
            "delta": { "stop_reason": "end_turn", "stop_sequence": null } }),
        json!({ "type": "message_stop" }),
    ]);
    all.iter()
        .map(|it| format!("event: {}\ndata: {it}\n\n", it["type"].as_str().unwrap_or_default()))
        .collect()
}

fn usage() -> Value {
    json!({ "input_tokens": 12, "output_tokens": 29 })
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    let error = json!({ "type": kind, "message": message });
    json_answer(status, &json!({ "type": "error", "error": error }))
}

fn json_answer(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use droid_protocol::decode::StreamDecoder;
    use droid_protocol::dialect::Dialect;
    use droid_protocol::event::{End, Event};

    use super::*;

    #[test]
    fn its_stream_is_one_that_clients_can_read() {
        let mut decoder = StreamDecoder::new(Dialect::Anthropic);
        let mut read = Vec::new();
        for event in events("claude-sonnet-4-5-20250929") {
            decoder.push(event.as_bytes(), &mut read);
        }
        assert_eq!(decoder.end(&mut read), End::Done);
        let text: String = read
            .iter()
            .filter_map(|it| match it {
                Event::TextDelta { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, ANSWER);
    }
}

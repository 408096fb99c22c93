//! An upstream that costs as little as it can, for benchmarks: `bench-upstream [ADDR:PORT]`.
//!
//! Owns: its three answers (a small body, a stream of 100 events, a stream that stays open) and
//! the line with its address. Which one is asked for stands in the request's body.
//! Must not know: keys, rules, what is measured. The strict fake is `fake-upstream`.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;

/// Events of the long stream between its first and its last ones.
const N_DELTAS: usize = 100;

/// A whole answer of the Messages API.
const WHOLE: &str = r#"{"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":"Hello! How can I help you today?"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0}}"#;

const HEAD: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5-20250929\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";

const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a few words more \"}}\n\n";

const TAIL: &str = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":400}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// The pieces of the long stream, each written to the socket by itself.
static EVENTS: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let mut events = vec![Bytes::from_static(HEAD.as_bytes())];
    events.extend(std::iter::repeat_n(Bytes::from_static(DELTA.as_bytes()), N_DELTAS));
    events.push(Bytes::from_static(TAIL.as_bytes()));
    events
});

fn main() -> ExitCode {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::bind(&listen).await else {
            return ExitCode::from(2);
        };
        let Ok(address) = listener.local_addr() else { return ExitCode::FAILURE };
        say(&format!("http://{address}"));
        let listener = listener.tap_io(|it| drop(it.set_nodelay(true)));
        let app = axum::Router::new().fallback(answer);
        match axum::serve(listener, app).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    })
}

async fn answer(request: axum::extract::Request) -> Response<Body> {
    let (mut body, mut head) = (request.into_body().into_data_stream(), Vec::new());
    while let Some(Ok(piece)) = body.next().await {
        if head.len() < 4096 {
            head.extend_from_slice(&piece);
        }
    }
    let asks = |what: &str| head.windows(what.len()).take(4096).any(|it| it == what.as_bytes());
    if asks("[hold]") {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(HEAD.as_bytes()))]);
        return events(Body::from_stream(first.chain(stream::pending())));
    }
    if asks("\"stream\":true") {
        let pieces = EVENTS.iter().cloned();
        let each = stream::iter(pieces).then(|it| async move {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(it)
        });
        return events(Body::from_stream(each));
    }
    typed(Body::from(WHOLE), "application/json")
}

fn events(body: Body) -> Response<Body> {
    typed(body, "text/event-stream")
}

fn typed(body: Body, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[expect(clippy::print_stdout, reason = "the address is what this program tells its starter")]
fn say(line: &str) {
    println!("{line}");
}

//! Bodies in and out.
//!
//! Owns: the bounds of a body that comes in; a streamed body that goes out.
//! Must not know: what is in them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::Stream as _;
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::text;
use crate::config::Gateway;
use crate::gateway::error::Refusal;
use crate::relay::Pump;

/// How long a client may go on sending what will not be taken: it should hear why.
const DRAIN: Duration = Duration::from_secs(5);

/// Room made at once for a body whose length is told; the system gives pages only as they are filled.
const FIRST_ROOM: usize = 8 * 1024 * 1024;

/// Reads a body of at most as many bytes as configured. One that comes in one piece is not copied.
///
/// # Errors
/// When it is longer, breaks off or pauses for too long.
pub(super) async fn read(
    limits: &Gateway,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Bytes, Refusal> {
    let limit = limits.max_body;
    let told = text(headers, header::CONTENT_LENGTH.as_str()).and_then(|it| it.parse().ok());
    if told.is_some_and(|it: usize| it > limit) {
        return Err(too_large(limit, body).await);
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let frame = match timeout(limits.body_timeout, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => return Err(Refusal::Unfinished),
            Ok(None) => break,
            Err(_) => return Err(Refusal::TooSlow),
        };
        // Trailers are nothing to us.
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(too_large(limit, body).await);
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(told.unwrap_or(0).min(FIRST_ROOM));
            whole.extend_from_slice(&first);
            first = Bytes::new();
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Lets the client finish for a while: one that is cut off while it sends never hears why.
async fn too_large(limit: usize, mut body: Body) -> Refusal {
    let mut left = limit;
    let drain = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // However it ends, the answer is the same.
    let _ = timeout(DRAIN, drain).await;
    Refusal::TooLarge { limit }
}

/// A streamed answer as the server's body: read from as the client takes it.
pub(super) fn streamed(pump: Box<Pump>) -> Body {
    Body::new(Streamed(pump))
}

struct Streamed(Box<Pump>);

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut *self.0).poll_next(context).map(|it| it.map(|it| Ok(Frame::data(it))))
    }
}

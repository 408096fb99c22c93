//! An answer on its way out: whole, event by event, split, cut or endless.
//!
//! Owns: [`Answer`] and the pump that hands its bytes to the connection as the plan says.
//! Must not know: what the bytes mean.

use std::convert::Infallible;
use std::future::pending;
use std::iter::Peekable;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use crate::upstream::conn::{Conn, Cut};
use crate::upstream::journal::Track;
use crate::upstream::plan::{Ending, Plan, Split};

/// What the services say; the plan decides how it arrives.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Content,
    /// Whether a refresh token was spent for it.
    pub(crate) rotated: bool,
    /// Why the request was refused, if it was.
    pub(crate) refused: Option<String>,
}

pub(crate) enum Content {
    Whole(Bytes),
    Events(Box<dyn Iterator<Item = Bytes> + Send>),
}

type Pieces = Peekable<Box<dyn Iterator<Item = Bytes> + Send>>;

struct Pump {
    pieces: Pieces,
    ending: Option<(usize, Ending)>,
    delay: Duration,
    sent: usize,
    conn: Conn,
    track: Track,
}

/// Long enough for loopback to carry what was flushed before the connection is cut.
const SETTLE: Duration = Duration::from_millis(10);

// === impl Answer ===

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: Content::Whole(Bytes::copy_from_slice(body.as_bytes())),
            rotated: false,
            refused: None,
        }
    }

    pub(crate) fn events(events: Box<dyn Iterator<Item = Bytes> + Send>) -> Self {
        let kind = ("content-type".into(), "text/event-stream; charset=utf-8".into());
        Self { headers: vec![kind], body: Content::Events(events), ..Self::text(200, "") }
    }

    /// Sets a header, replacing one of the same name.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(it, _)| !it.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn because(mut self, rule: &str) -> Self {
        self.refused = Some(rule.to_owned());
        self
    }

    /// The HTTP response; from here on the connection drives it.
    pub(crate) fn deliver(
        self,
        plan: &Plan,
        delay: Duration,
        conn: Conn,
        track: Track,
    ) -> Response<Body> {
        track.note(|it| it.refused = self.refused);
        track.started(self.status);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name.as_str()).unwrap();
            response.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        if let (Content::Whole(body), None) = (&self.body, plan.ending) {
            // A length would contradict a body that ends early.
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        let mut pump = Pump {
            pieces: pieces(self.body, plan.split.as_ref()),
            ending: plan.ending,
            delay: plan.event_delay.unwrap_or(delay),
            sent: 0,
            conn,
            track,
        };
        if pump.ending.is_none() && pump.pieces.peek().is_none() {
            // Nobody asks for a body of no length.
            pump.track.finished();
        }
        *response.body_mut() = Body::from_stream(stream::unfold(pump, Pump::step));
        response
    }
}

// === impl Pump ===

impl Pump {
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.sent > 0 {
            // Pending once makes the connection flush the piece before.
            tokio::task::yield_now().await;
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
        }
        if let Some((_, ending)) = self.ending.filter(|(at, _)| self.sent >= *at) {
            return self.end(ending).await;
        }
        let Some(mut piece) = self.pieces.next() else {
            self.track.finished();
            return None;
        };
        if let Some((at, _)) = self.ending {
            piece.truncate(at - self.sent);
        }
        self.sent += piece.len();
        self.track.sent(self.sent);
        if self.ending.is_none() && self.pieces.peek().is_none() {
            // With a known length nobody asks for the end of the body again.
            self.track.finished();
        }
        Some((Ok(piece), self))
    }

    async fn end(mut self, ending: Ending) -> Option<(Result<Bytes, Infallible>, Self)> {
        tokio::time::sleep(SETTLE).await;
        match ending {
            Ending::Truncate => {
                self.track.cut();
                return None;
            }
            Ending::Reset => {
                self.track.cut();
                self.conn.cut(Cut::Reset);
            }
            Ending::Close => {
                self.track.cut();
                self.conn.cut(Cut::Close);
            }
            Ending::Hang => {}
        }
        pending().await
    }
}

fn pieces(body: Content, split: Option<&Split>) -> Pieces {
    let all: Box<dyn Iterator<Item = Bytes> + Send> = match (body, split) {
        (Content::Whole(body), None) => Box::new(std::iter::once(body)),
        (Content::Events(events), None) => events,
        (Content::Whole(body), Some(split)) => cut_up(body, split),
        (Content::Events(events), Some(split)) => {
            cut_up(events.flatten().collect::<Vec<u8>>().into(), split)
        }
    };
    (Box::new(all.filter(|it| !it.is_empty())) as Box<dyn Iterator<Item = Bytes> + Send>).peekable()
}

fn cut_up(body: Bytes, split: &Split) -> Box<dyn Iterator<Item = Bytes> + Send> {
    let mut ends: Vec<usize> = match split {
        Split::At(offsets) => offsets.clone(),
        Split::Every(bytes) => (1..=body.len() / bytes).map(|it| it * bytes).collect(),
    };
    ends.retain(|end| *end < body.len());
    ends.push(body.len());
    ends.sort_unstable();
    let mut start = 0;
    Box::new(ends.into_iter().map(move |end| body.slice(std::mem::replace(&mut start, end)..end)))
}

//! HTTP/1.1 over one connection: a request out, its answer in, a piece at a time.
//!
//! Owns: [`post`], [`Body`]: the order of writing and reading, what is kept between two reads,
//! whether a connection can serve again.
//! Must not know: how connections are made or kept, what is sent. What HTTP itself asks for (heads,
//! lengths, chunks) is the library's.
//!
//! A general client has a task for each connection and buffers that stay while it waits: of
//! thousands of streams most wait, most of the time. Here whoever reads the answer drives the
//! connection, and nothing is kept but what came in part.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ureq_proto::BodyMode;
use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};

/// An answer, as far as its head.
#[derive(Debug)]
pub(super) struct Answer<B> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: B,
}

/// The body of an answer. Nothing is read before it is asked for; dropped, the connection ends.
pub(super) enum Body<S> {
    /// More is to come.
    Open(Box<Reading<S>>),
    /// All of it came; the connection, where it can serve again.
    Whole(Option<S>),
}

/// A body that comes in.
pub(super) struct Reading<S> {
    stream: S,
    call: Call<RecvBody>,
    /// What was read and is not understood yet: the beginning of a chunk's head, mostly nothing.
    rest: Vec<u8>,
    /// The connection serves again once all is read.
    again: bool,
    /// The other side has closed, which ends a body that has no other end.
    closed: bool,
}

/// How far a request went.
struct Sent {
    /// The other side took all of it.
    whole: bool,
    /// The head of an answer that came before.
    early: Option<Response<()>>,
}

/// The most that is read at once, in bytes.
const ROOM: usize = 32 * 1024;
/// The longest head of an answer, and the longest line between chunks, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// What hyper says of the same, which speaks where there is a proxy.
const CUT: &str = "connection closed before message completed";

/// Posts a body and reads the head of the answer.
///
/// # Errors
/// When the connection breaks or what comes is no HTTP/1.1.
pub(super) async fn post<S>(
    mut stream: S,
    to: &Uri,
    headers: &HeaderMap,
    body: &[Bytes],
) -> io::Result<Answer<Body<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = head_of(to, headers, body.iter().map(Bytes::len).sum());
    let mut call = receiving()?;
    let mut rest = Vec::new();
    let Sent { whole, mut early } =
        send(&mut stream, (&head, body), (&mut call, &mut rest)).await?;
    let response = loop {
        if let Some(response) = early.take() {
            break response;
        }
        early = read_head(&mut call, &mut rest)?;
        if early.is_some() {
            continue;
        }
        if std::future::poll_fn(|context| fill(&mut stream, context, &mut rest)).await? == 0 {
            return Err(cut());
        }
    };
    let again = whole && serves_again(&response);
    let next = call.proceed().ok_or_else(|| not_http("the answer has no end"))?;
    let body = match next {
        RecvResponseResult::RecvBody(call) => {
            Body::Open(Box::new(Reading { stream, call, rest, again, closed: false }))
        }
        RecvResponseResult::Redirect(_) => {
            Body::Whole((again && rest.is_empty()).then_some(stream))
        }
        RecvResponseResult::Cleanup(call) => {
            // One that speaks another protocol from here on is of no use.
            let again = again && rest.is_empty() && !call.must_close_connection();
            Body::Whole(again.then_some(stream))
        }
    };
    let (head, ()) = response.into_parts();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

/// The head as it is sent. Names and values are of types that hold no line break.
fn head_of(to: &Uri, headers: &HeaderMap, length: usize) -> Vec<u8> {
    let path = to.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let host = to.authority().map_or("", http::uri::Authority::as_str);
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n").into_bytes();
    let lines = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    head.reserve(lines.sum::<usize>() + 40);
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    head
}

/// What reads the answer to a POST. It keeps the request it is made of for as long as the answer
/// lasts, and of that needs the method alone.
fn receiving() -> io::Result<Call<RecvResponse>> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    let mut call = Call::new(request).map_err(unreadable)?.proceed();
    call.write(&mut [0; 64]).map_err(unreadable)?;
    match call.proceed().map_err(unreadable)? {
        Some(SendRequestResult::RecvResponse(call)) => Ok(call),
        _ => Err(unreadable("it waits for a body")),
    }
}

/// Sends head and body. An answer that comes before all of it was taken ends that: the rest is not
/// sent, and the connection serves no other request (RFC 9112 section 9.6). What only stands before
/// an answer (RFC 9110 section 15.2) does not.
async fn send<S>(
    stream: &mut S,
    (head, body): (&[u8], &[Bytes]),
    (call, rest): (&mut Call<RecvResponse>, &mut Vec<u8>),
) -> io::Result<Sent>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let parts = std::iter::once(head).chain(body.iter().map(Bytes::as_ref));
    let parts: Vec<&[u8]> = parts.filter(|it| !it.is_empty()).collect();
    let mut parts: Vec<IoSlice<'_>> = parts.into_iter().map(IoSlice::new).collect();
    let mut left = parts.as_mut_slice();
    std::future::poll_fn(|context| {
        loop {
            let wrote = if left.is_empty() {
                Pin::new(&mut *stream).poll_flush(context).map_ok(|()| None)
            } else {
                Pin::new(&mut *stream).poll_write_vectored(context, left).map_ok(Some)
            };
            match wrote {
                Poll::Ready(Ok(None)) => {
                    return Poll::Ready(Ok(Sent { whole: true, early: None }));
                }
                Poll::Ready(Ok(Some(0))) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(Some(n))) => IoSlice::advance_slices(&mut left, n),
                // Whoever closes early says why before: that is worth more than the failure.
                Poll::Ready(Err(error)) => {
                    let told = matches!(fill(stream, context, rest), Poll::Ready(Ok(1..)));
                    let sent = Sent { whole: false, early: None };
                    return Poll::Ready(if told { Ok(sent) } else { Err(error) });
                }
                Poll::Pending => {
                    if ready!(fill(stream, context, rest))? == 0 {
                        return Poll::Ready(Err(cut()));
                    }
                    let early = read_head(call, rest)?;
                    if early.is_some() {
                        return Poll::Ready(Ok(Sent { whole: false, early }));
                    }
                }
            }
        }
    })
    .await
}

/// The head of the answer, once it is there; what stands before it (RFC 9110 section 15.2) is
/// skipped.
fn read_head(
    call: &mut Call<RecvResponse>,
    rest: &mut Vec<u8>,
) -> io::Result<Option<Response<()>>> {
    loop {
        let tried = call.try_response(rest, false);
        let (used, response) = tried.map_err(|_| not_http("the answer has no valid head"))?;
        drop_front(rest, used);
        if response.is_none() && used == 0 && rest.len() > LONGEST_HEAD {
            return Err(not_http("the head of the answer is too long"));
        }
        if response.is_some() || used == 0 {
            return Ok(response);
        }
    }
}

/// Whether another request may follow on this connection. One that could be read in two ways ends
/// with its answer (RFC 9112 section 6.1).
fn serves_again(response: &Response<()>) -> bool {
    let headers = response.headers();
    let closes = headers.get_all(CONNECTION).iter().any(|it| {
        it.to_str().is_ok_and(|it| it.split(',').any(|it| it.trim().eq_ignore_ascii_case("close")))
    });
    let ambiguous = headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH);
    response.version() == Version::HTTP_11 && !closes && !ambiguous
}

/// Reads what is there behind what is there already; 0 at the end. The room is on the stack:
/// what waits needs none.
fn fill<S: AsyncRead + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    rest: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut got = ReadBuf::uninit(&mut room);
    ready!(Pin::new(stream).poll_read(context, &mut got))?;
    rest.extend_from_slice(got.filled());
    Poll::Ready(Ok(got.filled().len()))
}

/// Whether a connection that nothing was sent over is still good: one that was closed, or that
/// says something nobody asked for, is not.
pub(super) fn is_quiet<S: AsyncRead + Unpin>(stream: &mut S) -> bool {
    let mut context = Context::from_waker(std::task::Waker::noop());
    let mut room = [0];
    Pin::new(stream).poll_read(&mut context, &mut ReadBuf::new(&mut room)).is_pending()
}

// === impl Body ===

impl<S: AsyncRead + Unpin> Body<S> {
    /// The next piece, as the network brought it; none at the end.
    pub(super) fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            let Self::Open(reading) = self else { return Poll::Ready(None) };
            let step = if reading.rest.is_empty() {
                Poll::Pending
            } else {
                let rest = std::mem::take(&mut reading.rest);
                Poll::Ready(reading.decode(&rest))
            };
            let step = match step {
                // What is there says nothing yet, or nothing is there.
                Poll::Ready(Ok(data)) if data.is_empty() && !reading.has_ended() => {
                    ready!(reading.poll_more(context))
                }
                Poll::Ready(step) => step,
                Poll::Pending => ready!(reading.poll_more(context)),
            };
            match step {
                Ok(data) => {
                    self.close_if_ended();
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Err(error) => {
                    *self = Self::Whole(None);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    /// The connection, once all of the body was read and where it serves again; once.
    pub(super) const fn spare(&mut self) -> Option<S> {
        match self {
            Self::Open(_) => None,
            Self::Whole(spare) => spare.take(),
        }
    }

    fn close_if_ended(&mut self) {
        if let Self::Open(reading) = self
            && reading.has_ended()
            && let Self::Open(reading) = std::mem::replace(self, Self::Whole(None))
        {
            // What comes behind the end is no answer to anything: such a connection is given up.
            let again = reading.again && reading.rest.is_empty();
            *self = Self::Whole(again.then_some(reading.stream));
        }
    }
}

impl<S> std::fmt::Debug for Body<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open(_) => "Open",
            Self::Whole(_) => "Whole",
        })
    }
}

// === impl Reading ===

impl<S: AsyncRead + Unpin> Reading<S> {
    /// Reads on and gives what that says; empty where it says nothing yet.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut room = [MaybeUninit::uninit(); ROOM];
        let mut got = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut got))?;
        if got.filled().is_empty() {
            return Poll::Ready(self.end());
        }
        if self.rest.is_empty() {
            return Poll::Ready(self.decode(got.filled()));
        }
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(got.filled());
        Poll::Ready(self.decode(&rest))
    }

    /// What `input` says of the body; what it does not say whole is kept.
    fn decode(&mut self, input: &[u8]) -> io::Result<Bytes> {
        let mut data = vec![0; input.len()];
        let (mut used, mut made) = (0, 0);
        loop {
            let from = input.get(used..).unwrap_or_default();
            let to = data.get_mut(made..).unwrap_or_default();
            let read = self.call.read(from, to);
            let (took, gave) = read.map_err(|_| not_http("the body's chunks are not valid"))?;
            used += took;
            made += gave;
            if took == 0 && gave == 0 {
                break;
            }
        }
        let rest = input.get(used..).unwrap_or_default();
        if rest.len() > LONGEST_HEAD {
            return Err(not_http("a line between chunks is too long"));
        }
        self.rest = rest.to_vec();
        data.truncate(made);
        Ok(data.into())
    }

    /// The other side has closed.
    fn end(&mut self) -> io::Result<Bytes> {
        let ends_so = self.call.body_mode() == BodyMode::CloseDelimited;
        if !ends_so {
            return Err(cut());
        }
        self.again = false;
        self.closed = true;
        Ok(Bytes::new())
    }

    fn has_ended(&self) -> bool {
        self.closed
            || (self.call.body_mode() != BodyMode::CloseDelimited && self.call.can_proceed())
    }
}

fn drop_front(bytes: &mut Vec<u8>, n: usize) {
    if n == bytes.len() {
        *bytes = Vec::new();
    } else {
        bytes.drain(..n);
    }
}

fn cut() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, CUT)
}

fn not_http(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// A defect: the library does not take what [`receiving`] asks of it.
#[expect(clippy::needless_pass_by_value, reason = "what failed ends here")]
fn unreadable(why: impl ToString) -> io::Error {
    io::Error::other(why.to_string())
}

#[cfg(test)]
mod tests;

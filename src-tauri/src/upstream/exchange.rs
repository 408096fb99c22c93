//! One request and its answer, whose body is read as it comes.
//!
//! Owns: [`Reply`], [`Incoming`], how a request is handed to the HTTP client.
//! Must not know: what is sent, what a status means.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{Method, Uri};
use http_body::Body as _;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Client, Transport, direct};
use crate::error::{Error, Result};

/// What came back, as far as its head.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Incoming,
}

/// A body on its way. Nothing is read before it is asked for; dropped, the connection ends.
#[derive(Debug)]
pub struct Incoming(Body);

#[derive(Debug)]
enum Body {
    Direct(direct::Incoming),
    Proxied(reqwest::Body),
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    url: Url,
    uri: Uri,
}

/// Headers as they are sent. Values that are secret are kept out of every log.
///
/// # Errors
/// [`Error::Invalid`] names the header whose value cannot be sent.
pub fn header_map<'a>(
    headers: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Result<HeaderMap> {
    let headers = headers.into_iter();
    let mut map = HeaderMap::with_capacity(headers.size_hint().0);
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::invalid(name, "holds a character that no header may have"))?;
        value.set_sensitive(name == "authorization");
        map.insert(HeaderName::from_static(name), value);
    }
    Ok(map)
}

// === impl Client ===

impl Client {
    /// Posts a body, given in pieces, and waits for the head of the answer. Time limits are the
    /// caller's.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(
        &self,
        to: Address,
        headers: HeaderMap,
        body: &[Bytes],
    ) -> std::result::Result<Reply, Transport> {
        match &self.direct {
            Some(direct) => {
                let sent = direct.post(to.uri, headers, body).await;
                let answer = sent.map_err(|error| Transport::of_direct(&error))?;
                Ok(Reply {
                    status: answer.status.as_u16(),
                    headers: answer.headers,
                    body: Incoming(Body::Direct(answer.body)),
                })
            }
            None => {
                let mut request = reqwest::Request::new(Method::POST, to.url);
                *request.headers_mut() = headers;
                let body = match body {
                    [one] => one.clone(),
                    pieces => pieces.concat().into(),
                };
                *request.body_mut() = Some(body.into());
                let sent = self.http.execute(request).await;
                let mut response = sent.map_err(|error| Transport::of(error, true))?;
                Ok(Reply {
                    status: response.status().as_u16(),
                    headers: std::mem::take(response.headers_mut()),
                    body: Incoming(Body::Proxied(response.into())),
                })
            }
        }
    }
}

// === impl Address ===

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Config`] where it is none: the configuration made it.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = Url::parse(text).ok();
        let parsed = parsed.and_then(|url| Some((url.as_str().parse().ok()?, url)));
        let (uri, url) = parsed.ok_or_else(|| Error::Config {
            origin: "settings.factory".to_owned(),
            message: "api_base_url and endpoints do not make a URL".to_owned(),
        })?;
        Ok(Self { url, uri })
    }
}

// === impl Incoming ===

impl Incoming {
    /// The next piece, as the network brought it; none at the end.
    pub fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, Transport>>> {
        let body = match &mut self.0 {
            Body::Direct(body) => {
                let chunk = ready!(body.poll_chunk(context));
                let chunk = chunk.map(|it| it.map_err(|error| Transport::of_direct(&error)));
                return Poll::Ready(chunk);
            }
            Body::Proxied(body) => body,
        };
        loop {
            let frame = ready!(Pin::new(&mut *body).poll_frame(context));
            // Trailers are skipped: nobody reads them.
            match frame.map(|it| it.map(http_body::Frame::into_data)) {
                Some(Ok(Ok(data))) => return Poll::Ready(Some(Ok(data))),
                Some(Ok(Err(_))) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(Transport::of(error, true)))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// Whether a task of its own reads the connection, and hands over a piece at a time.
    #[must_use]
    pub const fn has_task(&self) -> bool {
        matches!(self.0, Body::Proxied(_))
    }

    /// Waits for the next piece.
    pub async fn chunk(&mut self) -> Option<std::result::Result<Bytes, Transport>> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// Reads all of it, at most `limit` bytes. A body that came in one piece is not copied.
    ///
    /// # Errors
    /// When it breaks off or is longer.
    pub async fn read(&mut self, limit: usize) -> std::result::Result<Bytes, Transport> {
        let Some(first) = self.chunk().await.transpose()? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await.transpose()? else { return Ok(first) };
        let mut whole = BytesMut::from(first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if whole.len().saturating_add(chunk.len()) > limit {
                return Err(Transport::too_long(limit));
            }
            whole.extend_from_slice(&chunk);
            next = self.chunk().await.transpose()?;
        }
        Ok(whole.freeze())
    }
}

//! The way out without a proxy, for what is sent again and again.
//!
//! Owns: [`Direct`]: which connections are kept, for how long.
//! Must not know: how a connection is made, what is sent, what an error means.
//!
//! reqwest reads the address anew for each request and looks for redirects, cookies and retries that
//! are all switched off here: that costs more than all else that is done with a small request.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri};
use rustls::ClientConfig;
use tokio::time::{Instant, sleep_until};

use super::connect::{Connection, Connector};
use super::wire::{self, Answer, Body};

/// An HTTP client without a proxy. Clones share its connections.
#[derive(Clone)]
pub(super) struct Direct {
    connect: Connector,
    kept: Arc<Kept>,
}

/// Connections that wait for a request.
struct Kept {
    idle: Mutex<Idle>,
    /// How long one is kept.
    within: Duration,
}

#[derive(Default)]
struct Idle {
    by_origin: HashMap<Origin, Vec<Waiting>>,
    /// A task is there that closes those whose time is over.
    swept: bool,
}

struct Waiting {
    connection: Connection,
    until: Instant,
}

/// Whom a connection goes to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Origin(Scheme, Authority);

/// The body of an answer; its connection is kept once all was read.
pub(super) struct Incoming {
    body: Body<Connection>,
    origin: Origin,
    kept: Arc<Kept>,
}

/// Why no answer came, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Nothing was sent.
    #[error("could not connect")]
    Connect(#[source] Box<dyn StdError + Send + Sync>),
    /// The request may have arrived.
    #[error("the connection broke")]
    Broke(#[from] io::Error),
}

/// Connections to one host that wait at most; one more is closed.
const MOST_IDLE: usize = 1024;

/// Nothing is opened yet.
pub(super) fn client(tls: ClientConfig, within: Duration, limits: &super::Idle) -> Direct {
    let connect = Connector::new(tls, within, limits.tcp);
    Direct { connect, kept: Arc::new(Kept { idle: Mutex::default(), within: limits.pool }) }
}

// === impl Direct ===

impl Direct {
    /// Posts a body and waits for the head of the answer.
    ///
    /// # Errors
    /// When no answer came.
    pub(super) async fn post(
        &self,
        to: Uri,
        headers: HeaderMap,
        body: &[Bytes],
    ) -> Result<Answer<Incoming>, Failure> {
        let origin = Origin::of(&to)?;
        let connection = match self.kept.take(&origin) {
            Some(connection) => connection,
            None => self.connect.to(to.clone()).await.map_err(Failure::Connect)?,
        };
        // Requests that came together go out together: a turn for those that are being read.
        tokio::task::yield_now().await;
        let Answer { status, headers, body } = wire::post(connection, &to, &headers, body).await?;
        let mut body = Incoming { body, origin, kept: Arc::clone(&self.kept) };
        body.keep();
        Ok(Answer { status, headers, body })
    }
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

// === impl Incoming ===

impl Incoming {
    /// The next piece, as the network brought it; none at the end.
    pub(super) fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Failure>>> {
        let chunk = ready!(self.body.poll_chunk(context));
        self.keep();
        Poll::Ready(chunk.map(|it| it.map_err(Failure::Broke)))
    }

    fn keep(&mut self) {
        if let Some(connection) = self.body.spare() {
            self.kept.put(self.origin.clone(), connection);
        }
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.body.fmt(f)
    }
}

// === impl Kept ===

impl Kept {
    /// The one that was used last and is still good.
    fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.idle();
        let waiting = idle.by_origin.get_mut(origin)?;
        while let Some(Waiting { mut connection, until }) = waiting.pop() {
            if Instant::now() < until && wire::is_quiet(&mut connection) {
                return Some(connection);
            }
        }
        None
    }

    fn put(self: &Arc<Self>, origin: Origin, connection: Connection) {
        let until = Instant::now() + self.within;
        let mut idle = self.idle();
        let waiting = idle.by_origin.entry(origin).or_default();
        if waiting.len() < MOST_IDLE {
            waiting.push(Waiting { connection, until });
        }
        if !std::mem::replace(&mut idle.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), until));
        }
    }

    /// Closes what waited too long; when the next one has, if any waits.
    fn close_old(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut idle = self.idle();
        idle.by_origin.retain(|_, waiting| {
            waiting.retain(|it| it.until > now);
            !waiting.is_empty()
        });
        let next = idle.by_origin.values().flatten().map(|it| it.until).min();
        idle.swept = next.is_some();
        next
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections as their time is over, until none is left.
async fn sweep(kept: Weak<Kept>, first: Instant) {
    let mut next = Some(first);
    while let Some(until) = next {
        sleep_until(until).await;
        next = kept.upgrade().and_then(|it| it.close_old());
    }
}

// === impl Origin ===

impl Origin {
    fn of(uri: &Uri) -> Result<Self, Failure> {
        match (uri.scheme(), uri.authority()) {
            (Some(scheme), Some(authority)) => Ok(Self(scheme.clone(), authority.clone())),
            _ => Err(Failure::Connect("the address names no host".into())),
        }
    }
}

#[cfg(test)]
mod tests;

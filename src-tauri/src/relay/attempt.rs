//! One try: an account on loan, what was sent with it, and how it went.
//!
//! Owns: [`Attempt`], which gives the loan back however it ends; the sending up to the first byte
//! that can be passed on.
//! Must not know: whether there is another try, what the client is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use droid_protocol::decode;
use droid_protocol::event::{End, Event, Usage};
use droid_protocol::fault::{Fault, TransportKind};
use droid_protocol::translate::pair;
use futures_util::FutureExt as _;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::Parts;
use super::reader::Reader;
use super::tries::Tried;
use crate::broker::{Lent, Loan, Outcome, Report};
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId, LeaseId};
use crate::outbound::{Headers, Outbound};
use crate::pool::account::Kind;
use crate::upstream::{Address, Client, HeaderMap, Incoming, Transport, header_map};

/// The most of an error's body that is read.
const MOST_ERROR: usize = 64 * 1024;
/// The most of a whole answer that is read.
const MOST_ANSWER: usize = 256 * 1024 * 1024;
/// How long an error's body may take.
const ERROR_BODY: Duration = Duration::from_secs(10);

/// One try. Dropped before it ended, it says that the client went away.
pub(super) struct Attempt {
    parts: Arc<Parts>,
    started: Instant,
    headers: Headers,
    kind: Kind,
    /// The account whose own proxy is used.
    proxy_of: Option<AccountId>,
    held: Option<Held>,
}

/// What has to be given back.
#[derive(Clone, Debug)]
struct Held {
    account: AccountId,
    key: Option<KeyId>,
    lease: LeaseId,
    place: bool,
}

/// An answer that can be passed on.
pub(super) enum Opened {
    /// All of it for the client, and as it came.
    Whole { status: u16, headers: HeaderMap, body: Bytes, came: Bytes },
    /// Its first bytes, which may be none where upstream takes its time.
    Stream { status: u16, headers: HeaderMap, reader: Box<Reader>, first: Bytes, rest: Incoming },
}

/// Why there is none.
pub(super) struct Refused {
    pub(super) fault: Fault,
    pub(super) headers: HeaderMap,
}

/// How a use went, for whoever counts it.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) usage: Usage,
    pub(super) first_token: Option<Duration>,
}

// === impl Attempt ===

impl Attempt {
    /// With an account on loan, which is given back from here on, whatever happens.
    pub(super) fn lent(parts: &Arc<Parts>, outbound: &Outbound, lent: Lent) -> Self {
        Self {
            parts: Arc::clone(parts),
            started: Instant::now(),
            headers: outbound.over(lent.headers),
            kind: lent.account.kind,
            proxy_of: lent.account.has_proxy.then(|| lent.account.id.clone()),
            held: Some(Held {
                account: lent.account.id.clone(),
                key: lent.key_id,
                lease: lent.lease_id,
                place: lent.place,
            }),
        }
    }

    /// For a question that costs nothing: there is nothing to give back.
    pub(super) fn free(parts: &Arc<Parts>, headers: Headers, proxied: Option<AccountId>) -> Self {
        let mut attempt = Self::given(parts, headers);
        attempt.proxy_of = proxied;
        attempt
    }

    /// With a key that is nobody's account.
    pub(super) fn given(parts: &Arc<Parts>, headers: Headers) -> Self {
        Self {
            parts: Arc::clone(parts),
            started: Instant::now(),
            headers,
            kind: Kind::ApiKey,
            proxy_of: None,
            held: None,
        }
    }

    /// Sends it, and waits for what can be passed on.
    pub(super) async fn send(
        &self,
        outbound: &Outbound,
        array: bool,
    ) -> std::result::Result<Opened, Box<Refused>> {
        let config = self.parts.config.get();
        let (client, to) = self.way(outbound).await.map_err(|it| of_error(&it))?;
        let headers = header_map(self.headers.iter()).map_err(|it| of_error(&it))?;
        let sending = client.post(to, headers, outbound.body.as_ref());
        let reply = match timeout(config.timeout, sending).await {
            Ok(reply) => reply.map_err(|it| Refused::of(it.to_fault()))?,
            Err(_) => return Err(Refused::of(no_answer())),
        };
        let (status, headers, mut body) = (reply.status, reply.headers, reply.body);
        if Fault::is_one(status) {
            let read = timeout(ERROR_BODY, body.read(MOST_ERROR)).await;
            // An error whose text does not arrive is still an error of that status.
            let text = read.ok().and_then(Result::ok).unwrap_or_default();
            let header = |name: &str| headers.get(name)?.to_str().ok();
            let now = self.parts.clock.now().0;
            let fault = Fault::from_response(status, header, &text, now);
            return Err(Box::new(Refused { fault, headers }));
        }
        if !outbound.reading.stream {
            let body = whole(&mut body, config.timeout).await.map_err(Refused::of)?;
            return translated(outbound, status, headers, body);
        }
        let mut reader = Box::new(Reader::new(&outbound.reading, array));
        let first = self.first(&mut reader, &mut body, config.timeout, config.gateway.ping).await;
        match first {
            Ok(first) => Ok(Opened::Stream { status, headers, reader, first, rest: body }),
            Err(fault) => Err(Box::new(Refused { fault, headers })),
        }
    }

    /// Who was used, for [`super::tries::Tries::after`].
    pub(super) fn tried(&self) -> Option<Tried> {
        let held = self.held.as_ref()?;
        Some(Tried {
            account: held.account.clone(),
            kind: self.kind,
            key: held.key.clone(),
            bearer: self.headers.get("authorization").map(str::to_owned),
        })
    }

    /// It was answered: what it was sent with is not needed for as long as the answer lasts.
    pub(super) fn answered(&mut self) {
        self.headers = Headers::default();
    }

    /// Gives the loan back after a fault, and waits until what that changes is stored: the next
    /// pick must know of it.
    pub(super) async fn failed(mut self, fault: Fault) {
        let outcome = Outcome::Fault(fault);
        let ended = Ended { outcome, usage: Usage::default(), first_token: None };
        if let Some(stored) = self.end(ended) {
            // Storing it goes on whether or not somebody waits.
            let _ = stored.await;
        }
    }

    /// Gives a loan back that nothing was sent with.
    pub(super) async fn unused(mut self) {
        let Some(held) = self.held.take().filter(|it| it.place) else { return };
        if let Err(error) = self.parts.broker.unused(&held.lease).await {
            log::warn!("a place could not be given back: {}", error.kind());
        }
    }

    /// Gives the loan back. Nobody has to wait for that, but whoever asks again may find the place
    /// still taken: the answer tells when it is not, where there is one.
    pub(super) fn end(&mut self, ended: Ended) -> Option<oneshot::Receiver<()>> {
        let held = self.held.take()?;
        let report = Report {
            account_id: held.account,
            key_id: held.key,
            loan: Loan::Known(held.lease),
            model: None,
            outcome: ended.outcome,
            usage: ended.usage,
            latency: Some(self.started.elapsed()),
            first_token: ended.first_token,
            behind: true,
        };
        let (told, stored) = oneshot::channel();
        let parts = Arc::clone(&self.parts);
        let mut work = Box::pin(async move {
            if let Err(error) = parts.broker.release(report).await {
                log::warn!("what became of a loan could not be stored: {}", error.kind());
            }
            let _ = told.send(());
        });
        // Most uses change nothing that has to be waited for: no task is needed for them.
        if work.as_mut().now_or_never().is_none() {
            self.parts.tasks.spawn(work);
        }
        Some(stored)
    }

    /// The account has a limit: whoever waits for the answer may send the next request at once.
    pub(super) fn has_place(&self) -> bool {
        self.held.as_ref().is_some_and(|it| it.place)
    }

    /// When it was sent.
    pub(super) const fn started(&self) -> Instant {
        self.started
    }

    /// The connection to send it over, and where to.
    async fn way(&self, outbound: &Outbound) -> Result<(Client, Address)> {
        let proxy = match &self.proxy_of {
            Some(account) => self.parts.store.proxy(account).await?,
            None => None,
        };
        let clients = &self.parts.clients;
        Ok((clients.client(proxy.as_ref())?, clients.address(&outbound.url)?))
    }

    /// The first bytes that can be passed on. An answer that fails before them is as one that never
    /// began; after `patience` in silence the client is let in, so that it can be kept waiting.
    async fn first(
        &self,
        reader: &mut Reader,
        body: &mut Incoming,
        idle: Duration,
        patience: Duration,
    ) -> std::result::Result<Bytes, Fault> {
        let patience = Instant::now() + patience.min(idle);
        loop {
            let Ok(chunk) = timeout_at(patience, body.chunk()).await else {
                return Ok(Bytes::new());
            };
            let out = match chunk {
                Some(Ok(chunk)) => reader.push(chunk),
                Some(Err(error)) => return Err(error.to_fault()),
                None => reader.end(),
            };
            match reader.ended() {
                Some(End::Failed) if !reader.has_content() => {
                    return Err(reader.fault().unwrap_or_else(Fault::truncated));
                }
                Some(End::Truncated) if !reader.has_content() => {
                    let text = "the upstream stream ended before it began";
                    return Err(Fault::transport(TransportKind::Reset, text));
                }
                _ if !out.is_empty() => return Ok(out),
                Some(_) => return Ok(out),
                None => {}
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let outcome = Outcome::Fault(Fault::client_closed());
        self.end(Ended { outcome, usage: Usage::default(), first_token: None });
    }
}

// === impl Opened ===

impl Opened {
    /// Its status and upstream's headers.
    pub(super) const fn head(&self) -> (u16, &HeaderMap) {
        match self {
            Self::Whole { status, headers, .. } | Self::Stream { status, headers, .. } => {
                (*status, headers)
            }
        }
    }
}

// === impl Refused ===

impl Refused {
    fn of(fault: Fault) -> Box<Self> {
        Box::new(Self { fault, headers: HeaderMap::new() })
    }
}

// === helpers ===

/// What a whole answer used.
pub(super) fn usage_of(outbound: &Outbound, body: &[u8]) -> Usage {
    let events = decode::whole(outbound.reading.upstream, body).unwrap_or_default();
    let counts = events.iter().rev().find_map(|it| match it {
        Event::Usage(usage) => Some(*usage),
        _ => None,
    });
    counts.unwrap_or_default()
}

async fn whole(body: &mut Incoming, idle: Duration) -> std::result::Result<Bytes, Fault> {
    match timeout(idle, body.read(MOST_ANSWER)).await {
        Ok(read) => read.map_err(|it: Transport| it.to_fault()),
        Err(_) => Err(no_answer()),
    }
}

fn translated(
    outbound: &Outbound,
    status: u16,
    headers: HeaderMap,
    body: Bytes,
) -> std::result::Result<Opened, Box<Refused>> {
    let reading = &outbound.reading;
    if !reading.translates() {
        return Ok(Opened::Whole { status, headers, came: body.clone(), body });
    }
    match pair::whole(reading.upstream, reading.client, &body, &reading.wish) {
        Ok(whole) => {
            Ok(Opened::Whole { status: whole.status, headers, body: whole.body, came: body })
        }
        Err(error) => {
            let fault = Fault::transport(TransportKind::Reset, &error.to_string());
            Err(Box::new(Refused { fault, headers }))
        }
    }
}

fn no_answer() -> Fault {
    Fault::transport(TransportKind::Timeout, "upstream did not answer in time")
}

/// What keeps this account from being used at all: another one may do.
fn of_error(error: &Error) -> Box<Refused> {
    Refused::of(Fault::transport(TransportKind::Proxy, &error.to_string()))
}

//! What failed between us and the other side.
//!
//! Owns: [`Transport`]: the class of a network failure and a text that holds no address.
//! Must not know: accounts, retries, what the request was.

use std::error::Error as StdError;
use std::io;

use droid_protocol::fault::{Fault, TransportKind};

use super::connect::LookupFailed;
use super::direct::Failure;

const MAX_DETAIL: usize = 160;

/// A failure of the network, without any URL (reqwest's own text has it, with its query).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// What failed.
    pub kind: TransportKind,
    /// For a person.
    pub text: String,
    /// The request may have reached the other side: it may have acted on it.
    pub sent: bool,
}

// === impl Transport ===

impl Transport {
    /// Reads a failure of reqwest. `proxied`: the client goes through a proxy.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the error and the URL in it end here")]
    pub fn of(error: reqwest::Error, proxied: bool) -> Self {
        let sent = !(error.is_connect() || error.is_builder());
        Self::read(&error, sent, proxied)
    }

    /// Reads a failure of a request that was sent without a proxy.
    pub(super) fn of_direct(error: &Failure) -> Self {
        Self::read(error, matches!(error, Failure::Broke(_)), false)
    }

    fn read(error: &(dyn StdError + 'static), sent: bool, proxied: bool) -> Self {
        let kind = kind_of(error, sent, proxied);
        let phrase = match (kind, sent) {
            (TransportKind::Connect, _) => "could not connect",
            (TransportKind::Tls, _) => "could not make a trusted connection",
            (TransportKind::Timeout, false) => "connecting took too long",
            (TransportKind::Timeout, true) => "no answer in time",
            (TransportKind::Reset, _) => "the connection broke",
            (TransportKind::Dns, _) => "the name could not be looked up",
            (TransportKind::Proxy, _) => "the proxy did not let the connection through",
        };
        let text = match detail(error) {
            Some(detail) if kind != TransportKind::Timeout => format!("{phrase}: {detail}"),
            _ => phrase.to_owned(),
        };
        Self { kind, text, sent }
    }

    /// The same as a fault, for whoever decides what it means.
    #[must_use]
    pub fn to_fault(&self) -> Fault {
        Fault::transport(self.kind, &self.text)
    }

    /// A body above its bound.
    pub(super) fn too_long(limit: usize) -> Self {
        let text = format!("the answer is longer than {limit} bytes");
        Self { kind: TransportKind::Reset, text, sent: true }
    }
}

fn kind_of(error: &(dyn StdError + 'static), sent: bool, proxied: bool) -> TransportKind {
    let reqwests: Option<&reqwest::Error> = error.downcast_ref();
    if reqwests.is_some_and(reqwest::Error::is_timeout) || chain(error).any(took_too_long) {
        return TransportKind::Timeout;
    }
    if reqwests.is_some_and(reqwest::Error::is_dns)
        || chain(error).any(|it| it.is::<LookupFailed>())
    {
        return TransportKind::Dns;
    }
    if chain(error).any(|it| it.is::<rustls::Error>()) {
        return TransportKind::Tls;
    }
    match (sent, proxied) {
        (false, true) => TransportKind::Proxy,
        (false, false) => TransportKind::Connect,
        (true, _) => TransportKind::Reset,
    }
}

fn took_too_long(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref().is_some_and(|it: &io::Error| it.kind() == io::ErrorKind::TimedOut)
}

/// The innermost cause in its own words: those around it are general, and reqwest's hold the URL.
fn detail(error: &(dyn StdError + 'static)) -> Option<String> {
    let innermost = chain(error).last()?;
    let text: String = innermost.to_string().chars().take(MAX_DETAIL).collect();
    // No cause known today prints an address with credentials; should one begin to, it is left out.
    (!text.contains("://") && !text.contains('@')).then_some(text)
}

/// The causes of an error, without the error itself.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> + use<'a> {
    std::iter::successors(error.source(), |it: &&'a (dyn StdError + 'static)| cause(*it))
}

/// What is inside an `io::Error` counts as its cause: its own `source` leaves that out.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

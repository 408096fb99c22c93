//! A client's request as a face hands it over, and what it gets back.
//!
//! Owns: [`Call`], [`Answer`], [`Failure`], [`UpstreamKey`].
//! Must not know: HTTP servers, how an answer comes about.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::fault::Fault;

use super::pump::Pump;
use crate::client_keys::ClientKey;
use crate::error::Error;
use crate::ids::ClientKeyId;
use crate::pool::Binding;
use crate::secret::Secret;
use crate::upstream::HeaderMap;

/// One request of a client. Debug shows nothing of its content.
#[derive(Clone)]
pub struct Call {
    /// Names the request in logs and answers.
    pub request_id: String,
    /// What the client speaks.
    pub client: Dialect,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Streamed or whole, where the path says so.
    pub stream: Option<bool>,
    /// A stream as one JSON array instead of events (Gemini without `alt=sse`).
    pub array: bool,
    /// The client's headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The endpoint, where the path insists.
    pub endpoint: Option<Endpoint>,
    /// Whose request it is.
    pub client_key: Option<Arc<ClientKey>>,
    /// Which accounts it may use.
    pub binding: Binding,
    /// What it is sent upstream with.
    pub upstream: UpstreamKey,
}

/// What a request is sent upstream with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UpstreamKey {
    /// The stored accounts.
    #[default]
    Pool,
    /// This token or key, which the client gave or the environment has. It is nobody's account: its
    /// faults change nothing.
    Given(Secret),
}

/// What the client gets.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers: what the body is, and upstream's that clients read.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody,
}

/// The body of an answer.
#[derive(Debug)]
pub enum AnswerBody {
    /// All of it.
    Whole(Bytes),
    /// As it comes; dropped, the request ends.
    Stream(Box<Pump>),
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// Upstream's headers that clients read.
    pub headers: HeaderMap,
}

// === impl Call ===

impl Call {
    /// Whose request it is.
    #[must_use]
    pub fn client_key_id(&self) -> Option<&ClientKeyId> {
        self.client_key.as_ref().map(|it| &it.id)
    }

    /// A header of the client's, by lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request_id", &self.request_id)
            .field("client", &self.client)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

// === impl Failure ===

impl Failure {
    /// Upstream's fault, with the headers it came with.
    #[must_use]
    pub fn upstream(fault: Fault, headers: HeaderMap) -> Self {
        Self { error: Error::Upstream(Box::new(fault)), headers }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, headers: HeaderMap::new() }
    }
}

//! What is noted of a request: who asked what, what was tried, how it ended, what it cost.
//!
//! Owns: [`Entry`], which holds the client key's place, and notes and counts a request once, however
//! it ends.
//! Must not know: content: no body, no key, no session in the clear.

use std::sync::Arc;
use std::time::Duration;

use droid_protocol::event::Usage;
use droid_protocol::fault::Fault;
use serde_json::json;
use tokio::time::Instant;

use super::tries::Tried;
use super::{Call, Parts};
use crate::broker::Outcome;
use crate::client_keys::Admission;
use crate::error::{Error, Result};
use crate::ids::ClientKeyId;
use crate::outbound::Outbound;
use crate::prices;
use crate::secret::Secret;
use crate::store::{AttemptRow, RequestRow};
use crate::upstream::HeaderMap;

/// One request. Dropped before it ended, it says that the client went away.
pub(super) struct Entry {
    parts: Arc<Parts>,
    started: Instant,
    admission: Option<Admission>,
    /// None when it ended.
    row: Option<Box<RequestRow>>,
}

/// How a try went, as upstream tells it.
pub(super) enum Said<'a> {
    /// It answers with this status.
    Answer(u16, &'a HeaderMap),
    /// It does not.
    Fault(&'a Fault, &'a HeaderMap),
}

/// Letters of a session's hash: enough to tell one from another.
const SESSION_LETTERS: usize = 16;

// === impl Entry ===

impl Entry {
    pub(super) fn new(parts: &Arc<Parts>, call: &Call, started: Instant) -> Self {
        let row = RequestRow {
            id: call.request_id.clone(),
            started_at: parts.clock.now(),
            client_key_id: call.client_key_id().cloned(),
            client: call.client,
            endpoint: None,
            model_asked: call.model.clone().unwrap_or_default(),
            model_sent: None,
            stream: call.stream.unwrap_or(false),
            session: None,
            attempts: Vec::new(),
            skipped: Vec::new(),
            status: 0,
            outcome: String::new(),
            usage: Usage::default(),
            cost: 0,
            latency_ms: 0,
            first_token_ms: None,
            upstream_request_id: None,
        };
        Self { parts: Arc::clone(parts), started, admission: None, row: Some(Box::new(row)) }
    }

    /// It is known what is asked and where it goes.
    pub(super) fn goes(&mut self, outbound: &Outbound) {
        let Some(row) = &mut self.row else { return };
        row.endpoint = Some(outbound.route.endpoint);
        row.model_asked.clone_from(&outbound.asked);
        row.model_sent = Some(outbound.route.model.clone());
        row.stream = outbound.reading.stream;
        row.session = outbound.session.as_ref().map(|it| {
            let mut hash = Secret::new(it.as_str()).fingerprint();
            hash.truncate(SESSION_LETTERS);
            hash
        });
    }

    /// Takes one of the client key's places, for as long as the request lasts.
    pub(super) fn admit(&mut self, call: &Call, model: &str) -> Result<()> {
        if let Some(key) = &call.client_key {
            let now = self.parts.clock.now();
            self.admission = Some(self.parts.client_keys.admit(key, model, now)?);
        }
        Ok(())
    }

    /// One more try was made.
    pub(super) fn tried(&mut self, tried: Option<&Tried>, began: Instant, said: &Said<'_>) {
        let Some(row) = &mut self.row else { return };
        let (status, class, headers) = match said {
            Said::Answer(status, headers) => (Some(*status), None, *headers),
            Said::Fault(fault, headers) => {
                let word = Outcome::Fault((*fault).clone()).word();
                let class = word.strip_prefix("error:").unwrap_or(word);
                (fault.status, Some(class.to_owned()), *headers)
            }
        };
        row.attempts.push(AttemptRow {
            account: tried.map(|it| it.account.clone()),
            key: tried.and_then(|it| it.key.clone()),
            status,
            class,
            latency_ms: millis(began.elapsed()),
        });
        let id =
            ["request-id", "x-request-id"].iter().find_map(|it| headers.get(*it)?.to_str().ok());
        row.upstream_request_id = id.map(str::to_owned);
    }

    /// Nobody could be asked: why the accounts were passed over.
    pub(super) fn passed_over(&mut self, error: &Error) {
        if let (Some(row), Error::NoAccount { skipped, .. }) = (&mut self.row, error) {
            let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
            row.skipped = skipped.iter().map(|(why, n)| ((*why).to_owned(), count(*n))).collect();
        }
    }

    /// The client gets an answer with this status.
    pub(super) fn answered(&mut self, status: u16) {
        if let Some(row) = &mut self.row {
            row.status = status;
        }
    }

    /// The client gets an error; that is the end.
    pub(super) fn failed(&mut self, error: &Error) {
        let Some(row) = &mut self.row else { return };
        row.status = (self.parts.status)(row.client, error);
        let word = match error {
            Error::Upstream(fault) => Outcome::Fault((**fault).clone()).word().to_owned(),
            other => format!("error:{}", other.kind()),
        };
        self.end(&word, Usage::default(), None);
    }

    /// Notes how it ended, once, and gives the place back.
    pub(super) fn end(&mut self, word: &str, usage: Usage, first_token: Option<Duration>) {
        let Some(mut row) = self.row.take() else { return };
        let model = row.model_sent.as_deref().unwrap_or_default();
        row.cost = prices::cost(&self.parts.config.get(), model, &usage);
        word.clone_into(&mut row.outcome);
        row.usage = usage;
        row.latency_ms = millis(self.started.elapsed());
        row.first_token_ms = first_token.map(millis);
        if let Some(admission) = self.admission.take() {
            admission.spent(&usage, row.cost);
        }
        say(&row);
        let models = &self.parts.config.get().models;
        self.parts.metrics.ended(&row, |model| models.iter().any(|it| it.id == model));
        self.parts.store.record_request(*row);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end("client_closed", Usage::default(), None);
    }
}

/// The line of the log, JSON, without content.
fn say(row: &RequestRow) {
    if !log::log_enabled!(log::Level::Info) {
        return;
    }
    let line = json!({
        "request": row.id,
        "client_key": row.client_key_id.as_ref().map(ClientKeyId::as_str),
        "client": row.client,
        "endpoint": row.endpoint,
        "model": row.model_sent.as_ref().unwrap_or(&row.model_asked),
        "stream": row.stream,
        "attempts": row.attempts,
        "status": row.status,
        "outcome": row.outcome,
        "input_tokens": row.usage.all_input(),
        "output_tokens": row.usage.output_tokens,
        "latency_ms": row.latency_ms,
        "first_token_ms": row.first_token_ms,
    });
    log::info!("{line}");
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

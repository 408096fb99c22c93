//! What is noted of a request: who asked what, what was tried, how it ended.
//!
//! Owns: [`Entry`], which notes a request once, however it ends.
//! Must not know: content: no body, no key, no session in the clear.

use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_protocol::event::Usage;
use tokio::time::Instant;

use crate::outbound::Outbound;

/// One request. Dropped before it ended, it says that the client went away.
pub(super) struct Entry {
    request_id: String,
    client: Dialect,
    model: String,
    endpoint: &'static str,
    started: Instant,
    tries: u32,
    ended: bool,
}

// === impl Entry ===

impl Entry {
    pub(super) fn new(request_id: &str, outbound: &Outbound, started: Instant) -> Self {
        Self {
            request_id: request_id.to_owned(),
            client: outbound.reading.client,
            model: outbound.route.model.clone(),
            endpoint: outbound.route.endpoint.as_str(),
            started,
            tries: 0,
            ended: false,
        }
    }

    /// One more account was asked.
    pub(super) fn tried(&mut self) {
        self.tries += 1;
    }

    /// Notes how it ended, once.
    pub(super) fn end(&mut self, word: &str, usage: Usage, first_token: Option<Duration>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        log::info!(
            "request {}: {} to {} `{}`, {} tries, {}, {} in, {} out, {} ms, first after {} ms",
            self.request_id,
            self.client,
            self.endpoint,
            self.model,
            self.tries,
            word,
            usage.all_input(),
            usage.output_tokens,
            self.started.elapsed().as_millis(),
            first_token.map_or(0, |it| it.as_millis()),
        );
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end("client_closed", Usage::default(), None);
    }
}

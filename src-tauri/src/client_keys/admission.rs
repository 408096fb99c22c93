//! A request that was let in.
//!
//! Owns: [`Admission`]: a place of its key for as long as it lives, and the counting of what it used.
//! Must not know: what the request is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use droid_protocol::event::Usage;

use super::{ENVIRONMENT, Live, Parts};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::ClientKeyId;
use crate::pool::Binding;
use crate::store::{ClientKey, Spent};

/// Holds a place of its key until it is dropped, however that comes about.
pub struct Admission {
    parts: Parts,
    key: Arc<ClientKey>,
    live: Arc<Live>,
}

// === impl Admission ===

impl Admission {
    /// Takes a place and counts the request, unless a limit is reached.
    pub(super) fn take(
        parts: Parts,
        key: Arc<ClientKey>,
        live: Arc<Live>,
        now: Timestamp,
    ) -> Result<Self> {
        // The place first: of two that come at once for the last one, one gets it. Dropped on the
        // way out, it is given back.
        let before = live.in_flight.fetch_add(1, Ordering::SeqCst);
        let admission = Self { parts, key, live };
        let limits = &admission.key.limits;
        if limits.concurrency.is_some_and(|it| before >= it) {
            let message = "this client key has as many requests under way as it may".to_owned();
            return Err(Error::Limited { message, retry_after: None });
        }
        let spent = Spent { requests: 1, ..Spent::default() };
        {
            let mut counts = admission.live.counts();
            counts.check(limits, now)?;
            counts.add(spent, limits, now);
        }
        admission.note(now, spent);
        Ok(admission)
    }

    /// The key it came with.
    #[must_use]
    pub fn id(&self) -> &ClientKeyId {
        &self.key.id
    }

    /// Which accounts it may use.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.key.binding
    }

    /// Counts what it used; `cost` in billionths of a dollar.
    pub fn spent(&self, usage: &Usage, cost: u64) {
        let now = self.parts.clock.now();
        let spent = Spent { requests: 0, tokens: usage.total(), cost };
        if spent == Spent::default() {
            return;
        }
        self.live.counts().add(spent, &self.key.limits, now);
        self.note(now, spent);
    }

    fn note(&self, now: Timestamp, spent: Spent) {
        if self.key.id.as_str() != ENVIRONMENT {
            self.parts.store.spend(&self.key.id, &self.parts.owner, now, spent);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.live.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("key", &self.key.id).finish_non_exhaustive()
    }
}

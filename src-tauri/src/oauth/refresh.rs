//! One refresh per account at a time.
//!
//! Owns: [`Refresher`]: the flights under way in this process, who waits for them, and the back-off
//! after a failed one.
//! Must not know: SQL, HTTP, which request asked.
//!
//! WorkOS rotates: a refresh token is good once, and a second use may revoke the whole family. So
//! there is one flight per account in this process (a table), and one across processes (the store's
//! lease, and the journal's lock behind it). A flight runs in a task of its own: a caller that goes
//! away does not stop it half way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::clock::{Clock, Entropy, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{AccountId, OwnerId};
use crate::oauth::journal::Journal;
use crate::oauth::workos::{TokenEndpoint, WorkOsClient};
use crate::ports::{TokenStore, Tokens};
use crate::secret::Secret;
use failure::{Failed, again, is_final};
use flight::Flight;
use goal::Goal;

mod failure;
mod flight;
mod goal;
mod spend;

/// How long a caller with a living token waits for a new one before it uses the old one.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a caller without one waits: the host gives up after 30 s, and should hear why before.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Why a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// To be used. Refreshes what is due; keeps the old token while it lives if that fails.
    Fresh,
    /// Upstream answered 401.
    After401 {
        /// Fingerprint ([`Secret::fingerprint`]) of the token it refused: if another is stored by
        /// now, that one is the answer.
        rejected: String,
    },
    /// A person asked, or a manual account is verified. Refreshes whatever is stored, also where the
    /// account is marked `needs_login` or a refresh just failed.
    Forced,
}

/// An access token to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// It.
    pub secret: Secret,
    /// When it ends, if that is known.
    pub expires_at: Option<Timestamp>,
}

/// What a [`Refresher`] works with.
pub struct Parts<S, W = WorkOsClient> {
    /// Where tokens are.
    pub store: S,
    /// Who gives new ones.
    pub endpoint: W,
    /// Where answers are safe until they are stored.
    pub journal: Journal,
    /// This process.
    pub owner: OwnerId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For jitter.
    pub entropy: Arc<dyn Entropy>,
}

/// Hands out access tokens and refreshes them. Clones are the same one.
pub struct Refresher<S, W = WorkOsClient>(Arc<Inner<S, W>>);

struct Inner<S, W> {
    parts: Parts<S, W>,
    table: Mutex<HashMap<AccountId, Entry>>,
    n_flying: watch::Sender<usize>,
}

/// What the process knows of an account's refresh.
#[derive(Default)]
struct Entry {
    flying: Option<watch::Receiver<Option<Outcome>>>,
    failed: Option<Failed>,
}

/// The end of a flight, for all who wait for it.
type Outcome = Result<AccessToken, Arc<Error>>;

// === impl Refresher ===

impl<S, W> Clone for Refresher<S, W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: TokenStore, W: TokenEndpoint> Refresher<S, W> {
    /// Does nothing yet.
    #[must_use]
    pub fn new(parts: Parts<S, W>) -> Self {
        let (n_flying, _) = watch::channel(0);
        Self(Arc::new(Inner { parts, table: Mutex::default(), n_flying }))
    }

    /// An access token of the account that fits the need.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NeedsLogin`] when the refresh token is dead;
    /// [`Error::RefreshFailed`] when there is no living token and none could be had for now;
    /// [`Error::Data`] when there is no room to keep a new token safe.
    pub async fn access_token(&self, id: &AccountId, need: Need) -> Result<AccessToken> {
        let parts = &self.0.parts;
        let tokens = parts.store.tokens(id).await?;
        if let Some(reason) = tokens.needs_login.clone()
            && need != Need::Forced
        {
            return Err(Error::NeedsLogin { name: tokens.name, reason });
        }
        let now = parts.clock.now();
        let goal = Goal::of(&need, now);
        if let Some(token) = goal.met(&tokens, &parts.endpoint.token_refresh(), now) {
            return Ok(token);
        }
        let old = if need == Need::Fresh { goal::living(&tokens, now) } else { None };
        if need != Need::Forced
            && let Some(failed) = self.recent_failure(id, &tokens)
        {
            return old.ok_or_else(|| again(&failed, &tokens.name));
        }
        match self.land(id, &goal, &tokens, old.is_some()).await {
            Some(Ok(token)) => Ok(token),
            Some(Err(error)) => match old {
                Some(old) if !is_final(&error) => Ok(old),
                _ => Err(again(&error, &tokens.name)),
            },
            None => old.ok_or_else(|| Error::RefreshFailed {
                name: tokens.name.clone(),
                reason: "the sign-in service has not answered yet".to_owned(),
            }),
        }
    }

    /// Waits until no flight is under way. A process that ends in the middle of one may leave the
    /// account without a refresh token: call this before exit, with a limit of your own.
    pub async fn settle(&self) {
        let mut n_flying = self.0.n_flying.subscribe();
        // The sender lives as long as `self`.
        let _ = n_flying.wait_for(|it| *it == 0).await;
    }

    /// Waits for a flight's end: that of the one under way, or of a new one. None when it takes too
    /// long, which is sooner where an old token is at hand; the flight goes on.
    async fn land(
        &self,
        id: &AccountId,
        goal: &Goal,
        tokens: &Tokens,
        has_old: bool,
    ) -> Option<Outcome> {
        let give_up = Instant::now() + if has_old { PATIENCE } else { LONGEST_WAIT };
        loop {
            let (mut flying, joined) = self.join(id, goal, tokens);
            let landed = async move {
                let outcome = flying.wait_for(Option::is_some).await;
                outcome
                    .ok()
                    .and_then(|it| it.clone())
                    .unwrap_or_else(|| Err(Arc::new(Error::Stopping)))
            };
            let outcome = timeout_at(give_up, landed).await.ok()?;
            // A flight that someone else began may have been content with the very token that was
            // refused here. The next one is begun with this caller's own goal.
            let refused = match (goal, &outcome) {
                (Goal::Other(rejected), Ok(token)) => token.secret.fingerprint() == *rejected,
                _ => false,
            };
            if !(joined && refused) {
                return Some(outcome);
            }
        }
    }

    /// The flight under way, or a new one; and whether it was someone else's.
    fn join(
        &self,
        id: &AccountId,
        goal: &Goal,
        tokens: &Tokens,
    ) -> (watch::Receiver<Option<Outcome>>, bool) {
        let mut table = self.0.table();
        let entry = table.entry(id.clone()).or_default();
        if let Some(flying) = &entry.flying {
            return (flying.clone(), true);
        }
        let (landed, flying) = watch::channel(None);
        entry.flying = Some(flying.clone());
        self.0.n_flying.send_modify(|it| *it += 1);
        let guard = Guard { inner: self.0.clone(), id: id.clone(), landed };
        let refresh = tokens.refresh.fingerprint();
        let flight = Flight::new(self.0.clone(), id.clone(), goal.clone());
        tokio::spawn(async move {
            let result = Box::pin(flight.fly()).await;
            guard.land(result, refresh);
        });
        (flying, false)
    }

    fn recent_failure(&self, id: &AccountId, tokens: &Tokens) -> Option<Arc<Error>> {
        self.0.table().get(id)?.failed.as_ref()?.recent(&tokens.refresh)
    }
}

// === impl Inner ===

impl<S, W> Inner<S, W> {
    fn table(&self) -> MutexGuard<'_, HashMap<AccountId, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off the table however it ends, also by a panic.
struct Guard<S, W> {
    inner: Arc<Inner<S, W>>,
    id: AccountId,
    landed: watch::Sender<Option<Outcome>>,
}

// === impl Guard ===

impl<S, W> Guard<S, W> {
    fn land(self, result: Result<AccessToken>, refresh: String) {
        let outcome = result.map_err(Arc::new);
        let mut table = self.inner.table();
        let entry = table.entry(self.id.clone()).or_default();
        entry.flying = None;
        entry.failed = match &outcome {
            Err(error) if !is_final(error) => {
                log::warn!("account {}: token not refreshed ({})", self.id, error.kind());
                Some(Failed::after(entry.failed.take(), refresh, error.clone()))
            }
            _ => None,
        };
        if entry.failed.is_none() {
            table.remove(&self.id);
        }
        drop(table);
        self.landed.send_replace(Some(outcome));
    }
}

impl<S, W> Drop for Guard<S, W> {
    fn drop(&mut self) {
        if self.landed.borrow().is_none() {
            self.inner.table().remove(&self.id);
        }
        self.inner.n_flying.send_modify(|it| *it = it.saturating_sub(1));
    }
}

#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;

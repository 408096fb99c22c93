//! One refresh, from the lease to the stored pair.
//!
//! Owns: the order of steps, the waiting for another process, what is done with a journal's answer.
//! Must not know: who waits for it, SQL, HTTP.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::goal::{self, Goal};
use super::spend::RETRY_WINDOW;
use super::{AccessToken, Inner, Parts};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::oauth::journal::{Left, Page};
use crate::oauth::workos::{TOKEN_TIMEOUT, TokenEndpoint};
use crate::ports::{RefreshLease, TokenStore, Tokens};

/// Covers all tries, the last one's time limit, and the store.
const LEASE: Duration =
    RETRY_WINDOW.saturating_add(TOKEN_TIMEOUT).saturating_add(Duration::from_secs(15));
/// How long another process is waited for.
const LEASE_WAIT: Duration = Duration::from_secs(45);
/// Pause between looks at the store while waiting; grows to the longest.
const FIRST_LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_millis(250);
/// Looks only read; this often the lease itself is asked for, which writes.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Leases one flight takes: for a journal's answer, for a token that someone replaced, for its own.
const MAX_ROUNDS: usize = 4;

pub(super) struct Flight<S, W> {
    inner: Arc<Inner<S, W>>,
    pub(super) id: AccountId,
    goal: Goal,
}

/// The right to refresh, with everything that belongs to it.
struct Held {
    tokens: Tokens,
    page: Page,
    left: Left,
}

enum Claim {
    /// The stored token will do.
    Met(AccessToken),
    Held(Box<Held>),
}

/// What came of a lease.
pub(super) enum Step {
    /// Stored; the store has the lease back.
    Stored(AccessToken),
    /// An answer of the journal is stored, but it does not meet the goal.
    Recovered,
    /// Someone replaced the refresh token meanwhile: look again.
    Replaced,
}

// === impl Flight ===

impl<S: TokenStore, W: TokenEndpoint> Flight<S, W> {
    pub(super) const fn new(inner: Arc<Inner<S, W>>, id: AccountId, goal: Goal) -> Self {
        Self { inner, id, goal }
    }

    pub(super) async fn fly(self) -> Result<AccessToken> {
        let mut name = String::new();
        for _ in 0..MAX_ROUNDS {
            let held = match self.claim().await? {
                Claim::Met(token) => return Ok(token),
                Claim::Held(held) => *held,
            };
            name.clone_from(&held.tokens.name);
            match self.use_lease(held).await {
                Ok(Step::Stored(token)) => return Ok(token),
                Ok(Step::Recovered) => {}
                Ok(Step::Replaced) => self.give_back().await,
                Err(error) => {
                    self.give_back().await;
                    return Err(error);
                }
            }
        }
        let reason = "its refresh token was replaced again and again meanwhile".to_owned();
        Err(Error::RefreshFailed { name, reason })
    }

    /// Takes the journal's lock and the lease, or waits until the goal is met by someone else.
    async fn claim(&self) -> Result<Claim> {
        let give_up = Instant::now() + LEASE_WAIT;
        let mut pause = FIRST_LOOK;
        loop {
            let mut tokens = match self.try_claim().await? {
                Ok(claim) => return Ok(claim),
                Err(tokens) => tokens,
            };
            let ask_again = Instant::now() + ASK_AGAIN;
            while Instant::now() < ask_again {
                if let Some(token) = self.met(&tokens) {
                    return Ok(Claim::Met(token));
                }
                if Instant::now() >= give_up {
                    let reason = "another process is at it and does not finish".to_owned();
                    return Err(Error::RefreshFailed { name: tokens.name, reason });
                }
                sleep(self.jittered(pause)).await;
                pause = (pause * 2).min(LONGEST_LOOK);
                tokens = self.parts().store.tokens(&self.id).await?;
            }
        }
    }

    /// One try; the stored tokens where someone else is at it. The lock comes first: a lease may
    /// have run out although its owner is still at work, and the tokens read with the lease must
    /// not be older than the end of that work.
    async fn try_claim(&self) -> Result<Result<Claim, Tokens>> {
        let Parts { store, clock, owner, journal, .. } = self.parts();
        let (journal, id) = (journal.clone(), self.id.clone());
        let Some(page) = blocking(move || journal.open(&id)).await?? else {
            return Ok(Err(store.tokens(&self.id).await?));
        };
        let now = clock.now();
        match store.take_refresh_lease(&self.id, owner, now, now.plus(LEASE)).await? {
            RefreshLease::Held { tokens, .. } => Ok(Err(tokens)),
            RefreshLease::Taken(tokens) => match self.held(tokens, page).await {
                Ok(claim) => Ok(Ok(claim)),
                Err(error) => {
                    self.give_back().await;
                    Err(error)
                }
            },
        }
    }

    /// Lock and lease are ours: is anything left to do? An answer in the journal comes first, since
    /// the stored pair may be older than it.
    async fn held(&self, tokens: Tokens, page: Page) -> Result<Claim> {
        let (page, left) = blocking(move || page.left().map(|left| (page, left))).await??;
        let waiting = matches!(&left, Left::Answer(it) if it.spent == tokens.refresh.fingerprint());
        if !waiting && let Some(token) = self.met(&tokens) {
            self.give_back().await;
            return Ok(Claim::Met(token));
        }
        Ok(Claim::Held(Box::new(Held { tokens, page, left })))
    }

    async fn use_lease(&self, held: Held) -> Result<Step> {
        let Held { tokens, mut page, left } = held;
        let spent = tokens.refresh.fingerprint();
        let cut_off = match left {
            Left::Answer(answer) if answer.spent == spent => {
                if let Ok(pair) = self.pair(&answer, &tokens) {
                    log::info!("account {}: took over the answer of a cut-off refresh", self.id);
                    let step = self.save(pair, page).await?;
                    return Ok(self.content(step));
                }
                true
            }
            Left::Started { spent: started } => started == spent,
            Left::Answer(_) | Left::Nothing => false,
        };
        page = self.begin(page, spent.clone()).await?;
        self.spend(&tokens, page, &spent, cut_off).await
    }

    /// Whether a recovered token is what the flight is for.
    fn content(&self, token: AccessToken) -> Step {
        let lives = goal::lives(token.expires_at, self.parts().clock.now());
        let other = !matches!(&self.goal, Goal::Other(it) if *it == token.secret.fingerprint());
        if lives && other { Step::Stored(token) } else { Step::Recovered }
    }

    fn met(&self, tokens: &Tokens) -> Option<AccessToken> {
        let Parts { endpoint, clock, .. } = self.parts();
        self.goal.met(tokens, &endpoint.token_refresh(), clock.now())
    }

    async fn give_back(&self) {
        let Parts { store, owner, .. } = self.parts();
        if let Err(error) = store.drop_refresh_lease(&self.id, owner).await {
            log::warn!("account {}: lease not given back ({})", self.id, error.kind());
        }
    }

    async fn begin(&self, mut page: Page, spent: String) -> Result<Page> {
        blocking(move || page.begin(&spent).map(|()| page)).await?
    }

    /// The pause and up to a quarter more, so that processes do not move in step.
    pub(super) fn jittered(&self, pause: Duration) -> Duration {
        let quarter = usize::try_from((pause / 4).as_millis()).unwrap_or(usize::MAX);
        let extra = self.parts().entropy.below(quarter.saturating_add(1));
        pause + Duration::from_millis(u64::try_from(extra).unwrap_or(0))
    }

    pub(super) fn parts(&self) -> &Parts<S, W> {
        &self.inner.parts
    }
}

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopping)
}

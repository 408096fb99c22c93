//! One refresh, from the lease to the stored pair.
//!
//! Owns: the order of steps that keeps a rotated token from being lost, the waiting for another
//! process, the retries.
//! Must not know: who waits for it, SQL, HTTP.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::goal::{self, Goal};
use super::{AccessToken, Inner, Parts};
use crate::config::TokenRefresh;
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::oauth::answer::{AuthError, token_pair};
use crate::oauth::journal::{Answer, Left, Page};
use crate::oauth::workos::{TOKEN_TIMEOUT, TokenEndpoint};
use crate::ports::{RefreshLease, TokenPair, TokenStore, Tokens};

/// No try begins later than this after the first...
const RETRY_WINDOW: Duration = Duration::from_secs(30);
/// ...so the lease covers all of them, the last one's time limit, and the store.
const LEASE: Duration = Duration::from_secs(30 + TOKEN_TIMEOUT.as_secs() + 15);
/// How long another process is waited for.
const LEASE_WAIT: Duration = Duration::from_secs(45);
/// Pause between looks at the store while waiting; grows to the longest.
const FIRST_LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_millis(250);
/// Looks only read; this often the lease itself is asked for, which writes.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Pause before a retry never grows beyond this.
const LONGEST_RETRY_DELAY: Duration = Duration::from_secs(10);
/// Leases one flight takes: for a journal's answer, for a token that someone replaced, for its own.
const MAX_ROUNDS: usize = 4;

pub(super) struct Flight<S, W> {
    inner: Arc<Inner<S, W>>,
    id: AccountId,
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
enum Step {
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

    /// Takes the lease and the journal's lock, or waits until the goal is met by someone else.
    async fn claim(&self) -> Result<Claim> {
        let Parts { store, clock, owner, .. } = self.parts();
        let give_up = Instant::now() + LEASE_WAIT;
        let mut pause = FIRST_LOOK;
        loop {
            let now = clock.now();
            let lease = store.take_refresh_lease(&self.id, owner, now, now.plus(LEASE)).await?;
            let mut tokens = match lease {
                RefreshLease::Held { tokens, .. } => tokens,
                RefreshLease::Taken(tokens) => match self.open_journal().await {
                    Ok(Some((page, left))) => return self.held(tokens, page, left).await,
                    // The lease had run out, but whoever had it is still at work.
                    Ok(None) => {
                        self.give_back().await;
                        tokens
                    }
                    Err(error) => {
                        self.give_back().await;
                        return Err(error);
                    }
                },
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
                tokens = store.tokens(&self.id).await?;
            }
        }
    }

    /// The lease and the lock are ours: is anything left to do? An answer in the journal comes
    /// first, since the stored pair may be older than it.
    async fn held(&self, tokens: Tokens, page: Page, left: Left) -> Result<Claim> {
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

    /// Spends the refresh token, trying again where that can help.
    ///
    /// A request whose answer is lost may have rotated the token. Asking again with the same token
    /// is all that can be done then: the service may answer it within its grace, else the account
    /// needs a new sign-in and the text says why.
    async fn spend(
        &self,
        tokens: &Tokens,
        mut page: Page,
        spent: &str,
        mut maybe_spent: bool,
    ) -> Result<Step> {
        let rules = self.parts().endpoint.token_refresh();
        let give_up = Instant::now() + RETRY_WINDOW;
        let mut n_retries = 0;
        loop {
            let error = match self.ask(tokens, &mut page, spent).await {
                Ok(Ok(answer)) => match self.pair(&answer, tokens) {
                    Ok(pair) => return self.save(pair, page).await.map(Step::Stored),
                    Err(error) => error,
                },
                Ok(Err(error)) => error,
                Err(error) => {
                    page.close(maybe_spent);
                    return Err(error);
                }
            };
            log::warn!("account {}: refresh try {}: {}", self.id, n_retries + 1, error.kind());
            match &error {
                AuthError::InvalidGrant(text) => {
                    page.close(false);
                    return self.dead(tokens, spent, text, maybe_spent).await;
                }
                AuthError::Unavailable { sent, .. } => maybe_spent |= sent,
                _ => {}
            }
            let delay = self.jittered(retry_delay(&rules, n_retries));
            if !error.transient()
                || n_retries >= rules.max_retry
                || Instant::now() + delay > give_up
            {
                page.close(maybe_spent);
                let reason = error.to_string();
                return Err(Error::RefreshFailed { name: tokens.name.clone(), reason });
            }
            sleep(delay).await;
            n_retries += 1;
        }
    }

    /// One request. Its answer's bytes go to the journal before anything reads them; nothing may
    /// come between the two.
    async fn ask(
        &self,
        tokens: &Tokens,
        page: &mut Page,
        spent: &str,
    ) -> Result<Result<Answer, AuthError>> {
        let Parts { endpoint, clock, .. } = self.parts();
        let organization_id = tokens.organization_id.as_deref();
        let proxy = tokens.proxy.as_ref();
        let bytes = match endpoint.spend(&tokens.refresh, organization_id, proxy).await? {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        let at = clock.now();
        if let Err(error) = page.record(spent, &bytes, at) {
            // The pair is still in memory; the store may well take it.
            log::warn!("account {}: answer not journalled ({})", self.id, error.kind());
        }
        Ok(Ok(Answer { spent: spent.to_owned(), at, bytes }))
    }

    /// Makes the pair durable, then empties the journal. Where the store fails the answer stays in
    /// the journal for the next flight.
    async fn save(&self, pair: TokenPair, mut page: Page) -> Result<AccessToken> {
        let Parts { store, owner, clock, .. } = self.parts();
        // The journal goes to the disk while the store works: it matters only if the store fails.
        let synced = tokio::task::spawn_blocking(page.syncer());
        let saved = store.save_refreshed(&self.id, owner, &pair, clock.now()).await;
        if !matches!(synced.await, Ok(Ok(()))) {
            log::warn!("account {}: journal not synced", self.id);
        }
        match saved {
            Ok(()) => page.close(false),
            Err(error @ Error::NotFound { .. }) => {
                page.close(false);
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        log::info!("account {}: token refreshed", self.id);
        Ok(AccessToken { secret: pair.access, expires_at: Some(pair.expires_at) })
    }

    /// The service says the refresh token is dead. Believed only if the store still has that one.
    async fn dead(&self, tokens: &Tokens, spent: &str, text: &str, cut_off: bool) -> Result<Step> {
        let Parts { store, owner, .. } = self.parts();
        let stored = store.tokens(&self.id).await?;
        if stored.refresh.fingerprint() != spent {
            return Ok(Step::Replaced);
        }
        let mut reason =
            format!("the sign-in service no longer accepts its refresh token ({text})");
        if cut_off {
            reason.push_str(
                "; a refresh was cut off after it was sent and before its answer arrived, so the \
                 token that replaced it is not known here",
            );
        }
        reason.push_str(". Sign in again, or paste a new refresh token");
        if !store.mark_needs_login(&self.id, owner, spent, &reason).await? {
            return Ok(Step::Replaced);
        }
        log::warn!("account {}: needs a new sign-in", self.id);
        Err(Error::NeedsLogin { name: tokens.name.clone(), reason })
    }

    fn pair(&self, answer: &Answer, tokens: &Tokens) -> Result<TokenPair, AuthError> {
        let token_valid = self.parts().endpoint.token_refresh().token_valid;
        token_pair(&answer.bytes, answer.at, Some(&tokens.refresh), token_valid)
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

    async fn open_journal(&self) -> Result<Option<(Page, Left)>> {
        let (journal, id) = (self.parts().journal.clone(), self.id.clone());
        blocking(move || journal.open(&id)).await?
    }

    async fn begin(&self, mut page: Page, spent: String) -> Result<Page> {
        blocking(move || page.begin(&spent).map(|()| page)).await?
    }

    /// Between half and all of the duration, so that processes do not move in step.
    fn jittered(&self, pause: Duration) -> Duration {
        let half = pause / 2;
        let ms = usize::try_from(half.as_millis()).unwrap_or(usize::MAX).saturating_add(1);
        let extra = self.parts().entropy.below(ms);
        half + Duration::from_millis(u64::try_from(extra).unwrap_or(0))
    }

    fn parts(&self) -> &Parts<S, W> {
        &self.inner.parts
    }
}

fn retry_delay(rules: &TokenRefresh, n_retries: u32) -> Duration {
    rules.retry_delay.saturating_mul(1 << n_retries.min(8)).min(LONGEST_RETRY_DELAY)
}

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopping)
}

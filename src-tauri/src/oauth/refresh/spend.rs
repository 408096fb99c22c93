//! The spending of a refresh token.
//!
//! Owns: the requests and their retries, and the order (journal, store, journal) that keeps a
//! rotated token from being lost.
//! Must not know: leases, who waits for it, SQL, HTTP.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::flight::{Flight, Step};
use super::{AccessToken, Parts};
use crate::config::TokenRefresh;
use crate::error::{Error, Result};
use crate::oauth::answer::{AuthError, token_pair};
use crate::oauth::journal::{Answer, Page};
use crate::oauth::workos::TokenEndpoint;
use crate::ports::{TokenPair, TokenStore, Tokens};

/// No try begins later than this after the first.
pub(super) const RETRY_WINDOW: Duration = Duration::from_secs(30);
/// Pause before a retry never grows beyond this.
const LONGEST_RETRY_DELAY: Duration = Duration::from_secs(10);

// === impl Flight ===

impl<S: TokenStore, W: TokenEndpoint> Flight<S, W> {
    /// Spends the refresh token, trying again where that can help.
    ///
    /// A request whose answer is lost may have rotated the token. Asking again with the same token
    /// is all that can be done then: the service may answer it within its grace, else the account
    /// needs a new sign-in and the text says why.
    pub(super) async fn spend(
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
    pub(super) async fn save(&self, pair: TokenPair, mut page: Page) -> Result<AccessToken> {
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

    /// The service says the refresh token is dead. Believed only if the store, read again in the
    /// same transaction that marks the account, still has that one.
    async fn dead(&self, tokens: &Tokens, spent: &str, text: &str, cut_off: bool) -> Result<Step> {
        let Parts { store, owner, .. } = self.parts();
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

    pub(super) fn pair(&self, answer: &Answer, tokens: &Tokens) -> Result<TokenPair, AuthError> {
        let token_valid = self.parts().endpoint.token_refresh().token_valid;
        token_pair(&answer.bytes, answer.at, Some(&tokens.refresh), token_valid)
    }
}

fn retry_delay(rules: &TokenRefresh, n_retries: u32) -> Duration {
    rules.retry_delay.saturating_mul(1 << n_retries.min(8)).min(LONGEST_RETRY_DELAY)
}

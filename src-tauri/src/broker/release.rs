//! What a use of an account said about it.
//!
//! Owns: the steps of a release: place, token, health, usage.
//! Must not know: the rules of the fault table (`pool::cooldown`), SQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use droid_protocol::event::Usage;
use droid_protocol::fault::{Class, Fault, Retry};

use super::lease::Lease;
use super::subject::{claim_probe, subject};
use super::{Broker, Candidate};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId, LeaseId};
use crate::oauth::refresh::Need;
use crate::pool::account::{Account, KeyStatus, Kind, Status, Strategy};
use crate::pool::cooldown;
use crate::ports::TokenStore as _;
use crate::prices;
use crate::store::{HealthRow, UsageRow};

/// How a use went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Answered to its end.
    Success,
    /// It failed, or was cut.
    Fault(Fault),
}

/// Which loan a use was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loan {
    /// None: nobody was lent anything, as with a test of a key.
    None,
    /// This one.
    Known(LeaseId),
    /// One of the account's; the host does not say which.
    Unsaid,
}

/// One use of an account, told afterwards.
#[derive(Clone, Debug)]
pub struct Report {
    /// The account.
    pub account_id: AccountId,
    /// The key, for a pool; the lease's if not told.
    pub key_id: Option<KeyId>,
    /// The loan that ends with it.
    pub loan: Loan,
    /// Upstream's name of the model, for a use whose loan does not tell it.
    pub model: Option<String>,
    /// How it went.
    pub outcome: Outcome,
    /// What was counted.
    pub usage: Usage,
    /// How long it took.
    pub latency: Option<Duration>,
    /// How long it took to the first content of a stream.
    pub first_token: Option<Duration>,
    /// The counts may be written a little later, with others: this process lives on.
    pub behind: bool,
}

// === impl Outcome ===

impl Outcome {
    /// A truthful word for the usage tables (design section 6.2).
    #[must_use]
    pub const fn word(&self) -> &'static str {
        let Self::Fault(fault) = self else { return "ok" };
        match fault.class {
            Class::Truncated => "truncated",
            Class::ClientClosed => "client_closed",
            Class::Request => "error:request",
            Class::Model => "error:model",
            Class::Credential => "error:credential",
            Class::Quota => "error:quota",
            Class::Rate => "error:rate",
            Class::Transient => "error:transient",
        }
    }
}

// === impl Broker ===

impl Broker {
    /// Takes an account back. When it returns, what it changed is stored, the counts too unless
    /// they may be [`Report::behind`].
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such account; what the store failed with.
    pub async fn release(&self, report: Report) -> Result<()> {
        self.catch_up().await?;
        let lease = match &report.loan {
            Loan::Known(id) => Lease::from_id(id.as_str()),
            Loan::None | Loan::Unsaid => None,
        };
        let lease = lease.filter(|it| it.account_id == report.account_id);
        let account = match self.account(&report.account_id) {
            Ok(account) => account,
            // It may have been added by another process since the last look.
            Err(_) => {
                self.reload().await?;
                self.account(&report.account_id)?
            }
        };
        self.give_back(&account, &report.loan, lease.as_ref()).await?;
        let key_id = report.key_id.clone().or_else(|| lease.as_ref()?.key_id.clone());
        let key_id = key_id.filter(|_| account.kind == Kind::ApiKey);
        let lent = lease.as_ref().map(|it| it.model.clone());
        let model = lent.or_else(|| report.model.clone()).unwrap_or_default();
        match &report.outcome {
            Outcome::Success => self.succeeded(&account, key_id.as_ref(), &model).await?,
            Outcome::Fault(fault) => {
                self.failed(&account, key_id.as_ref(), fault, &model, lease.as_ref()).await?;
            }
        }
        self.count(report, lease, key_id, model).await?;
        self.sweep_at_times().await;
        Ok(())
    }

    async fn succeeded(&self, account: &Account, key: Option<&KeyId>, model: &str) -> Result<()> {
        if !self.success_matters(account, key) {
            return Ok(());
        }
        let model = model.to_owned();
        self.change(&account.id, key, move |row, now| {
            cooldown::succeed(&mut subject(row), &model, now);
        })
        .await
    }

    /// A success of an account without a blemish changes nothing that anybody reads, unless its
    /// order is by success: then it is worth a write.
    fn success_matters(&self, account: &Account, key: Option<&KeyId>) -> bool {
        let state = self.state();
        let key = key.and_then(|key| state.pool.keys_of(&account.id).find(|it| it.id == *key));
        let by_score = |it: Strategy| it == Strategy::WeightedScore;
        account.status != Status::Active
            || account.health.is_blemished()
            || key.is_some_and(|it| it.status != KeyStatus::Active || it.health.is_blemished())
            || by_score(account.key_strategy)
            || by_score(self.parts.config.get().scheduling.strategy)
            || state
                .pool
                .groups()
                .any(|it| by_score(it.strategy) && account.groups.contains(&it.id))
    }

    async fn failed(
        &self,
        account: &Account,
        key: Option<&KeyId>,
        fault: &Fault,
        model: &str,
        lease: Option<&Lease>,
    ) -> Result<()> {
        if matches!(fault.class, Class::Request | Class::ClientClosed) {
            return Ok(());
        }
        if fault.retry == Retry::AfterRefresh
            && account.kind != Kind::ApiKey
            && self.refreshed_instead(account, lease).await?
        {
            return Ok(());
        }
        let scheduling = self.parts.config.get().scheduling.clone();
        let (fault, model) = (fault.clone(), model.to_owned());
        self.change(&account.id, key, move |row, now| {
            cooldown::apply(&mut subject(row), &fault, &model, &scheduling, now);
        })
        .await
    }

    /// The first 401 of a token is answered by a forced refresh, not by a strike: tokens are
    /// revoked and clocks differ. The 401 of a token that was new when it was lent speaks against
    /// the account. Answers whether the 401 is settled without a strike.
    async fn refreshed_instead(&self, account: &Account, lease: Option<&Lease>) -> Result<bool> {
        let stored = self.parts.store.tokens(&account.id).await?;
        let Some(current) = stored.access.map(|it| it.fingerprint()) else { return Ok(true) };
        let lent = lease.and_then(|it| it.token.as_ref());
        if lent.is_some_and(|it| *it != current) {
            return Ok(true);
        }
        let window = self.parts.config.get().scheduling.strike_window;
        let used_at = lease.map_or_else(|| self.parts.clock.now(), |it| it.taken_at);
        if stored.last_refresh_at.is_some_and(|it| used_at.since(it) < window) {
            return Ok(false);
        }
        match self
            .parts
            .refresher
            .access_token(&account.id, Need::After401 { rejected: current })
            .await
        {
            // The sign-in service cannot be reached, or says the sign-in is over: either is noted
            // by the refresh itself.
            Ok(_) | Err(Error::RefreshFailed { .. } | Error::NeedsLogin { .. }) => {
                self.reload().await?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Marks the one probe of a cooling account as sent, over all processes; false when another one
    /// sent it.
    pub(super) async fn claim_probe(&self, candidate: &Candidate, model: &str) -> Result<bool> {
        let claimed = Arc::new(AtomicBool::new(false));
        let (told, model) = (Arc::clone(&claimed), model.to_owned());
        self.change(&candidate.account, candidate.key.as_ref(), move |row, now| {
            told.store(claim_probe(row, &model, now), Ordering::SeqCst);
        })
        .await?;
        Ok(claimed.load(Ordering::SeqCst))
    }

    /// Changes an account's and a key's health in one transaction over fresh rows, and takes the
    /// result over.
    async fn change(
        &self,
        account: &AccountId,
        key: Option<&KeyId>,
        change: impl FnOnce(&mut HealthRow, Timestamp) + Send + 'static,
    ) -> Result<()> {
        let now = self.parts.clock.now();
        let change = move |row: &mut HealthRow| change(row, now);
        let (account, key) = self.parts.store.update_health(account, key.cloned(), change).await?;
        self.took_over(account, key);
        Ok(())
    }

    async fn count(
        &self,
        report: Report,
        lease: Option<Lease>,
        key_id: Option<KeyId>,
        model: String,
    ) -> Result<()> {
        let now = self.parts.clock.now();
        let tokens = report.usage.total();
        if tokens > 0 {
            self.state().pool.spent(&report.account_id, key_id.as_ref(), tokens);
        }
        let behind = report.behind;
        let cost = prices::cost(&self.parts.config.get(), &model, &report.usage);
        let row = UsageRow {
            hour: now,
            account_id: report.account_id,
            key_id,
            client_key_id: lease.and_then(|it| it.client_key_id),
            model,
            outcome: report.outcome.word().to_owned(),
            usage: report.usage,
            cost,
            latency_ms: report.latency.map_or(0, millis),
            first_token_ms: report.first_token.map(millis),
        };
        if behind {
            self.parts.store.add_usage(row);
            return Ok(());
        }
        self.parts.store.record_usage(row).await
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

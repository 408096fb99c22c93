//! Keeping this process's pool in step with the store.
//!
//! Owns: when the store is looked at and swept, and how its changes reach the pool.
//! Must not know: SQL, what changed and why.

use std::time::Duration;

use super::{Broker, State};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::error::Result;
use crate::ids::AccountId;
use crate::pool::account::{Account, Key, Kind, Status};
use crate::store::Changes;

/// What one process writes the others see within a second (design section 3): looked at often
/// enough for that, seldom enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A process that lives longer cares itself for what is over in the store; others do at their end.
const SWEEP_AFTER: Duration = Duration::from_secs(3600);

/// Accounts by what they can do now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AccountCounts {
    pub active: u64,
    pub cooling: u64,
    pub disabled: u64,
    /// They need a person.
    pub error: u64,
}

/// How far this process has read.
#[derive(Debug, Default)]
pub(super) struct Seen {
    revision: u64,
    data_version: Option<i64>,
    looked_at: Option<Timestamp>,
    /// When this process last cared for what is over, or when it first could have.
    swept_at: Option<Timestamp>,
}

// === impl Broker ===

impl Broker {
    /// Takes over what other processes wrote, if it is time to look.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn catch_up(&self) -> Result<()> {
        if !self.is_time_to_look(self.parts.clock.now()) {
            return Ok(());
        }
        // One looks. The others go on with what is known, unless nothing is known yet.
        let _looking = if self.state().seen.looked_at.is_none() {
            self.looking.lock().await
        } else {
            let Some(looking) = self.looking.try_lock() else { return Ok(()) };
            looking
        };
        let now = self.parts.clock.now();
        if !self.is_time_to_look(now) {
            return Ok(());
        }
        let data_version = self.parts.store.data_version().await?;
        if self.state().seen.data_version != Some(data_version) {
            self.reload().await?;
            let mut state = self.state();
            // A conversation may have moved in the other process: what is stored counts.
            state.affinity.clear();
            state.seen.data_version = Some(data_version);
        }
        self.state().seen.looked_at = Some(now);
        Ok(())
    }

    /// Takes over every change since the last look, this process's own included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reload(&self) -> Result<()> {
        let since = self.state().seen.revision;
        let changes = self.parts.store.changes_since(since).await?;
        self.state().apply(changes);
        Ok(())
    }

    /// Accounts that somebody signed in to and that may be used, also while they pause.
    #[must_use]
    pub fn signed_in(&self) -> Vec<AccountId> {
        let state = self.state();
        let usable =
            |it: &&Account| it.kind != Kind::ApiKey && it.enabled && it.status == Status::Active;
        state.pool.accounts().filter(usable).map(|it| it.id.clone()).collect()
    }

    /// How many accounts there are by what they can do now.
    #[must_use]
    pub fn count_accounts(&self) -> AccountCounts {
        let now = self.parts.clock.now();
        let mut counts = AccountCounts::default();
        for account in self.state().pool.accounts() {
            let count = match account.status {
                _ if !account.enabled => &mut counts.disabled,
                Status::Active
                    if account.health.cooling.as_ref().is_some_and(|it| it.until > now) =>
                {
                    &mut counts.cooling
                }
                Status::Active => &mut counts.active,
                _ => &mut counts.error,
            };
            *count += 1;
        }
        counts
    }

    /// Removes from the store what is over, if this process is old enough that nobody may have done
    /// so at the end of another one.
    pub async fn sweep_at_times(&self) {
        let now = self.parts.clock.now();
        let since = *self.state().seen.swept_at.get_or_insert(now);
        if now >= since && now.since(since) < SWEEP_AFTER {
            return;
        }
        self.state().seen.swept_at = Some(now);
        self.sweep().await;
    }

    /// Removes from the store what is over, if it is time. Nobody waits for that: a failure is
    /// noted, and it is tried again later.
    pub(super) async fn sweep(&self) {
        let now = self.parts.clock.now();
        let kept = self.parts.config.get().usage.clone();
        let from =
            |days: u32| now.minus(Duration::from_secs(u64::from(days).saturating_mul(24 * 3600)));
        let (usage, requests) = (from(kept.retention_days), from(kept.request_log_days));
        if let Err(error) = self.parts.store.sweep_if_due(now, usage, requests).await {
            log::warn!("what is over stays in the store for now: {}", error.kind());
        }
    }

    /// Applies a changed configuration to what is decided from now on.
    pub fn reconfigure(&self, config: &Config) {
        let mut state = self.state();
        state.pool.set_scheduling(&config.scheduling);
        state.affinity.set_ttl(config.api_key.sticky_ttl);
    }

    fn is_time_to_look(&self, now: Timestamp) -> bool {
        // A clock that was set back must not stop the looking.
        let looked = self.state().seen.looked_at;
        looked.is_none_or(|it| now < it || now.since(it) >= LOOK_EVERY)
    }

    pub(super) fn took_over(&self, account: Account, key: Option<Key>) {
        let mut state = self.state();
        state.pool.upsert_account(account);
        if let Some(key) = key {
            state.pool.upsert_key(key);
        }
    }
}

// === impl State ===

impl State {
    fn apply(&mut self, changes: Changes) {
        for group in changes.groups {
            self.pool.upsert_group(group);
        }
        for account in changes.accounts {
            self.pool.upsert_account(account);
        }
        for key in changes.keys {
            self.pool.upsert_key(key);
        }
        for key in &changes.gone_keys {
            self.pool.remove_key(key);
            self.cache.forget_key(key);
        }
        for account in &changes.gone_accounts {
            self.pool.remove_account(account);
            self.cache.forget_account(account);
        }
        for group in &changes.gone_groups {
            self.pool.remove_group(group);
        }
        self.seen.revision = self.seen.revision.max(changes.revision);
    }
}

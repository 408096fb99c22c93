//! The places of accounts that take only so many requests at once.
//!
//! Owns: taking a place and giving it back, and telling the pool which are taken.
//! Must not know: SQL, what a place is taken for.
//!
//! The store alone knows: a place may be taken by one process and given back by another, end with
//! its time, or end with the process that took it. The pool is told before it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lease::Lease;
use super::{Broker, Loan};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::LeaseId;
use crate::pool::account::Account;
use crate::store::{LeaseRow, Store};

/// Gives a place back if whoever wanted it goes away before it is lent: a client may leave at any
/// moment.
pub(super) struct Unlent {
    store: Store,
    lease_id: Option<LeaseId>,
}

// === impl Unlent ===

impl Unlent {
    /// Watches over a place that is about to be taken.
    pub(super) fn new(store: &Store, lease: &Lease, lease_id: &LeaseId) -> Self {
        Self { store: store.clone(), lease_id: lease.place.then(|| lease_id.clone()) }
    }

    /// It was lent: it is given back as every loan is.
    pub(super) fn lent(mut self) {
        self.lease_id = None;
    }
}

impl Drop for Unlent {
    fn drop(&mut self) {
        let Some(lease_id) = self.lease_id.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let store = self.store.clone();
        // Behind the taking, which may still be under way: the store does one after the other.
        runtime.spawn(async move {
            if let Err(error) = store.drop_lease(&lease_id).await {
                log::warn!("a place could not be given back: {}", error.kind());
            }
        });
    }
}

// === impl Broker ===

impl Broker {
    /// Tells the pool how many places of each account are taken, in all processes. Costs nothing
    /// where no account has a limit.
    pub(super) async fn count_places(&self) -> Result<()> {
        if !self.state().pool.has_limits() {
            return Ok(());
        }
        let taken = self.parts.store.live_leases(self.parts.clock.now()).await?;
        self.state().pool.set_all_in_flight(&taken);
        Ok(())
    }

    /// Takes one of the account's places. It ends with this process if that is killed: whoever
    /// waited for its answer gets none.
    pub(super) async fn take_place(
        &self,
        config: &Config,
        account: &Account,
        lease: &Lease,
        lease_id: &LeaseId,
    ) -> Result<()> {
        let row = LeaseRow {
            id: lease_id.clone(),
            account_id: account.id.clone(),
            key_id: lease.key_id.clone(),
            model: lease.model.clone(),
            owner: Some(self.parts.owner.clone()),
            created_at: lease.taken_at,
            expires_at: lease.taken_at.plus(config.scheduling.lease_ttl),
        };
        self.state().has_places = true;
        if self.parts.store.take_lease(row, account.max_concurrency).await? {
            return Ok(());
        }
        Err(Error::NoAccount {
            message: format!(
                "account `{}` has all of its {} places taken",
                account.name, account.max_concurrency
            ),
            retry_after: Some(Duration::from_secs(1)),
            skipped: BTreeMap::new(),
        })
    }

    /// Takes a loan back that nothing was sent with.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn unused(&self, lease_id: &LeaseId) -> Result<()> {
        self.parts.store.drop_lease(lease_id).await?;
        Ok(())
    }

    /// Gives the place of a loan back, if it had one. A host that does not say which loan it ends
    /// ends the account's oldest: the number of those under way is right then.
    pub(super) async fn give_back(
        &self,
        account: &Account,
        loan: &Loan,
        lease: Option<&Lease>,
    ) -> Result<()> {
        match loan {
            Loan::Known(id) if lease.is_some_and(|it| it.place) => {
                self.parts.store.drop_lease(id).await?;
            }
            Loan::Unsaid if account.max_concurrency > 0 => {
                self.parts.store.drop_oldest_lease(&account.id).await?;
            }
            Loan::Known(_) | Loan::Unsaid | Loan::None => {}
        }
        Ok(())
    }

    /// Before this process ends in order: what it lent goes on, for whichever process is told of
    /// its end (a host may start one for each call), but at most for its time. And what is over
    /// goes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn close(&self) -> Result<()> {
        if self.state().has_places {
            self.parts.store.disown_leases(&self.parts.owner).await?;
        }
        self.sweep().await;
        Ok(())
    }
}

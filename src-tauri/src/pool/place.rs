//! Where each account stands in the indexes.
//!
//! Owns: the half of [`Pool`] that keeps the indexes true to the records and the time.
//! Must not know: what is asked, what a record was changed for.

use std::time::Duration;

use super::account::{Account, Strategy};
use super::index::{Placed, READY, Reach, Tallied, Tier};
use super::lane::{Rest, Spot};
use super::order::Load;
use super::standing::{Standing, standing, wake};
use super::{Entry, Pool};
use crate::clock::Timestamp;
use crate::ids::{AccountId, GroupId, KeyId};

/// A clock that goes back by less than this is two threads' readings out of order, not a new time.
const BACKWARDS: Duration = Duration::from_secs(60);

/// Where an account stands in each lane it is in.
type Spots = Vec<(Reach, Tier, Spot<AccountId>)>;

// === impl Pool ===

impl Pool {
    /// Ends the pauses that are over by now.
    pub(super) fn advance(&mut self, now: Timestamp) {
        if now < self.now.minus(BACKWARDS) {
            self.now = now;
            for ring in self.rings.values_mut() {
                ring.reindex_all(now);
            }
            self.reindex_all();
        }
        self.now = self.now.max(now);
        while let Some(id) = self.index.due(self.now) {
            self.reindex(&id);
        }
    }

    pub(super) fn leave_groups(&mut self, id: &AccountId) {
        let Some(entry) = self.accounts.get(id) else { return };
        for group in &entry.account.groups {
            if let Some(members) = self.members.get_mut(group) {
                members.remove(id);
                if members.is_empty() {
                    self.members.remove(group);
                }
            }
        }
    }

    pub(super) fn drop_key(&mut self, account: &AccountId, id: &KeyId) {
        if let Some(ring) = self.rings.get_mut(account) {
            ring.remove(id);
            self.reindex(account);
        }
    }

    pub(super) fn reindex_all(&mut self) {
        let ids: Vec<AccountId> = self.accounts.keys().cloned().collect();
        for id in ids {
            self.reindex(&id);
        }
    }

    pub(super) fn reindex_members(&mut self, id: &GroupId) {
        for account in self.members.get(id).cloned().unwrap_or_default() {
            self.reindex(&account);
        }
    }

    /// Puts an account where its record, its keys and the time say.
    pub(super) fn reindex(&mut self, id: &AccountId) {
        if let Some(ring) = self.rings.get_mut(id) {
            ring.advance(self.now);
        }
        let Some(entry) = self.accounts.get(id) else { return };
        let ring = self.rings.get(id);
        let standing = standing(&entry.account, ring, entry.in_flight, false, self.now);
        let placed = Placed {
            spots: self.spots(entry, &standing),
            wake: wake(&entry.account, ring, self.now),
            tallied: Some(tallied(&entry.account, &standing)),
        };
        if let Some(entry) = self.accounts.get_mut(id) {
            self.index.replace(id, &entry.placed, &placed);
            entry.placed = placed;
        }
    }

    fn spots(&self, entry: &Entry, standing: &Standing) -> Spots {
        let mut spots = Vec::new();
        for (tier, strategy) in self.tiers(&entry.account) {
            let id = entry.account.id.clone();
            let spot = match standing {
                Standing::Out(_) => continue,
                Standing::Resting(pause, _) => Spot::Resting(Rest { pause: *pause, id }),
                Standing::Ready(cold) => {
                    let order = Load::of_account(&entry.account, entry.turn).order(strategy, id);
                    Spot::Ready { order, cold: cold.clone() }
                }
            };
            for reach in Reach::ALL {
                if entry.account.serves(reach.sample()) {
                    spots.push((reach, tier.clone(), spot.clone()));
                }
            }
        }
        spots
    }

    /// The tiers an account counts in: each of its groups that exists, else the last one.
    pub(super) fn tiers(&self, account: &Account) -> Vec<(Tier, Strategy)> {
        let groups = account.groups.iter().filter_map(|it| self.groups.get(it));
        let mut tiers: Vec<_> = groups.map(|it| (Tier::of(it), it.strategy)).collect();
        if tiers.is_empty() {
            tiers.push((Tier::Ungrouped, self.strategy));
        }
        tiers.sort_by(|a, b| a.0.cmp(&b.0));
        tiers.dedup();
        tiers
    }
}

// === helpers ===

fn tallied(account: &Account, standing: &Standing) -> Tallied {
    let word = match standing {
        Standing::Ready(_) => READY,
        Standing::Resting(..) => "cooling",
        Standing::Out(reason) => reason.word(),
    };
    let words = Reach::ALL.map(|it| if account.serves(it.sample()) { word } else { "endpoint" });
    let mut groups = account.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    Tallied { groups, words }
}

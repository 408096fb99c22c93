//! The core: which account takes a request, and what a fault does to it.
//!
//! Owns: the accounts as they are known now, their order, their health.
//! Must not know: SQL, HTTP, tokio, secrets. Time and chance are arguments.

pub mod account;
pub mod affinity;
pub mod cooldown;

mod ask;
pub mod explain;
mod index;
mod lane;
mod order;
mod pick;
mod place;
mod ranked;
mod refusal;
mod ring;
mod standing;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub use ask::{Ask, Binding, Candidate, Refusal, Sticky};
pub use explain::{Considered, Explanation};
pub use standing::SkipReason;

use self::account::{Account, Group, Key, Kind, Strategy};
use self::index::{Index, Placed};
use self::ring::Ring;
use crate::clock::Timestamp;
use crate::config::Scheduling;
use crate::ids::{AccountId, GroupId, KeyId};

/// The accounts, keys and groups as they are known now, and who is next.
///
/// Records come from the store by `upsert_*`; what this process knows earlier than the store
/// (uses, requests in flight) by [`Pool::used`] and [`Pool::set_in_flight`]. A later record
/// never takes a use back. [`Pool::pick`] costs O(log n + limit + excluded) whatever the number of
/// accounts, and however many of them pause, are full or disabled.
#[derive(Debug)]
pub struct Pool {
    strategy: Strategy,
    accounts: HashMap<AccountId, Entry>,
    rings: HashMap<AccountId, Ring>,
    homes: HashMap<KeyId, AccountId>,
    groups: HashMap<GroupId, Group>,
    /// Who names a group, existing or not.
    members: HashMap<GroupId, BTreeSet<AccountId>>,
    index: Index,
    /// Up to when pauses that are over have been ended.
    now: Timestamp,
    /// Uses so far by this process.
    turn: u64,
    /// How many accounts take only so many requests at once.
    limited: usize,
    /// Accounts with requests on them.
    busy: BTreeSet<AccountId>,
}

#[derive(Debug)]
struct Entry {
    /// Shared with whoever it is lent to.
    account: Arc<Account>,
    in_flight: u32,
    turn: u64,
    placed: Placed,
}

// === impl Pool ===

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new(scheduling: &Scheduling) -> Self {
        Self {
            strategy: scheduling.strategy,
            accounts: HashMap::new(),
            rings: HashMap::new(),
            homes: HashMap::new(),
            groups: HashMap::new(),
            members: HashMap::new(),
            index: Index::default(),
            now: Timestamp::default(),
            turn: 0,
            limited: 0,
            busy: BTreeSet::new(),
        }
    }

    /// Takes a new configuration.
    pub fn set_scheduling(&mut self, scheduling: &Scheduling) {
        if self.strategy != scheduling.strategy {
            self.strategy = scheduling.strategy;
            self.reindex_all();
        }
    }

    /// Takes an account's record, new or changed.
    pub fn upsert_account(&mut self, mut account: Account) {
        let id = account.id.clone();
        let known = self.accounts.get(&id);
        if let Some(known) = known.map(|it| &it.account) {
            account.last_used_at = account.last_used_at.max(known.last_used_at);
            account.uses = account.uses.max(known.uses);
            account.tokens_used = account.tokens_used.max(known.tokens_used);
        }
        if known.is_none_or(|it| it.account.groups != account.groups) {
            self.leave_groups(&id);
            for group in &account.groups {
                self.members.entry(group.clone()).or_default().insert(id.clone());
            }
        }
        if account.kind == Kind::ApiKey {
            let ring = self.rings.entry(id.clone()).or_default();
            ring.set_strategy(account.key_strategy, self.now);
        }
        self.limited += usize::from(account.max_concurrency > 0);
        if let Some(entry) = self.accounts.get_mut(&id) {
            self.limited -= usize::from(entry.account.max_concurrency > 0);
            entry.account = Arc::new(account);
        } else {
            let account = Arc::new(account);
            let entry = Entry { account, in_flight: 0, turn: 0, placed: Placed::default() };
            self.accounts.insert(id.clone(), entry);
        }
        self.reindex(&id);
    }

    /// Forgets an account and its keys. Requests in flight on it go on.
    pub fn remove_account(&mut self, id: &AccountId) {
        self.leave_groups(id);
        self.busy.remove(id);
        if let Some(entry) = self.accounts.remove(id) {
            self.limited -= usize::from(entry.account.max_concurrency > 0);
            self.index.replace(id, &entry.placed, &Placed::default());
        }
        for key in self.rings.remove(id).iter().flat_map(Ring::keys) {
            self.homes.remove(&key.id);
        }
    }

    /// Takes a key's record, new or changed. Its account may come later.
    pub fn upsert_key(&mut self, key: Key) {
        let account = key.account_id.clone();
        if let Some(former) = self.homes.insert(key.id.clone(), account.clone())
            && former != account
        {
            self.drop_key(&former, &key.id);
        }
        self.rings.entry(account.clone()).or_default().upsert(key, self.now);
        self.reindex(&account);
    }

    /// Forgets a key.
    pub fn remove_key(&mut self, id: &KeyId) {
        if let Some(account) = self.homes.remove(id) {
            self.drop_key(&account, id);
        }
    }

    /// Takes a group's record, new or changed.
    pub fn upsert_group(&mut self, group: Group) {
        let id = group.id.clone();
        self.groups.insert(id.clone(), group);
        self.reindex_members(&id);
    }

    /// Forgets a group. Accounts that are in no other one become ungrouped.
    pub fn remove_group(&mut self, id: &GroupId) {
        self.groups.remove(id);
        self.reindex_members(id);
    }

    /// Every account, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().map(|it| &*it.account)
    }

    /// One account.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(id).map(|it| &it.account)
    }

    /// The keys of an account, in no order.
    pub fn keys_of(&self, id: &AccountId) -> impl Iterator<Item = &Key> {
        self.rings.get(id).into_iter().flat_map(Ring::keys)
    }

    /// Every group, in no order.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// Requests on an account now.
    #[must_use]
    pub fn in_flight(&self, id: &AccountId) -> u32 {
        self.accounts.get(id).map_or(0, |it| it.in_flight)
    }

    /// A request goes out on an account, and with a key of it: both go to the end of the line at
    /// once, before the store knows.
    pub fn used(&mut self, id: &AccountId, key: Option<&KeyId>, now: Timestamp) {
        self.turn += 1;
        if let (Some(ring), Some(key)) = (self.rings.get_mut(id), key) {
            ring.used(key, self.turn, now, self.now);
        }
        if let Some(entry) = self.accounts.get_mut(id) {
            let account = Arc::make_mut(&mut entry.account);
            account.last_used_at = account.last_used_at.max(Some(now));
            account.uses = account.uses.saturating_add(1);
            entry.turn = self.turn;
            self.reindex(id);
        }
    }

    /// A request took tokens, in and out, before the store knows.
    pub fn spent(&mut self, id: &AccountId, key: Option<&KeyId>, tokens: u64) {
        if let (Some(ring), Some(key)) = (self.rings.get_mut(id), key) {
            ring.spent(key, tokens, self.now);
        }
        if let Some(entry) = self.accounts.get_mut(id) {
            let account = Arc::make_mut(&mut entry.account);
            account.tokens_used = account.tokens_used.saturating_add(tokens);
            if self.counts_tokens(id) {
                self.reindex(id);
            }
        }
    }

    /// Whether an account's place in line depends on its tokens.
    fn counts_tokens(&self, id: &AccountId) -> bool {
        let groups = self.accounts.get(id).into_iter().flat_map(|it| &it.account.groups);
        let strategies = groups.filter_map(|it| self.groups.get(it)).map(|it| it.strategy);
        strategies
            .chain([self.strategy])
            .any(|it| matches!(it, Strategy::LeastTokenUsed | Strategy::MaxRemaining))
    }

    /// How many requests are on an account now, in all processes.
    pub fn set_in_flight(&mut self, id: &AccountId, in_flight: u32) {
        if let Some(entry) = self.accounts.get_mut(id)
            && entry.in_flight != in_flight
        {
            entry.in_flight = in_flight;
            if in_flight > 0 {
                self.busy.insert(id.clone());
            } else {
                self.busy.remove(id);
            }
            self.reindex(id);
        }
    }

    /// The same for every account; those that are not named have none.
    pub fn set_all_in_flight(&mut self, counts: &[(AccountId, u32)]) {
        let named: BTreeSet<&AccountId> = counts.iter().map(|(id, _)| id).collect();
        let over: Vec<AccountId> =
            self.busy.iter().filter(|it| !named.contains(it)).cloned().collect();
        for id in &over {
            self.set_in_flight(id, 0);
        }
        for (id, in_flight) in counts {
            self.set_in_flight(id, *in_flight);
        }
    }

    /// Whether an account takes only so many requests at once.
    #[must_use]
    pub const fn has_limits(&self) -> bool {
        self.limited > 0
    }
}

#[cfg(test)]
mod tests;

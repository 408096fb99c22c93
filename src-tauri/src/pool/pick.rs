//! Which accounts to try for a request, in order.
//!
//! Owns: [`Pool::pick`] and the texts of its refusals.
//! Must not know: how lanes are kept, what became of the request.

use std::sync::Arc;
use std::time::Duration;

use super::account::{Account, Kind};
use super::ask::{Ask, Binding, Candidate, Refusal};
use super::index::{READY, Reach, Tally, Tier};
use super::lane::{Lane, Rest};
use super::order::{Load, Order};
use super::standing::{SkipReason, Standing, standing};
use super::{Entry, Pool};
use crate::clock::{Entropy, Timestamp};
use crate::ids::{AccountId, GroupId};

/// When to come back while accounts are full: nobody knows when a request ends.
const SLOT_WAIT: Duration = Duration::from_secs(1);

/// A part of the pool that a binding opens. They are asked one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    /// One account, schedulable or not.
    One(&'a AccountId),
    /// A group's members.
    Group(&'a GroupId),
    /// All.
    All,
}

// === impl Pool ===

impl Pool {
    /// The accounts to try, in order: the session's own if it fits, then tier by tier as each
    /// tier's strategy says. If nothing fits but for pauses, the one whose pause ends first, as a
    /// probe; each pause is probed once.
    ///
    /// # Errors
    /// [`Refusal`] when nobody fits: why, and when somebody will.
    pub fn pick(
        &mut self,
        ask: &Ask<'_>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Candidate>, Refusal> {
        self.advance(now);
        let mut chosen = Vec::new();
        chosen.extend(self.sticky(ask).cloned());
        for scope in scopes(ask.binding) {
            self.choose(scope, ask, entropy, &mut chosen);
        }
        if chosen.is_empty() {
            return self.probe(ask, entropy).map(|it| vec![it]).ok_or_else(|| self.refuse(ask));
        }
        Ok(chosen.into_iter().map(|it| self.candidate(it, ask, entropy, false)).collect())
    }

    /// Why an account cannot take the request, if it cannot. `bound`: a binding names it.
    pub(super) fn verdict(
        &self,
        entry: &Entry,
        ask: &Ask<'_>,
        bound: bool,
    ) -> Result<(), SkipReason> {
        let account = &entry.account;
        if !account.serves(ask.endpoint) {
            return Err(SkipReason::Endpoint { serves: account.endpoint });
        }
        match self.standing_of(entry, bound) {
            Standing::Out(reason) => Err(reason),
            Standing::Resting(pause, why) => Err(SkipReason::Cooling { until: pause.until, why }),
            Standing::Ready(_) if ask.exclude.contains(&account.id) => Err(SkipReason::Excluded),
            Standing::Ready(cold) => match cold.iter().find(|(it, _)| **it == *ask.model) {
                Some((_, pause)) => Err(SkipReason::ModelCooling { until: pause.until }),
                None => Ok(()),
            },
        }
    }

    pub(super) fn standing_of(&self, entry: &Entry, bound: bool) -> Standing {
        let ring = self.rings.get(&entry.account.id);
        standing(&entry.account, ring, entry.in_flight, bound, self.now)
    }

    /// Whether a scope holds an account; if it does, whether it is named itself.
    pub(super) fn within(&self, scope: Scope<'_>, account: &Account) -> Option<bool> {
        match scope {
            Scope::One(id) => (account.id == *id).then_some(true),
            Scope::Group(id) => {
                (self.groups.contains_key(id) && account.groups.contains(id)).then_some(false)
            }
            Scope::All => Some(false),
        }
    }

    /// The session's account, if it is one of those that may be chosen.
    pub(super) fn sticky<'a>(&self, ask: &Ask<'a>) -> Option<&'a AccountId> {
        let id = &ask.sticky?.account;
        let entry = self.accounts.get(id)?;
        scopes(ask.binding)
            .filter_map(|it| self.within(it, &entry.account))
            .any(|bound| self.verdict(entry, ask, bound).is_ok())
            .then_some(id)
    }

    /// Adds the scope's accounts that fit, until there are as many as asked.
    fn choose(
        &self,
        scope: Scope<'_>,
        ask: &Ask<'_>,
        entropy: &dyn Entropy,
        chosen: &mut Vec<AccountId>,
    ) {
        if let Scope::One(id) = scope {
            let entry = self.accounts.get(id);
            let fits = entry.is_some_and(|it| self.verdict(it, ask, true).is_ok());
            if fits && !chosen.contains(id) && chosen.len() < ask.limit() {
                chosen.push(id.clone());
            }
            return;
        }
        for (tier, lane) in self.lanes(scope, ask) {
            let Some(missing) = ask.limit().checked_sub(chosen.len()).filter(|it| *it > 0) else {
                return;
            };
            let strategy = self.strategy_of(tier);
            let skip: Vec<Order<AccountId>> = chosen
                .iter()
                .chain(ask.exclude)
                .filter_map(|it| self.accounts.get(it))
                .map(|it| {
                    Load::of_account(&it.account, it.turn).order(strategy, it.account.id.clone())
                })
                .collect();
            chosen.extend(lane.choose(strategy, ask.model, &skip, missing, entropy));
        }
    }

    /// The one whose pause ends first, and that was not probed yet.
    fn probe(&mut self, ask: &Ask<'_>, entropy: &dyn Entropy) -> Option<Candidate> {
        let id = scopes(ask.binding).find_map(|scope| self.probe_in(scope, ask))?;
        let mut candidate = self.candidate(id, ask, entropy, true);
        candidate.sticky = ask.sticky.is_some_and(|it| it.account == candidate.account);
        if let (Some(ring), Some(key)) = (self.rings.get_mut(&candidate.account), &candidate.key) {
            ring.mark_probed(key, ask.model, self.now);
        }
        if let Some(entry) = self.accounts.get_mut(&candidate.account) {
            Arc::make_mut(&mut entry.account).health.mark_probed(ask.model);
        }
        self.reindex(&candidate.account);
        Some(candidate)
    }

    fn probe_in(&self, scope: Scope<'_>, ask: &Ask<'_>) -> Option<AccountId> {
        if let Scope::One(id) = scope {
            let rest = self.rest_of(self.accounts.get(id)?, ask, true)?;
            return (!rest.pause.probed && !ask.exclude.contains(id)).then_some(rest.id);
        }
        let firsts = self.lanes(scope, ask).filter_map(|(_, lane)| {
            lane.rests(ask.model)
                .take_while(|it| !it.pause.probed)
                .find(|it| !ask.exclude.contains(&it.id))
        });
        firsts.min().map(|it| it.id.clone())
    }

    /// The pause that alone keeps an account from taking the request.
    pub(super) fn rest_of(
        &self,
        entry: &Entry,
        ask: &Ask<'_>,
        bound: bool,
    ) -> Option<Rest<AccountId>> {
        let pause = match self.standing_of(entry, bound) {
            _ if !entry.account.serves(ask.endpoint) => return None,
            Standing::Out(_) => return None,
            Standing::Resting(pause, _) => pause,
            Standing::Ready(cold) => cold.iter().find(|(it, _)| **it == *ask.model)?.1,
        };
        Some(Rest { pause, id: entry.account.id.clone() })
    }

    fn candidate(
        &self,
        account: AccountId,
        ask: &Ask<'_>,
        entropy: &dyn Entropy,
        probe: bool,
    ) -> Candidate {
        let sticky = ask.sticky.filter(|it| it.account == account);
        let is_pool = self.accounts.get(&account).is_some_and(|it| it.account.kind == Kind::ApiKey);
        let ring = self.rings.get(&account).filter(|_| is_pool);
        let sticky_key = sticky.and_then(|it| it.key.as_ref());
        let key = ring.and_then(|it| {
            it.choose(ask.model, sticky_key, ask.exclude_keys, self.now, entropy).or_else(|| {
                // Whoever has tried one need not be given a key that pauses.
                if ask.exclude_keys.is_empty() { it.choose_probe(ask.model) } else { None }
            })
        });
        Candidate { account, key, sticky: sticky.is_some(), probe }
    }

    /// The lanes of a scope that is more than one account.
    fn lanes<'a>(
        &'a self,
        scope: Scope<'_>,
        ask: &Ask<'_>,
    ) -> impl Iterator<Item = (&'a Tier, &'a Lane<AccountId>)> {
        let lanes = self.index.lanes(Reach::of(ask.endpoint));
        let group = match scope {
            Scope::Group(id) => self.groups.get(id).map(Tier::of),
            Scope::One(_) | Scope::All => None,
        };
        let one = group.and_then(|it| lanes.get_key_value(&it));
        let all = matches!(scope, Scope::All).then(|| lanes.iter());
        one.into_iter().chain(all.into_iter().flatten())
    }

    fn strategy_of(&self, tier: &Tier) -> super::account::Strategy {
        tier.group().and_then(|it| self.groups.get(it)).map_or(self.strategy, |it| it.strategy)
    }

    fn refuse(&self, ask: &Ask<'_>) -> Refusal {
        let mut reason_counts = Tally::new();
        let mut earliest = None;
        // The last scope is the widest: all, or what a strict binding names.
        if let Some(scope) = scopes(ask.binding).last() {
            reason_counts = self.reasons(scope, ask);
            let lanes = self.lanes(scope, ask).filter_map(|(_, lane)| lane.earliest(ask.model));
            earliest = lanes.min();
        }
        if let Binding::Account { id, .. } = ask.binding {
            let bound = self.accounts.get(id).and_then(|it| self.rest_of(it, ask, true));
            earliest = earliest.into_iter().chain(bound.map(|it| it.pause.until)).min();
        }
        if reason_counts.contains_key("full") {
            let slot = self.now.plus(SLOT_WAIT);
            earliest = Some(earliest.map_or(slot, |it| it.min(slot)));
        }
        let message = self.message(ask, &reason_counts, earliest);
        Refusal { reason_counts, earliest, message, at: self.now }
    }

    /// How many accounts of a scope are out for each reason, knowing that none fits.
    fn reasons(&self, scope: Scope<'_>, ask: &Ask<'_>) -> Tally {
        let reach = Reach::of(ask.endpoint);
        let mut tally = match scope {
            Scope::All => self.index.tally(reach, None),
            Scope::Group(id) if self.groups.contains_key(id) => self.index.tally(reach, Some(id)),
            Scope::Group(_) => Tally::new(),
            Scope::One(id) => {
                let entry = self.accounts.get(id);
                let reason = entry.and_then(|it| self.verdict(it, ask, true).err());
                return reason.iter().map(|it| (it.word(), 1)).collect();
            }
        };
        let ready = tally.remove(READY).unwrap_or(0);
        let mut tried: Vec<&AccountId> = ask.exclude.iter().collect();
        tried.sort_unstable();
        tried.dedup();
        let excluded = tried
            .into_iter()
            .filter_map(|it| self.accounts.get(it))
            .filter(|it| self.within(scope, &it.account).is_some())
            .filter(|it| self.verdict(it, ask, false) == Err(SkipReason::Excluded))
            .count();
        for (word, count) in [("excluded", excluded), ("model_cooling", ready - excluded)] {
            if count > 0 {
                tally.insert(word, count);
            }
        }
        tally
    }
}

// === impl Ask ===

impl Ask<'_> {
    pub(super) fn limit(&self) -> usize {
        self.limit.max(1)
    }
}

// === helpers ===

/// The parts of the pool a binding opens, in the order they are asked.
pub(super) fn scopes(binding: &Binding) -> impl Iterator<Item = Scope<'_>> {
    let (first, fallback) = match binding {
        Binding::Any => (Scope::All, false),
        Binding::Account { id, fallback } => (Scope::One(id), *fallback),
        Binding::Group { id, fallback } => (Scope::Group(id), *fallback),
    };
    [Some(first), fallback.then_some(Scope::All)].into_iter().flatten()
}

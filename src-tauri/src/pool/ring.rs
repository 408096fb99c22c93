//! The keys of one pool.
//!
//! Owns: [`Ring`]: which keys may be used now, which one is next, when that changes.
//! Must not know: accounts, the keys themselves.

use std::collections::{BTreeSet, HashMap};

use super::account::{Key, KeyStatus, Strategy};
use super::lane::{Lane, Pause, Rest, Spot, cold_models, next_end};
use super::order::Load;
use crate::clock::{Entropy, Timestamp};
use crate::ids::KeyId;

/// The keys of one pool, indexed as the accounts of a tier are.
#[derive(Debug, Default)]
pub(super) struct Ring {
    strategy: Strategy,
    keys: HashMap<KeyId, Held>,
    lane: Lane<KeyId>,
    /// When a key's spot has to be looked at again.
    wakes: BTreeSet<(Timestamp, KeyId)>,
}

#[derive(Debug)]
struct Held {
    key: Key,
    turn: u64,
    spot: Option<Spot<KeyId>>,
    wake: Option<Timestamp>,
}

// === impl Ring ===

impl Ring {
    /// Every key, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values().map(|it| &it.key)
    }

    /// What the indexes must be made of.
    pub(super) const fn lane(&self) -> &Lane<KeyId> {
        &self.lane
    }

    /// Takes the record; what this process knows better (later use) stays.
    pub(super) fn upsert(&mut self, mut key: Key, now: Timestamp) {
        let id = key.id.clone();
        if let Some(held) = self.keys.get_mut(&id) {
            key.last_used_at = key.last_used_at.max(held.key.last_used_at);
            key.uses = key.uses.max(held.key.uses);
            key.tokens_used = key.tokens_used.max(held.key.tokens_used);
            held.key = key;
        } else {
            self.keys.insert(id.clone(), Held { key, turn: 0, spot: None, wake: None });
        }
        self.reindex(&id, now);
    }

    /// Forgets a key.
    pub(super) fn remove(&mut self, id: &KeyId) {
        let Some(held) = self.keys.remove(id) else { return };
        if let Some(spot) = &held.spot {
            self.lane.lift(spot);
        }
        if let Some(wake) = held.wake {
            self.wakes.remove(&(wake, id.clone()));
        }
    }

    /// Chooses by another strategy from now on.
    pub(super) fn set_strategy(&mut self, strategy: Strategy, now: Timestamp) {
        if self.strategy != strategy {
            self.strategy = strategy;
            self.reindex_all(now);
        }
    }

    /// A request went out with the key `at` that moment.
    pub(super) fn used(&mut self, id: &KeyId, turn: u64, at: Timestamp, now: Timestamp) {
        if let Some(held) = self.keys.get_mut(id) {
            held.key.last_used_at = held.key.last_used_at.max(Some(at));
            held.key.uses = held.key.uses.saturating_add(1);
            held.turn = turn;
            self.reindex(id, now);
        }
    }

    /// The key took tokens.
    pub(super) fn spent(&mut self, id: &KeyId, tokens: u64, now: Timestamp) {
        if let Some(held) = self.keys.get_mut(id) {
            held.key.tokens_used = held.key.tokens_used.saturating_add(tokens);
            self.reindex(id, now);
        }
    }

    /// Lets pauses that are over end.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some((_, id)) = self.wakes.first().filter(|(wake, _)| *wake <= now).cloned() {
            self.reindex(&id, now);
        }
    }

    /// When the next pause ends.
    pub(super) fn wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// Looks at every key again.
    pub(super) fn reindex_all(&mut self, now: Timestamp) {
        let ids: Vec<KeyId> = self.keys.keys().cloned().collect();
        for id in ids {
            self.reindex(&id, now);
        }
    }

    /// The key for a request: the session's own if it fits, else the strategy's; none of `tried`.
    pub(super) fn choose(
        &self,
        model: &str,
        sticky: Option<&KeyId>,
        tried: &[KeyId],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Option<KeyId> {
        let sticky = sticky.filter(|it| !tried.contains(it));
        if let Some(id) = sticky.filter(|it| self.fits(it, model, now)) {
            return Some(id.clone());
        }
        let skip: Vec<_> = tried
            .iter()
            .filter_map(|it| self.keys.get(it))
            .map(|it| Load::of_key(&it.key, it.turn).order(self.strategy, it.key.id.clone()))
            .collect();
        self.lane.choose(self.strategy, model, &skip, 1, entropy).into_iter().next()
    }

    /// The key a probe goes out with when none fits: the one whose pause ends first.
    pub(super) fn choose_probe(&self, model: &str) -> Option<KeyId> {
        self.lane.rests(model).next().map(|it| it.id.clone())
    }

    /// Notes that the probe of a key's pauses is out.
    pub(super) fn mark_probed(&mut self, id: &KeyId, model: &str, now: Timestamp) {
        if let Some(held) = self.keys.get_mut(id) {
            held.key.health.mark_probed(model);
            self.reindex(id, now);
        }
    }

    fn fits(&self, id: &KeyId, model: &str, now: Timestamp) -> bool {
        self.keys.get(id).is_some_and(|it| {
            it.key.status == KeyStatus::Active
                && it.key.health.cooling_at(now).is_none()
                && it.key.health.model_cooling_at(model, now).is_none()
        })
    }

    /// Puts a key where its record and the time say.
    fn reindex(&mut self, id: &KeyId, now: Timestamp) {
        let Some(held) = self.keys.get_mut(id) else { return };
        let spot = spot(&held.key, held.turn, self.strategy, now);
        if spot != held.spot {
            if let Some(old) = &held.spot {
                self.lane.lift(old);
            }
            if let Some(new) = &spot {
                self.lane.place(new);
            }
            held.spot = spot;
        }
        let active = held.key.status == KeyStatus::Active;
        let wake = if active { next_end(&held.key.health, now) } else { None };
        if wake != held.wake {
            if let Some(old) = held.wake {
                self.wakes.remove(&(old, id.clone()));
            }
            if let Some(new) = wake {
                self.wakes.insert((new, id.clone()));
            }
            held.wake = wake;
        }
    }
}

// === helpers ===

fn spot(key: &Key, turn: u64, strategy: Strategy, now: Timestamp) -> Option<Spot<KeyId>> {
    if key.status != KeyStatus::Active {
        return None;
    }
    if let Some(cooling) = key.health.cooling_at(now) {
        let pause = Pause { probed: cooling.probed, until: cooling.until };
        return Some(Spot::Resting(Rest { pause, id: key.id.clone() }));
    }
    let order = Load::of_key(key, turn).order(strategy, key.id.clone());
    Some(Spot::Ready { order, cold: cold_models(&key.health, now) })
}

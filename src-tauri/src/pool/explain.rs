//! Why this account and not that one.
//!
//! Owns: [`Pool::explain`]: every account in the order it is considered, with its place or reason.
//! Must not know: the indexes. It walks over all accounts, and so is what they are checked by.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::Pool;
use super::account::{Account, Health, Key, KeyStatus};
use super::ask::Ask;
use super::index::Tier;
use super::order::{Load, Order};
use super::pick::{Scope, scopes};
use super::standing::SkipReason;
use crate::clock::Timestamp;
use crate::ids::{AccountId, GroupId, KeyId};

/// What [`Pool::pick`] would do, and why. Where a tier draws at random its accounts stand in the
/// order of their age: each of them could be the one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Those to be tried in their order, then those behind them, then those left out.
    pub accounts: Vec<Considered>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Considered {
    /// Which.
    pub account: AccountId,
    /// What the person calls it.
    pub name: String,
    /// The group in whose turn it comes; none is the tier of those in no group.
    pub tier: Option<GroupId>,
    /// 1 is tried first; none is not tried.
    pub position: Option<usize>,
    /// The session's own.
    pub sticky: bool,
    /// Tried in spite of its pause, since everything pauses.
    pub probe: bool,
    /// Why it is not tried.
    pub skipped: Option<SkipReason>,
    /// The same for a person.
    pub sentence: String,
    /// When its recent credential faults were: `scheduling.strikes` of them stop it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strikes: Vec<String>,
    /// Keys of its pool that this request would not go out with, 100 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped_keys: Vec<SkippedKey>,
}

/// A key that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SkippedKey {
    /// Which.
    pub id: KeyId,
    /// Its last letters.
    pub tail: String,
    /// Why.
    pub reason: KeySkip,
    /// Until when, of a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// When its recent credential faults were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strikes: Vec<String>,
}

/// Why a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeySkip {
    /// It pauses.
    Cooling,
    /// It pauses for this model.
    ModelCooling,
    /// It was refused too often.
    Error,
    /// Its quota is used up.
    Banned,
    /// A person switched it off.
    Disabled,
    /// This request tried it already.
    Excluded,
}

/// The most keys that are told of one account.
const MOST_KEYS: usize = 100;

/// Where an account comes: the scope, the tier in it, the order in that.
type Place = (usize, Option<Tier>, Order<AccountId>);

// === impl Pool ===

impl Pool {
    /// Tells of each account whether it would be tried, as which, or why not. O(n log n). Changes
    /// nothing that anybody sees: only pauses that are over are ended.
    pub fn explain(&mut self, ask: &Ask<'_>, now: Timestamp) -> Explanation {
        self.advance(now);
        let mut fitting = Vec::new();
        let mut others = Vec::new();
        for entry in self.accounts.values() {
            let account = &entry.account;
            match self.place_of(account, ask) {
                Ok(place) => fitting.push((place, account)),
                Err(reason) => others.push((account, reason)),
            }
        }
        let sticky = self.sticky(ask);
        fitting.sort_by(|(a, one), (b, other)| {
            let first = |it: &Account| sticky != Some(&it.id);
            first(one).cmp(&first(other)).then_with(|| a.cmp(b))
        });
        others.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let best = fitting.iter().find(|(_, it)| sticky != Some(&it.id));
        let best = best.map(|((scope, tier, _), _)| (*scope, tier.clone()));
        let mut accounts = Vec::new();
        for (at, ((scope, tier, _), account)) in fitting.into_iter().enumerate() {
            let reason = if best == Some((scope, tier)) {
                SkipReason::Behind
            } else {
                SkipReason::LowerTier
            };
            let verdict = if at < ask.limit() { Ok(at + 1) } else { Err(reason) };
            accounts.push(self.considered(account, ask, verdict));
        }
        accounts.extend(others.into_iter().map(|(it, why)| self.considered(it, ask, Err(why))));
        self.explain_probe(ask, &mut accounts);
        Explanation { accounts }
    }

    /// When nobody fits, the account that would be probed comes first.
    fn explain_probe(&self, ask: &Ask<'_>, accounts: &mut [Considered]) {
        if accounts.iter().any(|it| it.position.is_some()) {
            return;
        }
        let Some(id) = scopes(ask.binding).find_map(|scope| {
            let rests = self.accounts.values().filter_map(|entry| {
                let bound = self.within(scope, &entry.account)?;
                self.rest_of(entry, ask, bound)
            });
            rests
                .filter(|it| !it.pause.probed && !ask.exclude.contains(&it.id))
                .min()
                .map(|it| it.id)
        }) else {
            return;
        };
        let Some(at) = accounts.iter().position(|it| it.account == id) else { return };
        let Some(upto) = accounts.get_mut(..=at) else { return };
        upto.rotate_right(1);
        if let Some(first) = upto.first_mut() {
            let reason = first.skipped.take().map(|it| it.to_string()).unwrap_or_default();
            first.sentence = format!("everything is cooling, so it is probed; {reason}");
            first.position = Some(1);
            first.probe = true;
        }
    }

    fn place_of(&self, account: &Account, ask: &Ask<'_>) -> Result<Place, SkipReason> {
        let entry = self.accounts.get(&account.id).ok_or(SkipReason::NotBound)?;
        let mut reason = SkipReason::NotBound;
        for (at, scope) in scopes(ask.binding).enumerate() {
            let Some(bound) = self.within(scope, account) else { continue };
            match self.verdict(entry, ask, bound) {
                // What a binding says of the account it names is truer than what the pool says.
                Err(why) if reason == SkipReason::NotBound => reason = why,
                Err(_) => {}
                Ok(()) => {
                    let (tier, strategy) = self.tier_in(scope, account);
                    let load = Load::of_account(account, entry.turn);
                    return Ok((at, tier, load.order(strategy, account.id.clone())));
                }
            }
        }
        Err(reason)
    }

    /// The first tier of a scope that an account counts in.
    fn tier_in(
        &self,
        scope: Scope<'_>,
        account: &Account,
    ) -> (Option<Tier>, super::account::Strategy) {
        let tiers = self.tiers(account).into_iter();
        let named = match scope {
            Scope::Group(id) => Some(id),
            Scope::One(_) | Scope::All => None,
        };
        let mut tiers = tiers.filter(|(it, _)| named.is_none() || it.group() == named);
        tiers.next().map_or((None, self.strategy), |(tier, strategy)| (Some(tier), strategy))
    }

    fn considered(
        &self,
        account: &Account,
        ask: &Ask<'_>,
        verdict: Result<usize, SkipReason>,
    ) -> Considered {
        let sticky = ask.sticky.is_some_and(|it| it.account == account.id);
        let sentence = match &verdict {
            Ok(position) if sticky => format!("tried as number {position}: the session's own"),
            Ok(position) => format!("tried as number {position}"),
            Err(reason) => reason.to_string(),
        };
        let groups: BTreeSet<Tier> = self.tiers(account).into_iter().map(|it| it.0).collect();
        Considered {
            account: account.id.clone(),
            name: account.name.clone(),
            tier: groups.first().and_then(Tier::group).cloned(),
            position: verdict.as_ref().ok().copied(),
            sticky,
            probe: false,
            skipped: verdict.err(),
            sentence,
            strikes: strikes(&account.health),
            skipped_keys: self.skipped_keys(&account.id, ask),
        }
    }

    fn skipped_keys(&self, account: &AccountId, ask: &Ask<'_>) -> Vec<SkippedKey> {
        let mut keys: Vec<SkippedKey> =
            self.keys_of(account).filter_map(|key| SkippedKey::of(key, ask, self.now)).collect();
        keys.sort_by(|a, b| (a.reason, &a.id).cmp(&(b.reason, &b.id)));
        keys.truncate(MOST_KEYS);
        keys
    }
}

// === impl SkippedKey ===

impl SkippedKey {
    fn of(key: &Key, ask: &Ask<'_>, now: Timestamp) -> Option<Self> {
        let cooling = key.health.cooling_at(now).map(|it| it.until);
        let model = key.health.model_cooling_at(ask.model, now).map(|it| it.until);
        let (reason, until) = match (key.status, cooling, model) {
            (KeyStatus::Disabled, ..) => (KeySkip::Disabled, None),
            (KeyStatus::Banned, ..) => (KeySkip::Banned, None),
            (KeyStatus::Error, ..) => (KeySkip::Error, None),
            (KeyStatus::Active, Some(until), _) => (KeySkip::Cooling, Some(until)),
            (KeyStatus::Active, None, Some(until)) => (KeySkip::ModelCooling, Some(until)),
            (KeyStatus::Active, None, None) if ask.exclude_keys.contains(&key.id) => {
                (KeySkip::Excluded, None)
            }
            (KeyStatus::Active, None, None) => return None,
        };
        Some(Self {
            id: key.id.clone(),
            tail: key.tail.clone(),
            reason,
            until: until.map(Timestamp::to_rfc3339),
            strikes: strikes(&key.health),
        })
    }
}

fn strikes(health: &Health) -> Vec<String> {
    health.strikes.iter().map(|it| it.to_rfc3339()).collect()
}

//! The pool's indexes: what makes a choice cost the same for 10 accounts and for 100,000.
//!
//! Owns: [`Index`]: a lane per tier and reach, the next moment of each account, the tallies.
//! Must not know: accounts, why somebody stands where he stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use droid_protocol::dialect::Endpoint;

use super::account::Group;
use super::lane::{Lane, Spot};
use crate::clock::Timestamp;
use crate::ids::{AccountId, GroupId};

/// The endpoints that the same accounts can serve
/// ([`super::account::Account::serves`]): each needs lanes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// Anthropic and OpenAI: accounts of either.
    Paired,
    /// The general endpoints: every account.
    General,
}

/// A tier. Groups come by their priority; then, as the last one, the accounts that are in no
/// group: whoever makes groups says which accounts are preferred, and what he did not name is the
/// reserve.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// A group: priority, then age, then id.
    Group(u32, Timestamp, GroupId),
    /// In no group that exists.
    Ungrouped,
}

/// What the indexes hold of one account, to take exactly that out again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) spots: Vec<(Reach, Tier, Spot<AccountId>)>,
    pub(super) wake: Option<Timestamp>,
    pub(super) tallied: Option<Tallied>,
}

/// Under which words an account is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tallied {
    pub(super) groups: Vec<GroupId>,
    /// For each of [`Reach::ALL`]: [`READY`] or the word of the reason it is out.
    pub(super) words: [&'static str; 2],
}

/// How many accounts stand where.
pub(super) type Tally = BTreeMap<&'static str, usize>;

/// The word accounts without a reason to be out are tallied under.
pub(super) const READY: &str = "ready";

/// See the head of this file. Lanes without members do not exist.
#[derive(Debug, Default)]
pub(super) struct Index {
    paired: BTreeMap<Tier, Lane<AccountId>>,
    general: BTreeMap<Tier, Lane<AccountId>>,
    wakes: BTreeSet<(Timestamp, AccountId)>,
    /// Of each group, and under none of all accounts; so that a refusal need not count.
    tallies: HashMap<(Reach, Option<GroupId>), Tally>,
}

// === impl Index ===

impl Index {
    /// Moves an account from where it was to where it is now.
    pub(super) fn replace(&mut self, id: &AccountId, old: &Placed, new: &Placed) {
        if old.spots != new.spots {
            self.lift(&old.spots);
            for (reach, tier, spot) in &new.spots {
                let lanes = self.lanes_mut(*reach);
                match lanes.get_mut(tier) {
                    Some(lane) => lane.place(spot),
                    None => lanes.entry(tier.clone()).or_default().place(spot),
                }
            }
        }
        if old.wake != new.wake {
            if let Some(wake) = old.wake {
                self.wakes.remove(&(wake, id.clone()));
            }
            if let Some(wake) = new.wake {
                self.wakes.insert((wake, id.clone()));
            }
        }
        if old.tallied != new.tallied {
            self.count(old.tallied.as_ref(), usize::MAX);
            self.count(new.tallied.as_ref(), 1);
        }
    }

    /// An account whose moment has come.
    pub(super) fn due(&self, now: Timestamp) -> Option<AccountId> {
        self.wakes.first().filter(|(wake, _)| *wake <= now).map(|(_, id)| id.clone())
    }

    /// The tiers somebody is in, in the order they are asked.
    pub(super) const fn lanes(&self, reach: Reach) -> &BTreeMap<Tier, Lane<AccountId>> {
        match reach {
            Reach::Paired => &self.paired,
            Reach::General => &self.general,
        }
    }

    /// How many accounts of a group, or of all, stand where.
    pub(super) fn tally(&self, reach: Reach, group: Option<&GroupId>) -> Tally {
        self.tallies.get(&(reach, group.cloned())).cloned().unwrap_or_default()
    }

    fn lift(&mut self, spots: &[(Reach, Tier, Spot<AccountId>)]) {
        for (reach, tier, spot) in spots {
            let lanes = self.lanes_mut(*reach);
            let Some(lane) = lanes.get_mut(tier) else { continue };
            lane.lift(spot);
            if lane.is_empty() {
                lanes.remove(tier);
            }
        }
    }

    const fn lanes_mut(&mut self, reach: Reach) -> &mut BTreeMap<Tier, Lane<AccountId>> {
        match reach {
            Reach::Paired => &mut self.paired,
            Reach::General => &mut self.general,
        }
    }

    /// Adds one, or with `usize::MAX` takes one away.
    fn count(&mut self, tallied: Option<&Tallied>, amount: usize) {
        let Some(tallied) = tallied else { return };
        for (reach, word) in Reach::ALL.into_iter().zip(tallied.words) {
            let groups = tallied.groups.iter().cloned().map(Some);
            for group in groups.chain([None]) {
                let tally = self.tallies.entry((reach, group.clone())).or_default();
                let count = tally.entry(word).or_default();
                *count = count.wrapping_add(amount);
                if *count == 0 {
                    tally.remove(word);
                }
                if tally.is_empty() {
                    self.tallies.remove(&(reach, group));
                }
            }
        }
    }
}

// === impl Reach ===

impl Reach {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Paired, Self::General];

    /// The one an endpoint belongs to.
    pub(super) const fn of(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Anthropic | Endpoint::OpenAi => Self::Paired,
            Endpoint::Comm | Endpoint::Google => Self::General,
        }
    }

    /// An endpoint that stands for all of them.
    pub(super) const fn sample(self) -> Endpoint {
        match self {
            Self::Paired => Endpoint::Anthropic,
            Self::General => Endpoint::Comm,
        }
    }
}

// === impl Tier ===

impl Tier {
    /// The tier a group is.
    pub(super) fn of(group: &Group) -> Self {
        Self::Group(group.priority, group.created_at, group.id.clone())
    }

    /// The group it is, if any.
    pub(super) const fn group(&self) -> Option<&GroupId> {
        match self {
            Self::Group(_, _, id) => Some(id),
            Self::Ungrouped => None,
        }
    }
}

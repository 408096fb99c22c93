//! Who comes before whom.
//!
//! Owns: [`Order`], the sort key that each [`Strategy`] gives an account or a key.
//! Must not know: who may be chosen at all, what it is an order of.

use super::account::{Account, Health, Key, Strategy};
use crate::clock::Timestamp;

/// A place in the order of one strategy; the smallest is asked first. Never equal for two ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order<Id> {
    /// What the strategy looks at first.
    major: u64,
    /// When it was last used; never used is before all.
    used: Option<Timestamp>,
    /// Which use of this process it was: two within one millisecond still differ.
    turn: u64,
    created: Timestamp,
    pub(super) id: Id,
}

/// What a strategy may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    priority: u8,
    used: Option<Timestamp>,
    turn: u64,
    created: Timestamp,
    uses: u64,
    tokens_used: u64,
    /// None is no limit.
    remaining: Option<u64>,
    successes: u64,
    failures: u64,
}

// === impl Load ===

impl Load {
    /// What is known of an account; `turn` is that of its last use by this process, or 0.
    pub(super) fn of_account(account: &Account, turn: u64) -> Self {
        Self {
            priority: account.priority,
            used: account.last_used_at,
            turn,
            created: account.created_at,
            uses: account.uses,
            tokens_used: account.tokens_used,
            remaining: account.token_budget.map(|it| it.saturating_sub(account.tokens_used)),
            successes: account.health.successes,
            failures: account.health.failures,
        }
    }

    /// What is known of a key. Keys have neither priority nor budget of their own.
    pub(super) fn of_key(key: &Key, turn: u64) -> Self {
        let Health { successes, failures, .. } = key.health;
        Self {
            priority: 0,
            used: key.last_used_at,
            turn,
            created: key.created_at,
            uses: key.uses,
            tokens_used: key.tokens_used,
            remaining: None,
            successes,
            failures,
        }
    }

    /// The place a strategy gives it.
    pub(super) fn order<Id>(&self, strategy: Strategy, id: Id) -> Order<Id> {
        let recent = |major| (major, self.used, self.turn);
        let (major, used, turn) = match strategy {
            Strategy::PriorityLru => recent(u64::from(self.priority)),
            // Taking turns is taking the one whose last turn is longest ago: it needs no cursor
            // that several processes would have to share, and survives who comes and goes.
            Strategy::RoundRobin => recent(0),
            // The draw is by position, so the positions need not move with use.
            Strategy::Random => (0, None, 0),
            Strategy::LeastUsed => recent(self.uses),
            Strategy::LeastTokenUsed => recent(self.tokens_used),
            Strategy::MaxRemaining => recent(self.remaining.map_or(0, |it| u64::MAX - it)),
            Strategy::WeightedScore => recent(self.cost()),
            Strategy::FillFirst => (u64::from(self.priority), None, 0),
        };
        Order { major, used, turn, created: self.created, id }
    }

    /// Uses per chance of success, in thousandths: `(uses + 1) / ((ok + 1) / (ok + failed + 2))`.
    /// Taking the smallest shares requests in proportion to the success ratio: at half the ratio
    /// it gets half as many. The +1 and +2 (Laplace) keep one early fault from being a verdict.
    fn cost(&self) -> u64 {
        let tries = u128::from(self.successes) + u128::from(self.failures) + 2;
        let cost = (u128::from(self.uses) + 1) * 1000 * tries / (u128::from(self.successes) + 1);
        u64::try_from(cost).unwrap_or(u64::MAX)
    }
}

//! Those among whom one strategy chooses: the accounts of a tier, or the keys of a pool.
//!
//! Owns: [`Lane`] and [`Spot`]: who is ready, who pauses and until when, the draw.
//! Must not know: accounts, keys, why somebody is out.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::account::{Health, Strategy};
use super::order::Order;
use super::ranked::Ranked;
use crate::clock::{Entropy, Timestamp};

/// The members of a tier or a pool of keys.
///
/// Only those that are ready stand in the order, so a choice costs the same however many pause.
/// A pause of one model keeps its members in the order and in a second, smaller one of the same
/// kind; positions in both tell the k-th that has no such pause without walking over the others.
#[derive(Debug)]
pub(super) struct Lane<Id> {
    ready: Ranked<Order<Id>>,
    cold: HashMap<Arc<str>, Cold<Id>>,
    resting: BTreeSet<Rest<Id>>,
}

/// Where one member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot<Id> {
    /// May be chosen, except for the models that pause on it.
    Ready {
        /// Its place.
        order: Order<Id>,
        /// The models.
        cold: Vec<(Arc<str>, Pause)>,
    },
    /// Would be ready but for a pause.
    Resting(Rest<Id>),
}

/// A pause: not yet probed ones first, then by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pause {
    pub(super) probed: bool,
    pub(super) until: Timestamp,
}

/// A pause and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rest<Id> {
    pub(super) pause: Pause,
    pub(super) id: Id,
}

/// Ready members on which one model pauses.
#[derive(Debug)]
struct Cold<Id> {
    ranked: Ranked<Order<Id>>,
    rests: BTreeSet<Rest<Id>>,
}

// === impl Lane ===

impl<Id> Default for Lane<Id> {
    fn default() -> Self {
        Self { ready: Ranked::default(), cold: HashMap::new(), resting: BTreeSet::new() }
    }
}

impl<Id: Ord + Clone> Lane<Id> {
    /// Takes a member in.
    pub(super) fn place(&mut self, spot: &Spot<Id>) {
        match spot {
            Spot::Resting(rest) => {
                self.resting.insert(rest.clone());
            }
            Spot::Ready { order, cold } => {
                self.ready.insert(order.clone());
                for (model, pause) in cold {
                    let cold = self.cold.entry(Arc::clone(model)).or_default();
                    cold.ranked.insert(order.clone());
                    cold.rests.insert(Rest { pause: *pause, id: order.id.clone() });
                }
            }
        }
    }

    /// Lets a member go, from exactly the spot it was placed on.
    pub(super) fn lift(&mut self, spot: &Spot<Id>) {
        match spot {
            Spot::Resting(rest) => {
                self.resting.remove(rest);
            }
            Spot::Ready { order, cold } => {
                self.ready.remove(order);
                for (model, pause) in cold {
                    let Some(cold) = self.cold.get_mut(model) else { continue };
                    cold.ranked.remove(order);
                    cold.rests.remove(&Rest { pause: *pause, id: order.id.clone() });
                    if cold.ranked.is_empty() {
                        self.cold.remove(model);
                    }
                }
            }
        }
    }

    /// True when nobody is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.resting.is_empty()
    }

    /// How many may be chosen for some model.
    pub(super) const fn ready(&self) -> usize {
        self.ready.len()
    }

    /// How many may be chosen for this model.
    pub(super) fn fit(&self, model: &str) -> usize {
        self.ready.len() - self.cold.get(model).map_or(0, |it| it.ranked.len())
    }

    /// Up to `limit` members that fit, in the order to try, without those in `skip`.
    pub(super) fn choose(
        &self,
        strategy: Strategy,
        model: &str,
        skip: &[Order<Id>],
        limit: usize,
        entropy: &dyn Entropy,
    ) -> Vec<Id> {
        let mut taken: Vec<usize> = skip.iter().filter_map(|it| self.position(model, it)).collect();
        taken.sort_unstable();
        taken.dedup();
        let mut chosen = Vec::new();
        while chosen.len() < limit {
            let free = self.fit(model) - taken.len();
            if free == 0 {
                break;
            }
            let draw = if strategy == Strategy::Random { entropy.below(free) } else { 0 };
            let position = nth_free(&taken, draw);
            let Some(order) = self.nth(model, position) else { break };
            chosen.push(order.id.clone());
            taken.insert(taken.partition_point(|it| *it < position), position);
        }
        chosen
    }

    /// Members that would fit but for a pause, of either kind, that end first; not yet probed ones
    /// before all probed ones.
    pub(super) fn rests(&self, model: &str) -> impl Iterator<Item = &Rest<Id>> {
        let cold = self.cold.get(model).map(|it| it.rests.iter()).into_iter().flatten();
        merge(self.resting.iter(), cold)
    }

    /// When the earliest of these pauses ends, probed or not.
    pub(super) fn earliest(&self, model: &str) -> Option<Timestamp> {
        let cold = self.cold.get(model).and_then(|it| earliest(&it.rests));
        [earliest(&self.resting), cold].into_iter().flatten().min()
    }

    /// The members that pause, taken as one: probed when each is, over when the first is.
    pub(super) fn all_rest(&self) -> Option<Pause> {
        let until = earliest(&self.resting)?;
        self.resting.first().map(|it| Pause { probed: it.pause.probed, until })
    }

    /// The models that pause on every ready member. As one pause: probed when everything that
    /// would fit but for a pause is, over when the first of these is.
    pub(super) fn cold_everywhere(&self) -> impl Iterator<Item = (Arc<str>, Pause)> {
        let all = self.ready.len();
        self.cold.iter().filter(move |(_, it)| it.ranked.len() == all).filter_map(|(model, _)| {
            let probed = self.rests(model).next()?.pause.probed;
            let until = self.earliest(model)?;
            Some((Arc::clone(model), Pause { probed, until }))
        })
    }

    /// The member at a position among those that fit.
    fn nth(&self, model: &str, position: usize) -> Option<&Order<Id>> {
        let Some(cold) = self.cold.get(model) else { return self.ready.get(position) };
        // Among the first `at` ready ones, how many fit never falls as `at` grows: halve.
        let (mut low, mut high) = (position, position + cold.ranked.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let order = self.ready.get(middle)?;
            let fit = middle + 1 - cold.ranked.rank(order).map_or_else(|it| it, |it| it + 1);
            if fit > position {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        self.ready.get(low)
    }

    /// Its position among those that fit; none if it does not.
    fn position(&self, model: &str, order: &Order<Id>) -> Option<usize> {
        let position = self.ready.rank(order).ok()?;
        match self.cold.get(model).map(|it| it.ranked.rank(order)) {
            None => Some(position),
            Some(Err(cold_before)) => Some(position - cold_before),
            Some(Ok(_)) => None,
        }
    }
}

impl<Id> Default for Cold<Id> {
    fn default() -> Self {
        Self { ranked: Ranked::default(), rests: BTreeSet::new() }
    }
}

// === helpers ===

/// The models that pause now.
pub(super) fn cold_models(health: &Health, now: Timestamp) -> Vec<(Arc<str>, Pause)> {
    let mut cold: Vec<(Arc<str>, Pause)> = health
        .models
        .iter()
        .filter(|it| it.until > now)
        .map(|it| (it.model.as_str().into(), Pause { probed: it.probed, until: it.until }))
        .collect();
    one_each(&mut cold);
    cold
}

/// Keeps the longest pause of each model; of two that end together, the one not yet probed.
pub(super) fn one_each(cold: &mut Vec<(Arc<str>, Pause)>) {
    let place = |it: &Pause| (std::cmp::Reverse(it.until), it.probed);
    cold.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| place(&a.1).cmp(&place(&b.1))));
    cold.dedup_by(|later, kept| later.0 == kept.0);
}

/// The next moment at which something of its health ends.
pub(super) fn next_end(health: &Health, now: Timestamp) -> Option<Timestamp> {
    let cooling = health.cooling.iter().map(|it| it.until);
    cooling.chain(health.models.iter().map(|it| it.until)).filter(|it| *it > now).min()
}

/// The `draw`-th position that is not taken; `taken` is sorted.
fn nth_free(taken: &[usize], draw: usize) -> usize {
    taken.iter().fold(draw, |position, it| if *it <= position { position + 1 } else { position })
}

/// The end that comes first. The set is sorted within the probed and within the others.
fn earliest<Id: Ord + Clone>(rests: &BTreeSet<Rest<Id>>) -> Option<Timestamp> {
    let first = rests.first()?;
    let probed =
        Rest { pause: Pause { probed: true, until: Timestamp(i64::MIN) }, id: first.id.clone() };
    let first_probed = rests.range(probed..).next();
    [Some(first), first_probed].into_iter().flatten().map(|it| it.pause.until).min()
}

/// Two sorted runs as one.
fn merge<'a, T: Ord + 'a>(
    left: impl Iterator<Item = &'a T>,
    right: impl Iterator<Item = &'a T>,
) -> impl Iterator<Item = &'a T> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(a), Some(b)) if b < a => right.next(),
        (None, _) => right.next(),
        (Some(_), _) => left.next(),
    })
}

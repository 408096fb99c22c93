//! Random changes and asks: the pool and the naive reference must say the same.

use proptest::prelude::{any, proptest};

use super::reference::{Known, World};
use super::*;
use crate::clock::Entropy;

/// A pool under random changes, beside the plain records.
struct Run {
    pool: Pool,
    world: World,
    now: Timestamp,
    turn: u64,
    random: Rand,
    strategies: &'static [Strategy],
}

impl Run {
    fn new(seed: u64, strategies: &'static [Strategy]) -> Self {
        let random = Rand::seeded(seed);
        let strategy = strategies[random.below(strategies.len())];
        let world = World { strategy, ..World::default() };
        Self { pool: pool(strategy), world, now: NOW, turn: 0, random, strategies }
    }

    fn below(&self, bound: usize) -> usize {
        self.random.below(bound)
    }

    fn one_in(&self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    fn soon(&self) -> Timestamp {
        let ms = i64::try_from(self.below(20)).expect("small") * 1000;
        Timestamp(self.now.0 + ms - 5_000)
    }

    fn health(&self) -> Health {
        let mut health = Health::default();
        if self.one_in(3) {
            let probed = self.one_in(2);
            health.cooling = Some(Cooling { until: self.soon(), reason: "r".into(), probed });
        }
        for model in ["m", "n"] {
            if self.one_in(4) {
                let (until, probed) = (self.soon(), self.one_in(2));
                health.models.push(ModelCooling { model: model.into(), until, probed });
            }
        }
        health.successes = self.below(50) as u64;
        health.failures = self.below(50) as u64;
        health
    }

    fn account_id(&self) -> AccountId {
        format!("a{}", self.below(8)).into()
    }

    fn group_id(&self) -> GroupId {
        ["x", "y", "z"][self.below(3)].into()
    }

    fn strategy(&self) -> Strategy {
        self.strategies[self.below(self.strategies.len())]
    }

    fn upsert_account(&mut self) {
        let id = self.account_id();
        let pick = |of: usize| self.below(of);
        let mut groups: Vec<GroupId> = Vec::new();
        while self.one_in(2) {
            groups.push(self.group_id());
        }
        let status = [Status::Error, Status::NeedsLogin, Status::NoKeys];
        let is_pool = id.as_str() < "a4";
        let mut new = Account {
            kind: if is_pool { Kind::ApiKey } else { Kind::Manual },
            endpoint: Endpoint::ALL[[0, 0, 0, 1, 2, 3][pick(6)]],
            priority: [0, 0, 1, 100][pick(4)],
            groups,
            enabled: !self.one_in(8),
            schedulable: !self.one_in(6),
            status: status.get(pick(20)).copied().unwrap_or(Status::Active),
            max_concurrency: [0, 0, 1, 2][pick(4)],
            subscription_expires_at: self.one_in(6).then(|| self.soon()),
            created_at: later(pick(3) as i64),
            last_used_at: self.one_in(2).then(|| self.soon()),
            health: self.health(),
            key_strategy: self.strategy(),
            uses: pick(4) as u64,
            tokens_used: pick(4) as u64,
            token_budget: self.one_in(2).then(|| pick(6) as u64),
            ..account(id.as_str())
        };
        self.pool.upsert_account(new.clone());
        match self.world.accounts.iter_mut().find(|it| it.account.id == id) {
            Some(known) => {
                new.last_used_at = new.last_used_at.max(known.account.last_used_at);
                new.uses = new.uses.max(known.account.uses);
                new.tokens_used = new.tokens_used.max(known.account.tokens_used);
                known.account = new;
            }
            None => self.world.accounts.push(Known { account: new, in_flight: 0, turn: 0 }),
        }
    }

    fn upsert_key(&mut self) {
        let (account, at) = (self.below(4), self.below(3));
        let status = [KeyStatus::Disabled, KeyStatus::Banned, KeyStatus::Error];
        let new = Key {
            status: status.get(self.below(9)).copied().unwrap_or(KeyStatus::Active),
            health: self.health(),
            ..key(&format!("a{account}"), &format!("k{account}{at}"))
        };
        self.pool.upsert_key(new.clone());
        self.world.keys.retain(|it| it.0.id != new.id);
        self.world.keys.push((new, 0));
    }

    fn change(&mut self) {
        match self.below(20) {
            0..=4 => self.upsert_account(),
            5..=8 => self.upsert_key(),
            9 => {
                let id = self.account_id();
                self.pool.remove_account(&id);
                self.world.accounts.retain(|it| it.account.id != id);
                self.world.keys.retain(|it| it.0.account_id != id);
            }
            10 => {
                let id: KeyId = format!("k{}{}", self.below(4), self.below(3)).into();
                self.pool.remove_key(&id);
                self.world.keys.retain(|it| it.0.id != id);
            }
            11 | 12 => {
                let priority = u32::try_from(self.below(2)).expect("small");
                let group = group(self.group_id().as_str(), priority, self.strategy());
                self.pool.upsert_group(group.clone());
                self.world.groups.retain(|it| it.id != group.id);
                self.world.groups.push(group);
            }
            13 => {
                let id = self.group_id();
                self.pool.remove_group(&id);
                self.world.groups.retain(|it| it.id != id);
            }
            14 => {
                let (id, in_flight) = (self.account_id(), [0, 1, 2][self.below(3)]);
                self.pool.set_in_flight(&id, in_flight);
                for it in self.world.accounts.iter_mut().filter(|it| it.account.id == id) {
                    it.in_flight = in_flight;
                }
            }
            15 => {
                self.world.strategy = self.strategy();
                self.pool.set_scheduling(&scheduling(self.world.strategy));
            }
            16..=18 => {
                self.now = Timestamp(self.now.0 + [0, 1, 999, 3_000, 20_000][self.below(5)]);
            }
            _ => self.used(&self.account_id(), None),
        }
    }

    fn used(&mut self, id: &AccountId, key: Option<&KeyId>) {
        self.pool.used(id, key, self.now);
        self.turn += 1;
        for it in self.world.accounts.iter_mut().filter(|it| it.account.id == *id) {
            it.account.last_used_at = it.account.last_used_at.max(Some(self.now));
            it.account.uses += 1;
            it.turn = self.turn;
        }
    }

    /// Asks something random of both and compares.
    fn compare(&mut self) {
        let fallback = self.one_in(2);
        let binding = match self.below(4) {
            0 => Binding::Account { id: self.account_id(), fallback },
            1 => Binding::Group { id: self.group_id(), fallback },
            _ => Binding::Any,
        };
        let key = Some(format!("k{}{}", self.below(4), self.below(3)).into());
        let sticky = self.one_in(2).then(|| Sticky { account: self.account_id(), key });
        let exclude: Vec<AccountId> = (0..self.below(4)).map(|_| self.account_id()).collect();
        let ask = Ask {
            endpoint: Endpoint::ALL[self.below(4)],
            model: ["m", "n", "o"][self.below(3)],
            binding: &binding,
            sticky: sticky.as_ref(),
            exclude: &exclude,
            exclude_keys: &[],
            limit: 1 + self.below(4),
        };
        let explanation = self.pool.explain(&ask, self.now);
        let answer = self.pool.pick(&ask, self.now, &self.random);
        self.check_explanation(&ask, &explanation, &answer);
        match answer {
            Ok(found) if found.iter().any(|it| it.probe) => self.check_probe(&ask, &found),
            Ok(found) => self.check_found(&ask, &found),
            Err(refusal) => self.check_refusal(&ask, &refusal, &explanation),
        }
    }

    fn check_found(&mut self, ask: &Ask<'_>, found: &[Candidate]) {
        let ids: Vec<AccountId> = found.iter().map(|it| it.account.clone()).collect();
        let expected = self.world.pick(ask, self.now);
        if self.strategies.contains(&Strategy::Random) {
            let all = self.world.pick(&Ask { limit: 99, ..*ask }, self.now);
            assert_eq!(ids.len(), all.len().min(ask.limit));
            assert!(ids.iter().all(|it| all.contains(it)), "{ids:?} of {all:?}");
        } else {
            assert_eq!(ids, expected);
        }
        for it in found {
            let known = self.known(&it.account);
            assert_eq!(it.key.is_some(), known.account.kind == Kind::ApiKey);
            let sticky = ask.sticky.filter(|sticky| sticky.account == it.account);
            assert_eq!(it.sticky, sticky.is_some());
            let Some(key) = &it.key else { continue };
            assert!(self.world.key_fits(key, ask.model, self.now));
            assert!(self.world.keys_of(&it.account).any(|it| it.id == *key));
            if let Some(own) = sticky.and_then(|it| it.key.as_ref())
                && self.world.keys_of(&it.account).any(|it| it.id == *own)
                && self.world.key_fits(own, ask.model, self.now)
            {
                assert_eq!(key, own);
            }
        }
        let first = found[0].clone();
        self.used(&first.account, first.key.as_ref());
    }

    fn check_probe(&mut self, ask: &Ask<'_>, found: &[Candidate]) {
        assert!(self.world.pick(ask, self.now).is_empty());
        let [it] = found else { panic!("one probe: {found:?}") };
        assert_eq!(Some(&it.account), self.world.probe(ask, self.now).as_ref());
        assert_eq!(it.key.is_some(), self.known(&it.account).account.kind == Kind::ApiKey);
        for known in self.world.accounts.iter_mut().filter(|known| known.account.id == it.account) {
            known.account.health.mark_probed(ask.model);
        }
        for (key, _) in self.world.keys.iter_mut().filter(|key| Some(&key.0.id) == it.key.as_ref())
        {
            assert_eq!(key.status, KeyStatus::Active);
            key.health.mark_probed(ask.model);
        }
    }

    fn check_refusal(&self, ask: &Ask<'_>, refusal: &Refusal, explanation: &Explanation) {
        assert!(self.world.pick(ask, self.now).is_empty());
        assert_eq!(self.world.probe(ask, self.now), None);
        let full = refusal.reason_counts.contains_key("full");
        let slot = full.then(|| Timestamp(self.now.0 + 1000));
        let earliest = [self.world.earliest(ask, self.now), slot].into_iter().flatten().min();
        assert_eq!(refusal.earliest, earliest, "{}", refusal.message);
        let fallback = matches!(
            ask.binding,
            Binding::Account { fallback: true, .. } | Binding::Group { fallback: true, .. }
        );
        // With a fallback the bound account is counted as the pool sees it.
        if !fallback {
            let mut counts = std::collections::BTreeMap::new();
            for reason in explanation.accounts.iter().filter_map(|it| it.skipped.as_ref()) {
                if *reason != SkipReason::NotBound {
                    *counts.entry(reason.word()).or_insert(0) += 1;
                }
            }
            assert_eq!(refusal.reason_counts, counts);
        }
    }

    fn check_explanation(
        &self,
        ask: &Ask<'_>,
        explanation: &Explanation,
        answer: &Result<Vec<Candidate>, Refusal>,
    ) {
        let accounts = &explanation.accounts;
        assert_eq!(accounts.len(), self.world.accounts.len());
        let positions: Vec<_> = accounts.iter().filter_map(|it| it.position).collect();
        let chosen = answer.as_ref().map_or(&[][..], |it| it);
        assert_eq!(positions, (1..=chosen.len()).collect::<Vec<_>>());
        let tried = accounts.iter().take(chosen.len());
        if !self.strategies.contains(&Strategy::Random) {
            for (it, candidate) in tried.zip(chosen) {
                assert_eq!((&it.account, it.probe), (&candidate.account, candidate.probe));
            }
        }
        for it in accounts {
            assert_eq!(it.position.is_none(), it.skipped.is_some());
            if let Some(reason) = &it.skipped {
                assert!(self.is_true(reason, self.known(&it.account), ask), "{it:?}");
            }
        }
    }

    /// Whether a reason really holds.
    fn is_true(&self, reason: &SkipReason, known: &Known, ask: &Ask<'_>) -> bool {
        let (it, now) = (&known.account, self.now);
        let mut scopes = self.world.scopes(ask.binding).into_iter().flatten();
        let bound = scopes.find(|(other, _)| other.account.id == it.id).map(|it| it.1);
        let fits = || bound.is_some_and(|bound| self.world.fits(known, ask, bound, now));
        match reason {
            SkipReason::NotBound => bound.is_none(),
            SkipReason::Endpoint { serves } => *serves == it.endpoint && !it.serves(ask.endpoint),
            SkipReason::Disabled => !it.enabled,
            SkipReason::NotSchedulable => !it.schedulable && bound == Some(false),
            SkipReason::NeedsLogin => it.status == Status::NeedsLogin,
            SkipReason::Error => it.status == Status::Error,
            SkipReason::NoKeys => {
                it.status == Status::NoKeys
                    || it.kind == Kind::ApiKey
                        && self.world.keys_of(&it.id).all(|it| it.status != KeyStatus::Active)
            }
            SkipReason::SubscriptionExpired { since } => *since <= now,
            SkipReason::Full { in_flight, max } => {
                *in_flight == known.in_flight && *max == it.max_concurrency && in_flight >= max
            }
            SkipReason::Cooling { until, .. } | SkipReason::ModelCooling { until } => {
                self.world.rest(known, ask.model, now).is_some_and(|it| it.1 == *until)
            }
            SkipReason::Excluded => ask.exclude.contains(&it.id),
            SkipReason::Behind | SkipReason::LowerTier => fits(),
        }
    }

    fn known(&self, id: &AccountId) -> &Known {
        self.world.accounts.iter().find(|it| it.account.id == *id).expect("known")
    }

    /// Takes everything out again: nothing may stay behind in any index.
    fn empty(mut self) {
        for at in 0..8 {
            self.pool.remove_account(&format!("a{at}").into());
        }
        for key in &self.world.keys {
            self.pool.remove_key(&key.0.id);
        }
        let index = format!("{:?}", self.pool.index);
        assert_eq!(index, format!("{:?}", index::Index::default()));
        assert!(self.pool.members.is_empty() && self.pool.homes.is_empty());
        assert_eq!(self.pool.rings.values().flat_map(Ring::keys).count(), 0);
    }
}

fn run(seed: u64, steps: usize, strategies: &'static [Strategy]) {
    let mut run = Run::new(seed, strategies);
    for _ in 0..12 {
        run.upsert_account();
        run.upsert_key();
    }
    for _ in 0..steps {
        run.change();
        run.compare();
    }
    run.empty();
}

proptest! {
    #[test]
    fn the_answer_is_that_of_the_naive_selection(seed in any::<u64>(), steps in 1..60_usize) {
        run(seed, steps, &STRATEGIES[..7]);
    }

    #[test]
    fn chance_never_chooses_one_that_is_out(seed in any::<u64>(), steps in 1..60_usize) {
        run(seed, steps, &STRATEGIES);
    }
}

//! The naive selection: walk over everything, filter, sort. Written from the rules, not from the
//! code under test.

use super::*;

/// Records as a person would list them.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) strategy: Strategy,
    pub(super) accounts: Vec<Known>,
    pub(super) keys: Vec<(Key, u64)>,
    pub(super) groups: Vec<Group>,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) account: Account,
    pub(super) in_flight: u32,
    pub(super) turn: u64,
}

/// A pause: whether its probe is out, when it ends.
type Rest = (bool, Timestamp);

impl World {
    pub(super) fn keys_of(&self, id: &AccountId) -> impl Iterator<Item = &Key> {
        let id = id.clone();
        self.keys.iter().map(|it| &it.0).filter(move |it| it.account_id == id)
    }

    /// Nothing but a pause may keep it out.
    pub(super) fn sound(&self, known: &Known, ask: &Ask<'_>, bound: bool, now: Timestamp) -> bool {
        let it = &known.account;
        let paired = [Endpoint::Anthropic, Endpoint::OpenAi];
        let general = !paired.contains(&ask.endpoint);
        (general || paired.contains(&it.endpoint))
            && it.enabled
            && (it.schedulable || bound)
            && it.status == Status::Active
            && it.subscription_expires_at.is_none_or(|end| end > now)
            && (it.max_concurrency == 0 || known.in_flight < it.max_concurrency)
            && (it.kind != Kind::ApiKey
                || self.keys_of(&it.id).any(|key| key.status == KeyStatus::Active))
    }

    /// The pause that holds it back.
    pub(super) fn rest(&self, known: &Known, model: &str, now: Timestamp) -> Option<Rest> {
        let it = &known.account;
        let whole = |health: &Health| health.cooling_at(now).map(|it| (it.probed, it.until));
        let part =
            |health: &Health| health.model_cooling_at(model, now).map(|it| (it.probed, it.until));
        let is_pool = it.kind == Kind::ApiKey;
        let active: Vec<&Key> =
            self.keys_of(&it.id).filter(|key| is_pool && key.status == KeyStatus::Active).collect();
        let as_one = |rests: Vec<Option<Rest>>| -> Option<Rest> {
            let rests: Vec<Rest> = rests.into_iter().collect::<Option<_>>()?;
            let until = rests.iter().map(|it| it.1).min()?;
            Some((rests.iter().all(|it| it.0), until))
        };
        let keys_whole = as_one(active.iter().map(|key| whole(&key.health)).collect());
        if let Some((probed, until)) = whole(&it.health) {
            return Some((probed, keys_whole.map_or(until, |keys| keys.1.max(until))));
        }
        if keys_whole.is_some() {
            return keys_whole;
        }
        let keys = active.iter().map(|key| whole(&key.health).or_else(|| part(&key.health)));
        [part(&it.health), as_one(keys.collect())]
            .into_iter()
            .flatten()
            .max_by_key(|it| (it.1, !it.0))
    }

    pub(super) fn fits(&self, known: &Known, ask: &Ask<'_>, bound: bool, now: Timestamp) -> bool {
        self.sound(known, ask, bound, now)
            && self.rest(known, ask.model, now).is_none()
            && !ask.exclude.contains(&known.account.id)
    }

    pub(super) fn key_fits(&self, id: &KeyId, model: &str, now: Timestamp) -> bool {
        self.keys.iter().any(|(key, _)| {
            key.id == *id
                && key.status == KeyStatus::Active
                && key.health.cooling_at(now).is_none()
                && key.health.model_cooling_at(model, now).is_none()
        })
    }

    /// Who is in each part of the pool that the binding opens; bound ones with true.
    pub(super) fn scopes(&self, binding: &Binding) -> Vec<Vec<(&Known, bool)>> {
        let all = || self.accounts.iter().map(|it| (it, false)).collect::<Vec<_>>();
        let (first, fallback) = match binding {
            Binding::Any => return vec![all()],
            Binding::Account { id, fallback } => {
                let one = self.accounts.iter().filter(|it| it.account.id == *id);
                (one.map(|it| (it, true)).collect(), fallback)
            }
            Binding::Group { id, fallback } => {
                let exists = self.groups.iter().any(|it| it.id == *id);
                let mut all = all();
                all.retain(|(it, _)| exists && it.account.groups.contains(id));
                (all, fallback)
            }
        };
        if *fallback { vec![first, all()] } else { vec![first] }
    }

    /// The accounts to try, in order, for strategies without chance.
    pub(super) fn pick(&self, ask: &Ask<'_>, now: Timestamp) -> Vec<AccountId> {
        let mut found: Vec<AccountId> = Vec::new();
        for (at, scope) in self.scopes(ask.binding).into_iter().enumerate() {
            let mut fitting: Vec<&Known> = scope
                .into_iter()
                .filter(|(it, bound)| self.fits(it, ask, *bound, now))
                .map(|it| it.0)
                .collect();
            let only = match ask.binding {
                Binding::Group { id, .. } if at == 0 => Some(id),
                Binding::Any | Binding::Account { .. } | Binding::Group { .. } => None,
            };
            for (tier, strategy) in self.tiers(only) {
                let mut members: Vec<&Known> =
                    fitting.iter().copied().filter(|it| self.counts_in(it, tier)).collect();
                members.sort_by_key(|it| rank(&it.account, it.turn, strategy));
                found.extend(members.iter().map(|it| it.account.id.clone()));
                fitting.retain(|it| !found.contains(&it.account.id));
            }
        }
        let mut unique: Vec<AccountId> = Vec::new();
        for id in found {
            if !unique.contains(&id) {
                unique.push(id);
            }
        }
        if let Some(sticky) = ask.sticky
            && let Some(at) = unique.iter().position(|it| *it == sticky.account)
        {
            let id = unique.remove(at);
            unique.insert(0, id);
        }
        unique.truncate(ask.limit);
        unique
    }

    /// The one to probe.
    pub(super) fn probe(&self, ask: &Ask<'_>, now: Timestamp) -> Option<AccountId> {
        self.scopes(ask.binding).into_iter().find_map(|scope| {
            let rests = scope
                .into_iter()
                .filter(|(it, bound)| self.sound(it, ask, *bound, now))
                .filter(|(it, _)| !ask.exclude.contains(&it.account.id))
                .filter_map(|(it, _)| Some((self.rest(it, ask.model, now)?, &it.account.id)))
                .filter(|(rest, _)| !rest.0);
            rests.min_by_key(|(rest, id)| (rest.1, (*id).clone())).map(|it| it.1.clone())
        })
    }

    /// When the first pause of all that alone keep an account out ends.
    pub(super) fn earliest(&self, ask: &Ask<'_>, now: Timestamp) -> Option<Timestamp> {
        let scopes = self.scopes(ask.binding).into_iter().flatten();
        scopes
            .filter(|(it, bound)| self.sound(it, ask, *bound, now))
            .filter_map(|(it, _)| self.rest(it, ask.model, now))
            .map(|it| it.1)
            .min()
    }

    fn tiers(&self, only: Option<&GroupId>) -> Vec<(Option<&Group>, Strategy)> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|it| (it.priority, it.created_at, it.id.clone()));
        groups.retain(|it| only.is_none_or(|only| it.id == *only));
        let mut tiers: Vec<_> = groups.into_iter().map(|it| (Some(it), it.strategy)).collect();
        if only.is_none() {
            tiers.push((None, self.strategy));
        }
        tiers
    }

    fn counts_in(&self, known: &Known, tier: Option<&Group>) -> bool {
        let groups = &known.account.groups;
        match tier {
            Some(group) => groups.contains(&group.id),
            None => !self.groups.iter().any(|it| groups.contains(&it.id)),
        }
    }
}

type Rank = (i128, Option<Timestamp>, u64, Timestamp, AccountId);

fn rank(it: &Account, turn: u64, strategy: Strategy) -> Rank {
    let health = &it.health;
    let first = match strategy {
        Strategy::PriorityLru | Strategy::FillFirst => i128::from(it.priority),
        Strategy::RoundRobin | Strategy::Random => 0,
        Strategy::LeastUsed => i128::from(it.uses),
        Strategy::LeastTokenUsed => i128::from(it.tokens_used),
        Strategy::MaxRemaining => match it.token_budget {
            None => i128::MIN,
            Some(budget) => -(i128::from(budget) - i128::from(it.tokens_used)).max(0),
        },
        Strategy::WeightedScore => {
            let (good, bad) = (i128::from(health.successes), i128::from(health.failures));
            (i128::from(it.uses) + 1) * 1000 * (good + bad + 2) / (good + 1)
        }
    };
    let moves = !matches!(strategy, Strategy::FillFirst | Strategy::Random);
    let (used, turn) = if moves { (it.last_used_at, turn) } else { (None, 0) };
    (first, used, turn, it.created_at, it.id.clone())
}

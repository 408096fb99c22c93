//! What selection promises, example by example, and against a naive reference.

mod examples;
mod property;
mod reference;
mod strategies;

use droid_protocol::dialect::Endpoint;

use super::account::*;
use super::*;
use crate::clock::Rand;
use crate::config::Config;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const STRATEGIES: [Strategy; 8] = [
    Strategy::PriorityLru,
    Strategy::RoundRobin,
    Strategy::LeastUsed,
    Strategy::LeastTokenUsed,
    Strategy::MaxRemaining,
    Strategy::WeightedScore,
    Strategy::FillFirst,
    Strategy::Random,
];

fn later(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

fn scheduling(strategy: Strategy) -> Scheduling {
    Scheduling { strategy, ..Config::default().scheduling }
}

fn pool(strategy: Strategy) -> Pool {
    Pool::new(&scheduling(strategy))
}

/// An account in no group that anything may go to; `id` sorts as it was made.
fn account(id: &str) -> Account {
    Account {
        id: id.into(),
        name: format!("name of {id}"),
        kind: Kind::WorkosOauth,
        endpoint: Endpoint::Anthropic,
        priority: 50,
        groups: Vec::new(),
        enabled: true,
        schedulable: true,
        status: Status::Active,
        error: None,
        max_concurrency: 0,
        has_proxy: false,
        user_agent: None,
        owner_email: None,
        owner_name: None,
        user_id: None,
        organization_id: None,
        subscription_expires_at: None,
        created_at: NOW,
        last_used_at: None,
        last_refresh_at: None,
        token_expires_at: None,
        health: Health::default(),
        key_strategy: Strategy::Random,
        uses: 0,
        tokens_used: 0,
        token_budget: None,
        revision: 1,
    }
}

fn key(account: &str, id: &str) -> Key {
    Key {
        id: id.into(),
        account_id: account.into(),
        hash: id.to_owned(),
        tail: "…cdef".to_owned(),
        status: KeyStatus::Active,
        error: None,
        health: Health::default(),
        created_at: NOW,
        last_used_at: None,
        uses: 0,
        tokens_used: 0,
        revision: 1,
    }
}

fn group(id: &str, priority: u32, strategy: Strategy) -> Group {
    let name = format!("group {id}");
    Group { id: id.into(), name, priority, strategy, created_at: NOW, revision: 1 }
}

fn cooling(until: Timestamp) -> Health {
    let cooling = Cooling { until, reason: "a reason".to_owned(), probed: false };
    Health { cooling: Some(cooling), ..Health::default() }
}

fn model_cooling(model: &str, until: Timestamp) -> Health {
    let pause = ModelCooling { model: model.to_owned(), until, probed: false };
    Health { models: vec![pause], ..Health::default() }
}

fn ask(binding: &Binding) -> Ask<'_> {
    Ask {
        endpoint: Endpoint::Anthropic,
        model: "m",
        binding,
        sticky: None,
        exclude: &[],
        exclude_keys: &[],
        limit: 1,
    }
}

/// Ids of the candidates, or the refusal.
fn pick(pool: &mut Pool, ask: &Ask<'_>, now: Timestamp) -> Result<Vec<String>, Refusal> {
    let found = pool.pick(ask, now, &Rand::seeded(1))?;
    Ok(found.into_iter().map(|it| it.account.to_string()).collect())
}

fn refused(pool: &mut Pool, ask: &Ask<'_>, now: Timestamp) -> Refusal {
    pool.pick(ask, now, &Rand::seeded(1)).expect_err("nobody fits")
}

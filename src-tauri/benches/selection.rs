//! How long one choice takes, from 10 to 100,000 accounts.
//!
//! Owns: the numbers that show selection does not grow with the number of accounts.
//! Must not know: anything outside of `pool`.
//!
//! `cargo bench --bench selection` prints a line per case: nanoseconds for one `pick` and `used`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use droid_protocol::dialect::Endpoint;
use droid_provider::clock::{Rand, Timestamp};
use droid_provider::config::Config;
use droid_provider::ids::AccountId;
use droid_provider::pool::account::{
    Account, Cooling, Health, Key, KeyStatus, Kind, ModelCooling, Status, Strategy,
};
use droid_provider::pool::{Ask, Binding, Pool};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const END: Timestamp = Timestamp(1_900_000_000_000);
const ROUNDS: i64 = 200_000;

/// What keeps 99 of 100 accounts out.
#[derive(Clone, Copy, Debug)]
enum Out {
    None,
    Cooling,
    Model,
    Disabled,
    Full,
}

fn main() {
    for strategy in [Strategy::PriorityLru, Strategy::Random, Strategy::WeightedScore] {
        for out in [Out::None, Out::Cooling, Out::Model, Out::Disabled, Out::Full] {
            for n in [10, 1_000, 100_000] {
                let mut pool = accounts(n, strategy, out);
                report(&format!("{strategy:?}, {n} accounts, out: {out:?}"), &mut pool);
            }
        }
    }
    for strategy in [Strategy::Random, Strategy::PriorityLru] {
        for out in [Out::None, Out::Cooling, Out::Model] {
            let mut pool = keys(100_000, strategy, out);
            report(&format!("{strategy:?}, 1 pool of 100000 keys, out: {out:?}"), &mut pool);
        }
    }
    refusals();
}

fn report(name: &str, pool: &mut Pool) {
    let (binding, entropy) = (Binding::Any, Rand::seeded(1));
    let ask = Ask {
        endpoint: Endpoint::Anthropic,
        model: "claude-sonnet-4-5-20250929",
        binding: &binding,
        sticky: None,
        exclude: &[],
        exclude_keys: &[],
        limit: 3,
    };
    let mut chosen = 0;
    let per_round = timed(|round| {
        let now = Timestamp(NOW.0 + round / 100);
        if let Some(first) =
            pool.pick(&ask, now, &entropy).ok().and_then(|it| it.into_iter().next())
        {
            pool.used(&first.account, first.key.as_ref(), now);
            chosen += 1;
        }
    });
    println!("{name:<60} {per_round:>8} ns per pick+used ({chosen} chosen)");
}

/// All pause and are probed: the answer is a refusal with counts.
fn refusals() {
    for n in [10, 100_000] {
        let mut pool = accounts(0, Strategy::PriorityLru, Out::None);
        for at in 0..n {
            let cooling = Cooling { until: END, reason: "429".to_owned(), probed: true };
            let health = Health { cooling: Some(cooling), ..Health::default() };
            pool.upsert_account(Account { health, ..account(at) });
        }
        report(&format!("refusal, {n} accounts, all cooling"), &mut pool);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed(mut work: impl FnMut(i64)) -> u128 {
    let start = std::time::Instant::now();
    for round in 0..ROUNDS {
        work(round);
    }
    start.elapsed().as_nanos() / u128::from(ROUNDS.unsigned_abs())
}

fn accounts(n: u32, strategy: Strategy, out: Out) -> Pool {
    let mut scheduling = Config::default().scheduling;
    scheduling.strategy = strategy;
    let mut pool = Pool::new(&scheduling);
    for at in 0..n {
        let mut account = account(at);
        // At least one is in; the others stand before it in every order.
        if at % 100 != 99 && at + 1 != n {
            match out {
                Out::None => {}
                Out::Disabled => account.enabled = false,
                Out::Full => account.max_concurrency = 1,
                Out::Cooling | Out::Model => account.health = health(out),
            }
        }
        let id = account.id.clone();
        let full = account.max_concurrency == 1;
        pool.upsert_account(account);
        if full {
            pool.set_in_flight(&id, pool.in_flight(&id) + 1);
        }
    }
    pool
}

fn keys(n: u32, strategy: Strategy, out: Out) -> Pool {
    let mut pool = Pool::new(&Config::default().scheduling);
    pool.upsert_account(Account { kind: Kind::ApiKey, key_strategy: strategy, ..account(0) });
    for at in 0..n {
        let id = format!("key-{at:08}");
        pool.upsert_key(Key {
            id: id.as_str().into(),
            account_id: account_id(0),
            hash: id,
            tail: "…cdef".to_owned(),
            status: KeyStatus::Active,
            error: None,
            health: if at % 100 == 99 { Health::default() } else { health(out) },
            created_at: NOW,
            last_used_at: None,
            uses: 0,
            tokens_used: 0,
            revision: 1,
        });
    }
    pool
}

fn health(out: Out) -> Health {
    let mut health = Health::default();
    match out {
        Out::Cooling => {
            health.cooling = Some(Cooling { until: END, reason: "429".to_owned(), probed: false });
        }
        Out::Model => health.models.push(ModelCooling {
            model: "claude-sonnet-4-5-20250929".to_owned(),
            until: END,
            probed: false,
        }),
        Out::None | Out::Disabled | Out::Full => {}
    }
    health
}

fn account_id(at: u32) -> AccountId {
    format!("0b8f3c1e-6a57-4d0c-9c53-{at:012}").into()
}

fn account(at: u32) -> Account {
    Account {
        id: account_id(at),
        name: format!("account {at}"),
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

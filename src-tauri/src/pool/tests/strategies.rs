//! Each strategy over many requests.

use std::collections::BTreeMap;

use super::*;

/// Picks and uses `rounds` times at moments `step` apart; who was used how often.
fn run(pool: &mut Pool, rounds: usize, step: i64) -> BTreeMap<String, usize> {
    let (entropy, any) = (Rand::seeded(7), Binding::Any);
    let mut counts = BTreeMap::new();
    for round in 0..rounds {
        let now = later(i64::try_from(round).expect("small") * step);
        let found = pool.pick(&ask(&any), now, &entropy).expect("found").remove(0);
        pool.used(&found.account, found.key.as_ref(), now);
        let name = found.key.map_or(found.account.to_string(), |it| it.to_string());
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn twenty(strategy: Strategy) -> Pool {
    let mut pool = pool(strategy);
    for at in 0..20 {
        pool.upsert_account(account(&format!("a{at:02}")));
    }
    pool
}

#[test]
fn fair_strategies_use_equal_accounts_equally_often() {
    for strategy in [
        Strategy::PriorityLru,
        Strategy::RoundRobin,
        Strategy::LeastUsed,
        Strategy::LeastTokenUsed,
        Strategy::MaxRemaining,
        Strategy::WeightedScore,
    ] {
        // Step 0: all within one millisecond, as under load.
        for step in [0, 1, 1000] {
            let counts = run(&mut twenty(strategy), 20 * 7, step);
            assert_eq!(counts.len(), 20, "{strategy:?}");
            assert!(counts.values().all(|it| *it == 7), "{strategy:?} {step}: {counts:?}");
        }
    }
}

#[test]
fn the_keys_of_a_pool_follow_the_same_strategies() {
    for key_strategy in [Strategy::PriorityLru, Strategy::RoundRobin, Strategy::LeastUsed] {
        let mut pool = pool(Strategy::PriorityLru);
        pool.upsert_account(Account { kind: Kind::ApiKey, key_strategy, ..account("p") });
        for at in 0..20 {
            pool.upsert_key(key("p", &format!("k{at:02}")));
        }
        let counts = run(&mut pool, 20 * 7, 0);
        assert!(counts.len() == 20 && counts.values().all(|it| *it == 7), "{counts:?}");
        pool.upsert_account(Account {
            kind: Kind::ApiKey,
            key_strategy: Strategy::FillFirst,
            ..account("p")
        });
        assert_eq!(run(&mut pool, 9, 0), [("k00".to_owned(), 9)].into());
    }
}

#[test]
fn fill_first_uses_one_until_it_is_out() {
    let mut pool = twenty(Strategy::FillFirst);
    assert_eq!(run(&mut pool, 50, 1), [("a00".to_owned(), 50)].into());
    pool.upsert_account(Account { health: cooling(later(900_000)), ..account("a00") });
    assert_eq!(run(&mut pool, 50, 1), [("a01".to_owned(), 50)].into());
}

/// Chi-square with 19 degrees of freedom stays below 50 in all but 1 of 10,000 runs.
fn is_even(counts: &BTreeMap<String, usize>, expected: f64) {
    let deviation = |it: &usize| {
        let count = f64::from(u32::try_from(*it).expect("small"));
        (count - expected).powi(2) / expected
    };
    assert_eq!(counts.len(), 20);
    let chi_square: f64 = counts.values().map(deviation).sum();
    assert!(chi_square < 50.0, "{chi_square}: {counts:?}");
}

#[test]
fn random_is_even_over_accounts_that_fit() {
    let mut pool = twenty(Strategy::Random);
    for at in 0..30 {
        let health = match at % 3 {
            0 => cooling(later(1_000_000)),
            _ => model_cooling("m", later(1_000_000)),
        };
        pool.upsert_account(Account { health, ..account(&format!("b{at}")) });
        let health = model_cooling("m", later(1_000_000));
        // Before, between and after the others in the order.
        let created_at = later(at - 15);
        pool.upsert_account(Account { health, created_at, ..account(&format!("{at}")) });
    }
    is_even(&run(&mut pool, 20_000, 1), 1000.0);
}

#[test]
fn random_is_even_over_keys() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(Account { kind: Kind::ApiKey, ..account("p") });
    for at in 0..40 {
        let health =
            if at % 2 == 0 { model_cooling("m", later(1_000_000)) } else { Health::default() };
        pool.upsert_key(Key { health, ..key("p", &format!("k{at:02}")) });
    }
    is_even(&run(&mut pool, 20_000, 1), 1000.0);
}

#[test]
fn random_offers_each_account_once_in_one_answer() {
    let (mut pool, any, entropy) = (twenty(Strategy::Random), Binding::Any, Rand::seeded(3));
    let exclude = ["a03".into(), "a19".into()];
    for _ in 0..200 {
        let ask = Ask { limit: 99, exclude: &exclude, ..ask(&any) };
        let mut ids: Vec<_> = pool.pick(&ask, NOW, &entropy).expect("found");
        ids.sort_by(|a, b| a.account.cmp(&b.account));
        ids.dedup();
        assert_eq!(ids.len(), 18);
        assert!(ids.iter().all(|it| !exclude.contains(&it.account)));
    }
}

#[test]
fn the_least_used_and_the_least_spent_come_first() {
    let mut pool = pool(Strategy::LeastUsed);
    pool.upsert_account(Account { uses: 5, tokens_used: 1, ..account("a") });
    pool.upsert_account(Account { uses: 3, tokens_used: 9, ..account("b") });
    let any = Binding::Any;
    assert_eq!(pick(&mut pool, &ask(&any), NOW).expect("found"), ["b"]);
    pool.set_scheduling(&scheduling(Strategy::LeastTokenUsed));
    assert_eq!(pick(&mut pool, &ask(&any), NOW).expect("found"), ["a"]);
    pool.spent(&"a".into(), None, 100);
    assert_eq!(pick(&mut pool, &ask(&any), NOW).expect("found"), ["b"]);
}

#[test]
fn max_remaining_asks_the_unlimited_then_the_one_with_most_left() {
    let mut pool = pool(Strategy::MaxRemaining);
    for (id, tokens_used, token_budget) in
        [("a", 90, Some(100)), ("b", 500, Some(1000)), ("c", 999_999, None), ("d", 9, Some(5))]
    {
        pool.upsert_account(Account { tokens_used, token_budget, ..account(id) });
    }
    let any = Binding::Any;
    let ask = Ask { limit: 9, ..ask(&any) };
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["c", "b", "a", "d"]);
}

#[test]
fn weighted_score_shares_by_success_and_follows_its_change() {
    let mut pool = pool(Strategy::WeightedScore);
    let tried = |successes, failures| Health { successes, failures, ..Health::default() };
    pool.upsert_account(Account { health: tried(998, 0), ..account("good") });
    pool.upsert_account(Account { health: tried(499, 499), ..account("poor") });
    let counts = run(&mut pool, 3000, 1);
    let poor = counts.get("poor").copied().unwrap_or(0);
    assert!((950..=1050).contains(&poor), "half the ratio, half the share: {counts:?}");
    pool.upsert_account(Account { health: tried(10, 990), ..account("good") });
    pool.upsert_account(Account { health: tried(900, 0), ..account("poor") });
    let counts = run(&mut pool, 1000, 1);
    assert_eq!(counts.get("good"), None, "{counts:?}");
}

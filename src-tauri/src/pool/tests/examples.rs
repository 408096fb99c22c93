//! What a person would expect, one example each.

use std::time::Duration;

use super::*;
use crate::error::Error;

fn bound(text: &str) -> Binding {
    Binding::parse(text).expect("a binding")
}

fn sticky(account: &str, key: Option<&str>) -> Sticky {
    Sticky { account: account.into(), key: key.map(KeyId::from) }
}

#[test]
fn a_binding_is_read_as_it_is_written() {
    for text in ["", "acc", "acc?fallback", "group:team", "group:team?fallback"] {
        assert_eq!(bound(text).to_string(), text);
    }
    assert_eq!(bound("group:a"), Binding::Group { id: "a".into(), fallback: false });
    for text in ["group:", "?fallback", "group:?fallback", "acc?maybe", "a b"] {
        assert!(matches!(Binding::parse(text), Err(Error::Invalid { .. })), "{text}");
    }
}

#[test]
fn the_endpoints_of_a_reach_are_served_by_the_same_accounts() {
    for endpoint in Endpoint::ALL {
        for made_for in Endpoint::ALL {
            let account = Account { endpoint: made_for, ..account("a") };
            let sample = index::Reach::of(endpoint).sample();
            assert_eq!(account.serves(endpoint), account.serves(sample));
        }
    }
}

#[test]
fn priority_zero_is_real_and_first() {
    let mut pool = pool(Strategy::PriorityLru);
    for (id, priority) in [("a", 50), ("b", 0), ("c", 1)] {
        pool.upsert_account(Account { priority, ..account(id) });
    }
    let any = Binding::Any;
    let ask = Ask { limit: 9, ..ask(&any) };
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["b", "c", "a"]);
}

#[test]
fn a_strict_binding_never_falls_into_the_pool() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(account("free"));
    pool.upsert_account(Account { health: cooling(later(9_000)), ..account("cold") });
    pool.upsert_account(Account { enabled: false, ..account("off") });
    pool.upsert_group(group("empty", 1, Strategy::PriorityLru));
    for text in ["off", "gone", "group:empty", "group:gone"] {
        let binding = bound(text);
        let refusal = refused(&mut pool, &ask(&binding), NOW);
        assert_eq!(refusal.earliest, None, "{text}: {}", refusal.message);
    }
    let refusal = {
        let binding = bound("cold");
        assert_eq!(pick(&mut pool, &ask(&binding), NOW).expect("its probe"), ["cold"]);
        refused(&mut pool, &ask(&binding), NOW)
    };
    assert_eq!(refusal.earliest, Some(later(9_000)));
    assert!(refusal.message.contains("name of cold"), "{}", refusal.message);
    for text in ["off?fallback", "gone?fallback", "group:empty?fallback", "group:gone?fallback"] {
        let binding = bound(text);
        assert_eq!(pick(&mut pool, &ask(&binding), NOW).expect(text), ["free"]);
    }
}

#[test]
fn a_bound_account_need_not_be_schedulable() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(Account { schedulable: false, ..account("own") });
    let (own, any) = (bound("own"), Binding::Any);
    assert_eq!(pick(&mut pool, &ask(&own), NOW).expect("bound"), ["own"]);
    assert_eq!(refused(&mut pool, &ask(&any), NOW).reason_counts, [("not_schedulable", 1)].into());
    pool.upsert_account(Account {
        schedulable: false,
        subscription_expires_at: Some(NOW),
        ..account("own")
    });
    let refusal = refused(&mut pool, &ask(&own), NOW);
    assert_eq!(refusal.reason_counts, [("subscription_expired", 1)].into());
}

#[test]
fn tiers_fall_through_and_the_ungrouped_are_the_reserve() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_group(group("second", 2, Strategy::PriorityLru));
    pool.upsert_group(group("first", 1, Strategy::PriorityLru));
    pool.upsert_account(Account { priority: 0, ..account("reserve") });
    for (id, groups) in
        [("a", vec!["first"]), ("b", vec!["second", "first"]), ("c", vec!["second"])]
    {
        let groups = groups.into_iter().map(GroupId::from).collect();
        pool.upsert_account(Account { groups, ..account(id) });
    }
    let any = Binding::Any;
    let ask = Ask { limit: 9, ..ask(&any) };
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["a", "b", "c", "reserve"]);
    pool.upsert_account(Account {
        groups: vec!["first".into()],
        health: cooling(later(1000)),
        ..account("a")
    });
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["b", "c", "reserve"]);
    pool.remove_group(&"first".into());
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["b", "c", "reserve"]);
    assert_eq!(pick(&mut pool, &ask, later(1000)).expect("found"), ["b", "c", "reserve", "a"]);
    pool.upsert_group(group("second", 7, Strategy::PriorityLru));
    pool.upsert_group(group("first", 8, Strategy::PriorityLru));
    assert_eq!(pick(&mut pool, &ask, later(1000)).expect("found"), ["b", "c", "a", "reserve"]);
    let second = bound("group:second");
    let ask = Ask { binding: &second, ..ask };
    assert_eq!(pick(&mut pool, &ask, later(1000)).expect("found"), ["b", "c"]);
}

#[test]
fn a_session_stays_until_its_account_is_out_and_comes_back() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(Account { priority: 0, ..account("a") });
    pool.upsert_account(account("b"));
    let (any, session) = (Binding::Any, sticky("b", None));
    let ask = Ask { sticky: Some(&session), limit: 2, ..ask(&any) };
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["b", "a"]);
    assert!(pool.pick(&ask, NOW, &Rand::seeded(1)).expect("found").first().expect("one").sticky);
    pool.upsert_account(Account { max_concurrency: 1, ..account("b") });
    pool.set_in_flight(&"b".into(), 1);
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["a"]);
    pool.set_all_in_flight(&[]);
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["b", "a"]);
    let elsewhere = bound("a");
    let ask = Ask { binding: &elsewhere, ..ask };
    assert_eq!(pick(&mut pool, &ask, NOW).expect("found"), ["a"], "only within the binding");
}

#[test]
fn a_session_keeps_its_key_while_that_can_be_used() {
    let mut pool = pool(Strategy::PriorityLru);
    let kind = Kind::ApiKey;
    pool.upsert_account(Account { kind, key_strategy: Strategy::FillFirst, ..account("p") });
    for id in ["k1", "k2", "k3"] {
        pool.upsert_key(key("p", id));
    }
    let any = Binding::Any;
    let chosen = |pool: &mut Pool, session: Option<&Sticky>| {
        let ask = Ask { sticky: session, ..ask(&any) };
        let found = pool.pick(&ask, NOW, &Rand::seeded(1)).expect("found");
        found.first().and_then(|it| it.key.clone()).expect("a key").to_string()
    };
    let session = sticky("p", Some("k3"));
    assert_eq!(chosen(&mut pool, None), "k1");
    assert_eq!(chosen(&mut pool, Some(&session)), "k3");
    pool.upsert_key(Key { health: model_cooling("m", later(1000)), ..key("p", "k3") });
    assert_eq!(chosen(&mut pool, Some(&session)), "k1");
    pool.upsert_key(Key { status: KeyStatus::Banned, ..key("p", "k1") });
    assert_eq!(chosen(&mut pool, Some(&session)), "k2");
    pool.remove_key(&"k2".into());
    pool.remove_key(&"k3".into());
    let refusal = refused(&mut pool, &ask(&any), NOW);
    assert_eq!((refusal.reason_counts, refusal.earliest), ([("no_keys", 1)].into(), None));
}

#[test]
fn when_all_cool_each_pause_is_probed_once_the_earliest_first() {
    let mut pool = pool(Strategy::PriorityLru);
    for (id, until) in [("a", 9_000), ("b", 5_000), ("c", 7_000)] {
        pool.upsert_account(Account { health: cooling(later(until)), ..account(id) });
    }
    let any = Binding::Any;
    let ask = Ask { limit: 3, ..ask(&any) };
    for expected in ["b", "c", "a"] {
        let found = pool.pick(&ask, NOW, &Rand::seeded(1)).expect("a probe");
        assert!(matches!(found.as_slice(), [it] if it.probe && it.account.as_str() == expected));
    }
    let refusal = refused(&mut pool, &ask, NOW);
    assert_eq!((refusal.earliest, refusal.reason_counts.len()), (Some(later(5_000)), 1));
    let message = &refusal.message;
    assert!(message.contains("none of 3") && message.contains("3 cooling"), "{message}");
    let error = Error::from(refusal);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
    assert_eq!(pick(&mut pool, &ask, later(5_000)).expect("its pause is over"), ["b"]);
}

#[test]
fn a_pool_whose_keys_all_cool_probes_one_of_them() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(Account { kind: Kind::ApiKey, ..account("p") });
    pool.upsert_key(Key { health: cooling(later(9_000)), ..key("p", "k1") });
    pool.upsert_key(Key { health: cooling(later(5_000)), ..key("p", "k2") });
    let any = Binding::Any;
    for expected in ["k2", "k1"] {
        let found = pool.pick(&ask(&any), NOW, &Rand::seeded(1)).expect("a probe");
        let [found] = found.as_slice() else { panic!("one") };
        assert!(found.probe);
        assert_eq!(found.key, Some(expected.into()));
    }
    assert_eq!(refused(&mut pool, &ask(&any), NOW).earliest, Some(later(5_000)));
    let found = pool.pick(&ask(&any), later(5_000), &Rand::seeded(1)).expect("ready");
    assert!(matches!(found.as_slice(), [it] if !it.probe && it.key == Some("k2".into())));
}

#[test]
fn a_refusal_counts_each_reason_and_tells_whether_to_wait() {
    let mut pool = pool(Strategy::PriorityLru);
    let any = Binding::Any;
    let none = refused(&mut pool, &ask(&any), NOW);
    assert_eq!((none.message.as_str(), none.earliest), ("there is no account", None));
    pool.upsert_account(Account { status: Status::NeedsLogin, ..account("login") });
    pool.upsert_account(Account { status: Status::Error, ..account("error") });
    pool.upsert_account(Account { endpoint: Endpoint::Google, ..account("google") });
    pool.upsert_account(Account { health: model_cooling("m", later(3_000)), ..account("model") });
    pool.upsert_account(account("tried"));
    pool.upsert_account(Account { max_concurrency: 1, ..account("full") });
    let exclude = ["tried".into(), "model".into(), "tried".into()];
    let ask = Ask { exclude: &exclude, ..ask(&any) };
    assert_eq!(pick(&mut pool, &ask, NOW).expect("one is left"), ["full"]);
    pool.set_all_in_flight(&[("full".into(), 1)]);
    let refusal = refused(&mut pool, &ask, NOW);
    let counts = [("needs_login", 1), ("error", 1), ("endpoint", 1), ("excluded", 2), ("full", 1)];
    assert_eq!(refusal.reason_counts, counts.into(), "{}", refusal.message);
    assert_eq!(refusal.earliest, Some(later(1_000)), "a slot may be free soon");
}

#[test]
fn what_this_process_knows_better_survives_an_older_record() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(account("a"));
    pool.upsert_account(account("b"));
    let any = Binding::Any;
    pool.used(&"a".into(), None, NOW);
    pool.upsert_account(account("a"));
    assert_eq!(pick(&mut pool, &ask(&any), NOW).expect("found"), ["b"]);
    let known = pool.account(&"a".into()).expect("known");
    assert_eq!((known.uses, known.last_used_at), (1, Some(NOW)));
}

#[test]
fn a_clock_put_back_brings_pauses_back_and_small_steps_back_do_not() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(Account { health: cooling(later(5_000)), ..account("a") });
    pool.upsert_account(Account { priority: 99, ..account("b") });
    let any = Binding::Any;
    assert_eq!(pick(&mut pool, &ask(&any), later(5_000)).expect("found"), ["a"]);
    assert_eq!(pick(&mut pool, &ask(&any), later(4_990)).expect("found"), ["a"]);
    assert_eq!(pick(&mut pool, &ask(&any), later(-100_000)).expect("found"), ["b"]);
}

#[test]
fn reasons_are_stable_words_and_serialise_flat() {
    let mut pool = pool(Strategy::PriorityLru);
    pool.upsert_account(Account { health: cooling(later(5_000)), ..account("a") });
    pool.upsert_account(account("b"));
    let any = Binding::Any;
    let explanation = pool.explain(&ask(&any), NOW);
    let json = serde_json::to_value(&explanation).expect("json");
    let skipped = json.pointer("/accounts/1/skipped").expect("the second");
    let until = later(5_000).0;
    let expected = serde_json::json!({"reason": "cooling", "until": until, "why": "a reason"});
    assert_eq!(*skipped, expected);
    for reason in [SkipReason::NeedsLogin, SkipReason::LowerTier, SkipReason::Excluded] {
        let json = serde_json::to_value(&reason).expect("json");
        assert_eq!(json, serde_json::json!({"reason": reason.word()}));
    }
}

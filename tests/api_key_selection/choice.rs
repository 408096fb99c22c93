//! Which key of a pool goes out.
//!
//! Owns: stickiness and each strategy of keys.
//! Must not know: how keys are added.

use std::collections::BTreeMap;

use droid_testbed::host::Bridge;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{ok, pool_of, rig};

const KEYS: [&str; 3] = ["fk-alpha-0123456789", "fk-bravo-0123456789", "fk-gamma-0123456789"];

#[tokio::test]
async fn a_session_keeps_its_key() {
    let rig = rig().await;
    let bridge = rig.bridge();
    pool_of(&rig, &bridge, &["fk-first-0123456789", "fk-second-0123456789"], json!({})).await;
    let ask = json!({ "model": CLAUDE, "session_id": "one" });
    let first = acquire_with(&bridge, ask.clone()).await;
    for _ in 0..20 {
        assert_eq!(acquire_with(&bridge, ask.clone()).await.key, first.key);
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn the_key_lent_is_the_one_in_the_header() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &KEYS, json!({})).await;
    let mut by_id = BTreeMap::new();
    for _ in 0..60 {
        let lent = acquire(&bridge, CLAUDE).await;
        let key = lent.bearer.strip_prefix("Bearer ").expect("a bearer").to_owned();
        assert!(KEYS.contains(&key.as_str()));
        assert_eq!(by_id.entry(lent.key.expect("a key id")).or_insert(key.clone()), &key);
    }
    assert_eq!(by_id.len(), 3, "random by default: each of them comes");
    assert_eq!(account(&bridge, &id).await["key_strategy"], json!("random"));
}

#[tokio::test]
async fn round_robin_and_priority_lru_take_turns() {
    for strategy in ["round_robin", "priority_lru"] {
        let (order, _) = lend(strategy, 9, |_| None).await;
        assert_eq!((&order[..3], &order[3..6]), (&order[3..6], &order[6..]), "{strategy}");
        assert!(order[0] != order[1] && order[1] != order[2] && order[0] != order[2]);
    }
}

#[tokio::test]
async fn fill_first_stays_with_one() {
    let (order, _) = lend("fill_first", 9, |_| None).await;
    assert!(order.iter().all(|it| *it == order[0]));
}

#[tokio::test]
async fn least_used_evens_out() {
    let (order, shown) = lend("least_used", 9, |_| None).await;
    assert_eq!(order.len(), 9);
    for key in shown["keys"].as_array().expect("keys") {
        assert_eq!(key["uses"], json!(3));
    }
}

#[tokio::test]
async fn least_tokens_takes_the_key_that_spent_least() {
    // The first loan is dear: its key is not asked again before the others have spent as much.
    let (order, shown) =
        lend("least_token_used", 7, |at| Some(if at == 0 { 1000 } else { 100 })).await;
    assert!(order[1..].iter().all(|it| *it != order[0]), "{order:?}");
    let tokens: u64 = shown["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(|it| it["tokens_used"].as_u64())
        .sum();
    assert_eq!(tokens, 1600);
}

#[tokio::test]
async fn the_weighted_score_gives_less_to_a_key_that_failed() {
    let rig = rig().await;
    let bridge = rig.bridge();
    pool_of(&rig, &bridge, &KEYS, json!({ "key_strategy": "weighted_score" })).await;
    let bad = acquire(&bridge, CLAUDE).await;
    release(&bridge, bad.failed(&Answer::new(403, &[], &json!({})))).await;
    let mut uses: BTreeMap<Option<String>, u32> = BTreeMap::new();
    for _ in 0..30 {
        let lent = acquire(&bridge, CLAUDE).await;
        release(&bridge, lent.succeeded()).await;
        *uses.entry(lent.key).or_default() += 1;
    }
    let of_bad = uses.remove(&bad.key).unwrap_or(0);
    assert!(uses.len() == 2 && uses.values().all(|it| *it > of_bad), "{of_bad} {uses:?}");
}

#[tokio::test]
async fn a_changed_strategy_holds_from_the_next_call_on() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &KEYS, json!({ "key_strategy": "fill_first" })).await;
    let one = acquire(&bridge, CLAUDE).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.key, one.key);
    update(&bridge, &id, json!({ "key_strategy": "round_robin" })).await;
    let (two, three) = (acquire(&bridge, CLAUDE).await, acquire(&bridge, CLAUDE).await);
    assert!(one.key != two.key && two.key != three.key && one.key != three.key);
}

/// Lends so many times by a strategy; each is given back with the tokens told, or not at all.
/// Answers the keys in order, and the account as it is shown at the end.
async fn lend(
    strategy: &str,
    times: usize,
    tokens: impl Fn(usize) -> Option<u64>,
) -> (Vec<String>, Value) {
    let rig = rig().await;
    let bridge: Bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &KEYS, json!({ "key_strategy": strategy })).await;
    let mut order = Vec::new();
    for at in 0..times {
        let lent = acquire(&bridge, CLAUDE).await;
        order.push(lent.key.clone().expect("a key"));
        if let Some(tokens) = tokens(at) {
            release(&bridge, lent.release(&success(tokens, 0))).await;
        }
    }
    flush(&bridge).await;
    let shown = ok(&bridge, "get_credential", json!({ "credential_id": id })).await;
    (order, shown)
}

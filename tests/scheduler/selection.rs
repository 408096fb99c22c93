//! Which account is lent when several could be.
//!
//! Owns: order, groups, bindings and what takes an account out.
//! Must not know: sessions, limits, faults.

use std::collections::BTreeMap;

use droid_testbed::host::Bridge;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, ok, rig, signed_in};

#[tokio::test]
async fn the_lowest_priority_number_comes_first_and_zero_is_one() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let mut by_priority = BTreeMap::new();
    for priority in [100, 50, 0, 1] {
        let (id, _) = signed_in(&rig, &bridge, json!({ "priority": priority })).await;
        by_priority.insert(priority, id);
    }
    let mut exclude: Vec<String> = Vec::new();
    for (priority, id) in &by_priority {
        for _ in 0..3 {
            let ask = json!({ "model": CLAUDE, "exclude": exclude });
            assert_eq!(acquire_with(&bridge, ask).await.account, *id, "priority {priority}");
        }
        exclude.push(id.clone());
    }
    let ask = json!({ "model": CLAUDE, "exclude": exclude });
    let refused = err(&bridge, "acquire_credential", ask).await;
    assert!(refused.message.contains("tried already"), "{}", refused.message);
    // A changed priority counts from the next call on.
    update(&bridge, &by_priority[&0], json!({ "priority": 99 })).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, by_priority[&1]);
}

#[tokio::test]
async fn equals_take_turns_over_a_process_for_each_call() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for _ in 0..3 {
        signed_in(&rig, &bridge, json!({})).await;
    }
    bridge.close().await.expect("a clean exit");
    let host = rig.one_shot();
    let mut order = Vec::new();
    for _ in 0..9 {
        let acquired = host.call("acquire_credential", json!({ "model": CLAUDE })).await;
        order.push(Lent::new(&acquired.expect("an account")).account);
    }
    assert_eq!((&order[0..3], &order[3..6]), (&order[3..6], &order[6..9]), "the longest unused");
    order.truncate(3);
    order.sort();
    order.dedup();
    assert_eq!(order.len(), 3);
}

#[tokio::test]
async fn equals_take_turns_in_one_process() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for _ in 0..3 {
        signed_in(&rig, &bridge, json!({})).await;
    }
    let asks = (0..99).map(|_| acquire(&bridge, CLAUDE));
    let mut uses: BTreeMap<String, u32> = BTreeMap::new();
    for lent in futures_util::future::join_all(asks).await {
        *uses.entry(lent.account).or_default() += 1;
    }
    assert_eq!(uses.into_values().collect::<Vec<_>>(), [33, 33, 33]);
}

#[tokio::test]
async fn the_first_calls_of_a_process_wait_for_what_is_stored() {
    let rig = rig().await;
    signed_in(&rig, &rig.bridge(), json!({})).await;
    for _ in 0..10 {
        let fresh = rig.bridge();
        let asks = (0..20).map(|_| fresh.call("acquire_credential", json!({ "model": CLAUDE })));
        for answer in futures_util::future::join_all(asks).await {
            assert!(answer.is_ok(), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn groups_are_tiers_and_fall_through() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for (id, priority) in [("second", 20), ("first", 10)] {
        ok(&bridge, "save_group", json!({ "id": id, "priority": priority })).await;
    }
    let (reserve, _) = signed_in(&rig, &bridge, json!({ "priority": 0 })).await;
    let in_group = |group: &str| json!({ "groups": [group], "priority": 90 });
    let (second, _) = signed_in(&rig, &bridge, in_group("second")).await;
    let (first, _) = signed_in(&rig, &bridge, in_group("first")).await;
    for expected in [&first, &second, &reserve] {
        assert_eq!(acquire(&bridge, CLAUDE).await.account, *expected);
        switch(&bridge, expected, false).await;
    }
    switch(&bridge, &first, true).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, first);
    ok(&bridge, "delete_group", json!({ "id": "first" })).await;
    switch(&bridge, &second, true).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, second, "now the first is reserve");
}

#[tokio::test]
async fn a_strict_binding_never_leaks_to_the_pool() {
    let rig = rig().await;
    let bridge = rig.bridge();
    ok(&bridge, "save_group", json!({ "id": "team" })).await;
    let (inside, _) = signed_in(&rig, &bridge, json!({ "groups": ["team"], "priority": 99 })).await;
    let (outside, _) = signed_in(&rig, &bridge, json!({ "priority": 0 })).await;
    let to_group = json!({ "model": CLAUDE, "group": "team" });
    let to_account = json!({ "model": CLAUDE, "credential_id": inside });
    for ask in [&to_group, &to_account] {
        for _ in 0..5 {
            assert_eq!(acquire_with(&bridge, ask.clone()).await.account, inside);
        }
    }
    switch(&bridge, &inside, false).await;
    for ask in [&to_group, &to_account] {
        let refused = err(&bridge, "acquire_credential", ask.clone()).await;
        assert_eq!(refused.data["kind"], json!("no_account"), "{refused}");
        // Nor does a session that lives elsewhere pull it out.
        let session = json!({ "model": CLAUDE, "session_id": "s" });
        assert_eq!(acquire_with(&bridge, session).await.account, outside);
        let mut ask = ask.clone();
        ask["session_id"] = json!("s");
        err(&bridge, "acquire_credential", ask).await;
    }
    for ask in [
        json!({ "model": CLAUDE, "group": "nobody" }),
        json!({ "model": CLAUDE, "credential_id": "nobody" }),
    ] {
        let refused = err(&bridge, "acquire_credential", ask).await;
        assert_eq!(refused.data["kind"], json!("no_account"), "{refused}");
    }
    let both = json!({ "model": CLAUDE, "group": "team", "credential_id": inside });
    assert_eq!(err(&bridge, "acquire_credential", both).await.code, -32602);
}

#[tokio::test]
async fn an_ended_subscription_takes_an_account_out() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let ended = json!({ "subscription_expires_at": "2020-01-31", "priority": 0 });
    let (ended, _) = signed_in(&rig, &bridge, ended).await;
    let live = json!({ "subscription_expires_at": "2199-01-01T00:00:00Z" });
    let (live, _) = signed_in(&rig, &bridge, live).await;
    assert_eq!(account(&bridge, &ended).await["health"], json!("expired"));
    assert_eq!(acquire(&bridge, CLAUDE).await.account, live);
    let bound = json!({ "model": CLAUDE, "credential_id": ended });
    let refused = err(&bridge, "acquire_credential", bound).await;
    assert!(refused.message.contains("2020-01-31T23:59:59"), "{}", refused.message);
    update(&bridge, &ended, json!({ "subscription_expires_at": null })).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, ended);
    // One that ends while the process runs is out from then on.
    let soon = (chrono::Utc::now() + chrono::Duration::milliseconds(400)).to_rfc3339();
    update(&bridge, &ended, json!({ "subscription_expires_at": soon })).await;
    until("the end of the subscription", async || {
        (acquire(&bridge, CLAUDE).await.account == live).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_account_kept_out_of_the_pool_serves_its_binding_alone() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (kept_out, _) = signed_in(&rig, &bridge, json!({ "schedulable": false })).await;
    let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert!(refused.message.contains("kept out of the pool"), "{}", refused.message);
    let bound = json!({ "model": CLAUDE, "credential_id": kept_out });
    assert_eq!(acquire_with(&bridge, bound).await.account, kept_out);
}

#[tokio::test]
async fn a_switched_off_account_is_as_if_it_were_not_there() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    switch(&bridge, &id, false).await;
    assert_eq!(account(&bridge, &id).await["health"], json!("disabled"));
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    let bound = json!({ "model": CLAUDE, "credential_id": id });
    err(&bridge, "acquire_credential", bound).await;
    switch(&bridge, &id, true).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
}

#[tokio::test]
async fn accounts_serve_the_endpoints_they_are_made_for() {
    let serves = [
        ("anthropic", [("anthropic", true), ("openai", true), ("comm", true), ("google", true)]),
        ("openai", [("anthropic", true), ("openai", true), ("comm", true), ("google", true)]),
        ("comm", [("anthropic", false), ("openai", false), ("comm", true), ("google", true)]),
        ("google", [("anthropic", false), ("openai", false), ("comm", true), ("google", true)]),
    ];
    let rig = rig().await;
    let bridge = rig.bridge();
    for (own, endpoints) in serves {
        let (id, _) = signed_in(&rig, &bridge, json!({ "endpoint_type": own })).await;
        for (endpoint, expected) in endpoints {
            let ask = json!({ "model": CLAUDE, "endpoint_type": endpoint, "credential_id": id });
            let lent = bridge.call("acquire_credential", ask).await;
            assert_eq!(lent.is_ok(), expected, "{own} for {endpoint}");
            if let Ok(lent) = lent {
                assert_eq!(lent["metadata"]["endpoint_type"], json!(endpoint));
            }
        }
        switch(&bridge, &id, false).await;
        ok(&bridge, "delete_credential", json!({ "credential_id": id })).await;
    }
    // By the model's name alone.
    let (general, _) = signed_in(&rig, &bridge, json!({ "endpoint_type": "comm" })).await;
    assert_eq!(acquire(&bridge, GENERAL).await.account, general);
    for model in [CLAUDE, GPT] {
        let refused = err(&bridge, "acquire_credential", json!({ "model": model })).await;
        assert!(refused.message.contains("for other endpoints"), "{}", refused.message);
    }
}

async fn switch(bridge: &Bridge, id: &str, enabled: bool) -> Value {
    let params = json!({ "credential_id": id, "enabled": enabled });
    ok(bridge, "set_credential_enabled", params).await
}

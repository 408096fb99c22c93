//! `explain_selection` says what `acquire_credential` does.
//!
//! Owns: each reason it can give, and that the first position is who is lent.
//! Must not know: why a reason holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{ok, pool_of, rig, signed_in};

#[tokio::test]
async fn every_reason_is_named_and_the_first_place_is_lent() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for (id, priority) in [("front", 1), ("back", 2)] {
        ok(&bridge, "save_group", json!({ "id": id, "priority": priority })).await;
    }
    let front = |priority: u8| json!({ "groups": ["front"], "priority": priority });
    let add = async |config: Value| signed_in(&rig, &bridge, config).await.0;
    let lend = async |id: &str| {
        acquire_with(&bridge, json!({ "model": CLAUDE, "credential_id": id })).await
    };
    let fail = async |lent: &Lent, status: u16, body: &Value| {
        release(&bridge, lent.failed(&Answer::new(status, &[], body))).await;
    };
    let mut expected: BTreeMap<String, &str> = BTreeMap::new();
    let tried = [add(front(0)).await, add(front(1)).await, add(front(2)).await];
    expected.insert(add(front(3)).await, "behind");
    expected.insert(add(json!({ "groups": ["back"] })).await, "lower_tier");
    expected.insert(add(json!({ "priority": 0 })).await, "lower_tier");
    expected.insert(add(json!({ "endpoint_type": "comm" })).await, "endpoint");
    expected.insert(add(json!({ "enabled": false })).await, "disabled");
    expected.insert(add(json!({ "schedulable": false })).await, "not_schedulable");
    let ended = json!({ "subscription_expires_at": "2020-01-01" });
    expected.insert(add(ended).await, "subscription_expired");
    let full = add(json!({ "max_concurrency": 1 })).await;
    lend(&full).await;
    expected.insert(full, "full");
    let cooling = add(json!({})).await;
    fail(&lend(&cooling).await, 429, &json!({})).await;
    expected.insert(cooling, "cooling");
    let model_cooling = add(json!({})).await;
    let no_model = envelope("not_found_error", "model: no");
    fail(&lend(&model_cooling).await, 404, &no_model).await;
    expected.insert(model_cooling, "model_cooling");
    let refused = add(json!({})).await;
    for _ in 0..3 {
        fail(&lend(&refused).await, 403, &json!({})).await;
    }
    expected.insert(refused, "error");
    let (dead, minted) = signed_in(&rig, &bridge, json!({})).await;
    rig.fake.revoke(&minted.refresh_token);
    bridge.call("refresh_token", json!({ "credential_id": dead })).await.expect_err("it is dead");
    expected.insert(dead, "needs_login");
    let pool = pool_of(&rig, &bridge, &["fk-alpha-0123456789"], json!({})).await;
    fail(&lend(&pool).await, 402, &json!({})).await;
    expected.insert(pool, "no_keys");
    let excluded = add(front(0)).await;
    expected.insert(excluded.clone(), "excluded");

    let ask = json!({ "model": CLAUDE, "exclude": [excluded] });
    let explained = ok(&bridge, "explain_selection", ask.clone()).await;
    let accounts = explained["accounts"].as_array().expect("accounts");
    assert_eq!(accounts.len(), expected.len() + tried.len());
    for (at, id) in tried.iter().enumerate() {
        assert_eq!(accounts[at]["account"], json!(id));
        assert_eq!(
            (&accounts[at]["position"], &accounts[at]["tier"]),
            (&json!(at + 1), &json!("front"))
        );
        assert_eq!(accounts[at]["skipped"], Value::Null);
    }
    for one in &accounts[tried.len()..] {
        let id = one["account"].as_str().expect("an id");
        assert_eq!(one["skipped"]["reason"], json!(expected[id]), "{one}");
        assert_eq!(one["position"], Value::Null);
        assert!(one["sentence"].as_str().is_some_and(|it| !it.is_empty()));
    }
    // With the same exclusions, the next three are lent in this order.
    let mut exclude = vec![excluded];
    for id in tried {
        let ask = json!({ "model": CLAUDE, "exclude": exclude });
        assert_eq!(acquire_with(&bridge, ask).await.account, id);
        exclude.push(id);
    }
    let bound = json!({ "model": CLAUDE, "group": "back" });
    let explained = ok(&bridge, "explain_selection", bound).await;
    let reasons: Vec<&Value> = explained["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|it| &it["skipped"]["reason"])
        .collect();
    assert_eq!(reasons.iter().filter(|it| ***it == json!("not_bound")).count(), accounts.len() - 1);
}

#[tokio::test]
async fn the_explanation_of_each_call_is_what_happens() {
    let rig = rig().await;
    let bridge = rig.bridge();
    for priority in [1, 1, 2] {
        signed_in(&rig, &bridge, json!({ "priority": priority, "max_concurrency": 5 })).await;
    }
    for round in 0..12_u32 {
        let session = (round % 3 == 0).then(|| format!("s{}", round % 2));
        let ask = json!({ "model": CLAUDE, "session_id": session, "explain": true });
        let acquired = ok(&bridge, "acquire_credential", ask).await;
        let first = &acquired["metadata"]["explain"]["accounts"][0];
        assert_eq!(first["account"], acquired["id"], "round {round}");
        if round == 5 {
            let no = Answer::new(500, &[], &json!({}));
            release(&bridge, Lent::new(&acquired).failed(&no)).await;
        }
    }
}

#[tokio::test]
async fn explaining_changes_nothing() {
    let rig = rig().await;
    let bridge = rig.bridge();
    signed_in(&rig, &bridge, json!({})).await;
    let probe = acquire(&bridge, CLAUDE).await;
    release(&bridge, probe.failed(&Answer::new(429, &[], &json!({})))).await;
    flush(&bridge).await;
    let before = dump(&rig);
    let ask = json!({ "model": CLAUDE, "session_id": "s" });
    for _ in 0..3 {
        let explained = ok(&bridge, "explain_selection", ask.clone()).await;
        assert_eq!(explained["accounts"][0]["probe"], json!(true));
    }
    flush(&bridge).await;
    assert_eq!(dump(&rig), before);
    acquire(&bridge, CLAUDE).await;
}

#[tokio::test]
async fn strikes_and_pauses_of_keys_are_told_where_they_are_looked_for() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-beta-00123456789", "fk-gamma-0123456789"];
    let config = json!({ "key_strategy": "round_robin" });
    let pool = pool_of(&rig, &bridge, &keys, config).await;
    let lend = async || acquire_with(&bridge, json!({ "model": CLAUDE })).await;
    let (struck, paused) = (lend().await, lend().await);
    release(&bridge, struck.failed(&Answer::new(403, &[], &json!({})))).await;
    assert_ne!(struck.key, paused.key);
    let no_model = envelope("not_found_error", "model: no");
    release(&bridge, paused.failed(&Answer::new(404, &[], &no_model))).await;

    let shown = ok(&bridge, "get_credential", json!({ "credential_id": pool })).await;
    let listed = ok(&bridge, "list_api_keys", json!({})).await;
    for keys in [&shown["keys"], &listed["keys"]] {
        let of = |id: &Option<String>| {
            let mut all = keys.as_array().expect("keys").iter();
            all.find(|it| it["id"].as_str() == id.as_deref()).expect("the key").clone()
        };
        assert_eq!(of(&struck.key)["strikes"].as_array().map(Vec::len), Some(1), "{keys}");
        assert_eq!(of(&struck.key).get("model_cooling"), None);
        assert_eq!(of(&paused.key)["model_cooling"][0]["model"], json!(CLAUDE), "{keys}");
        assert_eq!(of(&paused.key).get("strikes"), None);
    }
    let explained = ok(&bridge, "explain_selection", json!({ "model": CLAUDE })).await;
    let skipped = explained["accounts"][0]["skipped_keys"].as_array().expect("a key").clone();
    let skipped: Vec<_> = skipped.iter().map(|it| (it["id"].as_str(), &it["reason"])).collect();
    let reason = json!("model_cooling");
    assert_eq!(skipped, [(paused.key.as_deref(), &reason)]);
    let other = ok(&bridge, "explain_selection", json!({ "model": "gpt-5-codex" })).await;
    assert_eq!(other["accounts"][0].get("skipped_keys"), None, "{other}");
}

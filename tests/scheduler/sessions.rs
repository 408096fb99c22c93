//! Conversations keep their account and key.
//!
//! Owns: stickiness over calls, processes, restarts and races.
//! Must not know: faults beyond the one that makes a session move.

use std::collections::BTreeSet;

use droid_testbed::host::Bridge;
use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{ok, pool_of, rig, signed_in};

/// Processes that bind one session at once.
const RACERS: usize = 50;

#[tokio::test]
async fn a_session_keeps_account_and_key_over_calls_restarts_and_processes() {
    let rig = rig().await;
    let bridge = rig.bridge();
    five_accounts(&rig, &bridge).await;
    let ask = json!({ "model": CLAUDE, "session_id": "conversation" });
    let first = acquire_with(&bridge, ask.clone()).await;
    for _ in 0..30 {
        // Others come between.
        acquire(&bridge, CLAUDE).await;
        assert_same(&acquire_with(&bridge, ask.clone()).await, &first);
    }
    bridge.kill().await;
    let bridge = rig.bridge();
    assert_same(&acquire_with(&bridge, ask.clone()).await, &first);
    let host = rig.one_shot();
    for _ in 0..5 {
        let acquired = host.call("acquire_credential", ask.clone()).await.expect("an account");
        assert_same(&Lent::new(&acquired), &first);
    }
    // Other clients' sessions of the same name, and other endpoints, are other sessions.
    let mut others = BTreeSet::new();
    for client in 0..20 {
        let ask = json!({ "model": CLAUDE, "session_id": "conversation",
                          "client_key_id": format!("client-{client}") });
        others.insert(acquire_with(&bridge, ask).await.account);
    }
    assert_eq!(others.len(), 5);
}

#[tokio::test]
async fn new_sessions_spread_over_accounts_and_keys() {
    let rig = rig().await;
    let bridge = rig.bridge();
    five_accounts(&rig, &bridge).await;
    let (mut accounts, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for session in 0..200 {
        let ask = json!({ "model": CLAUDE, "session_id": format!("session-{session}") });
        let lent = acquire_with(&bridge, ask).await;
        accounts.insert(lent.account);
        keys.extend(lent.key);
    }
    assert_eq!((accounts.len(), keys.len()), (5, 6));
}

#[tokio::test]
async fn a_session_moves_once_when_its_account_cools_and_stays_there() {
    let rig = rig().await;
    let (bridge, other) = (rig.bridge(), rig.bridge());
    five_accounts(&rig, &bridge).await;
    let ask = json!({ "model": CLAUDE, "session_id": "conversation" });
    let first = acquire_with(&bridge, ask.clone()).await;
    assert_same(&acquire_with(&other, ask.clone()).await, &first);
    release(&bridge, first.failed(&Answer::new(503, &[], &json!({})))).await;
    let second = acquire_with(&bridge, ask.clone()).await;
    assert_ne!(second.account, first.account);
    reset(&bridge, &first.account).await;
    for _ in 0..5 {
        assert_same(&acquire_with(&bridge, ask.clone()).await, &second);
    }
    until("the other process sees the move", async || {
        let lent = acquire_with(&other, ask.clone()).await;
        (lent.account == second.account && lent.key == second.key).then_some(())
    })
    .await;
    let host = rig.one_shot();
    let acquired = host.call("acquire_credential", ask.clone()).await.expect("an account");
    assert_same(&Lent::new(&acquired), &second);
    // When the session has expired it is a new one, and goes where it is its turn.
    bridge.kill().await;
    other.kill().await;
    alter(&rig, "UPDATE sessions SET expires_at = 1");
    let bridge = rig.bridge();
    let explained = ok(&bridge, "explain_selection", ask.clone()).await;
    assert!(
        explained["accounts"]
            .as_array()
            .expect("accounts")
            .iter()
            .all(|it| it["sticky"] == json!(false))
    );
    acquire_with(&bridge, ask).await;
    assert_eq!(select(&rig, "SELECT count(*) FROM sessions"), ["[Integer(1)]"]);
}

#[tokio::test]
async fn a_session_moves_to_another_key_of_its_pool_when_its_own_is_out() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789", "fk-gamma-0123456789"];
    let pool = pool_of(&rig, &bridge, &keys, json!({})).await;
    let ask = json!({ "model": CLAUDE, "session_id": "conversation" });
    let first = acquire_with(&bridge, ask.clone()).await;
    release(&bridge, first.failed(&Answer::new(402, &[], &json!({})))).await;
    let second = acquire_with(&bridge, ask.clone()).await;
    assert_eq!(second.account, pool);
    assert_ne!(second.key, first.key);
    reset(&bridge, &pool).await;
    for _ in 0..10 {
        assert_same(&acquire_with(&bridge, ask.clone()).await, &second);
    }
    let gone = json!({ "credential_id": pool, "api_key_ids": [second.key] });
    ok(&bridge, "remove_api_keys", gone).await;
    let third = acquire_with(&bridge, ask.clone()).await;
    assert_ne!(third.key, second.key);
    bridge.kill().await;
    assert_same(&acquire_with(&rig.bridge(), ask).await, &third);
}

#[tokio::test]
async fn fifty_processes_that_bind_one_session_at_once_agree() {
    let rig = rig().await;
    let bridge = rig.bridge();
    five_accounts(&rig, &bridge).await;
    bridge.close().await.expect("a clean exit");
    let host = rig.one_shot();
    let ask = json!({ "model": CLAUDE, "session_id": "conversation" });
    let calls = (0..RACERS).map(|_| host.call("acquire_credential", ask.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let lent: Vec<Lent> =
        answers.into_iter().map(|it| Lent::new(&it.expect("an account"))).collect();
    for one in &lent {
        assert_same(one, &lent[0]);
    }
}

#[tokio::test]
async fn two_processes_that_move_one_session_at_once_agree() {
    let rig = rig().await;
    let (one, other) = (rig.bridge(), rig.bridge());
    five_accounts(&rig, &one).await;
    let ask = json!({ "model": CLAUDE, "session_id": "conversation" });
    for _ in 0..10 {
        let from = acquire_with(&one, ask.clone()).await;
        until("the other process has the session", async || {
            (acquire_with(&other, ask.clone()).await.account == from.account).then_some(())
        })
        .await;
        // Both believe that the account is out for this request.
        let mut moving = ask.clone();
        moving["exclude"] = json!([from.account]);
        let (a, b) = tokio::join!(acquire_with(&one, moving.clone()), acquire_with(&other, moving));
        assert_same(&a, &b);
    }
}

/// Three signed-in accounts and two pools of three keys.
async fn five_accounts(rig: &Rig, bridge: &Bridge) {
    for _ in 0..3 {
        signed_in(rig, bridge, json!({})).await;
    }
    for pool in ["alpha", "bravo"] {
        let keys: Vec<String> = (0..3).map(|key| format!("fk-{pool}-{key}-0123456789")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        pool_of(rig, bridge, &keys, Value::Object(serde_json::Map::new())).await;
    }
}

#[track_caller]
fn assert_same(lent: &Lent, expected: &Lent) {
    assert_eq!((&lent.account, &lent.key), (&expected.account, &expected.key));
}

#[tokio::test]
async fn what_is_over_leaves_the_store_when_a_process_ends() {
    let rig = rig().await;
    let bridge = rig.bridge();
    signed_in(&rig, &bridge, json!({})).await;
    let lent = acquire_with(&bridge, json!({ "model": CLAUDE, "session_id": "s" })).await;
    release(&bridge, lent.succeeded()).await;
    bridge.close().await.expect("a clean exit");
    let left = || {
        (
            select(&rig, "SELECT * FROM sessions").len(),
            select(&rig, "SELECT * FROM usage_hourly").len(),
        )
    };
    assert_eq!(left(), (1, 1));
    let years = "UPDATE sessions SET expires_at = 1;
                 UPDATE usage_hourly SET hour = 0;";
    alter(&rig, years);
    let host = rig.one_shot();
    host.call("list_credentials", Value::Null).await.expect("a list");
    assert_eq!(left(), (1, 1), "it was swept within the hour");
    alter(&rig, "UPDATE meta SET value = '1' WHERE name = 'swept'");
    host.call("list_credentials", Value::Null).await.expect("a list");
    assert_eq!(left(), (0, 0));
}

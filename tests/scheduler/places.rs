//! Accounts that take only so many requests at once.
//!
//! Owns: places over processes, their release, and how they end when nobody gives them back.
//! Must not know: what a request is.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, ok, rig, signed_in};

/// Processes that want one of three places at once.
const RACERS: usize = 12;

#[tokio::test]
async fn never_more_than_the_limit_is_lent_over_processes() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({ "max_concurrency": 3 })).await;
    let other = rig.bridge();
    let host = rig.one_shot();
    for _ in 0..3 {
        let ask = || json!({ "model": CLAUDE });
        let own = join_all((0..RACERS).map(|_| bridge.call("acquire_credential", ask())));
        let others = join_all((0..RACERS).map(|_| other.call("acquire_credential", ask())));
        let single = join_all((0..RACERS).map(|_| host.call("acquire_credential", ask())));
        let (own, others, single) = tokio::join!(own, others, single);
        let mut lent = Vec::new();
        for answer in own.into_iter().chain(others).chain(single) {
            match answer {
                Ok(acquired) => lent.push(Lent::new(&acquired)),
                Err(refused) => {
                    let data = refused.rpc().data;
                    assert_eq!(data["retry_after_seconds"], json!(1), "{data}");
                }
            }
        }
        assert_eq!(lent.len(), 3);
        // Whoever gives back, in whatever process: the place is free for all at once.
        for (at, lent) in lent.iter().enumerate() {
            let params = lent.succeeded();
            if at == 0 {
                host.call("release_credential", params).await.expect("a release");
            } else {
                release(&other, params).await;
            }
        }
        for _ in 0..3 {
            let again = acquire(&bridge, CLAUDE).await;
            assert_eq!(again.account, id);
            release(&bridge, again.succeeded()).await;
        }
    }
}

#[tokio::test]
async fn a_place_given_back_elsewhere_is_known_at_once() {
    let rig = rig().await;
    let (one, other) = (rig.bridge(), rig.bridge());
    let (id, _) = signed_in(&rig, &one, json!({ "max_concurrency": 1, "priority": 0 })).await;
    signed_in(&rig, &one, json!({ "priority": 9 })).await;
    until("the other process knows the accounts", async || {
        (acquire(&other, CLAUDE).await.account == id).then_some(())
    })
    .await;
    ok(&other, "release_credential", json!({ "credential_id": id, "result": success(1, 1) })).await;
    for _ in 0..20 {
        let lent = acquire_with(&one, json!({ "model": CLAUDE, "session_id": "s" })).await;
        assert_eq!(lent.account, id, "the session's account is free again");
        assert_ne!(acquire(&one, CLAUDE).await.account, id, "now it is not");
        release(&other, lent.failed(&Answer::new(400, &[], &json!({})))).await;
    }
}

#[tokio::test]
async fn a_host_that_does_not_name_the_loan_gives_a_place_back() {
    let rig = rig().await;
    let host = rig.one_shot();
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({ "max_concurrency": 2 })).await;
    bridge.close().await.expect("a clean exit");
    for result in [success(1, 1), error("unknown", None), error("client_closed", None)] {
        let ask = json!({ "model": CLAUDE });
        for _ in 0..2 {
            host.call("acquire_credential", ask.clone()).await.expect("a place");
        }
        host.call("acquire_credential", ask.clone()).await.expect_err("both are taken");
        for _ in 0..2 {
            let bare = json!({ "credential_id": id, "result": result });
            host.call("release_credential", bare).await.expect("a release");
        }
    }
    assert_eq!(select(&rig, "SELECT * FROM leases"), Vec::<String>::new());
}

#[tokio::test]
async fn a_place_outlives_a_process_that_ended_in_order() {
    let rig = rig().await;
    let host = rig.one_shot();
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({ "max_concurrency": 2 })).await;
    let ask = json!({ "model": CLAUDE });
    let of_call = host.call("acquire_credential", ask.clone()).await.expect("a place");
    let of_bridge = acquire(&bridge, CLAUDE).await;
    bridge.close().await.expect("a clean exit");
    let bridge = rig.bridge();
    let refused = err(&bridge, "acquire_credential", ask.clone()).await;
    assert!(refused.message.contains("limit of requests at once"), "{}", refused.message);
    release(&bridge, of_bridge.succeeded()).await;
    let freed = acquire(&bridge, CLAUDE).await;
    assert_eq!(freed.account, id);
    release(&bridge, Lent::new(&of_call).succeeded()).await;
    acquire(&bridge, CLAUDE).await;
    err(&bridge, "acquire_credential", ask).await;
}

#[tokio::test]
async fn a_place_ends_with_a_process_that_was_killed() {
    let rig = rig().await;
    let (killed, bridge) = (rig.bridge(), rig.bridge());
    let (id, _) = signed_in(&rig, &bridge, json!({ "max_concurrency": 2 })).await;
    let ask = json!({ "model": CLAUDE });
    for _ in 0..2 {
        until("the other process knows the account", async || {
            killed.call("acquire_credential", ask.clone()).await.ok()
        })
        .await;
    }
    err(&bridge, "acquire_credential", ask.clone()).await;
    killed.kill().await;
    let explained = ok(&bridge, "explain_selection", ask.clone()).await;
    assert_eq!(explained["accounts"][0]["skipped"], Value::Null, "{explained}");
    for _ in 0..2 {
        assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
    }
    err(&bridge, "acquire_credential", ask).await;
}

#[tokio::test]
async fn a_place_that_nobody_gives_back_ends_with_its_time() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({ "max_concurrency": 1 })).await;
    let lost = acquire(&bridge, CLAUDE).await;
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    alter(&rig, "UPDATE leases SET expires_at = 1");
    assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
    // Too late is no double release.
    release(&bridge, lost.succeeded()).await;
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
}

#[tokio::test]
async fn the_limit_can_change_while_requests_are_under_way() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({ "max_concurrency": 1 })).await;
    let first = acquire(&bridge, CLAUDE).await;
    update(&bridge, &id, json!({ "max_concurrency": 2 })).await;
    let second = acquire(&bridge, CLAUDE).await;
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    update(&bridge, &id, json!({ "max_concurrency": 0 })).await;
    for _ in 0..5 {
        acquire(&bridge, CLAUDE).await;
    }
    release(&bridge, first.succeeded()).await;
    release(&bridge, second.succeeded()).await;
    update(&bridge, &id, json!({ "max_concurrency": 1 })).await;
    acquire(&bridge, CLAUDE).await;
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
}

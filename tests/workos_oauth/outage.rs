//! A sign-in service that is down, slow or babbling costs no account.
//!
//! Owns: each kind of outage against a living and an ended token, and the way back.
//! Must not know: how often and how long is retried, beyond what a caller feels.

use std::time::Duration;

use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, FakeConfig, Match, Minted};
use serde_json::{Value, json};

use crate::kit::{bearer, expired, kind, refreshes, status, this_one};
use crate::support::{BINARY, err, id_of, ok};

/// Every way to be out of order in which nothing is spent.
fn outages() -> Vec<(&'static str, Action)> {
    let html = Action::Status { status: 200, headers: vec![], body: "<html>welcome".to_owned() };
    vec![
        ("500", Action::status(500)),
        ("503", Action::status(503)),
        ("529", Action::status(529)),
        ("429", Action::status(429)),
        ("408", Action::status(408)),
        ("reset", Action::ResetBeforeHeaders),
        ("closed", Action::CloseConnection),
        ("captive portal", html),
    ]
}

/// A rig whose tokens live two minutes, and whose plugin retries without long pauses.
pub(crate) async fn hurried() -> Rig {
    let config = FakeConfig { access_token_ttl: Duration::from_secs(120), ..FakeConfig::default() };
    let rig = Rig::with(BINARY, config).await;
    rig.configure(&json!({ "settings": { "token_refresh": { "retry_delay_ms": 10 } } }));
    rig
}

/// An account whose token lives but ends in two minutes: it is due.
async fn due(rig: &Rig) -> (String, Minted) {
    let bridge = rig.bridge();
    let minted = rig.fake.mint_account();
    // No JWT: nothing tells that it was made to live two minutes only.
    let config = json!({
        "access_token": "a-living-token",
        "refresh_token": minted.refresh_token,
        "expires_at": minted.expires_at,
    });
    let params = json!({ "auth_type": "workos_oauth", "config": config });
    let id = id_of(&ok(&bridge, "create_credential", params).await);
    bridge.close().await.unwrap();
    (id, minted)
}

#[tokio::test]
async fn a_living_token_is_lent_through_any_outage() {
    let mut rig = hurried().await;
    let (id, _) = due(&rig).await;
    for (name, action) in outages() {
        rig.fake.script().always(Match::endpoint(Endpoint::Refresh), action);
        assert_lends_the_old_one(&rig, &id, name).await;
        rig.fake.script().clear();
    }
    rig.fake.go_down().await;
    assert_lends_the_old_one(&rig, &id, "connection refused").await;
    rig.fake.come_up().await;
    let lent = rig.one_shot().call("acquire_credential", this_one(&id)).await.unwrap();
    assert_ne!(bearer(&lent), "a-living-token", "after the outage it is refreshed");
}

#[tokio::test]
async fn a_service_that_hangs_holds_up_a_living_token_for_seconds_only() {
    let rig = hurried().await;
    let (id, _) = due(&rig).await;
    rig.fake.script().always(Match::endpoint(Endpoint::Refresh), Action::Hang);
    let bridge = rig.bridge();
    let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
    assert_eq!(bearer(&lent), "a-living-token");
    assert_eq!(status(&bridge, &id).await, "active");
    bridge.kill().await;
}

#[tokio::test]
async fn an_ended_token_is_told_as_a_passing_failure_and_works_after_the_outage() {
    let mut rig = hurried().await;
    let setup = rig.bridge();
    let (id, minted) = expired(&rig, &setup).await;
    for (name, action) in outages() {
        rig.fake.script().always(Match::endpoint(Endpoint::Refresh), action);
        assert_fails_for_now(&rig, &id, name).await;
        rig.fake.script().clear();
    }
    rig.fake.go_down().await;
    assert_fails_for_now(&rig, &id, "connection refused").await;
    // A process that saw the outage keeps trying, a little later each time.
    let kept = err(&setup, "acquire_credential", this_one(&id)).await;
    assert_eq!(kept.data["kind"], "refresh_failed");
    rig.fake.come_up().await;
    let lent = until_lent(&setup, &id).await;
    assert_ne!(bearer(&lent), minted.access_token);
    let stats = rig.fake.stats();
    assert_eq!((stats.refreshed, stats.reuses, stats.revoked), (1, 0, 0));
    setup.close().await.unwrap();
}

#[tokio::test]
async fn a_caller_without_a_token_hears_of_a_hanging_service_before_the_host_gives_up() {
    let rig = hurried().await;
    let bridge = rig.bridge();
    let (id, _) = expired(&rig, &bridge).await;
    rig.fake.script().always(Match::endpoint(Endpoint::Refresh), Action::Hang);
    // The simulated host waits as long as the real one: 30 s.
    let error = err(&bridge, "acquire_credential", this_one(&id)).await;
    assert_eq!(error.data["kind"], "refresh_failed", "{error}");
    assert_eq!(error.data["retryable"], true);
    assert_eq!(status(&bridge, &id).await, "active");
    bridge.kill().await;
    rig.fake.script().clear();
    rig.one_shot().call("acquire_credential", this_one(&id)).await.unwrap();
}

async fn assert_lends_the_old_one(rig: &Rig, id: &str, outage: &str) {
    let before = refreshes(rig).len();
    let bridge = rig.bridge();
    let lent = ok(&bridge, "acquire_credential", this_one(id)).await;
    assert_eq!(bearer(&lent), "a-living-token", "{outage}");
    assert_eq!(status(&bridge, id).await, "active", "{outage}");
    bridge.close().await.unwrap();
    let asked = refreshes(rig).len() > before;
    assert!(asked || outage == "connection refused", "{outage}: nobody asked");
}

async fn assert_fails_for_now(rig: &Rig, id: &str, outage: &str) {
    let error = rig.one_shot().call("acquire_credential", this_one(id)).await.unwrap_err();
    let error = error.rpc();
    assert_eq!(error.data["retryable"], true, "{outage}: {error}");
    assert_eq!(error.data["kind"], "refresh_failed", "{outage}");
    let shown =
        rig.one_shot().call("get_credential", json!({ "credential_id": id })).await.unwrap();
    assert_eq!(shown["status"], "active", "{outage}");
    assert_eq!(shown["enabled"], true, "{outage}");
}

async fn until_lent(bridge: &droid_testbed::host::Bridge, id: &str) -> Value {
    let asking = async {
        loop {
            match bridge.call("acquire_credential", this_one(id)).await {
                Ok(lent) => return lent,
                Err(error) => assert_eq!(kind(error), "refresh_failed"),
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("it works again in time")
}

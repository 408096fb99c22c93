//! What the sign-in service may answer, and what a 401 of upstream sets off.
//!
//! Owns: `invalid_grant`, answers that leave something out, the forced refresh.
//! Must not know: outages (`outage`).

use std::time::Duration;

use droid_testbed::host::Bridge;
use droid_testbed::upstream::{Action, Endpoint, Match, Quirks};
use serde_json::{Value, json};

use crate::kit::{bearer, ending, expired, refreshes, refreshes_of, spends, status, this_one};
use crate::outage::hurried;
use crate::support::{err, ok, rig};

const GENEROUS: Duration = Duration::from_secs(60);

#[tokio::test]
async fn invalid_grant_asks_for_a_new_sign_in_at_once_and_only_once() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    assert!(rig.fake.revoke(&minted.refresh_token));
    for _ in 0..3 {
        let error = err(&bridge, "acquire_credential", this_one(&id)).await;
        assert_eq!(
            (error.data["kind"].as_str(), error.data["retryable"].as_bool()),
            (Some("needs_login"), Some(false))
        );
        assert!(!error.message.contains("cut off"), "{error}");
    }
    assert_eq!(status(&bridge, &id).await, "needs_login");
    assert_eq!(refreshes(&rig).len(), 1, "a dead token is not tried again");
    bridge.close().await.unwrap();
    // A pasted token of a new sign-in revives it.
    let again = rig.fake.mint_for(&minted.user);
    let config = json!({ "refresh_token": again.refresh_token });
    let bridge = rig.bridge();
    ok(&bridge, "update_credential", json!({ "credential_id": id, "config": config })).await;
    assert_eq!(status(&bridge, &id).await, "active");
    ok(&bridge, "acquire_credential", this_one(&id)).await;
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn invalid_grant_is_not_believed_where_another_process_stored_a_newer_pair() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    let refused = json!({ "error": "invalid_grant", "error_description": "used" }).to_string();
    let refused = Action::Status { status: 400, headers: vec![], body: refused };
    let held = Action::All(vec![Action::Delay(Duration::from_millis(700)), refused]);
    rig.fake.script().next(Match::endpoint(Endpoint::Refresh), held);
    let other = rig.one_shot().start("acquire_credential", &this_one(&id)).unwrap();
    let token = minted.refresh_token.clone();
    let asked = move |entries: &[_]| entries.iter().any(|it| spends(it, &token));
    assert!(rig.fake.journal().wait_until(GENEROUS, asked).await);
    let newer = rig.fake.mint_for(&minted.user);
    let config = json!({
        "refresh_token": newer.refresh_token,
        "access_token": newer.access_token,
        "expires_at": newer.expires_at,
    });
    ok(&bridge, "update_credential", json!({ "credential_id": id, "config": config })).await;
    let lent = other.finish().await.unwrap().answer().unwrap().outcome.unwrap();
    assert_eq!(bearer(&lent), newer.access_token);
    assert_eq!(status(&bridge, &id).await, "active");
    assert_eq!(refreshes(&rig).len(), 1);
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    rig.fake.set_quirks(Quirks { omit_refresh_token: true, ..Quirks::default() });
    let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
    assert_ne!(bearer(&lent), minted.access_token);
    let pair = ok(&bridge, "refresh_token", json!({ "credential_id": id })).await;
    assert_eq!(pair["refresh_token"], minted.refresh_token.as_str());
    assert_ne!(pair["access_token"], bearer(&lent));
    assert_eq!(refreshes_of(&rig, &minted.refresh_token).len(), 2, "it is used again");
    rig.fake.set_quirks(Quirks::default());
    let pair = ok(&bridge, "refresh_token", json!({ "credential_id": id })).await;
    assert_ne!(pair["refresh_token"], minted.refresh_token.as_str());
    assert_eq!(rig.fake.stats().revoked, 0);
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_token_is_told_in_any_of_its_forms() {
    // Two minutes, unlike the eight hours that count where nothing is told.
    let rig = hurried().await;
    let bridge = rig.bridge();
    let forms = [
        Quirks { omit_expires_in: true, give_expires_at: true, ..Quirks::default() },
        Quirks { give_expires_at: true, ..Quirks::default() },
        // The claims of the token are left.
        Quirks { omit_expires_in: true, ..Quirks::default() },
        Quirks { omit_user: true, omit_organization: true, ..Quirks::default() },
    ];
    for quirks in forms {
        let (id, _) = expired(&rig, &bridge).await;
        rig.fake.set_quirks(quirks);
        let before = rig.fake.mint_account().expires_at;
        let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
        let after = rig.fake.mint_account().expires_at;
        let told = lent["metadata"]["expires_at"].as_str().unwrap();
        // RFC 3339 in UTC sorts as text; claims know whole seconds only.
        let (before, told, after) = (&before[..19], &told[..19], &after[..19]);
        assert!(before <= told && told <= after, "{quirks:?}: {before} {told} {after}");
    }
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_401_forces_one_refresh_and_speaks_against_the_account_only_after_it() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let minted = rig.fake.mint_account();
    let (id, minted) = ending(&rig, &bridge, &minted.expires_at).await;
    let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
    assert_eq!(bearer(&lent), minted.access_token);
    // Several requests had the same token; the second 401 finds it replaced.
    refused(&bridge, &id, &lent).await;
    refused(&bridge, &id, &lent).await;
    assert_eq!(refreshes(&rig).len(), 1, "one forced refresh");
    assert_eq!(status(&bridge, &id).await, "active");
    let fresh = ok(&bridge, "acquire_credential", this_one(&id)).await;
    assert_ne!(bearer(&fresh), minted.access_token);
    // The fresh one is refused too: three strikes, no refresh, and out.
    for strike in 1..=3 {
        assert_eq!(status(&bridge, &id).await, "active", "before strike {strike}");
        refused(&bridge, &id, &fresh).await;
    }
    assert_eq!(status(&bridge, &id).await, "error");
    assert_eq!(refreshes(&rig).len(), 1);
    assert_eq!(rig.fake.stats().revoked, 0);
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_401_while_the_sign_in_service_is_down_is_no_strike() {
    let rig = hurried().await;
    let bridge = rig.bridge();
    let minted = rig.fake.mint_account();
    let (id, _) = ending(&rig, &bridge, &minted.expires_at).await;
    rig.fake.script().always(Match::endpoint(Endpoint::Refresh), Action::status(503));
    for _ in 0..4 {
        let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
        refused(&bridge, &id, &lent).await;
    }
    assert_eq!(status(&bridge, &id).await, "active");
    bridge.close().await.unwrap();
}

/// Tells that upstream answered 401 to what was lent.
async fn refused(bridge: &Bridge, id: &str, lent: &Value) {
    let result = json!({ "Error": {
        "error_type": "authentication", "message": "401", "mark_unhealthy": true,
        "cooldown_seconds": null,
    } });
    let params = json!({
        "credential_id": id,
        "lease_id": lent["metadata"]["lease_id"],
        "status": 401,
        "result": result,
        "body": "{\"detail\":\"Unauthorized\"}",
    });
    ok(bridge, "release_credential", params).await;
}

//! Credentials that are refused, and budgets that are used up.
//!
//! Owns: the rows `credential` and `quota` of the fault table.
//! Must not know: pauses.

use chrono::Utc;
use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, pool_of, rig, signed_in};

const KEYS: [&str; 2] = ["fk-alpha-0123456789", "fk-bravo-0123456789"];

#[tokio::test]
async fn the_first_401_of_a_token_is_answered_by_a_refresh() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    rig.fake.expire_access_tokens();
    let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 401);
    let told = told(&bridge, &answer).await;
    assert_eq!(told["error_type"], json!("authentication"));
    assert_eq!(told["retryable"], json!(true));
    release(&bridge, lent.failed(&answer)).await;
    assert_eq!(rig.fake.stats().refreshed, 1);
    let shown = account(&bridge, &id).await;
    assert_eq!((&shown["status"], &shown["health"]), (&json!("active"), &json!("healthy")));
    let strikes = select(&rig, "SELECT coalesce(health, '') LIKE '%strikes\":[_%' FROM accounts");
    assert!(!strikes[0].contains('1') || strikes[0].contains("Integer(0)"), "{strikes:?}");
    let (again, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
    assert_ne!(again.bearer, lent.bearer);
    assert_eq!(answer.expect("an answer").status, 200, "the retry goes through");
    // The same 401 told twice, late, speaks of a token that is gone.
    release(&bridge, lent.failed(&Answer::new(401, &[], &json!({})))).await;
    assert_eq!(rig.fake.stats().refreshed, 1);
}

#[tokio::test]
async fn three_401s_of_a_fresh_token_stop_the_account() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let body = envelope("authentication_error", "this organisation is suspended").to_string();
    let no = Action::Status { status: 401, headers: vec![], body };
    rig.fake.script().always(Match::endpoint(Endpoint::Anthropic), no);
    for round in 0..4 {
        assert_eq!(account(&bridge, &id).await["status"], json!("active"), "round {round}");
        let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
        release(&bridge, lent.failed(&answer.expect("an answer"))).await;
    }
    assert_eq!(rig.fake.stats().refreshed, 1, "one refresh, not one a strike");
    let shown = account(&bridge, &id).await;
    assert_eq!(shown["status"], json!("error"));
    let why = shown["error"].as_str().expect("a reason");
    assert!(why.contains("401 this organisation is suspended"), "{why}");
    let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert_eq!(refused.data["kind"], json!("no_account"));
    assert_eq!(refused.data["retryable"], json!(false), "only a person can help");
    // It is stored: a new process knows.
    bridge.kill().await;
    let bridge = rig.bridge();
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert_eq!(reset(&bridge, &id).await["status"], json!("active"));
    assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
}

#[tokio::test]
async fn a_refused_account_leaves_the_work_to_others() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (bad, _) = signed_in(&rig, &bridge, json!({ "priority": 0 })).await;
    let (good, _) = signed_in(&rig, &bridge, json!({ "priority": 1 })).await;
    for _ in 0..3 {
        let lent = acquire(&bridge, CLAUDE).await;
        assert_eq!(lent.account, bad);
        release(&bridge, lent.failed(&Answer::new(403, &[], &json!({})))).await;
    }
    assert_eq!(account(&bridge, &bad).await["status"], json!("error"));
    assert_eq!(acquire(&bridge, CLAUDE).await.account, good);
}

#[tokio::test]
async fn a_403_is_a_strike_and_the_caller_is_told() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let body = envelope("permission_error", "not allowed");
    for round in 1..=3 {
        let ask = json!({ "model": CLAUDE });
        let (lent, answer, told) = ask_for(&rig, &bridge, ask, (403, &[], &body)).await;
        assert_eq!(told["error_type"], json!("authorization"));
        assert_eq!((&told["retryable"], &told["status_code"]), (&json!(true), &json!(403)));
        release(&bridge, lent.failed(&answer)).await;
        let expected = if round == 3 { "error" } else { "active" };
        assert_eq!(account(&bridge, &id).await["status"], json!(expected));
    }
    assert_eq!(rig.fake.stats().refreshed, 0, "a new token would not help");
}

#[tokio::test]
async fn strikes_count_only_within_ten_minutes_and_a_success_forgets_them() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let no = Answer::new(403, &[], &json!({}));
    let strike = async |times: u32| {
        for _ in 0..times {
            let lent = acquire(&bridge, CLAUDE).await;
            release(&bridge, lent.failed(&no)).await;
        }
    };
    strike(2).await;
    let lent = acquire(&bridge, CLAUDE).await;
    release(&bridge, lent.succeeded()).await;
    strike(2).await;
    assert_eq!(account(&bridge, &id).await["status"], json!("active"), "a success lies between");
    // Two strikes become 601 s old.
    let age = "UPDATE accounts SET health = json_set(health,
                   '$.strikes[0]', json_extract(health, '$.strikes[0]') - 601000,
                   '$.strikes[1]', json_extract(health, '$.strikes[1]') - 601000)";
    alter(&rig, age);
    strike(2).await;
    assert_eq!(account(&bridge, &id).await["status"], json!("active"), "the window has passed");
    strike(1).await;
    assert_eq!(account(&bridge, &id).await["status"], json!("error"));
}

#[tokio::test]
async fn the_hosts_words_for_a_refused_credential_are_strikes() {
    for (error_type, status) in
        [("authorization", None), ("authorization", Some(403)), ("unknown", Some(403))]
    {
        let rig = rig().await;
        let bridge = rig.bridge();
        let (id, _) = signed_in(&rig, &bridge, json!({})).await;
        for _ in 0..3 {
            let lent = acquire(&bridge, CLAUDE).await;
            let mut bare =
                json!({ "credential_id": lent.account, "result": error(error_type, None) });
            if let Some(status) = status {
                bare["status"] = json!(status);
            }
            release(&bridge, bare).await;
        }
        assert_eq!(account(&bridge, &id).await["status"], json!("error"), "{error_type}");
    }
}

#[tokio::test]
async fn the_hosts_word_authentication_refreshes_then_strikes() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for _ in 0..4 {
        assert_eq!(account(&bridge, &id).await["status"], json!("active"));
        let lent = acquire(&bridge, CLAUDE).await;
        let bare =
            json!({ "credential_id": lent.account, "result": error("authentication", None) });
        release(&bridge, bare).await;
    }
    assert_eq!(rig.fake.stats().refreshed, 1);
    assert_eq!(account(&bridge, &id).await["status"], json!("error"));
}

#[tokio::test]
async fn three_401s_stop_a_key_and_the_others_go_on() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &KEYS, json!({ "key_strategy": "fill_first" })).await;
    let bad = acquire(&bridge, CLAUDE).await;
    rig.fake.block_key(bad.bearer.trim_start_matches("Bearer "), Some(401));
    for _ in 0..3 {
        let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
        assert_eq!(lent.key, bad.key);
        release(&bridge, lent.failed(&answer.expect("an answer"))).await;
    }
    let shown = account(&bridge, &id).await;
    assert_eq!((&shown["status"], &shown["health"]), (&json!("active"), &json!("healthy")));
    let key = key_of(&shown, &bad);
    assert_eq!(key["status"], json!("error"));
    assert!(key["error"].as_str().expect("why").contains("401 This key is blocked."), "{key}");
    let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
    assert_ne!(lent.key, bad.key);
    assert_eq!(answer.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_402_bans_the_key_and_all_keys_out_stop_the_account() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &KEYS, json!({})).await;
    for key in KEYS {
        rig.fake.block_key(key, Some(402));
    }
    let mut seen = Vec::new();
    for left in [1, 0] {
        let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
        let answer = answer.expect("an answer");
        let told = told(&bridge, &answer).await;
        assert_eq!(told["error_type"], json!("quota_exceeded"));
        assert_eq!((&told["retryable"], &told["status_code"]), (&json!(true), &json!(402)));
        release(&bridge, lent.failed(&answer)).await;
        let shown = account(&bridge, &id).await;
        let key = key_of(&shown, &lent);
        assert_eq!(key["status"], json!("banned"));
        assert!(key["error"].as_str().expect("why").contains("Subscribe to a plan"), "{key}");
        let status = if left == 1 { "active" } else { "no_keys" };
        assert_eq!(shown["status"], json!(status));
        seen.push(lent.key);
    }
    assert_ne!(seen[0], seen[1]);
    let shown = account(&bridge, &id).await;
    let why = shown["error"].as_str().expect("a reason");
    assert!(why.contains("none of its keys is active") && why.contains("402"), "{why}");
    let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert!(refused.message.contains("without an active key"), "{}", refused.message);
    assert_eq!(refused.data["retryable"], json!(false));
    // A person who paid says so.
    let shown = reset(&bridge, &id).await;
    assert_eq!((&shown["status"], shown["error"].is_null()), (&json!("active"), true));
    assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
}

#[tokio::test]
async fn a_402_without_keys_pauses_the_account_until_its_reset() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for (headers, seconds) in [
        (vec![], 1800.0),
        (vec![("retry-after", "7200")], 7200.0),
        (vec![("x-ratelimit-reset", "90000")], 90000.0),
    ] {
        let lent = acquire(&bridge, CLAUDE).await;
        let since = Utc::now();
        let answer = Answer::new(402, &headers, &json!({ "detail": "no plan" }));
        release(&bridge, lent.failed(&answer)).await;
        let shown = account(&bridge, &id).await;
        assert_eq!((&shown["status"], &shown["health"]), (&json!("active"), &json!("cooling")));
        assert_pause(&shown["cooling"], since, seconds);
        assert!(shown["cooling"]["reason"].as_str().expect("why").contains("402 no plan"));
        reset(&bridge, &id).await;
    }
    let lent = acquire(&bridge, CLAUDE).await;
    let since = Utc::now();
    let bare = json!({ "credential_id": id, "result": error("quota_exceeded", Some(4000)) });
    release(&bridge, bare).await;
    assert_pause(&account(&bridge, &id).await["cooling"], since, 4000.0);
    drop(lent);
}

#[tokio::test]
async fn a_pool_whose_key_the_host_does_not_name_is_paused_and_no_key_is_blamed() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &KEYS, json!({ "priority": 0 })).await;
    let (other, _) = signed_in(&rig, &bridge, json!({ "priority": 9 })).await;
    let since = Utc::now();
    let bare = json!({ "credential_id": id, "result": error("quota_exceeded", None) });
    release(&bridge, bare).await;
    let shown = account(&bridge, &id).await;
    assert_eq!(shown["status"], json!("active"));
    assert_pause(&shown["cooling"], since, 1800.0);
    assert!(
        shown["keys"].as_array().expect("keys").iter().all(|it| it["status"] == json!("active"))
    );
    assert_eq!(acquire(&bridge, CLAUDE).await.account, other);
}

fn key_of<'a>(shown: &'a Value, lent: &Lent) -> &'a Value {
    let keys = shown["keys"].as_array().expect("keys");
    keys.iter().find(|it| it["id"].as_str() == lent.key.as_deref()).expect("the key")
}

//! Pauses: how long, of what, and that they survive a restart as they are.
//!
//! Owns: the rows `rate` and `transient` of the fault table; how a pause ends early.
//! Must not know: what is lent while everything pauses.

use chrono::{DateTime, Utc};
use droid_testbed::host::Bridge;
use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, ok, pool_of, rig, signed_in};

/// Headers and body of a 429, the pause in seconds, and how far that may be off where a moment is
/// told in whole seconds.
type Case<'a> = (Vec<(&'a str, &'a str)>, &'a Value, f64, f64);

#[tokio::test]
async fn a_429_pauses_the_account_and_the_caller_is_told_for_how_long() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (first, _) = signed_in(&rig, &bridge, json!({ "priority": 0 })).await;
    let (second, _) = signed_in(&rig, &bridge, json!({ "priority": 1 })).await;
    let body = envelope("rate_limit_error", "slow down");
    let ask = json!({ "model": CLAUDE });
    let since = Utc::now();
    let reply = (429, &[("retry-after", "77")][..], &body);
    let (lent, answer, told) = ask_for(&rig, &bridge, ask, reply).await;
    assert_eq!(told["error_type"], json!("rate_limit"));
    assert_eq!((&told["retryable"], &told["cooldown_seconds"]), (&json!(true), &json!(77)));
    release(&bridge, lent.failed(&answer)).await;
    let shown = account(&bridge, &first).await;
    assert_eq!((&shown["status"], &shown["health"]), (&json!("active"), &json!("cooling")));
    assert_pause(&shown["cooling"], since, 77.0);
    assert_eq!(shown["cooling"]["reason"], json!("rate limit: 429 slow down"));
    assert_eq!(acquire(&bridge, CLAUDE).await.account, second);
    assert_eq!(acquire(&bridge, OTHER_CLAUDE).await.account, second, "whatever the model");
}

#[tokio::test]
async fn every_way_to_say_when_to_come_back_is_understood() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let in_90 = || (Utc::now() + chrono::Duration::seconds(90)).timestamp();
    let date = |it: i64| DateTime::from_timestamp(it, 0).expect("a time");
    let http_date = date(in_90()).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let rfc_3339 = date(in_90()).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let epoch = in_90().to_string();
    let epoch_ms = (in_90() * 1000).to_string();
    let none = json!({});
    let gemini = json!({ "error": { "code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED",
        "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s" }] } });
    let codex = json!({ "error": { "type": "usage_limit_reached", "resets_in_seconds": 33 } });
    let codex_at = json!({ "error": { "type": "usage_limit_reached", "resets_at": in_90() } });
    let cases: Vec<Case<'_>> = vec![
        (vec![], &none, 60.0, 0.0),
        (vec![("Retry-After", "7")], &none, 7.0, 0.0),
        (vec![("retry-after", "0")], &none, 1.0, 0.0),
        (vec![("retry-after", "-5")], &none, 1.0, 0.0),
        (vec![("retry-after", "1801")], &none, 1800.0, 0.0),
        (vec![("retry-after", "99999999")], &none, 1800.0, 0.0),
        (vec![("retry-after", "soon")], &none, 60.0, 0.0),
        (vec![("retry-after-ms", "2500"), ("retry-after", "9")], &none, 2.5, 0.0),
        (vec![("retry-after", &http_date)], &none, 90.0, 30.0),
        (vec![("retry-after", &rfc_3339)], &none, 90.0, 30.0),
        (vec![("retry-after", &epoch)], &none, 90.0, 30.0),
        (vec![("x-ratelimit-reset-requests", "1m30s")], &none, 90.0, 0.0),
        (vec![("x-ratelimit-reset-tokens", "6s500ms")], &none, 6.5, 0.0),
        (vec![("x-ratelimit-reset", &epoch_ms)], &none, 90.0, 30.0),
        (vec![("ratelimit-reset", "44")], &none, 44.0, 0.0),
        (
            vec![
                ("anthropic-ratelimit-requests-remaining", "5"),
                ("anthropic-ratelimit-requests-reset", "2099-01-01T00:00:00Z"),
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", &rfc_3339),
            ],
            &none,
            90.0,
            30.0,
        ),
        (
            vec![
                ("anthropic-ratelimit-unified-status", "rejected"),
                ("anthropic-ratelimit-unified-reset", &epoch),
            ],
            &none,
            90.0,
            30.0,
        ),
        (vec![], &gemini, 12.0, 0.0),
        (vec![], &codex, 33.0, 0.0),
        (vec![], &codex_at, 90.0, 30.0),
    ];
    for (headers, body, seconds, off) in cases {
        let lent = acquire(&bridge, CLAUDE).await;
        let since = Utc::now();
        release(&bridge, lent.failed(&Answer::new(429, &headers, body))).await;
        let cooling = account(&bridge, &id).await["cooling"].clone();
        assert!(cooling.is_object(), "{headers:?} {body}");
        assert_pause(&cooling, since - span(off), seconds);
        reset(&bridge, &id).await;
    }
}

#[tokio::test]
async fn the_hosts_own_pause_is_taken_and_capped() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for (told, status, seconds) in [
        (Some(90), None, 90.0),
        (Some(90), Some(429), 60.0),
        (Some(7200), None, 1800.0),
        (None, None, 60.0),
    ] {
        let lent = acquire(&bridge, CLAUDE).await;
        let since = Utc::now();
        let mut bare =
            json!({ "credential_id": lent.account, "result": error("rate_limit", told) });
        if let Some(status) = status {
            // With a status, upstream's headers speak for upstream, not the host's guess.
            bare["status"] = json!(status);
        }
        release(&bridge, bare).await;
        assert_pause(&account(&bridge, &id).await["cooling"], since, seconds);
        reset(&bridge, &id).await;
    }
}

#[tokio::test]
async fn a_429_pauses_the_key_and_not_the_pool() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789"];
    let id = pool_of(&rig, &bridge, &keys, json!({})).await;
    let first = acquire(&bridge, CLAUDE).await;
    let since = Utc::now();
    let wait = |seconds| Answer::new(429, &[("retry-after", seconds)], &json!({}));
    release(&bridge, first.failed(&wait("300"))).await;
    for _ in 0..10 {
        assert_ne!(acquire(&bridge, CLAUDE).await.key, first.key);
    }
    let second = acquire(&bridge, CLAUDE).await;
    release(&bridge, second.failed(&wait("100"))).await;
    let shown = account(&bridge, &id).await;
    assert_eq!(shown["status"], json!("active"), "a pause is no stop");
    for key in shown["keys"].as_array().expect("keys") {
        let seconds = if key["id"].as_str() == first.key.as_deref() { 300.0 } else { 100.0 };
        assert_pause(&key["cooling"], since, seconds);
    }
    // Each pause is probed once, the one that ends first before the other; then there is a time.
    assert_eq!(acquire(&bridge, CLAUDE).await.key, second.key);
    assert_eq!(acquire(&bridge, CLAUDE).await.key, first.key);
    let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    let wait = refused.data["retry_after_seconds"].as_u64().expect("a time");
    assert!((90..=100).contains(&wait), "{wait}");
}

#[tokio::test]
async fn upstreams_own_failures_pause_five_seconds() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for status in [500, 502, 503, 504, 529] {
        let body = envelope("overloaded_error", "try later");
        let since = Utc::now();
        let ask = json!({ "model": CLAUDE });
        let (lent, answer, told) = ask_for(&rig, &bridge, ask, (status, &[], &body)).await;
        assert_eq!(told["error_type"], json!("server_error"));
        assert_eq!((&told["retryable"], &told["status_code"]), (&json!(true), &json!(status)));
        release(&bridge, lent.failed(&answer)).await;
        let shown = account(&bridge, &id).await;
        assert_eq!((&shown["status"], &shown["health"]), (&json!("active"), &json!("cooling")));
        assert_pause(&shown["cooling"], since, 5.0);
        reset(&bridge, &id).await;
    }
}

#[tokio::test]
async fn no_connection_pauses_five_seconds() {
    let mut rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    rig.fake.go_down().await;
    let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
    assert!(answer.is_err(), "nobody listens");
    let since = Utc::now();
    release(&bridge, lent.release(&error("network_error", None))).await;
    assert_pause(&account(&bridge, &id).await["cooling"], since, 5.0);
    rig.fake.come_up().await;
    reset(&bridge, &id).await;
    // A reset before the first byte is the same to the account.
    let action = droid_testbed::upstream::Action::ResetBeforeHeaders;
    rig.fake.script().next(droid_testbed::upstream::Match::any(), action);
    let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
    assert!(answer.is_err(), "the connection was reset");
    let since = Utc::now();
    let bare = json!({ "credential_id": lent.account, "result": error("network_error", None) });
    release(&bridge, bare).await;
    assert_pause(&account(&bridge, &id).await["cooling"], since, 5.0);
}

#[tokio::test]
async fn failures_in_a_row_double_the_pause_to_five_minutes() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let no = Answer::new(503, &[], &json!({}));
    for seconds in [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0] {
        // Three requests that were in flight together fail together: they count once.
        let together = [
            acquire(&bridge, CLAUDE).await,
            acquire(&bridge, CLAUDE).await,
            acquire(&bridge, CLAUDE).await,
        ];
        let since = Utc::now();
        for lent in together {
            release(&bridge, lent.failed(&no)).await;
        }
        assert_pause(&account(&bridge, &id).await["cooling"], since, seconds);
        end_pauses(&rig, &bridge).await;
    }
    let lent = acquire(&bridge, CLAUDE).await;
    release(&bridge, lent.succeeded()).await;
    let since = Utc::now();
    release(&bridge, acquire(&bridge, CLAUDE).await.failed(&no)).await;
    assert_pause(&account(&bridge, &id).await["cooling"], since, 5.0);
}

#[tokio::test]
async fn a_success_lifts_a_pause_and_so_does_a_reset() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let late = acquire(&bridge, CLAUDE).await;
    let limited = acquire(&bridge, CLAUDE).await;
    release(&bridge, limited.failed(&Answer::new(429, &[], &json!({})))).await;
    assert_eq!(account(&bridge, &id).await["health"], json!("cooling"));
    release(&bridge, late.succeeded()).await;
    let shown = account(&bridge, &id).await;
    assert_eq!((&shown["health"], &shown["cooling"]), (&json!("healthy"), &Value::Null));
    release(&bridge, acquire(&bridge, CLAUDE).await.failed(&Answer::new(500, &[], &json!({}))))
        .await;
    assert_eq!(reset(&bridge, &id).await["health"], json!("healthy"));
    let usual = acquire(&bridge, CLAUDE).await;
    assert_eq!(usual.account, id);
    // The host's bare form lifts too.
    release(&bridge, usual.failed(&Answer::new(429, &[], &json!({})))).await;
    release(&bridge, json!({ "credential_id": id, "result": success(1, 1) })).await;
    assert_eq!(account(&bridge, &id).await["health"], json!("healthy"));
}

#[tokio::test]
async fn a_pause_is_not_shortened_by_a_shorter_one() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let (one, other) = (acquire(&bridge, CLAUDE).await, acquire(&bridge, CLAUDE).await);
    let since = Utc::now();
    let wait = |seconds| Answer::new(429, &[("retry-after", seconds)], &json!({}));
    release(&bridge, one.failed(&wait("500"))).await;
    release(&bridge, other.failed(&wait("10"))).await;
    assert_pause(&account(&bridge, &id).await["cooling"], since, 500.0);
}

#[tokio::test]
async fn a_restart_neither_lengthens_nor_forgets_a_pause() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let keys = ["fk-alpha-0123456789"];
    let pool = pool_of(&rig, &bridge, &keys, json!({})).await;
    let answer = Answer::new(429, &[("retry-after", "600")], &json!({}));
    let model = Answer::new(404, &[], &envelope("not_found_error", "model: no"));
    let lent = acquire_with(&bridge, json!({ "model": CLAUDE, "credential_id": id })).await;
    release(&bridge, lent.failed(&model)).await;
    release(&bridge, lent.failed(&answer)).await;
    let lent = acquire_with(&bridge, json!({ "model": CLAUDE, "credential_id": pool })).await;
    release(&bridge, lent.failed(&answer)).await;
    let shown = [account(&bridge, &id).await, account(&bridge, &pool).await];
    assert!(shown[0]["cooling"].is_object() && shown[0]["model_cooling"][0].is_object());
    assert!(shown[1]["keys"][0]["cooling"].is_object());
    let pauses = |it: &[Value; 2]| {
        let parts = [&it[0]["cooling"], &it[0]["model_cooling"], &it[1]["keys"][0]["cooling"]];
        parts.map(Value::clone)
    };
    for _ in 0..3 {
        bridge.kill().await;
        let bridge = rig.bridge();
        let again = [account(&bridge, &id).await, account(&bridge, &pool).await];
        assert_eq!(pauses(&again), pauses(&shown));
        bridge.close().await.expect("a clean exit");
    }
    let host = rig.one_shot();
    let listed = host.call("list_credentials", Value::Null).await.expect("a list");
    let listed = listed.as_array().expect("a list").iter().find(|it| it["id"] == json!(id));
    assert_eq!(listed.expect("the account")["cooling"], shown[0]["cooling"]);
    for id in [&id, &pool] {
        // As a probe, then not at all, with the time that is left and no more.
        let ask = json!({ "model": CLAUDE, "credential_id": id });
        host.call("acquire_credential", ask.clone()).await.expect("the probe");
        let refused = host.call("acquire_credential", ask).await.expect_err("a pause").rpc();
        let left = refused.data["retry_after_seconds"].as_u64().expect("a time");
        assert!((1..=600).contains(&left), "{left}");
    }
}

/// Lets every pause end now; streaks and strikes stay. Answers when the process knows.
async fn end_pauses(rig: &Rig, bridge: &Bridge) {
    let sql = "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'revision';
               UPDATE accounts SET health = json_set(health, '$.cooling.until', 1),
                   revision = (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'revision')
               WHERE json_extract(health, '$.cooling.until') IS NOT NULL;";
    alter(rig, sql);
    until("the end of the pause", async || {
        let explained = ok(bridge, "explain_selection", json!({ "model": CLAUDE })).await;
        let first = &explained["accounts"][0];
        (first["skipped"].is_null() && first["probe"] == json!(false)).then_some(())
    })
    .await;
}

//! When everything pauses: the one probe, and what the others are told.
//!
//! Owns: probes over one and several processes.
//! Must not know: why something pauses.

use droid_testbed::host::{Bridge, CallError};
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, rig, signed_in};

/// Races for one probe.
const RACES: usize = 10;

#[tokio::test]
async fn exactly_one_probe_is_lent_and_the_others_are_told_when() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    pause(&bridge, &id, "120").await;
    let probe = acquire(&bridge, CLAUDE).await;
    assert_eq!(probe.account, id);
    for _ in 0..5 {
        let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
        assert_no_account(&refused.data, 110..=120);
        assert!(refused.message.contains("cooling"), "{}", refused.message);
    }
    // A failed probe does not earn another one; a successful one frees everything.
    let wait = Answer::new(429, &[("retry-after", "300")], &json!({}));
    release(&bridge, probe.failed(&wait)).await;
    let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert_no_account(&refused.data, 290..=300);
    release(&bridge, probe.succeeded()).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
    assert_eq!(acquire(&bridge, CLAUDE).await.account, id);
}

#[tokio::test]
async fn two_processes_lend_one_probe_between_them() {
    let rig = rig().await;
    let (one, other) = (rig.bridge(), rig.bridge());
    let (id, _) = signed_in(&rig, &one, json!({})).await;
    for race in 0..RACES {
        pause(&one, &id, "120").await;
        until("the other process knows of the pause", async || {
            let explained = explain(&other).await;
            (explained["accounts"][0]["probe"] == json!(true)).then_some(())
        })
        .await;
        let ask = || json!({ "model": CLAUDE });
        let answers = tokio::join!(
            one.call("acquire_credential", ask()),
            other.call("acquire_credential", ask()),
            one.call("acquire_credential", ask()),
            other.call("acquire_credential", ask()),
        );
        let answers = [answers.0, answers.1, answers.2, answers.3];
        let lent = answers.iter().filter(|it| it.is_ok()).count();
        assert_eq!(lent, 1, "race {race}");
        for refused in answers.into_iter().filter_map(Result::err).map(CallError::rpc) {
            assert_no_account(&refused.data, 60..=120);
        }
        let started = rig.one_shot().call("acquire_credential", ask()).await;
        assert_no_account(&started.expect_err("it was probed").rpc().data, 60..=120);
        reset(&one, &id).await;
        until("the other process knows of the reset", async || {
            let explained = explain(&other).await;
            (explained["accounts"][0]["skipped"] == Value::Null).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn each_pause_is_probed_once_and_the_earliest_end_is_told() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (long, _) = signed_in(&rig, &bridge, json!({ "priority": 0 })).await;
    let (short, _) = signed_in(&rig, &bridge, json!({ "priority": 9 })).await;
    pause(&bridge, &long, "900").await;
    pause(&bridge, &short, "100").await;
    assert_eq!(explain(&bridge).await["accounts"][0]["account"], json!(short));
    assert_eq!(acquire(&bridge, CLAUDE).await.account, short);
    assert_eq!(acquire(&bridge, CLAUDE).await.account, long);
    let refused = err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert_no_account(&refused.data, 90..=100);
    // An account that comes new is simply used.
    let (new, _) = signed_in(&rig, &bridge, json!({})).await;
    assert_eq!(acquire(&bridge, CLAUDE).await.account, new);
}

#[tokio::test]
async fn a_probe_stays_within_a_strict_binding() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (bound, _) = signed_in(&rig, &bridge, json!({})).await;
    let (free, _) = signed_in(&rig, &bridge, json!({})).await;
    pause(&bridge, &bound, "100").await;
    let ask = json!({ "model": CLAUDE, "credential_id": bound });
    assert_eq!(acquire_with(&bridge, ask.clone()).await.account, bound);
    let refused = err(&bridge, "acquire_credential", ask).await;
    assert_no_account(&refused.data, 90..=100);
    assert_eq!(acquire(&bridge, CLAUDE).await.account, free);
}

/// Pauses an account as a 429 does.
async fn pause(bridge: &Bridge, id: &str, seconds: &str) {
    let lent = acquire_with(bridge, json!({ "model": CLAUDE, "credential_id": id })).await;
    let wait = Answer::new(429, &[("retry-after", seconds)], &json!({}));
    release(bridge, lent.failed(&wait)).await;
}

async fn explain(bridge: &Bridge) -> Value {
    crate::support::ok(bridge, "explain_selection", json!({ "model": CLAUDE })).await
}

#[track_caller]
fn assert_no_account(data: &Value, seconds: std::ops::RangeInclusive<u64>) {
    assert_eq!((&data["kind"], &data["retryable"]), (&json!("no_account"), &json!(true)), "{data}");
    let wait = data["retry_after_seconds"].as_u64().expect("a time to wait");
    assert!(seconds.contains(&wait), "{wait} is not in {seconds:?}");
}

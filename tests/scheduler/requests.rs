//! Requests that are wrong in themselves, and models that are not there.
//!
//! Owns: the rows `request` and `model` of the fault table, and `client_closed`.
//! Must not know: faults that speak against an account.

use chrono::Utc;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{ok, pool_of, rig, signed_in};

/// The statuses of the table's first row, each over real HTTP.
const NAMED: [u16; 8] = [400, 404, 405, 408, 409, 413, 415, 422];

#[tokio::test]
async fn a_wrong_request_changes_nothing_byte_for_byte() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (oauth, _) = signed_in(&rig, &bridge, json!({ "name": "one" })).await;
    let pool = pool_of(&rig, &bridge, &["fk-alpha-0123456789"], json!({})).await;
    let body = envelope("invalid_request_error", "max_tokens: must be positive");
    for status in NAMED {
        for id in [&oauth, &pool] {
            let ask = json!({ "model": CLAUDE, "credential_id": id, "session_id": "s" });
            let (lent, answer, told) = ask_for(&rig, &bridge, ask, (status, &[], &body)).await;
            assert_eq!(told["status_code"], json!(status));
            assert_eq!(told["retryable"], json!(false), "{status}");
            assert_eq!(told["cooldown_seconds"], Value::Null);
            assert_eq!(told["error_type"], json!("unknown"));
            assert_eq!(told["message"], json!("max_tokens: must be positive"));
            assert_untouched(&rig, &bridge, lent.failed(&answer)).await;
        }
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn no_other_client_error_changes_anything_either() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let body = json!({ "detail": "no" });
    let other = (400..500).filter(|it| ![401, 402, 403, 429].contains(it));
    let lent = acquire(&bridge, CLAUDE).await;
    for status in other {
        assert_untouched(&rig, &bridge, lent.failed(&Answer::new(status, &[], &body))).await;
    }
    assert_eq!(account(&bridge, &id).await["health"], json!("healthy"));
}

#[tokio::test]
async fn the_hosts_bare_words_for_a_wrong_request_change_nothing() {
    let rig = rig().await;
    let bridge = rig.bridge();
    signed_in(&rig, &bridge, json!({})).await;
    let lent = acquire(&bridge, CLAUDE).await;
    for error_type in ["unknown", "content_filtered", "something_else", ""] {
        let bare = json!({ "credential_id": lent.account, "result": error(error_type, Some(90)) });
        assert_untouched(&rig, &bridge, bare.clone()).await;
        let mut with_status = bare;
        with_status["status"] = json!(422);
        assert_untouched(&rig, &bridge, with_status).await;
    }
    let lower =
        json!({ "error": { "error_type": "unknown", "message": "", "mark_unhealthy": true } });
    let bare = json!({ "credential_id": lent.account, "result": lower });
    assert_untouched(&rig, &bridge, bare).await;
}

#[tokio::test]
async fn a_wrong_request_changes_nothing_with_a_process_for_each_call() {
    let rig = rig().await;
    let host = rig.one_shot();
    let bridge = rig.bridge();
    pool_of(&rig, &bridge, &["fk-alpha-0123456789"], json!({})).await;
    bridge.close().await.expect("a clean exit");
    let acquired = host.call("acquire_credential", json!({ "model": CLAUDE })).await;
    let lent = Lent::new(&acquired.expect("an account"));
    let before = dump(&rig);
    assert!(before["api_keys"][0].contains("Integer(1)"), "the use itself is noted: {before:?}");
    let answer = Answer::new(400, &[], &envelope("invalid_request_error", "no"));
    host.call("release_credential", lent.failed(&answer)).await.expect("a release");
    assert_eq!(dump(&rig), before);
}

#[tokio::test]
async fn a_client_that_left_changes_nothing() {
    let rig = rig().await;
    let bridge = rig.bridge();
    signed_in(&rig, &bridge, json!({})).await;
    let lent = acquire(&bridge, CLAUDE).await;
    assert_untouched(&rig, &bridge, lent.release(&error("client_closed", None))).await;
    let usage = ok(&bridge, "get_usage", json!({})).await;
    assert_eq!(usage["rows"][0]["outcome"], json!("client_closed"), "{usage}");
}

#[tokio::test]
async fn a_model_that_is_not_there_pauses_on_that_account_alone() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (first, _) = signed_in(&rig, &bridge, json!({ "priority": 0 })).await;
    let (second, _) = signed_in(&rig, &bridge, json!({ "priority": 1 })).await;
    let body = envelope("not_found_error", "model: claude-sonnet-4-5-20250929");
    let since = Utc::now();
    let (lent, answer, told) =
        ask_for(&rig, &bridge, json!({ "model": CLAUDE }), (404, &[], &body)).await;
    assert_eq!(lent.account, first);
    assert_eq!(told["error_type"], json!("model_unavailable"));
    assert_eq!((&told["retryable"], &told["status_code"]), (&json!(false), &json!(404)));
    release(&bridge, lent.failed(&answer)).await;
    let shown = account(&bridge, &first).await;
    assert_eq!((&shown["health"], &shown["status"]), (&json!("healthy"), &json!("active")));
    assert_eq!(shown["model_cooling"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["model_cooling"][0]["model"], json!(CLAUDE));
    assert_pause(&shown["model_cooling"][0], since, 600.0);
    assert_eq!(acquire(&bridge, CLAUDE).await.account, second);
    assert_eq!(acquire(&bridge, OTHER_CLAUDE).await.account, first);
}

#[tokio::test]
async fn each_way_to_say_that_a_model_is_not_there_is_understood() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let chat = |code: &str| json!({ "error": { "message": "no", "type": "e", "code": code } });
    for (status, body, headers, seconds) in [
        (404, chat("model_not_found"), vec![], 600.0),
        (400, envelope("invalid_request_error", "Unsupported model: x"), vec![], 600.0),
        (403, chat("model_not_available"), vec![], 600.0),
        (422, envelope("e", "model `x` does not exist"), vec![("retry-after", "5")], 5.0),
        (404, chat("model_not_found"), vec![("retry-after", "86400")], 600.0),
    ] {
        let lent = acquire(&bridge, CLAUDE).await;
        let since = Utc::now();
        release(&bridge, lent.failed(&Answer::new(status, &headers, &body))).await;
        let shown = account(&bridge, &id).await;
        assert_eq!(shown["health"], json!("healthy"), "{status} {body}");
        assert_pause(&shown["model_cooling"][0], since, seconds);
        reset(&bridge, &id).await;
    }
    let lent = acquire(&bridge, CLAUDE).await;
    release(&bridge, lent.release(&error("model_unavailable", None))).await;
    assert_eq!(account(&bridge, &id).await["model_cooling"][0]["model"], json!(CLAUDE));
    reset(&bridge, &id).await;
    // Without the loan, the model is named as the client names it.
    let bare = json!({
        "credential_id": id,
        "model": "claude-haiku-4-5",
        "result": error("model_unavailable", None),
    });
    release(&bridge, bare).await;
    let model = &account(&bridge, &id).await["model_cooling"][0]["model"];
    assert_eq!(*model, json!("claude-sonnet-4-20250514"));
}

#[tokio::test]
async fn a_key_that_lacks_a_model_leaves_it_to_the_others() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789"];
    let id = pool_of(&rig, &bridge, &keys, json!({ "key_strategy": "fill_first" })).await;
    let first = acquire(&bridge, CLAUDE).await;
    let answer = Answer::new(404, &[], &envelope("not_found_error", "model: no"));
    release(&bridge, first.failed(&answer)).await;
    let second = acquire(&bridge, CLAUDE).await;
    assert_eq!(second.account, id);
    assert_ne!(second.key, first.key);
    assert_eq!(acquire(&bridge, OTHER_CLAUDE).await.key, first.key);
}

/// A release after which no byte of the store is another, but for the usage.
async fn assert_untouched(
    rig: &droid_testbed::rig::Rig,
    bridge: &droid_testbed::host::Bridge,
    params: Value,
) {
    flush(bridge).await;
    let before = dump(rig);
    release(bridge, params.clone()).await;
    flush(bridge).await;
    assert_eq!(dump(rig), before, "{params}");
}

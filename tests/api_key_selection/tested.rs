//! Keys that are tried against upstream.
//!
//! Owns: `test_api_keys`.
//! Must not know: requests of clients.

use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, ok, pool_of, rig};

const KEYS: [(&str, Option<u16>); 4] = [
    ("fk-works-0123456789aaaa", None),
    ("fk-wrong-0123456789bbbb", Some(401)),
    ("fk-broke-0123456789cccc", Some(402)),
    ("fk-never-0123456789dddd", Some(403)),
];

#[tokio::test]
async fn each_key_is_asked_and_its_answer_noted_as_any_requests() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys: Vec<&str> = KEYS.iter().map(|it| it.0).collect();
    let id = pool_of(&rig, &bridge, &keys, json!({})).await;
    for (key, status) in KEYS {
        rig.fake.block_key(key, status);
    }
    let test = async || {
        let answer = ok(&bridge, "test_api_keys", json!({ "credential_id": id })).await;
        answer["keys"].as_array().expect("keys").clone()
    };
    let tested = test().await;
    assert_eq!(tested.len(), 4);
    for (key, status) in KEYS {
        let tail = &key[key.len() - 4..];
        let one = by_tail(&tested, tail);
        assert_eq!(one["ok"], json!(status.is_none()), "{one}");
        assert_eq!(one["status"], json!(status.unwrap_or(200)));
        let message = match status {
            None => "answered",
            Some(402) => "Ready to get started? Subscribe to a plan.",
            Some(_) => "This key is blocked.",
        };
        assert_eq!(one["message"], json!(message), "in upstream's words");
        let class = status.map(|it| if it == 402 { "quota" } else { "credential" });
        assert_eq!(one["class"].as_str(), class, "{one}");
        assert_eq!(one["hint"].is_string(), class.is_some(), "{one}");
        assert!(one["latency_ms"].is_u64());
    }
    let shown = async || account(&bridge, &id).await["keys"].as_array().expect("keys").clone();
    let keys = shown().await;
    for (tail, status) in [("aaaa", "active"), ("bbbb", "active"), ("dddd", "active")] {
        assert_eq!(by_tail(&keys, tail)["status"], json!(status));
    }
    let banned = by_tail(&keys, "cccc");
    assert_eq!(banned["status"], json!("banned"));
    assert_eq!(
        banned["error"],
        json!("no budget left: 402 Ready to get started? Subscribe to a plan.")
    );
    test().await;
    test().await;
    let keys = shown().await;
    for (tail, status) in [("bbbb", "401"), ("dddd", "403")] {
        let key = by_tail(&keys, tail);
        assert_eq!(key["status"], json!("error"), "three strikes");
        let why = key["error"].as_str().expect("why");
        assert!(why.contains(&format!("{status} This key is blocked.")), "{why}");
    }
    assert_eq!(account(&bridge, &id).await["status"], json!("active"));
    // A key that works again is told so and serves again.
    rig.fake.block_key("fk-wrong-0123456789bbbb", None);
    assert_eq!(by_tail(&test().await, "bbbb")["ok"], json!(true));
    let key = by_tail(&shown().await, "bbbb").clone();
    assert_eq!((&key["status"], &key["error"]), (&json!("active"), &Value::Null));
}

#[tokio::test]
async fn a_test_that_says_nothing_of_the_key_changes_nothing_of_it() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id = pool_of(&rig, &bridge, &["fk-works-0123456789aaaa"], json!({})).await;
    let body = envelope("invalid_request_error", "no").to_string();
    let no = Action::Status { status: 400, headers: vec![], body };
    rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), no);
    let tested = ok(&bridge, "test_api_keys", json!({ "credential_id": id })).await;
    assert_eq!(
        (&tested["keys"][0]["ok"], &tested["keys"][0]["status"]),
        (&json!(false), &json!(400))
    );
    let hint = tested["keys"][0]["hint"].as_str().expect("a hint");
    assert!(hint.contains("says nothing of the account"), "{hint}");
    rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), Action::ResetBeforeHeaders);
    let tested = ok(&bridge, "test_api_keys", json!({ "credential_id": id })).await;
    assert_eq!(tested["keys"][0]["ok"], json!(false));
    assert_eq!(tested["keys"][0]["status"], Value::Null);
    let shown = account(&bridge, &id).await;
    assert_eq!(shown["keys"][0]["status"], json!("active"));
    assert_eq!(shown["keys"][0]["cooling"], Value::Null);
}

#[tokio::test]
async fn only_the_keys_that_are_named_are_asked() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let id =
        pool_of(&rig, &bridge, &["fk-works-0123456789aaaa", "fk-other-0123456789bbbb"], json!({}))
            .await;
    let shown = account(&bridge, &id).await;
    let off = json!({ "credential_id": id, "api_key_ids": [shown["keys"][0]["id"]],
                      "status": "disabled" });
    ok(&bridge, "set_api_key_status", off).await;
    let tested = ok(&bridge, "test_api_keys", json!({ "credential_id": id })).await;
    assert_eq!(tested["keys"].as_array().map(Vec::len), Some(1), "not what a person switched off");
    let named = json!({ "credential_id": id, "api_key_ids": [shown["keys"][0]["id"]] });
    let tested = ok(&bridge, "test_api_keys", named).await;
    assert_eq!(tested["keys"][0]["id"], shown["keys"][0]["id"], "unless they name it");
    let unknown = json!({ "credential_id": id, "api_key_ids": ["nobody"] });
    assert_eq!(err(&bridge, "test_api_keys", unknown).await.code, -32602);
}

fn by_tail<'a>(keys: &'a [Value], tail: &str) -> &'a Value {
    let found = keys.iter().find(|it| it["tail"].as_str().is_some_and(|it| it.ends_with(tail)));
    found.unwrap_or_else(|| panic!("no key ends in {tail}: {keys:?}"))
}

//! Many keys at once.
//!
//! Owns: adding, replacing and removing keys, and what is told of each.
//! Must not know: which key is chosen.

use std::time::{Duration, Instant};

use droid_testbed::host::Bridge;
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, ok, pool_of, rig, signed_in};

/// Keys of one call.
const MANY: usize = 10_000;

/// Far above what it takes, far below what a host waits.
const REASONABLE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn what_became_of_each_key_is_told_in_the_order_given() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "short", "fk-bravo-0123456789", "fk-alpha-0123456789"];
    let config = json!({ "api_keys": keys });
    let params = json!({ "auth_type": "api_key", "config": config });
    let created = ok(&bridge, "create_credential", params).await;
    assert_eq!(created["name"], json!("Droid API Key (2 keys)"));
    let expected = ["added", "malformed", "added", "duplicate"];
    assert_eq!(outcomes(&created), expected);
    assert_eq!(created["keys"][3]["id"], created["keys"][0]["id"], "the key that is there");
    let id = created["credential_id"].clone();
    let shown = account(&bridge, id.as_str().expect("an id")).await;
    assert_eq!(shown["keys"].as_array().map(Vec::len), Some(2));
    // As text, with every separator people use.
    let text = "fk-gamma-0123456789\r\n bad\u{e9}key-0123456789\n\nfk-bravo-0123456789, x;\tfk-delta-0123456789\nfk-gamma-0123456789";
    let changed = add(&bridge, &id, json!(text), "append").await;
    let expected = ["added", "malformed", "duplicate", "malformed", "added", "duplicate"];
    assert_eq!(outcomes(&changed), expected);
    assert_eq!((&changed["added"], &changed["duplicates"]), (&json!(2), &json!(2)));
    assert_eq!(changed["keys"][5]["id"], changed["keys"][0]["id"]);
    assert_eq!(changed["keys"][2]["id"], created["keys"][2]["id"]);
    for key in changed["keys"].as_array().expect("keys") {
        let has_id = key["outcome"] != json!("malformed");
        assert_eq!(key["id"].is_string(), has_id, "{key}");
        assert!(key["tail"].as_str().expect("a tail").chars().count() <= 5, "{key}");
    }
    let told = format!("{created}{changed}{shown}");
    assert!(!told.contains("0123456"), "no key is told");
    flush(&bridge).await;
    assert!(!format!("{:?}", dump(&rig)).contains("fk-"), "nor stored as it is");
}

#[tokio::test]
async fn all_keys_that_cannot_be_used_any_more_go_with_one_call() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let names = ["alpha", "bravo", "gamma", "delta"].map(|it| format!("fk-{it}-0123456789"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let one = json!(pool_of(&rig, &bridge, &names, json!({})).await);
    let other = json!(pool_of(&rig, &bridge, &["fk-other-0123456789"], json!({})).await);
    let ids = async |of: &Value| -> Vec<Value> {
        let listed = ok(&bridge, "list_api_keys", json!({ "credential_id": of })).await;
        listed["keys"].as_array().expect("keys").iter().map(|it| it["id"].clone()).collect()
    };
    let (first, second) = (ids(&one).await, ids(&other).await);
    let set = async |of: &Value, id: &Value, status: &str| {
        let params = json!({ "credential_id": of, "api_key_ids": [id], "status": status });
        ok(&bridge, "set_api_key_status", params).await;
    };
    set(&one, &first[0], "disabled").await;
    set(&one, &first[2], "banned").await;
    set(&other, &second[0], "disabled").await;
    // A key that works is never meant.
    for statuses in [json!(["active"]), json!([]), json!(["disabled", "active"])] {
        let error = err(&bridge, "remove_pool_keys", json!({ "statuses": statuses })).await;
        assert_eq!((error.code, &error.data["kind"]), (-32602, &json!("invalid")), "{error}");
    }
    let params = json!({ "credential_id": one, "statuses": ["banned"] });
    let gone = ok(&bridge, "remove_pool_keys", params).await;
    assert_eq!((&gone["removed"], &gone["keys"][0]["id"]), (&json!(1), &first[2]), "{gone}");
    let gone = ok(&bridge, "remove_pool_keys", Value::Null).await;
    assert_eq!(gone["removed"], 2, "of all accounts: {gone}");
    assert_eq!(ids(&one).await, [first[1].clone(), first[3].clone()]);
    assert_eq!(ids(&other).await, Vec::<Value>::new());
    assert_eq!(ok(&bridge, "remove_pool_keys", json!({})).await["removed"], 0);
}

#[tokio::test]
async fn keys_of_one_paste_are_listed_in_its_order() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys: Vec<String> = (100..120).map(|at| format!("fk-paste-0123456789-{at}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    pool_of(&rig, &bridge, &keys, json!({})).await;
    let listed = async || {
        let listed = ok(&bridge, "list_api_keys", Value::Null).await;
        let keys = listed["keys"].as_array().expect("keys").clone();
        keys.iter().map(|it| it["tail"].as_str().expect("a tail").to_owned()).collect::<Vec<_>>()
    };
    let expected: Vec<String> = (100..120).map(|at| format!("…-{at}")).collect();
    assert_eq!(listed().await, expected);
    // A change of one moves none.
    let all = ok(&bridge, "list_api_keys", Value::Null).await;
    ok(&bridge, "toggle_pool_key", json!({ "api_key_id": all["keys"][3]["id"] })).await;
    assert_eq!(listed().await, expected);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_told_with_what_to_do() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let params = json!({ "key": "fk-alpha-0123456789", "pool": "nowhere" });
    let error = err(&bridge, "add_pool_keys", params).await;
    assert_eq!(error.data["kind"], "not_found");
    assert!(error.data["hint"].as_str().is_some_and(|it| it.contains("save_group")), "{error}");
}

#[tokio::test]
async fn keys_can_be_replaced_and_those_that_stay_keep_their_state() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789", "fk-gamma-0123456789"];
    let id = json!(pool_of(&rig, &bridge, &keys, json!({})).await);
    let before = account(&bridge, id.as_str().expect("an id")).await;
    let bravo = before["keys"][1]["id"].clone();
    let params = json!({ "credential_id": id, "api_key_ids": [bravo], "status": "disabled" });
    ok(&bridge, "set_api_key_status", params).await;
    let next = json!(["fk-bravo-0123456789", "fk-delta-0123456789"]);
    let changed = add(&bridge, &id, next, "replace").await;
    assert_eq!(outcomes(&changed), ["duplicate", "added"]);
    assert_eq!((&changed["added"], &changed["removed"]), (&json!(1), &json!(2)));
    let shown = account(&bridge, id.as_str().expect("an id")).await;
    let kept = shown["keys"].as_array().expect("keys");
    assert_eq!(kept.len(), 2);
    let kept = kept.iter().find(|it| it["id"] == bravo).expect("the key that stays");
    assert_eq!(kept["status"], json!("disabled"));
    // Nothing usable is no order to remove everything.
    let params = json!({ "credential_id": id, "api_keys": ["x"], "mode": "replace" });
    assert_eq!(err(&bridge, "add_api_keys", params).await.code, -32602);
    assert_eq!(
        account(&bridge, id.as_str().expect("an id")).await["keys"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn keys_are_removed_by_id_and_by_the_key_itself() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789", "fk-gamma-0123456789"];
    let id = json!(pool_of(&rig, &bridge, &keys, json!({})).await);
    let shown = account(&bridge, id.as_str().expect("an id")).await;
    let first = shown["keys"][0]["id"].clone();
    let all: Vec<&str> = keys.to_vec();
    let params = json!({ "credential_id": id, "api_key_ids": [first, "nobody", first] });
    let changed = ok(&bridge, "remove_api_keys", params).await;
    assert_eq!(outcomes(&changed), ["removed", "not_found", "duplicate"]);
    assert_eq!(changed["removed"], json!(1));
    let params = json!({ "credential_id": id, "api_keys": [all[0], all[1], all[2], all[2]] });
    let changed = ok(&bridge, "remove_api_keys", params).await;
    assert_eq!(changed["removed"], json!(2));
    assert_eq!(outcomes(&changed), ["not_found", "removed", "removed", "duplicate"]);
    let shown = account(&bridge, id.as_str().expect("an id")).await;
    assert_eq!((&shown["status"], &shown["keys"]), (&json!("no_keys"), &json!([])));
    assert_eq!(shown["error"], json!("it has no key"));
    err(&bridge, "acquire_credential", json!({ "model": CLAUDE })).await;
    add(&bridge, &id, json!("fk-delta-0123456789"), "append").await;
    assert_eq!(json!(acquire(&bridge, CLAUDE).await.account), id);
}

#[tokio::test]
async fn only_a_pool_has_keys() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (oauth, _) = signed_in(&rig, &bridge, json!({})).await;
    let key = json!(["fk-alpha-0123456789"]);
    for method in ["add_api_keys", "remove_api_keys"] {
        let params = json!({ "credential_id": oauth, "api_keys": key });
        assert_eq!(err(&bridge, method, params).await.code, -32602, "{method}");
        let params = json!({ "credential_id": "nobody", "api_keys": key });
        assert_eq!(err(&bridge, method, params).await.data["kind"], json!("not_found"), "{method}");
    }
    for config in [json!({}), json!({ "api_keys": [] }), json!({ "api_keys": "a b c" })] {
        let params = json!({ "auth_type": "api_key", "config": config });
        let refused = err(&bridge, "create_credential", params).await;
        assert_eq!(refused.code, -32602);
        assert!(refused.message.contains("config.api_keys"), "{refused}");
    }
}

#[tokio::test]
async fn each_key_is_switched_on_its_own_and_all_off_stop_the_pool() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789"];
    let id = pool_of(&rig, &bridge, &keys, json!({})).await;
    let shown = account(&bridge, &id).await;
    let ids: Vec<Value> =
        shown["keys"].as_array().expect("keys").iter().map(|it| it["id"].clone()).collect();
    let set = async |ids: &[Value], status: &str| {
        let params = json!({ "credential_id": id, "api_key_ids": ids, "status": status });
        ok(&bridge, "set_api_key_status", params).await
    };
    for status in ["disabled", "banned"] {
        let answer = set(&ids[..1], status).await;
        assert_eq!(
            (&answer["keys"][0]["id"], &answer["keys"][0]["status"]),
            (&ids[0], &json!(status))
        );
        for _ in 0..5 {
            assert_eq!(acquire(&bridge, CLAUDE).await.key.as_deref(), ids[1].as_str());
        }
    }
    set(&ids, "disabled").await;
    assert_eq!(account(&bridge, &id).await["status"], json!("no_keys"));
    let mut wrong = ids.clone();
    wrong.push(json!("nobody"));
    let params = json!({ "credential_id": id, "api_key_ids": wrong, "status": "active" });
    assert_eq!(err(&bridge, "set_api_key_status", params).await.data["kind"], json!("not_found"));
    assert_eq!(account(&bridge, &id).await["status"], json!("no_keys"), "all or none");
    let params = json!({ "credential_id": id, "api_key_ids": ids, "status": "error" });
    assert_eq!(err(&bridge, "set_api_key_status", params).await.code, -32602);
    // Active also ends a pause.
    set(&ids, "active").await;
    let lent = acquire(&bridge, CLAUDE).await;
    release(&bridge, lent.failed(&Answer::new(429, &[], &json!({})))).await;
    set(&[json!(lent.key)], "active").await;
    let shown = account(&bridge, &id).await;
    assert!(shown["keys"].as_array().expect("keys").iter().all(|it| it["cooling"].is_null()));
}

#[tokio::test]
async fn ten_thousand_keys_in_one_call_take_seconds() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys: Vec<String> = (0..MANY).map(|it| format!("fk-{it:012}-0123456789")).collect();
    let took = async |method: &str, params: Value| {
        let since = Instant::now();
        let answer = ok(&bridge, method, params).await;
        let elapsed = since.elapsed();
        assert!(elapsed < REASONABLE, "{method} took {elapsed:?}");
        println!("{method} of {MANY} keys: {elapsed:?}");
        answer
    };
    let first = json!({ "auth_type": "api_key", "config": { "api_keys": keys[0] } });
    let id = ok(&bridge, "create_credential", first).await["credential_id"].clone();
    let added =
        took("add_api_keys", json!({ "credential_id": id, "api_keys": keys.join("\n") })).await;
    assert_eq!((&added["added"], &added["duplicates"]), (&json!(MANY - 1), &json!(1)));
    assert_eq!(added["keys"].as_array().map(Vec::len), Some(MANY));
    let again = took("add_api_keys", json!({ "credential_id": id, "api_keys": keys })).await;
    assert_eq!((&again["added"], &again["duplicates"]), (&json!(0), &json!(MANY)));
    took("get_credential", json!({ "credential_id": id })).await;
    took("list_credentials", Value::Null).await;
    for _ in 0..100 {
        let lent = acquire(&bridge, CLAUDE).await;
        release(&bridge, lent.succeeded()).await;
    }
    let ids: Vec<&Value> =
        again["keys"].as_array().expect("keys").iter().map(|it| &it["id"]).collect();
    let off = json!({ "credential_id": id, "api_key_ids": ids, "status": "disabled" });
    took("set_api_key_status", off).await;
    let removed = json!({ "credential_id": id, "api_keys": keys });
    assert_eq!(took("remove_api_keys", removed).await["removed"], json!(MANY));
}

async fn add(bridge: &Bridge, id: &Value, keys: Value, mode: &str) -> Value {
    let params = json!({ "credential_id": id, "api_keys": keys, "mode": mode });
    ok(bridge, "add_api_keys", params).await
}

fn outcomes(answer: &Value) -> Vec<String> {
    let keys = answer["keys"].as_array().expect("keys");
    keys.iter().map(|it| it["outcome"].as_str().expect("an outcome").to_owned()).collect()
}

//! Tests of accounts and keys over the admin API: one, some, all; how far they are, and stopping.
//!
//! Owns: `test_credential`, `test_credentials` as a page uses them.
//! Must not know: what single faults mean.
#![cfg(unix)]

use std::time::Duration;

use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::admin::{Admin, KEY};
use super::ask::{asked, until};
use crate::support::rig;

const MESSAGES: &str = "/api/llm/a/v1/messages";

fn key(n: usize) -> String {
    format!("fk-canary-0123456789-{n:04}")
}

async fn pool(admin: &Admin, n_keys: usize) -> String {
    let keys: Vec<String> = (0..n_keys).map(key).collect();
    let config = json!({ "name": "Pool", "api_keys": keys });
    let made =
        admin.done("POST", "/admin/accounts", json!({ "auth_type": "api_key", "config": config }));
    made.await["credential_id"].as_str().expect("an id").to_owned()
}

/// A page with a thousand keys: it names some at a time, shows what came, and stops by not asking
/// for more.
#[tokio::test]
async fn a_page_tests_many_keys_by_slices_knows_how_far_it_is_and_can_stop() {
    const KEYS: usize = 1000;
    const SLICE: usize = 50;
    let rig = rig().await;
    for n in (0..KEYS).filter(|n: &usize| !n.is_multiple_of(10)) {
        rig.fake.add_key(&key(n));
    }
    let admin = Admin::start(&rig).await;
    pool(&admin, KEYS).await;
    let page = admin.done("GET", "/admin/keys?limit=1000", Value::Null).await;
    let ids: Vec<&Value> =
        page["keys"].as_array().expect("keys").iter().map(|it| &it["id"]).collect();
    assert_eq!(ids.len(), KEYS);
    let (mut done, mut ok) = (0, 0);
    for slice in ids.chunks(SLICE).take(4) {
        let answer =
            admin.done("POST", "/admin/accounts/test-all", json!({ "api_key_ids": slice }));
        let answer = answer.await;
        let results = answer["results"].as_array().expect("results");
        let of: Vec<&Value> = results.iter().map(|it| &it["api_key_id"]).collect();
        assert_eq!(of, slice, "each that was named, in the order of the page");
        for it in results {
            let n: usize = it["tail"].as_str().expect("a tail")[3..].parse().expect("its number");
            assert_eq!(it["ok"], json!(!n.is_multiple_of(10)), "{it}");
        }
        done += answer["tested"].as_u64().expect("a number");
        ok += answer["ok"].as_u64().expect("a number");
        let failed = answer["failed"].as_u64().expect("a number");
        assert_eq!(answer["ok"], json!(SLICE as u64 - failed));
    }
    assert!(done == 200 && ok < done, "{ok} of {done}");
    assert_eq!(asked(&rig, MESSAGES).len(), 200, "the others were not asked");
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[tokio::test]
async fn whoever_stops_waiting_ends_the_tests_and_holds_up_nobody() {
    let rig = rig().await;
    for n in 0..8 {
        rig.fake.add_key(&key(n));
    }
    let admin = Admin::start(&rig).await;
    let id = pool(&admin, 8).await;
    rig.fake.script().times(4, Match::endpoint(Endpoint::Anthropic), Action::Hang);
    let address = admin.gateway.url.strip_prefix("http://").expect("an address").to_owned();
    let mut waiting = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "POST /admin/accounts/{id}/test HTTP/1.1\r\nhost: {address}\r\nx-admin-key: {KEY}\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    waiting.write_all(head.as_bytes()).await.expect("sent");
    until("four are asked", async || (asked(&rig, MESSAGES).len() == 4).then_some(())).await;
    drop(waiting);
    // Four at a time in the whole process: these wait for the places of those that were given up.
    let path = format!("/admin/accounts/{id}/test");
    let again = admin.done("POST", &path, Value::Null);
    let again = tokio::time::timeout(Duration::from_secs(10), again).await.expect("no waiting");
    assert_eq!((&again["tested"], &again["ok"]), (&json!(8), &json!(8)), "{again}");
    assert_eq!(asked(&rig, MESSAGES).len(), 12, "what was given up is not gone on with");
    admin.gateway.stop().await;
}

#[tokio::test]
async fn without_names_every_account_is_tested_and_an_unknown_name_is_told() {
    let rig = rig().await;
    rig.fake.add_key(&key(0));
    let admin = Admin::start(&rig).await;
    let pool = pool(&admin, 1).await;
    let minted = rig.fake.mint_account();
    let tokens = json!({
        "name": "Mine", "access_token": minted.access_token,
        "refresh_token": minted.refresh_token, "expires_at": minted.expires_at,
    });
    let signed_in = json!({ "auth_type": "workos_oauth", "config": tokens });
    let signed_in = admin.done("POST", "/admin/accounts", signed_in).await;
    let all = admin.done("POST", "/admin/accounts/test-all", Value::Null).await;
    assert_eq!((&all["tested"], &all["ok"], &all["failed"]), (&json!(2), &json!(2), &json!(0)));
    let one = json!({ "credential_ids": [signed_in["credential_id"]], "model": "glm-4.6" });
    let one = admin.done("POST", "/admin/accounts/test-all", one).await;
    let result = &one["results"][0];
    assert_eq!((&one["tested"], &result["name"]), (&json!(1), &json!("Mine")));
    assert_eq!((&result["model"], &result["ok"]), (&json!("glm-4.6"), &json!(true)));
    for (path, body) in [
        ("/admin/accounts/nobody/test".to_owned(), Value::Null),
        ("/admin/accounts/test-all".to_owned(), json!({ "credential_ids": [pool, "nobody"] })),
        ("/admin/accounts/test-all".to_owned(), json!({ "api_key_ids": ["nobody"] })),
    ] {
        let (status, error) = admin.refused("POST", &path, body).await;
        assert_eq!((status, &error["kind"]), (404, &json!("not_found")), "{path}");
    }
    let said = format!("{all}{one}");
    for secret in ["canary", &minted.access_token, &minted.refresh_token] {
        assert!(!said.contains(secret));
    }
    admin.gateway.stop().await;
}

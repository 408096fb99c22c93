//! The admin API: the method table over HTTP.
//!
//! Owns: how params arrive and results leave, errors that name the field.
//! Must not know: who may come in.
#![cfg(unix)]

use droid_protocol::dialect::Dialect;
use droid_provider::api::table::{METHODS, Verb};
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use super::ask::{Ask, CLAUDE, until};
use super::kit::host;
use crate::support::{ok, rig};

pub(crate) const KEY: &str = "an-admin-key-of-some-length";

/// A gateway and its admin API.
pub(crate) struct Admin {
    pub(crate) gateway: Gateway,
}

impl Admin {
    pub(crate) async fn start(rig: &Rig) -> Self {
        let host = host(rig).env("ADMIN_ACCESS_KEY", KEY);
        let gateway = Gateway::try_start(&host, &["--listen", "127.0.0.1:0"]).await;
        Self { gateway: gateway.expect("it starts") }
    }

    /// Asks; a null body is none.
    pub(crate) async fn ask(&self, verb: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("x-admin-key", KEY), ("content-type", "application/json")];
        request(verb, &self.gateway.url(path), headers, body.as_bytes()).await
    }

    /// Asks and expects that it is done.
    pub(crate) async fn done(&self, verb: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(verb, path, body).await;
        assert_eq!(answer.status, 200, "{verb} {path}: {}", answer.text());
        answer.json()
    }

    /// Asks and expects that it is not done; answers the status and the error.
    pub(crate) async fn refused(&self, verb: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.ask(verb, path, body).await;
        assert!(answer.status >= 400, "{verb} {path}: {}", answer.text());
        (answer.status, answer.json()["error"].clone())
    }
}

#[tokio::test]
async fn accounts_are_made_changed_and_removed() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let config = json!({ "name": "Pool", "api_keys": ["fk-canary-0123456789abcdef"] });
    let made =
        admin.done("POST", "/admin/accounts", json!({ "auth_type": "api_key", "config": config }));
    let made = made.await;
    let at = format!("/admin/accounts/{}", made["credential_id"].as_str().expect("an id"));
    let shown = admin.done("GET", &at, Value::Null).await;
    assert_eq!((&shown["name"], &shown["keys"][0]["tail"]), (&json!("Pool"), &json!("…cdef")));
    let changed = admin.done("PATCH", &at, json!({ "config": { "priority": 0 } })).await;
    assert_eq!(changed["priority"], 0);
    // Someone who read it before that change is told, and nothing is overwritten.
    let stale = json!({ "config": { "priority": 9 }, "revision": shown["revision"] });
    let (status, error) = admin.refused("PATCH", &at, stale).await;
    assert_eq!((status, &error["kind"]), (409, &json!("stale")));
    assert!(error["hint"].is_string(), "{error}");
    let off = admin.done("PUT", &format!("{at}/enabled"), json!({ "enabled": false })).await;
    assert_eq!((&off["health"], &off["priority"]), (&json!("disabled"), &json!(0)));
    assert_eq!(admin.done("GET", "/admin/accounts", Value::Null).await[0]["name"], "Pool");
    assert_eq!(admin.done("DELETE", &at, Value::Null).await, json!({}));
    let (status, error) = admin.refused("GET", &at, Value::Null).await;
    assert_eq!((status, &error["kind"]), (404, &json!("not_found")));
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[tokio::test]
async fn lists_tell_how_many_requests_are_being_answered_with_an_account_and_a_key() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let upstream_key = "fk-limited-0123456789abcdef";
    rig.fake.add_key(upstream_key);
    let config = json!({ "api_keys": [upstream_key], "max_concurrency": 3 });
    let made = json!({ "auth_type": "api_key", "config": config });
    let id = admin.done("POST", "/admin/accounts", made).await["credential_id"].clone();
    let limits = json!({ "name": "one", "limits": { "concurrency": 2 } });
    let client = admin.done("POST", "/admin/client-keys", limits).await;
    let counts = async || {
        let accounts = admin.done("GET", "/admin/accounts", Value::Null).await;
        let keys = admin.done("GET", "/admin/client-keys", Value::Null).await;
        assert_eq!(keys[0]["limits"]["concurrency"], 2, "{keys}");
        let account = &accounts[0];
        assert_eq!((&account["id"], &account["max_concurrency"]), (&id, &json!(3)), "{account}");
        (account["in_flight"].clone(), keys[0]["in_flight"].clone())
    };
    assert_eq!(counts().await, (json!(0), json!(0)));
    let path = "/api/llm/a/v1/messages";
    let endless = Action::InfiniteStream { bytes: 1 << 40 };
    rig.fake.script().always(Match::any().path(path), endless);
    let mut ask = Ask::new(Dialect::Anthropic, CLAUDE, true);
    ask.headers = vec![("x-api-key".into(), client["key"].as_str().expect("a key").into())];
    let (one, other) = tokio::join!(ask.open(&admin.gateway), ask.open(&admin.gateway));
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(counts().await, (json!(2), json!(2)));
    let at = format!("/admin/accounts/{}", id.as_str().expect("an id"));
    assert_eq!(admin.done("GET", &at, Value::Null).await["in_flight"], 2);
    drop((one, other));
    let free = async || (counts().await == (json!(0), json!(0))).then_some(());
    until("all places are free", free).await;
    // Nothing is counted where nothing is limited.
    let unlimited = json!({ "config": { "max_concurrency": 0 } });
    assert_eq!(admin.done("PATCH", &at, unlimited).await["in_flight"], Value::Null);
    admin.gateway.stop().await;
}

#[tokio::test]
async fn bad_input_names_the_field_and_never_the_value() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let canary = "fk-canary-0123456789abcdef";
    for (verb, path, body, field) in [
        ("POST", "/admin/accounts", json!({ "auth_type": canary }), "auth_type"),
        ("POST", "/admin/accounts", json!({}), "params"),
        (
            "POST",
            "/admin/accounts",
            json!({ "auth_type": "api_key", "config": { "api_keys": [canary], "priority": 101 } }),
            "config.priority",
        ),
        (
            "PUT",
            "/admin/config",
            json!({ "config": { "timeout_ms": canary } }),
            "config.timeout_ms",
        ),
        ("GET", "/admin/usage?since=fk-canary-yesterday", Value::Null, "since"),
        ("PUT", "/admin/groups/fk-canary%20x", json!({}), "id"),
    ] {
        let (status, error) = admin.refused(verb, path, body).await;
        assert_eq!((status, &error["kind"]), (400, &json!("invalid")), "{verb} {path}: {error}");
        assert_eq!(error["field"], field, "{verb} {path}: {error}");
        assert!(!error.to_string().contains("0123456789"), "{error}");
    }
    for (body, status) in [("{\"key\": fk-canary", 400), ("[1]", 400), ("\"fk-canary\"", 400)] {
        let headers = [("x-admin-key", KEY), ("content-type", "application/json")];
        let url = admin.gateway.url("/admin/accounts");
        let answer = request("POST", &url, headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.json()["error"]["field"], "body", "{body}");
        assert!(!answer.text().contains("canary"), "{}", answer.text());
    }
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[tokio::test]
async fn unknown_paths_methods_types_and_sizes_have_clear_answers() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    for (verb, path, status) in [
        ("GET", "/admin/nothing", 404),
        ("DELETE", "/admin/config", 405),
        ("POST", "/admin/config", 405),
        ("GET", "/factory/nothing", 404),
    ] {
        let (found, error) = admin.refused(verb, path, Value::Null).await;
        assert_eq!(found, status, "{verb} {path}");
        assert!(error["message"].is_string());
    }
    let url = admin.gateway.url("/admin/groups/team");
    let form = [("x-admin-key", KEY), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(request("PUT", &url, form, b"name=a").await.status, 415);
    let huge = vec![b' '; 16 * 1024 * 1024 + 1];
    let json = [("x-admin-key", KEY), ("content-type", "application/json")];
    assert_eq!(request("PUT", &url, json, &huge).await.status, 413);
    admin.gateway.stop().await;
}

#[tokio::test]
async fn the_document_is_the_one_in_the_repository() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let served = admin.done("GET", "/admin/openapi.json", Value::Null).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let kept = std::fs::read_to_string(path).expect("docs/openapi.json");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert!(served == kept, "they differ: is docs/openapi.json out of date?");
    admin.gateway.stop().await;
}

#[tokio::test]
async fn keys_of_all_pools_are_managed_as_droid2api_does() {
    let rig = rig().await;
    for key in ["fk-0123456789abcdef-one1", "fk-0123456789abcdef-two2", "fk-0123456789abcdef-six6"]
    {
        rig.fake.add_key(key);
    }
    let admin = Admin::start(&rig).await;
    let one = json!({ "key": "fk-0123456789abcdef-one1" });
    assert_eq!(admin.done("POST", "/admin/keys", one).await["added"], 1);
    let batch = "fk-0123456789abcdef-one1\nfk-0123456789abcdef-two2\nfk-0123456789abcdef-bad9\nno";
    let added = admin.done("POST", "/admin/keys/batch", json!({ "keys": batch })).await;
    assert_eq!(
        (&added["added"], &added["duplicates"], &added["malformed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    admin.done("POST", "/admin/pool-groups", json!({ "id": "free", "priority": 1 })).await;
    let six = json!({ "key": "fk-0123456789abcdef-six6", "poolGroup": "free" });
    admin.done("POST", "/admin/keys", six).await;

    let page = admin.done("GET", "/admin/keys?page=2&limit=3", Value::Null).await;
    assert_eq!((&page["total"], page["keys"].as_array().map(Vec::len)), (&json!(4), Some(1)));
    let all = admin.done("GET", "/admin/keys?status=active", Value::Null).await;
    let id = |tail: &str| {
        let mut keys = all["keys"].as_array().expect("keys").iter();
        let key = keys.find(|it| it["tail"] == tail).expect(tail);
        key["id"].as_str().expect("an id").to_owned()
    };
    let stats = admin.done("GET", "/admin/stats", Value::Null).await;
    assert_eq!((&stats["total"], &stats["active"]), (&json!(4), &json!(4)));

    let off = admin.done("PATCH", &format!("/admin/keys/{}/toggle", id("…one1")), json!({})).await;
    assert_eq!(off["status"], "disabled");
    let tested = admin.done("POST", &format!("/admin/keys/{}/test", id("…two2")), json!({})).await;
    assert_eq!((&tested["ok"], &tested["status"]), (&json!(true), &json!(200)));
    let tested = admin.done("POST", "/admin/keys/test-all", json!({})).await;
    assert_eq!(
        (&tested["tested"], &tested["ok"], &tested["failed"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let moved = json!({ "poolGroup": "free" });
    let moved = admin.done("PATCH", &format!("/admin/keys/{}/pool", id("…one1")), moved).await;
    assert_eq!((&moved["pools"], &moved["status"]), (&json!(["free"]), &json!("disabled")));
    let file = admin.ask("GET", "/admin/keys/export?pool=free", Value::Null).await;
    assert_eq!(file.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(file.text(), "fk-0123456789abcdef-six6\nfk-0123456789abcdef-one1\n");
    admin.done("DELETE", &format!("/admin/keys/{}", id("…two2")), Value::Null).await;
    assert_eq!(admin.done("GET", "/admin/stats", Value::Null).await["total"], 3);
    for path in ["toggle", "pool"] {
        let body = json!({ "poolGroup": "free" });
        let (status, _) = admin.refused("PATCH", &format!("/admin/keys/nobody/{path}"), body).await;
        assert_eq!(status, 404, "{path}");
    }

    admin.done("GET", "/factory/balance/usage", Value::Null).await;
    let summary = admin.done("GET", "/factory/balance/summary", Value::Null).await;
    assert_eq!(summary["retention_days"], 90);
    admin.done("POST", "/factory/balance/sync", Value::Null).await;
    let removed = admin.done("POST", "/factory/balance/cleanup", json!({ "days": 1 })).await;
    assert_eq!(removed["removed"], 0);
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("0123456789abcdef"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_stale_save_of_the_configuration_is_refused_and_a_former_setting_is_told() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let shown = admin.done("GET", "/admin/config", Value::Null).await;
    assert!(shown["needs_restart"].as_array().is_some_and(|it| !it.is_empty()), "{shown}");
    let save = |timeout: u64, revision: &Value| json!({ "config": { "timeout_ms": timeout }, "revision": revision });
    let first = admin.done("PUT", "/admin/config", save(5000, &shown["revision"])).await;
    assert_ne!(first["revision"], shown["revision"]);
    let (status, error) =
        admin.refused("PUT", "/admin/config", save(6000, &shown["revision"])).await;
    assert_eq!((status, &error["kind"]), (409, &json!("stale")));
    let now = admin.done("GET", "/admin/config", Value::Null).await;
    assert_eq!(now["config"]["timeout_ms"], 5000);
    for (former, instead) in [("algorithm", "scheduling.strategy"), ("redis", "data folder")] {
        let body = json!({ "config": { former: "round-robin" } });
        let (status, error) = admin.refused("PUT", "/admin/config", body).await;
        let message = error["message"].as_str().expect("a message");
        assert!(status == 400 && message.contains(instead), "{error}");
    }
    admin.gateway.stop().await;
}

#[tokio::test]
async fn every_process_on_the_folder_knows_whether_a_gateway_runs() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let bridge = rig.bridge();
    let url = admin.gateway.url.clone();
    let seen = admin.done("GET", "/admin/status", Value::Null).await["gateway"].clone();
    assert_eq!(seen, json!({ "running": true, "url": url }));
    assert_eq!(ok(&bridge, "gateway_status", Value::Null).await["gateway"], seen);
    admin.gateway.kill().await;
    let after = ok(&bridge, "gateway_status", Value::Null).await;
    assert_eq!(after["gateway"], json!({ "running": false }));
}

#[tokio::test]
async fn the_log_can_be_read_and_holds_no_key() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let wrong = [("x-admin-key", "a-wrong-canary-key")];
    request("GET", &admin.gateway.url("/admin/status"), wrong, b"").await;
    let logs = admin.done("GET", "/admin/logs?level=warn&limit=10", Value::Null).await;
    let text = logs.to_string();
    assert!(text.contains("a wrong key from 127.0.0.1"), "{text}");
    assert!(!text.contains("canary") && !text.contains(KEY), "{text}");
    admin.gateway.stop().await;
}

/// A key can be asked for by name (`export`); nothing else gives one away.
#[tokio::test]
async fn no_answer_and_no_log_holds_a_secret() {
    let rig = rig().await;
    let secret = "fk-canary-0123456789";
    rig.fake.add_key(secret);
    let admin = Admin::start(&rig).await;
    let proxy = "http://someone:pass-canary@127.0.0.1:9";
    let config = json!({ "api_keys": [secret], "proxy": proxy, "name": "Pool" });
    let pool = json!({ "auth_type": "api_key", "config": config });
    let pool = admin.done("POST", "/admin/accounts", pool).await;
    let minted = rig.fake.mint_account();
    let tokens = json!({
        "access_token": minted.access_token, "refresh_token": minted.refresh_token,
        "expires_at": minted.expires_at,
    });
    let signed_in = json!({ "auth_type": "workos_oauth", "config": tokens });
    let signed_in = admin.done("POST", "/admin/accounts", signed_in).await;
    let client = admin.done("POST", "/admin/client-keys", json!({ "name": "A" })).await;
    let proxies = json!({ "config": { "proxies": [{ "name": "p", "url": proxy }] } });
    let mut said = admin.done("PUT", "/admin/config", proxies).await.to_string();
    for id in [&pool["credential_id"], &signed_in["credential_id"]] {
        let at = format!("/admin/accounts/{}", id.as_str().expect("an id"));
        said.push_str(&admin.done("GET", &at, Value::Null).await.to_string());
        for what in ["validate", "refresh", "keys/test", "reset"] {
            said.push_str(&admin.ask("POST", &format!("{at}/{what}"), json!({})).await.text());
        }
    }
    let reads = METHODS.iter().flat_map(|it| it.http).filter(|it| it.verb == Verb::Get);
    for route in reads.filter(|it| it.path_params().next().is_none()) {
        said.push_str(&admin.ask("GET", route.path, Value::Null).await.text());
    }
    said.push_str(&admin.gateway.stop().await.stderr);
    let client = client["key"].as_str().expect("a key");
    for canary in [secret, "pass-canary", &minted.access_token, &minted.refresh_token, client, KEY]
    {
        assert!(!said.contains(canary), "{canary} was told");
    }
}

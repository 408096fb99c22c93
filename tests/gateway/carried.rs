//! Accounts that go into and out of the gateway as files, over the admin API.
//!
//! Owns: `import_content`, `export_credentials`.
//! Must not know: what the command line makes of the same formats.
#![cfg(unix)]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_testbed::http::request;
use serde_json::{Value, json};

use super::admin::Admin;
use crate::support::{err, ok, rig};

/// The relay's `ENCRYPTION_KEY` that the fixture is sealed with.
const RELAY_KEY: &str = "0123456789abcdef0123456789abcdef";
const KEYS: [&str; 2] = ["fk-carried-canary-0001", "fk-carried-canary-0002"];

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name);
    std::fs::read_to_string(path).expect("a fixture")
}

fn counts(report: &Value) -> [u64; 4] {
    ["added", "merged", "known", "skipped"].map(|it| report[it].as_u64().expect(it))
}

async fn accounts(admin: &Admin) -> Vec<Value> {
    let list = admin.done("GET", "/admin/accounts", Value::Null).await;
    list.as_array().expect("a list").clone()
}

/// ProxyCast's database with the rows of the fixture, with its log taken in, as it lies on a disk.
fn database(folder: &Path) -> Vec<u8> {
    let path = folder.join("proxycast.db");
    let rows: Vec<Value> = serde_json::from_str(&fixture("host-rows.json")).expect("rows");
    let conn = rusqlite::Connection::open(&path).expect("a database");
    conn.pragma_update(None, "journal_mode", "WAL").expect("a log");
    conn.execute_batch(
        "CREATE TABLE plugin_credentials (id TEXT PRIMARY KEY, plugin_id TEXT, auth_type TEXT,
             display_name TEXT, status TEXT, config_encrypted TEXT, created_at TEXT)",
    )
    .expect("the table");
    for row in &rows {
        let column = |it: &str| row[it].as_str();
        let columns = ["id", "plugin_id", "auth_type", "display_name", "config_encrypted"];
        let [id, plugin, kind, name, config] = columns.map(column);
        let sql = "INSERT INTO plugin_credentials VALUES (?1, ?2, ?3, ?4, 'active', ?5, '2026')";
        conn.execute(sql, (id, plugin, kind, name, config)).expect("a row");
    }
    drop(conn);
    std::fs::read(path).expect("its bytes")
}

#[tokio::test]
async fn every_format_is_taken_once_after_a_dry_run_told_the_same() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let text = |name: &str| json!({ "content": fixture(name) });
    let mut sealed = text("relay-dump.json");
    sealed["relay_key"] = json!(RELAY_KEY);
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain("fk-powershell-canary-0001\r\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let bytes = |it: &[u8]| json!({ "content_base64": STANDARD.encode(it) });
    for (name, params, wanted) in [
        ("key_pool", text("key_pool.json"), [5, 0, 0, 3]),
        ("auth", text("auth.json"), [1, 0, 0, 0]),
        ("relay, open", text("relay-export.json"), [1, 0, 0, 2]),
        ("relay, sealed", sealed, [2, 0, 0, 0]),
        ("config.json", text("droid2api-config.json"), [0, 4, 0, 4]),
        ("host's database", bytes(&database(rig.folder())), [2, 0, 0, 1]),
        // Into the pool that key_pool.json made.
        ("UTF-16", bytes(&utf16), [0, 1, 0, 0]),
    ] {
        let before = accounts(&admin).await.len();
        let mut dry = params.clone();
        dry["dry_run"] = json!(true);
        let dry = admin.done("POST", "/admin/import", dry).await;
        assert_eq!((counts(&dry), &dry["dry_run"]), (wanted, &json!(true)), "{name}: {dry}");
        assert_eq!(accounts(&admin).await.len(), before, "{name}: nothing is stored");
        let report = admin.done("POST", "/admin/import", params.clone()).await;
        assert_eq!(counts(&report), wanted, "{name}: {report}");
        for line in report["lines"].as_array().expect("lines") {
            assert!(!line["message"].as_str().expect("why").is_empty(), "{line}");
        }
        let again = admin.done("POST", "/admin/import", params).await;
        assert_eq!(again["added"], 0, "{name}: {again}");
        let said = format!("{dry}{report}{again}");
        assert!(!said.contains("canary"), "{name}: {said}");
    }
    // droid2api's configuration is in force, also for what reads it once.
    let models = admin.done("GET", "/admin/models", Value::Null).await;
    assert_eq!(models[2]["id"], "glm-4.6", "{models}");
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_secret_that_is_missing_or_wrong_is_asked_for_by_the_name_of_its_field() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let keys = json!({ "auth_type": "api_key", "config": { "name": "Team", "api_keys": KEYS } });
    admin.done("POST", "/admin/accounts", keys).await;
    let sealed = admin.done("POST", "/admin/export", json!({ "passphrase": "horse" })).await;
    let file = sealed["content"].as_str().expect("a file");
    let relay = fixture("relay-dump.json");
    for (params, field) in [
        (json!({}), "content"),
        (json!({ "content": "a", "content_base64": "YQ==" }), "content"),
        (json!({ "content": "Dear canary diary" }), "content"),
        (json!({ "content_base64": "canary?" }), "content_base64"),
        (json!({ "content_base64": STANDARD.encode([0xff, 0xfe, 0]) }), "content"),
        (json!({ "content_base64": STANDARD.encode("SQLite format 3\0canary") }), "content_base64"),
        (json!({ "content": file }), "passphrase"),
        (json!({ "content": file, "passphrase": "  " }), "passphrase"),
        (json!({ "content": file, "passphrase": "canary" }), "passphrase"),
        (json!({ "content": relay }), "relay_key"),
        (json!({ "content": relay, "relay_key": "canary" }), "relay_key"),
    ] {
        let (status, error) = admin.refused("POST", "/admin/import", params.clone()).await;
        assert_eq!((status, &error["field"]), (400, &json!(field)), "{params}: {error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    for (params, field) in [
        (json!({}), "passphrase"),
        (json!({ "passphrase": " " }), "passphrase"),
        (json!({ "plain_secrets": false }), "passphrase"),
        (json!({ "passphrase": "horse", "plain_secrets": true }), "plain_secrets"),
    ] {
        let (status, error) = admin.refused("POST", "/admin/export", params.clone()).await;
        assert_eq!((status, &error["field"]), (400, &json!(field)), "{params}: {error}");
    }
    assert_eq!(accounts(&admin).await.len(), 1);
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[tokio::test]
async fn an_export_is_for_who_has_the_admin_key_and_opens_elsewhere() {
    let here = rig().await;
    let admin = Admin::start(&here).await;
    let proxy = "http://u:pass-canary@127.0.0.1:9";
    let keys = json!({ "name": "Team", "api_keys": KEYS, "priority": 3, "proxy": proxy });
    admin.done("POST", "/admin/accounts", json!({ "auth_type": "api_key", "config": keys })).await;
    let minted = here.fake.mint_account();
    let tokens = json!({
        "name": "Mine", "access_token": minted.access_token,
        "refresh_token": minted.refresh_token, "expires_at": minted.expires_at,
    });
    let signed_in = json!({ "auth_type": "workos_oauth", "config": tokens });
    admin.done("POST", "/admin/accounts", signed_in).await;

    let nobody = [("content-type", "application/json")];
    let url = admin.gateway.url("/admin/export");
    let refused = request("POST", &url, nobody, b"{\"plain_secrets\":true}").await;
    assert_eq!(refused.status, 401);
    assert!(!refused.text().contains("canary"));

    let params = json!({ "passphrase": " correct horse " });
    let answer = admin.ask("POST", "/admin/export", params).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let sealed = answer.json();
    let told = (&sealed["accounts"], &sealed["keys"], &sealed["sealed"]);
    assert_eq!(told, (&json!(2), &json!(2), &json!(true)));
    for hidden in ["canary", "Team", &minted.access_token, &minted.refresh_token] {
        assert!(!answer.text().contains(hidden), "{hidden}");
    }
    let plain = admin.done("POST", "/admin/export", json!({ "plain_secrets": true })).await;
    assert_eq!(plain["sealed"], false);
    assert!(plain["content"].as_str().expect("a file").contains(&minted.refresh_token));
    let logs = admin.done("GET", "/admin/logs", Value::Null).await.to_string();
    assert!(logs.contains("2 accounts with 2 keys were exported, sealed true"), "{logs}");
    let ended = admin.gateway.stop().await;
    for hidden in ["canary", &minted.refresh_token, "horse"] {
        assert!(!ended.stderr.contains(hidden) && !logs.contains(hidden), "{hidden}");
    }

    // The host's face has the same methods.
    let there = rig().await;
    let bridge = there.bridge();
    let wrong = json!({ "content": sealed["content"], "passphrase": "wrong" });
    assert_eq!(err(&bridge, "import_content", wrong).await.code, -32602);
    let right = json!({ "content": sealed["content"], "passphrase": "correct horse" });
    let report = ok(&bridge, "import_content", right).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report}");
    let team = ok(&bridge, "list_credentials", json!({})).await;
    let team = team.as_array().expect("accounts").iter().find(|it| it["name"] == "Team").cloned();
    let team = team.expect("it came");
    assert_eq!((&team["priority"], &team["keys"]["active"]), (&json!(3), &json!(2)));
    let again = ok(&bridge, "export_credentials", json!({ "plain_secrets": true })).await;
    for secret in [KEYS[0], KEYS[1], proxy, &minted.refresh_token] {
        assert!(again["content"].as_str().expect("a file").contains(secret));
    }
}

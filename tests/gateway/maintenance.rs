//! Copies of the data and the doctor's look at it, over the admin API.
//!
//! Owns: `backup`, `list_backups`, `remove_backup`, `doctor`.
//! Must not know: what the command line adds to them.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use super::admin::Admin;
use crate::support::{BINARY, rig};

const CANARY: &str = "fk-canary-0123456789abcdef";

async fn pool(admin: &Admin, name: &str, key: &str) -> Value {
    let config = json!({ "name": name, "api_keys": [key] });
    admin.done("POST", "/admin/accounts", json!({ "auth_type": "api_key", "config": config })).await
}

fn named<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"))
}

#[tokio::test]
async fn a_copy_is_kept_by_the_server_listed_restored_by_the_command_and_removed() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let before = admin.done("GET", "/admin/backups", Value::Null).await;
    assert_eq!((&before["backups"], &before["key"]), (&json!([]), &json!("key_file")));
    let made = pool(&admin, "Pool", CANARY).await;
    let kept = admin.done("POST", "/admin/backups", Value::Null).await;
    let name = kept["name"].as_str().expect("a name");
    let listed = admin.done("GET", "/admin/backups", Value::Null).await;
    assert_eq!(listed["backups"], json!([kept]));
    assert_eq!(kept["reason"], "asked");
    let path = rig.data_dir().join("backups").join(name);
    let file = std::fs::metadata(&path).expect("the copy");
    assert_eq!((file.permissions().mode() & 0o777, &kept["bytes"]), (0o600, &json!(file.len())));
    let bytes = std::fs::read(&path).expect("the copy");
    assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "its secrets are sealed");
    assert_eq!(std::fs::read_dir(path.parent().expect("a folder")).expect("it").count(), 1);

    // Restoring is the command's, while the gateway runs.
    let at = format!("/admin/accounts/{}", made["credential_id"].as_str().expect("an id"));
    admin.done("DELETE", &at, Value::Null).await;
    let mut restore = Command::new(BINARY);
    restore.arg("restore").arg(&path).arg("--yes").env("DROID_DATA_DIR", rig.data_dir());
    assert!(restore.env("DROID_CONFIG", rig.config_path()).output().expect("run").status.success());
    admin.done("GET", &at, Value::Null).await;
    let listed = admin.done("GET", "/admin/backups", Value::Null).await;
    let reasons: Vec<&Value> =
        listed["backups"].as_array().expect("them").iter().map(|it| &it["reason"]).collect();
    assert_eq!(reasons, ["restore", "asked"], "the newest first: {listed}");

    // What is no copy is not there, wherever it is.
    for other in ["..%2Fdroid.db", "droid.db", "..", "%2Fetc%2Fpasswd", "backup-nothing.db"] {
        let (status, _) =
            admin.refused("DELETE", &format!("/admin/backups/{other}"), Value::Null).await;
        assert!(status == 404 || status == 405, "{other}: {status}");
    }
    assert!(rig.data_dir().join("droid.db").is_file());
    admin.done("DELETE", &format!("/admin/backups/{name}"), Value::Null).await;
    assert!(!path.exists());
    admin.refused("DELETE", &format!("/admin/backups/{name}"), Value::Null).await;
    let ended = admin.gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[tokio::test]
async fn copies_are_so_many_and_no_more() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    admin.done("GET", "/admin/backups", Value::Null).await;
    let folder = rig.data_dir().join("backups");
    std::fs::create_dir_all(&folder).expect("the folder");
    for n in 0..49 {
        std::fs::write(folder.join(format!("backup-{n}.db")), b"").expect("a copy");
    }
    admin.done("POST", "/admin/backups", Value::Null).await;
    let (status, error) = admin.refused("POST", "/admin/backups", Value::Null).await;
    assert_eq!(status, 429);
    assert!(error["message"].as_str().expect("why").contains("remove one"), "{error}");
    admin.done("DELETE", "/admin/backups/backup-7.db", Value::Null).await;
    admin.done("POST", "/admin/backups", Value::Null).await;
    admin.gateway.stop().await;
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let rig = rig().await;
    let admin = Admin::start(&rig).await;
    let report = admin.done("POST", "/admin/doctor", Value::Null).await;
    assert_eq!(report["ok"], false, "there is no account: {report}");
    assert!(named(&report, "accounts")["hint"].as_str().expect("a hint").contains("login"));
    pool(&admin, "Pool", CANARY).await;
    let report = admin.done("POST", "/admin/doctor", Value::Null).await;
    assert_eq!(report["ok"], true, "{report}");
    for name in [
        "data folder",
        "permissions",
        "configuration",
        "database",
        "key",
        "secrets",
        "accounts",
        "reach",
        "clock",
    ] {
        assert_eq!(named(&report, name)["state"], "ok", "{name}");
    }
    assert_eq!(rig.fake.journal().on("/api/llm/a/v1/messages").len(), 0, "no account is used");

    std::fs::set_permissions(rig.data_dir(), PermissionsExt::from_mode(0o755)).expect("set");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let gone = format!("http://u:canary@{}", gone.expect("its address"));
    let config = json!({ "config": { "proxies": [{ "name": "away", "url": gone }] } });
    admin.done("PUT", "/admin/config", config).await;
    let report = admin.done("POST", "/admin/doctor", json!({ "offline": false })).await;
    assert_eq!(report["ok"], false);
    for (name, hint) in [("permissions", "chmod go= "), ("proxy", "proxies"), ("reach", "proxy")] {
        let check = named(&report, name);
        assert_eq!(check["state"], "wrong", "{check}");
        assert!(check["hint"].as_str().expect("a hint").contains(hint), "{check}");
    }
    // An account's own is tried, too, once for all who have it.
    for name in ["A", "B"] {
        let config =
            json!({ "name": name, "api_keys": [format!("{CANARY}{name}")], "proxy": gone });
        let made = json!({ "auth_type": "api_key", "config": config });
        admin.done("POST", "/admin/accounts", made).await;
    }
    let report = admin.done("POST", "/admin/doctor", json!({ "offline": false })).await;
    let own = |it: &&Value| it["message"].as_str().expect("a message").starts_with("that of `A`");
    let checks = report["checks"].as_array().expect("checks");
    let own: Vec<&Value> = checks.iter().filter(own).collect();
    assert_eq!((own.len(), &own[0]["state"]), (1, &json!("wrong")), "{report}");
    assert!(own[0]["hint"].as_str().expect("a hint").ends_with("accounts edit 'A' --proxy none"));
    assert!(!report.to_string().contains("of `B`"), "{report}");
    for check in report["checks"].as_array().expect("checks") {
        assert_eq!(check["state"] == "ok", check.get("hint").is_none(), "{check}");
    }
    assert!(!report.to_string().contains("canary"), "{report}");
    let offline = admin.done("POST", "/admin/doctor", json!({ "offline": true })).await;
    let checks = offline["checks"].as_array().expect("checks");
    assert!(checks.iter().all(|it| it["name"] != "reach" && it["name"] != "proxy"), "{offline}");
    admin.gateway.stop().await;
}

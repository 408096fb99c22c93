//! `import` of every format there is, whole and broken; `export` and back.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::kit::{Home, Said};

/// The relay's `ENCRYPTION_KEY` that the fixture is sealed with, by Node's own crypto.
pub(super) const RELAY_KEY: &str = "0123456789abcdef0123456789abcdef";

pub(super) fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name);
    path.to_string_lossy().into_owned()
}

/// The outcomes of a report, with where each is from.
pub(super) fn outcomes(report: &Value) -> Vec<(String, String)> {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let lines = report["lines"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|it| (text(&it["at"]), text(&it["outcome"]))).collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(at, outcome)| ((*at).to_owned(), (*outcome).to_owned())).collect()
}

pub(super) fn no_secret(said: &Said) {
    assert!(!said.all().contains("canary"), "{}", said.all());
}

pub(super) fn accounts(home: &Home) -> Vec<Value> {
    home.json(&["accounts", "list"]).as_array().cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pool_becomes_groups_and_pools_and_no_key_is_lost() {
    let home = Home::new().await;
    let file = fixture("key_pool.json");
    let dry = home.json(&["import", &file, "--dry-run"]);
    assert_eq!((&dry["dry_run"], accounts(&home).len()), (&json!(true), 0), "nothing is stored");
    let said = home.run(&["import", &file, "--json"]).ok();
    no_secret(&said);
    let report = said.to_json();
    let wanted = pairs(&[
        ("poolGroups[2]", "skipped"),
        ("keys[5]", "skipped"),
        ("config.multiTier", "skipped"),
        ("poolGroups[0]", "added"),
        ("poolGroups[1]", "added"),
        ("keys", "added"),
        ("keys of freebies", "added"),
        ("keys of main", "added"),
    ]);
    assert_eq!(outcomes(&report), wanted);
    assert_eq!(outcomes(&dry), wanted, "a dry run tells what would happen");
    let all = accounts(&home);
    let main = all.iter().find(|it| it["name"] == "Key pool 主力池").expect("the pool");
    let keys = &main["keys"];
    assert_eq!(
        (&keys["total"], &keys["active"], &keys["banned"], &keys["disabled"]),
        (&json!(3), &json!(1), &json!(1), &json!(1)),
        "states are kept, and a key that is there twice is one"
    );
    assert_eq!(main["groups"], json!(["main"]));
    let groups = home.json(&["groups", "list"]);
    assert_eq!((&groups[0]["id"], &groups[0]["priority"]), (&json!("freebies"), &json!(1)));
    assert_eq!(groups[0]["strategy"], "round_robin");
    let again = home.json(&["import", &file]);
    assert_eq!(
        (&again["added"], &again["merged"], &again["known"]),
        (&json!(0), &json!(0), &json!(5))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_of_a_pool_of_that_name_are_merged_into_it() {
    let home = Home::new().await;
    home.run_with(&["import", "-"], "fk-lines-canary-0001\nfk-lines-canary-0002\n").ok();
    let report =
        home.json_with(&["import", "-"], "fk-lines-canary-0002\n# old\nfk-lines-canary-0003\n");
    assert_eq!((&report["format"], &report["merged"]), (&json!("keys"), &json!(1)));
    let all = accounts(&home);
    assert_eq!((all.len(), &all[0]["keys"]["total"]), (1, &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_accounts_of_the_relay_are_opened_with_its_key() {
    let home = Home::new().await;
    let file = fixture("relay-dump.json");
    let said = home.run(&["import", &file]).failed(2);
    assert!(said.stderr.contains("ENCRYPTION_KEY"), "{}", said.stderr);
    let said = home.run_with(&["import", &file], "another key, and a wrong one....").failed(2);
    assert!(said.stderr.contains("none of the secrets opens"), "{}", said.stderr);
    assert_eq!(accounts(&home).len(), 0);
    let said = home.run_with(&["import", &file, "--json"], RELAY_KEY);
    assert_eq!(said.code, Some(0), "{}", said.all());
    no_secret(&said);
    let all = accounts(&home);
    let by_name = |name: &str| all.iter().find(|it| it["name"] == name).cloned().expect("it");
    let oauth = by_name("Team OAuth");
    for (field, wanted) in [
        ("auth_type", json!("workos_oauth")),
        ("endpoint_type", json!("openai")),
        ("priority", json!(10)),
        ("organization_id", json!("org_01")),
        ("owner_email", json!("ada@example.test")),
        ("has_proxy", json!(true)),
        ("enabled", json!(true)),
        ("subscription_expires_at", json!("2099-01-31T00:00:00.000Z")),
        ("expires_at", json!("2025-10-12T16:00:00.000Z")),
    ] {
        assert_eq!(oauth[field], wanted, "{field}");
    }
    let pool = by_name("Team keys");
    assert_eq!((&pool["keys"]["total"], &pool["enabled"]), (&json!(3), &json!(false)));
    assert_eq!((&pool["schedulable"], &pool["endpoint_type"]), (&json!(false), &json!("comm")));
    let tails: Vec<Value> = home.json(&["keys", "list", "Team keys"]).as_array().unwrap().clone();
    assert_eq!(tails[0]["tail"], "…0001", "it is the key itself that was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_export_of_the_relay_needs_no_key_and_tells_what_it_leaves() {
    let home = Home::new().await;
    let report = home.json(&["import", &fixture("relay-export.json")]);
    assert_eq!(
        outcomes(&report),
        pairs(&[
            ("droidAccounts[1]", "skipped"),
            ("droidAccounts[2]", "skipped"),
            ("droidAccounts[0]", "added"),
        ])
    );
    let all = accounts(&home);
    assert_eq!((all.len(), &all[0]["name"]), (1, &json!("Plain")));
}

#[tokio::test(flavor = "multi_thread")]
async fn droid2apis_configuration_is_put_in_force() {
    let home = Home::new().await;
    let said = home.run(&["import", &fixture("droid2api-config.json"), "--json"]).ok();
    no_secret(&said);
    let report = said.to_json();
    assert_eq!(report["format"], "droid2api-config");
    assert_eq!((&report["merged"], &report["skipped"]), (&json!(4), &json!(4)), "{report}");
    let models = home.json(&["models"]);
    let ids: Vec<&str> =
        models.as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids, ["claude-opus-4-1-20250805", "gpt-5-2025-08-07", "glm-4.6"]);
    assert_eq!(models[2]["endpoint_type"], "comm");
    assert_eq!(models[1]["reasoning"], "high");
    let haiku = home.json(&["models", "claude-3-5-haiku-20241022"]);
    assert_eq!(haiku["model"], "claude-sonnet-4-20250514");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auth_file_is_added_once() {
    let home = Home::new().await;
    let file = fixture("auth.json");
    assert_eq!(home.json(&["import", &file])["added"], 1);
    assert_eq!(home.json(&["import", &file])["known"], 1);
    let all = accounts(&home);
    assert_eq!((all.len(), &all[0]["auth_type"]), (1, &json!("workos_oauth")));
    std::fs::create_dir_all(home.path().join(".factory")).unwrap();
    std::fs::copy(&file, home.path().join(".factory/auth.json")).unwrap();
    let said = home.run(&["import"]).ok();
    assert!(said.stdout.contains("known"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_rows_are_taken_and_then_blanked_in_its_database() {
    let home = Home::new().await;
    let report = home.json(&["import", &fixture("host-rows.json")]);
    let wanted = pairs(&[("row row-3", "skipped"), ("row row-1", "added"), ("row row-2", "added")]);
    assert_eq!(outcomes(&report), wanted);
    // The same from its database.
    let home = Home::new().await;
    let path = home.path().join("proxycast.db");
    let rows: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(fixture("host-rows.json")).unwrap()).unwrap();
    {
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(
            "CREATE TABLE plugin_credentials (id TEXT PRIMARY KEY, plugin_id TEXT, auth_type TEXT,
                 display_name TEXT, status TEXT, config_encrypted TEXT, created_at TEXT)",
        )
        .unwrap();
        for row in &rows {
            let column = |it: &str| row[it].as_str();
            conn.execute(
                "INSERT INTO plugin_credentials VALUES (?1, ?2, ?3, ?4, 'active', ?5, '2026')",
                (
                    column("id"),
                    column("plugin_id"),
                    column("auth_type"),
                    column("display_name"),
                    column("config_encrypted"),
                ),
            )
            .unwrap();
        }
    }
    let arguments = ["import", "proxycast.db", "--json"];
    let said = home.run(&arguments).failed(0);
    assert!(said.stderr.contains("--blank"), "it says that they are still there: {}", said.stderr);
    assert_eq!(outcomes(&said.to_json()), wanted);
    let bytes = || String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    assert!(bytes().contains("host-refresh-canary"));
    let report = home.json(&["import", "proxycast.db", "--blank"]);
    assert_eq!((&report["known"], &report["blanked"]), (&json!(2), &json!(2)));
    let left = bytes();
    assert!(!left.contains("host-refresh-canary") && !left.contains("fk-host-canary"));
    assert!(left.contains("other-canary"), "another plugin's rows are nobody's business");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_told_and_nothing_of_it_is_stored() {
    let home = Home::new().await;
    home.run(&["import", "no-such-file.json"]).failed(3);
    for (name, text) in [
        ("cut.json", "{\"keys\": [{\"key\": \"fk-canary-000000000001\""),
        ("list.json", "[1, 2, 3]"),
        ("text.txt", "Dear diary\nfk-canary-000000000001\n"),
        ("empty.json", ""),
        ("null.json", "null"),
        ("export.json", "{\"format\": \"droid-provider-export\", \"version\": 9}"),
        (
            "sealed.json",
            "{\"format\": \"droid-provider-export\", \"version\": 1, \"salt\": \"00\"}",
        ),
    ] {
        std::fs::write(home.path().join(name), text).unwrap();
        let said = home.run_with(&["import", name], "passphrase").failed(2);
        no_secret(&said);
        assert!(said.stderr.contains(name), "{name}: {}", said.stderr);
    }
    std::fs::write(home.path().join("bytes.bin"), [0xff, 0xfe, 0x00]).unwrap();
    home.run(&["import", "bytes.bin"]).failed(2);
    assert_eq!(accounts(&home).len(), 0);
    // One that cannot be taken does not keep the others out, and is told.
    let file = json!({
        "format": "droid-provider-export", "version": 1,
        "content": { "accounts": [
            { "auth_type": "api_key", "name": "Good", "keys": [{ "key": "fk-canary-000000000001" }] },
            { "auth_type": "api_key", "name": "Bad", "priority": 700, "keys": [{ "key": "fk-canary-000000000002" }] },
            { "auth_type": "manual", "name": "No token" },
            { "auth_type": "magic" },
        ] },
    });
    std::fs::write(home.path().join("mixed.json"), file.to_string()).unwrap();
    let report = home.json(&["import", "mixed.json"]);
    assert_eq!((&report["added"], &report["skipped"]), (&json!(1), &json!(3)), "{report}");
    assert_eq!(accounts(&home).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_comes_back_whole_in_another_home() {
    let here = Home::new().await;
    here.pool("Team", &["fk-export-canary-0001", "fk-export-canary-0002"]);
    here.run(&["keys", "disable", "Team", "0002"]).ok();
    here.run(&["groups", "save", "night", "--priority", "7"]).ok();
    let arguments = ["accounts", "edit", "Team", "--group", "night", "--priority", "3"];
    here.run(&arguments).ok();
    here.run_with(&["accounts", "edit", "Team", "--proxy", "-"], "http://u:canary@10.0.0.3:1").ok();
    let minted = here.fake.mint_account();
    here.run_with(&["accounts", "add-token", "--name", "Mine"], &minted.refresh_token).ok();
    let arguments = ["export", "out.export", "--json"];
    let made = here.run_with(&arguments, "correct horse\n").ok().to_json();
    assert_eq!(
        (&made["accounts"], &made["keys"], &made["sealed"]),
        (&json!(2), &json!(2), &json!(true))
    );
    let path = here.path().join("out.export");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("canary") && !text.contains("Team"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    here.run_with(&["export", "out.export"], "correct horse\n").failed(2);

    let there = Home::new().await;
    let file = path.to_string_lossy().into_owned();
    there.run_with(&["import", &file], "wrong horse").failed(2);
    assert_eq!(accounts(&there).len(), 0);
    let said = there.run_with(&["import", &file, "--json"], "correct horse");
    assert_eq!(said.to_json()["added"], 3, "{}", said.all());
    let team = there.json(&["accounts", "show", "Team"]);
    let before = here.json(&["accounts", "show", "Team"]);
    for field in ["priority", "groups", "proxy", "endpoint_type", "key_strategy", "enabled"] {
        assert_eq!(team[field], before[field], "{field}");
    }
    assert_eq!(team["keys"][1]["status"], "disabled");
    let mine = there.json(&["accounts", "show", "Mine"]);
    assert_eq!((&mine["auth_type"], &mine["status"]), (&json!("manual"), &json!("active")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_export_is_made_only_when_asked_for_and_with_a_warning() {
    let home = Home::new().await;
    home.pool("Team", &["fk-export-canary-0001"]);
    home.run(&["export", "out.export"]).failed(2);
    let said = home.run(&["export", "-", "--plain"]).failed(0);
    assert!(said.stderr.contains("warning"), "{}", said.stderr);
    assert!(said.stdout.contains("fk-export-canary-0001"));
    let other = Home::new().await;
    assert_eq!(other.json_with(&["import", "-"], &said.stdout)["added"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_while_others_run() {
    let home = Home::new().await;
    home.pool("Team", &["fk-export-canary-0001"]);
    let made = home.json(&["backup", "copy.db", "--with-key"]);
    assert!(home.path().join("copy.db.key").is_file(), "{made}");
    home.run(&["backup", "copy.db"]).failed(2);
    home.run(&["accounts", "delete", "Team", "--yes"]).ok();
    home.run(&["restore", "copy.db"]).failed(2);
    let restored = home.json(&["restore", "copy.db", "--yes"]);
    assert_eq!(restored["accounts"], 1);
    assert_eq!(home.json(&["test"])["ok"], true, "the key is the one it was");
    home.run(&["restore", "nothing.db", "--yes"]).failed(3);
    home.run(&["restore", "../droid.db", "--yes"]).failed(3);
    // The same in the data folder, by name.
    let kept = home.json(&["backup"]);
    home.run(&["backup", "--with-key"]).failed(2);
    home.run(&["accounts", "delete", "Team", "--yes"]).ok();
    home.json(&["restore", kept["name"].as_str().unwrap(), "--yes"]);
    let listed = home.json(&["backup", "--list"]);
    let count = |reason: &str| {
        listed["backups"].as_array().unwrap().iter().filter(|it| it["reason"] == reason).count()
    };
    assert_eq!((count("asked"), count("restore")), (1, 2), "{listed}");
    let said = home.run(&["backup", "--list"]).ok().stdout;
    assert!(said.contains("before a restore") && said.contains("asked for"), "{said}");
    assert_eq!(accounts(&home).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let home = Home::new().await;
    home.pool("Team", &["fk-export-canary-0001"]);
    let path = home.data().join("droid.db");
    let schema = || -> i64 {
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    };
    let known = schema();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", known + 1).unwrap();
    drop(conn);
    for arguments in [&["accounts", "list"][..], &["serve"], &["backup", "copy.db"], &["doctor"]] {
        let said = home.run(arguments).failed(1);
        assert!(said.all().contains("newer"), "{arguments:?}: {}", said.all());
    }
    assert_eq!(schema(), known + 1);
}

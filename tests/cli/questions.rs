//! Commands that ask: of models, selection, usage, and of upstream.

use serde_json::json;

use super::kit::{Home, MODEL};

const KEYS: [&str; 2] = ["fk-canary-0123456789aaaa", "fk-canary-0123456789bbbb"];

#[tokio::test(flavor = "multi_thread")]
async fn models_tells_the_catalogue_and_where_one_goes() {
    let home = Home::new().await;
    let said = home.run(&["models"]).ok();
    assert!(said.stdout.contains(MODEL), "ids are never cut:\n{}", said.stdout);
    assert_eq!(home.json(&["models"]).as_array().map(Vec::len), Some(7));
    let one = home.json(&["models", "gpt-5"]);
    assert_eq!(
        (&one["model"], &one["endpoint_type"]),
        (&json!("gpt-5-2025-08-07"), &json!("openai"))
    );
    home.run(&["models", "no-such-family"]).failed(3);
    home.run(&["models", "a", "b"]).failed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn test_asks_with_every_key_and_its_code_tells_the_outcome() {
    let home = Home::new().await;
    home.run(&["test"]).failed(3);
    home.pool("Team", &KEYS);
    let all = home.json(&["test", "--all"]);
    assert_eq!((&all["ok"], all["results"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    home.fake.block_key(KEYS[1], Some(402));
    let one = home.run(&["test", "Team", "--model", MODEL, "--json"]).failed(1).to_json();
    let ok: Vec<bool> =
        one["results"].as_array().unwrap().iter().map(|it| it["ok"] == true).collect();
    assert_eq!(ok, [true, false]);
    let said = home.run(&["accounts", "show", "Team"]).ok();
    assert!(said.stdout.contains("banned"), "a trial is noted as a request's:\n{}", said.stdout);
    home.run(&["test", "nobody"]).failed(3);
    home.run(&["test", "Team", "--all"]).failed(2);
    let said = home.run(&["accounts", "test", "Team"]).failed(1);
    assert!(said.stdout.contains("1 of 2 answered."), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_and_refresh_tell_when_a_sign_in_is_needed() {
    let home = Home::new().await;
    let minted = home.fake.mint_account();
    let added = home.json_with(&["accounts", "add-token", "--name", "Mine"], &minted.refresh_token);
    assert_eq!(home.json(&["validate", "Mine"])["valid"], true);
    let refreshed = home.json(&["refresh", "Mine"]);
    assert_eq!(refreshed["id"], added["id"]);
    assert!(refreshed.get("access_token").is_none(), "{refreshed}");
    // Somebody else ends the sign-in.
    home.fake.revoke(&minted.refresh_token);
    let said = home.run(&["refresh", "Mine"]).failed(4);
    assert!(said.stderr.contains("login --account"), "{}", said.stderr);
    home.run(&["validate", "Mine", "--json"]).failed(4);
    home.run(&["validate", "nobody"]).failed(3);
    home.run(&["refresh", "nobody"]).failed(3);
    home.run(&["refresh"]).failed(2);
    home.pool("Team", &KEYS);
    home.run(&["refresh", "Team"]).failed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_shows_the_order_and_the_reasons() {
    let home = Home::new().await;
    assert!(home.run(&["explain"]).ok().stdout.contains("There is no account."));
    home.pool("Team", &KEYS);
    home.pool("Spare", &["fk-canary-0123456789cccc"]);
    home.run(&["accounts", "disable", "Spare"]).ok();
    let answer = home.json(&["explain", MODEL]);
    let names: Vec<&str> = answer["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["Team", "Spare"]);
    let said = home.run(&["explain", "--model", MODEL, "--account", "Team"]).ok();
    assert!(said.stdout.contains("tried as number 1"), "{}", said.stdout);
    home.run(&["explain", "--account", "nobody"]).failed(3);
    home.run(&["explain", "--account", "Team", "--group", "night"]).failed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_summed_by_what_is_asked() {
    let home = Home::new().await;
    assert!(home.run(&["usage"]).ok().stdout.contains("Nothing was used"));
    home.pool("Team", &KEYS);
    home.run(&["test"]).ok();
    for by in ["model", "account", "day", "hour", "outcome", "client-key"] {
        let said = home.run(&["usage", "--by", by]).ok();
        assert!(said.stdout.lines().count() >= 3, "{by}:\n{}", said.stdout);
    }
    let said = home.run(&["usage", "--by", "account", "--since", "7d"]).ok();
    assert!(said.stdout.contains("Team"), "{}", said.stdout);
    assert_eq!(home.json(&["usage", "--account", "Team"])["total"]["requests"], 2);
    home.run(&["usage", "--since", "yesterday"]).failed(2);
    home.run(&["usage", "--by", "mood"]).failed(2);
    home.run(&["usage", "--account", "nobody"]).failed(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn info_tells_what_this_installation_is() {
    let home = Home::new().await;
    let info = home.json(&["info"]);
    assert_eq!(info["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["status"]["data_dir"], home.data().to_string_lossy().as_ref());
    let said = home.run(&["info"]).ok();
    for wanted in ["data folder", "key file", "not running"] {
        assert!(said.stdout.contains(wanted), "{wanted}:\n{}", said.stdout);
    }
    std::fs::write(home.path().join("config.json"), "{\"timeout\": 1}").unwrap();
    let said = home.run(&["info"]).failed(1);
    assert!(said.stderr.contains("timeout_ms"), "it names the nearest key: {}", said.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn rekey_seals_anew_and_the_accounts_stay() {
    let home = Home::new().await;
    home.pool("Team", &KEYS);
    assert_eq!(home.json(&["rekey"])["secrets"], 2);
    assert_eq!(home.json(&["test"])["ok"], true);
    let said = home.run_with(&["rekey", "--passphrase"], "correct horse battery\n").ok();
    assert!(said.stdout.contains("DROID_ENCRYPTION_KEY"), "{}", said.stdout);
    let said = home.run(&["test"]).failed(1);
    assert!(said.stderr.contains("DROID_ENCRYPTION_KEY"), "{}", said.stderr);
    let mut command = home.command(&["test", "--json"]);
    command.env("DROID_ENCRYPTION_KEY", "correct horse battery");
    command.stdin(std::process::Stdio::piped());
    super::kit::finish(&mut command, "").ok();
    home.run(&["rekey", "--passphrase"]).failed(1);
}

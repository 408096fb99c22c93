//! `doctor`: what is wrong is found, and each line says what to do.

use serde_json::{Value, json};

use super::kit::Home;

/// The checks of a name.
fn named<'a>(report: &'a Value, name: &str) -> Vec<&'a Value> {
    report["checks"].as_array().unwrap().iter().filter(|it| it["name"] == name).collect()
}

fn look(home: &Home, code: i32) -> Value {
    let report = home.run(&["doctor", "--json"]).failed(code).to_json();
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(check["state"] == "ok", check.get("hint").is_none(), "{check}");
    }
    report
}

/// A home whose gateway would listen where nobody else does.
async fn home() -> Home {
    let home = Home::new().await;
    configure(&home, |_| {});
    home
}

fn configure(home: &Home, change: impl FnOnce(&mut Value)) {
    let path = home.path().join("config.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    config["gateway"] = json!({ "listen": free.to_string() });
    change(&mut config);
    std::fs::write(path, config.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_where_it_is() {
    let home = home().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    let report = look(&home, 0);
    assert_eq!(report["ok"], true);
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    for wanted in [
        "data folder",
        "permissions",
        "configuration",
        "database",
        "key",
        "secrets",
        "accounts",
        "reach",
        "clock",
        "gateway",
        "ProxyCast",
        "Claude Code",
        "Codex",
        "Droid",
    ] {
        assert!(names.contains(&wanted), "{wanted} is not looked at: {names:?}");
    }
    assert_eq!(named(&report, "reach").len(), 3);
    let said = home.run(&["doctor", "--offline"]).ok();
    assert!(!said.stdout.contains("reach"), "{}", said.stdout);
    home.run(&["doctor", "--everything"]).failed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_what_to_do() {
    let home = home().await;
    let report = look(&home, 1);
    let hint = named(&report, "accounts")[0]["hint"].as_str().unwrap();
    assert!(hint.contains("login"), "{hint}");
    let minted = home.fake.mint_account();
    home.run_with(&["accounts", "add-token", "--name", "Mine"], &minted.refresh_token).ok();
    home.fake.revoke(&minted.refresh_token);
    home.run(&["refresh", "Mine"]).failed(4);
    let report = look(&home, 1);
    let hint = named(&report, "account")[0]["hint"].as_str().unwrap();
    assert!(hint.ends_with("login --account 'Mine'"), "{hint}");
    let said = home.run(&["doctor"]).failed(1);
    assert!(said.stdout.contains("-> droid-provider-cli login"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_means_nothing_here_is_told_with_what_has_its_place() {
    let home = home().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    let mut command = home.command(&["doctor", "--offline", "--json"]);
    let said = command.env("CLUSTER_MODE", "true").output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let report: Value = serde_json::from_slice(&said.stdout).unwrap();
    let check = named(&report, "environment")[0];
    assert_eq!(check["state"], "warning");
    assert!(check["message"].as_str().unwrap().starts_with("CLUSTER_MODE "), "{check}");
    assert!(check["hint"].as_str().unwrap().contains("every processor"), "{check}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn files_that_others_can_read_are_found() {
    use std::os::unix::fs::PermissionsExt;
    let home = home().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    std::fs::set_permissions(home.data(), PermissionsExt::from_mode(0o755)).unwrap();
    let report = look(&home, 1);
    let check = named(&report, "permissions")[0];
    assert!(check["hint"].as_str().unwrap().starts_with("chmod go= "), "{check}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_and_a_broken_configuration_are_found() {
    let home = home().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    std::fs::rename(home.data().join("key"), home.data().join("key.away")).unwrap();
    let report = look(&home, 1);
    assert!(
        named(&report, "database")[0]["message"].as_str().unwrap().contains("Team"),
        "{report}"
    );
    std::fs::rename(home.data().join("key.away"), home.data().join("key")).unwrap();
    std::fs::write(home.path().join("config.json"), "{").unwrap();
    let report = look(&home, 1);
    assert_eq!(named(&report, "configuration")[0]["state"], "wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_away_and_a_port_that_is_taken_are_found() {
    let home = home().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    configure(&home, |config| {
        config["gateway"] = json!({ "listen": taken.local_addr().unwrap().to_string() });
        config["settings"]["workos"]["auth_url"] = json!(format!("http://{gone}/authenticate"));
        config["proxies"] = json!([{ "name": "away", "url": format!("http://{gone}") }]);
    });
    // Whoever has the port says nothing: the question must end by itself.
    let report = look(&home, 1);
    for name in ["proxy", "reach", "gateway"] {
        assert!(named(&report, name).iter().any(|it| it["state"] == "wrong"), "{name}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_cannot_run_is_found() {
    let home = home().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    let installed = home.json(&["install-plugin"]);
    let folder = std::path::PathBuf::from(installed["folder"].as_str().unwrap());
    assert_eq!(named(&look(&home, 0), "ProxyCast")[0]["state"], "ok");
    let binary = folder.join(installed["binary"].as_str().unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&binary, PermissionsExt::from_mode(0o644)).unwrap();
        let report = look(&home, 1);
        let hint = named(&report, "ProxyCast")[0]["hint"].as_str().unwrap();
        assert!(hint.starts_with("chmod 0755"), "{hint}");
    }
    std::fs::remove_file(&binary).unwrap();
    assert_eq!(named(&look(&home, 1), "ProxyCast")[0]["state"], "wrong");
}

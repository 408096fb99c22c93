//! The configuration over the wire: hot, kept, checked, masked; and files that cannot be used.
//!
//! Owns: `get_config`, `update_config`, `config_schema`, and what a bad file leaves working.
//! Must not know: what settings do, but for the few that show that a change is in force.

use std::time::Duration;

use droid_testbed::host::{Bridge, CallError};
use droid_testbed::rig::{Rig, addresses};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::peer::Peer;
use crate::support::{err, ok, rig};

async fn config(bridge: &Bridge) -> Value {
    ok(bridge, "get_config", Value::Null).await["config"].clone()
}

fn on_disk(rig: &Rig) -> Value {
    let text = std::fs::read_to_string(rig.config_path()).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_change_is_in_force_at_once_kept_and_seen_by_the_next_process() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let route = json!({ "model": "my-model" });
    assert_eq!(ok(&bridge, "supports_model", route.clone()).await["supports"], false);
    let patch = json!({ "config": {
        "model_redirects": { "my-model": "glm-4.6" },
        "settings": { "request": { "user_agent": "droid-test/1" } },
    } });
    let told = ok(&bridge, "update_config", patch).await;
    assert_eq!(told["config"]["settings"]["request"]["user_agent"], "droid-test/1");
    assert_eq!(ok(&bridge, "supports_model", route.clone()).await["model"], "glm-4.6");
    let request = json!({ "model": "my-model", "messages": [{ "role": "user", "content": "a" }] });
    let sent = ok(&bridge, "transform_request", json!({ "request": request })).await;
    assert_eq!(sent["headers"]["user-agent"], "droid-test/1");
    let after = config(&bridge).await;
    // Only what was changed is written; what the file had stays.
    let written = on_disk(&rig);
    assert_eq!(written["settings"]["workos"], addresses(&rig.fake)["settings"]["workos"]);
    assert_eq!(written["settings"]["request"], json!({ "user_agent": "droid-test/1" }));
    let fresh = rig.one_shot().call("get_config", Value::Null).await.expect("answered");
    assert_eq!(fresh["config"], after);
    bridge.assert_clean();
}

#[tokio::test]
async fn a_change_of_one_process_is_in_force_in_another_within_a_second() {
    let rig = rig().await;
    let (one, other) = (rig.bridge(), rig.bridge());
    let read = ok(&other, "get_config", Value::Null).await;
    // Parts that hold a piece of the configuration are there already.
    ok(&other, "list_credentials", Value::Null).await;
    let route = json!({ "model": "my-model" });
    assert_eq!(ok(&other, "supports_model", route.clone()).await["supports"], false);
    let patch = json!({ "model_redirects": { "my-model": "glm-4.6" }, "timeout_ms": 7000 });
    ok(&one, "update_config", json!({ "config": patch })).await;
    let saved = Instant::now();
    while ok(&other, "supports_model", route.clone()).await["supports"] == false {
        // The rest is for a machine that is busy with other things.
        assert!(saved.elapsed() < Duration::from_secs(10), "it is not followed");
    }
    assert_eq!(config(&other).await, config(&one).await);
    // What was read before is stale, however soon it is sent.
    ok(&one, "update_config", json!({ "config": { "timeout_ms": 8000 } })).await;
    let stale = json!({ "config": { "timeout_ms": 9000 }, "revision": read["revision"] });
    let error = err(&other, "update_config", stale).await;
    assert_eq!(error.data["kind"], "stale");
    // A change without a revision goes over what the other process saved, and keeps the rest.
    let patch = json!({ "config": { "usage": { "retention_days": 33 } } });
    let told = ok(&other, "update_config", patch).await;
    assert_eq!(told["config"]["timeout_ms"], 8000);
    for bridge in [one, other] {
        bridge.assert_clean();
    }
}

#[tokio::test]
async fn of_processes_that_save_at_the_same_moment_none_undoes_what_another_saved() {
    const CHANGES: usize = 40;
    let rig = rig().await;
    let bridges = [rig.bridge(), rig.bridge(), rig.bridge()];
    // Each writes what it read and one entry more, if nothing came between; else it reads again.
    let adding = async |bridge: &Bridge, who: usize| {
        let (mut added, mut stale) = (0, 0);
        while added < CHANGES {
            let read = ok(bridge, "get_config", Value::Null).await;
            let mut redirects = read["config"]["model_redirects"].clone();
            redirects[format!("model-{who}-{added}")] = json!("glm-4.6");
            let change = json!({
                "config": { "model_redirects": redirects }, "revision": read["revision"],
            });
            match bridge.call("update_config", change).await {
                Ok(_) => added += 1,
                Err(CallError::Rpc(error)) if error.data["kind"] == "stale" => stale += 1,
                Err(error) => panic!("{error}"),
            }
        }
        stale
    };
    let [a, b, c] = &bridges;
    let (a, b, c) = tokio::join!(adding(a, 0), adding(b, 1), adding(c, 2));
    assert!(a + b + c > 0, "they never met: nothing is proven");
    let kept = on_disk(&rig)["model_redirects"].clone();
    for (who, at) in (0..3).flat_map(|who| (0..CHANGES).map(move |at| (who, at))) {
        assert_eq!(kept[format!("model-{who}-{at}")], "glm-4.6", "of {who}, change {at}");
    }
    for bridge in bridges {
        bridge.assert_clean();
    }
}

#[tokio::test]
async fn a_file_that_breaks_while_a_process_runs_changes_nothing_until_it_is_mended() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let before = config(&bridge).await;
    let good = std::fs::read(rig.config_path()).expect("a file");
    std::fs::write(rig.config_path(), "{ not JSON").expect("written");
    let error = err(&bridge, "update_config", json!({ "config": { "timeout_ms": 9000 } })).await;
    assert!(error.message.contains("it is not JSON"), "{error}");
    assert_eq!(config(&bridge).await, before);
    std::fs::write(rig.config_path(), good).expect("written");
    let told = ok(&bridge, "update_config", json!({ "config": { "timeout_ms": 9000 } })).await;
    assert_eq!(told["config"]["timeout_ms"], 9000);
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let before = config(&bridge).await;
    let file = std::fs::read(rig.config_path()).expect("a file");
    for (patch, told) in [
        (json!({ "settings": { "requets": {} } }), "settings.request"),
        (json!({ "timeout_mss": 5000 }), "timeout_ms"),
        (json!({ "timeout_ms": 5000, "schedulling": {} }), "scheduling"),
        (json!({ "timeout_ms": 5 }), "timeout_ms"),
        (json!({ "timeout_ms": "5000" }), "timeout_ms"),
        (json!({ "settings": { "workos": { "auth_url": "http://example.com/" } } }), "auth_url"),
        (json!({ "settings": { "encryption": { "algorithm": "none" } } }), "algorithm"),
        (json!({ "models": [{ "id": "a", "type": "nowhere" }] }), "models[0]"),
        (json!({ "proxies": [{ "name": "p", "url": "ftp://h:1" }] }), "proxies[0].url"),
        (json!([]), "config"),
        (json!("text"), "config"),
    ] {
        let error = err(&bridge, "update_config", json!({ "config": patch })).await;
        assert_eq!((error.code, error.message.contains(told)), (-32602, true), "{patch}: {error}");
    }
    assert_eq!(config(&bridge).await, before);
    assert_eq!(std::fs::read(rig.config_path()).expect("a file"), file);
    bridge.assert_clean();
}

#[tokio::test]
async fn passwords_are_masked_and_survive_being_sent_back() {
    const PASSWORD: &str = "p4ss-w0rd-canary";
    let rig = rig().await;
    let bridge = rig.bridge();
    let url = format!("http://user:{PASSWORD}@127.0.0.1:9");
    let patch = json!({ "config": { "proxies": [{ "name": "one", "url": url }] } });
    let told = ok(&bridge, "update_config", patch).await;
    assert!(!told.to_string().contains(PASSWORD));
    let masked = config(&bridge).await;
    assert!(!masked.to_string().contains(PASSWORD));
    assert_eq!(masked["proxies"][0]["name"], "one");
    // The UI sends everything back as it was shown, with one thing changed.
    let mut all = masked.clone();
    all["timeout_ms"] = json!(7000);
    ok(&bridge, "update_config", json!({ "config": all })).await;
    assert_eq!(on_disk(&rig)["proxies"][0]["url"], url);
    // A mask for a proxy that is not there cannot be kept.
    let mut other = masked["proxies"].clone();
    other[0]["url"] =
        json!(masked["proxies"][0]["url"].as_str().expect("a URL").replace("127", "128"));
    let error = err(&bridge, "update_config", json!({ "config": { "proxies": other } })).await;
    assert!(error.message.contains("proxies[0].url"), "{error}");
    bridge.assert_clean();
}

#[tokio::test]
async fn changes_made_at_once_are_all_kept() {
    const CHANGES: u64 = 40;
    let rig = rig().await;
    let bridge = rig.bridge();
    let keys = ["rate_cooldown_seconds", "max_attempts", "strikes", "lease_ttl_seconds"];
    let change = |n: u64| {
        let key = keys[usize::try_from(n).expect("small") % keys.len()];
        let patch = json!({ "scheduling": { key: 10 + n / 4 } });
        let bridge = &bridge;
        async move { ok(bridge, "update_config", json!({ "config": patch })).await }
    };
    futures_util::future::join_all((0..CHANGES).map(change)).await;
    let written = on_disk(&rig)["scheduling"].clone();
    for key in keys {
        assert_eq!(written[key], 10 + CHANGES / 4 - 1, "{written}");
    }
    let left = std::fs::read_dir(rig.folder()).expect("a folder");
    let mut left: Vec<_> = left.map(|it| it.expect("a name").file_name()).collect();
    left.sort();
    assert_eq!(left, ["config.json", "config.json.lock"], "no temporary file stays");
    bridge.assert_clean();
}

#[tokio::test]
async fn the_schema_describes_the_configuration() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let schema = ok(&bridge, "config_schema", Value::Null).await;
    let info = ok(&bridge, "get_info", Value::Null).await;
    assert_eq!(schema, info["config_schema"]);
    let shown = config(&bridge).await;
    described(&shown, &schema, "");
    // Defaults are the shipped file's.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped =
        std::fs::read_to_string(root.join("plugin/config.json")).expect("plugin/config.json");
    let shipped: Value = serde_json::from_str(&shipped).expect("JSON");
    std::fs::write(rig.config_path(), "{}").expect("written");
    let fresh = rig.one_shot().call("get_config", Value::Null).await.expect("answered");
    assert_eq!(fresh["config"], shipped);
    bridge.assert_clean();
}

/// Every section and key that is shown has its place in the schema, with a title.
fn described(value: &Value, schema: &Value, path: &str) {
    let Some(properties) = schema["properties"].as_object() else {
        assert!(schema["title"].is_string() && schema.get("default").is_some(), "{path}: {schema}");
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "{path}");
    for (name, inner) in value.as_object().expect("a section") {
        let path = format!("{path}.{name}");
        described(inner, properties.get(name).unwrap_or_else(|| panic!("{path}")), &path);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told_and_can_be_mended_meanwhile() {
    let rig = rig().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: [(&[u8], &str); 13] = [
        (b"{ not json", "not JSON: line 1"),
        (b"", "not JSON"),
        (b"[]", "an object is expected"),
        (b"null", "an object is expected"),
        (b"{} {}", "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (deep.as_bytes(), "not JSON"),
        (br#"{"timeout_ms": "fast"}"#, "timeout_ms: a whole number from"),
        (br#"{"timeout_ms": 10}"#, "timeout_ms: a whole number from"),
        (br#"{"timout_ms": 5000}"#, "did you mean `timeout_ms`"),
        (
            br#"{"settings":{"factory":{"api_base_uri":"x"}}}"#,
            "did you mean `settings.factory.api_base_url`",
        ),
        (br#"{"settings":{"workos":{"auth_url":"ftp://x"}}}"#, "settings.workos.auth_url"),
        (br#"{"models":[{"id":"m","type":"anthropic"},{"id":"m","type":"comm"}]}"#, "models[1]"),
    ];
    let bridge = rig.bridge();
    for (content, told) in cases {
        std::fs::write(rig.config_path(), content).expect("written");
        let shown = String::from_utf8_lossy(&content[..content.len().min(80)]).into_owned();
        for method in ["get_config", "list_models", "list_credentials", "init"] {
            let error = rig.one_shot().call(method, Value::Null).await.expect_err(&shown).rpc();
            assert_eq!(
                (error.code, &error.data["kind"]),
                (-32009, &json!("config")),
                "{shown}: {error}"
            );
            assert!(error.message.contains(told), "{shown}: {error}");
            assert!(error.message.contains("config.json"), "names the file: {error}");
        }
        // One and the same process, which never saw a good file.
        ok(&bridge, "ping", Value::Null).await;
        ok(&bridge, "config_schema", Value::Null).await;
        assert_eq!(err(&bridge, "supports_model", json!({ "model": "a" })).await.code, -32009);
    }
    rig.configure(&json!({}));
    ok(&bridge, "supports_model", json!({ "model": "a" })).await;
    bridge.close().await.expect("a clean end");
    assert!(!rig.data_dir().exists(), "nothing was made meanwhile");
}

#[tokio::test]
async fn a_file_that_is_named_and_missing_is_told() {
    let rig = rig().await;
    std::fs::remove_file(rig.config_path()).expect("removed");
    let error = rig.one_shot().call("get_config", Value::Null).await.expect_err("missing").rpc();
    assert_eq!(error.code, -32009);
    assert!(error.message.contains("no such file") && error.message.contains("DROID_CONFIG"));
    // A folder is no file either.
    std::fs::create_dir(rig.config_path()).expect("made");
    let error = rig.one_shot().call("get_config", Value::Null).await.expect_err("a folder").rpc();
    assert_eq!(error.code, -32009);
}

#[tokio::test]
async fn the_environment_goes_over_the_file_and_is_checked_too() {
    let rig = rig().await;
    let line = super::contract::call("1", "get_config", &Value::Null);
    for (name, value, told) in [
        ("DROID_TIMEOUT_MS", "7000", Ok(7000)),
        ("DROID_TIMEOUT_MS", "7", Err("DROID_TIMEOUT_MS")),
        ("DROID_TIMEOUT_MS", "fast", Err("DROID_TIMEOUT_MS")),
        ("DROID_REFRESH_INTERVAL_HOURS", "1000", Err("DROID_REFRESH_INTERVAL_HOURS")),
    ] {
        let mut peer = Peer::start(&rig, &[(name, value)]);
        peer.send(&line).await;
        let answer = peer.answer().await;
        match told {
            Ok(number) => assert_eq!(answer["result"]["config"]["timeout_ms"], number),
            Err(text) => {
                let message = answer["error"]["message"].as_str().expect("a message");
                assert!(message.contains(text) && message.contains("environment"), "{message}");
            }
        }
    }
}

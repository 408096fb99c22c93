//! Accounts from elsewhere: Factory's own file, and the environment, once only.
//!
//! Owns: what is taken over, and that a stale copy never sets a rotated token back.
//! Must not know: which other files are known.

use droid_testbed::host::{Bridge, HostConfig};
use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use crate::kit::{bearer, refreshes, refreshes_of, this_one};
use crate::support::{ok, rig};

async fn all(bridge: &Bridge) -> Vec<Value> {
    ok(bridge, "list_credentials", Value::Null).await.as_array().unwrap().clone()
}

fn at_home(rig: &Rig) -> HostConfig {
    HostConfig { home: Some(rig.folder().join("home")), ..rig.host() }
}

#[tokio::test]
async fn the_file_of_factorys_own_program_is_taken_over_once() {
    let rig = rig().await;
    let minted = rig.fake.mint_account();
    let folder = rig.folder().join("home/.factory");
    std::fs::create_dir_all(&folder).unwrap();
    let file = json!({
        "access_token": minted.access_token, "refresh_token": minted.refresh_token,
    });
    std::fs::write(folder.join("auth.json"), file.to_string()).unwrap();
    let bridge = Bridge::connect(&at_home(&rig)).unwrap();
    let report = ok(&bridge, "import_credentials", json!({})).await;
    assert_eq!(report[0]["outcome"], "added", "{report}");
    let id = report[0]["credential_id"].as_str().unwrap();
    let lent = ok(&bridge, "acquire_credential", this_one(id)).await;
    assert_eq!(bearer(&lent), minted.access_token);
    // The program rotates; the file is stale from then on and must never come back.
    let pair = ok(&bridge, "refresh_token", json!({ "credential_id": id })).await;
    bridge.close().await.unwrap();
    let bridge = Bridge::connect(&at_home(&rig)).unwrap();
    let report = ok(&bridge, "import_credentials", json!({})).await;
    assert_eq!((&report[0]["outcome"], &report[0]["credential_id"]), (&json!("known"), &json!(id)));
    assert_eq!(all(&bridge).await.len(), 1);
    let lent = ok(&bridge, "acquire_credential", this_one(id)).await;
    assert_eq!(bearer(&lent), pair["access_token"]);
    let family = rig.fake.state(&minted.refresh_token).unwrap();
    assert_eq!((family.alive, family.rotations), (true, 1));
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_missing_or_senseless_file_is_told() {
    let rig = rig().await;
    let bridge = Bridge::connect(&at_home(&rig)).unwrap();
    let none = bridge.call("import_credentials", json!({})).await.unwrap_err().rpc();
    assert_eq!(none.data["kind"], "invalid", "{none}");
    let path = rig.folder().join("auth.json");
    std::fs::write(&path, r#"{"refresh_token": "canary", "#).unwrap();
    let params = json!({ "path": path });
    let senseless = bridge.call("import_credentials", params).await.unwrap_err().rpc();
    assert!(!senseless.message.contains("canary"), "{senseless}");
    assert!(all(&bridge).await.is_empty());
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_of_the_environment_is_used_once_and_never_sets_the_account_back() {
    let rig = rig().await;
    let minted = rig.fake.mint_account();
    let host = rig.host().env("DROID_REFRESH_KEY", &minted.refresh_token);
    let bridge = Bridge::connect(&host).unwrap();
    let first = all(&bridge).await;
    assert_eq!(first.len(), 1);
    let id = first[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(refreshes_of(&rig, &minted.refresh_token).len(), 1, "it was verified");
    ok(&bridge, "refresh_token", json!({ "credential_id": id })).await;
    bridge.close().await.unwrap();
    // The variable still holds the first token, spent twice over.
    for _ in 0..3 {
        let bridge = Bridge::connect(&host).unwrap();
        let again = all(&bridge).await;
        assert_eq!((again.len(), &again[0]["id"]), (1, &json!(id)));
        assert_eq!(again[0]["status"], "active");
        ok(&bridge, "acquire_credential", this_one(&id)).await;
        bridge.close().await.unwrap();
    }
    assert_eq!(refreshes_of(&rig, &minted.refresh_token).len(), 1);
    assert_eq!((refreshes(&rig).len(), rig.fake.stats().revoked), (2, 0));
}

#[tokio::test]
async fn processes_that_start_at_once_take_the_environment_over_once() {
    let rig = rig().await;
    let minted = rig.fake.mint_account();
    rig.fake.add_key("fk-environment-0123456789");
    let host = rig
        .host()
        .env("DROID_REFRESH_KEY", &minted.refresh_token)
        .env("FACTORY_API_KEY", "fk-environment-0123456789");
    let one_shot = droid_testbed::host::OneShot::new(host.clone());
    let calls = (0..8).map(|_| one_shot.call("list_credentials", Value::Null));
    for listed in futures_util::future::join_all(calls).await {
        listed.unwrap();
    }
    let bridge = Bridge::connect(&host).unwrap();
    let stored = all(&bridge).await;
    assert_eq!(stored.len(), 2, "{stored:?}");
    assert!(stored.iter().all(|it| it["status"] == "active"), "{stored:?}");
    assert_eq!((refreshes(&rig).len(), rig.fake.stats().revoked), (1, 0));
    let key = stored.iter().find(|it| it["auth_type"] == "api_key").unwrap();
    let lent = ok(&bridge, "acquire_credential", this_one(key["id"].as_str().unwrap())).await;
    assert_eq!(bearer(&lent), "fk-environment-0123456789");
    bridge.close().await.unwrap();
}

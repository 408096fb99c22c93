//! Accounts that are changed, removed, and seen by two processes.
//!
//! Owns: `update_credential`, `delete_credential`, and how soon another process knows.
//! Must not know: what an account is picked for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{err, ok, pool_of, rig, signed_in};

#[tokio::test]
async fn every_field_can_be_changed_and_null_removes() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({ "name": "before" })).await;
    ok(&bridge, "save_group", json!({ "id": "team" })).await;
    let fields = json!({
        "name": "after",
        "endpoint_type": "openai",
        "priority": 0,
        "groups": ["team"],
        "enabled": false,
        "schedulable": false,
        "max_concurrency": 7,
        "user_agent": "agent/1",
        "subscription_expires_at": "2199-12-31T00:00:00.000Z",
        "token_budget": 1000,
        "organization_id": "org_new",
        "proxy": "http://user:secret@127.0.0.1:8080",
    });
    for (name, value) in fields.as_object().expect("fields") {
        let before = account(&bridge, &id).await;
        let shown = update(&bridge, &id, json!({ name.clone(): value })).await;
        let expected =
            if name == "proxy" { json!("http://user:****@127.0.0.1:8080") } else { value.clone() };
        assert_eq!(shown[name], expected, "{name}");
        assert_eq!(account(&bridge, &id).await, shown, "what is answered is what is stored");
        for (other, was) in before.as_object().expect("fields") {
            let moves = [name.as_str(), "revision", "health", "has_proxy"];
            assert!(
                moves.contains(&other.as_str()) || shown[other] == *was,
                "{name} moved {other}"
            );
        }
    }
    for name in
        ["user_agent", "subscription_expires_at", "token_budget", "organization_id", "proxy"]
    {
        let shown = update(&bridge, &id, json!({ name: null })).await;
        assert_eq!(shown[name], Value::Null, "{name}");
    }
    let shown = update(&bridge, &id, json!({ "groups": [] })).await;
    assert_eq!((&shown["groups"], &shown["has_proxy"]), (&json!([]), &json!(false)));
    let unchanged = update(&bridge, &id, json!({ "name": null, "priority": null })).await;
    assert_eq!((&unchanged["name"], &unchanged["priority"]), (&json!("after"), &json!(0)));
    bridge.kill().await;
    let kept = account(&rig.bridge(), &id).await;
    assert_eq!(kept, unchanged);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_name() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    flush(&bridge).await;
    let before = dump(&rig);
    for (field, value) in [
        ("name", json!("  ")),
        ("name", json!("a\u{7}b")),
        ("priority", json!(101)),
        ("priority", json!(-1)),
        ("groups", json!(["no such group"])),
        ("subscription_expires_at", json!("tomorrow")),
        ("user_agent", json!("a\r\nb: c")),
        ("proxy", json!("ftp://host:1")),
        ("proxy", json!("not a url")),
        ("proxy", json!({ "type": "http", "host": "h", "port": 0 })),
        ("endpoint_type", json!("elsewhere")),
        ("max_concurrency", json!(-1)),
        ("max_concurrency", json!("many")),
        ("api_keys", json!(["fk-alpha-0123456789"])),
    ] {
        let params = json!({ "credential_id": id, "config": { field: value } });
        let refused = err(&bridge, "update_credential", params).await;
        assert_eq!(refused.code, -32602, "{field}: {refused}");
        assert!(refused.message.contains(field), "{field}: {refused}");
    }
    let params = json!({ "credential_id": id, "config": { "groups": ["nobody"] } });
    assert_eq!(err(&bridge, "update_credential", params).await.data["kind"], json!("not_found"));
    let gone = json!({ "credential_id": "nobody", "config": { "name": "n" } });
    assert_eq!(err(&bridge, "update_credential", gone).await.data["kind"], json!("not_found"));
    flush(&bridge).await;
    assert_eq!(dump(&rig), before);
}

#[tokio::test]
async fn a_stale_revision_is_refused_and_the_current_one_told() {
    let rig = rig().await;
    let (one, other) = (rig.bridge(), rig.bridge());
    let (id, _) = signed_in(&rig, &one, json!({})).await;
    let read = account(&one, &id).await["revision"].as_u64().expect("a revision");
    let write = |name: &str, revision: u64| json!({ "credential_id": id, "revision": revision, "config": { "name": name } });
    // Traffic is no change a person could overwrite.
    let lent = acquire(&one, CLAUDE).await;
    release(&one, lent.failed(&Answer::new(500, &[], &json!({})))).await;
    let first = ok(&other, "update_credential", write("first", read)).await;
    let refused = err(&one, "update_credential", write("second", read)).await;
    assert_eq!((refused.code, &refused.data["kind"]), (-32002, &json!("stale")));
    let current = first["revision"].as_u64().expect("a revision");
    assert!(refused.message.contains(&current.to_string()), "{} {current}", refused.message);
    assert_eq!(account(&one, &id).await["name"], json!("first"));
    ok(&one, "update_credential", write("second", current)).await;
}

#[tokio::test]
async fn a_proxy_in_each_spelling_is_shown_without_its_password() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for (spelled, shown) in [
        (json!("http://proxy.test:8080"), "http://proxy.test:8080"),
        (json!("https://u:hunter2@proxy.test:443"), "https://u:****@proxy.test:443"),
        (json!("socks5://u:hunter2@[::1]:1080"), "socks5://u:****@[::1]:1080"),
        (json!("http://only@proxy.test:3128"), "http://only@proxy.test:3128"),
        (
            json!({ "type": "socks5", "host": "proxy.test", "port": "1080",
                    "username": "u@x", "password": "hunter2:/ %" }),
            "socks5://u%40x:****@proxy.test:1080",
        ),
        (
            json!({ "protocol": "http", "host": "proxy.test", "port": 8080 }),
            "http://proxy.test:8080",
        ),
    ] {
        let changed = update(&bridge, &id, json!({ "proxy": spelled })).await;
        assert_eq!(changed["proxy"], json!(shown));
        assert_eq!(changed["has_proxy"], json!(true));
        let listed = ok(&bridge, "list_credentials", Value::Null).await;
        assert_eq!(listed[0]["proxy"], json!(shown));
        assert!(!listed.to_string().contains("hunter2"));
    }
    let made = signed_in(&rig, &bridge, json!({ "proxy": "http://a:hunter2@127.0.0.1:1" })).await;
    let made = account(&bridge, &made.0).await;
    assert_eq!(made["proxy"], json!("http://a:****@127.0.0.1:1"));
    flush(&bridge).await;
    assert!(!format!("{:?}", dump(&rig)).contains("hunter2"));
    assert!(!bridge.stderr().contains("hunter2"));
}

#[tokio::test]
async fn an_account_can_be_deleted_with_sessions_and_requests_under_way() {
    let rig = rig().await;
    let (one, other) = (rig.bridge(), rig.bridge());
    let config = json!({ "max_concurrency": 5, "priority": 0 });
    let keys = ["fk-alpha-0123456789", "fk-bravo-0123456789"];
    let gone = pool_of(&rig, &one, &keys, config).await;
    let (left, _) = signed_in(&rig, &one, json!({ "priority": 9 })).await;
    let ask = json!({ "model": CLAUDE, "session_id": "conversation" });
    let lent = until("the other process knows the pool", async || {
        let acquired = other.call("acquire_credential", ask.clone()).await.ok()?;
        Some(Lent::new(&acquired)).filter(|it| it.account == gone)
    })
    .await;
    ok(&one, "delete_credential", json!({ "credential_id": gone })).await;
    for table in ["sessions", "leases", "api_keys"] {
        assert_eq!(select(&rig, &format!("SELECT * FROM {table}")), Vec::<String>::new());
    }
    assert_eq!(acquire_with(&one, ask.clone()).await.account, left);
    until("the other process knows that it is gone", async || {
        (acquire_with(&other, ask.clone()).await.account == left).then_some(())
    })
    .await;
    for bridge in [&one, &other] {
        let refused = until("a release finds nothing", async || {
            bridge.call("release_credential", lent.succeeded()).await.err()
        });
        assert_eq!(refused.await.rpc().data["kind"], json!("not_found"));
        let gone = json!({ "credential_id": gone });
        assert_eq!(
            err(bridge, "get_credential", gone.clone()).await.data["kind"],
            json!("not_found")
        );
        assert_eq!(err(bridge, "delete_credential", gone).await.data["kind"], json!("not_found"));
        bridge.assert_clean();
    }
}

#[tokio::test]
async fn another_process_sees_each_change_within_a_second() {
    const SECOND: Duration = Duration::from_secs(1);
    let rig = rig().await;
    let (writer, reader) = (rig.bridge(), rig.bridge());
    let refused = err(&reader, "acquire_credential", json!({ "model": CLAUDE })).await;
    assert_eq!(refused.data["kind"], json!("no_account"));
    let mut slowest = Duration::ZERO;
    let mut seen = async |what: &str, id: Option<&str>| {
        let since = Instant::now();
        until(what, async || {
            let lent = reader.call("acquire_credential", json!({ "model": CLAUDE })).await.ok();
            let lent = lent.map(|it| Lent::new(&it).account);
            (lent.as_deref() == id).then_some(())
        })
        .await;
        slowest = slowest.max(since.elapsed());
    };
    let (first, _) = signed_in(&rig, &writer, json!({})).await;
    seen("a new account", Some(&first)).await;
    let (second, _) = signed_in(&rig, &writer, json!({ "priority": 0 })).await;
    seen("a better account", Some(&second)).await;
    update(&writer, &first, json!({ "priority": 0 })).await;
    update(&writer, &second, json!({ "priority": 1 })).await;
    seen("changed priorities", Some(&first)).await;
    ok(&writer, "set_credential_enabled", json!({ "credential_id": first, "enabled": false }))
        .await;
    seen("a switched off account", Some(&second)).await;
    ok(&writer, "delete_credential", json!({ "credential_id": second })).await;
    seen("a deleted account", None).await;
    assert!(slowest < SECOND, "{slowest:?}");
}

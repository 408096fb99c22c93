//! Starting, where it may listen, and stopping.
//!
//! Owns: what a person meets before the first request and after the last one.
//! Must not know: routes that need a credential.
#![cfg(unix)]

use droid_testbed::gateway::Gateway;
use droid_testbed::http::request;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::kit::{host, start};
use crate::support::rig;

const ADMIN: &str = "an-admin-key-of-some-length";

#[tokio::test]
async fn it_starts_without_any_credential_and_says_where_it_listens() {
    let rig = rig().await;
    let gateway = start(&rig).await;
    gateway.says(&format!("listening on {}", gateway.url)).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(request("GET", &gateway.url(path), [], b"").await.status, 200, "{path}");
    }
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains("WARN"), "{}", ended.stderr);
}

#[tokio::test]
async fn beyond_this_machine_it_wants_an_admin_key_and_a_client_key() {
    let rig = rig().await;
    let refused = Gateway::try_start(&host(&rig), &["--listen", "0.0.0.0:0"]).await;
    let refused = refused.expect_err("nobody would be kept out");
    assert_eq!(refused.code, Some(1));
    for text in ["needs an admin key and a client key", "ADMIN_ACCESS_KEY", "client-keys create"] {
        assert!(refused.stderr.contains(text), "{}", refused.stderr);
    }
    // The key that was made at a first start on this machine is one, too.
    start(&rig).await.stop().await;
    let once = host(&rig).env("API_ACCESS_KEY", "a-client-key-of-some-length");
    Gateway::try_start(&once, &["--listen", "0.0.0.0:0"]).await.expect("it may").stop().await;
    let guarded = host(&rig)
        .env("ADMIN_ACCESS_KEY", "an-admin-key-of-some-length")
        .env("API_ACCESS_KEY", "a-client-key-of-some-length");
    let gateway = Gateway::try_start(&guarded, &["--listen", "0.0.0.0:0"]).await;
    let ended = gateway.expect("it may listen").stop().await;
    assert!(!ended.stderr.contains("of-some-length"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_port_is_the_named_one_else_the_environments_else_the_configured_one() {
    let rig = rig().await;
    let taken = start(&rig).await;
    let port = taken.url.rsplit(':').next().expect("a port").to_owned();
    let address = format!("127.0.0.1:{port}");

    rig.configure(&json!({ "gateway": { "listen": address } }));
    for (env, arguments) in [
        (None, &[][..]),
        (Some(port.as_str()), &[][..]),
        (Some("1"), &["--listen", address.as_str()][..]),
    ] {
        let mut host = host(&rig);
        if let Some(port) = env {
            host = host.env("PORT", port);
        }
        let refused = Gateway::try_start(&host, arguments).await.expect_err("it is taken");
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(&format!("{address} is in use")), "{}", refused.stderr);
    }
    let refused = Gateway::try_start(&host(&rig).env("PORT", "no-port"), &[]).await;
    let refused = refused.expect_err("no port");
    assert!(refused.stderr.contains("PORT: a port from 0 to 65535"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("no-port"), "{}", refused.stderr);
    taken.stop().await;
}

#[tokio::test]
async fn settings_of_droid2api_are_taken_or_told_to_mean_nothing() {
    let rig = rig().await;
    let former = host(&rig)
        .env("DATA_RETENTION_DAYS", "45")
        .env("ADMIN_ACCESS_KEY", ADMIN)
        .env("REDIS_HOST", "canary.example.test")
        .env("CLUSTER_WORKERS", "4");
    let gateway = Gateway::start(&former).await;
    gateway.says("REDIS_HOST in the environment means nothing here: ").await;
    gateway.says("CLUSTER_WORKERS in the environment means nothing here: ").await;
    let headers = [("x-admin-key", ADMIN), ("content-type", "application/json")];
    let url = gateway.url("/admin/config");
    let config = request("GET", &url, headers, b"").await.json();
    assert_eq!(config["config"]["usage"]["retention_days"], 45);
    for body in [
        json!({ "performance": { "concurrentLimit": 100 } }),
        json!({ "config": { "performance": { "concurrentLimit": 100 } } }),
    ] {
        let refused = request("PUT", &url, headers, body.to_string().as_bytes()).await;
        let error = &refused.json()["error"];
        assert_eq!((refused.status, &error["kind"]), (400, &json!("invalid")), "{error}");
        assert!(error["field"].as_str().unwrap().ends_with("performance"), "{error}");
        assert!(error["message"].as_str().unwrap().contains("`timeout_ms`"), "{error}");
    }
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    let refused = Gateway::try_start(&host(&rig).env("DATA_RETENTION_DAYS", "never"), &[]).await;
    let refused = refused.expect_err("no number").stderr;
    assert!(refused.contains("DATA_RETENTION_DAYS: a whole number from 1 to 3650"), "{refused}");
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_it_from_stopping() {
    let rig = rig().await;
    let gateway = start(&rig).await;
    let mut idle = TcpStream::connect(gateway.host()).await.expect("a connection");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let idle = droid_testbed::http::read_head(idle).await;
    assert_eq!(idle.status, 200);
    for signal in ["-INT", "-TERM"] {
        let other = start(&rig).await;
        other.signal(signal).await;
        assert_eq!(other.ended().await.code, Some(0), "{signal}");
    }
    gateway.stop().await;
    drop(idle);
}

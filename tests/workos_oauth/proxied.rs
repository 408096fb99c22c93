//! A proxy given to a sign-in serves the account it makes, and nothing goes around it.
//!
//! Owns: a tiny forward proxy and what must pass through it.
//! Must not know: how requests are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::device::brisk;
use crate::kit::{poll_to_the_end, this_one};
use crate::support::{err, ok};

/// Hands every connection to the fake as it is: the fake reads whole addresses too, and its journal
/// shows the headers meant for the proxy.
struct Proxy {
    port: u16,
    n_connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

// === impl Proxy ===

impl Proxy {
    async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let n_connections = Arc::new(AtomicUsize::new(0));
        let (count, target) = (Arc::clone(&n_connections), target.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let target = target.clone();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    // Either side may break off.
                    drop(copy_bidirectional(&mut client, &mut server).await);
                });
            }
        });
        Self { port, n_connections, task }
    }
}

#[tokio::test]
async fn the_proxy_of_a_sign_in_is_the_proxy_of_the_account() {
    let rig = brisk().await;
    let proxy = Proxy::before(rig.fake.base_url().strip_prefix("http://").unwrap()).await;
    let bridge = rig.bridge();
    let given = json!({
        "type": "http", "host": "127.0.0.1", "port": proxy.port,
        "username": "ada", "password": "canary-password",
    });
    let started = ok(&bridge, "start_login", json!({ "proxy": given })).await;
    assert!(rig.fake.approve_device(started["user_code"].as_str().unwrap(), None));
    let done = poll_to_the_end(&bridge, &started).await;
    let id = done["credential_id"].as_str().unwrap();
    ok(&bridge, "refresh_token", json!({ "credential_id": id })).await;
    ok(&bridge, "acquire_credential", this_one(id)).await;

    let shown = ok(&bridge, "get_credential", json!({ "credential_id": id })).await;
    assert_eq!(shown["has_proxy"], true);
    let masked = shown["proxy"].as_str().unwrap();
    assert!(masked.contains(&proxy.port.to_string()) && !masked.contains("canary"), "{masked}");

    let entries = rig.fake.journal().entries();
    // A device code, a poll at least, a refresh.
    assert!(entries.len() >= 3 && proxy.n_connections.load(Ordering::SeqCst) > 0);
    for entry in &entries {
        let told = entry.headers.iter().any(|(name, _)| name == "proxy-authorization");
        assert!(told, "{} went around the proxy", entry.path);
    }

    // Fail closed: without the proxy nothing is sent.
    proxy.task.abort();
    drop(proxy.task.await);
    bridge.close().await.unwrap();
    let bridge = rig.bridge();
    let error = err(&bridge, "refresh_token", json!({ "credential_id": id })).await;
    assert_eq!(error.data["kind"], "refresh_failed", "{error}");
    assert!(!error.message.contains("canary"), "{error}");
    assert_eq!(rig.fake.journal().entries().len(), entries.len());
    bridge.close().await.unwrap();
}

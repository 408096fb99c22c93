//! Signing in by a browser (RFC 7636), its address pasted, and by a pasted refresh token.
//!
//! Owns: what is pasted, good and bad, once and twice.
//! Must not know: the device flow.

use std::time::Duration;

use droid_testbed::host::Bridge;
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::{bearer, refreshes, this_one};
use crate::support::{err, id_of, ok, rig};

/// Starts a sign-in and lets the browser do its part: the login's id and the address it ends on.
async fn begun(bridge: &Bridge, params: Value) -> (Value, String) {
    let mut params = params;
    params["flow"] = json!("pkce");
    let started = ok(bridge, "start_login", params).await;
    let address = redirect(started["verification_uri"].as_str().unwrap()).await;
    (started["login_id"].clone(), address)
}

/// Where a page sends the browser.
async fn redirect(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let location = answer.lines().find_map(|it| it.strip_prefix("location: "));
    location.unwrap_or_else(|| panic!("no redirect: {answer}")).to_owned()
}

fn complete(login: &Value, address: &str) -> Value {
    json!({ "login_id": login, "callback_url": address })
}

/// How often a code was exchanged, or tried to be.
fn n_exchanges(rig: &Rig) -> usize {
    let all = rig.fake.journal().on("/user_management/authenticate");
    all.iter().filter(|it| String::from_utf8_lossy(&it.body).contains("code_verifier")).count()
}

#[tokio::test]
async fn a_pasted_address_signs_in_once() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (login, address) = begun(&bridge, json!({ "name": "mine" })).await;
    assert!(address.starts_with("http://localhost:8787/callback?code="), "{address}");
    // Another process may end it.
    let done = rig.one_shot().call("complete_login", complete(&login, &address)).await.unwrap();
    assert_eq!(done["state"], "done");
    let id = done["credential_id"].as_str().unwrap();
    ok(&bridge, "acquire_credential", this_one(id)).await;
    let twice = err(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!(twice.data["kind"], "login_over");
    assert_eq!(n_exchanges(&rig), 1, "a code spent twice would end the session it made");
    assert_eq!(rig.fake.stats().revoked, 0);
    assert_eq!(ok(&bridge, "poll_login", json!({ "login_id": login })).await, done);
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_wrong_paste_is_told_and_can_be_mended() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (login, address) = begun(&bridge, json!({})).await;
    let (_, foreign) = begun(&bridge, json!({})).await;
    let no_state = address.split("&state=").next().unwrap();
    for wrong in ["", "hello", "http://localhost:8787/callback", no_state, &foreign] {
        let error = err(&bridge, "complete_login", complete(&login, wrong)).await;
        assert_eq!((error.code, &error.data["kind"]), (-32602, &json!("invalid")), "{wrong:?}");
        assert!(error.message.starts_with("callback_url"), "{error}");
        assert!(wrong.is_empty() || !error.message.contains(wrong), "it repeats nothing: {error}");
    }
    assert_eq!(n_exchanges(&rig), 0);
    let done = ok(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!(done["state"], "done");
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_refusal_in_the_browser_and_a_cancel_end_it() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (login, address) = begun(&bridge, json!({})).await;
    let state = address.split("state=").nth(1).unwrap();
    let refused = format!("http://localhost:8787/callback?error=access_denied&state={state}");
    let error = err(&bridge, "complete_login", complete(&login, &refused)).await;
    assert_eq!(error.data["kind"], "login_over");
    let after = err(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!(after.data["kind"], "login_over");
    assert_eq!(ok(&bridge, "poll_login", json!({ "login_id": login })).await["state"], "denied");

    let (login, address) = begun(&bridge, json!({})).await;
    ok(&bridge, "cancel_login", json!({ "login_id": login })).await;
    let after = err(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!(after.data["kind"], "login_over");
    assert_eq!(n_exchanges(&rig), 0);
    assert_eq!(ok(&bridge, "list_credentials", Value::Null).await, json!([]));
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn an_outage_does_not_use_up_the_sign_in() {
    let mut rig = rig().await;
    let bridge = rig.bridge();
    let (login, address) = begun(&bridge, json!({})).await;
    rig.fake.script().next(Match::endpoint(Endpoint::CodeExchange), Action::status(503));
    let error = err(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!((&error.data["kind"], &error.data["retryable"]), (&json!("upstream"), &json!(true)));
    rig.fake.go_down().await;
    let error = err(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!(error.data["kind"], "upstream");
    rig.fake.come_up().await;
    let done = ok(&bridge, "complete_login", complete(&login, &address)).await;
    assert_eq!(done["state"], "done");
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn of_two_processes_that_complete_it_one_spends_the_code() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (login, address) = begun(&bridge, json!({})).await;
    let late = Action::DelayAfterRotation(Duration::from_secs(1));
    rig.fake.script().always(Match::endpoint(Endpoint::CodeExchange), late);
    let other = rig.one_shot();
    let (here, there) = tokio::join!(
        bridge.call("complete_login", complete(&login, &address)),
        other.call("complete_login", complete(&login, &address)),
    );
    let (done, refused) = if here.is_ok() { (here, there) } else { (there, here) };
    assert_eq!(refused.unwrap_err().rpc().data["kind"], "login_over");
    assert_eq!((n_exchanges(&rig), rig.fake.stats().revoked), (1, 0));
    let done = done.unwrap();
    ok(&bridge, "acquire_credential", this_one(done["credential_id"].as_str().unwrap())).await;
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn a_pasted_refresh_token_is_verified_once() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let minted = rig.fake.mint_account();
    let manual = |token: &str| json!({ "auth_type": "manual", "config": { "refresh_token": format!(" {token}\n") } });
    let id = id_of(&ok(&bridge, "create_credential", manual(&minted.refresh_token)).await);
    let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
    assert_ne!(bearer(&lent), minted.access_token);
    assert_eq!(refreshes(&rig).len(), 1);
    // The same token again, spent by now, or the one it was exchanged for: both are known.
    let current = rig.fake.state(&minted.refresh_token).unwrap().current.unwrap();
    for known in [&minted.refresh_token, &current] {
        let error = err(&bridge, "create_credential", manual(known)).await;
        assert_eq!(error.data["kind"], "invalid", "{error}");
        assert!(!error.message.contains(known.as_str()));
    }
    let dead = err(&bridge, "create_credential", manual("a-token-of-nobody-0123456")).await;
    assert_eq!(dead.data["kind"], "needs_login", "{dead}");
    let all = ok(&bridge, "list_credentials", Value::Null).await;
    assert_eq!(all.as_array().unwrap().len(), 1, "what is dead leaves nothing behind: {all}");
    assert_eq!((refreshes(&rig).len(), rig.fake.stats().revoked), (2, 0));
    bridge.close().await.unwrap();
}

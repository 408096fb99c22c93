//! Stopping in order, at once, and by force.
//!
//! Owns: what becomes of requests, usage and accounts then.
//! Must not know: what a request is answered with.
#![cfg(unix)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Entry, Match};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::ask::{
    Ask, CLAUDE, account, asked, configured, keys, sent_header, shown, started, until,
};

const UPSTREAM: &str = "/api/llm/a/v1/messages";
const POOLED: &str = "fk-pooled-0123456789abcdef";
const LIMITED: &str = "fk-limited-0123456789abcde";

/// A stream that upstream begins after `delay`, under way.
async fn under_way(rig: &Rig, gateway: &Gateway, delay: Duration) -> JoinHandle<Answer> {
    rig.fake.journal().clear();
    rig.fake.script().next(Match::any().path(UPSTREAM), Action::Delay(delay));
    let ask = Ask::new(Dialect::Anthropic, CLAUDE, true);
    let (url, body) = (gateway.url(&ask.path()), ask.body().to_string());
    let (name, key) = ask.headers[0].clone();
    let asked = tokio::spawn(async move {
        request("POST", &url, [(name.as_str(), key.as_str())], body.as_bytes()).await
    });
    let came = |it: &[Entry]| it.iter().any(|it| it.path == UPSTREAM);
    assert!(rig.fake.journal().wait_until(Duration::from_secs(10), came).await);
    asked
}

#[tokio::test]
async fn the_first_signal_lets_streams_end_and_takes_no_new_ones() {
    for signal in ["-TERM", "-INT"] {
        let rig = configured(json!({})).await;
        keys(&rig, &[POOLED], json!({})).await;
        let gateway = started(&rig).await;
        let answer = under_way(&rig, &gateway, Duration::from_secs(1)).await;
        gateway.signal(signal).await;
        until("nobody listens any more", async || {
            TcpStream::connect(gateway.host()).await.is_err().then_some(())
        })
        .await;
        let answer = answer.await.expect("no panic");
        assert_eq!((answer.status, answer.whole), (200, true), "{}", answer.text());
        assert!(answer.text().contains("message_stop"), "{}", answer.text());
        assert_eq!(gateway.ended().await.code, Some(0), "{signal}");
        assert_eq!(used(&rig).await, 1, "what it used is stored");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second, code) in [("-TERM", "-TERM", 143), ("-INT", "-INT", 130)] {
        let rig = configured(json!({})).await;
        keys(&rig, &[POOLED], json!({})).await;
        let gateway = started(&rig).await;
        let answer = under_way(&rig, &gateway, Duration::from_secs(600)).await;
        gateway.signal(first).await;
        until("nobody listens any more", async || {
            TcpStream::connect(gateway.host()).await.is_err().then_some(())
        })
        .await;
        gateway.signal(second).await;
        assert_eq!(gateway.ended().await.code, Some(code), "{first} {second}");
        answer.abort();
    }
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_and_given_back() {
    let rig = configured(json!({ "gateway": { "drain_seconds": 1 } })).await;
    let id = keys(&rig, &[POOLED], json!({ "max_concurrency": 1 })).await;
    let gateway = started(&rig).await;
    let answer = under_way(&rig, &gateway, Duration::from_secs(600)).await;
    let start = Instant::now();
    let ended = gateway.stop().await;
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(ended.stderr.contains("are cut"), "{}", ended.stderr);
    answer.abort();
    assert_eq!(shown(&rig, &id).await["status"], "active");
    let gateway = started(&rig).await;
    let answer = Ask::new(Dialect::Anthropic, CLAUDE, false).send(&gateway).await;
    assert_eq!(answer.status, 200, "its place is free: {}", answer.text());
    gateway.stop().await;
}

/// Requests that usage knows of.
async fn used(rig: &Rig) -> u64 {
    let usage = rig.one_shot().call("get_usage", Value::Null).await.expect("usage");
    usage["total"]["requests"].as_u64().expect("a number")
}

#[tokio::test]
async fn killed_under_load_it_is_back_in_a_second_and_has_lost_seconds_of_usage_and_no_account() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({ "max_concurrency": 3 })).await;
    let (id, _) = account(&rig, json!({ "max_concurrency": 3 })).await;
    let limited = keys(&rig, &[LIMITED], json!({ "priority": 0 })).await;
    let script = rig.fake.script();
    let refusal = |status: u16, name: &str, value: &str| Action::Status {
        status,
        headers: vec![(name.to_owned(), value.to_owned())],
        body: json!({ "error": { "message": "not now" } }).to_string(),
    };
    script.always(Match::any().token(LIMITED), refusal(429, "retry-after", "900"));
    let gateway = started(&rig).await;
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<JoinHandle<()>> = (0..6)
        .map(|_| {
            let ask = Ask::new(Dialect::Anthropic, CLAUDE, true);
            let (url, body) = (gateway.url(&ask.path()), ask.body().to_string());
            let (name, key) = ask.headers[0].clone();
            let (done, stop) = (Arc::clone(&done), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let headers = [(name.as_str(), key.as_str())];
                    if request("POST", &url, headers, body.as_bytes()).await.status == 200 {
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    // All that was done five seconds before the end has to be there afterwards.
    until("some were answered", async || (done.load(Ordering::SeqCst) > 20).then_some(())).await;
    let safe = done.load(Ordering::SeqCst);
    // One account was limited and rests: that, too, has to be there.
    let rests = shown(&rig, &limited).await;
    assert!(rests["keys"][0]["cooling"]["until"].is_string(), "{rests}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.store(true, Ordering::SeqCst);
    gateway.kill().await;
    for client in clients {
        client.abort();
        drop(client.await);
    }
    let start = Instant::now();
    let gateway = started(&rig).await;
    assert_eq!(request("GET", &gateway.url("/readyz"), [], b"").await.status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(used(&rig).await >= safe, "{} of {safe}", used(&rig).await);
    let account = shown(&rig, &id).await;
    assert_eq!(account["status"], "active", "{account}");
    let after = shown(&rig, &limited).await;
    // A request that found every other place taken may have asked it once more meanwhile.
    let rests_until = |it: &Value| it["keys"][0]["cooling"]["until"].as_str().map(str::to_owned);
    assert!(rests_until(&after) >= rests_until(&rests), "forgotten: {after}, was {rests}");
    rig.fake.journal().clear();
    // Places that the killed one held are free.
    for _ in 0..12 {
        let answer = Ask::new(Dialect::Anthropic, CLAUDE, false).send(&gateway).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let bearer = format!("Bearer {LIMITED}");
    let sent = asked(&rig, UPSTREAM);
    assert!(sent.iter().all(|it| sent_header(it, "authorization") != Some(bearer.as_str())));
    let refreshed = rig.one_shot().call("refresh_token", json!({ "credential_id": id })).await;
    assert!(refreshed.is_ok(), "its token family lives: {refreshed:?}");
    let stats = rig.fake.stats();
    assert_eq!((stats.reuses, stats.revoked), (0, 0), "no refresh token was spent twice");
    gateway.stop().await;
}

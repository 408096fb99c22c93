//! The gateway under load: many streams at once, many in a row, clients that do not read.
//!
//! Owns: what memory may be taken, and that nobody pays for another's slowness. `make load` runs it
//! with full numbers.
//! Must not know: the program's inside.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests stop the test and tell what they measured, as the tests do"
)]

mod support;

use std::time::Duration;

use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Open, open, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use support::pool_of;

const KEY: &str = "a-client-key-of-some-length";
const CLAUDE: &str = "claude-sonnet-4-5-20250929";
const GENERAL: &str = "glm-4.6";

/// Full numbers where the variable is set, else a part of them.
fn number(full: usize, part: usize) -> usize {
    if std::env::var_os("DROID_LOAD").is_some() { full } else { part }
}

async fn gateway() -> (Rig, Gateway) {
    let rig = support::rig().await;
    rig.configure(&json!({ "gateway": { "ping_seconds": 3600 } }));
    let bridge = rig.bridge();
    pool_of(&rig, &bridge, &["fk-pooled-0123456789abcdef"], json!({})).await;
    bridge.close().await.expect("a clean end");
    let host = droid_testbed::host::HostConfig {
        home: Some(rig.folder().join("home")),
        ..rig.host().env("API_ACCESS_KEY", KEY)
    };
    let gateway = Gateway::start(&host).await;
    (rig, gateway)
}

fn body(model: &str) -> Value {
    json!({
        "model": model,
        "max_tokens": 64,
        "stream": true,
        "messages": [{ "role": "user", "content": "ping" }],
    })
}

async fn begin(url: &str, model: &str) -> Open {
    open("POST", url, [("x-api-key", KEY)], body(model).to_string().as_bytes()).await
}

/// A whole stream, from its first byte to its last.
async fn pass(url: &str) {
    let body = body(CLAUDE).to_string();
    let answer = request("POST", url, [("x-api-key", KEY)], body.as_bytes()).await;
    assert_eq!((answer.status, answer.whole), (200, true), "{}", answer.text());
    assert!(answer.text().contains("message_stop"), "{}", answer.text());
}

/// What the process has in memory, in KiB.
fn resident(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid()));
    let status = status.expect("it runs");
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_read_take_bounded_memory_and_hold_up_nobody() {
    const READING: usize = 1500;
    const SILENT: usize = 500;
    /// What a stream may take in a build that is not optimised, in KiB. A silent client's holds as
    /// much as the connection to upstream reads at once, and not more.
    const A_READING: u64 = 96;
    const A_SILENT: u64 = 256;
    let (rig, gateway) = gateway().await;
    let url = gateway.url("/v1/messages");
    for _ in 0..20 {
        pass(&url).await;
    }
    let before = resident(&gateway);
    let endless = Action::InfiniteStream { bytes: 1 << 40 };
    rig.fake.script().always(Match::any().path("/api/llm/o/v1/chat/completions"), endless);
    let (silent, reading) = (number(SILENT, SILENT / 4), number(READING, READING / 4));
    let held: Vec<Open> = stream::iter(0..silent)
        .map(async |_| {
            let held = begin(&url, GENERAL).await;
            assert_eq!(held.status, 200);
            held
        })
        .buffer_unordered(50)
        .collect()
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let blocked = resident(&gateway);
    let slowly = Action::EventDelay(Duration::from_millis(100));
    rig.fake.script().always(Match::any().path("/api/llm/a/v1/messages"), slowly);
    let all = stream::iter(0..reading).for_each_concurrent(reading, async |_| pass(&url).await);
    let mut peak = before;
    let watch = async {
        loop {
            peak = peak.max(resident(&gateway));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = all => {}
        () = watch => {}
    }
    println!(
        "{silent} silent and {reading} reading: {before} KiB before, {blocked} KiB with the silent ones, {peak} KiB at most"
    );
    let most = |n: usize, each: u64| u64::try_from(n).expect("a number") * each;
    let allowed = before + most(silent, A_SILENT) + most(reading, A_READING);
    assert!(peak < allowed, "{before} KiB, then {peak} KiB");
    // A silent one that wakes up gets what it did not take before.
    let mut woken = held.into_iter().next().expect("one");
    let more = woken.more().await.expect("it goes on");
    assert!(!more.is_empty());
    gateway.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_streams_in_a_row_leave_memory_as_it_was() {
    let (_rig, gateway) = gateway().await;
    let url = gateway.url("/v1/messages");
    let run = async |n: usize| {
        stream::iter(0..n).for_each_concurrent(16, async |_| pass(&url).await).await;
    };
    // Caches and the allocator have what they keep.
    run(500).await;
    let idle = resident(&gateway);
    let n = number(10_000, 1500);
    run(n).await;
    let after = resident(&gateway);
    println!("{n} streams in a row: {idle} KiB before, {after} KiB after");
    assert!(after * 10 <= idle * 12, "{idle} KiB, then {after} KiB");
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains("are cut"), "{}", ended.stderr);
}

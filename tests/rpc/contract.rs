//! What every call may rely on: launch styles, ids, params, the end of input, order, speed.
//!
//! Owns: one test a promise of the contract.
//! Must not know: what single methods do.

use std::time::Duration;

use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};

use super::peer::{PATIENCE, Peer};
use crate::support::{ok, pool_of, rig, signed_in};

const MODEL: &str = "claude-sonnet-4-5-20250929";

#[tokio::test]
async fn both_launch_styles_answer_alike() {
    let rig = rig().await;
    let (one_shot, bridge) = (rig.one_shot(), rig.bridge());
    for (method, params) in [
        ("ping", Value::Null),
        ("get_info", json!({})),
        ("list_models", Value::Null),
        ("supports_model", json!({ "model": "gpt-5" })),
        ("list_credentials", Value::Null),
        ("config_schema", json!({})),
    ] {
        let kept = ok(&bridge, method, params.clone()).await;
        let fresh = one_shot.call(method, params).await.expect(method);
        assert_eq!(kept, fresh, "{method}");
    }
    bridge.close().await.expect("a clean end");
}

#[tokio::test]
async fn what_one_process_a_call_stores_the_next_one_finds() {
    let rig = rig().await;
    rig.fake.add_key("fk-contract-0123456789");
    let one_shot = rig.one_shot();
    let config = json!({ "name": "Team", "api_keys": ["fk-contract-0123456789"] });
    let created = one_shot
        .call("create_credential", json!({ "auth_type": "api_key", "config": config }))
        .await
        .expect("created");
    let lent = one_shot.call("acquire_credential", json!({ "model": MODEL })).await.expect("lent");
    assert_eq!(lent["id"], created["credential_id"]);
    assert_eq!(lent["headers"]["authorization"], "Bearer fk-contract-0123456789");
    let result =
        json!({ "Success": { "latency_ms": 5, "input_tokens": 7, "output_tokens": null } });
    let release = json!({
        "credential_id": lent["id"], "lease_id": lent["metadata"]["lease_id"], "result": result,
    });
    one_shot.call("release_credential", release).await.expect("released");
    let usage = one_shot.call("get_usage", Value::Null).await.expect("usage");
    assert_eq!(
        (&usage["total"]["requests"], &usage["total"]["input_tokens"]),
        (&json!(1), &json!(7))
    );
}

/// Every method answers a call that makes sense, in the shape the host reads.
#[tokio::test]
async fn every_method_has_a_happy_answer() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let happy = super::params::happy_params(&rig, &bridge).await;
    for spec in droid_provider::api::table::METHODS {
        let (_, params) = happy.iter().find(|(name, _)| *name == spec.name).expect(spec.name);
        // `Bridge` holds each answer against `host::shapes`.
        ok(&bridge, spec.name, params.clone()).await;
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn a_slow_call_holds_nobody_up() {
    const PINGS: usize = 200;
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    bridge.close().await.expect("a clean end");
    let slow = Action::Delay(Duration::from_secs(3));
    rig.fake.script().next(Match::endpoint(Endpoint::Refresh), slow);
    let mut peer = Peer::start(&rig, &[]);
    peer.send(call("\"slow\"", "refresh_token", &json!({ "credential_id": id }))).await;
    for n in 0..PINGS {
        peer.send(call(&n.to_string(), "ping", &Value::Null)).await;
    }
    for _ in 0..PINGS {
        assert_ne!(peer.answer().await["id"], "slow", "pings are answered before the slow call");
    }
    let slow = peer.answer().await;
    assert_eq!(slow["id"], "slow");
    assert!(slow["result"]["access_token"].is_string(), "{slow}");
    peer.close_stdin();
    assert!(peer.ended().await.status.success());
}

#[tokio::test]
async fn the_end_of_input_waits_for_what_is_in_flight() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    bridge.close().await.expect("a clean end");
    let slow = Action::Delay(Duration::from_secs(1));
    rig.fake.script().next(Match::endpoint(Endpoint::Refresh), slow);
    let fresh = rig.one_shot().call("refresh_token", json!({ "credential_id": id })).await;
    assert!(fresh.expect("answered")["refresh_token"].is_string());
}

#[tokio::test]
async fn no_input_at_all_is_a_clean_end() {
    let rig = rig().await;
    let exit = rig.one_shot().end_of_input().await.expect("exit 0, nothing said");
    assert_eq!(exit.stderr, "");
    let exit = rig.bridge().close().await.expect("exit 0");
    assert_eq!((exit.stdout.as_slice(), exit.stderr.as_str()), (&b""[..], ""));
    assert!(!rig.data_dir().exists(), "nothing was asked, nothing was made");
}

#[tokio::test]
async fn a_reader_who_goes_away_ends_the_process() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    peer.send(call("1", "ping", &Value::Null)).await;
    peer.answer().await;
    peer.close_stdout();
    // The first answer may still fit the pipe's buffer; standard input stays open.
    let pinging = async {
        loop {
            let stdin = peer.stdin.as_mut().expect("open");
            let line = format!("{}\n", call("2", "ping", &Value::Null));
            if tokio::io::AsyncWriteExt::write_all(stdin, line.as_bytes()).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, pinging).await.expect("the process ends by itself");
    let ended = peer.ended().await;
    assert!(ended.status.success(), "{:?}", ended.status);
    assert!(
        !ended.stderr.contains("panic") && !ended.stderr.contains("defect"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn an_unknown_method_is_named() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let error = crate::support::err(&bridge, "aquire_credential", json!({})).await;
    assert_eq!((error.code, &error.data["kind"]), (-32601, &json!("method_not_found")));
    assert!(error.message.contains("aquire_credential"), "{error}");
    // A key that slipped into the wrong place is not repeated.
    let error = crate::support::err(&bridge, "fk-canary-0123456789", json!({})).await;
    assert!(!error.message.contains("canary"), "{error}");
    bridge.assert_clean();
}

/// Not asserted: a shared machine proves nothing. The number is in the output of the test.
#[tokio::test]
async fn cold_start_is_measured() {
    const TRIES: usize = 15;
    let rig = rig().await;
    let bridge = rig.bridge();
    pool_of(&rig, &bridge, &["fk-cold-0123456789abcd"], json!({})).await;
    bridge.close().await.expect("a clean end");
    for (method, params) in [
        ("ping", Value::Null),
        ("supports_model", json!({ "model": MODEL })),
        ("acquire_credential", json!({ "model": MODEL })),
    ] {
        let mut times = Vec::new();
        for _ in 0..TRIES {
            let running = rig.one_shot().start(method, &params).expect("started");
            let exit = running.finish().await.expect("ended");
            exit.must_be_clean().expect("exit 0");
            times.push(exit.elapsed);
        }
        times.sort_unstable();
        println!(
            "cold {method}: best {:?}, median {:?} (spawn to exit, debug build)",
            times[0],
            times[TRIES / 2]
        );
    }
}

#[test]
fn a_wrong_argument_is_a_usage_error_and_says_nothing_on_stdout() {
    let run = |argument: &str| {
        let mut command = std::process::Command::new(crate::support::BINARY);
        command.arg(argument).stdin(std::process::Stdio::null()).output().expect("ran")
    };
    let out = run("--json-rcp");
    assert_eq!((out.status.code(), out.stdout.as_slice()), (Some(2), &b""[..]));
    assert!(String::from_utf8_lossy(&out.stderr).contains("--json-rpc"), "names the nearest");
    let out = run("--version");
    assert_eq!(out.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&out.stdout).contains(env!("CARGO_PKG_VERSION")));
}

/// One call as a line, its id spelled as given.
pub(crate) fn call(id: &str, method: &str, params: &Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

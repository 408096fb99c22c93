//! SIGTERM and Ctrl-C: the first drains, the second ends at once.
//!
//! Owns: what each signal does to a call in flight.
//! Must not know: what the call does.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::json;

use super::contract::call;
use super::peer::{PATIENCE, Peer};
use crate::support::{rig, signed_in};

const REFRESH: &str = "/user_management/authenticate";

/// A process with a refresh under way that upstream answers after `delay`.
async fn refreshing(rig: &Rig, delay: Duration) -> Peer {
    let bridge = rig.bridge();
    let (id, _) = signed_in(rig, &bridge, json!({})).await;
    bridge.close().await.expect("a clean end");
    rig.fake.script().next(Match::endpoint(Endpoint::Refresh), Action::Delay(delay));
    let mut peer = Peer::start(rig, &[("RUST_LOG", "info")]);
    peer.send(call("1", "refresh_token", &json!({ "credential_id": id }))).await;
    let asked =
        rig.fake.journal().wait_until(PATIENCE, |it| it.iter().any(|it| it.path == REFRESH));
    assert!(asked.await, "the refresh is under way");
    peer
}

#[tokio::test]
async fn sigterm_and_ctrl_c_answer_what_is_in_flight() {
    for signal in ["-TERM", "-INT"] {
        let rig = rig().await;
        let mut peer = refreshing(&rig, Duration::from_secs(1)).await;
        peer.signal(signal);
        let answer = peer.answer().await;
        assert!(answer["result"]["access_token"].is_string(), "{signal}: {answer}");
        // Standard input is still open: the signal alone ended it.
        let ended = peer.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{signal}: {}", ended.stderr);
        assert!(ended.rest.is_empty());
    }
}

#[tokio::test]
async fn a_second_signal_of_either_kind_ends_at_once() {
    for (first, second, code) in [
        ("-TERM", "-TERM", 143),
        ("-TERM", "-INT", 130),
        ("-INT", "-TERM", 143),
        ("-INT", "-INT", 130),
    ] {
        let rig = rig().await;
        let mut peer = refreshing(&rig, Duration::from_secs(600)).await;
        peer.signal(first);
        peer.says("what is in flight is answered first").await;
        peer.signal(second);
        let ended = peer.ended().await;
        assert_eq!(
            ended.status.code(),
            Some(code),
            "{first} {second}: {:?}",
            ended.status.signal()
        );
        assert!(ended.rest.is_empty(), "nothing was answered");
    }
}

#[tokio::test]
async fn an_idle_process_ends_on_the_first_signal() {
    let rig = rig().await;
    let mut peer = Peer::start(&rig, &[]);
    peer.send(call("1", "ping", &json!({}))).await;
    peer.answer().await;
    peer.signal("-TERM");
    assert_eq!(peer.ended().await.status.code(), Some(0));
}

//! Many who need a new token at once: one refresh, one new token for all.
//!
//! Owns: processes, calls of one process, and both mixed. (200 tasks over one refresher without a
//! process around it are in the crate's own tests.)
//! Must not know: how they find each other.

use std::collections::HashSet;
use std::time::Duration;

use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Match, Minted};
use futures_util::future::join_all;
use serde_json::Value;

use crate::kit::{bearer, expired, refreshes, refreshes_of, spends, this_one};
use crate::support::{ok, rig};

const PROCESSES: usize = 50;
const CALLS: usize = 200;
const GENEROUS: Duration = Duration::from_secs(60);

#[tokio::test]
async fn fifty_processes_share_one_refresh() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    bridge.close().await.unwrap();
    slowly(&rig, Duration::from_millis(500));
    let hosts: Vec<_> = (0..PROCESSES).map(|_| rig.one_shot()).collect();
    let lent = join_all(hosts.iter().map(|it| it.call("acquire_credential", this_one(&id)))).await;
    let lent: Vec<Value> = lent.into_iter().map(|it| it.unwrap()).collect();
    assert_one_refresh(&rig, &minted, &lent);
    println!("{PROCESSES} processes at once: {} refresh", refreshes(&rig).len());
}

#[tokio::test]
async fn two_hundred_calls_of_one_process_share_one_refresh() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    slowly(&rig, Duration::from_millis(200));
    let calls = (0..CALLS).map(|_| ok(&bridge, "acquire_credential", this_one(&id)));
    let lent = join_all(calls).await;
    assert_one_refresh(&rig, &minted, &lent);
    bridge.close().await.unwrap();
    println!("{CALLS} calls of one process at once: {} refresh", refreshes(&rig).len());
}

#[tokio::test]
async fn both_styles_at_once_share_one_refresh() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    slowly(&rig, Duration::from_millis(300));
    let hosts: Vec<_> = (0..10).map(|_| rig.one_shot()).collect();
    let processes = join_all(hosts.iter().map(|it| it.call("acquire_credential", this_one(&id))));
    let calls = join_all((0..20).map(|_| ok(&bridge, "acquire_credential", this_one(&id))));
    let (processes, mut lent) = tokio::join!(processes, calls);
    lent.extend(processes.into_iter().map(|it| it.unwrap()));
    assert_one_refresh(&rig, &minted, &lent);
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn those_who_wait_take_over_from_a_killed_process() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    // The first request is held back before it spends anything; it dies with its sender.
    let refresh = Match::endpoint(Endpoint::Refresh);
    rig.fake.script().next(refresh, Action::Delay(GENEROUS));
    let first = rig.one_shot().start("acquire_credential", &this_one(&id)).unwrap();
    let token = minted.refresh_token.clone();
    let arrived = move |entries: &[_]| entries.iter().any(|it| spends(it, &token));
    assert!(rig.fake.journal().wait_until(GENEROUS, arrived).await, "the first one asks");
    let hosts: Vec<_> = (0..8).map(|_| rig.one_shot()).collect();
    let waiting = join_all(hosts.iter().map(|it| it.call("acquire_credential", this_one(&id))));
    let (waiting, _) = tokio::join!(waiting, first.kill());
    let lent: Vec<Value> = waiting.into_iter().map(|it| it.unwrap()).collect();
    let tokens: HashSet<String> = lent.iter().map(bearer).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(refreshes_of(&rig, &minted.refresh_token).len(), 2, "the killed one's and one more");
    let stats = rig.fake.stats();
    assert_eq!((stats.refreshed, stats.reuses, stats.revoked), (1, 0, 0));
}

/// Makes a refresh last, so that all who need it meet while it is under way.
fn slowly(rig: &Rig, pause: Duration) {
    let refresh = Match::endpoint(Endpoint::Refresh);
    rig.fake.script().always(refresh, Action::DelayAfterRotation(pause));
}

fn assert_one_refresh(rig: &Rig, minted: &Minted, lent: &[Value]) {
    let tokens: HashSet<String> = lent.iter().map(bearer).collect();
    assert_eq!(tokens.len(), 1, "all get the same token");
    assert!(!tokens.contains(&minted.access_token), "and it is a new one");
    assert_eq!(refreshes(rig).len(), 1, "the fake sees exactly one refresh");
    let stats = rig.fake.stats();
    assert_eq!((stats.refreshed, stats.reuses, stats.revoked), (1, 0, 0));
    let family = rig.fake.state(&minted.refresh_token).unwrap();
    assert_eq!((family.alive, family.rotations), (true, 1));
}

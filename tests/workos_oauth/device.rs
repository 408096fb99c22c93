//! Signing in by a code at another device (RFC 8628), one process a call.
//!
//! Owns: each way it can end, and two processes that ask at the same time.
//! Must not know: the other ways to sign in.

use std::time::Duration;

use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, FakeConfig, Match};
use serde_json::{Value, json};

use crate::kit::{bearer, poll_to_the_end, this_one};
use crate::support::{BINARY, err, ok};

const GENEROUS: Duration = Duration::from_secs(60);

/// A rig whose device codes may be polled each second.
pub(crate) async fn brisk() -> Rig {
    rig_with(FakeConfig::default()).await
}

async fn rig_with(config: FakeConfig) -> Rig {
    let config = FakeConfig { device_interval: Duration::from_secs(1), ..config };
    Rig::with(BINARY, config).await
}

async fn call(rig: &Rig, method: &str, params: Value) -> Value {
    rig.one_shot().call(method, params).await.unwrap()
}

/// How often the fake was asked whether somebody confirmed.
fn n_polls(rig: &Rig) -> usize {
    let all = rig.fake.journal().on("/user_management/authenticate");
    all.iter().filter(|it| String::from_utf8_lossy(&it.body).contains("device_code")).count()
}

async fn interval(of: &Value) {
    tokio::time::sleep(Duration::from_secs(of["interval"].as_u64().unwrap())).await;
}

#[tokio::test]
async fn it_is_started_in_one_process_and_done_in_another() {
    let rig = brisk().await;
    let started = call(&rig, "start_login", json!({ "name": "mine" })).await;
    let login = json!({ "login_id": started["login_id"] });
    assert_eq!(started["interval"], 1);
    let state = call(&rig, "poll_login", login.clone()).await;
    assert_eq!((state["state"].as_str(), n_polls(&rig)), (Some("pending"), 0), "not yet asked");
    interval(&started).await;
    let state = call(&rig, "poll_login", login.clone()).await;
    assert_eq!((state["state"].as_str(), n_polls(&rig)), (Some("pending"), 1));
    assert!(rig.fake.approve_device(started["user_code"].as_str().unwrap(), None));
    interval(&state).await;
    let done = call(&rig, "poll_login", login.clone()).await;
    assert_eq!(done["state"], "done");
    let again = call(&rig, "poll_login", login).await;
    assert_eq!((again, n_polls(&rig)), (done.clone(), 2), "told again without asking");
    let id = done["credential_id"].as_str().unwrap();
    let shown = call(&rig, "get_credential", json!({ "credential_id": id })).await;
    assert_eq!((&shown["name"], &shown["status"]), (&json!("mine"), &json!("active")));
    assert_eq!(shown["owner_email"], "ada@example.test");
    assert!(shown["organization_id"].is_string(), "{shown}");
    let lent = call(&rig, "acquire_credential", this_one(id)).await;
    assert!(!bearer(&lent).is_empty());
}

#[tokio::test]
async fn slow_down_makes_the_polling_slower() {
    let rig = brisk().await;
    let started = call(&rig, "start_login", json!({})).await;
    let login = json!({ "login_id": started["login_id"] });
    let slower = json!({ "error": "slow_down" }).to_string();
    let slower = Action::Status { status: 400, headers: vec![], body: slower };
    rig.fake.script().next(Match::endpoint(Endpoint::DevicePoll), slower);
    interval(&started).await;
    let state = call(&rig, "poll_login", login.clone()).await;
    assert_eq!((&state["state"], &state["interval"]), (&json!("pending"), &json!(6)));
    call(&rig, "poll_login", login).await;
    assert_eq!(n_polls(&rig), 1, "and nobody asks before");
}

#[tokio::test]
async fn denied_expired_and_cancelled_leave_nothing_behind() {
    let rig =
        rig_with(FakeConfig { device_code_ttl: Duration::from_secs(2), ..FakeConfig::default() })
            .await;
    let bridge = rig.bridge();
    let denied = ok(&bridge, "start_login", json!({})).await;
    assert!(rig.fake.deny_device(denied["user_code"].as_str().unwrap()));
    assert_eq!(poll_to_the_end(&bridge, &denied).await["state"], "denied");
    let expired = ok(&bridge, "start_login", json!({})).await;
    assert_eq!(poll_to_the_end(&bridge, &expired).await["state"], "expired");
    let cancelled = ok(&bridge, "start_login", json!({})).await;
    let login = json!({ "login_id": cancelled["login_id"] });
    ok(&bridge, "cancel_login", login.clone()).await;
    assert_eq!(ok(&bridge, "poll_login", login).await["state"], "denied");
    assert_eq!(ok(&bridge, "list_credentials", Value::Null).await, json!([]));
    let unknown = err(&bridge, "poll_login", json!({ "login_id": "nobody" })).await;
    assert_eq!(unknown.data["kind"], "not_found");
    bridge.close().await.unwrap();
}

#[tokio::test]
async fn an_outage_while_polling_only_slows_it_down() {
    let rig = brisk().await;
    let started = call(&rig, "start_login", json!({})).await;
    let login = json!({ "login_id": started["login_id"] });
    rig.fake.script().next(Match::endpoint(Endpoint::DevicePoll), Action::status(503));
    assert!(rig.fake.approve_device(started["user_code"].as_str().unwrap(), None));
    interval(&started).await;
    let state = call(&rig, "poll_login", login.clone()).await;
    assert_eq!(state["state"], "pending");
    interval(&state).await;
    assert_eq!(call(&rig, "poll_login", login).await["state"], "done");
}

#[tokio::test]
async fn a_second_process_does_not_spoil_an_answer_that_is_on_its_way() {
    let rig = brisk().await;
    let started = call(&rig, "start_login", json!({})).await;
    let login = json!({ "login_id": started["login_id"] });
    assert!(rig.fake.approve_device(started["user_code"].as_str().unwrap(), None));
    // The code is spent by the first poll, whose answer comes late.
    let late = Action::DelayAfterRotation(Duration::from_secs(3));
    rig.fake.script().next(Match::endpoint(Endpoint::DevicePoll), late);
    interval(&started).await;
    let first = rig.one_shot().start("poll_login", &login).unwrap();
    let asked = |entries: &[droid_testbed::upstream::Entry]| {
        entries.iter().any(|it| String::from_utf8_lossy(&it.body).contains("device_code"))
    };
    assert!(rig.fake.journal().wait_until(GENEROUS, asked).await);
    interval(&started).await;
    assert_eq!(call(&rig, "poll_login", login.clone()).await["state"], "pending");
    let done = first.finish().await.unwrap().answer().unwrap().outcome.unwrap();
    assert_eq!((done["state"].as_str(), n_polls(&rig)), (Some("done"), 1));
    assert_eq!(call(&rig, "poll_login", login).await, done);
}

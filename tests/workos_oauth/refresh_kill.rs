//! SIGKILL in the middle of a refresh: no account is lost, but where nobody could have saved it.
//!
//! Owns: where the kills fall, what is counted, the verdict.
//! Must not know: how far a killed refresh had come (`evidence` tells).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use droid_testbed::host::oneshot::Running;
use droid_testbed::host::{Bridge, CallError, Exit};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Entry, FakeConfig, Match, Minted};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::evidence::{self, Evidence, Phase};
use crate::kit::{self, Dice, bearer, exactly, expired, refreshes_of, spends, this_one};
use crate::support::{BINARY, err, ok, rig};
use crate::tally::Tally;

/// The least number of kills in a run.
const KILLS: usize = 200;
/// Accounts that are being killed at the same time, so that the others' writes are in the way.
const AT_ONCE: usize = 3;
const GENEROUS: Duration = Duration::from_secs(60);
const HELD: Duration = Duration::from_millis(60);

/// Where a kill is aimed at. Where it fell is told by the evidence.
#[derive(Clone, Copy, Debug)]
enum Aim {
    /// From the start of the process to its request.
    Start,
    /// While the fake has the request and has not spent the token.
    Asking,
    /// While the fake has spent the token and says nothing.
    Rotated,
    /// While the answer trickles.
    Answering,
    /// From the answer's first byte to well after its last.
    Storing,
    /// As before, closer to the end.
    Telling,
}

/// Storing is the shortest and matters most: half of all kills are aimed at it.
const AIMS: [Aim; 10] = [
    Aim::Storing,
    Aim::Start,
    Aim::Storing,
    Aim::Rotated,
    Aim::Telling,
    Aim::Storing,
    Aim::Asking,
    Aim::Storing,
    Aim::Answering,
    Aim::Telling,
];

enum Victim {
    OneShot(Box<Running>),
    Bridge(Arc<Bridge>),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_refresh_loses_no_account_that_could_be_saved() {
    let rig = Arc::new(rig().await);
    let bridge = rig.bridge();
    let wanted = kit::kills(KILLS);
    let to_request = time_to_request(&rig, &bridge).await;
    let tally = Arc::new(Mutex::new(Tally::default()));
    let bridge = Arc::new(bridge);
    let killers = (0..AT_ONCE).map(|killer| {
        let (rig, bridge, tally) = (Arc::clone(&rig), Arc::clone(&bridge), Arc::clone(&tally));
        tokio::spawn(async move {
            let mut dice = Dice::new();
            let mut round = killer;
            while tally.lock().unwrap().n_kills() < wanted {
                let aim = AIMS[round % AIMS.len()];
                let kept = round % 4 == 3;
                round += AT_ONCE;
                one_kill(&rig, &bridge, aim, kept, to_request, &mut dice, &tally).await;
            }
        })
    });
    for killer in killers.collect::<Vec<_>>() {
        killer.await.unwrap();
    }
    bridge.close().await.unwrap();
    let tally = tally.lock().unwrap();
    println!("{tally}");
    assert!(tally.lost_otherwise.is_empty(), "{:#?}", tally.lost_otherwise);
    assert!(tally.n_kills() >= wanted);
    let promised = [Phase::BeforeTheRequest, Phase::Asking, Phase::Rotated, Phase::Answering];
    for phase in promised.into_iter().chain([Phase::Recorded]) {
        assert!(tally.kills[phase as usize] > 0, "no kill fell into {phase:?}");
    }
}

#[tokio::test]
async fn a_lost_account_says_what_to_do_and_comes_back_by_a_sign_in() {
    let config = FakeConfig { device_interval: Duration::from_secs(1), ..FakeConfig::default() };
    let rig = Rig::with(BINARY, config).await;
    let bridge = rig.bridge();
    let (id, minted) = expired(&rig, &bridge).await;
    let refresh = Match::endpoint(Endpoint::Refresh);
    rig.fake.script().next(refresh, Action::DelayAfterRotation(GENEROUS));
    let victim = Victim::start(&rig, &id, false);
    wait_for(&rig, &minted.refresh_token, |it| it.rotated_at.is_some()).await;
    victim.kill().await;

    let lost = err(&bridge, "acquire_credential", this_one(&id)).await;
    assert_eq!(lost.data["kind"], "needs_login");
    assert_eq!(lost.data["retryable"], false);
    for word in ["a refresh was cut off", "Sign in again"] {
        assert!(lost.message.contains(word), "{}", lost.message);
    }
    assert!(lost.data["hint"].as_str().unwrap().contains("start_login"), "{}", lost.data);
    let shown = ok(&bridge, "get_credential", json!({ "credential_id": id })).await;
    assert_eq!(shown["status"], "needs_login");
    assert!(shown["error"].as_str().unwrap().contains("Sign in again"), "{shown}");

    let started = ok(&bridge, "start_login", json!({ "credential_id": id })).await;
    let code = started["user_code"].as_str().unwrap();
    assert!(rig.fake.approve_device(code, Some(&minted.user)));
    let over = kit::poll_to_the_end(&bridge, &started).await;
    assert_eq!((&over["state"], &over["credential_id"]), (&json!("done"), &json!(id)));
    let lent = ok(&bridge, "acquire_credential", this_one(&id)).await;
    assert_ne!(bearer(&lent), minted.access_token);
    assert_eq!(kit::status(&bridge, &id).await, "active");
    assert_eq!(ok(&bridge, "list_credentials", Value::Null).await.as_array().unwrap().len(), 1);
    bridge.close().await.unwrap();
}

async fn one_kill(
    rig: &Rig,
    bridge: &Bridge,
    aim: Aim,
    kept: bool,
    to_request: Duration,
    dice: &mut Dice,
    tally: &Mutex<Tally>,
) {
    let (id, minted) = expired(rig, bridge).await;
    let token = &minted.refresh_token;
    if let Some(action) = aim.action() {
        rig.fake.script().next(Match::endpoint(Endpoint::Refresh).token(token), action);
    }
    let victim = Victim::start(rig, &id, kept);
    aim.wait(rig, token, to_request, dice).await;
    let exit = victim.kill().await;
    let evidence = evidence::gather(rig, &id, token, exit.answer().is_some());
    let recovered = rig.one_shot().call("acquire_credential", this_one(&id)).await;
    let verdict = judge(rig, &minted, &exit, &evidence, recovered);
    tally.lock().unwrap().add(rig, token, &exit, &evidence, verdict);
}

/// `Err` says why the account is lost, or wrong.
fn judge(
    rig: &Rig,
    minted: &Minted,
    exit: &Exit,
    evidence: &Evidence,
    recovered: Result<Value, CallError>,
) -> Result<(), String> {
    let lent = recovered.map_err(|error| {
        let error = error.rpc();
        format!("{}: {}", error.data["kind"], error.message)
    })?;
    let family = rig.fake.state(&minted.refresh_token).unwrap();
    assert!(family.alive, "{evidence:?}");
    assert_eq!(family.rotations, 1, "what was saved is used, not refreshed again: {evidence:?}");
    assert_ne!(bearer(&lent), minted.access_token);
    if let Some(told) = exit.answer() {
        let told = told.outcome.expect("a token");
        assert_eq!(bearer(&told), bearer(&lent), "the host has this one already");
    }
    if evidence.phase >= Phase::Recorded {
        assert_eq!(refreshes_of(rig, &minted.refresh_token).len(), 1, "nothing is asked again");
    }
    Ok(())
}

/// How long a process takes from its start to its request, at most of some.
async fn time_to_request(rig: &Rig, bridge: &Bridge) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let (id, minted) = expired(rig, bridge).await;
        let since = Instant::now();
        let running = rig.one_shot().start("acquire_credential", &this_one(&id)).unwrap();
        wait_for(rig, &minted.refresh_token, |_| true).await;
        longest = longest.max(since.elapsed());
        running.finish().await.unwrap();
    }
    longest
}

async fn wait_for(rig: &Rig, token: &str, wanted: impl Fn(&Entry) -> bool) {
    let seen = |entries: &[Entry]| entries.iter().any(|it| spends(it, token) && wanted(it));
    assert!(
        rig.fake.journal().wait_until(GENEROUS, seen).await,
        "the refresh does not come so far"
    );
}

// === impl Aim ===

impl Aim {
    fn action(self) -> Option<Action> {
        match self {
            Self::Asking => Some(Action::Delay(HELD)),
            Self::Rotated => Some(Action::DelayAfterRotation(HELD)),
            Self::Answering => {
                let pause = Action::EventDelay(Duration::from_millis(4));
                Some(Action::All(vec![Action::SplitEvery(128), pause]))
            }
            Self::Start | Self::Storing | Self::Telling => None,
        }
    }

    /// Waits until the moment of the kill.
    async fn wait(self, rig: &Rig, token: &str, to_request: Duration, dice: &mut Dice) {
        let ms = Duration::from_millis;
        let within = match self {
            Self::Start => to_request,
            Self::Asking => {
                wait_for(rig, token, |_| true).await;
                HELD
            }
            Self::Rotated => {
                wait_for(rig, token, |it| it.rotated_at.is_some()).await;
                HELD
            }
            Self::Answering => {
                wait_for(rig, token, |it| it.answer_started_at.is_some()).await;
                HELD
            }
            Self::Storing => {
                wait_for(rig, token, |it| it.answer_started_at.is_some()).await;
                ms(4)
            }
            Self::Telling => {
                wait_for(rig, token, |it| it.answer_finished_at.is_some()).await;
                ms(12)
            }
        };
        exactly(dice.pause(within)).await;
    }
}

// === impl Victim ===

impl Victim {
    fn start(rig: &Rig, id: &str, kept: bool) -> Self {
        if !kept {
            let running = rig.one_shot().start("acquire_credential", &this_one(id)).unwrap();
            return Self::OneShot(Box::new(running));
        }
        let bridge = Arc::new(rig.bridge());
        let (caller, params) = (Arc::clone(&bridge), this_one(id));
        // Its answer, if there is one, is read from the process's output.
        tokio::spawn(async move { drop(caller.call("acquire_credential", params).await) });
        Self::Bridge(bridge)
    }

    async fn kill(self) -> Exit {
        match self {
            Self::OneShot(running) => running.kill().await,
            Self::Bridge(bridge) => bridge.kill().await,
        }
    }
}

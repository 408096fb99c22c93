//! The gateway killed in the middle of a refresh, while clients are served.
//!
//! Owns: where the kills fall, what has to hold after the next start.
//! Must not know: how far a killed refresh had come (`evidence` tells).
#![cfg(unix)]

use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Entry, Match, Minted};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::ask::{Ask, CLAUDE, asked, configured, sent_header, shown, started};
use crate::evidence::{self, Evidence, Phase, refreshes_of, spends};
use crate::support::{id_of, ok};

const GENEROUS: Duration = Duration::from_secs(20);
const UPSTREAM: &str = "/api/llm/a/v1/messages";
/// What brings its own key needs no account.
const OWN_KEY: &str = "fk-of-the-load-0123456789ab";

/// Where the kill falls.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// WorkOS has the request and has not spent the token.
    Asking,
    /// WorkOS has spent the token and says nothing.
    Rotated,
    /// A part of the answer has left WorkOS.
    Answering,
    /// So long after the first byte of the answer left.
    Answered(Duration),
}

/// Clients that keep asking, with keys of their own, until the gateway is gone.
fn load(gateway: &Gateway) -> Vec<JoinHandle<()>> {
    let ask = Ask::new(Dialect::Anthropic, CLAUDE, true).header("x-factory-api-key", OWN_KEY);
    (0..4)
        .map(|_| {
            let (ask, url) = (ask.clone(), gateway.url(&ask.path()));
            tokio::spawn(async move {
                let headers: Vec<_> =
                    ask.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
                let body = ask.body().to_string();
                while request("POST", &url, headers.clone(), body.as_bytes()).await.status == 200 {}
            })
        })
        .collect()
}

/// An account whose access token has ended, so that the first to need it refreshes it.
async fn expired(rig: &Rig) -> (String, Minted) {
    let bridge = rig.bridge();
    let minted = rig.fake.mint_account();
    let config = json!({
        "access_token": minted.access_token,
        "refresh_token": minted.refresh_token,
        "expires_at": "2020-01-01T00:00:00Z",
    });
    let params = json!({ "auth_type": "workos_oauth", "config": config });
    let id = id_of(&ok(&bridge, "create_credential", params).await);
    bridge.close().await.expect("a clean end");
    (id, minted)
}

/// Some clients that need the account at the same time.
async fn three(gateway: &Gateway) -> [Answer; 3] {
    let ask = Ask::new(Dialect::Anthropic, CLAUDE, false);
    let (a, b, c) = tokio::join!(ask.send(gateway), ask.send(gateway), ask.send(gateway));
    [a, b, c]
}

/// A gateway killed at that moment; its rig with what it left, the account and the evidence.
async fn killed_at(moment: Moment) -> (Rig, String, Minted, Evidence) {
    let rig = configured(json!({ "gateway": { "factory_key_header": true } })).await;
    rig.fake.add_key(OWN_KEY);
    let (id, minted) = expired(&rig).await;
    let token = &minted.refresh_token;
    if let Some(action) = moment.action() {
        rig.fake.script().next(Match::endpoint(Endpoint::Refresh).token(token), action);
    }
    let gateway = started(&rig).await;
    let others = load(&gateway);
    let ask = Ask::new(Dialect::Anthropic, CLAUDE, false);
    let (url, body) = (gateway.url(&ask.path()), ask.body().to_string());
    let needing = tokio::spawn(async move {
        let (name, key) = &ask.headers[0];
        request("POST", &url, [(name.as_str(), key.as_str())], body.as_bytes()).await.status
    });
    let reached =
        |entries: &[Entry]| entries.iter().any(|it| spends(it, token) && moment.is_reached(it));
    assert!(rig.fake.journal().wait_until(GENEROUS, reached).await, "{moment:?} never came");
    if let Moment::Answered(after) = moment {
        tokio::time::sleep(after).await;
    }
    gateway.kill().await;
    for client in others {
        client.abort();
        drop(client.await);
    }
    let told = needing.await.is_ok_and(|status| status == 200);
    let evidence = evidence::gather(&rig, &id, token, told);
    (rig, id, minted, evidence)
}

/// What has to hold after the next start, wherever the kill fell.
async fn judge((rig, id, minted, evidence): (Rig, String, Minted, Evidence)) -> Evidence {
    rig.fake.script().clear();
    let before = asked(&rig, UPSTREAM).len();
    let gateway = started(&rig).await;
    let answers = three(&gateway).await;
    let account = shown(&rig, &id).await;
    let stats = rig.fake.stats();
    let refreshes = refreshes_of(&rig, &minted.refresh_token).len();
    let works = answers.iter().all(|it| it.status == 200);
    if works {
        assert_eq!(account["status"], "active", "{evidence:?}: {account}");
        let family = rig.fake.state(&minted.refresh_token).expect("it is known");
        assert!(family.alive, "{evidence:?}: {family:?}");
        assert_eq!(family.rotations, 1, "what was saved is used, not asked again: {evidence:?}");
        assert_eq!((stats.reuses, stats.revoked), (0, 0), "{evidence:?}");
        // Asked again is allowed only where the first request had spent nothing.
        let most = if evidence.phase >= Phase::Rotated { 1 } else { 2 };
        assert!(refreshes <= most, "{refreshes} refreshes: {evidence:?}");
        let ended = format!("Bearer {}", minted.access_token);
        let sent = asked(&rig, UPSTREAM).split_off(before);
        let with_old = |it: &Entry| sent_header(it, "authorization") == Some(ended.as_str());
        assert!(!sent.iter().any(with_old), "the ended token is not sent");
    } else {
        let texts: Vec<String> = answers.iter().map(Answer::text).collect();
        assert!(
            evidence::may_be_lost(&rig, &minted.refresh_token, &evidence),
            "lost although it could be saved: {evidence:?}: {texts:?} {account}"
        );
        lost(&account, &texts, refreshes);
    }
    // Nobody else is touched by it.
    let own = Ask::new(Dialect::Anthropic, CLAUDE, true).header("x-factory-api-key", OWN_KEY);
    assert_eq!(own.send(&gateway).await.status, 200, "{evidence:?}");
    gateway.stop().await;
    evidence
}

/// An account that nobody could have saved says so, and is not asked about again and again.
fn lost(account: &Value, texts: &[String], refreshes: usize) {
    assert_eq!(account["status"], "needs_login", "{account}");
    let why = account["error"].as_str().expect("a reason");
    assert!(why.contains("a refresh was cut off") && why.contains("Sign in again"), "{why}");
    assert_eq!(refreshes, 2, "the killed one and the one that was told: {texts:?}");
}

#[tokio::test]
async fn killed_before_workos_spent_the_token_the_account_is_refreshed_again() {
    let evidence = judge(killed_at(Moment::Asking).await).await;
    assert_eq!(evidence.phase, Phase::Asking);
}

#[tokio::test]
async fn killed_between_the_rotation_and_its_answer_the_account_says_what_to_do() {
    for moment in [Moment::Rotated, Moment::Answering] {
        let evidence = judge(killed_at(moment).await).await;
        assert!([Phase::Rotated, Phase::Answering].contains(&evidence.phase), "{evidence:?}");
    }
}

#[tokio::test]
async fn killed_while_the_answer_is_stored_the_account_lives_on_with_it() {
    // From the first byte to well after all is stored: the last one is always late enough.
    let mut phases = Vec::new();
    for micros in [0, 1000, 2000, 4000, 8000, 1_000_000] {
        let moment = Moment::Answered(Duration::from_micros(micros));
        phases.push(judge(killed_at(moment).await).await.phase);
    }
    println!("killed after the answer: {phases:?}");
    assert!(phases.iter().any(|it| *it >= Phase::Stored), "{phases:?}");
}

// === impl Moment ===

impl Moment {
    fn action(self) -> Option<Action> {
        match self {
            Self::Asking => Some(Action::Delay(GENEROUS)),
            Self::Rotated => Some(Action::DelayAfterRotation(GENEROUS)),
            Self::Answering => Some(Action::HangAfterBytes(64)),
            Self::Answered(_) => None,
        }
    }

    fn is_reached(self, entry: &Entry) -> bool {
        match self {
            Self::Asking => true,
            Self::Rotated => entry.rotated_at.is_some(),
            Self::Answering => entry.bytes_sent > 0,
            Self::Answered(_) => entry.answer_started_at.is_some(),
        }
    }
}

//! What these tests share.
//!
//! Owns: accounts in the states a refresh finds them in, and reading what was lent.
//! Must not know: any one test.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use droid_testbed::host::{Bridge, CallError};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::Minted;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use crate::evidence::{refreshes, refreshes_of, spends};
use crate::support::{id_of, ok};

/// Long ago: a token with this end is refreshed before it is lent.
pub(crate) const LONG_AGO: &str = "2020-01-01T00:00:00Z";
pub(crate) const MODEL: &str = "claude-sonnet-4-5-20250929";

/// An account whose access token has ended.
pub(crate) async fn expired(rig: &Rig, bridge: &Bridge) -> (String, Minted) {
    ending(rig, bridge, LONG_AGO).await
}

/// An account whose access token is good at the fake and ends, as we are told, at `expires_at`.
pub(crate) async fn ending(rig: &Rig, bridge: &Bridge, expires_at: &str) -> (String, Minted) {
    let minted = rig.fake.mint_account();
    let config = json!({
        "access_token": minted.access_token,
        "refresh_token": minted.refresh_token,
        "expires_at": expires_at,
    });
    let params = json!({ "auth_type": "workos_oauth", "config": config });
    (id_of(&ok(bridge, "create_credential", params).await), minted)
}

/// Params of `acquire_credential` for one account.
pub(crate) fn this_one(id: &str) -> Value {
    json!({ "model": MODEL, "credential_id": id })
}

/// The token that was lent.
pub(crate) fn bearer(lent: &Value) -> String {
    let headers = lent["headers"].as_object().expect("headers");
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let value = found.and_then(|(_, value)| value.as_str()).expect("an Authorization header");
    value.strip_prefix("Bearer ").expect("a bearer").to_owned()
}

/// The status word of an account.
pub(crate) async fn status(bridge: &Bridge, id: &str) -> String {
    let shown = ok(bridge, "get_credential", json!({ "credential_id": id })).await;
    shown["status"].as_str().expect("a status").to_owned()
}

/// The `kind` of a failed call.
pub(crate) fn kind(error: CallError) -> String {
    let error = error.rpc();
    error.data["kind"].as_str().unwrap_or_else(|| panic!("{error} has no kind")).to_owned()
}

/// Polls a sign-in at the pace it asks for until it is over.
pub(crate) async fn poll_to_the_end(bridge: &Bridge, started: &Value) -> Value {
    let params = json!({ "login_id": started["login_id"] });
    let mut pause = started["interval"].as_u64().expect("an interval");
    loop {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let state = ok(bridge, "poll_login", params.clone()).await;
        if state["state"] != "pending" {
            return state;
        }
        pause = state["interval"].as_u64().expect("an interval");
    }
}

/// How many kills a run makes: the least that is promised, or what `DROID_TEST_KILLS` asks for.
#[expect(clippy::disallowed_methods, reason = "a knob of the tests, not of the program")]
pub(crate) fn kills(least: usize) -> usize {
    let asked = std::env::var("DROID_TEST_KILLS").ok().and_then(|it| it.parse().ok());
    asked.map_or(least, |it: usize| it.max(least))
}

/// Dice: splitmix64, seeded anew with each run.
pub(crate) struct Dice(u64);

// === impl Dice ===

impl Dice {
    pub(crate) fn new() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    /// From 0 to below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    pub(crate) fn one_of<T, const N: usize>(&mut self, choices: [T; N]) -> T {
        let place = usize::try_from(self.below(N as u64)).unwrap();
        choices.into_iter().nth(place).unwrap()
    }

    /// From zero to below `longest`, to the microsecond.
    pub(crate) fn pause(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap();
        Duration::from_micros(self.below(micros.max(1)))
    }
}

/// Waits to the microsecond: timers of the runtime are whole milliseconds, in which a process that
/// is to be killed does half its work.
pub(crate) async fn exactly(pause: Duration) {
    let until = Instant::now() + pause;
    if let Some(coarse) = pause.checked_sub(Duration::from_millis(2)) {
        tokio::time::sleep(coarse).await;
    }
    while Instant::now() < until {
        tokio::task::yield_now().await;
    }
}

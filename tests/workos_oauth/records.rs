//! Records that are written all the time, and what was promised about each.
//!
//! Owns: [`Record`], and groups, loans with their usage, and the configuration as such.
//! Must not know: when the process is killed. (Accounts are in `slot`.)

use std::collections::HashMap;

use droid_testbed::host::{Bridge, CallError};
use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use crate::kit::{Dice, MODEL};
use crate::support::{ok, pool_of};

/// What a round's work is done with.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) rig: &'a Rig,
    pub(crate) bridge: &'a Bridge,
}

/// The process is gone; the call was not answered.
#[derive(Debug)]
pub(crate) struct Gone;

/// Something that is written by one caller at a time, so that at a kill at most one of its writes
/// has no answer.
pub(crate) trait Record {
    /// One write. What it will have made is noted before it is sent, and once it is answered that
    /// is what must be found.
    async fn write(&mut self, desk: Desk<'_>, dice: &mut Dice) -> Result<(), Gone>;

    /// Looks with a new process and panics if a promise was broken. What is found is the new start.
    async fn check(&mut self, desk: Desk<'_>);

    /// The write without an answer, if there is one.
    fn unanswered(&self) -> Option<&'static str>;
}

/// A group that comes, changes and goes.
pub(crate) struct Tier {
    id: String,
    promised: Option<u64>,
    doing: Option<Option<u64>>,
}

/// Sessions bound to keys of a pool, and usage counted on it.
pub(crate) struct Loans {
    pool: String,
    n_begun: u64,
    /// Key of each session that was lent in this round.
    bound: HashMap<String, String>,
    counted: u64,
    doing: Option<&'static str>,
}

/// One setting of the configuration.
pub(crate) struct Setting {
    promised: String,
    doing: Option<String>,
}

const INPUT_TOKENS: u64 = 7;

// === impl Desk ===

impl Desk<'_> {
    /// Calls; an answer that is an error is a defect here, no answer is the kill.
    pub(crate) async fn call(self, method: &str, params: Value) -> Result<Value, Gone> {
        match self.bridge.call(method, params).await {
            Ok(answer) => Ok(answer),
            Err(CallError::Fault(_)) => Err(Gone),
            Err(CallError::Rpc(error)) => panic!("{method} failed: {error}"),
        }
    }
}

// === impl Tier ===

impl Tier {
    pub(crate) fn new(n: usize) -> Self {
        Self { id: format!("tier-{n}"), promised: None, doing: None }
    }
}

impl Record for Tier {
    async fn write(&mut self, desk: Desk<'_>, dice: &mut Dice) -> Result<(), Gone> {
        let next = (self.promised.is_none() || dice.below(3) > 0).then(|| dice.below(1000));
        self.doing = Some(next);
        match next {
            Some(priority) => {
                let params = json!({ "id": self.id, "priority": priority });
                desk.call("save_group", params).await?
            }
            None => desk.call("delete_group", json!({ "id": self.id })).await?,
        };
        self.promised = next;
        self.doing = None;
        Ok(())
    }

    async fn check(&mut self, desk: Desk<'_>) {
        let groups = ok(desk.bridge, "list_groups", Value::Null).await;
        let found = groups.as_array().unwrap().iter().find(|it| it["id"] == self.id.as_str());
        let found = found.map(|it| it["priority"].as_u64().unwrap());
        let fits = found == self.promised || Some(found) == self.doing;
        assert!(fits, "{}: {found:?}, promised {:?}", self.id, self.promised);
        self.promised = found;
        self.doing = None;
    }

    fn unanswered(&self) -> Option<&'static str> {
        self.doing.map(|it| if it.is_some() { "save_group" } else { "delete_group" })
    }
}

// === impl Loans ===

impl Loans {
    pub(crate) async fn new(desk: Desk<'_>, n: usize) -> Self {
        let keys: Vec<String> =
            (0..8).map(|key| format!("fk-loans-{n}-{key}-0123456789")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        // A limit makes each loan a row of its own.
        let config = json!({ "name": format!("loans {n}"), "max_concurrency": 1_000_000 });
        let pool = pool_of(desk.rig, desk.bridge, &keys, config).await;
        Self { pool, n_begun: 0, bound: HashMap::new(), counted: 0, doing: None }
    }

    fn ask(&self, session: &str) -> Value {
        json!({ "model": MODEL, "credential_id": self.pool, "session_id": session })
    }

    fn release(&self, lent: &Value) -> Value {
        json!({
            "credential_id": self.pool,
            "lease_id": lent["metadata"]["lease_id"],
            "result": { "Success": {
                "latency_ms": 5, "input_tokens": INPUT_TOKENS, "output_tokens": 3,
            } },
        })
    }
}

impl Record for Loans {
    async fn write(&mut self, desk: Desk<'_>, _: &mut Dice) -> Result<(), Gone> {
        self.n_begun += 1;
        let session = format!("session {} of {}", self.n_begun, self.pool);
        self.doing = Some("acquire_credential");
        let lent = desk.call("acquire_credential", self.ask(&session)).await?;
        let key = lent["metadata"]["api_key_id"].as_str().unwrap();
        self.bound.insert(session, key.to_owned());
        self.doing = Some("release_credential");
        desk.call("release_credential", self.release(&lent)).await?;
        self.counted += 1;
        self.doing = None;
        Ok(())
    }

    async fn check(&mut self, desk: Desk<'_>) {
        let usage = ok(desk.bridge, "get_usage", json!({ "credential_id": self.pool })).await;
        let found = usage["total"]["requests"].as_u64().unwrap();
        let unanswered = u64::from(self.doing == Some("release_credential"));
        assert!(
            (self.counted..=self.counted + unanswered).contains(&found),
            "{found} uses are counted, {} were promised",
            self.counted
        );
        assert_eq!(usage["total"]["input_tokens"].as_u64().unwrap(), found * INPUT_TOKENS);
        self.counted = found;
        self.doing = None;
        for (session, key) in std::mem::take(&mut self.bound) {
            let lent = ok(desk.bridge, "acquire_credential", self.ask(&session)).await;
            assert_eq!(lent["metadata"]["api_key_id"], key, "{session} stays on its key");
            ok(desk.bridge, "release_credential", self.release(&lent)).await;
            self.counted += 1;
        }
    }

    fn unanswered(&self) -> Option<&'static str> {
        self.doing
    }
}

// === impl Setting ===

impl Setting {
    pub(crate) async fn new(desk: Desk<'_>) -> Self {
        Self { promised: Self::found(desk).await, doing: None }
    }

    async fn found(desk: Desk<'_>) -> String {
        let shown = ok(desk.bridge, "get_config", Value::Null).await;
        shown["config"]["settings"]["request"]["user_agent"].as_str().unwrap().to_owned()
    }
}

impl Record for Setting {
    async fn write(&mut self, desk: Desk<'_>, dice: &mut Dice) -> Result<(), Gone> {
        let next = format!("agent/{}", dice.below(1_000_000));
        self.doing = Some(next.clone());
        let patch = json!({ "settings": { "request": { "user_agent": next } } });
        desk.call("update_config", json!({ "config": patch })).await?;
        self.promised = next;
        self.doing = None;
        Ok(())
    }

    async fn check(&mut self, desk: Desk<'_>) {
        let found = Self::found(desk).await;
        let fits = found == self.promised || Some(&found) == self.doing.as_ref();
        assert!(fits, "user agent {found}, promised {}", self.promised);
        self.promised = found;
        self.doing = None;
    }

    fn unanswered(&self) -> Option<&'static str> {
        self.doing.as_ref().map(|_| "update_config")
    }
}

//! Random schedules: whatever mix of ends requests come to, every place is free afterwards.
//!
//! Owns: the schedules, and how a place that was lost or given back twice is found out.
//! Must not know: what any one request is answered with.
//!
//! Each run draws new seeds and prints them; `DROID_SEED=<n>` plays one again.
#![cfg(unix)]

use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_provider::clock::{Entropy, Rand};
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Open, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::timeout;

use self::inside::Inside;
use self::talk::{Leaves, talk};
use super::ask::{Ask, CLAUDE, ENDPOINTS, configured, sent_header, until};
use super::kit::host;

mod inside;
mod talk;

/// Places of each account.
const PLACES: usize = 3;
const REQUESTS: usize = 60;
const AT_ONCE: usize = 10;

/// What a schedule is played on.
struct Stage {
    rig: Rig,
    /// `127.0.0.1:<port>`.
    host: String,
    accounts: [String; 2],
    /// A client key each, bound to one account, and one for both; the ids of all.
    bound: [String; 2],
    free: String,
    ids: Vec<String>,
}

fn seeds(n: usize) -> Vec<u64> {
    match std::env::var_os("DROID_SEED").and_then(|it| it.to_str()?.parse().ok()) {
        Some(seed) => vec![seed],
        None => {
            let chance = Rand::from_system().expect("randomness");
            (0..n).map(|_| chance.u64()).collect()
        }
    }
}

/// Two accounts with places; the second is one too, or a pool where nothing may be refreshed.
async fn prepared(pools: bool) -> (Rig, [String; 2]) {
    let rig = configured(json!({ "timeout_ms": 1000, "gateway": { "ping_seconds": 1 } })).await;
    let first = super::ask::keys(
        &rig,
        &["fk-schedule-1", "fk-schedule-2", "fk-schedule-3"],
        json!({ "max_concurrency": PLACES }),
    );
    let first = first.await;
    let more = json!({ "max_concurrency": PLACES });
    let second = match pools {
        true => super::ask::keys(&rig, &["fk-schedule-4", "fk-schedule-5"], more).await,
        false => super::ask::account(&rig, more).await.0,
    };
    (rig, [first, second])
}

// === impl Stage ===

impl Stage {
    async fn new(rig: Rig, accounts: [String; 2], host: String) -> Self {
        let mut stage = Self {
            rig,
            host,
            accounts,
            bound: Default::default(),
            free: String::new(),
            ids: Vec::new(),
        };
        for at in 0..2 {
            let binding = stage.accounts[at].clone();
            stage.bound[at] = stage.key(json!({ "binding": binding })).await;
        }
        // Fewer than are asked at once: some are turned away.
        stage.free = stage.key(json!({ "limits": { "concurrency": AT_ONCE - 3 } })).await;
        stage
    }

    async fn key(&mut self, fields: Value) -> String {
        let mut body = fields;
        body["name"] = json!("scheduled");
        let made = self.admin("POST", "/admin/client-keys", body).await;
        self.ids.push(made["id"].as_str().expect("an id").to_owned());
        made["key"].as_str().expect("a key").to_owned()
    }

    async fn admin(&self, verb: &str, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.host);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("x-admin-key", super::admin::KEY), ("content-type", "application/json")];
        let answer = request(verb, &url, headers, body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{verb} {path}: {}", answer.text());
        answer.json()
    }

    /// Forgives all that went wrong, so that accounts go on being asked.
    async fn forgive(&self) {
        for id in &self.accounts {
            self.admin("POST", &format!("/admin/accounts/{id}/reset"), json!({})).await;
        }
    }

    /// One request that ends in some way.
    async fn one(&self, chance: &Rand) {
        let pick = |of: usize| chance.below(of);
        let client = Dialect::ALL[pick(4)];
        let (model, path, _) = ENDPOINTS[pick(4)];
        let mut ask = Ask::new(client, model, pick(3) > 0);
        // Every client has its conversations.
        ask = ask.header("x-session-id", &format!("s{}", pick(12)));
        let key = match pick(4) {
            0 => &self.bound[0],
            1 => &self.bound[1],
            _ => &self.free,
        };
        let (_, value) = &mut ask.headers[0];
        *value = if value.starts_with("Bearer ") { format!("Bearer {key}") } else { key.clone() };
        if let Some(action) = upstreams(chance) {
            self.rig.fake.script().next(Match::any().path(path), action);
        }
        let leaves = match pick(8) {
            0 => Leaves::InTheRequest,
            1 => Leaves::BeforeTheAnswer(Duration::from_millis(pick(40) as u64)),
            2 => Leaves::InTheAnswer,
            3 => Leaves::AfterBytes(pick(3000)),
            _ => Leaves::AtTheEnd,
        };
        talk(&self.host, &ask, leaves).await;
        if pick(6) == 0 {
            self.forgive().await;
        }
    }

    /// Many at once, in an order that chance and the machine make.
    async fn play(&self, chance: &Rand, n: usize) {
        let all = stream::iter(0..n).for_each_concurrent(AT_ONCE, async |_| self.one(chance).await);
        let done = timeout(Duration::from_secs(60), all).await;
        assert!(done.is_ok(), "something hangs");
    }

    /// Every counter is at zero: no request of a key is under way, and each account lends as many
    /// places as it has, and not one more.
    async fn assert_all_free(&self) {
        self.rig.fake.script().clear();
        for id in &self.ids {
            let path = format!("/admin/client-keys/{id}");
            until(&format!("nothing of {id} is under way"), async || {
                let shown = self.admin("GET", &path, Value::Null).await;
                (shown["in_flight"] == 0).then_some(())
            })
            .await;
        }
        // A client that left is still being noticed, and its fault may yet be stored.
        until("everybody is forgiven and asked again", async || {
            self.forgive().await;
            let mut well = true;
            for key in self.bound.iter().chain([&self.free]) {
                well &= self.begin(key).await.rest().await.status == 200;
            }
            well.then_some(())
        })
        .await;
        for (key, account) in self.bound.iter().zip(&self.accounts) {
            let (_, path, _) = ENDPOINTS[0];
            let endless = Action::InfiniteStream { bytes: 1 << 40 };
            self.rig.fake.script().always(Match::any().path(path), endless);
            let mut held: Vec<Open> = Vec::new();
            for at in 0..PLACES {
                let open = until("a place is free", async || {
                    let open = self.begin(key).await;
                    (open.status == 200).then_some(open)
                });
                held.push(open.await);
                assert_eq!(held.len(), at + 1);
            }
            let over = self.begin(key).await;
            assert_eq!(over.status, 429, "{account} lends more places than it has");
            drop(held);
            self.rig.fake.script().clear();
            until("its places are free again", async || {
                (self.begin(key).await.rest().await.status == 200).then_some(())
            })
            .await;
        }
    }

    async fn begin(&self, key: &str) -> Open {
        let body = Ask::new(Dialect::Anthropic, CLAUDE, true).body().to_string();
        let url = format!("http://{}/v1/messages", self.host);
        droid_testbed::http::open("POST", &url, [("x-api-key", key)], body.as_bytes()).await
    }
}

/// What upstream does to the next request; none is an answer.
fn upstreams(chance: &Rand) -> Option<Action> {
    let pick = |of: usize| chance.below(of);
    Some(match pick(14) {
        0 => Action::status([400, 404, 413, 422][pick(4)]),
        1 => Action::status([401, 402, 403][pick(3)]),
        2 => Action::status(429),
        3 => Action::status([500, 502, 503, 529][pick(4)]),
        4 => Action::ResetBeforeHeaders,
        5 => Action::CloseConnection,
        6 => Action::ResetAfterBytes(pick(900)),
        7 => Action::TruncateAfterBytes(pick(900)),
        8 => Action::Hang,
        9 => Action::HangAfterBytes(pick(900)),
        10 => Action::Delay(Duration::from_millis(pick(60) as u64)),
        _ => return None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_mix_of_ends_and_a_kill_every_place_is_free() {
    for seed in seeds(2) {
        println!("DROID_SEED={seed}");
        let chance = Rand::seeded(seed);
        let (rig, accounts) = prepared(false).await;
        let host = host(&rig).env("ADMIN_ACCESS_KEY", super::admin::KEY);
        let gateway = Gateway::start(&host).await;
        let mut stage = Stage::new(rig, accounts, gateway.host().to_owned()).await;
        stage.play(&chance, REQUESTS).await;
        stage.assert_all_free().await;

        // Once more, and killed in the middle of it.
        let when = Duration::from_millis(50 + chance.below(800) as u64);
        let (chance, stage_ref) = (&chance, &stage);
        let clients = stream::iter(0..REQUESTS)
            .for_each_concurrent(AT_ONCE, async |_| stage_ref.quiet(chance).await);
        let killed = async {
            tokio::time::sleep(when).await;
            gateway.kill().await;
        };
        tokio::join!(clients, killed);
        let gateway = Gateway::start(&host).await;
        gateway.host().clone_into(&mut stage.host);
        stage.assert_all_free().await;
        gateway.stop().await;
    }
}

impl Stage {
    /// One request, of which nothing else is asked: there may be nobody to answer.
    async fn quiet(&self, chance: &Rand) {
        let (model, path, _) = ENDPOINTS[chance.below(4)];
        if let Some(action) = upstreams(chance) {
            self.rig.fake.script().next(Match::any().path(path), action);
        }
        let mut ask = Ask::new(Dialect::Anthropic, model, true);
        ask.headers[0].1.clone_from(&self.bound[chance.below(2)]);
        talk(&self.host, &ask, Leaves::AtTheEnd).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_handlers_that_panic_every_place_is_free_and_the_others_were_answered() {
    for seed in seeds(2) {
        println!("DROID_SEED={seed}");
        let chance = Rand::seeded(seed);
        let (rig, accounts) = prepared(true).await;
        let inside = Inside::start(&rig, super::admin::KEY).await;
        let stage = Stage::new(rig, accounts, inside.host()).await;
        inside.panics_every(9);
        stage.play(&chance, REQUESTS).await;
        inside.panics_every(0);
        assert!(inside.n_panics() > 0, "no handler panicked");
        stage.assert_all_free().await;
        inside.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_is_told_in_the_clients_own_words() {
    let (rig, accounts) = prepared(true).await;
    let inside = Inside::start(&rig, super::admin::KEY).await;
    let stage = Stage::new(rig, accounts, inside.host()).await;
    let rig = &stage.rig;
    for client in Dialect::ALL {
        let mut ask = Ask::new(client, CLAUDE, client == Dialect::Chat);
        ask.headers = vec![("x-api-key".to_owned(), stage.free.clone())];
        let url = format!("http://{}{}", stage.host, ask.path());
        let body = ask.body().to_string();
        let send = async || {
            request("POST", &url, [("x-api-key", stage.free.as_str())], body.as_bytes()).await
        };
        assert_eq!(send().await.status, 200);
        // The first chance a request takes is its name; the next ones are of whoever lends.
        inside.panics_at(2);
        let answer = send().await;
        assert_eq!(answer.status, 500, "{client}: {}", answer.text());
        let (_, message) = super::envelope::envelope(client, &answer);
        assert!(message.contains("defect"), "{client}: {message}");
        assert_eq!(send().await.status, 200, "{client}: the next one is answered");
    }
    assert!(!super::ask::asked(rig, ENDPOINTS[0].1).is_empty());
    assert!(sent_header(&super::ask::asked(rig, ENDPOINTS[0].1)[0], "authorization").is_some());
    stage.assert_all_free().await;
    inside.stop().await;
}

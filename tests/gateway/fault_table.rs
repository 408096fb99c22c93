//! Every row of the fault table, by client and by endpoint.
//!
//! Owns: for each row: the client's status, envelope and headers, how often upstream was asked, what
//! became of the account or key, and whether another one is asked instead.
//! Must not know: how the program decides (`docs/faults.md` is made from that).

use droid_protocol::dialect::Dialect;
use droid_provider::clock::{Clock as _, SystemClock, Timestamp};
use droid_testbed::gateway::Gateway;
use droid_testbed::http::Answer;
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use self::rows::{Rest, Row, near, rows, slow_rows};
use super::admin::Admin;
use super::ask::{Ask, ENDPOINTS, KEY, asked, configured, sent_header, until};
use super::envelope::envelope;
use super::kit::host;

mod begun;
mod rows;

/// Clients, in the order of a row's columns.
const CLIENTS: [Dialect; 4] =
    [Dialect::Anthropic, Dialect::Responses, Dialect::Chat, Dialect::Gemini];

/// A rig, its gateway, and the number of the last pool.
struct Table {
    rig: Rig,
    admin: Admin,
    made: u32,
    noted: Vec<Noted>,
}

/// An account of a case, gone after it.
struct Account {
    id: String,
    /// Its token, if it has one.
    token: String,
}

// === impl Table ===

impl Table {
    async fn new(more: Value) -> Self {
        let rig = configured(more).await;
        let host = host(&rig).env("API_ACCESS_KEY", KEY).env("ADMIN_ACCESS_KEY", super::admin::KEY);
        let admin = Admin { gateway: Gateway::start(&host).await };
        Self { rig, admin, made: 0, noted: Vec::new() }
    }

    /// A signed-in account nobody has used.
    async fn account(&mut self, priority: u32) -> Account {
        let minted = self.rig.fake.mint_account();
        let config = json!({
            "access_token": minted.access_token, "refresh_token": minted.refresh_token,
            "expires_at": minted.expires_at, "priority": priority,
        });
        let body = json!({ "auth_type": "workos_oauth", "config": config });
        let made = self.admin.done("POST", "/admin/accounts", body).await;
        let id = made["credential_id"].as_str().expect("an id").to_owned();
        Account { id, token: minted.access_token }
    }

    /// A pool of two keys, of which the first is asked first.
    async fn pool(&mut self) -> Account {
        self.made += 1;
        let key = |it: u32| format!("fk-of-pool-{:06}-number-{it}", self.made);
        let keys = vec![key(1), key(2)];
        for key in &keys {
            self.rig.fake.add_key(key);
        }
        let config = json!({ "api_keys": keys, "key_strategy": "fill_first" });
        let body = json!({ "auth_type": "api_key", "config": config });
        let made = self.admin.done("POST", "/admin/accounts", body).await;
        let id = made["credential_id"].as_str().expect("an id").to_owned();
        Account { id, token: String::new() }
    }

    async fn shown(&self, account: &Account) -> Value {
        self.admin.done("GET", &format!("/admin/accounts/{}", account.id), Value::Null).await
    }

    async fn gone(&self, account: &Account) {
        self.admin.done("DELETE", &format!("/admin/accounts/{}", account.id), Value::Null).await;
    }

    /// Asks while upstream meets requests as the row says; answers how often it was asked.
    async fn ask(&self, row: &Row, ask: &Ask, at: usize) -> (Answer, usize) {
        let (_, path, upstream) = ENDPOINTS[at];
        self.rig.fake.script().clear();
        self.rig.fake.script().always(Match::any().path(path), (row.answer)(upstream));
        self.rig.fake.journal().clear();
        let answer = ask.send(&self.admin.gateway).await;
        (answer, asked(&self.rig, path).len())
    }

    /// Checks the log of requests, which is written behind.
    async fn assert_noted(&self) {
        for one in &self.noted {
            let path = format!("/admin/requests/{}", one.request);
            let noted = until("it is noted", async || {
                let answer = self.admin.ask("GET", &path, Value::Null).await;
                (answer.status == 200).then(|| answer.json())
            });
            let (noted, case) = (noted.await, &one.case);
            assert_eq!(noted["status"], one.status, "{case}: {noted}");
            assert_eq!(noted["outcome"], one.outcome, "{case}: {noted}");
            let tries = noted["attempts"].as_array().map(Vec::len);
            assert_eq!(tries, Some(one.tries), "{case}: {noted}");
        }
    }
}

/// What the log has to say of a request.
struct Noted {
    case: String,
    request: String,
    status: u16,
    outcome: &'static str,
    tries: usize,
}

/// Which requests of a row are asked: a stream for those that fail within one.
fn ask_of(row: &Row, client: Dialect, at: usize) -> Ask {
    // Else half of them, so that both kinds meet every status.
    let column = CLIENTS.iter().position(|it| *it == client).expect("a client");
    let stream = row.streamed || (at + column).is_multiple_of(2);
    Ask::new(client, ENDPOINTS[at].0, stream)
}

fn assert_told(case: &str, row: &Row, client: Dialect, answer: &Answer) {
    let column = CLIENTS.iter().position(|it| *it == client).expect("a client");
    assert_eq!(answer.status, row.status[column], "{case}: {}", answer.text());
    let (word, message) = envelope(client, answer);
    assert_eq!(word, row.word[column], "{case}: {}", answer.text());
    assert!(!message.is_empty(), "{case}");
    let wait = answer.header("retry-after").map(|it| it.parse::<u64>().expect("seconds"));
    match row.retry_after {
        None => assert_eq!(wait, None, "{case}"),
        Some(seconds) => {
            assert!(wait.is_some_and(|it| near(it, seconds)), "{case}: {wait:?} for {seconds}");
        }
    }
}

/// What rests there, in the words of the rows.
fn rest_of(shown: &Value, model: &str) -> Rest {
    let seconds = |until: &Value| {
        let until = Timestamp::from_rfc3339(until.as_str().expect("a time")).expect("RFC 3339");
        until.since(SystemClock.now()).as_secs() + 1
    };
    let models = shown["model_cooling"].as_array().map_or(&[][..], Vec::as_slice);
    match (&shown["cooling"], models) {
        (Value::Null, []) => Rest::Nothing,
        (Value::Null, [one]) => {
            assert_eq!(one["model"], model);
            Rest::Model(seconds(&one["until"]))
        }
        (cooling, []) => {
            assert!(cooling["reason"].as_str().is_some_and(|it| !it.is_empty()), "{shown}");
            Rest::All(seconds(&cooling["until"]))
        }
        _ => panic!("both: {shown}"),
    }
}

fn assert_rests(case: &str, expected: Rest, shown: &Value, model: &str) {
    let found = rest_of(shown, model);
    assert!(found.is(expected), "{case}: {found:?} instead of {expected:?}: {shown}");
}

/// One row against one signed-in account, with nobody else to ask.
async fn alone(table: &mut Table, row: &Row, client: Dialect, at: usize) {
    let (model, path, _) = ENDPOINTS[at];
    let case = format!("{} for {client} from {path}", row.name);
    let account = table.account(50).await;
    let (answer, tries) = table.ask(row, &ask_of(row, client, at), at).await;
    assert_told(&case, row, client, &answer);
    assert_eq!(tries, row.tries, "{case}: tries");
    let shown = table.shown(&account).await;
    assert_eq!(shown["status"], "active", "{case}: one fault stops nothing: {shown}");
    assert_rests(&case, row.account, &shown, model);
    let request = answer.header("x-request-id").expect("an id").to_owned();
    let (status, outcome) = (answer.status, row.outcome);
    table.noted.push(Noted { case, request, status, outcome, tries });
    table.gone(&account).await;
}

#[tokio::test]
async fn alone_each_fault_is_told_in_the_clients_words_and_leaves_its_mark() {
    let mut table = Table::new(json!({})).await;
    for row in rows() {
        for client in CLIENTS {
            for at in 0..ENDPOINTS.len() {
                alone(&mut table, &row, client, at).await;
            }
        }
    }
    table.assert_noted().await;
    table.admin.gateway.stop().await;
}

#[tokio::test]
async fn what_does_not_answer_in_time_is_a_504_and_rests() {
    let mut table = Table::new(json!({ "timeout_ms": 1000 })).await;
    for row in slow_rows() {
        for (at, client) in CLIENTS.into_iter().enumerate() {
            alone(&mut table, &row, client, (at + 1) % ENDPOINTS.len()).await;
        }
    }
    table.assert_noted().await;
    table.admin.gateway.stop().await;
}

#[tokio::test]
async fn where_another_account_may_help_it_answers_and_else_it_is_not_asked() {
    let mut table = Table::new(json!({})).await;
    for (nth, row) in rows().into_iter().enumerate() {
        for (column, client) in CLIENTS.into_iter().enumerate() {
            // Which account is asked has nothing to do with who asks whom: every client and every
            // endpoint once.
            let at = (column + nth) % ENDPOINTS.len();
            let (model, path, _) = ENDPOINTS[at];
            let case = format!("{} for {client} from {path}, two accounts", row.name);
            let (first, second) = (table.account(0).await, table.account(1).await);
            // The first one's, whatever its token is by then.
            let ask = ask_of(&row, client, at);
            table.rig.fake.script().clear();
            let (_, _, upstream) = ENDPOINTS[at];
            let script = table.rig.fake.script();
            script.always(Match::any().path(path), (row.answer)(upstream));
            let theirs = Match::any().path(path).token(&second.token);
            script.always(theirs, Action::case("plain_text"));
            table.rig.fake.journal().clear();
            let answer = ask.send(&table.admin.gateway).await;
            let tries = asked(&table.rig, path).len();
            if row.another_helps {
                assert_eq!(answer.status, 200, "{case}: {}", answer.text());
                assert_eq!(tries, row.tries + 1, "{case}: tries");
            } else {
                assert_told(&case, &row, client, &answer);
                assert_eq!(tries, row.tries, "{case}: tries");
            }
            assert_rests(&case, row.account, &table.shown(&first).await, model);
            let other = table.shown(&second).await;
            assert_rests(&case, Rest::Nothing, &other, model);
            assert_eq!(other["health"], "healthy", "{case}");
            table.gone(&first).await;
            table.gone(&second).await;
        }
    }
    table.admin.gateway.stop().await;
}

#[tokio::test]
async fn of_a_pool_the_key_is_held_to_account_and_the_next_key_answers() {
    let mut table = Table::new(json!({})).await;
    for row in rows() {
        for (at, client) in CLIENTS.into_iter().enumerate() {
            let (model, path, _) = ENDPOINTS[at];
            let case = format!("{} for {client} from {path}, a pool", row.name);
            let pool = table.pool().await;
            let ask = ask_of(&row, client, at);
            let script = table.rig.fake.script();
            script.clear();
            script.next(Match::any().path(path), (row.answer)(ENDPOINTS[at].2));
            table.rig.fake.journal().clear();
            let answer = ask.send(&table.admin.gateway).await;
            let entries = asked(&table.rig, path);
            let tries = entries.len();
            if row.another_key_helps {
                assert_eq!(answer.status, 200, "{case}: {}", answer.text());
                assert_eq!(tries, 2, "{case}: tries");
            } else {
                assert_told(&case, &row, client, &answer);
                assert_eq!(tries, 1, "{case}: tries");
            }
            let shown = table.shown(&pool).await;
            let keys = shown["keys"].as_array().expect("keys");
            let used = sent_header(&entries[0], "authorization").expect("a key");
            let is_first = |it: &&Value| {
                let tail = it["tail"].as_str().expect("a tail").trim_start_matches('…');
                used.ends_with(tail)
            };
            let (first, second): (Vec<&Value>, Vec<&Value>) = keys.iter().partition(is_first);
            let (first, second) = (first[0], second[0]);
            assert_eq!(first["status"], row.key_status, "{case}: {shown}");
            assert_eq!(second["status"], "active", "{case}: {shown}");
            assert_rests(&case, row.key, first, model);
            assert_rests(&case, Rest::Nothing, second, model);
            assert_eq!(shown["status"], "active", "{case}: {shown}");
            assert_rests(&case, row.pool, &shown, model);
            table.gone(&pool).await;
        }
    }
    table.admin.gateway.stop().await;
}

#[tokio::test]
async fn a_credential_that_is_refused_three_times_stops_and_says_why() {
    for code in [401, 403] {
        let mut table = Table::new(json!({})).await;
        let row = rows().into_iter().find(|it| it.name == format!("{code}")).expect("a row");
        let account = table.account(50).await;
        for strike in 1..=3 {
            let ask = Ask::new(Dialect::Anthropic, ENDPOINTS[0].0, false);
            let (answer, _) = table.ask(&row, &ask, 0).await;
            assert_eq!(answer.status, code, "{strike}: {}", answer.text());
            let shown = table.shown(&account).await;
            let expected = if strike < 3 { "active" } else { "error" };
            assert_eq!(shown["status"], expected, "{code}, {strike}: {shown}");
        }
        let shown = table.shown(&account).await;
        assert!(shown["error"].as_str().is_some_and(|it| it.contains("refused")), "{shown}");
        let ask = Ask::new(Dialect::Anthropic, ENDPOINTS[0].0, false);
        let (answer, tries) = table.ask(&row, &ask, 0).await;
        assert_eq!((answer.status, tries), (503, 0), "{}", answer.text());
        table.admin.gateway.stop().await;
    }
}

//! What a host does with an account it was lent, and a look into the database it knows nothing of.
//!
//! Owns: one round of a request over real HTTP, releases in the host's forms, dumps of the store.
//! Must not know: any one test.
#![allow(dead_code, reason = "each test binary uses its part of it")]

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use droid_testbed::host::Bridge;
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Match};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::ok;

/// Models of each endpoint, as upstream calls them.
pub(crate) const CLAUDE: &str = "claude-sonnet-4-5-20250929";
pub(crate) const OTHER_CLAUDE: &str = "claude-opus-4-1-20250805";
pub(crate) const GPT: &str = "gpt-5-2025-08-07";
pub(crate) const GENERAL: &str = "glm-4.6";

/// An account on loan.
#[derive(Clone, Debug)]
pub(crate) struct Lent {
    pub(crate) account: String,
    pub(crate) key: Option<String>,
    pub(crate) lease: String,
    pub(crate) bearer: String,
}

/// An HTTP answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

// === impl Lent ===

impl Lent {
    pub(crate) fn new(acquired: &Value) -> Self {
        let text = |it: &Value| it.as_str().expect("a text").to_owned();
        Self {
            account: text(&acquired["id"]),
            key: acquired["metadata"]["api_key_id"].as_str().map(str::to_owned),
            lease: text(&acquired["metadata"]["lease_id"]),
            bearer: text(&acquired["headers"]["authorization"]),
        }
    }

    /// The params of a release; `result` in the host's form.
    pub(crate) fn release(&self, result: &Value) -> Value {
        json!({
            "credential_id": self.account,
            "lease_id": self.lease,
            "api_key_id": self.key,
            "result": result,
        })
    }

    /// The params of a release that hands upstream's answer on.
    pub(crate) fn failed(&self, answer: &Answer) -> Value {
        let mut params = self.release(&error("unknown", None));
        params["status"] = json!(answer.status);
        params["headers"] = json!(answer.headers);
        params["body"] = json!(String::from_utf8_lossy(&answer.body));
        params
    }

    pub(crate) fn succeeded(&self) -> Value {
        self.release(&success(10, 5))
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: &Value) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { status, headers, body: body.to_string().into_bytes() }
    }
}

/// The host's `Success`.
pub(crate) fn success(input: u64, output: u64) -> Value {
    json!({ "Success": { "latency_ms": 20, "input_tokens": input, "output_tokens": output } })
}

/// The host's `Error`, with nothing in it that is not in its contract.
pub(crate) fn error(error_type: &str, cooldown_seconds: Option<u64>) -> Value {
    json!({ "Error": {
        "error_type": error_type,
        "message": "as the host tells it",
        "mark_unhealthy": true,
        "cooldown_seconds": cooldown_seconds,
    } })
}

/// An error as Anthropic words it.
pub(crate) fn envelope(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

/// Borrows any account for a model.
pub(crate) async fn acquire(bridge: &Bridge, model: &str) -> Lent {
    acquire_with(bridge, json!({ "model": model })).await
}

/// Borrows an account.
pub(crate) async fn acquire_with(bridge: &Bridge, params: Value) -> Lent {
    Lent::new(&ok(bridge, "acquire_credential", params).await)
}

/// Borrows an account, posts a small request with it and answers what came.
pub(crate) async fn ask(bridge: &Bridge, params: Value) -> (Lent, Result<Answer, std::io::Error>) {
    let model = params["model"].clone();
    let lent = acquire_with(bridge, params).await;
    let sent = json!({
        "request": {
            "model": model,
            "max_tokens": 64,
            "stream": true,
            "messages": [{ "role": "user", "content": "ping" }],
        },
        "protocol": "anthropic",
        "credential_id": lent.account,
        "api_key_id": lent.key,
    });
    let sent = ok(bridge, "transform_request", sent).await;
    assert_eq!(sent["headers"]["authorization"], json!(lent.bearer), "the credential lent is sent");
    let answer = post(sent["url"].as_str().expect("a url"), &sent["headers"], &sent["request"]);
    (lent, answer.await)
}

/// The same, over real HTTP, with an answer that upstream was ordered to give; and what
/// `parse_error` makes of it.
pub(crate) async fn ask_for(
    rig: &Rig,
    bridge: &Bridge,
    params: Value,
    (status, headers, body): (u16, &[(&str, &str)], &Value),
) -> (Lent, Answer, Value) {
    let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let action = Action::Status { status, headers, body: body.to_string() };
    rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), action);
    let (lent, answer) = ask(bridge, params).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, status);
    let told = told(bridge, &answer).await;
    (lent, answer, told)
}

/// What the caller is told of an upstream error.
pub(crate) async fn told(bridge: &Bridge, answer: &Answer) -> Value {
    let body = String::from_utf8_lossy(&answer.body);
    let params = json!({ "status": answer.status, "headers": answer.headers, "body": body });
    ok(bridge, "parse_error", params).await
}

pub(crate) async fn release(bridge: &Bridge, params: Value) {
    ok(bridge, "release_credential", params).await;
}

pub(crate) async fn account(bridge: &Bridge, id: &str) -> Value {
    ok(bridge, "get_credential", json!({ "credential_id": id })).await
}

pub(crate) async fn update(bridge: &Bridge, id: &str, config: Value) -> Value {
    ok(bridge, "update_credential", json!({ "credential_id": id, "config": config })).await
}

pub(crate) async fn reset(bridge: &Bridge, id: &str) -> Value {
    ok(bridge, "reset_credential", json!({ "credential_id": id })).await
}

/// Writes what this process still has to write: what is in the store from then on is all there is.
pub(crate) async fn flush(bridge: &Bridge) {
    ok(bridge, "shutdown", Value::Null).await;
}

/// Looks every 20 ms whether it is so by now; panics after ten seconds.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), looking).await {
        Ok(found) => found,
        Err(_) => panic!("never came: {what}"),
    }
}

/// Checks that what is paused ends so many seconds after it was told, told between `since` and now.
#[track_caller]
pub(crate) fn assert_pause(shown: &Value, since: DateTime<Utc>, seconds: f64) {
    let end = moment(&shown["until"]);
    let pause = span(seconds);
    let rounding = chrono::Duration::milliseconds(2);
    assert!(end >= since + pause - rounding, "{shown} is shorter than {seconds} s");
    assert!(end <= Utc::now() + pause + rounding, "{shown} is longer than {seconds} s");
}

pub(crate) fn span(seconds: f64) -> chrono::Duration {
    chrono::Duration::from_std(Duration::from_secs_f64(seconds)).expect("a span")
}

#[track_caller]
pub(crate) fn moment(text: &Value) -> DateTime<Utc> {
    let text = text.as_str().expect("a moment");
    DateTime::parse_from_rfc3339(text).expect("RFC 3339").to_utc()
}

/// Every row of every table but the usage, as text.
pub(crate) fn dump(rig: &Rig) -> BTreeMap<String, Vec<String>> {
    let db = database(rig);
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
               AND name != 'usage_hourly'";
    let mut names = db.prepare(sql).expect("a query");
    let names = names.query_map([], |row| row.get::<_, String>(0)).expect("tables");
    let tables = names.map(|name| name.expect("a name"));
    tables.map(|name| (name.clone(), rows(&db, &format!("SELECT * FROM {name}")))).collect()
}

/// The rows of a query, as text.
pub(crate) fn select(rig: &Rig, sql: &str) -> Vec<String> {
    rows(&database(rig), sql)
}

/// Changes the database behind the plugin's back, as time would.
pub(crate) fn alter(rig: &Rig, sql: &str) {
    database(rig).execute_batch(sql).expect("a change");
}

fn database(rig: &Rig) -> Connection {
    let db = Connection::open(rig.database()).expect("the database");
    db.busy_timeout(Duration::from_secs(10)).expect("a busy timeout");
    db
}

fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).expect("a query");
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cells: Result<Vec<Cell>, _> = (0..columns).map(|at| row.get(at)).collect();
        Ok(format!("{:?}", cells?))
    };
    let mut found: Vec<String> =
        statement.query_map([], row).expect("rows").map(|it| it.expect("a row")).collect();
    found.sort();
    found
}

/// Posts JSON and reads the whole answer.
async fn post(url: &str, headers: &Value, body: &Value) -> Result<Answer, std::io::Error> {
    let rest = url.strip_prefix("http://").expect("a plain URL");
    let (host, path) = rest.split_once('/').expect("a path");
    let body = body.to_string();
    let mut request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers.as_object().expect("headers") {
        request.push_str(&format!("{name}: {}\r\n", value.as_str().expect("a header")));
    }
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("the end of the head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|it| it.split(' ').nth(1)).expect("a status line");
    let headers: BTreeMap<String, String> = lines
        .filter_map(|it| it.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.get("transfer-encoding").is_some_and(|it| it == "chunked");
    let body = answer.split_off(end + 4);
    Ok(Answer {
        status: status.parse().expect("a status"),
        headers,
        body: if chunked { unchunked(&body) } else { body },
    })
}

/// The pieces of a chunked body that arrived.
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|it| it == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a size in hex");
        let rest = &bytes[end + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        if size == 0 || rest.len() < size + 2 {
            break;
        }
        bytes = &rest[size + 2..];
    }
    body
}

//! The gateway's requests, one by one, without their content.
//!
//! Owns: the table `requests`: written behind, searched newest first, forgotten after their time.
//! Must not know: what a request said, what it costs by which price.

use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::event::Usage;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::Store;
use super::codec::{Columns, Count, Json, Word};
use super::db::Db;
use super::fail::Fail;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ClientKeyId, KeyId};

/// A request that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id, as the client was told.
    pub id: String,
    /// When it came.
    pub started_at: Timestamp,
    /// Whose it is.
    pub client_key_id: Option<ClientKeyId>,
    /// What the client speaks.
    pub client: Dialect,
    /// Where it went; none if it was refused before.
    pub endpoint: Option<Endpoint>,
    /// The model as the client names it.
    pub model_asked: String,
    /// The model as it was sent.
    pub model_sent: Option<String>,
    /// Answered as a stream.
    pub stream: bool,
    /// Which conversation it belongs to, hashed.
    pub session: Option<String>,
    /// Every try, in order.
    pub attempts: Vec<AttemptRow>,
    /// How many accounts were passed over for each reason, when none could be had.
    pub skipped: Vec<(String, u64)>,
    /// The status the client got.
    pub status: u16,
    /// How it ended, in the words of [`super::UsageRow::outcome`].
    pub outcome: String,
    /// Its tokens.
    pub usage: Usage,
    /// What it cost, in billionths of a dollar.
    pub cost: u64,
    /// From its coming to its end.
    pub latency_ms: u64,
    /// From its coming to the first content of a stream.
    pub first_token_ms: Option<u64>,
    /// Upstream's id of it.
    pub upstream_request_id: Option<String>,
}

/// One try of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// The account it went to; none for a key the client gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The key of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// Upstream's status; none where there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The class of the fault; none for the try that was passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How long it took.
    pub latency_ms: u64,
}

/// Which requests to show; none is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the field of RequestRow of the same name")]
pub struct RequestFilter {
    /// At this moment and later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    pub client_key_id: Option<ClientKeyId>,
    /// The account of the last try.
    pub account_id: Option<AccountId>,
    /// The key of the last try.
    pub key_id: Option<KeyId>,
    /// As asked or as sent.
    pub model: Option<String>,
    /// Whole, or its first part: `error` is every `error:...`.
    pub outcome: Option<String>,
    pub session: Option<String>,
    /// Older than this one: where the last page ended.
    pub before: Option<(Timestamp, String)>,
}

const COLUMNS: &str = "id, started_at, client_key_id, client, endpoint, model_asked, model_sent, \
    stream, session, attempts, skipped, status, outcome, input_tokens, output_tokens, \
    cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, cost, \
    latency_ms, first_token_ms, upstream_request_id";

// === impl Store ===

impl Store {
    /// Notes a request that ended. Never waits; it is written within a second, together with others.
    pub fn record_request(&self, row: RequestRow) {
        self.inner.queue.touch(|touches| touches.add_request(row));
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn requests(&self, filter: RequestFilter, limit: u32) -> Result<Vec<RequestRow>> {
        self.read_aside("reading requests", move |conn| search(conn, filter, limit)).await
    }

    /// One request.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn request(&self, id: &str) -> Result<RequestRow> {
        let id = id.to_owned();
        self.read_aside("reading the request", move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM requests WHERE id = ?1");
            let row = conn.prepare_cached(&sql)?.query_row([&id], from_row).optional()?;
            row.ok_or_else(|| Error::not_found("request", &id).into())
        })
        .await
    }
}

pub(super) fn sweep(db: &Db, before: Timestamp) -> Result<usize, Fail> {
    Ok(db.conn.execute("DELETE FROM requests WHERE started_at < ?1", [before])?)
}

/// Writes them; one that is there already stays as it is.
pub(super) fn write(db: &Db, rows: &[RequestRow]) -> Result<(), Fail> {
    let mut statement = db.conn.prepare_cached(
        "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
             ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )?;
    for row in rows {
        let last = row.attempts.last();
        // In the order of the table: named ones are looked up each time.
        statement.execute(params![
            row.id,
            row.started_at,
            row.client_key_id,
            Word(row.client),
            row.endpoint.map(Word),
            row.model_asked,
            row.model_sent,
            row.stream,
            row.session,
            last.and_then(|it| it.account.as_ref()),
            last.and_then(|it| it.key.as_ref()),
            Json(&row.attempts),
            Json(&row.skipped),
            row.status,
            row.outcome,
            Count(row.usage.input_tokens),
            Count(row.usage.output_tokens),
            Count(row.usage.cache_read_tokens),
            Count(row.usage.cache_write_5m_tokens),
            Count(row.usage.cache_write_1h_tokens),
            Count(row.usage.reasoning_tokens),
            Count(row.cost),
            Count(row.latency_ms),
            row.first_token_ms.map(Count),
            row.upstream_request_id,
        ])?;
    }
    Ok(())
}

fn search(conn: &Connection, filter: RequestFilter, limit: u32) -> Result<Vec<RequestRow>, Fail> {
    let RequestFilter {
        from,
        until,
        client_key_id,
        account_id,
        key_id,
        model,
        outcome,
        session,
        before,
    } = filter;
    let mut conditions = vec!["1"];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |sql: &'static str, given: Option<Value>| {
        if let Some(value) = given {
            conditions.push(sql);
            values.extend(std::iter::repeat_n(value, sql.matches('?').count()));
        }
    };
    let text = |it: &str| Value::from(it.to_owned());
    add("started_at >= ?", from.map(|it| it.0.into()));
    add("started_at < ?", until.map(|it| it.0.into()));
    add("client_key_id = ?", client_key_id.map(|it| text(it.as_str())));
    add("account_id = ?", account_id.map(|it| text(it.as_str())));
    add("key_id = ?", key_id.map(|it| text(it.as_str())));
    add("(model_asked = ? OR model_sent = ?)", model.map(Value::from));
    add("(outcome = ? OR substr(outcome, 1, length(?) + 1) = ? || ':')", outcome.map(Value::from));
    add("session = ?", session.map(Value::from));
    if let Some((at, id)) = before {
        conditions.push("(started_at, id) < (?, ?)");
        values.extend([at.0.into(), id.into()]);
    }
    values.push(i64::from(limit).into());
    let sql = format!(
        "SELECT {COLUMNS} FROM requests WHERE {} ORDER BY started_at DESC, id DESC LIMIT ?",
        conditions.join(" AND ")
    );
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<RequestRow> {
    let mut at = Columns::new(row);
    Ok(RequestRow {
        id: at.next()?,
        started_at: at.next()?,
        client_key_id: at.next()?,
        client: at.next::<Word<_>>()?.0,
        endpoint: at.next::<Option<Word<_>>>()?.map(|it| it.0),
        model_asked: at.next()?,
        model_sent: at.next()?,
        stream: at.next()?,
        session: at.next()?,
        attempts: at.next::<Json<_>>()?.0,
        skipped: at.next::<Json<_>>()?.0,
        status: at.next()?,
        outcome: at.next()?,
        usage: Usage {
            input_tokens: at.next::<Count>()?.0,
            output_tokens: at.next::<Count>()?.0,
            cache_read_tokens: at.next::<Count>()?.0,
            cache_write_5m_tokens: at.next::<Count>()?.0,
            cache_write_1h_tokens: at.next::<Count>()?.0,
            reasoning_tokens: at.next::<Count>()?.0,
        },
        cost: at.next::<Count>()?.0,
        latency_ms: at.next::<Count>()?.0,
        first_token_ms: at.next::<Option<Count>>()?.map(|it| it.0),
        upstream_request_id: at.next()?,
    })
}

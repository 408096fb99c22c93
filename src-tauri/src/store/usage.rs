//! What was used, by the hour.
//!
//! Owns: the table `usage_hourly`, and the token counters of accounts and keys.
//! Must not know: prices, limits.

use droid_protocol::event::Usage;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::codec::{Columns, Count};
use super::db::Db;
use super::fail::Fail;
use super::{Durability, Store};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AccountId, ClientKeyId, KeyId};

mod sums;

pub(super) use sums::Sums;

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// One request that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// Any moment of the hour it counts to.
    pub hour: Timestamp,
    /// The account it went to.
    pub account_id: AccountId,
    /// The key it went out with.
    pub key_id: Option<KeyId>,
    /// The client's key.
    pub client_key_id: Option<ClientKeyId>,
    /// The model, as sent upstream.
    pub model: String,
    /// How it ended: `ok`, `error`, `truncated`, `client_closed`, or a class of error.
    pub outcome: String,
    /// Its tokens.
    pub usage: Usage,
    /// What it cost, in billionths of a dollar.
    pub cost: u64,
    /// From the request to its end.
    pub latency_ms: u64,
    /// From the request to the first token, of a stream.
    pub first_token_ms: Option<u64>,
}

/// Which usage to add up; none is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the field of UsageRow of the same name")]
pub struct UsageFilter {
    /// The hour of this moment and later ones.
    pub from: Option<Timestamp>,
    /// Before the hour of this moment.
    pub until: Option<Timestamp>,
    pub account_id: Option<AccountId>,
    pub key_id: Option<KeyId>,
    pub client_key_id: Option<ClientKeyId>,
    pub model: Option<String>,
    pub outcome: Option<String>,
    /// One sum for each combination of these; empty gives one sum, if there is anything.
    pub by: Vec<UsageBy>,
    /// Where days begin, in minutes east of UTC.
    pub offset_minutes: i32,
    /// The most sums, the oldest.
    pub limit: Option<u32>,
}

/// What sums are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum UsageBy {
    Hour,
    Day,
    Account,
    Key,
    ClientKey,
    Model,
    Outcome,
}

/// A sum. Fields that were not asked to be told apart are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageTotal {
    /// Start of the hour or day.
    pub start: Option<Timestamp>,
    /// The account.
    pub account_id: Option<AccountId>,
    /// The key; none also where there was none.
    pub key_id: Option<KeyId>,
    /// The client's key; none also where there was none.
    pub client_key_id: Option<ClientKeyId>,
    /// The model.
    pub model: Option<String>,
    /// How the requests ended.
    pub outcome: Option<String>,
    /// How many there were.
    pub requests: u64,
    /// Their tokens.
    pub usage: Usage,
    /// What they cost, in billionths of a dollar.
    pub cost: u64,
    /// The sum of their latencies.
    pub latency_ms: u64,
    /// The sum of their times to the first token...
    pub first_token_ms: u64,
    /// ...and of how many requests it is known.
    pub first_tokens: u64,
}

/// More than any one request has: a caller's nonsense must not make the sums overflow, which would
/// fail every later report.
const MOST: u64 = 1 << 40;

// === impl UsageRow ===

impl UsageRow {
    fn bounded(mut self) -> Self {
        for count in [
            &mut self.usage.input_tokens,
            &mut self.usage.output_tokens,
            &mut self.usage.cache_read_tokens,
            &mut self.usage.cache_write_5m_tokens,
            &mut self.usage.cache_write_1h_tokens,
            &mut self.usage.reasoning_tokens,
            &mut self.cost,
            &mut self.latency_ms,
        ] {
            *count = MOST.min(*count);
        }
        self.first_token_ms = self.first_token_ms.map(|it| MOST.min(it));
        self
    }
}

// === impl Store ===

impl Store {
    /// Adds a request to the sums of its hour, its account and its key.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_usage(&self, row: UsageRow) -> Result<()> {
        let row = row.bounded();
        self.write(Durability::Normal, "recording usage", move |db| {
            // Written once, before the transaction ends.
            db.used.borrow_mut().add(row);
            Ok(())
        })
        .await
    }

    /// The same, written within a second, together with others. Never waits.
    pub fn add_usage(&self, row: UsageRow) {
        let row = row.bounded();
        self.inner.queue.touch(|touches| touches.used.add(row));
    }

    /// Sums of usage, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn usage(&self, filter: UsageFilter) -> Result<Vec<UsageTotal>> {
        self.read_aside("adding up usage", move |conn| totals(conn, filter)).await
    }

    /// Forgets usage of the hours before; answers how many rows that were.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep_usage(&self, before: Timestamp) -> Result<usize> {
        self.write(Durability::Normal, "forgetting old usage", move |db| sweep(db, before)).await
    }
}

pub(super) fn sweep(db: &Db, before: Timestamp) -> Result<usize, Fail> {
    Ok(db.conn.execute("DELETE FROM usage_hourly WHERE hour < ?1", [hour(before)])?)
}

fn totals(conn: &Connection, filter: UsageFilter) -> Result<Vec<UsageTotal>, Fail> {
    let UsageFilter { from, until, account_id, key_id, client_key_id, model, outcome, .. } = filter;
    let (by, offset_minutes, limit) = (filter.by, filter.offset_minutes, filter.limit);
    let text = |it: &str| Value::from(it.to_owned());
    let conditions = [
        ("hour >= ?", from.map(|it| Value::from(hour(it)))),
        ("hour < ?", until.map(|it| Value::from(hour(it)))),
        ("account_id = ?", account_id.map(|it| text(it.as_str()))),
        ("key_id = ?", key_id.map(|it| text(it.as_str()))),
        ("client_key_id = ?", client_key_id.map(|it| text(it.as_str()))),
        ("model = ?", model.map(Value::from)),
        ("outcome = ?", outcome.map(Value::from)),
    ];
    let (conditions, values): (Vec<_>, Vec<_>) =
        conditions.into_iter().filter_map(|(sql, value)| value.map(|it| (sql, it))).unzip();
    let column = |by_this: UsageBy, sql: &'static str| {
        if by.contains(&by_this) { sql } else { "NULL" }
    };
    let day = start_of(DAY_MS, offset_minutes, "hour");
    let day = if by.contains(&UsageBy::Day) { day.as_str() } else { "NULL" };
    let columns = [
        if by.contains(&UsageBy::Hour) { "hour" } else { day },
        column(UsageBy::Account, "account_id"),
        column(UsageBy::Key, "nullif(key_id, '')"),
        column(UsageBy::ClientKey, "nullif(client_key_id, '')"),
        column(UsageBy::Model, "model"),
        column(UsageBy::Outcome, "outcome"),
    ];
    let condition = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
    let sql = format!(
        "SELECT {}, sum(requests), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
                sum(cache_write_5m_tokens), sum(cache_write_1h_tokens), sum(reasoning_tokens),
                sum(cost), sum(latency_ms), sum(first_token_ms), sum(first_tokens)
         FROM usage_hourly WHERE {condition} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
         LIMIT {}",
        columns.join(", "),
        limit.map_or(-1, i64::from),
    );
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<UsageTotal> {
    let mut at = Columns::new(row);
    Ok(UsageTotal {
        start: at.next()?,
        account_id: at.next()?,
        key_id: at.next()?,
        client_key_id: at.next()?,
        model: at.next()?,
        outcome: at.next()?,
        requests: at.next::<Count>()?.0,
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
        first_token_ms: at.next::<Count>()?.0,
        first_tokens: at.next::<Count>()?.0,
    })
}

/// The SQL for the start of the hour or day that `column` is in, where days begin at midnight so many
/// minutes east of UTC.
pub(super) fn start_of(span_ms: i64, offset_minutes: i32, column: &str) -> String {
    format!("{column} - ({column} + {}) % {span_ms}", i64::from(offset_minutes) * 60_000)
}

const fn hour(moment: Timestamp) -> i64 {
    moment.0 - moment.0.rem_euclid(HOUR_MS)
}

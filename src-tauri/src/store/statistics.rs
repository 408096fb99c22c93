//! What was used, as pictures need it.
//!
//! Owns: queries over `requests` and `usage_hourly` that answer no rows but figures.
//! Must not know: how they are shown.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Store;
use super::codec::Count;
use super::fail::Fail;
use super::usage::{DAY_MS, HOUR_MS, start_of};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AccountId, ClientKeyId};

/// The most requests that are measured at once.
pub const MEASURED: u32 = 100_000;

/// Which requests are looked at; none is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the field of RequestRow of the same name")]
pub struct Span {
    /// At this moment and later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    pub account_id: Option<AccountId>,
    pub client_key_id: Option<ClientKeyId>,
    /// As sent.
    pub model: Option<String>,
}

/// How long requests that went well took, in milliseconds: half of them, 95 and 99 of 100 were at
/// most so long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    /// How many there are.
    pub n: u64,
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
}

/// How long requests of some time took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Start of the hour or day; of all, the first moment there is.
    pub start: Timestamp,
    /// To their end.
    pub latency: Percentiles,
    /// To the first content of a stream.
    pub first_token: Percentiles,
}

/// What waits are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// All together.
    Whole,
}

/// An hour of a day of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeekHour {
    /// 0 is Sunday.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// Requests that began then.
    pub requests: u64,
    /// Their tokens of all kinds.
    pub tokens: u64,
    /// Their cost, in billionths of a dollar.
    pub cost: u64,
}

// === impl Store ===

impl Store {
    /// How long requests took that went well, oldest first; times in which none did are left out.
    /// Looks at no more than the newest [`MEASURED`], so that a long time costs no more than that.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waits(&self, span: Span, step: Step, offset_minutes: i32) -> Result<Vec<Waits>> {
        self.read_aside("measuring requests", move |conn| waits(conn, &span, step, offset_minutes))
            .await
    }

    /// What was used by the hours of the week, `offset_minutes` east of UTC; hours in which nothing
    /// was are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn by_week_hour(
        &self,
        from: Timestamp,
        until: Timestamp,
        offset_minutes: i32,
    ) -> Result<Vec<WeekHour>> {
        self.read_aside("adding up usage", move |conn| {
            // The first day of all was a Thursday.
            let mut statement = conn.prepare_cached(
                "SELECT ((hour + ?3) / 86400000 + 4) % 7, (hour + ?3) / 3600000 % 24,
                        sum(requests),
                        sum(input_tokens + output_tokens + cache_read_tokens
                            + cache_write_5m_tokens + cache_write_1h_tokens), sum(cost)
                 FROM usage_hourly WHERE hour >= ?1 AND hour < ?2 GROUP BY 1, 2 ORDER BY 1, 2",
            )?;
            let offset = i64::from(offset_minutes) * 60_000;
            let rows = statement.query_map((from, until, offset), |row| {
                let count = |at: usize| row.get::<_, Count>(at).map(|it| it.0);
                Ok(WeekHour {
                    weekday: row.get(0)?,
                    hour: row.get(1)?,
                    requests: count(2)?,
                    tokens: count(3)?,
                    cost: count(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn waits(
    conn: &Connection,
    span: &Span,
    step: Step,
    offset_minutes: i32,
) -> Result<Vec<Waits>, Fail> {
    let text = |it: &str| Value::from(it.to_owned());
    let conditions = [
        ("started_at >= ?", span.from.map(|it| Value::from(it.0))),
        ("started_at < ?", span.until.map(|it| Value::from(it.0))),
        ("account_id = ?", span.account_id.as_ref().map(|it| text(it.as_str()))),
        ("client_key_id = ?", span.client_key_id.as_ref().map(|it| text(it.as_str()))),
        ("model_sent = ?", span.model.clone().map(Value::from)),
    ];
    let (conditions, values): (Vec<_>, Vec<_>) =
        conditions.into_iter().filter_map(|(sql, value)| value.map(|it| (sql, it))).unzip();
    let and: String = conditions.iter().map(|it| format!(" AND {it}")).collect();
    let start = match step {
        Step::Hour => start_of(HOUR_MS, offset_minutes, "started_at"),
        Step::Day => start_of(DAY_MS, offset_minutes, "started_at"),
        Step::Whole => "0".to_owned(),
    };
    // The nearest rank: the smallest wait that is not exceeded by so many of 100.
    let sql = format!(
        "WITH measured AS (
             SELECT {start} AS start, latency_ms, first_token_ms FROM requests
             WHERE outcome = 'ok'{and} ORDER BY started_at DESC LIMIT {MEASURED}),
         waits AS (
             SELECT start, 0 AS first, latency_ms AS wait FROM measured
             UNION ALL
             SELECT start, 1, first_token_ms FROM measured WHERE first_token_ms IS NOT NULL),
         ranked AS (
             SELECT start, first, wait,
                    row_number() OVER (PARTITION BY start, first ORDER BY wait) AS rank,
                    count(*) OVER (PARTITION BY start, first) AS n
             FROM waits)
         SELECT start, first, n, max(wait) FILTER (WHERE rank = (n * 50 + 99) / 100),
                max(wait) FILTER (WHERE rank = (n * 95 + 99) / 100),
                max(wait) FILTER (WHERE rank = (n * 99 + 99) / 100)
         FROM ranked GROUP BY start, first ORDER BY start, first"
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut told: Vec<Waits> = Vec::new();
    while let Some(row) = rows.next()? {
        let count = |at: usize| row.get::<_, Count>(at).map(|it| it.0);
        let found = Percentiles { n: count(2)?, p50: count(3)?, p95: count(4)?, p99: count(5)? };
        let start: Timestamp = row.get(0)?;
        // A request that has a first token has an end: `first` comes second.
        match (row.get::<_, bool>(1)?, told.last_mut()) {
            (true, Some(waits)) if waits.start == start => waits.first_token = found,
            _ => told.push(Waits { start, latency: found, first_token: Percentiles::default() }),
        }
    }
    Ok(told)
}

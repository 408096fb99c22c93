//! What was used, as pictures need it.
//!
//! Owns: queries over `requests` and `usage_hourly` that answer no rows but figures.
//! Must not know: how they are shown.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Store;
use super::codec::Count;
use super::db::Db;
use super::fail::Fail;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AccountId, ClientKeyId};

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

/// How long requests that went well took, in milliseconds: half of them, nine of ten, 99 of 100 were
/// at most so long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    /// How many there are.
    pub n: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
}

/// How long requests took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// To their end.
    pub latency: Percentiles,
    /// To the first content of a stream.
    pub first_token: Percentiles,
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
    /// How long requests took that went well.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waits(&self, span: Span) -> Result<Waits> {
        self.read("measuring requests", move |db| {
            Ok(Waits {
                latency: percentiles(db, "latency_ms", &span)?,
                first_token: percentiles(db, "first_token_ms", &span)?,
            })
        })
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
        self.read("adding up usage", move |db| {
            // The first day of all was a Thursday.
            let mut statement = db.conn.prepare_cached(
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

fn percentiles(db: &Db, column: &str, span: &Span) -> Result<Percentiles, Fail> {
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
    let which = format!("FROM requests WHERE outcome = 'ok' AND {column} IS NOT NULL{and}");
    let n: Count = db.conn.query_row(
        &format!("SELECT count(*) {which}"),
        params_from_iter(&values),
        |row| row.get(0),
    )?;
    if n.0 == 0 {
        return Ok(Percentiles::default());
    }
    let at = |percent: u64| -> Result<u64, Fail> {
        let offset = Count((n.0 * percent).div_ceil(100).saturating_sub(1));
        let sql = format!("SELECT {column} {which} ORDER BY {column} LIMIT 1 OFFSET {}", offset.0);
        Ok(db.conn.query_row(&sql, params_from_iter(&values), |row| row.get::<_, Count>(0))?.0)
    };
    Ok(Percentiles { n: n.0, p50: at(50)?, p90: at(90)?, p99: at(99)? })
}

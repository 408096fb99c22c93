//! `usage_statistics`, `wait_statistics`, `week_statistics`: what pictures of the use are drawn from.
//!
//! Owns: the params and results of these methods, but for the rows of usage.
//! Must not know: how usage is stored, how it is shown.

mod figures;

use std::collections::HashMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::figures::{By, Counted, Figures, Order, Told, sort};
use super::client_keys::dollars;
use super::{Registered, Table};
use crate::api::params::moment;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ClientKeyId, KeyId};
use crate::store::{self, MEASURED, Span, Step, UsageBy, UsageFilter};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Rows answered when no limit is given.
const USUAL: u32 = 1000;
/// The most rows at once.
const MOST: u32 = 10_000;
/// Sums that are read for one answer, at most.
const MOST_SUMS: u32 = 100_000;
/// Hours or days of one answer, at most: 90 days by the hour fit.
const MOST_STEPS: u32 = 2400;
/// The east and west ends of the world's time zones are nearer.
const MOST_OFFSET: i32 = 24 * 60;

/// Which usage, and how it is told apart.
#[derive(Deserialize, JsonSchema)]
struct UsageAsk {
    /// Its hour and later ones; default: seven days ago.
    #[serde(default)]
    since: Option<String>,
    /// Before its hour; default: the end.
    #[serde(default)]
    until: Option<String>,
    /// One row for each combination; default: by day.
    #[serde(default)]
    by: Option<Vec<By>>,
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default)]
    api_key_id: Option<KeyId>,
    #[serde(default)]
    client_key_id: Option<ClientKeyId>,
    /// As sent.
    #[serde(default)]
    model: Option<String>,
    /// Where days begin, in minutes east of UTC.
    #[serde(default)]
    offset_minutes: Option<i32>,
    /// Which rows come first; default: the oldest.
    #[serde(default)]
    order: Option<Order>,
    /// 1 to 10000, else 1000.
    #[serde(default)]
    limit: Option<u32>,
}

/// What was used.
#[derive(Serialize, JsonSchema)]
struct UsageStatistics {
    /// Of all rows, also of those beyond the limit.
    total: Figures,
    rows: Vec<Figures>,
    /// There are more rows than the limit allows.
    more: bool,
}

/// Which requests are measured.
#[derive(Deserialize, JsonSchema)]
struct WaitsAsk {
    /// Default: a day ago.
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    /// One row for each; default: hour.
    #[serde(default)]
    step: Option<Step>,
    /// Where hours and days begin, in minutes east of UTC.
    #[serde(default)]
    offset_minutes: Option<i32>,
    /// The account of the last try.
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default)]
    client_key_id: Option<ClientKeyId>,
    /// As sent.
    #[serde(default)]
    model: Option<String>,
}

/// How long requests of the log took that went well, oldest first; times without any are left out.
#[derive(Serialize, JsonSchema)]
struct WaitStatistics {
    rows: Vec<Waits>,
    /// All were measured; else only the newest 100,000.
    complete: bool,
}

/// Of one hour or day.
#[derive(Serialize, JsonSchema)]
struct Waits {
    /// None where all are taken together.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// To the end.
    latency: Percentiles,
    /// To the first content of a stream.
    first_token: Percentiles,
}

/// So many of 100 took at most so long.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WaitPercentiles")]
struct Percentiles {
    /// How many were measured.
    requests: u64,
    p50_ms: u64,
    p95_ms: u64,
    p99_ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct WeekAsk {
    /// Default: 28 days ago.
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    /// Of the time zone, in minutes east of UTC.
    #[serde(default)]
    offset_minutes: Option<i32>,
}

/// What was used by the hours of the week; hours in which nothing was are left out.
#[derive(Serialize, JsonSchema)]
struct WeekStatistics {
    hours: Vec<WeekHour>,
}

/// An hour of a day of the week.
#[derive(Serialize, JsonSchema)]
struct WeekHour {
    /// 0 is Sunday.
    weekday: u8,
    /// 0 to 23.
    hour: u8,
    requests: u64,
    /// Of all kinds.
    tokens: u64,
    /// In dollars.
    cost: f64,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("usage_statistics", |context, it: UsageAsk| async move {
        usage(context.app().await?, it).await
    })?;
    table.add("wait_statistics", |context, it: WaitsAsk| async move {
        waits(context.app().await?, it).await
    })?;
    table.add("week_statistics", |context, it: WeekAsk| async move {
        week(context.app().await?, it).await
    })
}

async fn usage(app: &App, it: UsageAsk) -> Result<UsageStatistics> {
    let limit = it.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", "expected 1 to 10000"));
    }
    let by = it.by.unwrap_or_else(|| vec![By::Day]);
    let range = Range::read(app, it.since.as_deref(), it.until.as_deref(), 7 * DAY)?;
    if by.contains(&By::Hour) {
        range.of_steps(HOUR)?;
    } else if by.contains(&By::Day) {
        range.of_steps(DAY)?;
    }
    let filter = UsageFilter {
        from: Some(range.from),
        until: range.until,
        account_id: it.credential_id,
        key_id: it.api_key_id,
        client_key_id: it.client_key_id,
        model: it.model,
        outcome: None,
        by: by.iter().map(|it| it.stored()).chain([UsageBy::Outcome]).collect(),
        offset_minutes: offset(it.offset_minutes)?,
        limit: Some(MOST_SUMS),
    };
    let sums = app.store.usage(filter).await?;
    if sums.len() >= count(MOST_SUMS) {
        let message = "this tells too much apart: ask for less, or for a shorter time";
        return Err(Error::invalid("by", message));
    }
    let mut total = Counted::default();
    let mut rows: Vec<Counted> = Vec::new();
    let mut places: HashMap<Told, usize> = HashMap::new();
    for sum in sums {
        total.add(&sum);
        let told = Told::of(&sum);
        let place = *places.entry(told.clone()).or_insert_with(|| {
            rows.push(Counted::of(told));
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(place) {
            row.add(&sum);
        }
    }
    sort(&mut rows, it.order.unwrap_or_default());
    let more = rows.len() > count(limit);
    rows.truncate(count(limit));
    let rows = rows.into_iter().map(Figures::from).collect();
    Ok(UsageStatistics { total: total.into(), rows, more })
}

async fn waits(app: &App, it: WaitsAsk) -> Result<WaitStatistics> {
    let step = it.step.unwrap_or(Step::Hour);
    let range = Range::read(app, it.since.as_deref(), it.until.as_deref(), DAY)?;
    match step {
        Step::Hour => range.of_steps(HOUR)?,
        Step::Day => range.of_steps(DAY)?,
        Step::Whole => {}
    }
    let span = Span {
        from: Some(range.from),
        until: range.until,
        account_id: it.credential_id,
        client_key_id: it.client_key_id,
        model: it.model,
    };
    let found = app.store.waits(span, step, offset(it.offset_minutes)?).await?;
    let n: u64 = found.iter().map(|it| it.latency.n).sum();
    let rows = found.into_iter().map(|it| Waits {
        start: (step != Step::Whole).then(|| it.start.to_rfc3339()),
        latency: it.latency.into(),
        first_token: it.first_token.into(),
    });
    Ok(WaitStatistics { rows: rows.collect(), complete: n < u64::from(MEASURED) })
}

async fn week(app: &App, it: WeekAsk) -> Result<WeekStatistics> {
    let range = Range::read(app, it.since.as_deref(), it.until.as_deref(), 28 * DAY)?;
    let until = range.until.unwrap_or(Timestamp(i64::MAX));
    let found = app.store.by_week_hour(range.from, until, offset(it.offset_minutes)?).await?;
    let hours = found.into_iter().map(|it| WeekHour {
        weekday: it.weekday,
        hour: it.hour,
        requests: it.requests,
        tokens: it.tokens,
        cost: dollars(it.cost),
    });
    Ok(WeekStatistics { hours: hours.collect() })
}

/// From when until when.
struct Range {
    from: Timestamp,
    until: Option<Timestamp>,
    now: Timestamp,
}

// === impl Range ===

impl Range {
    fn read(app: &App, since: Option<&str>, until: Option<&str>, usual: Duration) -> Result<Self> {
        let now = app.clock.now();
        let until = moment("until", until)?;
        let from = moment("since", since)?;
        let from = from.unwrap_or_else(|| until.unwrap_or(now).minus(usual));
        if until.is_some_and(|it| it <= from) {
            return Err(Error::invalid("until", "expected a time after since"));
        }
        Ok(Self { from, until, now })
    }

    /// Not more steps than an answer may have.
    fn of_steps(&self, step: Duration) -> Result<()> {
        let span = self.until.unwrap_or(self.now).since(self.from);
        if span > step * MOST_STEPS {
            return Err(Error::invalid(
                "since",
                "expected at most 2400 hours or days before until",
            ));
        }
        Ok(())
    }
}

impl From<store::Percentiles> for Percentiles {
    fn from(it: store::Percentiles) -> Self {
        Self { requests: it.n, p50_ms: it.p50, p95_ms: it.p95, p99_ms: it.p99 }
    }
}

fn offset(minutes: Option<i32>) -> Result<i32> {
    let minutes = minutes.unwrap_or(0);
    if !(-MOST_OFFSET..=MOST_OFFSET).contains(&minutes) {
        return Err(Error::invalid("offset_minutes", "expected -1440 to 1440"));
    }
    Ok(minutes)
}

fn count(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

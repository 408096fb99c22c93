//! `usage`: what was used, summed up.
//!
//! Owns: the arguments, spans of time such as `24h`, the sums by one column.
//! Must not know: where usage is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::failure::{Failure, Result};
use super::names::{self, text};
use super::page::Table;
use super::session::{Answer, Session};
use crate::clock::Timestamp;

/// Requests and tokens by model, account, client key, hour, day or outcome
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli usage
  droid-provider-cli usage --since 7d --by day
  droid-provider-cli usage --since 2026-11-01T00:00:00Z --by account --json")]
pub(crate) struct Usage {
    /// From when on: a time, or how far back: 24h, 7d, 4w
    #[arg(long, default_value = "24h", value_name = "TIME")]
    since: String,
    /// Until when: a time, or how far back; now if left out
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Only this model
    #[arg(long)]
    model: Option<String>,
    /// What a row stands for
    #[arg(long, value_enum, default_value_t = By::Model)]
    by: By,
}

/// What rows are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Model,
    Account,
    ClientKey,
    Hour,
    Day,
    Outcome,
}

/// What is summed of each row.
const SUMS: [&str; 7] = [
    "requests",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
];

// === impl By ===

impl By {
    /// The heads of the table, the first one for what a row stands for.
    const fn heads(self) -> &'static [&'static str] {
        macro_rules! heads {
            ($first:literal) => {
                &[$first, ">REQUESTS", ">INPUT", ">OUTPUT", ">CACHE READ", ">CACHE WRITE"]
            };
        }
        match self {
            Self::Model => heads!("MODEL"),
            Self::Account => heads!("ACCOUNT"),
            Self::ClientKey => heads!("CLIENT KEY"),
            Self::Hour => heads!("HOUR"),
            Self::Day => heads!("DAY"),
            Self::Outcome => heads!("OUTCOME"),
        }
    }
}

// === impl Usage ===

impl Usage {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let now = session.now();
        let mut params = json!({ "since": moment("--since", &self.since, now)? });
        if let Some(until) = &self.until {
            params["until"] = json!(moment("--until", until, now)?);
        }
        if let Some(account) = &self.account {
            params["credential_id"] = json!(names::account_id(session, account).await?);
        }
        if let Some(model) = &self.model {
            params["model"] = json!(model);
        }
        let answer = session.call("get_usage", params).await?;
        let named = match self.by {
            By::Account => names::accounts(session).await?,
            By::ClientKey => names::client_keys(session).await?,
            By::Model | By::Hour | By::Day | By::Outcome => Vec::new(),
        };
        let labels: BTreeMap<String, String> =
            named.iter().map(|it| (text(&it["id"]), text(&it["name"]))).collect();
        let mut page = session.page();
        let rows = summed(&answer["rows"], self.by);
        if rows.is_empty() {
            page.line("Nothing was used in that time.");
            return Ok(Answer::new(answer, page));
        }
        let mut table = Table::new(self.by.heads());
        let total = ("all".to_owned(), sums(std::iter::once(&answer["total"])));
        for (label, sums) in rows.iter().chain(std::iter::once(&total)) {
            let label = labels.get(label).unwrap_or(label).clone();
            let numbers = [sums[0], sums[1], sums[2], sums[3], sums[4] + sums[5]];
            let numbers = numbers.iter().map(|it| it.to_string().into());
            table.row(std::iter::once(label.into()).chain(numbers));
        }
        page.table(&table);
        Ok(Answer::new(answer, page))
    }
}

/// Rows of one label each, in the order of labels.
fn summed(rows: &Value, by: By) -> Vec<(String, [u64; SUMS.len()])> {
    let mut by_label: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in rows.as_array().into_iter().flatten() {
        let label = match by {
            By::Model => text(&row["model"]),
            By::Account => text(&row["credential_id"]),
            By::ClientKey => text(&row["client_key_id"]),
            By::Hour => text(&row["hour"]).chars().take(13).collect::<String>() + ":00Z",
            By::Day => text(&row["hour"]).chars().take(10).collect(),
            By::Outcome => text(&row["outcome"]),
        };
        let label = if label.is_empty() { "(none)".to_owned() } else { label };
        by_label.entry(label).or_default().push(row);
    }
    by_label.into_iter().map(|(label, rows)| (label, sums(rows.into_iter()))).collect()
}

fn sums<'a>(rows: impl Iterator<Item = &'a Value>) -> [u64; SUMS.len()] {
    let mut sums = [0_u64; SUMS.len()];
    for row in rows {
        for (sum, field) in sums.iter_mut().zip(SUMS) {
            *sum = sum.saturating_add(row[field].as_u64().unwrap_or(0));
        }
    }
    sums
}

/// A time as RFC 3339: as given, or that far back.
fn moment(option: &str, given: &str, now: Timestamp) -> Result<String> {
    if let Some(time) = Timestamp::from_rfc3339(given) {
        return Ok(time.to_rfc3339());
    }
    let seconds = [("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];
    let back = seconds.iter().find_map(|(unit, seconds)| {
        let n: u64 = given.strip_suffix(unit)?.parse().ok()?;
        n.checked_mul(*seconds)
    });
    let back = back.ok_or_else(|| {
        Failure::usage(format!("{option}: expected 24h, 7d or a time such as 2026-11-21T00:00:00Z"))
    })?;
    Ok(now.minus(Duration::from_secs(back)).to_rfc3339())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = Timestamp::from_rfc3339("2026-11-24T12:00:00Z").unwrap();
        for (given, wanted) in [
            ("24h", "2026-11-23T12:00:00.000Z"),
            ("7d", "2026-11-17T12:00:00.000Z"),
            ("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00.000Z"),
        ] {
            assert_eq!(moment("--since", given, now).unwrap(), wanted);
        }
        for wrong in ["", "h", "-1h", "yesterday", "99999999999999999999w"] {
            assert_eq!(moment("--since", wrong, now).unwrap_err().kind, "usage", "{wrong}");
        }
    }

    #[test]
    fn rows_are_summed_by_what_was_asked() {
        let rows = json!([
            { "model": "a", "hour": "2026-11-24T10:00:00.000Z", "requests": 1, "input_tokens": 5 },
            { "model": "b", "hour": "2026-11-24T11:00:00.000Z", "requests": 2, "input_tokens": 7 },
            { "model": "a", "hour": "2026-11-23T11:00:00.000Z", "requests": 4 },
        ]);
        let labels = |by| -> Vec<(String, u64)> {
            summed(&rows, by).into_iter().map(|(label, sums)| (label, sums[0])).collect()
        };
        assert_eq!(labels(By::Model), [("a".to_owned(), 5), ("b".to_owned(), 2)]);
        assert_eq!(labels(By::Day), [("2026-11-23".to_owned(), 4), ("2026-11-24".to_owned(), 3)]);
        assert_eq!(labels(By::Account), [("(none)".to_owned(), 7)]);
    }
}

//! The rows of `usage_statistics`: what usage is told apart by, added up, put in order.
//!
//! Owns: one row as it is counted and as it is answered; what counts as a failure of an account.
//! Must not know: how usage is stored, which rows are asked for.

use std::collections::BTreeMap;

use droid_protocol::event::Usage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::methods::client_keys::dollars;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ClientKeyId, KeyId};
use crate::store::{UsageBy, UsageTotal};

/// What usage is told apart by.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StatisticsBy")]
pub(super) enum By {
    Hour,
    Day,
    Credential,
    ApiKey,
    ClientKey,
    Model,
}

/// Which rows come first.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StatisticsOrder")]
pub(super) enum Order {
    /// The oldest.
    #[default]
    Time,
    /// Those with the most requests.
    Requests,
    /// Those with the most tokens.
    Tokens,
    /// The dearest.
    Cost,
    /// Those that succeed most often; of these, those with the most requests.
    SuccessRate,
}

/// One row; what it is not told apart by is left out.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "UsageFigures")]
pub(super) struct Figures {
    /// Start of the hour or day.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_id: Option<AccountId>,
    /// None also where no key of a pool was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<KeyId>,
    /// None also where no client key was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_key_id: Option<ClientKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Tries at an account: one that failed counts, and so does the next one's.
    requests: u64,
    /// Those that went well.
    ok: u64,
    /// Those whose client left before the end.
    client_closed: u64,
    /// Those that failed, by class: request, model, credential, quota, rate, transient, truncated.
    errors: BTreeMap<String, u64>,
    /// From 0 to 1. A request that was wrong itself, and one whose client left, say nothing; none
    /// where there is no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    success_rate: Option<f64>,
    #[serde(flatten)]
    usage: Usage,
    /// Of all kinds.
    tokens: u64,
    /// In dollars, by the prices that were configured then.
    cost: f64,
    /// The mean; none where there is no request.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// The mean, of streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<u64>,
}

/// What one row is of.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Told {
    start: Option<Timestamp>,
    account: Option<AccountId>,
    key: Option<KeyId>,
    client_key: Option<ClientKeyId>,
    model: Option<String>,
}

/// A row that is being added up.
#[derive(Default)]
pub(super) struct Counted {
    told: Told,
    ok: u64,
    client_closed: u64,
    errors: BTreeMap<String, u64>,
    sum: UsageTotal,
}

// === impl By ===

impl By {
    pub(super) const fn stored(self) -> UsageBy {
        match self {
            Self::Hour => UsageBy::Hour,
            Self::Day => UsageBy::Day,
            Self::Credential => UsageBy::Account,
            Self::ApiKey => UsageBy::Key,
            Self::ClientKey => UsageBy::ClientKey,
            Self::Model => UsageBy::Model,
        }
    }
}

// === impl Told ===

impl Told {
    pub(super) fn of(sum: &UsageTotal) -> Self {
        Self {
            start: sum.start,
            account: sum.account_id.clone(),
            key: sum.key_id.clone(),
            client_key: sum.client_key_id.clone(),
            model: sum.model.clone(),
        }
    }
}

// === impl Counted ===

impl Counted {
    /// Nothing yet.
    pub(super) fn of(told: Told) -> Self {
        Self { told, ..Self::default() }
    }

    pub(super) fn add(&mut self, one: &UsageTotal) {
        match one.outcome.as_deref().unwrap_or_default() {
            "ok" => self.ok += one.requests,
            "client_closed" => self.client_closed += one.requests,
            word => {
                let class = word.strip_prefix("error:").unwrap_or(word);
                *self.errors.entry(class.to_owned()).or_default() += one.requests;
            }
        }
        let sum = &mut self.sum;
        sum.usage.add(&one.usage);
        for (sum, one) in [
            (&mut sum.requests, one.requests),
            (&mut sum.cost, one.cost),
            (&mut sum.latency_ms, one.latency_ms),
            (&mut sum.first_token_ms, one.first_token_ms),
            (&mut sum.first_tokens, one.first_tokens),
        ] {
            *sum = sum.saturating_add(one);
        }
    }

    fn success_rate(&self) -> Option<f64> {
        let failed = |(class, n): (&String, &u64)| if class == "request" { 0 } else { *n };
        let failed: u64 = self.errors.iter().map(failed).sum();
        (self.ok + failed > 0).then(|| self.ok as f64 / (self.ok + failed) as f64)
    }
}

impl From<Counted> for Figures {
    fn from(it: Counted) -> Self {
        let mean = |sum: u64, n: u64| sum.checked_div(n);
        Self {
            success_rate: it.success_rate(),
            start: it.told.start.map(Timestamp::to_rfc3339),
            credential_id: it.told.account,
            api_key_id: it.told.key,
            client_key_id: it.told.client_key,
            model: it.told.model,
            requests: it.sum.requests,
            ok: it.ok,
            client_closed: it.client_closed,
            errors: it.errors,
            usage: it.sum.usage,
            tokens: it.sum.usage.total(),
            cost: dollars(it.sum.cost),
            latency_ms: mean(it.sum.latency_ms, it.sum.requests),
            first_token_ms: mean(it.sum.first_token_ms, it.sum.first_tokens),
        }
    }
}

/// Rows come in the order of time; equals stay in it.
pub(super) fn sort(rows: &mut [Counted], order: Order) {
    match order {
        Order::Time => {}
        Order::Requests => rows.sort_by_key(|it| std::cmp::Reverse(it.sum.requests)),
        Order::Tokens => rows.sort_by_key(|it| std::cmp::Reverse(it.sum.usage.total())),
        Order::Cost => rows.sort_by_key(|it| std::cmp::Reverse(it.sum.cost)),
        Order::SuccessRate => rows.sort_by(|a, b| {
            let rate = |it: &Counted| it.success_rate().unwrap_or(-1.0);
            rate(b).total_cmp(&rate(a)).then(b.sum.requests.cmp(&a.sum.requests))
        }),
    }
}

//! `acquire_credential`, `release_credential`, `explain_selection`, `get_usage`.
//!
//! Owns: the params and results of these methods, the host's forms of a result among them.
//! Must not know: how an account is picked.

use std::collections::HashMap;
use std::time::Duration;

use droid_protocol::dialect::Endpoint;
use droid_protocol::event::Usage;
use droid_protocol::fault::Fault;
use droid_protocol::session::SessionKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client_keys::dollars;
use super::{Empty, None_, Registered, Table};
use crate::api::params::{moment, or_default};
use crate::app::App;
use crate::broker::{Loan, Outcome, Report, Wanted};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ClientKeyId, GroupId, KeyId, LeaseId};
use crate::models;
use crate::outbound::Headers;
use crate::pool::Binding;
use crate::pool::account::Kind;
use crate::pool::explain::Considered;
use crate::store::{UsageBy, UsageFilter, UsageTotal};

#[derive(Deserialize, JsonSchema)]
struct Acquire {
    model: String,
    #[serde(default)]
    endpoint_type: Option<Endpoint>,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    client_key_id: Option<String>,
    #[serde(default)]
    group: Option<GroupId>,
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default, deserialize_with = "or_default")]
    exclude: Vec<AccountId>,
    #[serde(default, deserialize_with = "or_default")]
    explain: bool,
}

/// An account on loan, as the host reads it (host contract).
#[derive(Serialize, JsonSchema)]
struct Acquired {
    id: AccountId,
    name: String,
    auth_type: Kind,
    base_url: String,
    headers: Headers,
    metadata: Metadata,
}

/// Where the request goes, and what gives the account back.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AcquiredMetadata")]
struct Metadata {
    endpoint_type: Endpoint,
    api_provider: String,
    model: String,
    lease_id: LeaseId,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Selection>,
}

/// What a request would be offered.
#[derive(Serialize, JsonSchema)]
struct Selection {
    model: String,
    endpoint_type: Endpoint,
    /// In the order they are considered.
    accounts: Vec<Considered>,
}

#[derive(Deserialize, JsonSchema)]
struct Release {
    credential_id: AccountId,
    result: HostResult,
    #[serde(default)]
    lease_id: Option<LeaseId>,
    #[serde(default)]
    api_key_id: Option<KeyId>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default, deserialize_with = "or_default")]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    model: Option<String>,
}

/// The host's `UsageResult` (host contract), in its own case and in lower case.
#[derive(Deserialize, JsonSchema)]
enum HostResult {
    #[serde(alias = "success")]
    Success {
        #[serde(default)]
        latency_ms: Option<u64>,
        #[serde(default)]
        input_tokens: Option<u64>,
        #[serde(default)]
        output_tokens: Option<u64>,
    },
    #[serde(alias = "error")]
    Error {
        #[serde(default, deserialize_with = "or_default")]
        error_type: String,
        #[serde(default, deserialize_with = "or_default")]
        message: String,
        /// Said by the host, but what a fault does is decided by the fault.
        #[serde(default, rename = "mark_unhealthy")]
        _mark_unhealthy: Option<bool>,
        #[serde(default)]
        cooldown_seconds: Option<f64>,
    },
}

#[derive(Deserialize, JsonSchema)]
struct UsageAsk {
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Forget {
    /// Default: the configured retention.
    #[serde(default)]
    days: Option<u32>,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("acquire_credential", |context, it: Acquire| async move {
        acquire(context.app().await?, it).await
    })?;
    table.add("release_credential", |context, it: Release| async move {
        let app = context.app().await?;
        let report = report(it, &app.config.get(), app.clock.now());
        app.broker.release(report).await?;
        Ok(Empty {})
    })?;
    table.add("explain_selection", |context, it: Acquire| async move {
        explain(context.app().await?, &it).await
    })?;
    table.add("usage_summary", |context, _: None_| async move {
        summary(context.app().await?).await
    })?;
    table.add("store_usage", |context, _: None_| async move {
        context.app().await?.store.flush().await?;
        Ok(Empty {})
    })?;
    table.add("forget_usage", |context, it: Forget| async move {
        forget(context.app().await?, it.days).await
    })?;
    table.add(
        "get_usage",
        |context, it: UsageAsk| async move { usage(context.app().await?, it).await },
    )
}

async fn acquire(app: &App, it: Acquire) -> Result<Acquired> {
    let explain = if it.explain { Some(explain(app, &it).await?) } else { None };
    let lent = app.broker.acquire(wanted(&it)?).await?;
    Ok(Acquired {
        id: lent.account.id,
        name: lent.account.name,
        auth_type: lent.account.kind,
        base_url: lent.url,
        headers: lent.headers,
        metadata: Metadata {
            endpoint_type: lent.route.endpoint,
            api_provider: lent.route.provider,
            model: lent.route.model,
            lease_id: lent.lease_id,
            api_key_id: lent.key_id,
            expires_at: lent.expires_at.map(Timestamp::to_rfc3339),
            explain,
        },
    })
}

async fn explain(app: &App, it: &Acquire) -> Result<Selection> {
    let (route, explanation) = app.broker.explain(wanted(it)?).await?;
    Ok(Selection {
        model: route.model,
        endpoint_type: route.endpoint,
        accounts: explanation.accounts,
    })
}

fn wanted(it: &Acquire) -> Result<Wanted<'_>> {
    if it.model.trim().is_empty() {
        return Err(Error::invalid("model", "expected a model's name"));
    }
    let binding = match (&it.credential_id, &it.group) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("group", "expected group or credential_id, not both"));
        }
        (Some(id), None) => Binding::Account { id: id.clone(), fallback: false },
        (None, Some(id)) => Binding::Group { id: id.clone(), fallback: false },
        (None, None) => Binding::Any,
    };
    Ok(Wanted {
        model: &it.model,
        endpoint: it.endpoint_type,
        session: it.session_id.as_deref().and_then(SessionKey::from_id),
        client_key_id: it.client_key_id.as_deref(),
        binding,
        exclude: it.exclude.clone(),
        exclude_keys: Vec::new(),
        free: false,
    })
}

fn report(it: Release, config: &Config, now: Timestamp) -> Report {
    let (outcome, told, latency_ms) = outcome(&it, now);
    Report {
        account_id: it.credential_id,
        key_id: it.api_key_id,
        loan: it.lease_id.map_or(Loan::Unsaid, Loan::Known),
        model: it.model.map(|it| models::route(config, &it).model),
        outcome,
        usage: it.usage.unwrap_or(told),
        latency: latency_ms.map(Duration::from_millis),
        first_token: None,
        behind: false,
    }
}

/// Upstream's own words decide where they are given; the host's summary of them else.
fn outcome(it: &Release, now: Timestamp) -> (Outcome, Usage, Option<u64>) {
    match &it.result {
        HostResult::Success { latency_ms, input_tokens, output_tokens } => {
            let usage = Usage {
                input_tokens: input_tokens.unwrap_or(0),
                output_tokens: output_tokens.unwrap_or(0),
                ..Usage::default()
            };
            (Outcome::Success, usage, *latency_ms)
        }
        HostResult::Error { error_type, message, cooldown_seconds, .. } => {
            let fault = match it.status {
                Some(status) if Fault::is_one(status) => {
                    let header = |name: &str| {
                        let found =
                            it.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.as_str())
                    };
                    let body = it.body.as_deref().unwrap_or(message);
                    Fault::from_response(status, header, body.as_bytes(), now.0)
                }
                _ => Fault::from_host(error_type, message, it.status, *cooldown_seconds),
            };
            (Outcome::Fault(fault), Usage::default(), None)
        }
    }
}

/// What was used, in a few numbers (seed S3).
#[derive(Serialize, JsonSchema)]
struct UsageSummary {
    /// Ever, as far as it is kept.
    total: UsageView,
    /// Since midnight, UTC.
    today: UsageView,
    /// Of today's requests, by how they ended.
    outcomes: Vec<UsageView>,
    /// Days that usage is kept.
    retention_days: u32,
}

async fn summary(app: &App) -> Result<UsageSummary> {
    let now = app.clock.now();
    let today = Timestamp(now.0 - now.0.rem_euclid(24 * 3_600_000));
    let sum = async |from: Option<Timestamp>, by: Vec<UsageBy>| {
        app.store.usage(UsageFilter { from, by, ..UsageFilter::default() }).await
    };
    let one = |sums: Vec<UsageTotal>| UsageView::new(sums.into_iter().next().unwrap_or_default());
    Ok(UsageSummary {
        total: one(sum(None, Vec::new()).await?),
        today: one(sum(Some(today), Vec::new()).await?),
        outcomes: sum(Some(today), vec![UsageBy::Outcome])
            .await?
            .into_iter()
            .map(UsageView::new)
            .collect(),
        retention_days: app.config.get().usage.retention_days,
    })
}

/// What was forgotten.
#[derive(Serialize, JsonSchema)]
struct UsageForgotten {
    /// Rows of an hour, account and model.
    removed: usize,
}

async fn forget(app: &App, days: Option<u32>) -> Result<UsageForgotten> {
    let kept = app.config.get().usage.retention_days;
    let days = days.unwrap_or(kept);
    if days == 0 {
        return Err(Error::invalid("days", "expected 1 or more"));
    }
    let age = Duration::from_secs(u64::from(days) * 24 * 3600);
    let removed = app.store.sweep_usage(app.clock.now().minus(age)).await?;
    Ok(UsageForgotten { removed })
}

async fn usage(app: &App, it: UsageAsk) -> Result<UsageReport> {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let since = moment("since", it.since.as_deref())?;
    let filter = UsageFilter {
        from: Some(since.unwrap_or_else(|| app.clock.now().minus(DAY))),
        until: moment("until", it.until.as_deref())?,
        account_id: it.credential_id,
        model: it.model,
        ..UsageFilter::default()
    };
    let total = app.store.usage(filter.clone()).await?.into_iter().next().unwrap_or_default();
    let by = vec![
        UsageBy::Hour,
        UsageBy::Account,
        UsageBy::Key,
        UsageBy::ClientKey,
        UsageBy::Model,
        UsageBy::Outcome,
    ];
    let rows = app.store.usage(UsageFilter { by, ..filter }).await?;
    let rows = rows.into_iter().map(UsageView::new).collect();
    Ok(UsageReport { total: UsageView::new(total), rows })
}

/// Usage, added up and told apart.
#[derive(Serialize, JsonSchema)]
struct UsageReport {
    total: UsageView,
    rows: Vec<UsageView>,
}

/// A sum of usage; what it is not told apart by is left out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UsageRow")]
struct UsageView {
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_key_id: Option<ClientKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    requests: u64,
    #[serde(flatten)]
    usage: Usage,
    /// In dollars, by the prices that were configured then.
    cost: f64,
    /// The sum of all.
    latency_ms: u64,
    /// The sum of the times to the first token...
    first_token_ms: u64,
    /// ...and of how many requests it is known.
    first_tokens: u64,
}

// === impl UsageView ===

impl UsageView {
    fn new(total: UsageTotal) -> Self {
        Self {
            hour: total.start.map(Timestamp::to_rfc3339),
            credential_id: total.account_id,
            api_key_id: total.key_id,
            client_key_id: total.client_key_id,
            model: total.model,
            outcome: total.outcome,
            requests: total.requests,
            usage: total.usage,
            cost: dollars(total.cost),
            latency_ms: total.latency_ms,
            first_token_ms: total.first_token_ms,
            first_tokens: total.first_tokens,
        }
    }
}

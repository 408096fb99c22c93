//! `list_requests`, `get_request`: the log of requests, never their contents.
//!
//! Owns: the params and results of these methods; how a page of the log names the next one.
//! Must not know: how requests are stored, what was in them.

use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::event::Usage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client_keys::dollars;
use super::{Registered, Table};
use crate::api::params::moment;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ClientKeyId, KeyId};
use crate::store::{AttemptRow, RequestFilter, RequestRow};

/// Requests answered when no limit is given.
const USUAL: u32 = 100;
/// The most at once.
const MOST: u32 = 1000;

/// Which requests; what is left out is all.
#[derive(Deserialize, JsonSchema)]
struct List {
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    client_key_id: Option<ClientKeyId>,
    /// The account of the last try.
    #[serde(default)]
    credential_id: Option<AccountId>,
    /// The key of the last try.
    #[serde(default)]
    api_key_id: Option<KeyId>,
    /// As asked or as sent.
    #[serde(default)]
    model: Option<String>,
    /// Whole, or its first part: `error` is every `error:...`.
    #[serde(default)]
    outcome: Option<String>,
    /// One conversation.
    #[serde(default)]
    session: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    before: Option<String>,
    /// 1 to 1000, else 100.
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    request_id: String,
}

/// A page of the log, newest first.
#[derive(Serialize, JsonSchema)]
struct RequestPage {
    requests: Vec<RequestView>,
    /// Where the next page begins; none when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A request that ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LoggedRequest")]
struct RequestView {
    /// As the client was told.
    id: String,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_key_id: Option<ClientKeyId>,
    /// What the client speaks.
    client: Dialect,
    /// Where it went; none if it was refused before.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<Endpoint>,
    model_asked: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_sent: Option<String>,
    stream: bool,
    /// Which conversation it belongs to, hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// Every try, in order.
    attempts: Vec<Attempt>,
    /// Why accounts were passed over, when none could be had.
    skipped: Vec<Skipped>,
    /// What the client got.
    status: u16,
    /// `ok`, `error:<class>`, `truncated` or `client_closed`.
    outcome: String,
    usage: Usage,
    /// In dollars.
    cost: f64,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_request_id: Option<String>,
}

/// One try of a request.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LoggedAttempt")]
struct Attempt {
    /// None for a key the client gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<KeyId>,
    /// Upstream's; none where there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Of the fault; none for the try that was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    latency_ms: u64,
}

/// How many accounts were passed over for one reason.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LoggedSkip")]
struct Skipped {
    reason: String,
    accounts: u64,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("list_requests", |context, it: List| async move {
        list(context.app().await?, it).await
    })?;
    table.add("get_request", |context, it: ById| async move {
        let app = context.app().await?;
        Ok(RequestView::from(app.store.request(&it.request_id).await?))
    })
}

async fn list(app: &App, it: List) -> Result<RequestPage> {
    let limit = it.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", "expected 1 to 1000"));
    }
    let filter = RequestFilter {
        from: moment("since", it.since.as_deref())?,
        until: moment("until", it.until.as_deref())?,
        client_key_id: it.client_key_id,
        account_id: it.credential_id,
        key_id: it.api_key_id,
        model: it.model,
        outcome: it.outcome,
        session: it.session,
        before: it.before.as_deref().map(read_place).transpose()?,
    };
    // One more than is shown tells whether there is a next page.
    let mut rows = app.store.requests(filter, limit + 1).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(place);
    Ok(RequestPage { requests: rows.into_iter().map(RequestView::from).collect(), next })
}

/// A request's place in the log.
fn place(row: &RequestRow) -> String {
    format!("{}_{}", row.started_at.0, row.id)
}

fn read_place(text: &str) -> Result<(Timestamp, String)> {
    let read = text.split_once('_').and_then(|(at, id)| Some((at.parse().ok()?, id)));
    let (at, id) = read.ok_or_else(|| Error::invalid("before", "expected `next` of a page"))?;
    Ok((Timestamp(at), id.to_owned()))
}

impl From<RequestRow> for RequestView {
    fn from(row: RequestRow) -> Self {
        let skipped = row.skipped.into_iter();
        Self {
            id: row.id,
            started_at: row.started_at.to_rfc3339(),
            client_key_id: row.client_key_id,
            client: row.client,
            endpoint: row.endpoint,
            model_asked: row.model_asked,
            model_sent: row.model_sent,
            stream: row.stream,
            session: row.session,
            attempts: row.attempts.into_iter().map(Attempt::from).collect(),
            skipped: skipped.map(|(reason, accounts)| Skipped { reason, accounts }).collect(),
            status: row.status,
            outcome: row.outcome,
            usage: row.usage,
            cost: dollars(row.cost),
            latency_ms: row.latency_ms,
            first_token_ms: row.first_token_ms,
            upstream_request_id: row.upstream_request_id,
        }
    }
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            credential_id: row.account,
            api_key_id: row.key,
            status: row.status,
            class: row.class,
            latency_ms: row.latency_ms,
        }
    }
}

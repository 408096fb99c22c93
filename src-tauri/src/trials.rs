//! Trials: one small real request through a given account or key.
//!
//! Owns: which model is asked, the order of a trial's steps, what is told of its end, how many go on
//! at once.
//! Must not know: faces, SQL, the rules of the fault table.
//!
//! A trial is a use like any other: its end changes the account's health and is counted, so that a
//! success lifts a pause and a key without budget is banned by it. It only takes no turn and no place
//! of the account, and stands in no client's log.

use std::sync::Arc;
use std::time::Duration;

use droid_protocol::dialect::Endpoint;
use droid_protocol::event::Usage;
use droid_protocol::fault::{Class, Fault, Retry};
use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::broker::{Broker, Lent, Loan, Outcome, Report};
use crate::clock::{Clock, Entropy};
use crate::config::{Config, Live};
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::outbound::Outbound;
use crate::pool::account::{Account, Key, Kind};
use crate::prices;
use crate::probe::{self, Verdict};
use crate::store::Store;
use crate::upstream::Clients;

/// Trials that go on at the same time in a process, whoever asked for them: enough to be quick, few
/// enough not to look like an attack.
const AT_ONCE: usize = 4;

/// What trials are made of.
#[derive(Clone)]
pub struct Parts {
    /// The configuration in force.
    pub config: Live,
    /// Lends accounts.
    pub broker: Broker,
    /// HTTP clients by proxy.
    pub clients: Clients,
    /// The records.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Tries accounts. Clones are the same.
#[derive(Clone)]
pub struct Trials {
    parts: Parts,
    places: Arc<Semaphore>,
}

/// What is tried: a signed-in account, or one key of a pool.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The account.
    pub account: Account,
    /// The key, for a pool.
    pub key: Option<Key>,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tried {
    /// The account.
    pub credential_id: AccountId,
    /// What it is called.
    pub name: String,
    /// The key of a pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<KeyId>,
    /// The end of that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<String>,
    /// The request was answered.
    pub ok: bool,
    /// Upstream's HTTP status; none where it did not answer or was not asked.
    pub status: Option<u16>,
    /// What is wrong: the class of the fault (`request`, `model`, `credential`, `quota`, `rate`,
    /// `transient`), or why upstream was not asked, such as `needs_login`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// For a person, in upstream's words where it said something.
    pub message: String,
    /// What that means, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The model that was asked, as upstream knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The endpoint that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_type: Option<Endpoint>,
    /// From sending it to the end of the answer.
    pub latency_ms: u64,
    /// Tokens that it used; they are counted as any others.
    pub tokens: u64,
}

/// What came of the last try.
struct Ended {
    verdict: Verdict,
    model: String,
    endpoint: Endpoint,
}

// === impl Trials ===

impl Trials {
    /// Nothing is tried yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Tries each, and answers in the order they were given. What keeps one from being tried is told
    /// of that one, and keeps none of the others.
    pub async fn all(&self, subjects: Vec<Subject>, model: Option<&str>) -> Vec<Tried> {
        let trials = stream::iter(subjects).map(async |it| self.one(&it, model).await);
        trials.buffered(AT_ONCE).collect().await
    }

    /// Tries one: with the cheapest model its endpoint serves, if none is named.
    pub async fn one(&self, subject: &Subject, model: Option<&str>) -> Tried {
        // The semaphore is never closed.
        let _place = self.places.acquire().await.ok();
        match self.ended(subject, model).await {
            Ok(ended) => answered(subject, ended),
            Err(error) => unasked(subject, &error),
        }
    }

    async fn ended(&self, subject: &Subject, model: Option<&str>) -> Result<Ended> {
        let config = self.parts.config.get();
        let model = model.or_else(|| cheapest(&config, &subject.account)).ok_or_else(|| {
            Error::invalid("model", "missing: the catalogue is empty, name a model to test with")
        })?;
        // A conversation of its own: nothing upstream connects it with others.
        let session = self.parts.entropy.uuid().to_string();
        let outbound = probe::smallest(&config, model, Some(&session))?;
        let mut last: Option<(String, Verdict)> = None;
        loop {
            let lent = self.lend(subject, &outbound).await?;
            let bearer = lent.headers.get("authorization").unwrap_or_default().to_owned();
            let verdict = match last.take() {
                // The token is the one that was refused: asking again would be another strike.
                Some((refused, verdict)) if refused == bearer => verdict,
                former => {
                    let verdict = self.send(&outbound, lent).await?;
                    let again = verdict.fault.as_ref().is_some_and(|it| {
                        it.retry == Retry::AfterRefresh && subject.account.kind != Kind::ApiKey
                    });
                    if again && former.is_none() {
                        last = Some((bearer, verdict));
                        continue;
                    }
                    verdict
                }
            };
            let (model, endpoint) = (outbound.route.model, outbound.route.endpoint);
            return Ok(Ended { verdict, model, endpoint });
        }
    }

    async fn lend(&self, subject: &Subject, outbound: &Outbound) -> Result<Lent> {
        let (id, key) = (&subject.account.id, subject.key.as_ref().map(|it| &it.id));
        let session = outbound.session.clone();
        self.parts.broker.lend_to_try(id, key, &outbound.asked, session).await
    }

    /// Sends it and tells the broker how it went: when this returns, what that changed is stored.
    async fn send(&self, outbound: &Outbound, lent: Lent) -> Result<Verdict> {
        let id = &lent.account.id;
        let proxy = if lent.account.has_proxy { self.parts.store.proxy(id).await? } else { None };
        let now = self.parts.clock.now().0;
        let headers = outbound.over(lent.headers);
        let client = self.parts.clients.client(proxy.as_ref())?;
        let verdict = probe::send(&client, outbound, &headers, now).await?;
        let outcome = verdict.fault.clone().map_or(Outcome::Success, Outcome::Fault);
        let report = Report {
            account_id: lent.account.id,
            key_id: lent.key_id,
            loan: Loan::Known(lent.lease_id),
            model: None,
            outcome,
            usage: verdict.usage,
            latency: Some(verdict.latency),
            first_token: None,
            behind: false,
        };
        self.parts.broker.release(report).await?;
        Ok(verdict)
    }
}

/// The model an account is tried with: the cheapest of its own endpoint, else of those it serves.
/// Where prices are not known, the first of the catalogue.
#[must_use]
pub fn cheapest<'a>(config: &'a Config, account: &Account) -> Option<&'a str> {
    // About what a trial uses.
    let usage = Usage { input_tokens: 100, output_tokens: 16, ..Usage::default() };
    let rank = |id: &str| match prices::cost(config, id, &usage) {
        0 => u64::MAX,
        cost => cost,
    };
    let serving = config.models.iter().filter(|it| account.serves(it.endpoint));
    serving
        .min_by_key(|it| (it.endpoint != account.endpoint, rank(&it.id)))
        .map(|it| it.id.as_str())
}

fn told(subject: &Subject) -> Tried {
    Tried {
        credential_id: subject.account.id.clone(),
        name: subject.account.name.clone(),
        api_key_id: subject.key.as_ref().map(|it| it.id.clone()),
        tail: subject.key.as_ref().map(|it| it.tail.clone()),
        ok: false,
        status: None,
        class: None,
        message: String::new(),
        hint: None,
        model: None,
        endpoint_type: None,
        latency_ms: 0,
        tokens: 0,
    }
}

fn answered(subject: &Subject, ended: Ended) -> Tried {
    let Ended { verdict, model, endpoint } = ended;
    let fault = verdict.fault.as_ref();
    Tried {
        ok: fault.is_none(),
        status: verdict.status,
        class: fault.map(|it| word(it.class)),
        message: fault.map_or_else(|| "answered".to_owned(), |it| it.message.clone()),
        hint: fault.map(|it| meaning(it, subject).to_owned()),
        model: Some(model),
        endpoint_type: Some(endpoint),
        latency_ms: millis(verdict.latency),
        tokens: verdict.usage.total(),
        ..told(subject)
    }
}

/// Upstream was not asked, or what it said could not be kept.
fn unasked(subject: &Subject, error: &Error) -> Tried {
    let hint = error.hint().map(str::to_owned);
    Tried { class: Some(error.kind()), message: error.to_string(), hint, ..told(subject) }
}

const fn word(class: Class) -> &'static str {
    match class {
        Class::Request => "request",
        Class::Model => "model",
        Class::Credential => "credential",
        Class::Quota => "quota",
        Class::Rate => "rate",
        Class::Transient => "transient",
        Class::Truncated => "truncated",
        Class::ClientClosed => "client_closed",
    }
}

const fn meaning(fault: &Fault, subject: &Subject) -> &'static str {
    match fault.class {
        Class::Request => {
            "the request itself was refused, which says nothing of the account: try another model"
        }
        Class::Model => "the account is accepted, and does not serve this model: try another one",
        Class::Credential if subject.key.is_some() => {
            "the key was not accepted; a few such answers take it out of use"
        }
        Class::Credential => {
            "its token was not accepted, nor was a fresh one: sign in again if that goes on"
        }
        Class::Quota => "no budget is left: it takes no requests until there is, or until a reset",
        Class::Rate => "it is asked too often: it takes no requests until its pause ends",
        Class::Transient => {
            "upstream or the way to it failed, which says little of the account: look at proxy and \
             network, or try again"
        }
        Class::Truncated | Class::ClientClosed => "the answer broke off: try again",
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

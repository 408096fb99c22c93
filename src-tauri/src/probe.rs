//! One small real request, to learn whether a token or key is accepted.
//!
//! Owns: what is asked, and what the answer means for the credential.
//! Must not know: accounts, the pool, who wants to know.

use std::time::Duration;

use bytes::Bytes;
use droid_protocol::decode;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{Event, Usage};
use droid_protocol::fault::{Class, Fault};
use uuid::Uuid;

use crate::config::Config;
use crate::error::Result;
use crate::models;
use crate::outbound::{self, Headers, Inbound, Outbound, Sender};
use crate::secret::Secret;
use crate::upstream::{
    Address, Client, Clients, HeaderMap, Transport, TransportKind, header_map, read_bounded,
};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most of a body that is read: a small question has no longer answer.
const MOST_BODY: usize = 64 * 1024;

/// What upstream said.
#[derive(Debug)]
pub struct Verdict {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// What is wrong, if anything.
    pub fault: Option<Fault>,
    /// What a model counted.
    pub usage: Usage,
    /// How long it took.
    pub latency: Duration,
}

/// How a credential is asked with.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The token or key.
    pub bearer: &'a Secret,
    /// The account's own user agent.
    pub user_agent: Option<&'a str>,
    /// The account's proxy.
    pub proxy: Option<&'a Secret>,
    /// The model to ask; none asks `/api/cli/org`, which costs nothing.
    pub model: Option<&'a str>,
}

// === impl Verdict ===

impl Verdict {
    /// Whether the credential was accepted. A request that was refused for what it says, or for
    /// being too fast, was sent by somebody upstream knows.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.fault
            .as_ref()
            .is_none_or(|it| matches!(it.class, Class::Request | Class::Model | Class::Rate))
    }

    /// For a person.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.fault {
            None => "accepted".to_owned(),
            Some(fault) => fault.message.clone(),
        }
    }
}

/// Asks upstream.
///
/// # Errors
/// When the request cannot be made at all (a bad proxy); what upstream answers is a [`Verdict`].
pub async fn ask(
    config: &Config,
    clients: &Clients,
    probe: Probe<'_>,
    now_ms: i64,
) -> Result<Verdict> {
    let client = clients.client(probe.proxy)?;
    if let Some(model) = probe.model {
        let outbound = smallest(config, model, None)?;
        let sender = Sender { user_agent: probe.user_agent, bearer: Some(probe.bearer) };
        let headers = outbound.headers(config, sender, Uuid::nil());
        return send(&client, &outbound, &headers, now_ms).await;
    }
    let base = config.factory.app_base_url.as_str().trim_end_matches('/').to_owned();
    let request = client
        .http
        .get(format!("{base}/api/cli/org"))
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("user-agent", probe.user_agent.unwrap_or(&config.request.user_agent))
        .header("x-factory-client", "cli")
        .header("authorization", format!("Bearer {}", probe.bearer.expose()));
    let started = tokio::time::Instant::now();
    let asked = async {
        let response = request.send().await;
        let response = response.map_err(|it| Transport::of(it, client.proxied))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // An error whose text does not arrive is still an error of that status.
        let body = read_bounded(response, MOST_BODY, client.proxied).await.unwrap_or_default();
        let fault = Fault::is_one(status).then(|| fault_of(status, &headers, &body, now_ms));
        Ok((status, fault, Usage::default()))
    };
    Ok(verdict(started, asked).await)
}

/// Sends a request of a model and reads all that comes back: what says of itself that it went well
/// must also be an answer.
///
/// # Errors
/// When the request cannot be made at all; what upstream answers is a [`Verdict`].
pub async fn send(
    client: &Client,
    outbound: &Outbound,
    headers: &Headers,
    now_ms: i64,
) -> Result<Verdict> {
    let to = Address::parse(&outbound.url)?;
    let headers = header_map(headers.iter())?;
    let started = tokio::time::Instant::now();
    let asked = async {
        let mut reply = client.post(to, headers, outbound.body.as_ref()).await?;
        let body = reply.body.read(MOST_BODY).await;
        if Fault::is_one(reply.status) {
            // An error whose text does not arrive is still an error of that status.
            let fault = fault_of(reply.status, &reply.headers, &body.unwrap_or_default(), now_ms);
            return Ok((reply.status, Some(fault), Usage::default()));
        }
        let (fault, usage) = read(outbound.reading.upstream, &body?);
        Ok((reply.status, fault, usage))
    };
    Ok(verdict(started, asked).await)
}

/// Waits for an answer, as long as one may take.
async fn verdict(
    started: tokio::time::Instant,
    asked: impl Future<Output = Result<(u16, Option<Fault>, Usage), Transport>>,
) -> Verdict {
    let answer = tokio::time::timeout(TIMEOUT, asked).await;
    let latency = started.elapsed();
    let (status, fault, usage) = match answer {
        Ok(Ok((status, fault, usage))) => (Some(status), fault, usage),
        Ok(Err(error)) => (None, Some(error.to_fault()), Usage::default()),
        Err(_) => {
            let fault = Fault::transport(TransportKind::Timeout, "no answer in 30 seconds");
            (None, Some(fault), Usage::default())
        }
    };
    Verdict { status, fault, usage, latency }
}

fn fault_of(status: u16, headers: &HeaderMap, body: &[u8], now_ms: i64) -> Fault {
    Fault::from_response(status, |name: &str| headers.get(name)?.to_str().ok(), body, now_ms)
}

/// What an answer that claims to be one says, and what it used.
fn read(dialect: Dialect, body: &[u8]) -> (Option<Fault>, Usage) {
    let events = match decode::whole(dialect, body) {
        Ok(events) => events,
        Err(error) => {
            let fault = Fault::transport(TransportKind::Reset, &error.to_string());
            return (Some(fault), Usage::default());
        }
    };
    let mut said = (None, Usage::default());
    for event in events {
        match event {
            Event::Error { error_type, message } => {
                said.0 = Some(Fault::from_host(&error_type, &message, None, None));
            }
            Event::Usage(usage) => said.1 = usage,
            _ => {}
        }
    }
    said
}

/// The smallest request of a model, in its endpoint's own protocol, as part of that conversation.
///
/// # Errors
/// Only for a defect.
pub fn smallest(config: &Config, model: &str, session: Option<&str>) -> Result<Outbound> {
    let route = models::route(config, model);
    let dialect = route.endpoint.dialect();
    let name = serde_json::Value::String(model.to_owned());
    let body = match dialect {
        Dialect::Anthropic => format!(
            r#"{{"model":{name},"max_tokens":16,"messages":[{{"role":"user","content":"ping"}}]}}"#
        ),
        Dialect::Responses => {
            format!(r#"{{"model":{name},"max_output_tokens":16,"input":"ping"}}"#)
        }
        Dialect::Chat => format!(
            r#"{{"model":{name},"max_tokens":16,"messages":[{{"role":"user","content":"ping"}}]}}"#
        ),
        Dialect::Gemini => format!(
            r#"{{"model":{name},"contents":[{{"role":"user","parts":[{{"text":"ping"}}]}}],"generationConfig":{{"maxOutputTokens":16}}}}"#
        ),
    };
    let inbound = Inbound {
        dialect,
        body: &Bytes::from(body),
        header: &|_| None,
        model: None,
        stream: None,
        endpoint: None,
        session,
        created: 0,
        forget_thoughts: false,
    };
    outbound::prepare(config, &inbound)
}

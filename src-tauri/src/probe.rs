//! One small real request, to learn whether a token or key is accepted.
//!
//! Owns: what is asked, and what the answer means for the credential.
//! Must not know: accounts, the pool, who wants to know.

use std::time::Duration;

use bytes::Bytes;
use droid_protocol::fault::{Class, Fault};
use uuid::Uuid;

use crate::config::Config;
use crate::error::Result;
use crate::models;
use crate::outbound::{self, Inbound, Outbound, Sender};
use crate::secret::Secret;
use crate::upstream::{Clients, Transport, read_bounded};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most of an error body that is read.
const MOST_BODY: usize = 64 * 1024;

/// What upstream said.
#[derive(Debug)]
pub struct Verdict {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// What is wrong, if anything.
    pub fault: Option<Fault>,
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
    let request = match probe.model {
        Some(model) => {
            let outbound = smallest(config, model)?;
            let sender = Sender { user_agent: probe.user_agent, bearer: Some(probe.bearer) };
            let headers = outbound.headers(config, sender, Uuid::nil());
            let request = client.http.post(&outbound.url).body(outbound.body);
            headers.iter().fold(request, |it, (name, value)| it.header(name, value))
        }
        None => {
            let base = config.factory.app_base_url.as_str().trim_end_matches('/').to_owned();
            let sender = user_agent(config, probe);
            client
                .http
                .get(format!("{base}/api/cli/org"))
                .header("accept", "application/json")
                .header("content-type", "application/json")
                .header("user-agent", sender)
                .header("x-factory-client", "cli")
                .header("authorization", format!("Bearer {}", probe.bearer.expose()))
        }
    };
    let started = tokio::time::Instant::now();
    let answer = tokio::time::timeout(TIMEOUT, request.send()).await;
    let latency = started.elapsed();
    let response = match answer {
        Err(_) => {
            let kind = droid_protocol::fault::TransportKind::Timeout;
            let fault = Fault::transport(kind, "no answer in 30 seconds");
            return Ok(Verdict { status: None, fault: Some(fault), latency });
        }
        Ok(Err(error)) => {
            let fault = Transport::of(error, client.proxied).to_fault();
            return Ok(Verdict { status: None, fault: Some(fault), latency });
        }
        Ok(Ok(response)) => response,
    };
    let status = response.status().as_u16();
    if response.status().is_success() {
        return Ok(Verdict { status: Some(status), fault: None, latency });
    }
    let headers = response.headers().clone();
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let body = tokio::time::timeout(TIMEOUT, read_bounded(response, MOST_BODY, client.proxied));
    // An error whose text does not arrive is still an error of that status.
    let body = body.await.ok().and_then(Result::ok).unwrap_or_default();
    let fault = Fault::from_response(status, header, &body, now_ms);
    Ok(Verdict { status: Some(status), fault: Some(fault), latency })
}

/// The smallest request of a model, in its endpoint's own protocol.
fn smallest(config: &Config, model: &str) -> Result<Outbound> {
    let route = models::route(config, model);
    let dialect = route.endpoint.dialect();
    let name = serde_json::Value::String(model.to_owned());
    let body = match dialect {
        droid_protocol::dialect::Dialect::Anthropic => format!(
            r#"{{"model":{name},"max_tokens":16,"messages":[{{"role":"user","content":"ping"}}]}}"#
        ),
        droid_protocol::dialect::Dialect::Responses => {
            format!(r#"{{"model":{name},"max_output_tokens":16,"input":"ping"}}"#)
        }
        droid_protocol::dialect::Dialect::Chat => format!(
            r#"{{"model":{name},"max_tokens":16,"messages":[{{"role":"user","content":"ping"}}]}}"#
        ),
        droid_protocol::dialect::Dialect::Gemini => format!(
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
        session: None,
        created: 0,
        forget_thoughts: false,
    };
    outbound::prepare(config, &inbound)
}

fn user_agent<'a>(config: &'a Config, probe: Probe<'a>) -> &'a str {
    probe.user_agent.unwrap_or(&config.request.user_agent)
}

//! What a request to Factory looks like: address, headers, body.
//!
//! Owns: seed S0 §6.1's headers and which edits a body gets.
//! Must not know: which account was picked and why, how the request is sent.

use std::fmt;

use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::edit::{Body, EditError, Edits, merge_betas};
use droid_protocol::session::{self, SessionKey};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::models::{self, Route};
use crate::secret::Secret;

/// Anthropic's API version, for clients that name none (seed S0 §6.1).
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Headers to send. Debug shows their names alone: one of them is the token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(&'static str, String)>);

/// Who sends: what the headers take from the account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// The account's user agent, if it has one.
    pub user_agent: Option<&'a str>,
    /// The access token or key.
    pub bearer: Option<&'a Secret>,
}

/// A client's headers, by lower-case name.
pub type ClientHeader<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// A request ready to be sent. Debug shows the body's length alone.
pub struct Outbound {
    /// Where Factory takes it.
    pub endpoint: Endpoint,
    /// The full URL.
    pub url: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The conversation, if one can be told.
    pub session: Option<SessionKey>,
    /// The usage chunk was asked for on the client's behalf: hold it back.
    pub usage_added: bool,
}

/// The client's request, not yet looked into.
pub struct Inbound<'a> {
    /// What the client speaks.
    pub dialect: Dialect,
    /// Its body.
    pub body: &'a [u8],
    /// Its headers.
    pub header: &'a ClientHeader<'a>,
    /// The model, where the body does not name it (Gemini's path does).
    pub model: Option<&'a str>,
    /// The endpoint, where the caller insists.
    pub endpoint: Option<Endpoint>,
    /// The conversation, where the caller names it.
    pub session: Option<&'a str>,
}

/// Edits a request for Factory (design section 7, pass-through).
///
/// # Errors
/// [`Error::Invalid`] for a body that cannot be a request, [`Error::Untranslatable`] where the
/// endpoint speaks another protocol.
pub fn prepare(
    config: &Config,
    inbound: &Inbound<'_>,
    sender: Sender<'_>,
    message_id: Uuid,
) -> Result<Outbound> {
    let body = Body::parse(inbound.dialect, inbound.body).map_err(|it| invalid_body(&it))?;
    let facts = body.facts().map_err(|it| invalid_body(&it))?;
    let asked = inbound.model.or(facts.model.as_deref()).ok_or_else(|| {
        Error::invalid("request.model", "missing: name the model in the body or in `model`")
    })?;
    let route = routed(config, asked, inbound.endpoint);
    if route.endpoint.dialect() != inbound.dialect {
        return Err(Error::Untranslatable {
            from: inbound.dialect.as_str(),
            to: route.endpoint.as_str(),
            model: asked.to_owned(),
        });
    }
    let session = match inbound.session {
        Some(explicit) => SessionKey::from_id(explicit),
        None => session::key(inbound.header, &body),
    };
    let edits = Edits {
        model: Some(&route.model),
        stream: None,
        system_prompt: &config.request.system_prompt,
        reasoning: route.reasoning,
        include_usage: true,
    };
    let edited = body.apply(&edits).map_err(|it| invalid_body(&it))?;
    let mut headers = headers(config, &route, sender);
    headers.session(session.as_ref(), message_id);
    if route.endpoint == Endpoint::Anthropic {
        if let Some(version) = (inbound.header)("anthropic-version") {
            headers.set("anthropic-version", version.to_owned());
        }
        let client = (inbound.header)("anthropic-beta").unwrap_or_default();
        let denied = &config.request.beta_denylist;
        if let Some(betas) = merge_betas(client, edited.add_betas, edited.remove_betas, denied) {
            headers.set("anthropic-beta", betas);
        }
    }
    Ok(Outbound {
        endpoint: route.endpoint,
        url: url(config, route.endpoint),
        headers,
        usage_added: edited.usage_added,
        body: edited.body.into_owned(),
        session,
    })
}

/// The route of a model, at another endpoint if the caller insists.
#[must_use]
pub fn routed(config: &Config, asked: &str, endpoint: Option<Endpoint>) -> Route {
    let route = models::route(config, asked);
    match endpoint {
        Some(endpoint) if endpoint != route.endpoint => Route {
            provider: models::provider_by_name(endpoint, &route.model).to_owned(),
            endpoint,
            ..route
        },
        _ => route,
    }
}

/// The full URL of an endpoint.
#[must_use]
pub fn url(config: &Config, endpoint: Endpoint) -> String {
    let base = config.factory.api_base_url.as_str().trim_end_matches('/');
    let path = config.factory.endpoints.get(&endpoint).map_or("", String::as_str);
    format!("{base}{path}")
}

/// The headers every request of a route carries (seed S0 §6.1). `Connection` is left to the HTTP
/// client, whose business it is.
#[must_use]
pub fn headers(config: &Config, route: &Route, sender: Sender<'_>) -> Headers {
    let mut headers = Headers::default();
    headers.set("content-type", "application/json".to_owned());
    if let Some(bearer) = sender.bearer {
        headers.set("authorization", format!("Bearer {}", bearer.expose()));
    }
    let user_agent = sender.user_agent.unwrap_or(&config.request.user_agent);
    headers.set("user-agent", user_agent.to_owned());
    headers.set("x-factory-client", "cli".to_owned());
    headers.set("x-api-provider", route.provider.clone());
    if route.endpoint == Endpoint::Anthropic {
        headers.set("accept", "application/json".to_owned());
        headers.set("anthropic-version", ANTHROPIC_VERSION.to_owned());
        headers.set("x-api-key", "placeholder".to_owned());
    }
    headers
}

// === impl Headers ===

impl Headers {
    /// Sets a header; the last value counts.
    pub fn set(&mut self, name: &'static str, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, former)) => *former = value,
            None => self.0.push((name, value)),
        }
    }

    /// Names the conversation and the message: stable for the one, new for the other.
    pub fn session(&mut self, session: Option<&SessionKey>, message_id: Uuid) {
        if let Some(session) = session {
            self.set("x-session-id", session.as_uuid());
        }
        self.set("x-assistant-message-id", message_id.to_string());
    }

    /// The value of a header, by lower-case name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Names and values in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl JsonSchema for Headers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        std::collections::BTreeMap::<String, String>::json_schema(generator)
    }
}

// === impl Outbound ===

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("endpoint", &self.endpoint)
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("body", &self.body.len())
            .field("session", &self.session)
            .field("usage_added", &self.usage_added)
            .finish()
    }
}

fn invalid_body(error: &EditError) -> Error {
    let field = match error.field() {
        Some(field) => format!("request.{field}"),
        None => "request".to_owned(),
    };
    Error::invalid(field, error.to_string())
}

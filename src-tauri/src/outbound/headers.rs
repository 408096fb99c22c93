//! Headers to send, and where they come from.
//!
//! Owns: [`Headers`], [`Sender`], the headers of seed S0 §6.1.
//! Must not know: bodies, which account was picked and why.

use std::fmt;

use droid_protocol::dialect::Endpoint;
use droid_protocol::session::SessionKey;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::config::Config;
use crate::models::Route;
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

    /// Sets all of the others, which count.
    pub fn extend(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            self.set(name, value.clone());
        }
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

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

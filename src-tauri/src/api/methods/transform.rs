//! `transform_request`, `apply_risk_control`.
//!
//! Owns: the params and results of these methods; bodies stay text from line to line.
//! Must not know: what a dialect's body means.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::edit::Body;
use droid_protocol::request::Loss;
use droid_protocol::session::{self, SessionKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Registered, Table};
use crate::api::context::Context;
use crate::api::params::or_default;
use crate::api::streams::Reader;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::models;
use crate::outbound::{self, Headers, Inbound, Reading, Sender};

#[derive(Deserialize, JsonSchema)]
struct Request {
    request: Box<RawValue>,
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default)]
    api_key_id: Option<KeyId>,
    #[serde(default)]
    endpoint_type: Option<Endpoint>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    headers: HashMap<String, String>,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TransformedRequest")]
struct Transformed {
    request: Box<RawValue>,
    endpoint_type: Endpoint,
    url: String,
    headers: Headers,
    /// What the client speaks.
    protocol: Dialect,
    /// What the endpoint's protocol has no place for.
    losses: Vec<Loss>,
    /// How the answer is to be read: for the first piece of it, or for a whole one.
    carry: String,
}

#[derive(Deserialize, JsonSchema)]
struct Risk {
    request: Box<RawValue>,
    #[serde(default)]
    credential_id: Option<AccountId>,
    #[serde(default)]
    session_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct RiskControlled {
    request: Box<RawValue>,
    headers: Headers,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("transform_request", |context, it: Request| async move {
        transform_request(&context, it).await
    })?;
    table.add("apply_risk_control", |context, it: Risk| async move {
        must_be_object(&it.request)?;
        if let Some(id) = &it.credential_id {
            context.app().await?.accounts.get(id).await?;
        }
        let session = match it.session_id.as_deref() {
            Some(explicit) => SessionKey::from_id(explicit),
            None => session_of(&it.request),
        };
        let mut headers = Headers::default();
        headers.session(session.as_ref(), context.boot.entropy.uuid());
        Ok(RiskControlled { request: it.request, headers })
    })
}

async fn transform_request(context: &Context, it: Request) -> Result<Transformed> {
    must_be_object(&it.request)?;
    let config = context.config().await?.get();
    let header = |name: &str| {
        let found = it.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let asked = model_in(&it.request).or_else(|| it.model.clone());
    let endpoint = it
        .endpoint_type
        .or_else(|| asked.as_deref().map(|model| models::route(&config, model).endpoint));
    let dialect = dialect(it.protocol.as_deref(), &it.request, endpoint)?;
    let lent = match &it.credential_id {
        Some(id) => Some(context.app().await?.broker.bearer(id, it.api_key_id.as_ref()).await?),
        None => None,
    };
    let sender = lent.as_ref().map_or_else(Sender::default, |(account, bearer)| Sender {
        user_agent: account.user_agent.as_deref(),
        bearer: Some(bearer),
    });
    let inbound = Inbound {
        dialect,
        body: &Bytes::copy_from_slice(it.request.get().as_bytes()),
        header: &header,
        model: it.model.as_deref().filter(|it| !it.is_empty()),
        stream: None,
        endpoint: it.endpoint_type,
        session: it.session_id.as_deref(),
        created: context.boot.clock.now().0.div_euclid(1000),
        forget_thoughts: false,
    };
    let outbound = outbound::prepare(&config, &inbound)?;
    let Reading { upstream, client, wish, hold_usage, .. } = outbound.reading.clone();
    Ok(Transformed {
        headers: outbound.headers(&config, sender, context.boot.entropy.uuid()),
        carry: Reader::to_client(upstream, client, wish, hold_usage).carry(),
        losses: outbound.losses,
        protocol: client,
        request: raw(outbound.body.whole().into())?,
        endpoint_type: outbound.route.endpoint,
        url: outbound.url,
    })
}

fn must_be_object(request: &RawValue) -> Result<()> {
    if request.get().starts_with('{') {
        return Ok(());
    }
    Err(Error::invalid("request", "expected an object"))
}

/// What the client speaks: as told, else by the body's shape, else what the endpoint speaks.
fn dialect(told: Option<&str>, body: &RawValue, endpoint: Option<Endpoint>) -> Result<Dialect> {
    if let Some(told) = told {
        return match named(told, endpoint)? {
            // The host's `openai` is either of OpenAI's: the body tells which.
            Dialect::Chat | Dialect::Responses if told == "openai" => {
                Ok(dialect_of(body, Some(Dialect::Chat)).unwrap_or(Dialect::Chat))
            }
            named => Ok(named),
        };
    }
    dialect_of(body, endpoint.map(Endpoint::dialect)).ok_or_else(|| {
        Error::invalid("protocol", "missing: the body's shape does not tell the protocol")
    })
}

/// The dialect of that name. The host's `openai` is either of OpenAI's.
///
/// # Errors
/// [`Error::Invalid`] for no name of one.
pub(super) fn named(told: &str, endpoint: Option<Endpoint>) -> Result<Dialect> {
    match told {
        "openai" if endpoint == Some(Endpoint::OpenAi) => Ok(Dialect::Responses),
        "openai" => Ok(Dialect::Chat),
        other => {
            serde_json::from_value(serde_json::Value::String(other.to_owned())).map_err(|_| {
                let message = "expected anthropic, openai, responses, chat or gemini";
                Error::invalid("protocol", message)
            })
        }
    }
}

/// The members of a body by name; what they hold is not looked at. A name that is there twice is
/// refused by the edit, which can say so.
type Shape<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

fn shape(body: &RawValue) -> Option<Shape<'_>> {
    serde_json::from_str(body.get()).ok()
}

/// `messages` is both Anthropic's and chat's: the endpoint decides there, else what only Anthropic
/// has.
fn dialect_of(body: &RawValue, endpoint: Option<Dialect>) -> Option<Dialect> {
    let shape = shape(body)?;
    let has = |name: &str| shape.get(name).is_some_and(|it| it.get() != "null");
    if has("contents") {
        return Some(Dialect::Gemini);
    }
    if !has("messages") {
        return has("input").then_some(Dialect::Responses).or(endpoint);
    }
    match endpoint {
        Some(known @ (Dialect::Anthropic | Dialect::Chat)) => Some(known),
        _ if has("system") || has("thinking") => Some(Dialect::Anthropic),
        _ => Some(Dialect::Chat),
    }
}

/// The conversation a body tells of itself; none where it is no request.
fn session_of(body: &RawValue) -> Option<SessionKey> {
    let dialect = dialect_of(body, None)?;
    session::key(|_: &str| None::<&str>, &Body::parse(dialect, body.get().as_bytes()).ok()?)
}

fn model_in(body: &RawValue) -> Option<String> {
    serde_json::from_str(shape(body)?.get("model")?.get()).ok()
}

/// A body of ours as JSON.
pub(super) fn raw(body: Vec<u8>) -> Result<Box<RawValue>> {
    let body = String::from_utf8(body)
        .map_err(|_| Error::Internal("an edited body is not UTF-8".to_owned()))?;
    RawValue::from_string(body)
        .map_err(|_| Error::Internal("an edited body is not JSON".to_owned()))
}

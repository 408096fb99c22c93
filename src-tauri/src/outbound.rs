//! What a request to Factory looks like: address, headers, body; and how its answer is read.
//!
//! Owns: the order of steps from a client's request to one that any account can send.
//! Must not know: which account was picked and why, how the request is sent.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::edit::{Body, EditError, Edited, Edits, merge_betas};
pub use droid_protocol::request::Loss;
use droid_protocol::request::Signature;
use droid_protocol::session::{self, SessionKey};
use droid_protocol::translate::{ClientWish, TranslateError, pair};
use uuid::Uuid;

use crate::config::{Config, Reasoning};
use crate::error::{Error, Result};
use crate::models::{self, Route};

mod counting;
mod headers;
mod pieces;
#[cfg(test)]
mod tests;

pub use counting::{counting, estimate};
pub use headers::{Headers, Sender, headers};
pub use pieces::Pieces;

/// A client's headers, by lower-case name.
pub type ClientHeader<'a> = dyn Fn(&str) -> Option<&'a str> + Sync + 'a;

/// The client's request, not yet looked into.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// What the client speaks.
    pub dialect: Dialect,
    /// Its body.
    pub body: &'a Bytes,
    /// Its headers.
    pub header: &'a ClientHeader<'a>,
    /// The model, where the body does not name it (Gemini's path does).
    pub model: Option<&'a str>,
    /// Streamed or whole, where the body does not tell (Gemini's path does).
    pub stream: Option<bool>,
    /// The endpoint, where the caller insists.
    pub endpoint: Option<Endpoint>,
    /// The conversation, where the caller names it.
    pub session: Option<&'a str>,
    /// When it came, in seconds since the Unix epoch: some dialects' answers tell it.
    pub created: i64,
    /// Leave the thoughts of earlier turns out: upstream did not take their proofs.
    pub forget_thoughts: bool,
}

/// A request that any account can send, as often as needed. Debug shows the body's length alone.
#[derive(Clone)]
pub struct Outbound {
    /// The model as the client named it.
    pub asked: String,
    /// Where the model is, and what it is called there.
    pub route: Route,
    /// The full URL.
    pub url: String,
    /// The body.
    pub body: Pieces,
    /// The conversation, if one can be told.
    pub session: Option<SessionKey>,
    /// How to read the answer.
    pub reading: Reading,
    /// What the endpoint's dialect has no place for.
    pub losses: Vec<Loss>,
    /// The headers that come of the request, not of the account.
    own: Headers,
}

/// What an answer is, and what is to become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the endpoint speaks.
    pub upstream: Dialect,
    /// What the client speaks.
    pub client: Dialect,
    /// The client wants a stream.
    pub stream: bool,
    /// The usage chunk was asked for on the client's behalf: hold it back.
    pub hold_usage: bool,
    /// How a translated answer is written.
    pub wish: ClientWish,
}

/// Makes a client's request one that Factory takes (design section 7): edited where the endpoint
/// speaks the client's dialect, all other bytes as they came; else translated, then edited.
///
/// # Errors
/// [`Error::Invalid`] for a body that cannot be a request, or that the endpoint cannot be asked.
pub fn prepare(config: &Config, inbound: &Inbound<'_>) -> Result<Outbound> {
    let body = Body::parse(inbound.dialect, inbound.body).map_err(|it| invalid_body(&it))?;
    let facts = body.facts().map_err(|it| invalid_body(&it))?;
    let asked = inbound.model.or(facts.model.as_deref()).ok_or_else(|| {
        Error::invalid("request.model", "missing: name the model in the body or in `model`")
    })?;
    let route = routed(config, asked, inbound.endpoint);
    let session = match inbound.session {
        Some(explicit) => SessionKey::from_id(explicit),
        None => session::key(inbound.header, &body),
    };
    let upstream = route.endpoint.dialect();
    let edits = Edits {
        model: Some(&route.model),
        stream: inbound.stream,
        system_prompt: &config.request.system_prompt,
        reasoning: route.reasoning,
        include_usage: true,
    };
    let mut reading = Reading {
        upstream,
        client: inbound.dialect,
        stream: inbound.stream.or(facts.stream).unwrap_or(false),
        hold_usage: false,
        wish: ClientWish::default(),
    };
    let mut own = Headers::default();
    if route.endpoint == Endpoint::Anthropic
        && let Some(version) = (inbound.header)("anthropic-version")
    {
        own.set("anthropic-version", version.to_owned());
    }
    let mut betas = |edited: &Edited<'_>| {
        let client = (inbound.header)("anthropic-beta").unwrap_or_default();
        let denied = &config.request.beta_denylist;
        if route.endpoint == Endpoint::Anthropic
            && let Some(betas) = merge_betas(client, edited.add_betas, edited.remove_betas, denied)
        {
            own.set("anthropic-beta", betas);
        }
    };
    let (sent, losses) = if goes_through_the_hub(inbound, upstream) {
        let (translated, wish, losses) = translate(inbound, asked, &route, reading.stream)?;
        let body = Body::parse(upstream, &translated).map_err(|it| unreadable(&it))?;
        let edits = Edits { stream: None, ..edits };
        let edited = body.apply(&edits).map_err(|it| unreadable(&it))?;
        betas(&edited);
        // A client of the same dialect gets the answer as it comes.
        reading.hold_usage = edited.usage_added && inbound.dialect == Dialect::Chat;
        reading.wish = wish;
        let sent = match edited.body() {
            Cow::Borrowed(_) => None,
            Cow::Owned(body) => Some(body),
        };
        (Bytes::from(sent.unwrap_or(translated)).into(), losses)
    } else {
        let edited = body.apply(&edits).map_err(|it| invalid_body(&it))?;
        betas(&edited);
        reading.hold_usage = edited.usage_added;
        (Pieces::of(inbound.body, &edited), Vec::new())
    };
    Ok(Outbound {
        asked: asked.to_owned(),
        url: url(config, route.endpoint),
        route,
        body: sent,
        session,
        reading,
        losses,
        own,
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

// === impl Outbound ===

impl Outbound {
    /// The headers one account sends it with.
    #[must_use]
    pub fn headers(&self, config: &Config, sender: Sender<'_>, message_id: Uuid) -> Headers {
        let mut headers = headers(config, &self.route, sender);
        headers.session(self.session.as_ref(), message_id);
        headers.extend(&self.own);
        headers
    }

    /// The headers an account was lent with, and those of this request.
    #[must_use]
    pub fn over(&self, lent: Headers) -> Headers {
        let mut headers = lent;
        headers.extend(&self.own);
        headers
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("endpoint", &self.route.endpoint)
            .field("url", &self.url)
            .field("body", &self.body.len())
            .field("session", &self.session)
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

// === impl Reading ===

impl Reading {
    /// The answer has to be written anew for the client.
    #[must_use]
    pub fn translates(&self) -> bool {
        self.upstream != self.client
    }
}

// === helpers ===

/// Bytes that the endpoint would not understand must not reach it: another dialect's, and proofs
/// that another provider made of its thoughts.
fn goes_through_the_hub(inbound: &Inbound<'_>, upstream: Dialect) -> bool {
    inbound.dialect != upstream
        || inbound.forget_thoughts
        || Signature::may_be_foreign_in(upstream, inbound.body)
}

fn translate(
    inbound: &Inbound<'_>,
    asked: &str,
    route: &Route,
    stream: bool,
) -> Result<(Vec<u8>, ClientWish, Vec<Loss>)> {
    let upstream = route.endpoint.dialect();
    let mut request =
        pair::read_request(inbound.dialect, inbound.body).map_err(|it| untranslatable(&it))?;
    request.model = asked.to_owned();
    let wish = ClientWish::of(&request, upstream, inbound.created);
    request.model.clone_from(&route.model);
    // Left out where it is each dialect's default, and where its path tells.
    request.stream = stream.then_some(true);
    if inbound.forget_thoughts {
        request.forget_thoughts();
    }
    if route.reasoning != Reasoning::Auto {
        // The level of the model decides, and the edit that follows writes it.
        request.thinking = None;
    }
    let written = pair::write_request(upstream, &request).map_err(|it| untranslatable(&it))?;
    Ok((written.body, wish, written.losses))
}

fn invalid_body(error: &EditError) -> Error {
    let field = match error.field() {
        Some(field) => format!("request.{field}"),
        None => "request".to_owned(),
    };
    Error::invalid(field, error.to_string())
}

fn untranslatable(error: &TranslateError) -> Error {
    let (TranslateError::Invalid { field, message }
    | TranslateError::Unsupported { field, message }) = error;
    Error::invalid(format!("request.{field}"), message.clone())
}

/// The body is one that we wrote.
fn unreadable(error: &EditError) -> Error {
    Error::Internal(format!("a translated request cannot be edited: {error}"))
}

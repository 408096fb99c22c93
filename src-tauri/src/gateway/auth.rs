//! Who asks, and whose key the request goes upstream with.
//!
//! Owns: where a client's key may stand, the order of design section 6.2.
//! Must not know: routes, what is asked.

use std::sync::Arc;

use axum::http::HeaderMap;

use super::shared::Shared;
use crate::client_keys::ClientKey;
use crate::error::{Error, Result};
use crate::pool::Binding;
use crate::relay::UpstreamKey;
use crate::secret::Secret;

/// A client that may ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// The key it came with.
    pub(super) client_key: Option<Arc<ClientKey>>,
    /// Which accounts it may use.
    pub(super) binding: Binding,
    /// What its requests are sent upstream with.
    pub(super) upstream: UpstreamKey,
}

/// Where clients of the four protocols put their key, besides `Authorization`.
const PLACES: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];
/// A Factory key of the client's own (seed S2).
const FACTORY_KEY: &str = "x-factory-api-key";
/// What keys of this gateway begin with: never sent upstream, whatever else is wrong with one.
const OURS: &str = "dpk_";

/// Who sent these headers. `in_query`: what Gemini's clients may put in the address.
///
/// # Errors
/// [`Error::Unauthorized`] without a key that is known and may be used.
pub(super) async fn caller(
    shared: &Shared,
    headers: &HeaderMap,
    in_query: Option<&str>,
) -> Result<Caller> {
    let bearer = || values(headers, "authorization").filter_map(bearer_of);
    let given: Vec<Secret> = PLACES
        .iter()
        .flat_map(|name| values(headers, name))
        .chain(bearer())
        .chain(in_query)
        .map(Secret::new)
        .collect();
    let client_key = known(shared, &given).await?;
    let config = shared.app.config.get();
    let own = values(headers, FACTORY_KEY).next().filter(|_| config.gateway.factory_key_header);
    let passed = bearer().next().filter(|it| config.gateway.pass_through && !it.starts_with(OURS));
    let upstream = match (own, &client_key, passed) {
        (Some(own), ..) => UpstreamKey::Given(Secret::new(own)),
        (None, Some(_), _) => UpstreamKey::Pool,
        (None, None, Some(passed)) => UpstreamKey::Given(Secret::new(passed)),
        (None, None, None) => return Err(unknown(!given.is_empty())),
    };
    let binding = client_key.as_ref().map_or(Binding::Any, |it| it.binding.clone());
    Ok(Caller { client_key, binding: preferred(shared, binding), upstream })
}

/// The one of the given keys that this gateway issued.
///
/// # Errors
/// [`Error::Unauthorized`] when it may not be used any more: such a client is told so, and no other
/// way in is looked for.
async fn known(shared: &Shared, given: &[Secret]) -> Result<Option<Arc<ClientKey>>> {
    if given.is_empty() {
        return Ok(None);
    }
    let keys = &shared.app.client_keys;
    keys.catch_up().await?;
    let mut found = given.iter().find_map(|it| keys.verify(it));
    if found.is_none() && given.iter().any(|it| it.expose().starts_with(OURS)) {
        keys.catch_up_now().await?;
        found = given.iter().find_map(|it| keys.verify(it));
    }
    let Some(key) = found else { return Ok(None) };
    keys.check(&key, shared.app.clock.now())?;
    Ok(Some(key))
}

/// The account of `FACTORY_API_KEY` goes before the others, where the client is bound to none.
fn preferred(shared: &Shared, binding: Binding) -> Binding {
    match (&shared.app.environment_account, binding) {
        (Some(id), Binding::Any) => Binding::Account { id: id.clone(), fallback: true },
        (_, binding) => binding,
    }
}

fn unknown(was_given: bool) -> Error {
    let message = if was_given {
        "this key is not one of this gateway's: make one with `client-keys create`"
    } else {
        "a client key is missing: send one as `x-api-key` or `Authorization: Bearer`"
    };
    Error::Unauthorized { message: message.to_owned() }
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|it| it.to_str().ok());
    values.map(str::trim).filter(|it| !it.is_empty())
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|it| !it.is_empty())
}

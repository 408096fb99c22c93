//! Who asks, and whose key the request goes upstream with.
//!
//! Owns: where a client's key may stand, the order of design section 6.2.
//! Must not know: routes, what is asked.

use axum::http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::error::Refusal;
use super::shared::Shared;
use crate::config::env::{self, Env};
use crate::ids::ClientKeyId;
use crate::pool::Binding;
use crate::relay::UpstreamKey;
use crate::secret::Secret;

/// A client that may ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// Whose requests these are.
    pub(super) client_key_id: Option<ClientKeyId>,
    /// Which accounts it may use.
    pub(super) binding: Binding,
    /// What its requests are sent upstream with.
    pub(super) upstream: UpstreamKey,
}

/// Where clients of the four protocols put their key.
const PLACES: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// Who sent these headers. `in_query`: what Gemini's clients may put in the address.
///
/// # Errors
/// [`Refusal::Unauthenticated`] without a key that is known.
pub(super) fn caller(
    shared: &Shared,
    headers: &HeaderMap,
    in_query: Option<&str>,
) -> Result<Caller, Refusal> {
    let text = |name: &str| headers.get(name)?.to_str().ok().filter(|it| !it.is_empty());
    let env = &*shared.context.boot.env;
    let config = shared.app.config.get();
    let own = text("x-factory-api-key").filter(|_| config.gateway.factory_key_header);
    let bearer = text("authorization").and_then(bearer_of);
    let given = || PLACES.iter().filter_map(|name| text(name)).chain(bearer).chain(in_query);
    let known = given().any(|it| is_access_key(env, it));
    let passed = bearer.filter(|_| config.gateway.pass_through && !known);
    let key = match (own, known, passed) {
        (Some(own), _, _) => own,
        (None, true, _) => return Ok(Caller { upstream: of_pool(env), ..Caller::default() }),
        (None, false, Some(passed)) => passed,
        (None, false, None) => return Err(Refusal::Unauthenticated),
    };
    Ok(Caller { upstream: UpstreamKey::Given(Secret::new(key)), ..Caller::default() })
}

fn of_pool(env: &dyn Env) -> UpstreamKey {
    match env.get(env::FACTORY_API_KEY).filter(|it| !it.trim().is_empty()) {
        Some(key) => UpstreamKey::Given(Secret::new(key.trim())),
        None => UpstreamKey::Pool,
    }
}

/// Compared as hashes, in constant time: neither length nor content shows in how long it takes.
fn is_access_key(env: &dyn Env, given: &str) -> bool {
    let Some(known) = env.get(env::API_ACCESS_KEY).filter(|it| !it.trim().is_empty()) else {
        return false;
    };
    Sha256::digest(known.trim()).ct_eq(&Sha256::digest(given)).into()
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

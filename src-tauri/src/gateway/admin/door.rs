//! Who may come in.
//!
//! Owns: the order in which a request is looked at: its name, its credential, where it comes from.
//! Must not know: what is behind it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};

use super::key::AdminKey;
use super::names;
use super::sessions::{self, Begun, Sessions};
use super::throttle::Throttle;
use crate::app::App;
use crate::clock::{Clock, Entropy};
use crate::config::Live;
use crate::gateway::error::admin::Refusal;
use crate::gateway::shared::Peer;
use crate::secret::Secret;

/// Holds the key and knows who signed in.
pub(super) struct Door {
    key: AdminKey,
    sessions: Sessions,
    throttle: Throttle,
    listens: SocketAddr,
    config: Live,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Who came in; an extension of the request.
#[derive(Clone)]
pub(super) enum Visitor {
    /// Showed the key itself.
    Key,
    /// A browser that signed in.
    Session { token: Secret, csrf: Secret },
}

/// Where a session's calls carry its CSRF token.
const CSRF: &str = "x-csrf-token";

// === impl Door ===

impl Door {
    pub(super) fn new(key: AdminKey, listens: SocketAddr, app: &App) -> Self {
        Self {
            key,
            sessions: Sessions::default(),
            throttle: Throttle::default(),
            listens,
            config: app.config.clone(),
            clock: Arc::clone(&app.clock),
            entropy: Arc::clone(&app.entropy),
        }
    }

    /// Looks at a request's credential.
    pub(super) fn admit(&self, request: &Request) -> Result<Visitor, Refusal> {
        let headers = request.headers();
        self.check_name(headers)?;
        if let Some(key) = shown_key(headers) {
            self.check_key(&key, peer(request))?;
            return Ok(Visitor::Key);
        }
        let token = text(headers, header::COOKIE.as_str()).and_then(sessions::token_in);
        let token = token.ok_or(Refusal::NoCredential)?;
        let csrf = self.sessions.csrf(&token, self.clock.now()).ok_or(Refusal::SessionOver)?;
        if changes(request.method()) {
            self.check_origin(headers)?;
            let given = text(headers, CSRF).unwrap_or_default();
            if !sessions::same(given, csrf.expose()) {
                return Err(Refusal::Csrf);
            }
        }
        Ok(Visitor::Session { token, csrf })
    }

    /// Whether a sign-in may be tried at all; the key is checked with [`Door::sign_in`].
    pub(super) fn check_sign_in(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.check_name(headers)?;
        self.check_origin(headers)
    }

    /// Begins a session for the key.
    pub(super) fn sign_in(&self, key: &Secret, peer: IpAddr) -> Result<Begun, Refusal> {
        self.check_key(key, peer)?;
        log::info!("admin: signed in from {peer}");
        Ok(self.sessions.begin(&*self.entropy, self.clock.now()))
    }

    /// Ends a session.
    pub(super) fn sign_out(&self, token: &Secret) {
        self.sessions.end(token);
    }

    fn check_name(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = text(headers, header::HOST.as_str()).and_then(names::host_of);
        let config = self.config.get();
        let fits =
            |it: &String| names::may_be_named(it, self.listens, &config.gateway.allowed_hosts);
        if host.as_ref().is_some_and(fits) { Ok(()) } else { Err(Refusal::Host) }
    }

    /// Browsers name the page's origin; programs name none.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        let authority = text(headers, header::HOST.as_str()).unwrap_or_default();
        if names::is_own(origin, authority) { Ok(()) } else { Err(Refusal::Origin) }
    }

    fn check_key(&self, key: &Secret, peer: IpAddr) -> Result<(), Refusal> {
        let now = self.clock.now();
        if let Some(wait) = self.throttle.wait(peer, now) {
            return Err(Refusal::Throttled { wait });
        }
        if self.key.is(key) {
            self.throttle.right(peer);
            return Ok(());
        }
        self.throttle.wrong(peer, now);
        log::warn!("admin: a wrong key from {peer}");
        Err(Refusal::WrongKey)
    }
}

/// The peer's address. Every request has one; without it nobody is trusted more.
pub(super) fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |it| it.0.ip())
}

fn shown_key(headers: &HeaderMap) -> Option<Secret> {
    let key = text(headers, "x-admin-key").or_else(|| {
        let bearer = text(headers, header::AUTHORIZATION.as_str())?;
        let (scheme, key) = bearer.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    });
    key.map(str::trim).filter(|it| !it.is_empty()).map(Secret::new)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

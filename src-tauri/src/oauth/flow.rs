//! The two sign-ins a person does: by a code on another device, or in this machine's browser.
//!
//! Owns: [`SignIn`], the state of a sign-in between calls, its timing rules (RFC 8628, RFC 7636).
//! Must not know: where the state is kept, what is made of the tokens.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use url::Url;

use super::answer::{AuthError, base64url, names_organization, token_pair};
use super::callback::{self, Callback};
use super::workos::{Grant, WorkOsClient};
use crate::clock::{Clock, Entropy, Timestamp};
use crate::error::{Error, Result};
use crate::ports::TokenPair;
use crate::secret::Secret;
use droid_protocol::fault::{Class, Fault, Retry, Source};

mod state;

pub use state::{DeviceLogin, Login, PkceLogin};

/// How long a sign-in may take (seed S4).
pub const SESSION: Duration = Duration::from_secs(10 * 60);
/// What `slow_down` adds (RFC 8628 section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// Longest pause between polls, whatever the service or the network says.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Starts and ends sign-ins.
#[derive(Clone)]
pub struct SignIn {
    workos: WorkOsClient,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// A device sign-in that has begun.
#[derive(Debug)]
pub struct DeviceStart {
    /// To be kept, sealed, and handed to [`SignIn::poll_device`].
    pub login: DeviceLogin,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// Where, with the code in it.
    pub verification_uri_complete: Option<String>,
    /// How long they have.
    pub expires_in: Duration,
    /// Pause between polls.
    pub interval: Duration,
}

/// How a device sign-in stands.
#[derive(Debug)]
pub enum DevicePoll {
    /// Not confirmed yet; polling before this moment asks nobody.
    Wait {
        /// When to poll again.
        next_poll_at: Timestamp,
    },
    /// Confirmed. The pair exists only here: store it first of all.
    Done(Box<TokenPair>),
    /// Too late.
    Expired,
    /// The person said no.
    Denied,
}

// === impl SignIn ===

impl SignIn {
    /// Does nothing yet.
    #[must_use]
    pub fn new(workos: WorkOsClient, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { workos, clock, entropy }
    }

    /// Begins a device sign-in. `proxy` serves for all of it.
    ///
    /// # Errors
    /// A proxy that cannot be used; a service that refuses or cannot be reached.
    pub async fn start_device(&self, proxy: Option<Secret>) -> Result<DeviceStart> {
        let answer = self.workos.device_authorize(proxy.as_ref()).await?;
        let codes = answer.map_err(|error| login_error(&error))?;
        let now = self.clock.now();
        let expires_in = codes.expires_in.min(SESSION);
        let interval = codes.interval.clamp(Duration::from_secs(1), MAX_PAUSE);
        let login = DeviceLogin {
            device_code: codes.device_code,
            interval_ms: millis(interval),
            failures: 0,
            next_poll_at: now.plus(interval),
            expires_at: now.plus(expires_in),
            proxy,
            over: None,
        };
        Ok(DeviceStart {
            login,
            user_code: codes.user_code,
            verification_uri: codes.verification_uri,
            verification_uri_complete: codes.verification_uri_complete,
            expires_in,
            interval,
        })
    }

    /// Asks whether the person has confirmed, unless it is too early: then nobody is asked. The
    /// login changes with every answer and must be kept again; of two callers at the same time only
    /// one may have it.
    ///
    /// A network that fails only slows the polling down (RFC 8628 section 3.5).
    ///
    /// # Errors
    /// [`Error::LoginOver`] when it was used, or the service refuses for good.
    pub async fn poll_device(&self, login: &mut DeviceLogin) -> Result<DevicePoll> {
        state::still_open(login.over.as_deref())?;
        let now = self.clock.now();
        if now >= login.expires_at {
            return Ok(DevicePoll::Expired);
        }
        if now < login.next_poll_at {
            return Ok(DevicePoll::Wait { next_poll_at: login.next_poll_at });
        }
        let proxy = login.proxy.clone();
        let grant = Grant::Device { device_code: &login.device_code };
        let answer = self.workos.authenticate(grant, proxy.as_ref()).await?;
        let answer = match answer {
            Ok(body) => self.pair(&body, proxy.as_ref()).await,
            Err(error) => Err(error),
        };
        login.settle(answer, self.clock.now())
    }

    /// Begins a sign-in in the browser: the person opens the returned URL, the browser ends on
    /// `redirect_uri`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `redirect_uri` is no URL.
    pub fn start_pkce(
        &self,
        redirect_uri: &str,
        proxy: Option<Secret>,
    ) -> Result<(PkceLogin, Url)> {
        Url::parse(redirect_uri)
            .map_err(|error| Error::invalid("redirect_uri", error.to_string()))?;
        let verifier = Secret::new(base64url(&self.random()));
        let state = Secret::new(base64url(&self.random()));
        let challenge = base64url(&Sha256::digest(verifier.expose().as_bytes()));
        let settings = self.workos.settings();
        let mut url = settings.workos.authorize_url.clone();
        url.query_pairs_mut()
            .append_pair("client_id", &settings.workos.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("provider", "authkit")
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let expires_at = self.clock.now().plus(SESSION);
        Ok((PkceLogin { state, verifier, expires_at, proxy, over: None }, url))
    }

    /// Ends a sign-in in the browser. `callback` is what the browser ended on: a whole URL, its
    /// query, or `code#state`. The login changes and must be kept again, or thrown away.
    ///
    /// # Errors
    /// [`Error::Invalid`] names what is wrong with `callback`, and a service that cannot be reached
    /// is [`Error::Upstream`]: both can be tried again. [`Error::LoginOver`] is the end.
    pub async fn complete_pkce(&self, login: &mut PkceLogin, callback: &str) -> Result<TokenPair> {
        state::still_open(login.over.as_deref())?;
        if self.clock.now() >= login.expires_at {
            return Err(login.end("the 10 minutes for it have passed"));
        }
        let code = match callback::read(callback, &login.state)? {
            Callback::Code(code) => code,
            Callback::Refused { error, .. } if error == "access_denied" => {
                return Err(login.end("it was refused in the browser"));
            }
            Callback::Refused { error, text } => {
                return Err(login.end(&format!("the sign-in service answered `{error}` {text}")));
            }
        };
        let proxy = login.proxy.clone();
        let grant = Grant::Code { code: &code, verifier: &login.verifier };
        let answer = match self.workos.authenticate(grant, proxy.as_ref()).await? {
            Ok(body) => self.pair(&body, proxy.as_ref()).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(pair) => {
                login.over = Some("it was used".to_owned());
                Ok(pair)
            }
            Err(error @ AuthError::Unavailable { .. }) => Err(login_error(&error)),
            Err(error) => Err(login.end(&error.to_string())),
        }
    }

    /// The pair of an answer, with its organisation: from the answer, else asked for, else from
    /// the token's claims.
    async fn pair(&self, body: &[u8], proxy: Option<&Secret>) -> Result<TokenPair, AuthError> {
        let token_valid = self.workos.settings().token_refresh.token_valid;
        let mut pair = token_pair(body, self.clock.now(), None, token_valid)?;
        if !names_organization(body)
            && let Ok(Some(found)) = self.workos.organization(&pair.access, proxy).await
        {
            pair.organization_id = Some(found);
        }
        Ok(pair)
    }

    fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

// === impl DeviceLogin ===

impl DeviceLogin {
    /// What an answer makes of the login.
    fn settle(
        &mut self,
        answer: Result<TokenPair, AuthError>,
        now: Timestamp,
    ) -> Result<DevicePoll> {
        let mut interval = Duration::from_millis(self.interval_ms);
        let mut failures = 0;
        match answer {
            Ok(pair) => {
                self.over = Some("it was used".to_owned());
                return Ok(DevicePoll::Done(Box::new(pair)));
            }
            Err(AuthError::Pending) => {}
            Err(AuthError::SlowDown) => interval = (interval + SLOW_DOWN).min(MAX_PAUSE),
            Err(AuthError::Unavailable { text, .. }) => {
                failures = self.failures.saturating_add(1);
                log::warn!("device sign-in: {text}; polling slower");
            }
            Err(AuthError::Expired) => {
                self.over = Some("the time to confirm it has passed".to_owned());
                return Ok(DevicePoll::Expired);
            }
            Err(AuthError::Denied) => {
                self.over = Some("it was refused".to_owned());
                return Ok(DevicePoll::Denied);
            }
            Err(error @ (AuthError::InvalidGrant(_) | AuthError::Refused { .. })) => {
                return Err(self.end(&error.to_string()));
            }
        }
        let pause = interval.saturating_mul(1 << failures.min(6)).min(MAX_PAUSE.max(interval));
        self.interval_ms = millis(interval);
        self.failures = failures;
        self.next_poll_at = now.plus(pause);
        Ok(DevicePoll::Wait { next_poll_at: self.next_poll_at })
    }
}

/// A failure that leaves the sign-in as it is.
fn login_error(error: &AuthError) -> Error {
    if !error.transient() {
        return Error::LoginOver { reason: error.to_string() };
    }
    Error::Upstream(Box::new(Fault {
        source: Source::Transport,
        class: Class::Transient,
        retry: Retry::OtherAccount,
        status: None,
        retry_after_ms: None,
        code: None,
        message: error.to_string(),
    }))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

//! The WorkOS client: the token URL, the device URL, the organisation.
//!
//! Owns: what is sent there and its time limits; its own settings, replaceable while it runs.
//! Must not know: storage, when to refresh, who asked.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::answer::{AuthError, Claims, refusal};
use crate::config::{Config, TokenRefresh, WorkOs};
use crate::error::Result;
use crate::secret::Secret;
use crate::upstream::{Client, Clients, Transport, read_bounded, read_what_comes};

/// How long a token request may take.
pub const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the organisation may take: without it there still is a token.
const ORGANIZATION_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest answer that is read.
const MAX_ANSWER: usize = 1024 * 1024;
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a token is asked for with.
#[derive(Clone, Copy, Debug)]
pub enum Grant<'a> {
    /// A refresh token; good once.
    Refresh {
        /// It.
        refresh: &'a Secret,
        /// The organisation the new token is to be for.
        organization_id: Option<&'a str>,
    },
    /// A device code (RFC 8628).
    Device {
        /// It.
        device_code: &'a Secret,
    },
    /// An authorization code with its PKCE verifier (RFC 7636).
    Code {
        /// The code.
        code: &'a Secret,
        /// The verifier whose hash the code was asked with.
        verifier: &'a Secret,
    },
}

/// An answer to a device authorization (RFC 8628 section 3.2).
#[derive(Debug)]
pub struct DeviceCodes {
    /// What this program polls with.
    pub device_code: Secret,
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

/// Whoever turns a refresh token into a new pair. WorkOS, or a test.
pub trait TokenEndpoint: Clone + Send + Sync + 'static {
    /// Spends the refresh token and gives back the answer's bytes, unread: they are to be made
    /// durable before anything else happens to them.
    ///
    /// `Err(Error)` is before anything was sent (a bad proxy); the inner error is the service's.
    fn spend(
        &self,
        refresh: &Secret,
        organization_id: Option<&str>,
        proxy: Option<&Secret>,
    ) -> impl Future<Output = Result<Result<Zeroizing<Vec<u8>>, AuthError>>> + Send;

    /// The settings in force.
    fn token_refresh(&self) -> TokenRefresh;
}

/// The WorkOS client. Clones share settings and connections.
#[derive(Clone, Debug)]
pub struct WorkOsClient {
    clients: Clients,
    settings: Arc<RwLock<Arc<Settings>>>,
}

/// The part of the configuration that sign-in uses.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) workos: WorkOs,
    app_base_url: Url,
    pub(super) token_refresh: TokenRefresh,
}

// === impl WorkOsClient ===

impl WorkOsClient {
    /// Does nothing yet.
    #[must_use]
    pub fn new(clients: Clients, config: &Config) -> Self {
        let settings = Arc::new(RwLock::new(Arc::new(Settings::of(config))));
        Self { clients, settings }
    }

    /// Takes over a changed configuration; requests under way keep the former one.
    pub fn configure(&self, config: &Config) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Settings::of(config));
    }

    /// Asks for a device code (RFC 8628 section 3.1).
    ///
    /// # Errors
    /// The outer error is a proxy that cannot be used.
    pub async fn device_authorize(
        &self,
        proxy: Option<&Secret>,
    ) -> Result<Result<DeviceCodes, AuthError>> {
        let client = self.clients.client(proxy)?;
        let settings = self.settings();
        let form = [("client_id", settings.workos.client_id.as_str())];
        let body = match post(&client, &settings.workos.device_url, &form, &[]).await {
            Ok(body) => body,
            Err(error) => return Ok(Err(error)),
        };
        Ok(DeviceCodes::read(&body).ok_or_else(|| AuthError::Unavailable {
            text: "the sign-in service's answer is no device authorization".to_owned(),
            sent: true,
        }))
    }

    /// Asks for tokens and gives back the answer's bytes, unread.
    ///
    /// # Errors
    /// The outer error is a proxy that cannot be used.
    pub async fn authenticate(
        &self,
        grant: Grant<'_>,
        proxy: Option<&Secret>,
    ) -> Result<Result<Zeroizing<Vec<u8>>, AuthError>> {
        let client = self.clients.client(proxy)?;
        let settings = self.settings();
        let mut form = vec![("client_id", settings.workos.client_id.as_str())];
        let secrets = grant.fill(&mut form);
        Ok(post(&client, &settings.workos.auth_url, &form, &secrets).await)
    }

    /// The organisation of an access token: `GET {app_base_url}/api/cli/org`, else its claims. A
    /// failure of the request is no error: the token works without.
    ///
    /// # Errors
    /// Only a proxy that cannot be used.
    pub async fn organization(
        &self,
        access: &Secret,
        proxy: Option<&Secret>,
    ) -> Result<Option<String>> {
        let client = self.clients.client(proxy)?;
        let settings = self.settings();
        let asked = ask_organization(&client, &settings.app_base_url, access).await;
        Ok(asked.or_else(|| Claims::of(access).organization_id))
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TokenEndpoint for WorkOsClient {
    async fn spend(
        &self,
        refresh: &Secret,
        organization_id: Option<&str>,
        proxy: Option<&Secret>,
    ) -> Result<Result<Zeroizing<Vec<u8>>, AuthError>> {
        self.authenticate(Grant::Refresh { refresh, organization_id }, proxy).await
    }

    fn token_refresh(&self) -> TokenRefresh {
        self.settings().token_refresh.clone()
    }
}

// === impl Grant ===

impl<'a> Grant<'a> {
    /// Adds the fields; answers which of them are secret.
    fn fill(self, form: &mut Vec<(&'static str, &'a str)>) -> Vec<&'a Secret> {
        match self {
            Self::Refresh { refresh, organization_id } => {
                form.push(("grant_type", "refresh_token"));
                form.push(("refresh_token", refresh.expose()));
                form.extend(organization_id.map(|it| ("organization_id", it)));
                vec![refresh]
            }
            Self::Device { device_code } => {
                form.push(("grant_type", DEVICE_GRANT));
                form.push(("device_code", device_code.expose()));
                vec![device_code]
            }
            Self::Code { code, verifier } => {
                form.push(("grant_type", "authorization_code"));
                form.push(("code", code.expose()));
                form.push(("code_verifier", verifier.expose()));
                vec![code, verifier]
            }
        }
    }
}

// === impl DeviceCodes ===

impl DeviceCodes {
    fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let text = |key: &str| {
            value.get(key).and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned)
        };
        let seconds = |key: &str| value.get(key).and_then(Value::as_u64).map(Duration::from_secs);
        Some(Self {
            device_code: Secret::new(text("device_code")?),
            user_code: text("user_code")?,
            verification_uri: text("verification_uri")?,
            verification_uri_complete: text("verification_uri_complete"),
            expires_in: seconds("expires_in").unwrap_or(Duration::from_secs(300)),
            interval: seconds("interval").unwrap_or(Duration::from_secs(5)),
        })
    }
}

// === impl Settings ===

impl Settings {
    fn of(config: &Config) -> Self {
        Self {
            workos: config.workos.clone(),
            app_base_url: config.factory.app_base_url.clone(),
            token_refresh: config.token_refresh.clone(),
        }
    }
}

async fn post(
    client: &Client,
    url: &Url,
    form: &[(&str, &str)],
    secrets: &[&Secret],
) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    let request = client.http.post(url.clone()).form(form).timeout(TOKEN_TIMEOUT);
    let sent = request.header(ACCEPT, "application/json").send().await;
    let response = sent.map_err(|error| unavailable(Transport::of(error, client.proxied)))?;
    let status = response.status();
    let (body, end) = read_what_comes(response, MAX_ANSWER, client.proxied).await;
    if !status.is_success() {
        return Err(refusal(status.as_u16(), &body, secrets));
    }
    match end {
        // An answer that is whole but for the end of its transfer still holds the only copy of a
        // rotated token.
        Err(error) if !is_whole_json(&body) => Err(unavailable(error)),
        _ => Ok(body),
    }
}

async fn ask_organization(client: &Client, app_base_url: &Url, access: &Secret) -> Option<String> {
    let url = format!("{}/api/cli/org", app_base_url.as_str().trim_end_matches('/'));
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", access.expose())).ok()?;
    bearer.set_sensitive(true);
    let request = client
        .http
        .get(url)
        .timeout(ORGANIZATION_TIMEOUT)
        .header(AUTHORIZATION, bearer)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .header("x-factory-client", "cli");
    let response = request.send().await.ok().filter(|it| it.status().is_success())?;
    let body = read_bounded(response, MAX_ANSWER, client.proxied).await.ok()?;
    let value: Value = serde_json::from_slice(&body).ok()?;
    let first = value.get("workosOrgIds")?.get(0)?.as_str()?;
    (!first.is_empty()).then(|| first.to_owned())
}

fn is_whole_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

fn unavailable(transport: Transport) -> AuthError {
    let Transport { text, sent, kind: _ } = transport;
    AuthError::Unavailable { text: format!("the sign-in service: {text}"), sent }
}

#[cfg(test)]
pub(super) mod tests;

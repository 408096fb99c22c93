//! The configuration as a person writes it.
//!
//! Owns: the JSON shape (seed S0 §2.3, design section 6.4), and the way from it to [`Config`] and
//! back.
//! Must not know: bounds (the table of keys has them), files, the environment.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use droid_protocol::dialect::Endpoint;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::check::{self, Bad};
use super::{
    ApiKey, Config, Factory, Gateway, Model, Price, Proxy, Request, Scheduling, TokenRefresh,
    Usage, WorkOs,
};
use crate::pool::account::Strategy;
use crate::secret::Secret;

/// What stands for a password that is not shown.
const MASK: &str = "****";

/// The whole file. Every key is there: what a person left out was filled in before.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    enabled: bool,
    timeout_ms: u64,
    settings: RawSettings,
    models: Vec<Model>,
    model_redirects: BTreeMap<String, String>,
    proxies: Vec<RawProxy>,
    scheduling: RawScheduling,
    gateway: RawGateway,
    prices: BTreeMap<String, RawPrice>,
    usage: RawUsage,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    workos: RawWorkOs,
    factory: RawFactory,
    token_refresh: RawTokenRefresh,
    api_key: RawApiKey,
    encryption: RawEncryption,
    request: RawRequest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWorkOs {
    client_id: String,
    auth_url: String,
    device_url: String,
    authorize_url: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFactory {
    api_base_url: String,
    app_base_url: String,
    endpoints: BTreeMap<Endpoint, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTokenRefresh {
    auto_refresh: bool,
    refresh_interval_hours: u64,
    token_valid_hours: u64,
    max_retry: u32,
    retry_delay_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApiKey {
    strategy: String,
    sticky_ttl_seconds: u64,
}

/// Nothing of it can be set; it documents what is done.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEncryption {
    algorithm: String,
    salt: String,
    key_derivation: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest {
    user_agent: String,
    system_prompt: String,
    beta_denylist: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProxy {
    #[serde(default)]
    name: String,
    url: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScheduling {
    strategy: Strategy,
    max_attempts: u32,
    lease_ttl_seconds: u64,
    rate_cooldown_seconds: u64,
    max_cooldown_seconds: u64,
    transient_first_seconds: u64,
    transient_max_seconds: u64,
    model_cooldown_seconds: u64,
    strikes: u32,
    strike_window_seconds: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGateway {
    listen: SocketAddr,
    max_body_bytes: usize,
    max_connections: usize,
    header_timeout_seconds: u64,
    body_timeout_seconds: u64,
    ping_seconds: u64,
    drain_seconds: u64,
    factory_key_header: bool,
    pass_through: bool,
    allowed_hosts: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUsage {
    retention_days: u32,
    request_log_days: u32,
}

/// In dollars.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrice {
    input: f64,
    output: f64,
    cache_write_5m: Option<f64>,
    cache_write_1h: Option<f64>,
    cache_read: Option<f64>,
}

/// Whether proxies show their passwords.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passwords {
    Shown,
    Masked,
}

/// The configuration that a checked and complete JSON value says.
pub(super) fn from_json(value: &Value) -> Result<Config, Bad> {
    check::check(value)?;
    let raw: RawConfig = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        Bad { path, message: error.into_inner().to_string() }
    })?;
    raw.into_config()
}

/// The configuration as JSON.
pub(super) fn to_json(config: &Config, passwords: Passwords) -> Value {
    // Maps with text keys and numbers always have a JSON form.
    serde_json::to_value(RawConfig::of(config, passwords)).unwrap_or_default()
}

/// A URL without its password.
pub(super) fn masked(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            // It has a host, so it can have a password.
            let _ = url.set_password(Some(MASK));
            without_root(&url)
        }
        Ok(url) => without_root(&url),
        Err(_) => MASK.to_owned(),
    }
}

/// Whether a URL is one whose password was masked.
pub(super) fn is_masked(url: &str) -> bool {
    Url::parse(url).is_ok_and(|it| it.password() == Some(MASK))
}

// === impl RawConfig ===

impl RawConfig {
    fn of(config: &Config, passwords: Passwords) -> Self {
        let Config {
            enabled,
            timeout,
            workos,
            factory,
            token_refresh,
            api_key,
            request,
            models,
            model_redirects,
            proxies,
            scheduling,
            gateway,
            prices,
            usage,
        } = config;
        let proxy = |it: &Proxy| RawProxy {
            name: it.name.clone(),
            url: match passwords {
                Passwords::Shown => it.url.expose().to_owned(),
                Passwords::Masked => masked(it.url.expose()),
            },
        };
        Self {
            enabled: *enabled,
            timeout_ms: millis(*timeout),
            settings: RawSettings {
                workos: RawWorkOs {
                    client_id: workos.client_id.clone(),
                    auth_url: without_root(&workos.auth_url),
                    device_url: without_root(&workos.device_url),
                    authorize_url: without_root(&workos.authorize_url),
                },
                factory: RawFactory {
                    api_base_url: without_root(&factory.api_base_url),
                    app_base_url: without_root(&factory.app_base_url),
                    endpoints: factory.endpoints.clone(),
                },
                token_refresh: RawTokenRefresh::of(token_refresh),
                api_key: RawApiKey {
                    strategy: key_strategy_name(api_key.strategy),
                    sticky_ttl_seconds: api_key.sticky_ttl.as_secs(),
                },
                encryption: RawEncryption::only(),
                request: RawRequest {
                    user_agent: request.user_agent.clone(),
                    system_prompt: request.system_prompt.clone(),
                    beta_denylist: request.beta_denylist.clone(),
                },
            },
            models: models.clone(),
            model_redirects: model_redirects.clone(),
            proxies: proxies.iter().map(proxy).collect(),
            scheduling: RawScheduling::of(scheduling),
            gateway: RawGateway::of(gateway),
            prices: prices.iter().map(|(model, it)| (model.clone(), RawPrice::of(it))).collect(),
            usage: RawUsage {
                retention_days: usage.retention_days,
                request_log_days: usage.request_log_days,
            },
        }
    }

    fn into_config(self) -> Result<Config, Bad> {
        let RawSettings { workos, factory, token_refresh, api_key, encryption: _, request } =
            self.settings;
        let proxy = |it: RawProxy| Proxy { name: it.name, url: Secret::new(it.url) };
        let config = Config {
            enabled: self.enabled,
            timeout: Duration::from_millis(self.timeout_ms),
            workos: WorkOs {
                client_id: workos.client_id,
                auth_url: url("settings.workos.auth_url", &workos.auth_url)?,
                device_url: url("settings.workos.device_url", &workos.device_url)?,
                authorize_url: url("settings.workos.authorize_url", &workos.authorize_url)?,
            },
            factory: Factory {
                api_base_url: base_url("settings.factory.api_base_url", &factory.api_base_url)?,
                app_base_url: base_url("settings.factory.app_base_url", &factory.app_base_url)?,
                endpoints: factory.endpoints,
            },
            token_refresh: token_refresh.into_config(),
            api_key: ApiKey {
                strategy: key_strategy(&api_key.strategy)?,
                sticky_ttl: Duration::from_secs(api_key.sticky_ttl_seconds),
            },
            request: Request {
                user_agent: request.user_agent,
                system_prompt: request.system_prompt,
                beta_denylist: request.beta_denylist,
            },
            models: self.models,
            model_redirects: self.model_redirects,
            proxies: self.proxies.into_iter().map(proxy).collect(),
            scheduling: self.scheduling.into_config(),
            gateway: self.gateway.into_config(),
            prices: self.prices.into_iter().map(|(model, it)| (model, it.into_config())).collect(),
            usage: Usage {
                retention_days: self.usage.retention_days,
                request_log_days: self.usage.request_log_days,
            },
        };
        if config.scheduling.transient_first > config.scheduling.transient_max {
            return Err(Bad {
                path: "scheduling.transient_first_seconds".to_owned(),
                message: "it is longer than scheduling.transient_max_seconds".to_owned(),
            });
        }
        Ok(config)
    }
}

// === impl RawTokenRefresh ===

impl RawTokenRefresh {
    fn of(it: &TokenRefresh) -> Self {
        Self {
            auto_refresh: it.auto_refresh,
            refresh_interval_hours: it.refresh_interval.as_secs() / 3600,
            token_valid_hours: it.token_valid.as_secs() / 3600,
            max_retry: it.max_retry,
            retry_delay_ms: millis(it.retry_delay),
        }
    }

    const fn into_config(self) -> TokenRefresh {
        TokenRefresh {
            auto_refresh: self.auto_refresh,
            refresh_interval: Duration::from_secs(self.refresh_interval_hours * 3600),
            token_valid: Duration::from_secs(self.token_valid_hours * 3600),
            max_retry: self.max_retry,
            retry_delay: Duration::from_millis(self.retry_delay_ms),
        }
    }
}

// === impl RawEncryption ===

impl RawEncryption {
    fn only() -> Self {
        Self {
            algorithm: "aes-256-cbc".to_owned(),
            salt: "droid-account-salt".to_owned(),
            key_derivation: "scrypt".to_owned(),
        }
    }
}

// === impl RawScheduling ===

impl RawScheduling {
    fn of(it: &Scheduling) -> Self {
        Self {
            strategy: it.strategy,
            max_attempts: it.max_attempts,
            lease_ttl_seconds: it.lease_ttl.as_secs(),
            rate_cooldown_seconds: it.rate_cooldown.as_secs(),
            max_cooldown_seconds: it.max_cooldown.as_secs(),
            transient_first_seconds: it.transient_first.as_secs(),
            transient_max_seconds: it.transient_max.as_secs(),
            model_cooldown_seconds: it.model_cooldown.as_secs(),
            strikes: it.strikes,
            strike_window_seconds: it.strike_window.as_secs(),
        }
    }

    const fn into_config(self) -> Scheduling {
        Scheduling {
            strategy: self.strategy,
            max_attempts: self.max_attempts,
            lease_ttl: Duration::from_secs(self.lease_ttl_seconds),
            rate_cooldown: Duration::from_secs(self.rate_cooldown_seconds),
            max_cooldown: Duration::from_secs(self.max_cooldown_seconds),
            transient_first: Duration::from_secs(self.transient_first_seconds),
            transient_max: Duration::from_secs(self.transient_max_seconds),
            model_cooldown: Duration::from_secs(self.model_cooldown_seconds),
            strikes: self.strikes,
            strike_window: Duration::from_secs(self.strike_window_seconds),
        }
    }
}

// === impl RawGateway ===

impl RawGateway {
    fn of(it: &Gateway) -> Self {
        Self {
            listen: it.listen,
            max_body_bytes: it.max_body,
            max_connections: it.max_connections,
            header_timeout_seconds: it.header_timeout.as_secs(),
            body_timeout_seconds: it.body_timeout.as_secs(),
            ping_seconds: it.ping.as_secs(),
            drain_seconds: it.drain.as_secs(),
            factory_key_header: it.factory_key_header,
            pass_through: it.pass_through,
            allowed_hosts: it.allowed_hosts.clone(),
        }
    }

    fn into_config(self) -> Gateway {
        Gateway {
            listen: self.listen,
            max_body: self.max_body_bytes,
            max_connections: self.max_connections,
            header_timeout: Duration::from_secs(self.header_timeout_seconds),
            body_timeout: Duration::from_secs(self.body_timeout_seconds),
            ping: Duration::from_secs(self.ping_seconds),
            drain: Duration::from_secs(self.drain_seconds),
            factory_key_header: self.factory_key_header,
            pass_through: self.pass_through,
            allowed_hosts: self.allowed_hosts,
        }
    }
}

// === impl RawPrice ===

impl RawPrice {
    fn of(it: &Price) -> Self {
        Self {
            input: dollars(it.input),
            output: dollars(it.output),
            cache_write_5m: Some(dollars(it.cache_write_5m)),
            cache_write_1h: Some(dollars(it.cache_write_1h)),
            cache_read: Some(dollars(it.cache_read)),
        }
    }

    fn into_config(self) -> Price {
        let cache = |it: Option<f64>| millionths(it.unwrap_or(self.input));
        Price {
            input: millionths(self.input),
            output: millionths(self.output),
            cache_write_5m: cache(self.cache_write_5m),
            cache_write_1h: cache(self.cache_write_1h),
            cache_read: cache(self.cache_read),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bounded: at most a million dollars")]
fn dollars(millionths: u64) -> f64 {
    millionths as f64 / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before: from 0 to a million dollars"
)]
fn millionths(dollars: f64) -> u64 {
    (dollars * 1e6).round() as u64
}

/// Seed S0's name of the default, which says what it does.
fn key_strategy_name(strategy: Strategy) -> String {
    match strategy {
        Strategy::Random => "random_sticky".to_owned(),
        other => serde_json::to_value(other)
            .ok()
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default(),
    }
}

fn key_strategy(name: &str) -> Result<Strategy, Bad> {
    serde_json::from_value(name.into()).map_err(|_| Bad {
        path: "settings.api_key.strategy".to_owned(),
        message: "there is no such strategy".to_owned(),
    })
}

/// A base that paths are put after: without a slash at its end.
fn base_url(path: &str, text: &str) -> Result<Url, Bad> {
    url(path, text.trim_end_matches('/'))
}

fn url(path: &str, text: &str) -> Result<Url, Bad> {
    Url::parse(text)
        .map_err(|_| Bad { path: path.to_owned(), message: "a URL is expected".to_owned() })
}

/// A URL's text as people write it: the root path is left out.
fn without_root(url: &Url) -> String {
    let text = url.as_str();
    if url.path() == "/" { text.trim_end_matches('/').to_owned() } else { text.to_owned() }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! The configuration the program uses.
//!
//! Owns: [`Config`], its defaults (seed S0 §2.3, design section 6.4) and its bounds.
//! Must not know: where values came from, who uses them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use droid_protocol::dialect::Endpoint;
pub use droid_protocol::edit::Reasoning;
use serde::{Deserialize, Serialize};
use url::Url;

mod check;
pub mod env;
pub mod former;
mod keys;
mod live;
mod load;
mod raw;
mod shape;

#[cfg(test)]
mod tests;

pub use live::Live;
pub use load::{Origin, needs_restart, schema};
pub use shape::{ConfigPatch, ConfigValue};

use crate::pool::account::Strategy;
use crate::secret::Secret;

/// Everything that can be set, already checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Off answers every call that needs an account with an error.
    pub enabled: bool,
    /// Longest silence of an upstream answer (`timeout_ms`).
    pub timeout: Duration,
    /// The sign-in service.
    pub workos: WorkOs,
    /// Factory's addresses.
    pub factory: Factory,
    /// When and how tokens are refreshed.
    pub token_refresh: TokenRefresh,
    /// Key pools.
    pub api_key: ApiKey,
    /// What every request carries.
    pub request: Request,
    /// The catalogue.
    pub models: Vec<Model>,
    /// Model asked for -> model sent. Exact names, or a prefix or suffix with `*`; applied once.
    pub model_redirects: BTreeMap<String, String>,
    /// Proxies for accounts without one of their own, taken in turn; empty is a direct connection.
    pub proxies: Vec<Proxy>,
    /// Selection and cooling.
    pub scheduling: Scheduling,
    /// The HTTP face.
    pub gateway: Gateway,
    /// Prices by model; `*` stands for anything, the longest pattern that fits counts.
    pub prices: BTreeMap<String, Price>,
    /// What is kept of usage.
    pub usage: Usage,
}

/// `settings.workos`.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkOs {
    /// The OAuth client id (public).
    pub client_id: String,
    /// Token URL.
    pub auth_url: Url,
    /// Device authorization URL (RFC 8628).
    pub device_url: Url,
    /// Authorization URL of the code flow.
    pub authorize_url: Url,
}

/// `settings.factory`.
#[derive(Clone, Debug, PartialEq)]
pub struct Factory {
    /// Base of the model endpoints, without a trailing slash.
    pub api_base_url: Url,
    /// Base of the application, for `/api/cli/org`.
    pub app_base_url: Url,
    /// Path of each endpoint below `api_base_url`.
    pub endpoints: BTreeMap<Endpoint, String>,
}

/// `settings.token_refresh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRefresh {
    /// Off refreshes only on demand: an expired token, a 401, or a person's order.
    pub auto_refresh: bool,
    /// A token older than this is refreshed before use.
    pub refresh_interval: Duration,
    /// How long a token lives when the answer does not tell.
    pub token_valid: Duration,
    /// Tries of one refresh.
    pub max_retry: u32,
    /// Pause before the second try; doubles.
    pub retry_delay: Duration,
}

/// `settings.api_key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// How a key is chosen for a new session. S0's `random_sticky` is [`Strategy::Random`].
    pub strategy: Strategy,
    /// How long a session keeps its key and account after its last request.
    pub sticky_ttl: Duration,
}

/// `settings.request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `User-Agent` of accounts without their own.
    pub user_agent: String,
    /// Put first in every request; empty puts nothing.
    pub system_prompt: String,
    /// `anthropic-beta` values never sent upstream.
    pub beta_denylist: Vec<String>,
}

/// One model of the catalogue (seed S2 `models`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Upstream's name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// The endpoint that serves it.
    #[serde(rename = "type")]
    pub endpoint: Endpoint,
    /// `x-api-provider`, where it is not the one the name implies (seed S0 §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The reasoning level forced on it.
    #[serde(default)]
    pub reasoning: Reasoning,
    /// Other names clients may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Tokens of context.
    #[serde(default = "default_context_length")]
    pub context_length: u64,
    /// Takes images.
    #[serde(default = "yes")]
    pub supports_vision: bool,
    /// Takes tools.
    #[serde(default = "yes")]
    pub supports_tools: bool,
}

/// One entry of `proxies` (seed S2). Its URL may hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// For people and logs.
    pub name: String,
    /// `http://`, `https://` or `socks5://`, with user and password if needed.
    pub url: Secret,
}

/// `scheduling`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduling {
    /// Order among accounts that are in no group.
    pub strategy: Strategy,
    /// Accounts tried for one request.
    pub max_attempts: u32,
    /// A lease nobody gave back ends after this.
    pub lease_ttl: Duration,
    /// 429 without a time.
    pub rate_cooldown: Duration,
    /// The longest pause unless upstream named a later reset of a quota.
    pub max_cooldown: Duration,
    /// First pause after a transient fault; doubles to `transient_max`.
    pub transient_first: Duration,
    /// Longest pause after transient faults.
    pub transient_max: Duration,
    /// Longest pause of one model on one account.
    pub model_cooldown: Duration,
    /// Credential faults that make an error...
    pub strikes: u32,
    /// ...within this time.
    pub strike_window: Duration,
}

/// `gateway`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Longest request body, in bytes.
    pub max_body: usize,
    /// Connections at the same time.
    pub max_connections: usize,
    /// How long the head of a request may take, and a connection may wait for one.
    pub header_timeout: Duration,
    /// How long a body may pause while it is sent.
    pub body_timeout: Duration,
    /// A stream that is silent for so long gets a sign of life.
    pub ping: Duration,
    /// From the order to stop to the end of what is in flight then.
    pub drain: Duration,
    /// Clients may send a Factory key of their own in `X-Factory-API-Key`.
    pub factory_key_header: bool,
    /// A client's own `Authorization` goes upstream where no client key is sent.
    pub pass_through: bool,
    /// Names beside those of this machine that the admin API may be asked under.
    pub allowed_hosts: Vec<String>,
}

/// What a million tokens of a model cost, in millionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Input that no cache is used for.
    pub input: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// Input written to a cache for five minutes.
    pub cache_write_5m: u64,
    /// Input written to a cache for an hour.
    pub cache_write_1h: u64,
    /// Input read from a cache.
    pub cache_read: u64,
}

/// `usage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Days that sums of usage are kept.
    pub retention_days: u32,
    /// Days that single requests are kept.
    pub request_log_days: u32,
}

// === impl Default ===

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            timeout: Duration::from_secs(600),
            workos: WorkOs {
                client_id: "client_01HNM792M5G5G1A2THWPXKFMXB".to_owned(),
                auth_url: url("https://api.workos.com/user_management/authenticate"),
                device_url: url("https://api.workos.com/user_management/authorize/device"),
                authorize_url: url("https://api.workos.com/user_management/authorize"),
            },
            factory: Factory {
                api_base_url: url("https://api.factory.ai/api/llm"),
                app_base_url: url("https://app.factory.ai"),
                endpoints: BTreeMap::from([
                    (Endpoint::Anthropic, "/a/v1/messages".to_owned()),
                    (Endpoint::OpenAi, "/o/v1/responses".to_owned()),
                    (Endpoint::Comm, "/o/v1/chat/completions".to_owned()),
                    (Endpoint::Google, "/g/v1/generate".to_owned()),
                ]),
            },
            token_refresh: TokenRefresh {
                auto_refresh: true,
                refresh_interval: Duration::from_secs(6 * 3600),
                token_valid: Duration::from_secs(8 * 3600),
                max_retry: 3,
                retry_delay: Duration::from_secs(1),
            },
            api_key: ApiKey { strategy: Strategy::Random, sticky_ttl: Duration::from_secs(3600) },
            request: Request {
                user_agent: "factory-cli/0.32.1".to_owned(),
                system_prompt: "You are Droid, an AI software engineering agent built by Factory."
                    .to_owned(),
                beta_denylist: Vec::new(),
            },
            models: default_models(),
            model_redirects: BTreeMap::from([
                ("*haiku*".to_owned(), "claude-sonnet-4-20250514".to_owned()),
                ("gpt-5".to_owned(), "gpt-5-2025-08-07".to_owned()),
            ]),
            proxies: Vec::new(),
            scheduling: Scheduling {
                strategy: Strategy::PriorityLru,
                max_attempts: 3,
                lease_ttl: Duration::from_secs(900),
                rate_cooldown: Duration::from_secs(60),
                max_cooldown: Duration::from_secs(30 * 60),
                transient_first: Duration::from_secs(5),
                transient_max: Duration::from_secs(5 * 60),
                model_cooldown: Duration::from_secs(10 * 60),
                strikes: 3,
                strike_window: Duration::from_secs(10 * 60),
            },
            gateway: Gateway {
                listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
                max_body: 64 * 1024 * 1024,
                max_connections: 8192,
                header_timeout: Duration::from_secs(30),
                body_timeout: Duration::from_secs(60),
                ping: Duration::from_secs(15),
                drain: Duration::from_secs(30),
                factory_key_header: false,
                pass_through: false,
                allowed_hosts: Vec::new(),
            },
            prices: default_prices(),
            usage: Usage { retention_days: 90, request_log_days: 30 },
        }
    }
}

/// The catalogue that ships (seed S0 §1.4); any other id still routes by its name.
fn default_models() -> Vec<Model> {
    let model = |id: &str, name: &str, endpoint, context_length| Model {
        id: id.to_owned(),
        name: name.to_owned(),
        endpoint,
        provider: None,
        reasoning: Reasoning::Auto,
        aliases: Vec::new(),
        context_length,
        supports_vision: !id.starts_with("glm"),
        supports_tools: true,
    };
    vec![
        model("claude-opus-4-1-20250805", "Claude Opus 4.1", Endpoint::Anthropic, 200_000),
        model("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", Endpoint::Anthropic, 200_000),
        model("claude-sonnet-4-20250514", "Claude Sonnet 4", Endpoint::Anthropic, 200_000),
        model("gpt-5-2025-08-07", "GPT-5", Endpoint::OpenAi, 400_000),
        model("gpt-5-codex", "GPT-5 Codex", Endpoint::OpenAi, 400_000),
        model("gemini-2.5-pro", "Gemini 2.5 Pro", Endpoint::Comm, 1_048_576),
        model("glm-4.6", "GLM 4.6", Endpoint::Comm, 200_000),
    ]
}

/// List prices of the models that ship, in cents.
fn default_prices() -> BTreeMap<String, Price> {
    let cents =
        |input: u64, output: u64, cache_write_5m: u64, cache_write_1h: u64, cache_read: u64| {
            Price {
                input: input * 10_000,
                output: output * 10_000,
                cache_write_5m: cache_write_5m * 10_000,
                cache_write_1h: cache_write_1h * 10_000,
                cache_read: cache_read * 10_000,
            }
        };
    let prices = [
        ("claude-opus-4*", cents(1500, 7500, 1875, 3000, 150)),
        ("claude-sonnet-4*", cents(300, 1500, 375, 600, 30)),
        ("claude-haiku-4*", cents(100, 500, 125, 200, 10)),
        ("gpt-5*", Price { cache_read: 125_000, ..cents(125, 1000, 125, 125, 0) }),
        ("gemini-2.5-pro*", cents(125, 1000, 125, 125, 31)),
        ("glm-4.6*", cents(60, 220, 60, 60, 11)),
    ];
    prices.into_iter().map(|(model, price)| (model.to_owned(), price)).collect()
}

const fn default_context_length() -> u64 {
    200_000
}

const fn yes() -> bool {
    true
}

#[expect(clippy::expect_used, reason = "constants of this file; a test builds the default")]
fn url(text: &str) -> Url {
    Url::parse(text).expect("a constant URL")
}

//! Every key of the configuration: what it is, what it may hold.
//!
//! Owns: the one table that values are checked against and the schema is made from.
//! Must not know: where values come from, how the program uses them.

use serde_json::{Map, Value, json};

use super::check::Rule;

/// One key.
pub(super) struct Key {
    /// Its path, e.g. `settings.workos.client_id`.
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) rule: Rule,
}

const fn key(path: &'static str, title: &'static str, about: &'static str, rule: Rule) -> Key {
    Key { path, title, about, rule }
}

const SECONDS_A_DAY: u64 = 24 * 3600;
const STRATEGIES: Rule = Rule::Word(&[
    "priority_lru",
    "round_robin",
    "random",
    "least_used",
    "least_token_used",
    "max_remaining",
    "weighted_score",
    "fill_first",
]);
const KEY_STRATEGIES: Rule = Rule::Word(&[
    "random_sticky",
    "random",
    "round_robin",
    "priority_lru",
    "least_used",
    "least_token_used",
    "weighted_score",
    "fill_first",
]);

/// The table, in the order of the shipped file.
pub(super) const KEYS: &[Key] = &[
    key(
        "enabled",
        "Enabled",
        "Off answers every call that needs an account with an error.",
        Rule::Bool,
    ),
    key(
        "timeout_ms",
        "Idle timeout (ms)",
        "Longest silence of an upstream answer. A live stream has no total limit.",
        Rule::Int { min: 1000, max: SECONDS_A_DAY * 1000 },
    ),
    key("settings.workos.client_id", "WorkOS client id", "The public OAuth client id.", Rule::Text),
    key(
        "settings.workos.auth_url",
        "Token URL",
        "Where tokens are issued and refreshed.",
        Rule::Url,
    ),
    key(
        "settings.workos.device_url",
        "Device authorization URL",
        "Where a device sign-in begins.",
        Rule::Url,
    ),
    key(
        "settings.workos.authorize_url",
        "Authorization URL",
        "Where a browser sign-in begins.",
        Rule::Url,
    ),
    key("settings.factory.api_base_url", "API base URL", "Base of the model endpoints.", Rule::Url),
    key(
        "settings.factory.app_base_url",
        "App base URL",
        "Base of the application, for organisations.",
        Rule::Url,
    ),
    key(
        "settings.factory.endpoints.anthropic",
        "Anthropic path",
        "Messages, below the API base URL.",
        Rule::Path,
    ),
    key(
        "settings.factory.endpoints.openai",
        "OpenAI path",
        "Responses, below the API base URL.",
        Rule::Path,
    ),
    key(
        "settings.factory.endpoints.comm",
        "General path",
        "Chat completions, below the API base URL.",
        Rule::Path,
    ),
    key(
        "settings.factory.endpoints.google",
        "Google path",
        "Gemini, below the API base URL.",
        Rule::Path,
    ),
    key(
        "settings.token_refresh.auto_refresh",
        "Refresh tokens ahead",
        "Off refreshes only on demand: an expired token, a 401, or a person's order.",
        Rule::Bool,
    ),
    key(
        "settings.token_refresh.refresh_interval_hours",
        "Refresh interval (hours)",
        "A token older than this is refreshed before use.",
        Rule::Int { min: 1, max: 168 },
    ),
    key(
        "settings.token_refresh.token_valid_hours",
        "Token lifetime (hours)",
        "How long a token lives when the answer does not tell.",
        Rule::Int { min: 1, max: 168 },
    ),
    key(
        "settings.token_refresh.max_retry",
        "Refresh tries",
        "Tries of one refresh.",
        Rule::Int { min: 1, max: 10 },
    ),
    key(
        "settings.token_refresh.retry_delay_ms",
        "Refresh retry delay (ms)",
        "Pause before the second try; doubles.",
        Rule::Int { min: 0, max: 60_000 },
    ),
    key(
        "settings.api_key.strategy",
        "Key choice",
        "How a key is chosen for a new session.",
        KEY_STRATEGIES,
    ),
    key(
        "settings.api_key.sticky_ttl_seconds",
        "Stickiness (s)",
        "How long a session keeps its account and key after its last request.",
        Rule::Int { min: 0, max: 7 * SECONDS_A_DAY },
    ),
    key(
        "settings.encryption.algorithm",
        "Cipher",
        "Secrets at rest; cannot be changed.",
        Rule::Only("aes-256-cbc"),
    ),
    key(
        "settings.encryption.salt",
        "Salt of the old format",
        "Only for reading old records; cannot be changed.",
        Rule::Only("droid-account-salt"),
    ),
    key(
        "settings.encryption.key_derivation",
        "Key derivation",
        "From DROID_ENCRYPTION_KEY; cannot be changed.",
        Rule::Only("scrypt"),
    ),
    key("settings.request.user_agent", "User agent", "Of accounts without their own.", Rule::Text),
    key(
        "settings.request.system_prompt",
        "System prompt",
        "Put first in every request; empty puts nothing.",
        Rule::LongText,
    ),
    key(
        "settings.request.beta_denylist",
        "Refused betas",
        "anthropic-beta values that are never sent upstream.",
        Rule::Texts,
    ),
    key(
        "models",
        "Models",
        "The catalogue; any other model still routes by its name.",
        Rule::Models,
    ),
    key(
        "model_redirects",
        "Model redirects",
        "Model asked for to model sent; names may begin or end with *. Applied once.",
        Rule::Redirects,
    ),
    key(
        "proxies",
        "Proxies",
        "For accounts without one of their own, taken in turn: http, https or socks5.",
        Rule::Proxies,
    ),
    key(
        "scheduling.strategy",
        "Account choice",
        "Order among accounts that are in no group.",
        STRATEGIES,
    ),
    key(
        "scheduling.max_attempts",
        "Attempts",
        "Accounts tried for one request.",
        Rule::Int { min: 1, max: 20 },
    ),
    key(
        "scheduling.lease_ttl_seconds",
        "Lease lifetime (s)",
        "A lease nobody gave back ends after this.",
        Rule::Int { min: 10, max: SECONDS_A_DAY },
    ),
    key(
        "scheduling.rate_cooldown_seconds",
        "Rate limit pause (s)",
        "Pause after a 429 that names no time.",
        Rule::Int { min: 1, max: 1800 },
    ),
    key(
        "scheduling.max_cooldown_seconds",
        "Longest pause (s)",
        "Unless upstream names a later reset of a quota.",
        Rule::Int { min: 1, max: SECONDS_A_DAY },
    ),
    key(
        "scheduling.transient_first_seconds",
        "First pause after a fault (s)",
        "After a transient fault; doubles with each one.",
        Rule::Int { min: 1, max: 3600 },
    ),
    key(
        "scheduling.transient_max_seconds",
        "Longest pause after faults (s)",
        "After transient faults in a row.",
        Rule::Int { min: 1, max: 3600 },
    ),
    key(
        "scheduling.model_cooldown_seconds",
        "Model pause (s)",
        "Longest pause of one model on one account.",
        Rule::Int { min: 1, max: 600 },
    ),
    key(
        "scheduling.strikes",
        "Strikes",
        "Credential faults within the strike window that stop an account or key.",
        Rule::Int { min: 1, max: 100 },
    ),
    key(
        "scheduling.strike_window_seconds",
        "Strike window (s)",
        "How long a credential fault counts as a strike.",
        Rule::Int { min: 1, max: SECONDS_A_DAY },
    ),
    key(
        "gateway.listen",
        "Address",
        "Where the gateway listens. Beyond this machine only with an admin key and a client key. \
         Needs a restart.",
        Rule::Address,
    ),
    key(
        "gateway.max_body_bytes",
        "Longest body (bytes)",
        "Of a request.",
        Rule::Int { min: 1024, max: 1024 * 1024 * 1024 },
    ),
    key(
        "gateway.max_connections",
        "Connections",
        "At the same time; more wait to be taken. Needs a restart.",
        Rule::Int { min: 1, max: 1_000_000 },
    ),
    key(
        "gateway.header_timeout_seconds",
        "Head timeout (s)",
        "How long the head of a request may take, and a connection may wait for one. Needs a \
         restart.",
        Rule::Int { min: 1, max: 3600 },
    ),
    key(
        "gateway.body_timeout_seconds",
        "Body timeout (s)",
        "How long a request's body may pause while it is sent.",
        Rule::Int { min: 1, max: 3600 },
    ),
    key(
        "gateway.ping_seconds",
        "Sign of life (s)",
        "A stream that is silent for so long gets one.",
        Rule::Int { min: 1, max: 3600 },
    ),
    key(
        "gateway.drain_seconds",
        "Time to stop (s)",
        "From the order to stop to the end of what is in flight then. Needs a restart.",
        Rule::Int { min: 0, max: 3600 },
    ),
    key(
        "gateway.factory_key_header",
        "Clients' Factory keys",
        "Clients may send a Factory key of their own in X-Factory-API-Key.",
        Rule::Bool,
    ),
    key(
        "gateway.pass_through",
        "Pass-through",
        "A client's own Authorization goes upstream where no client key is sent.",
        Rule::Bool,
    ),
    key(
        "gateway.allowed_hosts",
        "Host names",
        "Names beside those of this machine that the admin API may be asked under.",
        Rule::Texts,
    ),
    key(
        "prices",
        "Prices",
        "Dollars for a million tokens by model, whose name may have *; the longest name that fits \
         counts. A cache price that is left out is the input's.",
        Rule::Prices,
    ),
    key(
        "usage.retention_days",
        "Usage kept (days)",
        "Days that sums of usage are kept.",
        Rule::Int { min: 1, max: 3650 },
    ),
    key(
        "usage.request_log_days",
        "Requests kept (days)",
        "Days that single requests are kept, without their content.",
        Rule::Int { min: 1, max: 3650 },
    ),
];

/// The JSON Schema of the configuration, made from the table; `defaults` is a whole configuration.
pub(super) fn schema(defaults: &Value) -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Droid Provider",
        "type": "object",
        "additionalProperties": false,
        "properties": {},
    });
    for key in KEYS {
        let mut leaf = key.rule.schema();
        leaf.insert("title".to_owned(), key.title.into());
        leaf.insert("description".to_owned(), key.about.into());
        if let Some(default) = defaults.pointer(&pointer(key.path)) {
            leaf.insert("default".to_owned(), default.clone());
        }
        insert(&mut root, key.path, leaf);
    }
    root
}

/// The JSON pointer of a path.
pub(super) fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

fn insert(node: &mut Value, path: &str, leaf: Map<String, Value>) {
    let properties = &mut node["properties"];
    match path.split_once('.') {
        None => properties[path] = Value::Object(leaf),
        Some((section, rest)) => {
            if properties.get(section).is_none() {
                properties[section] =
                    json!({"type": "object", "additionalProperties": false, "properties": {}});
            }
            insert(&mut properties[section], rest, leaf);
        }
    }
}

//! The options that describe an account, the same wherever one is added or changed.
//!
//! Owns: their spelling, and turning them into the `config` of the method table.
//! Must not know: what they do.

use clap::Args;
use serde_json::{Map, Value, json};

use super::ask;
use super::failure::{Failure, Result};

/// Takes a setting away.
const NONE: &str = "none";

/// What can be said of an account.
#[derive(Args, Default)]
pub(crate) struct AccountOptions {
    /// What you call it
    #[arg(long)]
    name: Option<String>,
    /// Which endpoint it is for: anthropic, openai, comm or google
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// 0 is used first, 100 last
    #[arg(long, value_name = "0..100")]
    priority: Option<i64>,
    /// A group it is in; give it again for several, `none` for none
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Whether requests that are not bound to it may use it
    #[arg(long, value_name = "BOOL")]
    schedulable: Option<bool>,
    /// Requests at the same time; 0 is no limit
    #[arg(long, value_name = "N")]
    max_concurrency: Option<u32>,
    /// Proxy as http://, https:// or socks5:// URL; `-` reads it from stdin (for one with a
    /// password), `none` removes it
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// User agent of its requests; `none` for the usual one
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// When the subscription ends, such as 2027-01-31; `none` for no end
    #[arg(long, value_name = "DAY")]
    expires: Option<String>,
    /// Organization its tokens are for; `none` for whichever the sign-in gives
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Tokens it may use, for the max_remaining strategy; `none` for no budget
    #[arg(long, value_name = "TOKENS")]
    token_budget: Option<String>,
    /// How a key of a pool is chosen: random, round_robin, least_used and others
    #[arg(long, value_name = "STRATEGY")]
    key_strategy: Option<String>,
}

// === impl AccountOptions ===

impl AccountOptions {
    /// The name, if one was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The `config` of `create_credential` and `update_credential`: only what was given.
    ///
    /// # Errors
    /// A proxy whose password is in an argument, where every process on the machine can read it.
    pub(crate) fn config(&self, stdin_is_taken: bool) -> Result<Value> {
        let mut config = Map::new();
        let mut put = |name: &str, value: Value| drop(config.insert(name.to_owned(), value));
        if let Some(name) = &self.name {
            put("name", json!(name));
        }
        if let Some(endpoint) = &self.endpoint {
            put("endpoint_type", json!(endpoint));
        }
        if let Some(priority) = self.priority {
            put("priority", json!(priority));
        }
        if !self.groups.is_empty() {
            let groups: Vec<&String> = self.groups.iter().filter(|it| *it != NONE).collect();
            put("groups", json!(groups));
        }
        if let Some(schedulable) = self.schedulable {
            put("schedulable", json!(schedulable));
        }
        if let Some(n) = self.max_concurrency {
            put("max_concurrency", json!(n));
        }
        if let Some(proxy) = &self.proxy {
            put("proxy", proxy_url(proxy, stdin_is_taken)?);
        }
        for (name, given) in [
            ("user_agent", &self.user_agent),
            ("subscription_expires_at", &self.expires),
            ("organization_id", &self.organization),
        ] {
            if let Some(text) = given {
                put(name, if text == NONE { Value::Null } else { json!(text) });
            }
        }
        if let Some(budget) = &self.token_budget {
            let tokens = match budget.parse::<u64>() {
                Ok(tokens) => json!(tokens),
                Err(_) if budget == NONE => Value::Null,
                Err(_) => {
                    return Err(Failure::usage("--token-budget: expected a number, or `none`"));
                }
            };
            put("token_budget", tokens);
        }
        if let Some(strategy) = &self.key_strategy {
            put("key_strategy", json!(strategy));
        }
        Ok(Value::Object(config))
    }
}

/// A proxy as the method table takes it.
///
/// # Errors
/// When a password is in it: arguments are no secret.
pub(crate) fn proxy_url(given: &str, stdin_is_taken: bool) -> Result<Value> {
    match given {
        NONE => Ok(Value::Null),
        "-" if stdin_is_taken => {
            let message = "--proxy -: stdin holds the secret already; give the proxy afterwards";
            Err(Failure::usage(message).hint("accounts edit ACCOUNT --proxy -"))
        }
        "-" => Ok(json!(ask::secret("proxy URL")?.expose())),
        url if url.contains('@') => {
            let message = "--proxy: a password in an argument can be read by others";
            Err(Failure::usage(message).hint("give `--proxy -` and the URL on stdin"))
        }
        url => Ok(json!(url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_changed() {
        assert_eq!(AccountOptions::default().config(false).unwrap(), json!({}));
        let options = AccountOptions {
            priority: Some(0),
            groups: vec!["none".to_owned()],
            expires: Some("none".to_owned()),
            token_budget: Some("7".to_owned()),
            ..AccountOptions::default()
        };
        let wanted = json!({
            "priority": 0, "groups": [], "subscription_expires_at": null, "token_budget": 7,
        });
        assert_eq!(options.config(false).unwrap(), wanted);
    }

    #[test]
    fn a_password_is_never_taken_from_an_argument() {
        let failure = proxy_url("http://user:canary@host:1", false).unwrap_err();
        assert!(!failure.to_text().contains("canary"), "{}", failure.to_text());
        assert_eq!(proxy_url("-", true).unwrap_err().kind, "usage");
    }
}

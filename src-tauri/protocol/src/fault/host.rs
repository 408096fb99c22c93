//! Faults in the words of the host.
//!
//! Owns: the host's nine error types, both ways.
//! Must not know: JSON-RPC, what the host does with them.

use super::classify::{by_name, classify};
use super::clean::clean_text;
use super::told::Told;
use super::{Class, Fault, Retry, Source};

impl Fault {
    /// One of the host's nine error types.
    ///
    /// | class | type |
    /// |---|---|
    /// | request | `content_filtered` if upstream's code says so, else `unknown` |
    /// | model | `model_unavailable` |
    /// | credential | `authentication` if a refresh may help (401), else `authorization` |
    /// | quota | `quota_exceeded` |
    /// | rate | `rate_limit` |
    /// | transient | `network_error` if it never got there, else `server_error` |
    /// | truncated | `network_error` |
    /// | client_closed | `unknown` |
    #[must_use]
    pub fn host_error_type(&self) -> &'static str {
        match (self.class, self.retry) {
            (Class::Request, _) if self.is_content_filter() => "content_filtered",
            (Class::Request | Class::ClientClosed, _) => "unknown",
            (Class::Model, _) => "model_unavailable",
            (Class::Credential, Retry::AfterRefresh) => "authentication",
            (Class::Credential, Retry::Never | Retry::OtherAccount) => "authorization",
            (Class::Quota, _) => "quota_exceeded",
            (Class::Rate, _) => "rate_limit",
            (Class::Transient, _) if self.source == Source::Transport => "network_error",
            (Class::Transient, _) => "server_error",
            (Class::Truncated, _) => "network_error",
        }
    }

    /// The fault a host reports when it gives a credential back.
    ///
    /// A type that says something decides (the host's nine; a provider's own type works too);
    /// `unknown` and unheard-of types leave it to the status. With neither it is a request fault:
    /// what nobody can name must not cost an account.
    #[must_use]
    pub fn from_host(
        error_type: &str,
        message: &str,
        status: Option<u16>,
        cooldown_seconds: Option<f64>,
    ) -> Self {
        let by_status = || status.map(|it| classify(it, &Told::default()));
        let (class, retry) =
            by_name(error_type).or_else(by_status).unwrap_or((Class::Request, Retry::Never));
        let source = match class {
            Class::ClientClosed => Source::Client,
            Class::Truncated => Source::Transport,
            _ if error_type.eq_ignore_ascii_case("network_error") => Source::Transport,
            _ => Source::Upstream,
        };
        let retry_after_ms = cooldown_seconds.filter(|it| it.is_finite()).map(super::wait::seconds);
        let code = Some(clean_text(error_type)).filter(|it| !it.is_empty());
        Self { source, class, retry, status, retry_after_ms, code, message: clean_text(message) }
    }

    fn is_content_filter(&self) -> bool {
        self.code
            .as_deref()
            .is_some_and(|it| it.contains("content_filter") || it.contains("content_policy"))
    }
}

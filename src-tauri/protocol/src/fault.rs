//! What went wrong upstream, decided once, where it is parsed (design section 5).
//!
//! Owns: [`Fault`] and the only comparison of upstream status codes.
//! Must not know: accounts, cool-downs, which client asked.

use serde::{Deserialize, Serialize};

mod classify;
mod clean;
mod host;
#[cfg(test)]
mod tests;
mod told;
mod wait;

pub use clean::clean_text;

use told::Told;

/// A fault: who is to blame, what class it is, whether trying again helps, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where it arose.
    pub source: Source,
    /// What it says about the account, the model or the request.
    pub class: Class,
    /// Whether another try can help.
    pub retry: Retry,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long upstream asked to wait, in milliseconds from the answer.
    pub retry_after_ms: Option<u64>,
    /// Upstream's own type or code, e.g. `rate_limit_error`.
    pub code: Option<String>,
    /// Upstream's text for a person: at most 500 characters, no secret.
    pub message: String,
}

/// Where a fault arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Factory answered with it.
    Upstream,
    /// The network between: connect, TLS, timeout, reset.
    Transport,
    /// The client went away.
    Client,
}

/// What a fault says, row by row of design section 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The request itself is wrong: nothing is said about the account.
    Request,
    /// The account cannot use this model.
    Model,
    /// The token or key was not accepted.
    Credential,
    /// The account or key has no budget left.
    Quota,
    /// Too fast for now.
    Rate,
    /// Upstream or the network failed; nobody's fault.
    Transient,
    /// The stream ended before its terminal event.
    Truncated,
    /// The client left before the end.
    ClientClosed,
}

/// Whether another try can help. Only before the first byte reached the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// No: the same request fails again.
    Never,
    /// On another account.
    OtherAccount,
    /// After one forced token refresh on the same account (an API key cannot: another account).
    AfterRefresh,
}

/// What failed between us and upstream before there was an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportKind {
    /// No connection.
    Connect,
    /// No TLS session.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection broke.
    Reset,
    /// No address.
    Dns,
    /// The account's proxy refused or failed.
    Proxy,
}

// === impl Fault ===

impl Fault {
    /// Whether an answer of this status is a fault at all.
    #[must_use]
    pub const fn is_one(status: u16) -> bool {
        status >= 400
    }

    /// The fault of an answer whose status is not a success.
    ///
    /// `header` looks a header up by its lower-case name. `body` may be anything; what is kept of
    /// it is cleaned by [`clean_text`]. Waiting times are kept as told: their cap is the pool's.
    #[must_use]
    pub fn from_response<H: AsRef<str>>(
        status: u16,
        header: impl Fn(&str) -> Option<H>,
        body: &[u8],
        now_unix_ms: i64,
    ) -> Self {
        let told = Told::read(body);
        let (class, retry) = classify::classify(status, &told);
        let header = |name: &str| header(name).map(|it| it.as_ref().to_owned());
        let mut retry_after_ms = wait::of_retry_after(header, now_unix_ms)
            .or_else(|| wait::of_body(&told.error, now_unix_ms));
        if retry_after_ms.is_none() && matches!(class, Class::Rate | Class::Quota) {
            retry_after_ms = wait::of_reset_headers(header, now_unix_ms);
        }
        let message = match told.message {
            message if message.is_empty() => format!("upstream answered {status} without a text"),
            message => message,
        };
        let code = told.codes.into_iter().next();
        let source = Source::Upstream;
        Self { source, class, retry, status: Some(status), retry_after_ms, code, message }
    }

    /// Whether upstream did not take the proof of a thought of an earlier turn: without the thoughts
    /// the same request may be taken.
    #[must_use]
    pub fn blames_thoughts(&self) -> bool {
        let text = self.message.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().all(|it| text.contains(it));
        self.class == Class::Request
            && (has(&["signature", "thinking"])
                || has(&["thought", "signature"])
                || has(&["encrypted_content"])
                || has(&["encrypted content"])
                || self.code.as_deref() == Some("invalid_encrypted_content"))
    }

    /// The fault of a request that got no answer.
    #[must_use]
    pub fn transport(kind: TransportKind, message: &str) -> Self {
        let code = Some(kind.as_str().to_owned());
        let message = clean_text(message);
        Self { code, message, ..Self::plain(Source::Transport, Class::Transient) }
    }

    /// The fault of a stream that ended before its terminal event.
    #[must_use]
    pub fn truncated() -> Self {
        let message = "the upstream stream ended before it was complete".to_owned();
        Self { retry: Retry::Never, message, ..Self::plain(Source::Transport, Class::Truncated) }
    }

    /// The fault of a request whose client left.
    #[must_use]
    pub fn client_closed() -> Self {
        let message = "the client closed the connection".to_owned();
        Self { retry: Retry::Never, message, ..Self::plain(Source::Client, Class::ClientClosed) }
    }

    fn plain(source: Source, class: Class) -> Self {
        Self {
            source,
            class,
            retry: Retry::OtherAccount,
            status: None,
            retry_after_ms: None,
            code: None,
            message: String::new(),
        }
    }
}

// === impl TransportKind ===

impl TransportKind {
    /// The spelling used as a fault's code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Dns => "dns",
            Self::Proxy => "proxy",
        }
    }
}

//! What went wrong upstream, decided once, where it is parsed (design section 5).
//!
//! Owns: [`Fault`] and the only comparison of upstream status codes.
//! Must not know: accounts, cool-downs, which client asked.

use serde::{Deserialize, Serialize};

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

//! Faults on order: what the next matching requests get instead of, or on top of, the truth.
//!
//! Owns: [`Match`], [`Action`] and the queue.
//! Must not know: how an action is carried out.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /user_management/authorize/device`.
    DeviceAuthorize,
    /// `GET /user_management/authorize`.
    Authorize,
    /// `POST /user_management/authenticate`, any grant.
    Token,
    /// The same with the refresh grant.
    Refresh,
    /// The same with the device grant.
    DevicePoll,
    /// The same with the authorization code grant.
    CodeExchange,
    /// `GET /api/cli/org`.
    CliOrg,
    /// `POST /api/llm/a/v1/messages`.
    Anthropic,
    /// `POST /api/llm/a/v1/messages/count_tokens`.
    CountTokens,
    /// `POST /api/llm/o/v1/responses`.
    OpenAi,
    /// `POST /api/llm/o/v1/chat/completions`.
    Comm,
    /// `POST /api/llm/g/v1/generate`.
    Google,
}

/// Which requests an action is for; what is not set matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// What the request is for; [`Endpoint::Token`] covers the three grants.
    pub endpoint: Option<Endpoint>,
    /// The bearer token or key, or the refresh token, device code or code of a grant.
    pub token: Option<String>,
    /// The exact path, without the query.
    pub path: Option<String>,
}

/// What happens to a request. Durations are milliseconds in JSON, e.g. `{"delay": 500}`.
///
/// Counts of bytes are counts of the body; the status line and headers are always sent before them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Answer this and do nothing: no token is spent.
    Status {
        /// HTTP status.
        status: u16,
        /// Headers on top of `content-type: application/json` (which they may replace).
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// Wait, then process as usual.
    Delay(#[serde(with = "millis")] Duration),
    /// Process (a refresh rotates), then wait before the first byte of the answer.
    DelayAfterRotation(#[serde(with = "millis")] Duration),
    /// Reset the connection without processing.
    ResetBeforeHeaders,
    /// Process (a refresh rotates), then reset without a byte of the answer.
    ResetAfterRotation,
    /// Reset after so many body bytes.
    ResetAfterBytes(usize),
    /// End the body cleanly, as HTTP goes, after so many bytes.
    TruncateAfterBytes(usize),
    /// Close the connection (FIN, no last chunk) after so many body bytes.
    CloseAfterBytes(usize),
    /// Send so many body bytes, then nothing more, for ever.
    HangAfterBytes(usize),
    /// Write the body in pieces that end at these offsets.
    SplitAt(Vec<usize>),
    /// Write the body in pieces of so many bytes.
    SplitEvery(usize),
    /// Process nothing, answer nothing, keep the connection open.
    Hang,
    /// Stream deltas until so many bytes, then the terminal events (LLM endpoints, streaming).
    InfiniteStream {
        /// Bytes of deltas.
        bytes: u64,
    },
    /// Close the connection (FIN) without processing.
    CloseConnection,
    /// Answer with this fixture case.
    Case(String),
    /// Wait so long between two events of the answer.
    EventDelay(#[serde(with = "millis")] Duration),
    /// Several of these at once.
    All(Vec<Action>),
}

/// The queue of a fake.
#[derive(Debug, Default)]
pub struct Script(Mutex<Vec<Rule>>);

#[derive(Debug)]
struct Rule {
    matcher: Match,
    action: Action,
    /// How often still; `None` is for ever.
    left: Option<usize>,
}

/// What a request is, as far as a [`Match`] can tell.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) token: Option<String>,
    pub(crate) path: String,
}

// === impl Script ===

impl Script {
    /// For the next matching request. Orders for the same requests are served first in, first out.
    pub fn next(&self, matcher: Match, action: Action) {
        self.times(1, matcher, action);
    }

    /// For the next `n` matching requests.
    pub fn times(&self, n: usize, matcher: Match, action: Action) {
        self.0.lock().unwrap().push(Rule { matcher, action, left: Some(n) });
    }

    /// For every matching request that no counted order is for; the last such order wins.
    pub fn always(&self, matcher: Match, action: Action) {
        self.0.lock().unwrap().push(Rule { matcher, action, left: None });
    }

    /// Forgets all orders.
    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// How many counted orders were not served yet.
    pub fn pending(&self) -> usize {
        self.0.lock().unwrap().iter().filter_map(|rule| rule.left).sum()
    }

    pub(crate) fn take(&self, facts: &Facts) -> Option<Action> {
        let mut rules = self.0.lock().unwrap();
        let counted = rules
            .iter_mut()
            .find(|it| it.left.is_some_and(|left| left > 0) && it.matcher.covers(facts));
        if let Some(rule) = counted {
            rule.left = rule.left.map(|left| left - 1);
            let action = rule.action.clone();
            rules.retain(|it| it.left != Some(0));
            return Some(action);
        }
        let standing = rules.iter().rev().find(|it| it.left.is_none() && it.matcher.covers(facts));
        standing.map(|rule| rule.action.clone())
    }
}

// === impl Match ===

impl Match {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Every request for this.
    #[must_use]
    pub fn endpoint(endpoint: Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..Self::default() }
    }

    /// Only with this bearer token, key, refresh token or code.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Only on this path.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    fn covers(&self, facts: &Facts) -> bool {
        let endpoint = self.endpoint.is_none_or(|want| {
            facts.endpoint == Some(want)
                || (want == Endpoint::Token && facts.endpoint.is_some_and(Endpoint::is_grant))
        });
        endpoint
            && self.token.as_ref().is_none_or(|want| facts.token.as_ref() == Some(want))
            && self.path.as_ref().is_none_or(|want| *want == facts.path)
    }
}

// === impl Endpoint ===

impl Endpoint {
    fn is_grant(self) -> bool {
        matches!(self, Self::Refresh | Self::DevicePoll | Self::CodeExchange)
    }
}

// === impl Action ===

impl Action {
    /// This status with an empty JSON object.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: "{}".to_owned() }
    }

    /// A fixture case by name.
    #[must_use]
    pub fn case(name: &str) -> Self {
        Self::Case(name.to_owned())
    }
}

/// Durations as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(it: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(it.as_millis()).unwrap())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

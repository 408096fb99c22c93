//! What the sign-in service says, and what of it may be repeated.
//!
//! Owns: reading token answers and claims, [`AuthError`], the cleaning of its texts.
//! Must not know: HTTP, storage, retries.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::ports::TokenPair;
use crate::secret::{Personal, Secret};

/// Longest text of the service that is repeated.
const MAX_TEXT: usize = 200;
/// A run of token characters this long is taken for a secret.
const MAX_WORD: usize = 24;

/// Why there is no token. Texts are the service's, cleaned of tokens and emails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The refresh token, code or device code is dead.
    #[error("the sign-in service refused it: {0}")]
    InvalidGrant(String),
    /// Device flow: the person has not answered yet.
    #[error("the sign-in is not confirmed yet")]
    Pending,
    /// Device flow: asked too often; wait 5 s more from now on.
    #[error("the sign-in service asks to wait longer")]
    SlowDown,
    /// Device flow: the time to confirm is over.
    #[error("the time to confirm the sign-in is over")]
    Expired,
    /// The person said no.
    #[error("the sign-in was refused")]
    Denied,
    /// Another refusal: trying again with the same request is of no use.
    #[error("the sign-in service refused ({code}): {text}")]
    Refused {
        /// The service's word, else `http_<status>`.
        code: String,
        /// The service's text.
        text: String,
    },
    /// Network, timeout, 5xx, 429, or no token answer at all: the account is not to blame.
    #[error("{text}")]
    Unavailable {
        /// What failed.
        text: String,
        /// The request may have arrived and taken effect; only its answer is missing.
        sent: bool,
    },
}

/// What an access token says of itself. Nobody checked the signature: good for hints, not for trust.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub issued_at: Option<Timestamp>,
    /// The organisation it is for.
    pub organization_id: Option<String>,
    /// Whose it is.
    pub subject: Option<String>,
    /// Their email.
    pub email: Option<Personal>,
}

/// Reads a token answer (seed S0 `WorkOSTokenResponse`). Tolerant, since by then the old refresh
/// token is spent: only an access token is required.
///
/// `received_at` is the base of `expires_in`; `old_refresh` stays where the answer has none;
/// `default_life` counts where neither the answer nor the token tells its end.
///
/// # Errors
/// [`AuthError::Unavailable`] when it is no token answer.
pub fn token_pair(
    body: &[u8],
    received_at: Timestamp,
    old_refresh: Option<&Secret>,
    default_life: Duration,
) -> Result<TokenPair, AuthError> {
    let garbage = |text: &str| AuthError::Unavailable { text: text.to_owned(), sent: true };
    let value: Value = serde_json::from_slice(body)
        .map_err(|_| garbage("the sign-in service's answer is not JSON"))?;
    let secret = |key| text_of(&value, key).map(Secret::new);
    let access = secret("access_token")
        .ok_or_else(|| garbage("the sign-in service's answer has no access token"))?;
    let refresh = secret("refresh_token")
        .or_else(|| old_refresh.cloned())
        .ok_or_else(|| garbage("the sign-in service's answer has no refresh token"))?;
    let claims = Claims::of(&access);
    let expires_at = value
        .get("expires_at")
        .and_then(moment)
        .or_else(|| Some(received_at.plus(seconds(value.get("expires_in")?)?)))
        .or(claims.expires_at)
        .unwrap_or_else(|| received_at.plus(default_life));
    let user = value.get("user").unwrap_or(&Value::Null);
    Ok(TokenPair {
        expires_at,
        organization_id: text_of(&value, "organization_id").or(claims.organization_id),
        user_id: text_of(user, "id").or(claims.subject),
        owner_email: text_of(user, "email").map(Personal).or(claims.email),
        owner_name: owner_name(user).map(Personal),
        access,
        refresh,
    })
}

/// Whether a token answer itself names an organisation, its claims aside.
pub(super) fn names_organization(body: &[u8]) -> bool {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    text_of(&value, "organization_id").is_some()
}

/// Reads a refusal. `secrets` are what the request held: a service may repeat it.
#[must_use]
pub fn refusal(status: u16, body: &[u8], secrets: &[&Secret]) -> AuthError {
    if status >= 500 || matches!(status, 407 | 408 | 425 | 429) {
        let text = format!("the sign-in service answered with status {status}");
        return AuthError::Unavailable { text, sent: status != 407 };
    }
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = text_of(&value, "error").or_else(|| text_of(&value, "code"));
    let text = text_of(&value, "error_description")
        .or_else(|| text_of(&value, "message"))
        .map_or_else(|| format!("status {status}"), |it| clean(&it, secrets));
    match code.as_deref() {
        Some("invalid_grant") => AuthError::InvalidGrant(text),
        Some("authorization_pending") => AuthError::Pending,
        Some("slow_down") => AuthError::SlowDown,
        Some("expired_token") => AuthError::Expired,
        Some("access_denied") => AuthError::Denied,
        Some(code) => AuthError::Refused { code: clean(code, secrets), text },
        None => AuthError::Refused { code: format!("http_{status}"), text },
    }
}

/// Makes a foreign text fit for logs and errors: no secret, nothing that looks like one, no email,
/// no control character, one line, at most 200 characters.
#[must_use]
pub fn clean(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|it| !it.is_empty()) {
        text = text.replace(secret.expose(), "****");
    }
    let words: Vec<&str> = text.split(|it: char| it.is_whitespace() || it.is_control()).collect();
    let words: Vec<String> =
        words.into_iter().filter(|it| !it.is_empty()).map(clean_word).collect();
    words.join(" ").chars().take(MAX_TEXT).collect()
}

// === impl AuthError ===

impl AuthError {
    /// True when the same request can succeed a moment later.
    #[must_use]
    pub const fn transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// A word for logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::InvalidGrant(_) => "invalid_grant",
            Self::Pending => "pending",
            Self::SlowDown => "slow_down",
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Refused { .. } => "refused",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

// === impl Claims ===

impl Claims {
    /// Reads the payload of a JWT; empty for anything else.
    #[must_use]
    pub fn of(token: &Secret) -> Self {
        Self::read(token.expose()).unwrap_or_default()
    }

    fn read(token: &str) -> Option<Self> {
        const LENIENT: GeneralPurpose = GeneralPurpose::new(
            &base64::alphabet::URL_SAFE,
            GeneralPurposeConfig::new()
                .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        );
        let mut parts = token.split('.');
        let (_head, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = LENIENT.decode(payload).ok()?;
        let value: Value = serde_json::from_slice(&payload).ok()?;
        Some(Self {
            expires_at: value.get("exp").and_then(moment),
            issued_at: value.get("iat").and_then(moment),
            organization_id: text_of(&value, "org_id"),
            subject: text_of(&value, "sub"),
            email: text_of(&value, "email").map(Personal),
        })
    }
}

/// Base64 for URLs without padding, as PKCE wants it.
pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn owner_name(user: &Value) -> Option<String> {
    let joined = || {
        let parts = [text_of(user, "first_name"), text_of(user, "last_name")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    text_of(user, "display_name").or_else(joined)
}

/// A duration in seconds, as a number or as text; negative is none.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A moment: RFC 3339, or seconds or milliseconds since the epoch.
fn moment(value: &Value) -> Option<Timestamp> {
    /// Above this it must be milliseconds: in seconds it would be the year 5138.
    const LARGEST_SECONDS: f64 = 1e11;
    if let Some(text) = value.as_str()
        && let Some(moment) = Timestamp::from_rfc3339(text)
    {
        return Some(moment);
    }
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let seconds = if number > LARGEST_SECONDS { number / 1000.0 } else { number };
    let since_epoch = Duration::try_from_secs_f64(seconds).ok()?;
    (number > 0.0).then(|| Timestamp(0).plus(since_epoch))
}

fn clean_word(word: &str) -> String {
    let token_like = |it: &str| {
        it.starts_with("eyJ") || (it.len() >= MAX_WORD && it.bytes().any(|it| it.is_ascii_digit()))
    };
    if word.contains('@') {
        return "****".to_owned();
    }
    let is_token_char = |it: char| it.is_ascii_alphanumeric() || "-_.~+=%".contains(it);
    let runs = word.split_inclusive(|it| !is_token_char(it));
    let cleaned = runs.map(|run| {
        let body = run.trim_end_matches(|it| !is_token_char(it));
        if token_like(body) { run.replacen(body, "****", 1) } else { run.to_owned() }
    });
    cleaned.collect()
}

#[cfg(test)]
mod tests;

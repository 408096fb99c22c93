//! Whether a stored token will do.
//!
//! Owns: the rules of when a token is due, alive, or what the caller wants. Pure.
//! Must not know: the network, the store, tasks.

use std::time::Duration;

use super::{AccessToken, Need};
use crate::clock::Timestamp;
use crate::config::TokenRefresh;
use crate::oauth::answer::Claims;
use crate::ports::Tokens;

/// A token this close to its end is refreshed...
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// ...or, where tokens live so short that the margin would make each of them due at birth, one that
/// has used up this part of its life.
const MARGIN_DIVISOR: u32 = 4;
/// A token this close to its end is not used: it would end on the way.
const LAST_MOMENT: Duration = Duration::from_secs(15);

/// What would make a caller content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A token that is not due.
    Fresh,
    /// A living token other than the one with this fingerprint.
    Other(String),
    /// A token refreshed after this moment.
    Since(Timestamp),
}

// === impl Goal ===

impl Goal {
    pub(super) fn of(need: &Need, now: Timestamp) -> Self {
        match need {
            Need::Fresh => Self::Fresh,
            Need::After401 { rejected } => Self::Other(rejected.clone()),
            Need::Forced => Self::Since(now),
        }
    }

    /// The stored token, if it will do.
    pub(super) fn met(
        &self,
        tokens: &Tokens,
        rules: &TokenRefresh,
        now: Timestamp,
    ) -> Option<AccessToken> {
        let token = living(tokens, now)?;
        let met = match self {
            Self::Fresh => !due(tokens, rules, now),
            Self::Other(rejected) => token.secret.fingerprint() != *rejected,
            Self::Since(moment) => tokens.last_refresh_at.is_some_and(|it| it > *moment),
        };
        met.then_some(token)
    }
}

/// The stored token, if it has not ended. One of unknown end counts as living.
pub(super) fn living(tokens: &Tokens, now: Timestamp) -> Option<AccessToken> {
    let secret = tokens.access.clone().filter(|it| !it.is_empty())?;
    let expires_at = tokens.expires_at.or_else(|| Claims::of(&secret).expires_at);
    lives(expires_at, now).then_some(AccessToken { secret, expires_at })
}

/// Whether a token of that end can still be used.
pub(super) fn lives(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_none_or(|it| it > now.plus(LAST_MOMENT))
}

/// Whether the token is to be refreshed before use: older than the interval, or near its end. What
/// is not known is read from the token's claims; what they do not tell either makes nothing due.
fn due(tokens: &Tokens, rules: &TokenRefresh, now: Timestamp) -> bool {
    let Some(access) = &tokens.access else {
        return true;
    };
    if !rules.auto_refresh {
        return false;
    }
    let claims = match (tokens.expires_at, tokens.last_refresh_at) {
        (Some(_), Some(_)) => Claims::default(),
        _ => Claims::of(access),
    };
    let expires_at = tokens.expires_at.or(claims.expires_at);
    let made_at = tokens.last_refresh_at.or(claims.issued_at);
    let life = expires_at.zip(made_at).map(|(end, start)| end.since(start));
    let margin = life.map_or(MARGIN, |it| MARGIN.min(it / MARGIN_DIVISOR));
    let ends_soon = expires_at.is_some_and(|it| it <= now.plus(margin));
    let is_old = made_at.is_some_and(|it| now.since(it) >= rules.refresh_interval);
    ends_soon || is_old
}

#[cfg(test)]
mod tests;

//! What a failed flight leaves behind.
//!
//! Owns: the back-off after it, which failures are final, and the telling of one failure to many.
//! Must not know: flights, tokens, the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::secret::Secret;

/// How long nobody tries again after a failed flight; doubles with each to the longest.
pub(super) const FIRST_BACKOFF: Duration = Duration::from_secs(5);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// A failed flight that is not to be repeated at once.
#[derive(Clone)]
pub(super) struct Failed {
    /// With which refresh token; another one deserves its own try.
    refresh: String,
    error: Arc<Error>,
    streak: u32,
    until: Instant,
}

// === impl Failed ===

impl Failed {
    pub(super) fn after(former: Option<Self>, refresh: String, error: Arc<Error>) -> Self {
        let streak = former.map_or(0, |it| it.streak.saturating_add(1));
        let pause = FIRST_BACKOFF.saturating_mul(1 << streak.min(8)).min(LONGEST_BACKOFF);
        Self { refresh, error, streak, until: Instant::now() + pause }
    }

    /// The failure, if it is too recent to try again with this refresh token.
    pub(super) fn recent(&self, refresh: &Secret) -> Option<Arc<Error>> {
        let recent = self.until > Instant::now() && self.refresh == refresh.fingerprint();
        recent.then(|| self.error.clone())
    }
}

/// True for failures that an old token must not hide.
pub(super) const fn is_final(error: &Error) -> bool {
    matches!(error, Error::NeedsLogin { .. } | Error::NotFound { .. })
}

/// The failure once more, for another of those who waited for it.
pub(super) fn again(error: &Error, name: &str) -> Error {
    match error {
        Error::NeedsLogin { name, reason } => {
            Error::NeedsLogin { name: name.clone(), reason: reason.clone() }
        }
        Error::NotFound { what, id } => Error::NotFound { what, id: id.clone() },
        Error::Invalid { field, message } => Error::invalid(field.clone(), message.clone()),
        Error::Data { path, message, source } => Error::Data {
            path: path.clone(),
            message: message.clone(),
            source: source.as_ref().map(|it| it.kind().into()),
        },
        Error::RefreshFailed { name, reason } => {
            Error::RefreshFailed { name: name.clone(), reason: reason.clone() }
        }
        Error::Stopping => Error::Stopping,
        other => Error::RefreshFailed { name: name.to_owned(), reason: other.to_string() },
    }
}

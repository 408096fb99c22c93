//! What can go wrong, told once for the person and once for the log.
//!
//! Owns: [`Error`]: its text for the person, its `kind`, whether to retry, the hint.
//! Must not know: RPC codes, HTTP statuses of our own faces, secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use droid_protocol::fault::{Fault, clean_text};

mod kind;

pub use kind::Kind;

/// The result of everything inside.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the inside. Display is for the person who asked: it names the thing that failed,
/// holds no secret and never prints its source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value the caller gave is not acceptable.
    #[error("{field}: {message}")]
    Invalid {
        /// Path of the value, e.g. `config.api_keys[2]`.
        field: String,
        /// What is expected there. Never repeats the value.
        message: String,
    },
    /// There is nothing of that name.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// `account`, `key`, `group`, `login`...
        what: &'static str,
        /// The id as asked.
        id: String,
    },
    /// The record changed since the caller read it.
    #[error("{what} `{id}` was changed by someone else: it is at revision {current} now")]
    Stale {
        /// `account`, `group`...
        what: &'static str,
        /// Its id.
        id: String,
        /// The revision in the store.
        current: u64,
    },
    /// Whoever asks has not shown that they may.
    #[error("{message}")]
    Unauthorized {
        /// What is missing or wrong. Never repeats what was given.
        message: String,
    },
    /// Whoever asks may not do this.
    #[error("{message}")]
    Forbidden {
        /// What they may not.
        message: String,
    },
    /// Whoever asks has had as much as they may.
    #[error("{message}")]
    Limited {
        /// Which limit is reached.
        message: String,
        /// When there is room again, if that is known.
        retry_after: Option<Duration>,
    },
    /// No account can take the request.
    #[error("{message}")]
    NoAccount {
        /// Says how many were looked at and why none fits.
        message: String,
        /// When the earliest one will be free again, if that is known.
        retry_after: Option<Duration>,
        /// How many were passed over for each reason.
        skipped: BTreeMap<&'static str, usize>,
    },
    /// The account must be signed in again by a person.
    #[error("account `{name}` needs a new sign-in: {reason}")]
    NeedsLogin {
        /// The account's name.
        name: String,
        /// Why, in the sign-in service's words.
        reason: String,
    },
    /// The token could not be refreshed for now; the account is not to blame.
    #[error("the token of account `{name}` could not be refreshed: {reason}")]
    RefreshFailed {
        /// The account's name.
        name: String,
        /// What failed.
        reason: String,
    },
    /// A sign-in is over: expired, denied, used or cancelled.
    #[error("this sign-in is over: {reason}")]
    LoginOver {
        /// Why.
        reason: String,
    },
    /// Upstream answered with a fault, or could not be reached.
    #[error("upstream: {}", .0.message)]
    Upstream(Box<Fault>),
    /// The configuration cannot be used.
    #[error("configuration {}: {message}", .origin)]
    Config {
        /// The file, or `environment`.
        origin: String,
        /// Which key, what is wrong, what would be right.
        message: String,
    },
    /// The data folder or a file in it cannot be used.
    #[error("{}: {message}", .path.display())]
    Data {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
        /// What the operating system said.
        #[source]
        source: Option<std::io::Error>,
    },
    /// The database was made by a newer version of this program.
    #[error(
        "the database has schema {found}, this version knows up to {known}: use the newer version"
    )]
    NewerSchema {
        /// Schema of the file.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// The encryption key is not the one the records were written with.
    #[error("{message}")]
    WrongKey {
        /// Which records, where the key came from, what to do.
        message: String,
    },
    /// A stored secret is damaged: altered, truncated or swapped.
    #[error("the stored {field} of {record} is damaged and was not used")]
    Damaged {
        /// Which field.
        field: &'static str,
        /// Which record.
        record: String,
    },
    /// The database failed.
    #[error("the database failed while {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The program is stopping.
    #[error("the program is stopping")]
    Stopping,
    /// A defect of this program.
    #[error("internal error: {0}")]
    Internal(String),
}

// === impl Error ===

impl Error {
    /// Names a field that cannot be accepted.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// Names a thing that does not exist. A key, token or passphrase that was given in place of an
    /// id is not repeated.
    pub fn not_found(what: &'static str, id: impl std::fmt::Display) -> Self {
        let id = id.to_string();
        // Groups have the names that people gave them.
        let id = if what == "group" { clean_text(&id) } else { shown_id(&id) };
        Self::NotFound { what, id }
    }

    /// What it is, for programs.
    #[must_use]
    pub const fn class(&self) -> Kind {
        match self {
            Self::Invalid { .. } => Kind::Invalid,
            Self::NotFound { .. } => Kind::NotFound,
            Self::Stale { .. } => Kind::Stale,
            Self::Unauthorized { .. } => Kind::Unauthorized,
            Self::Forbidden { .. } => Kind::Forbidden,
            Self::Limited { .. } => Kind::Limited,
            Self::NoAccount { .. } => Kind::NoAccount,
            Self::NeedsLogin { .. } => Kind::NeedsLogin,
            Self::RefreshFailed { .. } => Kind::RefreshFailed,
            Self::LoginOver { .. } => Kind::LoginOver,
            Self::Upstream(_) => Kind::Upstream,
            Self::Config { .. } => Kind::Config,
            Self::Data { .. } => Kind::DataFolder,
            Self::NewerSchema { .. } => Kind::NewerSchema,
            Self::WrongKey { .. } => Kind::WrongKey,
            Self::Damaged { .. } => Kind::Damaged,
            Self::Store { .. } => Kind::Store,
            Self::Stopping => Kind::Stopping,
            Self::Internal(_) => Kind::Internal,
        }
    }

    /// The stable word of its [`Kind`], the `kind` of an RPC error's data.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.class().as_str()
    }

    /// True when the same call can succeed later without anybody changing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::NoAccount { retry_after, .. } | Self::Limited { retry_after, .. } => {
                retry_after.is_some()
            }
            Self::RefreshFailed { .. } | Self::Store { .. } | Self::Stopping => true,
            Self::Upstream(fault) => !matches!(fault.retry, droid_protocol::fault::Retry::Never),
            Self::Invalid { .. }
            | Self::NotFound { .. }
            | Self::Stale { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NeedsLogin { .. }
            | Self::LoginOver { .. }
            | Self::Config { .. }
            | Self::Data { .. }
            | Self::NewerSchema { .. }
            | Self::WrongKey { .. }
            | Self::Damaged { .. }
            | Self::Internal(_) => false,
        }
    }

    /// How long to wait before trying again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NoAccount { retry_after, .. } | Self::Limited { retry_after, .. } => *retry_after,
            Self::Upstream(fault) => fault.retry_after_ms.map(Duration::from_millis),
            _ => None,
        }
    }

    /// The same in whole seconds, rounded up: who waits so long waits long enough.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after().map(|it| it.as_secs() + u64::from(it.subsec_nanos() > 0))
    }

    /// What the person can do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoAccount { retry_after: None, .. } => {
                Some("add an account, enable one, or sign in again; `explain_selection` shows why")
            }
            Self::NeedsLogin { .. } => {
                Some("sign in again with `start_login`, or paste a new refresh token")
            }
            Self::NotFound { what: "group", .. } => {
                Some("`list_groups` shows which there are, `save_group` makes one")
            }
            Self::Stale { .. } => Some("read it again, then repeat the change"),
            Self::LoginOver { .. } => Some("start a new sign-in with `start_login`"),
            Self::WrongKey { .. } => Some(
                "give back the former key (DROID_ENCRYPTION_KEY or the key file); nothing was \
                 overwritten",
            ),
            Self::Damaged { .. } => Some("delete the account and add it again"),
            Self::Data { .. } => Some("check the path, its permissions and the free space"),
            _ => None,
        }
    }
}

/// What may be repeated of a text that was given as an id: all of a real or a short one, else its
/// tail.
pub(crate) fn shown_id(id: &str) -> String {
    const SHORT: usize = 12;
    const TAIL: usize = 4;
    let n_chars = id.chars().count();
    if uuid::Uuid::try_parse(id).is_ok() || n_chars <= SHORT {
        return clean_text(id);
    }
    std::iter::once('…').chain(id.chars().skip(n_chars - TAIL)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_as_an_id_is_repeated_only_if_it_can_be_one() {
        let id = "956d6e1f-a7e6-4ab3-a36a-3e6a7730cc38";
        for (given, shown) in [
            (id, id),
            ("team", "team"),
            ("fk-canary-0123456789", "…6789"),
            ("correct horse battery staple", "…aple"),
        ] {
            let text = Error::not_found("account", given).to_string();
            assert_eq!(text, format!("there is no account `{shown}`"));
        }
    }
}

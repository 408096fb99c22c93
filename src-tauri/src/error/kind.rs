//! Stable words for what went wrong, for programs.
//!
//! Owns: [`Kind`] and its words, which are documented as the whole list.
//! Must not know: codes and statuses of faces, texts for people.

use serde::{Serialize, Serializer};

/// Declares the enum, its list and its words in one place.
macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident = $word:literal,)*) => {
        /// What went wrong, for programs. Words are only ever added.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$about])* $name,)*
        }

        impl Kind {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As programs read it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A value that was given is not acceptable.
    Invalid = "invalid",
    /// There is nothing of that name, or no such path.
    NotFound = "not_found",
    /// The record changed since it was read.
    Stale = "stale",
    /// Whoever asks has not shown that they may.
    Unauthorized = "unauthorized",
    /// Whoever asks may not do this.
    Forbidden = "forbidden",
    /// Whoever asks has had as much as they may.
    Limited = "limited",
    /// No account can take the request.
    NoAccount = "no_account",
    /// The account must be signed in again by a person.
    NeedsLogin = "needs_login",
    /// The token could not be refreshed for now.
    RefreshFailed = "refresh_failed",
    /// A sign-in is over.
    LoginOver = "login_over",
    /// Upstream answered with a fault, or could not be reached.
    Upstream = "upstream",
    /// The configuration cannot be used.
    Config = "config",
    /// The data folder or a file in it cannot be used.
    DataFolder = "data_folder",
    /// The database was made by a newer version.
    NewerSchema = "newer_schema",
    /// The encryption key is another one.
    WrongKey = "wrong_key",
    /// A stored secret is damaged.
    Damaged = "damaged",
    /// The database failed.
    Store = "store",
    /// The program is stopping.
    Stopping = "stopping",
    /// A defect of this program.
    #[default]
    Internal = "internal",
    /// Too many wrong admin keys came from there.
    Throttled = "throttled",
    /// The gateway was asked under a name that is not one of its own.
    ForbiddenHost = "forbidden_host",
    /// A page of another origin asks.
    ForbiddenOrigin = "forbidden_origin",
    /// A session's call without its CSRF token.
    Csrf = "csrf",
    /// The path is there, but not for this method of HTTP.
    MethodNotAllowed = "method_not_allowed",
    /// The body is longer than allowed.
    TooLarge = "too_large",
    /// The body did not arrive.
    Unfinished = "unfinished",
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Kind;

    #[test]
    fn each_has_a_word_of_its_own_that_programs_can_name() {
        let words: HashSet<&str> = Kind::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
        let fits = |it: &&str| it.chars().all(|it| it.is_ascii_lowercase() || it == '_');
        assert!(words.iter().all(fits), "{words:?}");
    }
}

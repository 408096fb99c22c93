//! Why a request body cannot be taken or edited.
//!
//! Owns: [`EditError`] and its texts for the person who sent the body.
//! Must not know: statuses, envelopes, and the content of the body: a text names fields, kinds and
//! positions only.

/// Why a body was refused. Every text says what to change; none quotes the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A byte that is not UTF-8.
    #[error("the body is not UTF-8 at byte {at}; send JSON encoded as UTF-8")]
    NotUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Not JSON text.
    #[error("the body is not valid JSON near byte {at} ({what}); send one JSON object")]
    NotJson {
        /// Offset where reading stopped.
        at: usize,
        /// What the reader saw there, in fixed words.
        what: &'static str,
    },
    /// More brackets inside each other than any request has.
    #[error("the body nests deeper than {limit} levels at byte {at}; flatten it")]
    TooDeep {
        /// Offset of the bracket that is one too many.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// More members than any request has.
    #[error("an object in the body has more than {limit} members; send fewer")]
    TooManyMembers {
        /// The limit.
        limit: usize,
    },
    /// JSON, but not an object.
    #[error("the body is {found}, not a JSON object; send one request object")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// A member that must be there.
    #[error("`{field}` is missing; add it to the body")]
    Missing {
        /// The member, with its path.
        field: String,
    },
    /// A member of the wrong kind.
    #[error("`{field}` is {found}; it must be {expected}")]
    Mistyped {
        /// The member, with its path.
        field: String,
        /// What it must be.
        expected: &'static str,
        /// What it is instead.
        found: &'static str,
    },
    /// A member given more than once, where a rule must know which one counts.
    #[error("`{field}` is given more than once; send it once")]
    Duplicate {
        /// The member, with its path.
        field: String,
    },
}

// === impl EditError ===

impl EditError {
    /// The member that is wrong, with its path, where one can be named.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Missing { field } | Self::Mistyped { field, .. } | Self::Duplicate { field } => {
                Some(field)
            }
            Self::NotUtf8 { .. }
            | Self::NotJson { .. }
            | Self::TooDeep { .. }
            | Self::TooManyMembers { .. }
            | Self::NotAnObject { .. } => None,
        }
    }
}

//! What is asked of the pool, and what it answers.
//!
//! Owns: [`Ask`], [`Binding`], [`Sticky`], [`Candidate`], [`Refusal`].
//! Must not know: how the answer is found.

use std::collections::BTreeMap;
use std::fmt;

use droid_protocol::dialect::Endpoint;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, GroupId, KeyId};

/// One request's need of an account.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Where the request goes.
    pub endpoint: Endpoint,
    /// The model's upstream name.
    pub model: &'a str,
    /// Among which accounts.
    pub binding: &'a Binding,
    /// What the session used before.
    pub sticky: Option<&'a Sticky>,
    /// Accounts this request tried already.
    pub exclude: &'a [AccountId],
    /// Keys this request tried already; their pool may have others.
    pub exclude_keys: &'a [KeyId],
    /// At most this many candidates; 0 is taken as 1.
    pub limit: usize,
}

/// Which accounts a client may use (seed S0 §5.1). Without `fallback` a binding is strict: when
/// nothing it names can take the request, that is an error, never a way into the whole pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Binding {
    /// All of them.
    #[default]
    Any,
    /// This one, even if it is not schedulable.
    Account {
        /// Which.
        id: AccountId,
        /// If it cannot take the request, any other may.
        fallback: bool,
    },
    /// The members of this group.
    Group {
        /// Which.
        id: GroupId,
        /// If none can take the request, any other account may.
        fallback: bool,
    },
}

/// What a session used before and should use again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// The account.
    pub account: AccountId,
    /// The key, if the account is a pool.
    pub key: Option<KeyId>,
}

/// An account to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub account: AccountId,
    /// The key, if the account is a pool; none there if all that may be used were tried already.
    pub key: Option<KeyId>,
    /// The session's account; the key may still be another if the session's own is out.
    pub sticky: bool,
    /// Everything pauses, this one is tried all the same. The caller stores that, so that a pause
    /// is probed once ([`super::account::Health::mark_probed`]).
    pub probe: bool,
}

/// Why there is no candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How many of the accounts looked at are out for each reason, by
    /// [`super::SkipReason::word`]. Accounts outside of a strict binding are not looked
    /// at.
    pub reason_counts: BTreeMap<&'static str, usize>,
    /// When the earliest of them is free again; none when waiting does not help.
    pub earliest: Option<Timestamp>,
    /// For the person: how many were looked at and why none fits.
    pub message: String,
    /// When it was asked.
    pub at: Timestamp,
}

// === impl Binding ===

const GROUP: &str = "group:";
const FALLBACK: &str = "?fallback";

impl Binding {
    /// Reads `<account id>` or `group:<group id>`, each optionally followed by `?fallback`.
    /// Nothing at all is [`Binding::Any`].
    ///
    /// # Errors
    /// `Invalid` when no id is left or something else follows the `?`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Any);
        }
        let (name, fallback) = text.strip_suffix(FALLBACK).map_or((text, false), |it| (it, true));
        let (id, is_group) = name.strip_prefix(GROUP).map_or((name, false), |it| (it, true));
        if id.is_empty() || id.contains(['?', ' ']) {
            return Err(Error::invalid(
                "binding",
                "expected `<account id>` or `group:<group id>`, then at most `?fallback`",
            ));
        }
        Ok(if is_group {
            Self::Group { id: id.into(), fallback }
        } else {
            Self::Account { id: id.into(), fallback }
        })
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = |fallback: bool| if fallback { FALLBACK } else { "" };
        match self {
            Self::Any => Ok(()),
            Self::Account { id, fallback } => write!(f, "{id}{}", mark(*fallback)),
            Self::Group { id, fallback } => write!(f, "{GROUP}{id}{}", mark(*fallback)),
        }
    }
}

// === impl Refusal ===

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::NoAccount {
            message: refusal.message,
            retry_after: refusal.earliest.map(|it| it.since(refusal.at)),
            skipped: refusal.reason_counts,
        }
    }
}

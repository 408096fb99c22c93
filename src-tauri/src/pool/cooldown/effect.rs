//! What changed, for the log and for whoever stores it.
//!
//! Owns: [`Effect`], [`Transition`].
//! Must not know: why.

use std::fmt;

use crate::clock::Timestamp;

/// What a fault, a success or a reset changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Counters (successes, failures, streak) moved. Alone it may be written later.
    pub counted: bool,
    /// What must be stored now, in the order it happened.
    pub transitions: Vec<Transition>,
}

/// Whom a transition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The account.
    Account,
    /// The key that was used.
    Key,
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A credential fault was noted.
    Struck {
        /// Whose.
        on: Target,
        /// How many within the window.
        strikes: usize,
    },
    /// Struck too often: status `error`.
    Stopped {
        /// Who.
        on: Target,
    },
    /// The key has no budget: status `banned`.
    Banned,
    /// No key is active: the account's status is `no_keys`.
    KeysOut,
    /// Out of traffic for a while.
    Cooled {
        /// Who.
        on: Target,
        /// When it is back.
        until: Timestamp,
    },
    /// Out of traffic for one model.
    ModelPaused {
        /// Who.
        on: Target,
        /// Upstream's name of it.
        model: String,
        /// When it is back.
        until: Timestamp,
    },
    /// Pauses and strikes are over.
    Lifted {
        /// Whose.
        on: Target,
    },
    /// Status `active` again.
    Revived {
        /// Who.
        on: Target,
    },
}

// === impl Effect ===

impl Effect {
    /// True when every byte is as it was.
    #[must_use]
    pub const fn untouched(&self) -> bool {
        !self.counted && self.transitions.is_empty()
    }

    pub(super) fn push(&mut self, transition: Transition) {
        self.transitions.push(transition);
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.transitions.is_empty() {
            return f.write_str(if self.counted { "counted" } else { "untouched" });
        }
        for (at, transition) in self.transitions.iter().enumerate() {
            write!(f, "{}{transition}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

// === impl Transition ===

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Struck { on, strikes } => write!(f, "{on} has {strikes} strikes"),
            Self::Stopped { on } => write!(f, "{on} stopped"),
            Self::Banned => f.write_str("key banned"),
            Self::KeysOut => f.write_str("account stopped: no key is active"),
            Self::Cooled { on, until } => write!(f, "{on} cools until {}", until.to_rfc3339()),
            Self::ModelPaused { on, model, until } => {
                write!(f, "{on} pauses {model} until {}", until.to_rfc3339())
            }
            Self::Lifted { on } => write!(f, "{on} pauses and strikes lifted"),
            Self::Revived { on } => write!(f, "{on} active again"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Key => "key",
        })
    }
}

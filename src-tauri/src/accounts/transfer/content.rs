//! What a file holds, read and not stored yet.
//!
//! Owns: the types.
//! Must not know: any file's format, the store.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::accounts::spec::AccountSpec;
use crate::ids::{AccountId, GroupId};
use crate::pool::account::{KeyStatus, Kind, Strategy};
use crate::secret::Secret;

/// All of it.
#[derive(Debug, Default)]
pub struct Content {
    /// Which format it came in.
    pub format: &'static str,
    /// In the order of the file.
    pub groups: Vec<FoundGroup>,
    /// In the order of the file.
    pub accounts: Vec<Found>,
    /// What it says of the configuration, in our shape.
    pub config: Option<Value>,
    /// What cannot be taken, and why.
    pub refused: Vec<Line>,
}

/// An account.
#[derive(Debug)]
pub struct Found {
    /// Where it stands, such as `accounts[2]`.
    pub at: String,
    /// Its kind.
    pub kind: Kind,
    /// What is said of it, but for the keys.
    pub spec: AccountSpec,
    /// The keys of a pool.
    pub keys: Vec<(Secret, KeyStatus)>,
}

/// A group.
#[derive(Debug)]
pub struct FoundGroup {
    /// Where it stands.
    pub at: String,
    /// What it is bound by.
    pub id: GroupId,
    /// What the person calls it.
    pub name: String,
    /// Lower is asked first.
    pub priority: u32,
    /// How an account of it is chosen.
    pub strategy: Strategy,
}

/// What became of one thing in a file. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ImportedLine")]
pub struct Line {
    /// `account`, `group` or `configuration`.
    #[schemars(extend("enum" = ["account", "group", "configuration"]))]
    pub what: &'static str,
    /// Where it stands.
    pub at: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `added`, `merged`, `known` or `skipped`.
    #[schemars(extend("enum" = ["added", "merged", "known", "skipped"]))]
    pub outcome: &'static str,
    /// The account, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// For a person: why.
    pub message: String,
}

// === impl Found ===

impl Found {
    /// What is told of it.
    #[must_use]
    pub fn line(&self, outcome: &'static str, message: String) -> Line {
        Line {
            what: "account",
            at: self.at.clone(),
            name: self.spec.name.clone(),
            outcome,
            credential_id: None,
            message,
        }
    }
}

// === impl FoundGroup ===

impl FoundGroup {
    /// A group of which nothing but the id is known.
    #[must_use]
    pub fn new(id: GroupId) -> Self {
        let name = id.to_string();
        let strategy = Strategy::PriorityLru;
        Self { at: String::new(), id, name, priority: 100, strategy }
    }
}

// === impl Line ===

impl Line {
    /// Something that cannot be taken.
    #[must_use]
    pub fn skipped(what: &'static str, at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            what,
            at: at.into(),
            name: None,
            outcome: "skipped",
            credential_id: None,
            message: message.into(),
        }
    }

    /// With the account it led to.
    #[must_use]
    pub fn of(mut self, id: &AccountId) -> Self {
        self.credential_id = Some(id.to_string());
        self
    }
}

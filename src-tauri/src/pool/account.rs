//! Accounts, keys and groups as the scheduler sees them.
//!
//! Owns: [`Account`], [`Key`], [`Group`], [`Health`] and their enums (seed S0 §3, §5, §11).
//! Must not know: secrets, how records are stored, what picks among them.

use droid_protocol::dialect::Endpoint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AccountId, GroupId, KeyId};
use crate::secret::Personal;

/// A stored Factory identity, without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Never changes.
    pub id: AccountId,
    /// What the person calls it.
    pub name: String,
    /// How it signs in.
    pub kind: Kind,
    /// The endpoint it was made for; see [`Account::serves`].
    pub endpoint: Endpoint,
    /// 0 (first) to 100 (last); 50 unless told.
    pub priority: u8,
    /// The groups it belongs to.
    pub groups: Vec<GroupId>,
    /// The person's switch: off means as if it were not there.
    pub enabled: bool,
    /// False keeps it out of the pool but usable by an explicit binding to it.
    pub schedulable: bool,
    /// What is known of its credentials.
    pub status: Status,
    /// Why the status is not active, for a person.
    pub error: Option<String>,
    /// At most this many requests at once; 0 is no limit.
    pub max_concurrency: u32,
    /// A proxy is stored for it.
    pub has_proxy: bool,
    /// Instead of the configured one.
    pub user_agent: Option<String>,
    /// The owner's email, from the sign-in service.
    pub owner_email: Option<Personal>,
    /// The owner's name, from the sign-in service.
    pub owner_name: Option<Personal>,
    /// The sign-in service's id of the owner.
    pub user_id: Option<String>,
    /// The Factory organisation tokens are asked for.
    pub organization_id: Option<String>,
    /// The person's note of when the subscription ends; after it the account is left out.
    pub subscription_expires_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When a request last went to it.
    pub last_used_at: Option<Timestamp>,
    /// When its tokens were last refreshed by this program.
    pub last_refresh_at: Option<Timestamp>,
    /// When its access token ends.
    pub token_expires_at: Option<Timestamp>,
    /// Cooling, strikes, back-off.
    pub health: Health,
    /// How a key is chosen in a pool of keys.
    pub key_strategy: Strategy,
    /// Requests so far.
    pub uses: u64,
    /// Tokens so far, in and out.
    pub tokens_used: u64,
    /// Tokens it may use in all, for [`Strategy::MaxRemaining`]; none is no limit.
    pub token_budget: Option<u64>,
    /// Goes up with every stored change of any record; unique over the store.
    pub revision: u64,
}

/// How an account signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Signed in through WorkOS by this program, or imported with a token pair.
    #[serde(alias = "oauth", alias = "droid_oauth")]
    WorkosOauth,
    /// Made from a refresh token a person pasted.
    #[serde(alias = "droid_manual")]
    Manual,
    /// A pool of Factory API keys.
    #[serde(alias = "droid_api_key")]
    ApiKey,
}

/// What is known of an account's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Usable.
    Active,
    /// Three credential faults in ten minutes; `reset` or a success ends it.
    Error,
    /// Its refresh token is dead: a person must sign in again.
    NeedsLogin,
    /// All of its keys are out: none is active.
    NoKeys,
}

/// One API key of a pool, without the key itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Never changes.
    pub id: KeyId,
    /// The pool it is in.
    pub account_id: AccountId,
    /// SHA-256 of the key in hex, to tell duplicates.
    pub hash: String,
    /// What a person may see: `…cdef`.
    pub tail: String,
    /// Usable or not.
    pub status: KeyStatus,
    /// Why the status is not active, in upstream's words.
    pub error: Option<String>,
    /// Cooling, strikes, back-off.
    pub health: Health,
    /// When it was added.
    pub created_at: Timestamp,
    /// When a request last went out with it.
    pub last_used_at: Option<Timestamp>,
    /// Requests so far.
    pub uses: u64,
    /// Tokens so far, in and out.
    pub tokens_used: u64,
    /// As [`Account::revision`].
    pub revision: u64,
}

/// The state of one key (seed S3: active, disabled, banned; plus error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// Usable, cooling or not.
    Active,
    /// Switched off by a person.
    Disabled,
    /// Upstream answered 402: no budget.
    Banned,
    /// Three credential faults in ten minutes.
    Error,
}

/// A named set of accounts with an order of its own; a tier (seed S3 "多级密钥池").
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The name it is bound by, e.g. `group:team`.
    pub id: GroupId,
    /// For people.
    pub name: String,
    /// Lower is asked first; when nothing in it is free the next one is.
    pub priority: u32,
    /// How an account is chosen in it.
    pub strategy: Strategy,
    /// When it was made.
    pub created_at: Timestamp,
    /// As [`Account::revision`].
    pub revision: u64,
}

/// In which order candidates are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Priority, then least recently used, then created (seed S0 §5).
    #[default]
    PriorityLru,
    /// One after the other, whatever the priority.
    RoundRobin,
    /// Any, with equal chance.
    #[serde(alias = "random_sticky")]
    Random,
    /// The fewest requests so far.
    LeastUsed,
    /// The fewest tokens so far.
    LeastTokenUsed,
    /// The most budget left.
    MaxRemaining,
    /// The best score of success and use.
    WeightedScore,
    /// The same one until it is exhausted.
    FillFirst,
}

/// Whether traffic may go to an account or key now. Stored, so that it survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Out of traffic until then.
    pub cooling: Option<Cooling>,
    /// When the recent credential faults were; older than the window are dropped.
    pub strikes: Vec<Timestamp>,
    /// Transient faults in a row: the back-off doubles with it.
    pub streak: u32,
    /// Successes, for [`Strategy::WeightedScore`].
    pub successes: u64,
    /// Faults that spoke against it, for [`Strategy::WeightedScore`].
    pub failures: u64,
    /// Models it cannot use for now.
    pub models: Vec<ModelCooling>,
}

/// A pause with an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooling {
    /// When traffic may go there again.
    pub until: Timestamp,
    /// Why, for a person.
    pub reason: String,
    /// The one probe that is allowed while everything cools has been sent.
    #[serde(default)]
    pub probed: bool,
}

/// A pause of one model on one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCooling {
    /// The model's upstream name.
    pub model: String,
    /// When it may be asked for again.
    pub until: Timestamp,
    /// As [`Cooling::probed`].
    #[serde(default)]
    pub probed: bool,
}

// === impl Account ===

impl Account {
    /// Whether the account may take requests of an endpoint (seed S0 §5.1): its own; the general
    /// ones (`comm`, `google`) for any account; Anthropic and OpenAI for each other.
    #[must_use]
    pub const fn serves(&self, endpoint: Endpoint) -> bool {
        matches!(
            (self.endpoint, endpoint),
            (_, Endpoint::Comm | Endpoint::Google)
                | (Endpoint::Anthropic | Endpoint::OpenAi, Endpoint::Anthropic | Endpoint::OpenAi)
        )
    }
}

// === impl Health ===

impl Health {
    /// The pause that is in force now.
    #[must_use]
    pub fn cooling_at(&self, now: Timestamp) -> Option<&Cooling> {
        self.cooling.as_ref().filter(|it| it.until > now)
    }

    /// Whether the model is paused now.
    #[must_use]
    pub fn model_cooling_at(&self, model: &str, now: Timestamp) -> Option<&ModelCooling> {
        self.models.iter().find(|it| it.model == model && it.until > now)
    }

    /// Whether there is anything a success would lift.
    #[must_use]
    pub const fn is_blemished(&self) -> bool {
        self.cooling.is_some()
            || self.streak > 0
            || !self.strikes.is_empty()
            || !self.models.is_empty()
    }

    /// Notes that the one probe of the pauses that hold this model back is out.
    pub fn mark_probed(&mut self, model: &str) {
        if let Some(cooling) = &mut self.cooling {
            cooling.probed = true;
        }
        for pause in self.models.iter_mut().filter(|it| it.model == model) {
            pause.probed = true;
        }
    }
}

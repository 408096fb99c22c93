//! What a person may see of an account: everything but its secrets.
//!
//! Owns: the JSON of `credential`, `key` and `group` (docs/rpc.md).
//! Must not know: where it is shown.

use droid_protocol::dialect::Endpoint;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::pool::account::{Account, Group, Health, Key, KeyStatus, Kind, ModelCooling, Status};
use crate::secret::Personal;

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Credential")]
pub struct AccountView {
    id: String,
    credential_id: String,
    name: String,
    auth_type: Kind,
    #[schemars(with = "Endpoint")]
    endpoint_type: &'static str,
    priority: u8,
    groups: Vec<String>,
    enabled: bool,
    schedulable: bool,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// One word for a list: what traffic does.
    #[schemars(extend("enum" = [
        "healthy", "cooling", "expired", "no_keys", "error", "needs_login", "disabled"
    ]))]
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooling: Option<CoolingView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_cooling: Vec<ModelCoolingView>,
    /// When its recent credential faults were: so many of them stop it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strikes: Vec<String>,
    max_concurrency: u32,
    /// Requests that are being answered with it, in all processes; where it has a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<u32>,
    has_proxy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_email: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_name: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_expires_at: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refresh_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    uses: u64,
    tokens_used: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_budget: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_strategy: Option<crate::pool::account::Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<KeysView>,
    revision: u64,
}

/// A pause.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Cooling")]
pub struct CoolingView {
    until: String,
    reason: String,
}

/// A pause of one model.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ModelCooling")]
pub struct ModelCoolingView {
    model: String,
    until: String,
}

/// The keys of a pool: counted in a list, one by one in a single account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Keys")]
pub enum KeysView {
    /// How many in each state.
    Counts(KeyCounts),
    /// Each.
    Each(Vec<KeyView>),
}

/// How many keys are in each state.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct KeyCounts {
    total: usize,
    active: usize,
    cooling: usize,
    disabled: usize,
    banned: usize,
    error: usize,
}

/// A key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub struct KeyView {
    id: String,
    tail: String,
    status: KeyStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooling: Option<CoolingView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_cooling: Vec<ModelCoolingView>,
    /// When its recent credential faults were: so many of them stop it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strikes: Vec<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    uses: u64,
    tokens_used: u64,
}

/// A group.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Group")]
pub struct GroupView {
    id: String,
    name: String,
    priority: u32,
    strategy: crate::pool::account::Strategy,
    created_at: String,
    accounts: usize,
    revision: u64,
}

// === impl AccountView ===

impl AccountView {
    /// An account as it is now. `proxy` is masked already.
    #[must_use]
    pub fn new(account: &Account, proxy: Option<String>, now: Timestamp) -> Self {
        let time = |it: Option<Timestamp>| it.map(Timestamp::to_rfc3339);
        let is_pool = account.kind == Kind::ApiKey;
        Self {
            id: account.id.to_string(),
            credential_id: account.id.to_string(),
            name: account.name.clone(),
            auth_type: account.kind,
            endpoint_type: account.endpoint.as_str(),
            priority: account.priority,
            groups: account.groups.iter().map(ToString::to_string).collect(),
            enabled: account.enabled,
            schedulable: account.schedulable,
            status: account.status,
            error: account.error.clone(),
            health: health(account, now),
            cooling: cooling(&account.health, now),
            model_cooling: model_cooling(&account.health, now),
            strikes: strikes(&account.health),
            max_concurrency: account.max_concurrency,
            in_flight: None,
            has_proxy: account.has_proxy,
            proxy,
            user_agent: account.user_agent.clone(),
            owner_email: account.owner_email.clone(),
            owner_name: account.owner_name.clone(),
            user_id: account.user_id.clone(),
            organization_id: account.organization_id.clone(),
            subscription_expires_at: time(account.subscription_expires_at),
            created_at: account.created_at.to_rfc3339(),
            last_used_at: time(account.last_used_at),
            last_refresh_at: time(account.last_refresh_at),
            expires_at: time(account.token_expires_at),
            uses: account.uses,
            tokens_used: account.tokens_used,
            token_budget: account.token_budget,
            key_strategy: is_pool.then_some(account.key_strategy),
            keys: None,
            revision: account.revision,
        }
    }

    /// With how many of its places are taken, if it has a limit; `taken` is of all accounts.
    #[must_use]
    pub fn with_taken(mut self, taken: &[(AccountId, u32)]) -> Self {
        let own = taken.iter().find(|(id, _)| id.as_str() == self.id).map_or(0, |(_, n)| *n);
        self.in_flight = (self.max_concurrency > 0).then_some(own);
        self
    }

    /// With its keys counted.
    #[must_use]
    pub fn with_counts<'a>(mut self, keys: impl Iterator<Item = &'a Key>, now: Timestamp) -> Self {
        self.keys = Some(KeysView::Counts(KeyCounts::of(keys, now)));
        self
    }

    /// With each of its keys.
    #[must_use]
    pub fn with_keys(mut self, keys: &[Key], now: Timestamp) -> Self {
        self.keys = Some(KeysView::Each(keys.iter().map(|it| KeyView::new(it, now)).collect()));
        self
    }
}

// === impl KeyCounts ===

impl KeyCounts {
    /// Counts keys as they are now.
    #[must_use]
    pub fn of<'a>(keys: impl Iterator<Item = &'a Key>, now: Timestamp) -> Self {
        let mut counts = Self::default();
        for key in keys {
            counts.total += 1;
            match key.status {
                KeyStatus::Active if key.health.cooling_at(now).is_some() => counts.cooling += 1,
                KeyStatus::Active => counts.active += 1,
                KeyStatus::Disabled => counts.disabled += 1,
                KeyStatus::Banned => counts.banned += 1,
                KeyStatus::Error => counts.error += 1,
            }
        }
        counts
    }
}

// === impl KeyView ===

impl KeyView {
    /// A key as it is now.
    #[must_use]
    pub fn new(key: &Key, now: Timestamp) -> Self {
        Self {
            id: key.id.to_string(),
            tail: key.tail.clone(),
            status: key.status,
            error: key.error.clone(),
            cooling: cooling(&key.health, now),
            model_cooling: model_cooling(&key.health, now),
            strikes: strikes(&key.health),
            created_at: key.created_at.to_rfc3339(),
            last_used_at: key.last_used_at.map(Timestamp::to_rfc3339),
            uses: key.uses,
            tokens_used: key.tokens_used,
        }
    }
}

// === impl GroupView ===

impl GroupView {
    /// A group and how many accounts are in it.
    #[must_use]
    pub fn new(group: &Group, accounts: usize) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.clone(),
            priority: group.priority,
            strategy: group.strategy,
            created_at: group.created_at.to_rfc3339(),
            accounts,
            revision: group.revision,
        }
    }
}

/// One word for what traffic does with an account: `healthy`, `cooling`, `expired`, `no_keys`,
/// `error`, `needs_login` or `disabled`.
#[must_use]
pub fn health(account: &Account, now: Timestamp) -> &'static str {
    if !account.enabled {
        return "disabled";
    }
    match account.status {
        Status::NeedsLogin => "needs_login",
        Status::Error => "error",
        Status::NoKeys => "no_keys",
        Status::Active if account.subscription_expires_at.is_some_and(|it| it <= now) => "expired",
        Status::Active if account.health.cooling_at(now).is_some() => "cooling",
        Status::Active => "healthy",
    }
}

fn cooling(health: &Health, now: Timestamp) -> Option<CoolingView> {
    health
        .cooling_at(now)
        .map(|it| CoolingView { until: it.until.to_rfc3339(), reason: it.reason.clone() })
}

fn model_cooling(health: &Health, now: Timestamp) -> Vec<ModelCoolingView> {
    let paused = health.models.iter().filter(|it| it.until > now);
    let shown = |it: &ModelCooling| ModelCoolingView {
        model: it.model.clone(),
        until: it.until.to_rfc3339(),
    };
    paused.map(shown).collect()
}

fn strikes(health: &Health) -> Vec<String> {
    health.strikes.iter().map(|it| it.to_rfc3339()).collect()
}

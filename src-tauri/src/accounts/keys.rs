//! The keys of a pool.
//!
//! Owns: adding, removing and switching keys, and what a person is told of each.
//! Must not know: how a key is chosen, SQL.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::KeyList;
use super::{Accounts, PastedKey};
use crate::error::{Error, Result, shown_id};
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Key, KeyStatus, Kind};
use crate::secret::Secret;
use crate::store::{self, KeyOutcome, KeyRef, NewKey, Outcome};

/// What became of one key. Never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyResult {
    /// Its id, unless it never got one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<KeyId>,
    /// `…cdef`.
    pub tail: String,
    /// `added`, `duplicate`, `malformed`, `removed`, `not_found`; of keys to remove, one that is
    /// named again is a `duplicate`.
    #[schemars(extend("enum" = ["added", "duplicate", "malformed", "removed", "not_found"]))]
    pub outcome: &'static str,
}

/// What became of several keys.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeysChanged {
    /// One by one, in the order they were given.
    pub keys: Vec<KeyResult>,
    /// How many were added.
    pub added: usize,
    /// How many were there already, or twice in the call.
    pub duplicates: usize,
    /// How many went.
    pub removed: usize,
}

/// How new keys meet the ones that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Beside them.
    #[default]
    Append,
    /// Instead of those that are not given again.
    Replace,
}

// === impl Accounts ===

impl Accounts {
    /// Adds keys to a pool.
    ///
    /// # Errors
    /// [`Error::Invalid`] when nothing usable is given; [`Error::NotFound`].
    pub async fn add_keys(
        &self,
        id: &AccountId,
        list: &KeyList,
        mode: Mode,
    ) -> Result<KeysChanged> {
        self.pool(id).await?;
        let pasted = self.open_stored(list.keys("api_keys")?)?;
        let (keys, told) = self.new_keys(pasted);
        if keys.is_empty() {
            let message = "no usable key among them: a key is 8 or more printable characters";
            return Err(Error::invalid("api_keys", message));
        }
        let before = self.store.keys(id).await?.len();
        let mode = match mode {
            Mode::Append => store::Mode::Append,
            Mode::Replace => store::Mode::Replace,
        };
        let outcomes = self.store.add_keys(id, keys, mode, self.clock.now()).await?;
        let results = in_order(told, outcomes.into_iter().map(KeyResult::from));
        self.broker.reload().await?;
        let added = count(&results, "added");
        let after = self.store.keys(id).await?.len();
        Ok(KeysChanged {
            added,
            duplicates: count(&results, "duplicate"),
            removed: (before + added).saturating_sub(after),
            keys: results,
        })
    }

    /// Removes keys of a pool by id or by the keys themselves.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such pool.
    pub async fn remove_keys(
        &self,
        id: &AccountId,
        ids: &[KeyId],
        secrets: Option<&KeyList>,
    ) -> Result<KeysChanged> {
        self.pool(id).await?;
        let known = self.store.keys(id).await?;
        let by_id: HashMap<&KeyId, &Key> = known.iter().map(|it| (&it.id, it)).collect();
        let mut wanted: Vec<(Option<&Key>, String)> =
            ids.iter().map(|it| (by_id.get(it).copied(), shown_id(it.as_str()))).collect();
        if let Some(list) = secrets {
            let by_hash: HashMap<&str, &Key> =
                known.iter().map(|it| (it.hash.as_str(), it)).collect();
            for pasted in list.keys("api_keys")? {
                let secret = pasted.secret();
                let key = by_hash.get(secret.fingerprint().as_str()).copied();
                wanted.push((key, secret.tail()));
            }
        }
        if wanted.is_empty() {
            return Err(Error::invalid("api_key_ids", "missing: name the keys to remove"));
        }
        let ids = wanted.iter().filter_map(|(key, _)| key.map(|it| KeyRef::Id(it.id.clone())));
        let ids = ids.collect();
        self.store.remove_keys(id, ids).await?;
        self.broker.reload().await?;
        let mut gone = HashSet::new();
        let keys: Vec<KeyResult> = wanted
            .into_iter()
            .map(|(key, shown)| KeyResult {
                id: key.map(|it| it.id.clone()),
                tail: key.map_or(shown, |it| it.tail.clone()),
                outcome: match key {
                    Some(key) if gone.insert(&key.id) => "removed",
                    Some(_) => "duplicate",
                    None => "not_found",
                },
            })
            .collect();
        let (removed, duplicates) = (count(&keys, "removed"), count(&keys, "duplicate"));
        Ok(KeysChanged { added: 0, duplicates, removed, keys })
    }

    /// Sets the state of keys.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a pool or key that is not there; nothing is changed then.
    pub async fn set_key_status(
        &self,
        id: &AccountId,
        ids: &[KeyId],
        status: KeyStatus,
    ) -> Result<Vec<Key>> {
        if status == KeyStatus::Error {
            return Err(Error::invalid("status", "expected active, disabled or banned"));
        }
        self.pool(id).await?;
        let keys = self.store.set_key_status(id, ids.to_vec(), status, None).await?;
        self.broker.reload().await?;
        Ok(keys)
    }

    /// Gives each usable key an id. Beside them, in the order given: what is told of a key that
    /// cannot be one, and nothing yet of a usable one.
    pub(super) fn new_keys(&self, pasted: Vec<PastedKey>) -> (Vec<NewKey>, Vec<Option<KeyResult>>) {
        let mut keys = Vec::new();
        let mut told = Vec::with_capacity(pasted.len());
        for key in pasted {
            told.push(match key {
                PastedKey::Plain(secret) => {
                    let id = KeyId::from(self.entropy.uuid());
                    keys.push(NewKey { id, secret, status: KeyStatus::Active });
                    None
                }
                PastedKey::Stored(secret) | PastedKey::Malformed(secret) => {
                    Some(KeyResult { id: None, tail: secret.tail(), outcome: "malformed" })
                }
            });
        }
        (keys, told)
    }

    /// Opens keys that come sealed in the former format (seed S0 §11.2); one that does not open is
    /// malformed.
    pub(super) fn open_stored(&self, pasted: Vec<PastedKey>) -> Result<Vec<PastedKey>> {
        let open = |key| {
            let PastedKey::Stored(sealed) = key else { return Ok(key) };
            let Some(passphrase) = &self.passphrase else {
                let message = "these keys are sealed: set DROID_ENCRYPTION_KEY to the passphrase they were sealed with";
                return Err(Error::invalid("config.api_keys", message));
            };
            match store::open_old(passphrase, "api_keys", sealed.expose()) {
                Ok(secret) => Ok(PastedKey::Plain(secret)),
                Err(Error::Damaged { .. }) => Ok(PastedKey::Malformed(sealed)),
                Err(error) => Err(error),
            }
        };
        pasted.into_iter().map(open).collect()
    }

    pub(super) async fn pool(&self, id: &AccountId) -> Result<()> {
        let account = self.get(id).await?;
        if account.kind == Kind::ApiKey {
            return Ok(());
        }
        Err(Error::invalid("credential_id", "this account is no pool of keys"))
    }
}

// === impl PastedKey ===

impl PastedKey {
    fn secret(&self) -> &Secret {
        match self {
            Self::Plain(secret) | Self::Stored(secret) | Self::Malformed(secret) => secret,
        }
    }
}

// === impl KeyResult ===

impl From<KeyOutcome> for KeyResult {
    fn from(outcome: KeyOutcome) -> Self {
        let word = match outcome.outcome {
            Outcome::Added => "added",
            Outcome::Duplicate => "duplicate",
        };
        Self { id: Some(outcome.id), tail: outcome.tail, outcome: word }
    }
}

/// Fills the gaps in what is told of keys with the outcomes of the usable ones.
pub(super) fn in_order(
    told: Vec<Option<KeyResult>>,
    mut outcomes: impl Iterator<Item = KeyResult>,
) -> Vec<KeyResult> {
    told.into_iter().filter_map(|it| it.or_else(|| outcomes.next())).collect()
}

fn count(keys: &[KeyResult], outcome: &str) -> usize {
    keys.iter().filter(|it| it.outcome == outcome).count()
}

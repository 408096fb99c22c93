//! What a person can do to client keys.
//!
//! Owns: making, changing, renewing and deleting them; the form of a key; the bounds of its fields.
//! Must not know: how they are shown.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{ClientKeys, ENVIRONMENT, LONGEST_WINDOW};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::ClientKeyId;
use crate::pool::Binding;
use crate::secret::Secret;
use crate::store::{ClientKey, ClientLimits, Spent};

/// What is to be changed; none leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the field of ClientKey of the same name")]
pub struct KeyPatch {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub expires_at: Option<Option<Timestamp>>,
    pub expires_days: Option<Option<u32>>,
    pub binding: Option<Binding>,
    pub models: Option<Vec<String>>,
    pub limits: Option<ClientLimits>,
}

/// A key that was just made. This is the only time it can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What is stored of it.
    pub key: ClientKey,
    /// The key itself.
    pub secret: Secret,
}

/// What a key begins with, so that people and scanners of leaked secrets know it.
const PREFIX: &str = "dpk_";
const SECRET_BYTES: usize = 32;
const LONGEST_NAME: usize = 200;
const MOST_MODELS: usize = 1000;
const MOST_DAYS: u32 = 36_500;

// === impl ClientKeys ===

impl ClientKeys {
    /// Makes a key, durably.
    ///
    /// # Errors
    /// `Invalid`, naming the field; `NotFound` for the account or group it is to be bound to.
    pub async fn create(&self, patch: KeyPatch) -> Result<Made> {
        let (secret, hash, tail) = self.new_secret();
        let parts = &self.0.parts;
        let mut key = ClientKey {
            id: ClientKeyId::from(parts.entropy.uuid()),
            name: String::new(),
            hash,
            tail,
            enabled: true,
            created_at: parts.clock.now(),
            first_used_at: None,
            last_used_at: None,
            expires_at: None,
            expires_days: None,
            binding: Binding::Any,
            models: Vec::new(),
            limits: ClientLimits::default(),
            revision: 0,
        };
        self.apply(patch, &mut key).await?;
        let key = self.save(key, Some(0)).await?;
        Ok(Made { key, secret })
    }

    /// Changes a key, durably. With `expected_revision` only if no person changed it since.
    ///
    /// # Errors
    /// `NotFound`, `Stale`, and as [`ClientKeys::create`].
    pub async fn update(
        &self,
        id: &ClientKeyId,
        patch: KeyPatch,
        expected_revision: Option<u64>,
    ) -> Result<ClientKey> {
        let mut key = self.get(id).await?;
        let read_at = key.revision;
        self.apply(patch, &mut key).await?;
        // What was read is changed only if it still is what was read.
        self.save(key, Some(expected_revision.unwrap_or(read_at).min(read_at))).await
    }

    /// Gives a key a new secret; the old one is refused from then on.
    ///
    /// # Errors
    /// `NotFound`, `Stale`.
    pub async fn rotate(&self, id: &ClientKeyId) -> Result<Made> {
        let mut key = self.get(id).await?;
        let (secret, hash, tail) = self.new_secret();
        (key.hash, key.tail) = (hash, tail);
        let read_at = key.revision;
        let key = self.save(key, Some(read_at)).await?;
        Ok(Made { key, secret })
    }

    /// Deletes a key; it is refused from then on.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, id: &ClientKeyId) -> Result<()> {
        self.refuse_environments(id)?;
        self.0.parts.store.delete_client_key(id).await?;
        self.state().remove(id);
        Ok(())
    }

    /// One key.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, id: &ClientKeyId) -> Result<ClientKey> {
        self.refuse_environments(id)?;
        self.0.parts.store.client_key(id).await
    }

    /// All keys, oldest first, with what each was ever used for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<(ClientKey, Spent)>> {
        let store = &self.0.parts.store;
        store.flush().await?;
        let mut keys = store.client_key_changes(0).await?.keys;
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let spent: HashMap<_, _> = store.spent().await?;
        let spent = |key: &ClientKey| spent.get(&key.id).copied().unwrap_or_default();
        Ok(keys
            .into_iter()
            .map(|key| (spent(&key), key))
            .map(|(spent, key)| (key, spent))
            .collect())
    }

    /// What a key was ever used for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn spent(&self, id: &ClientKeyId) -> Result<Spent> {
        let store = &self.0.parts.store;
        store.flush().await?;
        Ok(store.spent().await?.remove(id).unwrap_or_default())
    }

    async fn save(&self, key: ClientKey, expected_revision: Option<u64>) -> Result<ClientKey> {
        let key = self.0.parts.store.save_client_key(key, expected_revision).await?;
        self.state().put(key.clone());
        Ok(key)
    }

    async fn apply(&self, patch: KeyPatch, key: &mut ClientKey) -> Result<()> {
        if let Some(name) = patch.name {
            key.name = name.trim().to_owned();
        }
        let named = !key.name.is_empty() && key.name.chars().count() <= LONGEST_NAME;
        if !named || key.name.chars().any(char::is_control) {
            return Err(Error::invalid("name", "a name of one line is expected"));
        }
        if let Some(models) = patch.models {
            let fits = |it: &String| !it.is_empty() && it.len() <= LONGEST_NAME;
            if models.len() > MOST_MODELS || !models.iter().all(fits) {
                return Err(Error::invalid("models", "at most 1000 names are expected"));
            }
            key.models = models;
        }
        if let Some(days) = patch.expires_days {
            if days.is_some_and(|it| it == 0 || it > MOST_DAYS) {
                return Err(Error::invalid("expires_days", "from 1 to 36500 days are expected"));
            }
            key.expires_days = days;
        }
        if let Some(binding) = patch.binding {
            self.check_binding(&binding).await?;
            key.binding = binding;
        }
        if let Some(limits) = patch.limits {
            check_limits(&limits)?;
            key.limits = limits;
        }
        key.enabled = patch.enabled.unwrap_or(key.enabled);
        key.expires_at = patch.expires_at.unwrap_or(key.expires_at);
        Ok(())
    }

    async fn check_binding(&self, binding: &Binding) -> Result<()> {
        let store = &self.0.parts.store;
        match binding {
            Binding::Any => Ok(()),
            Binding::Account { id, .. } => store.account(id).await.map(|_| ()),
            Binding::Group { id, .. } => {
                let known = store.groups().await?.iter().any(|it| it.id == *id);
                if known { Ok(()) } else { Err(Error::not_found("group", id)) }
            }
        }
    }

    /// The environment's key is set by whoever starts the program.
    fn refuse_environments(&self, id: &ClientKeyId) -> Result<()> {
        if id.as_str() != ENVIRONMENT {
            return Ok(());
        }
        let message = "this key is set in the environment and cannot be changed here";
        Err(Error::invalid("client_key_id", message))
    }

    fn new_secret(&self) -> (Secret, String, String) {
        let mut bytes = zeroize::Zeroizing::new([0; SECRET_BYTES]);
        self.0.parts.entropy.fill(&mut *bytes);
        let secret = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bytes)));
        let (hash, tail) = (secret.fingerprint(), secret.tail());
        (secret, hash, tail)
    }
}

fn check_limits(limits: &ClientLimits) -> Result<()> {
    let has_window_limit = limits.window_requests.is_some() || limits.window_tokens.is_some();
    let longest = LONGEST_WINDOW.as_secs();
    match limits.window_seconds {
        Some(seconds) if !(1..=longest).contains(&seconds) => {
            let message = format!("from 1 to {longest} seconds are expected");
            Err(Error::invalid("limits.window_seconds", message))
        }
        None if has_window_limit => {
            let message = "a limit of a window needs the window's length";
            Err(Error::invalid("limits.window_seconds", message))
        }
        Some(_) if !has_window_limit => {
            let message = "a window needs window_requests or window_tokens";
            Err(Error::invalid("limits.window_seconds", message))
        }
        _ => Ok(()),
    }
}

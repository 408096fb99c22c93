//! The token or key of a picked account.
//!
//! Owns: the decrypted secrets this process keeps, and for how long they may be used.
//! Must not know: how a token is refreshed, how secrets are stored.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Broker, Credential};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::oauth::refresh::Need;
use crate::pool::account::{Account, KeyStatus, Kind};
use crate::secret::Secret;

/// The most secrets that are kept; past it all are dropped and decrypted again as needed.
const MOST_KEPT: usize = 10_000;

/// Secrets in memory, so that a hot account costs no decryption.
#[derive(Debug, Default)]
pub(super) struct Cache {
    keys: HashMap<KeyId, Secret>,
    tokens: HashMap<AccountId, Token>,
}

/// An access token, and the account's times it was stored with.
#[derive(Debug)]
struct Token {
    refreshed_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    asked_at: Timestamp,
    secret: Secret,
    fingerprint: String,
}

/// A token in memory is used so long before the refresher is asked again whether it is due: the
/// margin before its end is minutes.
const TRUSTED: Duration = Duration::from_secs(1);

// === impl Broker ===

impl Broker {
    pub(super) async fn credential(
        &self,
        account: &Account,
        key: Option<&KeyId>,
    ) -> Result<Credential> {
        match (account.kind, key) {
            (Kind::ApiKey, Some(key)) => {
                let secret = self.key_secret(key).await?;
                Ok(Credential { secret, expires_at: None, fingerprint: None })
            }
            (Kind::ApiKey, None) => {
                Err(Error::Internal("a pool of keys was picked without a key".to_owned()))
            }
            (Kind::WorkosOauth | Kind::Manual, _) => self.token(account).await,
        }
    }

    async fn key_secret(&self, key: &KeyId) -> Result<Secret> {
        if let Some(secret) = self.state().cache.keys.get(key) {
            return Ok(secret.clone());
        }
        let secret = self.parts.store.key_secret(key).await?;
        let mut state = self.state();
        state.cache.make_room();
        state.cache.keys.insert(key.clone(), secret.clone());
        Ok(secret)
    }

    async fn token(&self, account: &Account) -> Result<Credential> {
        let now = self.parts.clock.now();
        if let Some(token) = self.state().cache.tokens.get(&account.id)
            && token.refreshed_at == account.last_refresh_at
            && token.ends_at == account.token_expires_at
            && now >= token.asked_at
            && now.since(token.asked_at) < TRUSTED
        {
            return Ok(Credential {
                secret: token.secret.clone(),
                expires_at: token.ends_at,
                fingerprint: Some(token.fingerprint.clone()),
            });
        }
        let token = self.parts.refresher.access_token(&account.id, Need::Fresh).await?;
        let refreshed;
        let known = if token.expires_at == account.token_expires_at {
            account
        } else {
            // It was refreshed: the pool must know the account's new times.
            self.reload().await?;
            refreshed = self.account(&account.id)?;
            &refreshed
        };
        let fingerprint = token.secret.fingerprint();
        let mut state = self.state();
        state.cache.make_room();
        state.cache.tokens.insert(
            account.id.clone(),
            Token {
                refreshed_at: known.last_refresh_at,
                ends_at: known.token_expires_at,
                asked_at: now,
                secret: token.secret.clone(),
                fingerprint: fingerprint.clone(),
            },
        );
        Ok(Credential {
            secret: token.secret,
            expires_at: token.expires_at,
            fingerprint: Some(fingerprint),
        })
    }

    /// The bearer of an account outside of a loan: for validation and for a request whose account
    /// was lent before.
    ///
    /// # Errors
    /// When there is no such account or key, or its token cannot be had.
    pub async fn bearer(
        &self,
        id: &AccountId,
        key: Option<&KeyId>,
    ) -> Result<(Arc<Account>, Secret)> {
        self.reload().await?;
        let account = self.account(id)?;
        let key = match account.kind {
            Kind::ApiKey => Some(self.usable_key(&account, key)?),
            Kind::WorkosOauth | Kind::Manual => None,
        };
        let credential = self.credential(&account, key.as_ref()).await?;
        Ok((account, credential.secret))
    }

    /// The key that is named, else any that is active.
    fn usable_key(&self, account: &Account, named: Option<&KeyId>) -> Result<KeyId> {
        let state = self.state();
        let mut keys = state.pool.keys_of(&account.id);
        match named {
            Some(named) => {
                keys.find(|it| it.id == *named).ok_or_else(|| Error::not_found("key", named))
            }
            None => keys.find(|it| it.status == KeyStatus::Active).ok_or_else(|| {
                let message = format!("no key of account `{}` is active", account.name);
                Error::NoAccount { message, retry_after: None, skipped: BTreeMap::new() }
            }),
        }
        .map(|it| it.id.clone())
    }
}

// === impl Cache ===

impl Cache {
    pub(super) fn forget_key(&mut self, key: &KeyId) {
        self.keys.remove(key);
    }

    pub(super) fn forget_account(&mut self, account: &AccountId) {
        self.tokens.remove(account);
    }

    fn make_room(&mut self) {
        if self.keys.len() + self.tokens.len() >= MOST_KEPT {
            self.keys.clear();
            self.tokens.clear();
        }
    }
}

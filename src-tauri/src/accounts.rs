//! What a person can do to accounts: add, change, switch, reset, remove; keys of pools likewise.
//!
//! Owns: turning what a person wrote into records, and what a person may see of them.
//! Must not know: how requests pick accounts, JSON-RPC, SQL.

pub mod import;
mod keys;
pub mod spec;
pub mod transfer;
pub mod view;

use std::collections::HashMap;
use std::sync::Arc;

use droid_protocol::dialect::Endpoint;

use self::spec::{AccountSpec, PastedKey};
use crate::broker::Broker;
use crate::broker::subject::{key_subject, subject};
use crate::clock::{Clock, Entropy};
use crate::config::Live;
use crate::error::{Error, Result};
use crate::ids::{AccountId, LoginId};
use crate::oauth::journal::Journal;
use crate::oauth::refresh::{Need, Refresher};
use crate::oauth::workos::WorkOsClient;
use crate::pool::account::{Account, Health, KeyStatus, Kind, Status};
use crate::pool::cooldown::{self, Subject};
use crate::ports::TokenPair;
use crate::secret::{Personal, Secret};
use crate::store::{AccountPatch, HealthRow, KeyHealth, NewAccount, NewTokens, Store};
use crate::upstream::ProxyUrl;

pub use self::keys::{KeyResult, KeysChanged, Mode};

/// What accounts are managed with. Clones are the same.
#[derive(Clone)]
pub struct Accounts {
    /// The configuration in force.
    pub config: Live,
    /// The records.
    pub store: Store,
    /// To verify a pasted refresh token.
    pub refresher: Refresher<Store>,
    /// To tell the pool at once.
    pub broker: Broker,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub entropy: Arc<dyn Entropy>,
    /// To ask for an organisation.
    pub workos: WorkOsClient,
    /// Answers of refreshes that were cut off.
    pub journal: Journal,
    /// `DROID_ENCRYPTION_KEY`, for keys that come sealed in the former format.
    pub passphrase: Option<Secret>,
}

/// An account that was added.
#[derive(Debug)]
pub struct Created {
    /// It.
    pub account: Account,
    /// Per key what became of it, for a pool.
    pub keys: Vec<KeyResult>,
}

// === impl Accounts ===

impl Accounts {
    /// Adds an account.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::NeedsLogin`] when a pasted refresh token is
    /// dead (nothing is kept then).
    pub async fn create(&self, kind: Kind, spec: &AccountSpec) -> Result<Created> {
        match kind {
            Kind::ApiKey => self.create_pool(spec, false).await,
            Kind::WorkosOauth | Kind::Manual => {
                let account = self.create_signed_in(kind, spec).await?;
                Ok(Created { account, keys: Vec::new() })
            }
        }
    }

    /// Adds the account of a finished sign-in, or signs a known one in again.
    ///
    /// # Errors
    /// What the store failed with; [`Error::NotFound`] when the known one is gone.
    pub async fn sign_in(
        &self,
        pair: TokenPair,
        name: Option<String>,
        proxy: Option<Secret>,
        known: Option<&AccountId>,
        login: &LoginId,
    ) -> Result<Account> {
        let now = self.clock.now();
        let tokens = NewTokens {
            access: Some(pair.access),
            refresh: pair.refresh,
            expires_at: Some(pair.expires_at),
            refreshed_at: Some(now),
        };
        if let Some(id) = known {
            let patch = AccountPatch {
                tokens: Some(tokens),
                owner_email: pair.owner_email.map(Some),
                owner_name: pair.owner_name.map(Some),
                user_id: pair.user_id.map(Some),
                organization_id: pair.organization_id.map(Some),
                ..AccountPatch::default()
            };
            let account = self.store.update_account(id, patch, None).await?;
            self.broker.reload().await?;
            return Ok(account);
        }
        let name = name.unwrap_or_else(|| default_name(pair.owner_email.as_ref()));
        let mut account = self.blank(Kind::WorkosOauth, name);
        account.has_proxy = proxy.is_some();
        account.owner_email = pair.owner_email.clone();
        account.owner_name = pair.owner_name.clone();
        account.user_id = pair.user_id.clone();
        account.organization_id = pair.organization_id.clone();
        self.insert(NewAccount {
            account,
            tokens: Some(tokens),
            keys: Vec::new(),
            proxy,
            login: Some(login.clone()),
            only_unknown_keys: false,
        })
        .await
    }

    /// One account.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: &AccountId) -> Result<Account> {
        self.store.account(id).await
    }

    /// Changes what the spec names and leaves the rest.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::Stale`].
    pub async fn update(
        &self,
        id: &AccountId,
        spec: &AccountSpec,
        revision: Option<u64>,
    ) -> Result<Account> {
        let proxy = match &spec.proxy {
            None => None,
            Some(None) => Some(None),
            Some(Some(proxy)) => Some(Some(checked_proxy(&proxy.url()?)?)),
        };
        let patch = AccountPatch {
            name: spec.checked_name()?,
            endpoint: spec.endpoint_type,
            priority: spec.checked_priority()?,
            groups: spec.checked_groups()?,
            enabled: spec.enabled,
            schedulable: spec.schedulable,
            max_concurrency: spec.max_concurrency,
            proxy,
            user_agent: spec.checked_user_agent()?,
            subscription_expires_at: spec.checked_subscription()?,
            token_budget: spec.token_budget,
            key_strategy: spec.key_strategy,
            organization_id: spec.checked_organization(),
            ..AccountPatch::default()
        };
        if spec.api_keys.is_some() {
            let message = "not changed here: use add_api_keys and remove_api_keys";
            return Err(Error::invalid("config.api_keys", message));
        }
        let tokens = self.new_sign_in(id, spec).await?;
        let verify = tokens.as_ref().is_some_and(|it| it.access.is_none());
        let patch = AccountPatch { tokens, ..patch };
        let account = self.store.update_account(id, patch, revision).await?;
        if verify {
            self.refresher.access_token(id, Need::Forced).await?;
        }
        self.broker.reload().await?;
        if verify { self.get(id).await } else { Ok(account) }
    }

    /// Removes an account with all that belongs to it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, id: &AccountId) -> Result<()> {
        self.store.delete_account(id).await?;
        if let Err(error) = self.journal.forget(id) {
            log::warn!("account {id}: its answer file stays ({})", error.kind());
        }
        self.broker.reload().await
    }

    /// Lifts cooling, strikes and errors of an account and its keys.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn reset(&self, id: &AccountId) -> Result<Account> {
        let (account, _) = self.store.update_all_health(id, reset_all).await?;
        self.broker.reload().await?;
        Ok(account)
    }

    async fn create_signed_in(&self, kind: Kind, spec: &AccountSpec) -> Result<Account> {
        let refresh = spec.refresh_token.clone().filter(|it| !it.expose().trim().is_empty());
        let Some(refresh) = refresh else {
            return Err(Error::invalid("config.refresh_token", "missing: paste a refresh token"));
        };
        let refresh = Secret::new(refresh.expose().trim());
        if let Some(known) = self.store.find_by_lineage(&refresh.fingerprint()).await? {
            let message = format!("this token belongs to account `{known}` already");
            return Err(Error::invalid("config.refresh_token", message));
        }
        let mut new = self.described(kind, spec)?;
        let access = spec.access_token.clone().filter(|it| !it.is_empty() && kind != Kind::Manual);
        let verify = access.is_none();
        let expires_at = spec.checked_expiry()?;
        new.tokens = Some(NewTokens { access, refresh, expires_at, refreshed_at: None });
        let account = self.insert(new).await?;
        if verify { self.verified(account).await } else { Ok(account) }
    }

    /// Refreshes a new account once: that is how a pasted token is verified (seed S0 §3.3). The
    /// record is there before the token is spent, so that no kill in between loses the answer.
    async fn verified(&self, account: Account) -> Result<Account> {
        match self.refresher.access_token(&account.id, Need::Forced).await {
            Ok(token) => {
                self.learn_organization(&account.id, &token.secret).await?;
                self.broker.reload().await?;
                self.get(&account.id).await
            }
            Err(error @ Error::NeedsLogin { .. }) => {
                self.delete(&account.id).await?;
                Err(error)
            }
            // The token may be good: it is kept, and refreshed with the first use.
            Err(error) => {
                log::warn!("account {} is added but not verified: {}", account.id, error.kind());
                self.get(&account.id).await
            }
        }
    }

    /// Asks for the organisation where the token's answer did not tell it: refreshes name it, so that
    /// the account's tokens are for the one its person works in.
    async fn learn_organization(&self, id: &AccountId, token: &Secret) -> Result<()> {
        if self.get(id).await?.organization_id.is_some() {
            return Ok(());
        }
        let proxy = self.store.proxy(id).await?;
        let Some(found) = self.workos.organization(token, proxy.as_ref()).await? else {
            return Ok(());
        };
        let patch = AccountPatch { organization_id: Some(Some(found)), ..AccountPatch::default() };
        self.store.update_account(id, patch, None).await?;
        Ok(())
    }

    /// The tokens an update brings, if it brings any.
    async fn new_sign_in(&self, id: &AccountId, spec: &AccountSpec) -> Result<Option<NewTokens>> {
        let Some(refresh) = &spec.refresh_token else { return Ok(None) };
        if self.get(id).await?.kind == Kind::ApiKey {
            let message = "this account is a pool of keys and has no sign-in";
            return Err(Error::invalid("config.refresh_token", message));
        }
        Ok(Some(NewTokens {
            access: spec.access_token.clone(),
            refresh: Secret::new(refresh.expose().trim()),
            expires_at: spec.checked_expiry()?,
            refreshed_at: None,
        }))
    }

    async fn create_pool(&self, spec: &AccountSpec, only_unknown_keys: bool) -> Result<Created> {
        let Some(list) = &spec.api_keys else {
            return Err(Error::invalid("config.api_keys", "missing: give at least one key"));
        };
        let pasted = self.open_stored(list.keys("config.api_keys")?)?;
        let (keys, told) = self.new_keys(pasted);
        if keys.is_empty() {
            let message = "no usable key among them: a key is 8 or more printable characters";
            return Err(Error::invalid("config.api_keys", message));
        }
        let mut new = self.described(Kind::ApiKey, spec)?;
        let mut first = HashMap::new();
        let outcomes = keys.iter().map(|it| {
            let id = first.entry(it.secret.fingerprint()).or_insert(&it.id);
            let outcome = if *id == &it.id { "added" } else { "duplicate" };
            KeyResult { id: Some((*id).clone()), tail: it.secret.tail(), outcome }
        });
        let results = keys::in_order(told, outcomes);
        if spec.name.is_none() {
            new.account.name = format!("Droid API Key ({} keys)", first.len());
        }
        new.keys = keys;
        new.only_unknown_keys = only_unknown_keys;
        Ok(Created { account: self.insert(new).await?, keys: results })
    }

    /// A new record with what the spec says and defaults for the rest.
    fn described(&self, kind: Kind, spec: &AccountSpec) -> Result<NewAccount> {
        let owner_email = spec.owner_email.clone();
        let name = match spec.checked_name()? {
            Some(name) => name,
            None => default_name(owner_email.as_ref()),
        };
        let mut account = self.blank(kind, name);
        if let Some(endpoint) = spec.endpoint_type {
            account.endpoint = endpoint;
        }
        if let Some(priority) = spec.checked_priority()? {
            account.priority = priority;
        }
        account.groups = spec.checked_groups()?.unwrap_or_default();
        account.schedulable = spec.schedulable.unwrap_or(true);
        account.enabled = spec.enabled.unwrap_or(true);
        account.max_concurrency = spec.max_concurrency.unwrap_or(0);
        account.user_agent = spec.checked_user_agent()?.flatten();
        account.subscription_expires_at = spec.checked_subscription()?.flatten();
        account.token_budget = spec.token_budget.flatten();
        if let Some(strategy) = spec.key_strategy {
            account.key_strategy = strategy;
        }
        account.owner_email = owner_email;
        account.owner_name.clone_from(&spec.owner_name);
        account.user_id.clone_from(&spec.user_id);
        account.organization_id = spec.checked_organization().flatten();
        let proxy = match spec.proxy.clone().flatten() {
            Some(proxy) => Some(checked_proxy(&proxy.url()?)?),
            None => None,
        };
        account.has_proxy = proxy.is_some();
        Ok(NewAccount {
            account,
            tokens: None,
            keys: Vec::new(),
            proxy,
            login: None,
            only_unknown_keys: false,
        })
    }

    fn blank(&self, kind: Kind, name: String) -> Account {
        Account {
            id: AccountId::from(self.entropy.uuid()),
            name,
            kind,
            endpoint: Endpoint::Anthropic,
            priority: 50,
            groups: Vec::new(),
            enabled: true,
            schedulable: true,
            status: Status::Active,
            error: None,
            max_concurrency: 0,
            has_proxy: false,
            user_agent: None,
            owner_email: None,
            owner_name: None,
            user_id: None,
            organization_id: None,
            subscription_expires_at: None,
            created_at: self.clock.now(),
            last_used_at: None,
            last_refresh_at: None,
            token_expires_at: None,
            health: Health::default(),
            key_strategy: self.config.get().api_key.strategy,
            uses: 0,
            tokens_used: 0,
            token_budget: None,
            revision: 0,
        }
    }

    async fn insert(&self, new: NewAccount) -> Result<Account> {
        let account = self.store.create_account(new).await?;
        self.broker.reload().await?;
        Ok(account)
    }
}

/// Lifts everything a person can lift, of the account and of each key.
fn reset_all(row: &mut HealthRow, keys: &mut [KeyHealth]) {
    let is_active = |it: &KeyHealth| it.status == KeyStatus::Active;
    let n_active = keys.iter().filter(|it| is_active(it)).count();
    for key in keys.iter_mut() {
        let other_keys_usable = n_active > usize::from(is_active(key));
        let mut whole = Subject { other_keys_usable, ..subject(row) };
        whole.key = Some(key_subject(key));
        cooldown::reset(&mut whole);
    }
    if keys.is_empty() {
        cooldown::reset(&mut subject(row));
    }
}

/// Checks a proxy's URL.
///
/// # Errors
/// [`Error::Invalid`] for `config.proxy`, without its password.
pub fn checked_proxy(url: &Secret) -> Result<Secret> {
    ProxyUrl::parse("config.proxy", url)?;
    Ok(url.clone())
}

/// What an account is called when nobody says: the mailbox's name tells most, its address is
/// nobody's business in a list on a screen.
fn default_name(email: Option<&Personal>) -> String {
    let mailbox = email.and_then(|it| it.0.split('@').next()).filter(|it| !it.is_empty());
    mailbox.map_or_else(|| "Droid".to_owned(), |it| format!("Droid ({it})"))
}

//! Accounts, with their tokens and proxies.
//!
//! Owns: what can be done to an account.
//! Must not know: columns, what an account is good for.

use rusqlite::OptionalExtension;

use droid_protocol::dialect::Endpoint;

use super::account_rows::{
    Edited, check_not_stale, exists, get, lineage, place, put, revive, set_proxy, set_tokens,
};
use super::changes::{self, Buried};
use super::db::Db;
use super::fail::Fail;
use super::keys::{self, Mode, NewKey};
use super::rekey::PROXY;
use super::{Durability, Store, logins};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, GroupId, LoginId};
use crate::pool::account::{Account, Status, Strategy};
use crate::secret::{Personal, Secret};

/// An account to add, with its secrets.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// `revision`, `has_proxy` and, for a pool without a usable key, `status` are set by the store.
    pub account: Account,
    /// For `workos_oauth` and `manual`.
    pub tokens: Option<NewTokens>,
    /// For `api_key`; duplicates among them are passed over.
    pub keys: Vec<NewKey>,
    /// Its own proxy URL.
    pub proxy: Option<Secret>,
    /// The sign-in it comes from: ended as done in the same transaction. If that is over already
    /// nothing is added.
    pub login: Option<LoginId>,
    /// Adds nothing if every one of the keys is in some pool already: of two processes that import
    /// the same key one does.
    pub only_unknown_keys: bool,
}

/// Tokens of a sign-in.
#[derive(Clone, Debug)]
pub struct NewTokens {
    /// The access token, if one is known.
    pub access: Option<Secret>,
    /// The refresh token.
    pub refresh: Secret,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When they were issued, if this program got them just now.
    pub refreshed_at: Option<Timestamp>,
}

/// Changes to an account; none leaves a field as it is.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field is the field of Account of the same name")]
pub struct AccountPatch {
    pub name: Option<String>,
    pub endpoint: Option<Endpoint>,
    pub priority: Option<u8>,
    pub groups: Option<Vec<GroupId>>,
    pub enabled: Option<bool>,
    pub schedulable: Option<bool>,
    pub status: Option<Status>,
    pub error: Option<Option<String>>,
    pub max_concurrency: Option<u32>,
    pub user_agent: Option<Option<String>>,
    pub owner_email: Option<Option<Personal>>,
    pub owner_name: Option<Option<Personal>>,
    pub user_id: Option<Option<String>>,
    pub organization_id: Option<Option<String>>,
    pub subscription_expires_at: Option<Option<Timestamp>>,
    pub key_strategy: Option<Strategy>,
    pub token_budget: Option<Option<u64>>,
    /// The proxy URL itself.
    pub proxy: Option<Option<Secret>>,
    /// A new sign-in: makes a `needs_login` account active again.
    pub tokens: Option<NewTokens>,
}

// === impl Store ===

impl Store {
    /// Adds an account with its secrets, durably.
    ///
    /// # Errors
    /// `Invalid` when the id is taken or the refresh token belongs to another account, `NotFound`
    /// for a group that does not exist, `LoginOver` when [`NewAccount::login`] is over.
    pub async fn create_account(&self, new: NewAccount) -> Result<Account> {
        self.warm_key().await?;
        self.write(Durability::Full, "adding the account", move |db| create(db, &new)).await
    }

    /// One account.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn account(&self, id: &AccountId) -> Result<Account> {
        let id = id.clone();
        self.read("reading the account", move |db| get(db, &id)).await
    }

    /// Changes an account, durably. With `expected_revision` only if nobody else edited it since
    /// (its use and health do not count as edits).
    ///
    /// # Errors
    /// `NotFound` for the account or a group, `Stale`, `Invalid` when a new refresh token belongs to
    /// another account.
    pub async fn update_account(
        &self,
        id: &AccountId,
        patch: AccountPatch,
        expected_revision: Option<u64>,
    ) -> Result<Account> {
        let id = id.clone();
        self.warm_key().await?;
        self.write(Durability::Full, "changing the account", move |db| {
            let mut account = get(db, &id)?;
            check_not_stale(db, "accounts", "account", id.as_str(), expected_revision)?;
            let proxy = patch.proxy.clone();
            let tokens = patch.tokens.clone();
            patch.apply(&mut account);
            put(db, &account, Edited::ByPerson)?;
            if let Some(proxy) = proxy {
                set_proxy(db, &id, proxy.as_ref())?;
            }
            if let Some(tokens) = tokens {
                set_tokens(db, &id, &tokens)?;
                revive(db, &id)?;
            }
            get(db, &id)
        })
        .await
    }

    /// Deletes an account with its keys, sessions, leases and tokens, durably. Its usage stays.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_account(&self, id: &AccountId) -> Result<()> {
        let id = id.clone();
        self.write(Durability::Full, "deleting the account", move |db| {
            for key in keys::ids_of(db, &id)? {
                changes::bury(db, Buried::Key, key.as_str())?;
            }
            if db.conn.execute("DELETE FROM accounts WHERE id = ?1", [&id])? == 0 {
                return Err(Error::not_found("account", &id).into());
            }
            changes::bury(db, Buried::Account, id.as_str())
        })
        .await
    }

    /// The account's own proxy URL, with credentials.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`, `WrongKey`.
    pub async fn proxy(&self, id: &AccountId) -> Result<Option<Secret>> {
        let id = id.clone();
        self.read("reading the proxy", move |db| {
            let sealed: Option<String> = db
                .conn
                .prepare_cached("SELECT proxy FROM accounts WHERE id = ?1")?
                .query_row([&id], |row| row.get(0))
                .optional()?;
            let sealed = sealed.ok_or_else(|| Error::not_found("account", &id))?;
            let proxy = db.open_sealed(place(&id, PROXY), &sealed)?;
            Ok(Some(proxy).filter(|it| !it.is_empty()))
        })
        .await
    }

    /// The account that has or ever had the refresh token of this fingerprint
    /// ([`Secret::fingerprint`]).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find_by_lineage(&self, fingerprint: &str) -> Result<Option<AccountId>> {
        let fingerprint = fingerprint.to_owned();
        self.read("looking for the token", move |db| lineage(db, &fingerprint)).await
    }
}

fn create(db: &Db, new: &NewAccount) -> Result<Account, Fail> {
    let id = &new.account.id;
    if exists(db, "accounts", id.as_str())? {
        return Err(Error::invalid("id", "an account has this id already").into());
    }
    if new.only_unknown_keys && keys::all_known(db, &new.keys)? {
        return Err(Error::invalid("api_keys", "are in a pool already").into());
    }
    if let Some(login) = &new.login {
        logins::finish_with_account(db, login, id)?;
    }
    put(db, &new.account, Edited::ByPerson)?;
    set_proxy(db, id, new.proxy.as_ref())?;
    if let Some(tokens) = &new.tokens {
        set_tokens(db, id, tokens)?;
    }
    keys::add(db, id, &new.keys, Mode::Append, new.account.created_at)?;
    keys::settle(db, id)?;
    get(db, id)
}

// === impl AccountPatch ===

impl AccountPatch {
    fn apply(self, account: &mut Account) {
        fn set<T>(field: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *field = new;
            }
        }
        set(&mut account.name, self.name);
        set(&mut account.endpoint, self.endpoint);
        set(&mut account.priority, self.priority);
        set(&mut account.groups, self.groups);
        set(&mut account.enabled, self.enabled);
        set(&mut account.schedulable, self.schedulable);
        set(&mut account.status, self.status);
        set(&mut account.error, self.error);
        set(&mut account.max_concurrency, self.max_concurrency);
        set(&mut account.user_agent, self.user_agent);
        set(&mut account.owner_email, self.owner_email);
        set(&mut account.owner_name, self.owner_name);
        set(&mut account.user_id, self.user_id);
        set(&mut account.organization_id, self.organization_id);
        set(&mut account.subscription_expires_at, self.subscription_expires_at);
        set(&mut account.key_strategy, self.key_strategy);
        set(&mut account.token_budget, self.token_budget);
    }
}

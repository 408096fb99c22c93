//! Accounts, with their tokens and proxies.
//!
//! Owns: the tables `accounts`, `account_groups` and `lineage`.
//! Must not know: what an account is good for.

use rusqlite::{OptionalExtension, named_params};

use droid_protocol::dialect::Endpoint;

use super::changes::{self, Buried};
use super::codec::{self, ACCOUNT_COLUMNS, Count, HealthText, Word};
use super::db::Db;
use super::fail::Fail;
use super::keys::{self, Mode, NewKey};
use super::rekey::{ACCESS, PROXY, REFRESH};
use super::seal::Place;
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

/// Which revision moves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edited {
    /// A person's change: `edited` and `revision`.
    ByPerson,
    /// Use or health: `revision` only.
    ByTraffic,
}

pub(super) fn get(db: &Db, id: &AccountId) -> Result<Account, Fail> {
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id = ?1");
    let account = db.conn.prepare_cached(&sql)?.query_row([id], codec::account).optional()?;
    account.ok_or_else(|| Error::not_found("account", id).into())
}

/// Writes every field but the secrets, with a new revision.
pub(super) fn put(db: &Db, account: &Account, edited: Edited) -> Result<(), Fail> {
    let revision = changes::next_revision(db)?;
    let mut statement = db.conn.prepare_cached(PUT)?;
    statement.execute(named_params! {
        ":id": account.id,
        ":name": account.name,
        ":kind": Word(account.kind),
        ":endpoint": Word(account.endpoint),
        ":priority": account.priority,
        ":enabled": account.enabled,
        ":schedulable": account.schedulable,
        ":status": Word(account.status),
        ":error": account.error,
        ":max_concurrency": account.max_concurrency,
        ":user_agent": account.user_agent,
        ":owner_email": account.owner_email.as_ref().map(|it| &it.0),
        ":owner_name": account.owner_name.as_ref().map(|it| &it.0),
        ":user_id": account.user_id,
        ":organization_id": account.organization_id,
        ":subscription_expires_at": account.subscription_expires_at,
        ":created_at": account.created_at,
        ":last_used_at": account.last_used_at,
        ":last_refresh_at": account.last_refresh_at,
        ":token_expires_at": account.token_expires_at,
        ":health": HealthText(account.health.clone()),
        ":key_strategy": Word(account.key_strategy),
        ":uses": Count(account.uses),
        ":tokens_used": Count(account.tokens_used),
        ":token_budget": account.token_budget.map(Count),
        ":revision": revision,
        ":by_person": edited == Edited::ByPerson,
    })?;
    put_groups(db, account)
}

const PUT: &str = "
    INSERT INTO accounts (id, name, kind, endpoint, priority, enabled, schedulable, status, error,
        max_concurrency, user_agent, owner_email, owner_name, user_id, organization_id,
        subscription_expires_at, created_at, last_used_at, last_refresh_at, token_expires_at,
        health, key_strategy, uses, tokens_used, token_budget, edited, revision)
    VALUES (:id, :name, :kind, :endpoint, :priority, :enabled, :schedulable, :status, :error,
        :max_concurrency, :user_agent, :owner_email, :owner_name, :user_id, :organization_id,
        :subscription_expires_at, :created_at, :last_used_at, :last_refresh_at, :token_expires_at,
        :health, :key_strategy, :uses, :tokens_used, :token_budget, :revision, :revision)
    ON CONFLICT (id) DO UPDATE SET
        name = :name, kind = :kind, endpoint = :endpoint, priority = :priority,
        enabled = :enabled, schedulable = :schedulable, status = :status, error = :error,
        max_concurrency = :max_concurrency, user_agent = :user_agent,
        owner_email = :owner_email, owner_name = :owner_name, user_id = :user_id,
        organization_id = :organization_id, subscription_expires_at = :subscription_expires_at,
        created_at = :created_at, last_used_at = :last_used_at,
        last_refresh_at = :last_refresh_at, token_expires_at = :token_expires_at,
        health = :health, key_strategy = :key_strategy, uses = :uses,
        tokens_used = :tokens_used, token_budget = :token_budget, revision = :revision,
        edited = CASE WHEN :by_person THEN :revision ELSE edited END";

fn put_groups(db: &Db, account: &Account) -> Result<(), Fail> {
    let mut remove = db.conn.prepare_cached("DELETE FROM account_groups WHERE account_id = ?1")?;
    remove.execute([&account.id])?;
    let mut add = db.conn.prepare_cached(
        "INSERT INTO account_groups (account_id, group_id, position) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?;
    for (position, group) in (0_i64..).zip(&account.groups) {
        if !exists(db, "groups", group.as_str())? {
            return Err(Error::not_found("group", group).into());
        }
        add.execute((&account.id, group, position))?;
    }
    Ok(())
}

fn set_proxy(db: &Db, id: &AccountId, proxy: Option<&Secret>) -> Result<(), Fail> {
    let sealed = match proxy {
        Some(proxy) => db.seal(place(id, PROXY), proxy)?,
        None => String::new(),
    };
    db.conn.execute("UPDATE accounts SET proxy = ?2 WHERE id = ?1", (id, sealed))?;
    Ok(())
}

/// Seals a token pair into the account and adds the refresh token to its lineage.
pub(super) fn set_tokens(db: &Db, id: &AccountId, tokens: &NewTokens) -> Result<(), Fail> {
    let fingerprint = tokens.refresh.fingerprint();
    match lineage(db, &fingerprint)? {
        Some(owner) if owner != *id => {
            let name = get(db, &owner)?.name;
            let message = format!("this token belongs to the account `{name}` already");
            return Err(Error::invalid("refresh_token", message).into());
        }
        Some(_) => {}
        None => {
            db.conn.execute(
                "INSERT INTO lineage (fingerprint, account_id) VALUES (?1, ?2)",
                (&fingerprint, id),
            )?;
        }
    }
    let access = match &tokens.access {
        Some(access) => db.seal(place(id, ACCESS), access)?,
        None => String::new(),
    };
    let refresh = db.seal(place(id, REFRESH), &tokens.refresh)?;
    db.conn.execute(
        "UPDATE accounts SET access = ?2, refresh = ?3, refresh_fingerprint = ?4,
                token_expires_at = ?5, last_refresh_at = coalesce(?6, last_refresh_at)
         WHERE id = ?1",
        (id, access, refresh, fingerprint, tokens.expires_at, tokens.refreshed_at),
    )?;
    Ok(())
}

/// New tokens end `needs_login`.
pub(super) fn revive(db: &Db, id: &AccountId) -> Result<(), Fail> {
    db.conn.execute(
        "UPDATE accounts SET status = 'active', error = NULL
         WHERE id = ?1 AND status = 'needs_login'",
        [id],
    )?;
    Ok(())
}

pub(super) fn place<'a>(id: &'a AccountId, field: &'static str) -> Place<'a> {
    Place { record: "account", id: id.as_str(), field }
}

fn lineage(db: &Db, fingerprint: &str) -> Result<Option<AccountId>, Fail> {
    let sql = "SELECT account_id FROM lineage WHERE fingerprint = ?1";
    Ok(db.conn.prepare_cached(sql)?.query_row([fingerprint], |row| row.get(0)).optional()?)
}

/// `Stale` when a person edited the record after the revision the caller has seen.
pub(super) fn check_not_stale(
    db: &Db,
    table: &str,
    what: &'static str,
    id: &str,
    expected: Option<u64>,
) -> Result<(), Fail> {
    let Some(expected) = expected else { return Ok(()) };
    let sql = format!("SELECT edited, revision FROM {table} WHERE id = ?1");
    let (Count(edited), Count(current)) =
        db.conn.prepare_cached(&sql)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if edited > expected {
        return Err(Error::Stale { what, id: id.to_owned(), current }.into());
    }
    Ok(())
}

fn exists(db: &Db, table: &str, id: &str) -> Result<bool, Fail> {
    let sql = format!("SELECT 1 FROM {table} WHERE id = ?1");
    Ok(db.conn.prepare_cached(&sql)?.exists([id])?)
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

//! The rows of an account.
//!
//! Owns: the tables `accounts`, `account_groups` and `lineage`.
//! Must not know: who changes an account and why.

use rusqlite::{OptionalExtension, named_params};

use super::accounts::NewTokens;
use super::changes;
use super::codec::{self, ACCOUNT_COLUMNS, Count, HealthText, Word};
use super::db::Db;
use super::fail::Fail;
use super::rekey::{ACCESS, PROXY, REFRESH};
use super::seal::Place;
use crate::error::Error;
use crate::ids::AccountId;
use crate::pool::account::Account;
use crate::secret::Secret;

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
    // Groups are a person's: traffic does not change them.
    if edited == Edited::ByPerson { put_groups(db, account) } else { Ok(()) }
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

pub(super) fn set_proxy(db: &Db, id: &AccountId, proxy: Option<&Secret>) -> Result<(), Fail> {
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

pub(super) fn lineage(db: &Db, fingerprint: &str) -> Result<Option<AccountId>, Fail> {
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

pub(super) fn exists(db: &Db, table: &str, id: &str) -> Result<bool, Fail> {
    let sql = format!("SELECT 1 FROM {table} WHERE id = ?1");
    Ok(db.conn.prepare_cached(&sql)?.exists([id])?)
}

//! Pools of API keys.
//!
//! Owns: the table `api_keys`, and an account's `no_keys` as far as it follows from it.
//! Must not know: which key is chosen.

use std::collections::HashSet;

use rusqlite::OptionalExtension;

use super::account_rows::{self, Edited};
use super::changes::{self, Buried};
use super::codec::{self, HealthText, KEY_COLUMNS, Word};
use super::db::Db;
use super::fail::Fail;
use super::rekey::API_KEY;
use super::seal::Place;
use super::{Durability, Store};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Health, Key, KeyStatus, Kind, Status};
use crate::secret::Secret;

/// A key to add.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its id, if it is new to the pool.
    pub id: KeyId,
    /// The key; surrounding white space is dropped.
    pub secret: Secret,
    /// Its state from the start, if it is new to the pool.
    pub status: KeyStatus,
}

/// What to do with the keys that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay.
    Append,
    /// Those that are not among the new ones go; the others keep their id, state and use.
    Replace,
}

/// What became of one of the keys to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOutcome {
    /// The id it has in the pool.
    pub id: KeyId,
    /// What a person may see of it.
    pub tail: String,
    /// Added, or there already.
    pub outcome: Outcome,
}

/// See [`KeyOutcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is new.
    Added,
    /// The pool had it.
    Duplicate,
}

/// One key of a pool, as a person may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// By id.
    Id(KeyId),
    /// By [`Secret::fingerprint`].
    Hash(String),
}

// === impl Store ===

impl Store {
    /// Adds keys to a pool, durably; answers for each in the order given.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for an empty key or an account that is no pool.
    pub async fn add_keys(
        &self,
        account: &AccountId,
        keys: Vec<NewKey>,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Vec<KeyOutcome>> {
        let account = account.clone();
        self.warm_key().await?;
        self.write(Durability::Full, "adding keys", move |db| {
            if account_rows::get(db, &account)?.kind != Kind::ApiKey {
                let message = "only an account of kind `api_key` has keys";
                return Err(Error::invalid("credential_id", message).into());
            }
            let outcomes = add(db, &account, &keys, mode, now)?;
            settle(db, &account)?;
            Ok(outcomes)
        })
        .await
    }

    /// Removes keys from a pool, durably; answers the ids of those that were there.
    ///
    /// # Errors
    /// `NotFound` for the account.
    pub async fn remove_keys(&self, account: &AccountId, keys: Vec<KeyRef>) -> Result<Vec<KeyId>> {
        let account = account.clone();
        self.write(Durability::Full, "removing keys", move |db| {
            account_rows::get(db, &account)?;
            let mut removed = Vec::new();
            for key in &keys {
                removed.extend(remove(db, &account, key)?);
            }
            settle(db, &account)?;
            Ok(removed)
        })
        .await
    }

    /// Sets the status of keys, durably, of all or none; `Active` also ends their pauses and
    /// forgets their strikes. Answers them in the order given.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_key_status(
        &self,
        account: &AccountId,
        keys: Vec<KeyId>,
        status: KeyStatus,
        error: Option<String>,
    ) -> Result<Vec<Key>> {
        let account = account.clone();
        self.write(Durability::Full, "setting the status of keys", move |db| {
            for key in &keys {
                let mut row = get(db, &account, key)?;
                if status == KeyStatus::Active {
                    let Health { successes, failures, .. } = row.health;
                    row.health = Health { successes, failures, ..Health::default() };
                }
                (row.status, row.error) = (status, error.clone());
                put_health(db, &row)?;
            }
            settle(db, &account)?;
            keys.iter().map(|key| get(db, &account, key)).collect()
        })
        .await
    }

    /// The key itself.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`, `WrongKey`.
    pub async fn key_secret(&self, key: &KeyId) -> Result<Secret> {
        let key = key.clone();
        self.read("reading the key", move |db| {
            let sealed: Option<String> = db
                .conn
                .prepare_cached("SELECT secret FROM api_keys WHERE id = ?1")?
                .query_row([&key], |row| row.get(0))
                .optional()?;
            let sealed = sealed.ok_or_else(|| Error::not_found("key", &key))?;
            let secret = db.open_sealed(place(&key), &sealed)?;
            if secret.is_empty() { Err(place(&key).damaged().into()) } else { Ok(secret) }
        })
        .await
    }

    /// The keys of a pool, oldest first, those that came together in the order they were given.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keys(&self, account: &AccountId) -> Result<Vec<Key>> {
        let account = account.clone();
        self.read("reading the keys", move |db| all(db, &account)).await
    }
}

pub(super) fn add(
    db: &Db,
    account: &AccountId,
    new: &[NewKey],
    mode: Mode,
    now: Timestamp,
) -> Result<Vec<KeyOutcome>, Fail> {
    let mut outcomes = Vec::with_capacity(new.len());
    for (index, NewKey { id, secret, status }) in new.iter().enumerate() {
        let secret = Secret::new(secret.expose().trim());
        if secret.is_empty() {
            return Err(Error::invalid(format!("api_keys[{index}]"), "is empty").into());
        }
        let (hash, tail) = (secret.fingerprint(), secret.tail());
        if let Some(id) = find(db, account, &hash)? {
            outcomes.push(KeyOutcome { id, tail, outcome: Outcome::Duplicate });
            continue;
        }
        let sealed = db.seal(place(id), &secret)?;
        let revision = changes::next_revision(db)?;
        let mut insert = db.conn.prepare_cached(
            "INSERT INTO api_keys (id, account_id, hash, tail, secret, status, created_at, uses,
                                   tokens_used, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8)",
        )?;
        insert.execute((id, account, &hash, &tail, sealed, Word(*status), now, revision))?;
        outcomes.push(KeyOutcome { id: id.clone(), tail, outcome: Outcome::Added });
    }
    if mode == Mode::Replace {
        let kept: HashSet<&KeyId> = outcomes.iter().map(|it| &it.id).collect();
        for id in ids_of(db, account)?.into_iter().filter(|it| !kept.contains(it)) {
            remove(db, account, &KeyRef::Id(id))?;
        }
    }
    Ok(outcomes)
}

/// Whether each of the keys is in a pool, whichever.
pub(super) fn all_known(db: &Db, keys: &[NewKey]) -> Result<bool, Fail> {
    let sql = "SELECT 1 FROM api_keys WHERE hash = ?1";
    for key in keys {
        let hash = Secret::new(key.secret.expose().trim()).fingerprint();
        if !db.conn.prepare_cached(sql)?.exists([hash])? {
            return Ok(false);
        }
    }
    Ok(!keys.is_empty())
}

pub(super) fn get(db: &Db, account: &AccountId, key: &KeyId) -> Result<Key, Fail> {
    let sql = format!("SELECT {KEY_COLUMNS} FROM api_keys WHERE id = ?1 AND account_id = ?2");
    let row = db.conn.prepare_cached(&sql)?.query_row((key, account), codec::key).optional()?;
    row.ok_or_else(|| Error::not_found("key", key).into())
}

pub(super) fn all(db: &Db, account: &AccountId) -> Result<Vec<Key>, Fail> {
    let sql = format!(
        "SELECT {KEY_COLUMNS} FROM api_keys WHERE account_id = ?1 ORDER BY created_at, rowid"
    );
    let mut statement = db.conn.prepare_cached(&sql)?;
    let rows = statement.query_map([account], codec::key)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn ids_of(db: &Db, account: &AccountId) -> Result<Vec<KeyId>, Fail> {
    let mut statement = db.conn.prepare_cached("SELECT id FROM api_keys WHERE account_id = ?1")?;
    let rows = statement.query_map([account], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes status, error and health, with a new revision.
pub(super) fn put_health(db: &Db, key: &Key) -> Result<(), Fail> {
    let revision = changes::next_revision(db)?;
    let mut statement = db.conn.prepare_cached(
        "UPDATE api_keys SET status = ?2, error = ?3, health = ?4, revision = ?5 WHERE id = ?1",
    )?;
    let health = HealthText(key.health.clone());
    statement.execute((&key.id, Word(key.status), &key.error, health, revision))?;
    Ok(())
}

fn remove(db: &Db, account: &AccountId, key: &KeyRef) -> Result<Option<KeyId>, Fail> {
    let id = match key {
        KeyRef::Id(id) => Some(id.clone()),
        KeyRef::Hash(hash) => find(db, account, hash)?,
    };
    let Some(id) = id else { return Ok(None) };
    let mut delete =
        db.conn.prepare_cached("DELETE FROM api_keys WHERE id = ?1 AND account_id = ?2")?;
    if delete.execute((&id, account))? == 0 {
        return Ok(None);
    }
    changes::bury(db, Buried::Key, id.as_str())?;
    Ok(Some(id))
}

fn find(db: &Db, account: &AccountId, hash: &str) -> Result<Option<KeyId>, Fail> {
    let sql = "SELECT id FROM api_keys WHERE account_id = ?1 AND hash = ?2";
    Ok(db.conn.prepare_cached(sql)?.query_row((account, hash), |row| row.get(0)).optional()?)
}

/// A pool without an active key is `no_keys`, and is active again with one.
pub(super) fn settle(db: &Db, id: &AccountId) -> Result<(), Fail> {
    let mut account = account_rows::get(db, id)?;
    if account.kind != Kind::ApiKey {
        return Ok(());
    }
    let sql = "SELECT count(*), coalesce(sum(status = 'active'), 0)
               FROM api_keys WHERE account_id = ?1";
    let (n_keys, n_active): (i64, i64) =
        db.conn.prepare_cached(sql)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    (account.status, account.error) = match (account.status, n_keys, n_active) {
        (Status::NoKeys, _, 1..) => (Status::Active, None),
        (Status::Active, 0, _) => (Status::NoKeys, Some("it has no key".to_owned())),
        (Status::Active, _, 0) => {
            (Status::NoKeys, Some(format!("none of its {n_keys} keys is active")))
        }
        _ => return Ok(()),
    };
    account_rows::put(db, &account, Edited::ByTraffic)
}

fn place(key: &KeyId) -> Place<'_> {
    Place { record: "key", id: key.as_str(), field: API_KEY }
}

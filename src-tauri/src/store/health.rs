//! What a fault or a success does to an account and its keys, without losing another process's
//! update.
//!
//! Owns: the read-decide-write transaction; the deciding is the caller's.
//! Must not know: any rule about faults.

use super::account_rows::{self, Edited};
use super::codec::Word;
use super::db::Db;
use super::fail::Fail;
use super::{Durability, Store, keys};
use crate::error::Result;
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Account, Health, Key, KeyStatus, Status};

/// What a decision may look at and change; as stored at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthRow {
    /// The account's status.
    pub status: Status,
    /// Why it is not active.
    pub error: Option<String>,
    /// Its cooling, strikes and counters.
    pub health: Health,
    /// The key that was asked for, if one was.
    pub key: Option<KeyHealth>,
    /// A key of the account other than this one is active, cooling or not.
    pub another_is_active: bool,
}

/// The part of a key a decision may change.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyHealth {
    /// Which one; never changes.
    pub id: KeyId,
    /// The key's status.
    pub status: KeyStatus,
    /// Why it is not active.
    pub error: Option<String>,
    /// Its cooling, strikes and counters.
    pub health: Health,
}

// === impl Store ===

impl Store {
    /// Reads the health of an account (and of a key), lets `decide` change it and writes what is
    /// different, in one transaction. `decide` must not block.
    ///
    /// # Errors
    /// `NotFound` for the account or the key.
    pub async fn update_health<F>(
        &self,
        account: &AccountId,
        key: Option<KeyId>,
        decide: F,
    ) -> Result<(Account, Option<Key>)>
    where
        F: FnOnce(&mut HealthRow) + Send + 'static,
    {
        let id = account.clone();
        self.write(Durability::Normal, "noting an outcome", move |db| {
            let account = account_rows::get(db, &id)?;
            let key = key.map(|key| keys::get(db, &id, &key)).transpose()?;
            let mut row =
                HealthRow::of(&account, key.as_ref(), another_is_active(db, &id, key.as_ref())?);
            decide(&mut row);
            let HealthRow { status, error, health, key: key_row, .. } = row;
            let account = write_account(db, account, status, error, health)?;
            let key = match (key, key_row) {
                (Some(key), Some(row)) => Some(write_key(db, key, row)?),
                (key, _) => key,
            };
            Ok((account, key))
        })
        .await
    }

    /// As [`Store::update_health`], with all keys of the account: for a reset.
    ///
    /// # Errors
    /// `NotFound` for the account.
    pub async fn update_all_health<F>(
        &self,
        account: &AccountId,
        decide: F,
    ) -> Result<(Account, Vec<Key>)>
    where
        F: FnOnce(&mut HealthRow, &mut [KeyHealth]) + Send + 'static,
    {
        let id = account.clone();
        self.write(Durability::Normal, "resetting the account", move |db| {
            let account = account_rows::get(db, &id)?;
            let keys = keys::all(db, &id)?;
            let mut row = HealthRow::of(&account, None, another_is_active(db, &id, None)?);
            let mut key_rows: Vec<KeyHealth> = keys.iter().map(KeyHealth::of).collect();
            decide(&mut row, &mut key_rows);
            let keys = keys.into_iter().zip(key_rows).map(|(key, row)| write_key(db, key, row));
            let keys = keys.collect::<Result<Vec<_>, Fail>>()?;
            let account = write_account(db, account, row.status, row.error, row.health)?;
            Ok((account, keys))
        })
        .await
    }
}

/// Whether a key of the pool other than this one is active: by the index, however many there are.
fn another_is_active(db: &Db, account: &AccountId, key: Option<&Key>) -> Result<bool, Fail> {
    let sql = "SELECT 1 FROM api_keys WHERE account_id = ?1 AND status = ?2 AND id <> ?3 LIMIT 1";
    let key = key.map_or("", |it| it.id.as_str());
    Ok(db.conn.prepare_cached(sql)?.exists((account, Word(KeyStatus::Active), key))?)
}

fn write_account(
    db: &Db,
    account: Account,
    status: Status,
    error: Option<String>,
    health: Health,
) -> Result<Account, Fail> {
    let new = Account { status, error, health, ..account.clone() };
    if new == account {
        return Ok(account);
    }
    account_rows::put(db, &new, Edited::ByTraffic)?;
    account_rows::get(db, &new.id)
}

fn write_key(db: &Db, key: Key, row: KeyHealth) -> Result<Key, Fail> {
    let KeyHealth { status, error, health, .. } = row;
    let new = Key { status, error, health, ..key.clone() };
    if new == key {
        return Ok(key);
    }
    keys::put_health(db, &new)?;
    keys::get(db, &new.account_id, &new.id)
}

// === impl HealthRow ===

impl HealthRow {
    fn of(account: &Account, key: Option<&Key>, another_is_active: bool) -> Self {
        Self {
            status: account.status,
            error: account.error.clone(),
            health: account.health.clone(),
            key: key.map(KeyHealth::of),
            another_is_active,
        }
    }
}

// === impl KeyHealth ===

impl KeyHealth {
    fn of(key: &Key) -> Self {
        Self {
            id: key.id.clone(),
            status: key.status,
            error: key.error.clone(),
            health: key.health.clone(),
        }
    }
}

//! Requests under way, counted across processes.
//!
//! Owns: the table `leases`; a lease whose process is gone or that is overdue does not count.
//! Must not know: what an account's limit is.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Row};

use super::codec::Columns;
use super::db::Db;
use super::fail::Fail;
use super::{Durability, Store};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AccountId, KeyId, LeaseId, OwnerId};
use crate::owner;

/// One request's hold on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Unique.
    pub id: LeaseId,
    /// The account that is used.
    pub account_id: AccountId,
    /// The key of it, in a pool.
    pub key_id: Option<KeyId>,
    /// The model asked for.
    pub model: String,
    /// The process that ends it; none where another process will give it back.
    pub owner: Option<OwnerId>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends though nobody gave it back.
    pub expires_at: Timestamp,
}

// === impl Store ===

impl Store {
    /// Takes a lease if fewer than `max` are live (0 is no limit); counted and written in one
    /// transaction. Now is the lease's `created_at`.
    ///
    /// # Errors
    /// `Store` when the account is gone.
    pub async fn take_lease(&self, lease: LeaseRow, max: u32) -> Result<bool> {
        self.write(Durability::Normal, "taking a lease", move |db| {
            if max > 0 && count(db, &lease.account_id, lease.created_at)? >= max {
                // Only now is it worth looking which processes are still there.
                sweep(db, lease.created_at)?;
                if count(db, &lease.account_id, lease.created_at)? >= max {
                    return Ok(false);
                }
            }
            let mut statement = db.conn.prepare_cached(
                "INSERT INTO leases (id, account_id, key_id, model, owner, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            statement.execute((
                &lease.id,
                &lease.account_id,
                &lease.key_id,
                &lease.model,
                &lease.owner,
                lease.created_at,
                lease.expires_at,
            ))?;
            Ok(true)
        })
        .await
    }

    /// Gives a lease back; answers it to the one caller that does so first.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn drop_lease(&self, id: &LeaseId) -> Result<Option<LeaseRow>> {
        let id = id.clone();
        self.write(Durability::Normal, "giving a lease back", move |db| {
            let mut statement = db.conn.prepare_cached(
                "DELETE FROM leases WHERE id = ?1
                 RETURNING id, account_id, key_id, model, owner, created_at, expires_at",
            )?;
            Ok(statement.query_row([&id], from_row).optional()?)
        })
        .await
    }

    /// Gives the oldest lease of an account back, for a caller that does not know which one it ends.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn drop_oldest_lease(&self, account: &AccountId) -> Result<Option<LeaseRow>> {
        let account = account.clone();
        self.write(Durability::Normal, "giving a lease back", move |db| {
            let mut statement = db.conn.prepare_cached(
                "DELETE FROM leases WHERE id =
                     (SELECT id FROM leases WHERE account_id = ?1 ORDER BY created_at, id LIMIT 1)
                 RETURNING id, account_id, key_id, model, owner, created_at, expires_at",
            )?;
            Ok(statement.query_row([&account], from_row).optional()?)
        })
        .await
    }

    /// Lets the leases of a process outlive it, for their time.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn disown_leases(&self, owner: &OwnerId) -> Result<()> {
        let owner = owner.clone();
        self.write(Durability::Normal, "handing leases on", move |db| {
            let sql = "UPDATE leases SET owner = NULL WHERE owner = ?1";
            db.conn.prepare_cached(sql)?.execute([&owner])?;
            Ok(())
        })
        .await
    }

    /// How many leases of each account are live.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn live_leases(&self, now: Timestamp) -> Result<Vec<(AccountId, u32)>> {
        self.read("counting leases", move |db| {
            let dead = dead_owners(db)?;
            let mut statement = db
                .conn
                .prepare_cached("SELECT account_id, owner FROM leases WHERE expires_at > ?1")?;
            let rows = statement.query_map([now], |row| {
                Ok((row.get::<_, AccountId>(0)?, row.get::<_, Option<OwnerId>>(1)?))
            })?;
            let mut counts = BTreeMap::new();
            for row in rows {
                let (account, owner) = row?;
                if !owner.is_some_and(|it| dead.contains(&it)) {
                    *counts.entry(account).or_insert(0) += 1;
                }
            }
            Ok(counts.into_iter().collect())
        })
        .await
    }
}

/// Removes leases that are overdue or whose process is gone.
pub(super) fn sweep(db: &Db, now: Timestamp) -> Result<(), Fail> {
    db.conn.prepare_cached("DELETE FROM leases WHERE expires_at <= ?1")?.execute([now])?;
    for owner in dead_owners(db)? {
        db.conn.prepare_cached("DELETE FROM leases WHERE owner = ?1")?.execute([owner])?;
    }
    Ok(())
}

fn dead_owners(db: &Db) -> Result<BTreeSet<OwnerId>, Fail> {
    let mut statement =
        db.conn.prepare_cached("SELECT DISTINCT owner FROM leases WHERE owner IS NOT NULL")?;
    let owners = statement.query_map([], |row| row.get(0))?;
    let owners: Vec<OwnerId> = owners.collect::<rusqlite::Result<_>>()?;
    Ok(owners.into_iter().filter(|it| !owner::is_alive(&db.run_dir, it)).collect())
}

fn count(db: &Db, account: &AccountId, now: Timestamp) -> Result<u32, Fail> {
    let sql = "SELECT count(*) FROM leases WHERE account_id = ?1 AND expires_at > ?2";
    Ok(db.conn.prepare_cached(sql)?.query_row((account, now), |row| row.get(0))?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<LeaseRow> {
    let mut at = Columns::new(row);
    Ok(LeaseRow {
        id: at.next()?,
        account_id: at.next()?,
        key_id: at.next()?,
        model: at.next()?,
        owner: at.next()?,
        created_at: at.next()?,
        expires_at: at.next()?,
    })
}

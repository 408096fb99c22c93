//! What changed since another process last looked.
//!
//! Owns: the store-wide revision, tombstones, [`Changes`].
//! Must not know: why records change.

use rusqlite::types::FromSql;

use super::Store;
use super::codec::{self, ACCOUNT_COLUMNS, Count, GROUP_COLUMNS, KEY_COLUMNS};
use super::db::Db;
use super::fail::Fail;
use crate::error::Result;
use crate::ids::{AccountId, GroupId, KeyId};
use crate::pool::account::{Account, Group, Key};

/// Everything that is different from an earlier revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Pass this the next time.
    pub revision: u64,
    /// Accounts that are new or changed.
    pub accounts: Vec<Account>,
    /// Keys that are new or changed.
    pub keys: Vec<Key>,
    /// Groups that are new or changed.
    pub groups: Vec<Group>,
    /// Accounts that were deleted.
    pub gone_accounts: Vec<AccountId>,
    /// Keys that were deleted.
    pub gone_keys: Vec<KeyId>,
    /// Groups that were deleted.
    pub gone_groups: Vec<GroupId>,
}

/// A kind of record that leaves a tombstone.
#[derive(Clone, Copy)]
pub(super) enum Buried {
    Account,
    Key,
    Group,
    ClientKey,
}

// === impl Store ===

impl Store {
    /// What is different from `revision`, in one consistent state; 0 gives everything.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes_since(&self, revision: u64) -> Result<Changes> {
        self.read("reading changes", move |db| {
            let since = i64::try_from(revision).unwrap_or(i64::MAX);
            Ok(Changes {
                revision: current_revision(db)?,
                accounts: changed(db, "accounts", ACCOUNT_COLUMNS, since, codec::account)?,
                keys: changed(db, "api_keys", KEY_COLUMNS, since, codec::key)?,
                groups: changed(db, "groups", GROUP_COLUMNS, since, codec::group)?,
                gone_accounts: gone(db, Buried::Account, since)?,
                gone_keys: gone(db, Buried::Key, since)?,
                gone_groups: gone(db, Buried::Group, since)?,
            })
        })
        .await
    }

    /// A number that differs from the last one when another process has written since. Cheap: for
    /// asking often. What this process writes does not change it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn data_version(&self) -> Result<i64> {
        self.read("looking for changes", |db| {
            Ok(db.conn.query_row("PRAGMA data_version", [], |row| row.get(0))?)
        })
        .await
    }
}

/// The next revision; the record that gets it is written in the same transaction.
pub(super) fn next_revision(db: &Db) -> rusqlite::Result<i64> {
    let mut statement = db.conn.prepare_cached(
        "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'revision'
         RETURNING CAST(value AS INTEGER)",
    )?;
    statement.query_row([], |row| row.get(0))
}

/// Notes that a record is gone.
pub(super) fn bury(db: &Db, kind: Buried, id: &str) -> Result<(), Fail> {
    let revision = next_revision(db)?;
    let mut statement = db.conn.prepare_cached(
        "INSERT INTO tombstones (kind, id, revision) VALUES (?1, ?2, ?3)
         ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision",
    )?;
    statement.execute((kind.as_str(), id, revision))?;
    Ok(())
}

/// Notes that a record is there again: groups are named by people.
pub(super) fn unbury(db: &Db, kind: Buried, id: &str) -> Result<(), Fail> {
    db.conn
        .prepare_cached("DELETE FROM tombstones WHERE kind = ?1 AND id = ?2")?
        .execute((kind.as_str(), id))?;
    Ok(())
}

pub(super) fn current_revision(db: &Db) -> Result<u64, Fail> {
    let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'revision'";
    Ok(db.conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, Count>(0))?.0)
}

pub(super) fn changed<T>(
    db: &Db,
    table: &str,
    columns: &str,
    since: i64,
    from_row: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Fail> {
    // As they were added: keys that were pasted together are told in the order of the paste.
    let sql = format!("SELECT {columns} FROM {table} WHERE revision > ?1 ORDER BY rowid");
    let mut statement = db.conn.prepare_cached(&sql)?;
    let rows = statement.query_map([since], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn gone<T: FromSql>(db: &Db, kind: Buried, since: i64) -> Result<Vec<T>, Fail> {
    let sql = "SELECT id FROM tombstones WHERE kind = ?1 AND revision > ?2 ORDER BY revision";
    let mut statement = db.conn.prepare_cached(sql)?;
    let rows = statement.query_map((kind.as_str(), since), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

// === impl Buried ===

impl Buried {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Key => "key",
            Self::Group => "group",
            Self::ClientKey => "client_key",
        }
    }
}

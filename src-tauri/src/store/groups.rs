//! Groups of accounts.
//!
//! Owns: the table `groups`.
//! Must not know: how groups are asked.

use super::account_rows::check_not_stale;
use super::changes::{self, Buried};
use super::codec::{self, GROUP_COLUMNS, Word};
use super::{Durability, Store};
use crate::error::{Error, Result};
use crate::ids::GroupId;
use crate::pool::account::Group;

// === impl Store ===

impl Store {
    /// Adds a group or changes the one of that id (whose `created_at` stays), durably. With
    /// `expected_revision` only if nobody else changed it since; 0 then means that it must be new.
    ///
    /// # Errors
    /// `Stale`.
    pub async fn save_group(&self, group: Group, expected_revision: Option<u64>) -> Result<Group> {
        self.write(Durability::Full, "storing the group", move |db| {
            let exists = db
                .conn
                .prepare_cached("SELECT 1 FROM groups WHERE id = ?1")?
                .exists([&group.id])?;
            if exists {
                check_not_stale(db, "groups", "group", group.id.as_str(), expected_revision)?;
            }
            let revision = changes::next_revision(db)?;
            changes::unbury(db, Buried::Group, group.id.as_str())?;
            let sql = format!(
                "INSERT INTO groups (id, name, priority, strategy, created_at, edited, revision)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
                 ON CONFLICT (id) DO UPDATE SET name = ?2, priority = ?3, strategy = ?4,
                     edited = ?6, revision = ?6
                 RETURNING {GROUP_COLUMNS}"
            );
            let Group { id, name, priority, strategy, created_at, .. } = group;
            let values = (id, name, priority, Word(strategy), created_at, revision);
            Ok(db.conn.prepare_cached(&sql)?.query_row(values, codec::group)?)
        })
        .await
    }

    /// Deletes a group, durably; its accounts stay and are no longer in it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_group(&self, id: &GroupId) -> Result<()> {
        let id = id.clone();
        self.write(Durability::Full, "deleting the group", move |db| {
            let mut members = db
                .conn
                .prepare_cached("SELECT account_id FROM account_groups WHERE group_id = ?1")?;
            let members = members.query_map([&id], |row| row.get(0))?;
            for member in members.collect::<rusqlite::Result<Vec<String>>>()? {
                let revision = changes::next_revision(db)?;
                db.conn.execute(
                    "UPDATE accounts SET edited = ?2, revision = ?2 WHERE id = ?1",
                    (member, revision),
                )?;
            }
            if db.conn.execute("DELETE FROM groups WHERE id = ?1", [&id])? == 0 {
                return Err(Error::not_found("group", &id).into());
            }
            changes::bury(db, Buried::Group, id.as_str())
        })
        .await
    }

    /// All groups, in the order they are asked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn groups(&self) -> Result<Vec<Group>> {
        self.read("reading the groups", |db| {
            let sql = format!("SELECT {GROUP_COLUMNS} FROM groups ORDER BY priority, id");
            let mut statement = db.conn.prepare_cached(&sql)?;
            let rows = statement.query_map([], codec::group)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

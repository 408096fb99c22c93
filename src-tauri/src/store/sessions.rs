//! Which account (and key) a conversation sticks to.
//!
//! Owns: the table `sessions`, and the sweep of everything that has an end.
//! Must not know: how a conversation is recognised.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row};

use super::codec::Columns;
use super::db::Db;
use super::fail::Fail;
use super::{Durability, Store, client_keys, leases, logins, requests, usage};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AccountId, KeyId};

/// A conversation and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The conversation, as the caller names it.
    pub sticky_key: String,
    /// Its account.
    pub account_id: AccountId,
    /// Its key, in a pool.
    pub key_id: Option<KeyId>,
    /// It sticks until then.
    pub expires_at: Timestamp,
}

/// In `meta`: when it was swept.
const SWEPT: &str = "swept";

const SWEEP_EVERY: Duration = Duration::from_secs(3600);

// === impl Store ===

impl Store {
    /// Binds a conversation, unless it is bound already to other than `former`, the account and key
    /// it is to leave; answers the binding in force, so that of two processes both use the winner's.
    ///
    /// # Errors
    /// `Store` when the account or key is gone.
    pub async fn bind_session(
        &self,
        row: SessionRow,
        former: Option<(&AccountId, Option<&KeyId>)>,
        now: Timestamp,
    ) -> Result<SessionRow> {
        let former = former.map(|(account, key)| (account.clone(), key.cloned()));
        self.write(Durability::Normal, "binding the session", move |db| {
            if let Some(bound) = get(db, &row.sticky_key, now)?
                && former.is_none_or(|it| it != (bound.account_id.clone(), bound.key_id.clone()))
            {
                return Ok(bound);
            }
            let mut statement = db.conn.prepare_cached(
                "INSERT INTO sessions (sticky_key, account_id, key_id, expires_at)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (sticky_key) DO UPDATE SET account_id = excluded.account_id,
                     key_id = excluded.key_id, expires_at = excluded.expires_at",
            )?;
            statement.execute((&row.sticky_key, &row.account_id, &row.key_id, row.expires_at))?;
            Ok(row)
        })
        .await
    }

    /// Where a conversation sticks now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session(&self, sticky_key: &str, now: Timestamp) -> Result<Option<SessionRow>> {
        let sticky_key = sticky_key.to_owned();
        self.read("reading the session", move |db| get(db, &sticky_key, now)).await
    }

    /// Removes what is over: sessions, leases (also those of dead processes) and old sign-ins.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn sweep(&self, now: Timestamp) -> Result<()> {
        self.write(Durability::Normal, "sweeping", move |db| sweep(db, now)).await
    }

    /// The same, and usage of the hours before `usage_from` and requests before `requests_from`: once an hour over all processes, else
    /// nothing. Answers whether it was time.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn sweep_if_due(
        &self,
        now: Timestamp,
        usage_from: Timestamp,
        requests_from: Timestamp,
    ) -> Result<bool> {
        if !self.read("looking when it was swept", move |db| is_due(db, now)).await? {
            return Ok(false);
        }
        self.write(Durability::Normal, "sweeping", move |db| {
            if !is_due(db, now)? {
                return Ok(false);
            }
            db.set_meta(SWEPT, &now.0.to_string())?;
            sweep(db, now)?;
            usage::sweep(db, usage_from)?;
            requests::sweep(db, requests_from)?;
            client_keys::fold(db, now)?;
            Ok(true)
        })
        .await
    }
}

fn sweep(db: &Db, now: Timestamp) -> Result<(), Fail> {
    db.conn.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])?;
    leases::sweep(db, now)?;
    logins::sweep(db, now)
}

fn is_due(db: &Db, now: Timestamp) -> Result<bool, Fail> {
    let last = db.meta(SWEPT)?.and_then(|it| it.parse().ok()).map(Timestamp);
    // A clock that was set back must not put it off.
    Ok(last.is_none_or(|it| now < it || now.since(it) >= SWEEP_EVERY))
}

fn get(db: &Db, sticky_key: &str, now: Timestamp) -> Result<Option<SessionRow>, Fail> {
    let mut statement = db.conn.prepare_cached(
        "SELECT sticky_key, account_id, key_id, expires_at FROM sessions
         WHERE sticky_key = ?1 AND expires_at > ?2",
    )?;
    Ok(statement.query_row((sticky_key, now), from_row).optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let mut at = Columns::new(row);
    Ok(SessionRow {
        sticky_key: at.next()?,
        account_id: at.next()?,
        key_id: at.next()?,
        expires_at: at.next()?,
    })
}

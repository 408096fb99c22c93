//! Writes that may wait up to a second: when a thing was last used, and requests that ended.
//!
//! Owns: [`Touches`], what is pending; its merging and its SQL.
//! Must not know: who used what.

use std::collections::HashMap;

use super::client_keys::PendingSpent;
use super::db::Db;
use super::fail::Fail;
use super::requests::{self, RequestRow};
use super::usage::Sums;
use super::{Store, changes};
use crate::clock::Timestamp;
use crate::ids::{AccountId, KeyId};

/// Uses that were not written yet, one entry for each thing.
#[derive(Debug, Default)]
pub(super) struct Touches {
    accounts: HashMap<AccountId, Use>,
    keys: HashMap<KeyId, Use>,
    sessions: HashMap<String, Timestamp>,
    requests: Vec<RequestRow>,
    pub(super) spent: PendingSpent,
    pub(super) used: Sums,
}

/// Requests that may wait to be written: some seconds of a busy gateway.
const MOST_REQUESTS: usize = 20_000;

#[derive(Clone, Copy, Debug)]
struct Use {
    at: Timestamp,
    n_uses: i64,
}

// === impl Store ===

impl Store {
    /// Notes a use of an account (and of one of its keys): one more use, last used at `at`.
    /// Written within a second, together with others; [`Store::flush`] writes at once.
    pub fn touch(&self, account: &AccountId, key: Option<&KeyId>, at: Timestamp) {
        self.inner.queue.touch(|touches| touches.add(account, key, at));
    }

    /// Moves the end of a session's stickiness; never back. Written within a second.
    pub fn touch_session(&self, sticky_key: &str, expires_at: Timestamp) {
        self.inner.queue.touch(|touches| touches.add_session(sticky_key, expires_at));
    }
}

// === impl Touches ===

impl Touches {
    pub(super) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
            && self.keys.is_empty()
            && self.sessions.is_empty()
            && self.requests.is_empty()
            && self.spent.is_empty()
            && self.used.is_empty()
    }

    fn add(&mut self, account: &AccountId, key: Option<&KeyId>, at: Timestamp) {
        let one = Use { at, n_uses: 1 };
        self.accounts.entry(account.clone()).and_modify(|it| it.merge(one)).or_insert(one);
        if let Some(key) = key {
            self.keys.entry(key.clone()).and_modify(|it| it.merge(one)).or_insert(one);
        }
    }

    fn add_session(&mut self, sticky_key: &str, expires_at: Timestamp) {
        match self.sessions.get_mut(sticky_key) {
            Some(known) => *known = (*known).max(expires_at),
            None => {
                self.sessions.insert(sticky_key.to_owned(), expires_at);
            }
        }
    }

    /// Where requests cannot be written for long, the latest are kept.
    pub(super) fn add_request(&mut self, row: RequestRow) {
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.drain(..MOST_REQUESTS / 2);
            log::warn!("requests cannot be stored: the oldest {} are lost", MOST_REQUESTS / 2);
        }
        self.requests.push(row);
    }

    /// Takes in touches that were pending before these.
    pub(super) fn merge_older(&mut self, older: Self) {
        for (id, used) in older.accounts {
            self.accounts.entry(id).and_modify(|it| it.merge(used)).or_insert(used);
        }
        for (id, used) in older.keys {
            self.keys.entry(id).and_modify(|it| it.merge(used)).or_insert(used);
        }
        for (sticky_key, expires_at) in older.sessions {
            self.add_session(&sticky_key, expires_at);
        }
        for row in std::mem::replace(&mut self.requests, older.requests) {
            self.add_request(row);
        }
        self.spent.merge_older(older.spent);
        self.used.merge_older(older.used);
    }

    /// Writes them all; what was deleted meanwhile is passed over.
    pub(super) fn write(&self, db: &Db) -> Result<(), Fail> {
        for (table, uses) in [
            (
                "accounts",
                self.accounts.iter().map(|(id, it)| (id.as_str(), *it)).collect::<Vec<_>>(),
            ),
            ("api_keys", self.keys.iter().map(|(id, it)| (id.as_str(), *it)).collect()),
        ] {
            let mut statement = db.conn.prepare_cached(&format!(
                "UPDATE {table} SET last_used_at = max(coalesce(last_used_at, 0), ?2),
                        uses = uses + ?3, revision = ?4 WHERE id = ?1"
            ))?;
            for (id, used) in uses {
                let revision = changes::next_revision(db)?;
                statement.execute((id, used.at.0, used.n_uses, revision))?;
            }
        }
        let mut statement = db.conn.prepare_cached(
            "UPDATE sessions SET expires_at = max(expires_at, ?2) WHERE sticky_key = ?1",
        )?;
        for (sticky_key, expires_at) in &self.sessions {
            statement.execute((sticky_key, expires_at.0))?;
        }
        for row in &self.requests {
            requests::write(db, row)?;
        }
        self.used.write(db)?;
        self.spent.write(db)
    }
}

impl Use {
    fn merge(&mut self, other: Self) {
        self.at = self.at.max(other.at);
        self.n_uses = self.n_uses.saturating_add(other.n_uses);
    }
}

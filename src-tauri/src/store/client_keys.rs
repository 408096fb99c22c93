//! The keys of the gateway's clients, and what they were used for.
//!
//! Owns: the tables `client_keys` and `client_key_spent`.
//! Must not know: what a limit means, how a key is made or shown.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::{Deserialize, Serialize};

use super::account_rows::check_not_stale;
use super::changes::{self, Buried};
use super::codec::{Columns, Count, Json};
use super::db::Db;
use super::fail::Fail;
use super::{Durability, Store};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{ClientKeyId, OwnerId};
use crate::pool::Binding;

/// A key the gateway issued to a client. The key itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// Its id.
    pub id: ClientKeyId,
    /// For people.
    pub name: String,
    /// SHA-256 of the key, in hex.
    pub hash: String,
    /// What people tell it by.
    pub tail: String,
    /// Off refuses it.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was first used.
    pub first_used_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// It ends then...
    pub expires_at: Option<Timestamp>,
    /// ...or so many days after its first use.
    pub expires_days: Option<u32>,
    /// Which accounts its requests may use.
    pub binding: Binding,
    /// Which models they may ask for, with `*`; empty is all.
    pub models: Vec<String>,
    /// How much.
    pub limits: ClientLimits,
    /// Changes with every change.
    pub revision: u64,
}

/// How much a client key may take; none is as much as there is. Days are UTC; costs are in
/// billionths of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClientLimits {
    pub concurrency: Option<u32>,
    /// How long a window is, in seconds; it slides.
    pub window_seconds: Option<u64>,
    pub window_requests: Option<u64>,
    pub window_tokens: Option<u64>,
    pub daily_tokens: Option<u64>,
    pub daily_cost: Option<u64>,
    pub total_tokens: Option<u64>,
    pub total_cost: Option<u64>,
}

/// What a client key was used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were let in.
    pub requests: u64,
    /// Tokens of all kinds.
    pub tokens: u64,
    /// In billionths of a dollar.
    pub cost: u64,
}

/// What other processes noted of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpentElsewhere {
    /// By the minute, oldest first, from the moment asked for.
    pub minutes: Vec<(Timestamp, Spent)>,
    /// Since the day began that was asked for.
    pub day: Spent,
    /// Ever.
    pub total: Spent,
}

/// Changes of client keys since a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientKeyChanges {
    /// Pass this the next time.
    pub revision: u64,
    /// New or changed.
    pub keys: Vec<ClientKey>,
    /// Deleted.
    pub gone: Vec<ClientKeyId>,
}

/// Uses that were not written yet.
#[derive(Debug, Default)]
pub(super) struct PendingSpent(HashMap<(ClientKeyId, OwnerId, i64), Uses>);

/// The uses of one minute.
#[derive(Clone, Copy, Debug)]
struct Uses {
    spent: Spent,
    first: Timestamp,
    last: Timestamp,
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Older than any window ([`ClientLimits::window_seconds`] is at most a week): a row a day is enough.
const FOLD_AFTER_MS: i64 = 8 * DAY_MS;

const COLUMNS: &str = "id, name, hash, tail, enabled, created_at, first_used_at, last_used_at, \
    expires_at, expires_days, binding, models, limits, revision";

// === impl Store ===

impl Store {
    /// Adds a client key or changes the one of that id, durably. With `expected_revision` only if
    /// no person changed it since (its use does not count); 0 then means that it must be new.
    ///
    /// # Errors
    /// `Stale`.
    pub async fn save_client_key(
        &self,
        key: ClientKey,
        expected_revision: Option<u64>,
    ) -> Result<ClientKey> {
        self.write(Durability::Full, "storing the client key", move |db| {
            let exists = find(db, &key.id)?.is_some();
            if exists {
                let id = key.id.as_str();
                check_not_stale(db, "client_keys", "client key", id, expected_revision)?;
            }
            put(db, &key)?;
            find(db, &key.id)?.ok_or_else(|| Error::not_found("client key", &key.id).into())
        })
        .await
    }

    /// Deletes a client key, durably. Its usage stays.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_client_key(&self, id: &ClientKeyId) -> Result<()> {
        let id = id.clone();
        self.write(Durability::Full, "deleting the client key", move |db| {
            if db.conn.execute("DELETE FROM client_keys WHERE id = ?1", [&id])? == 0 {
                return Err(Error::not_found("client key", &id).into());
            }
            changes::bury(db, Buried::ClientKey, id.as_str())
        })
        .await
    }

    /// One client key.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn client_key(&self, id: &ClientKeyId) -> Result<ClientKey> {
        let id = id.clone();
        self.read("reading the client key", move |db| {
            find(db, &id)?.ok_or_else(|| Error::not_found("client key", &id).into())
        })
        .await
    }

    /// Client keys that changed since `revision`; 0 gives all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn client_key_changes(&self, revision: u64) -> Result<ClientKeyChanges> {
        self.read("reading the client keys", move |db| {
            let since = i64::try_from(revision).unwrap_or(i64::MAX);
            Ok(ClientKeyChanges {
                revision: changes::current_revision(db)?,
                keys: changes::changed(db, "client_keys", COLUMNS, since, from_row)?,
                gone: changes::gone(db, Buried::ClientKey, since)?,
            })
        })
        .await
    }

    /// What all processes but `owner` noted of each key: by the minute since `from`, and since the
    /// beginning of the day of `now`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn spent_elsewhere(
        &self,
        owner: &OwnerId,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<HashMap<ClientKeyId, SpentElsewhere>> {
        let owner = owner.clone();
        self.read("adding up what client keys used", move |db| elsewhere(db, &owner, from, now))
            .await
    }

    /// What each key was ever used for, by all processes; up to a second late.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn spent(&self) -> Result<HashMap<ClientKeyId, Spent>> {
        self.read("adding up what client keys used", |db| {
            let mut statement = db.conn.prepare_cached(
                "SELECT client_key_id, sum(requests), sum(tokens), sum(cost)
                 FROM client_key_spent GROUP BY client_key_id",
            )?;
            let rows = statement.query_map([], |row| {
                let mut at = Columns::new(row);
                Ok((at.next()?, spent(&mut at)?))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Notes what a client key was used for, by this process. Never waits; written within a second.
    pub fn spend(&self, key: &ClientKeyId, owner: &OwnerId, at: Timestamp, spent: Spent) {
        self.inner.queue.touch(|touches| touches.spent.add(key, owner, at, spent));
    }
}

/// Makes one row a day, of nobody, of what no window looks at any more.
pub(super) fn fold(db: &Db, now: Timestamp) -> Result<(), Fail> {
    let before = now.0.saturating_sub(FOLD_AFTER_MS);
    let before = before - before.rem_euclid(DAY_MS);
    db.conn.execute(
        "INSERT INTO client_key_spent
         SELECT client_key_id, minute - minute % 86400000, '', sum(requests), sum(tokens), sum(cost)
         FROM client_key_spent WHERE minute < ?1 AND (owner <> '' OR minute % 86400000 <> 0)
         GROUP BY 1, 2
         ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
             tokens = tokens + excluded.tokens, cost = cost + excluded.cost",
        [before],
    )?;
    db.conn.execute(
        "DELETE FROM client_key_spent
         WHERE minute < ?1 AND (owner <> '' OR minute % 86400000 <> 0)",
        [before],
    )?;
    Ok(())
}

fn find(db: &Db, id: &ClientKeyId) -> Result<Option<ClientKey>, Fail> {
    let sql = format!("SELECT {COLUMNS} FROM client_keys WHERE id = ?1");
    Ok(db.conn.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
}

fn put(db: &Db, key: &ClientKey) -> Result<(), Fail> {
    let revision = changes::next_revision(db)?;
    let mut statement = db.conn.prepare_cached(
        "INSERT INTO client_keys (id, name, hash, tail, enabled, created_at, expires_at,
             expires_days, binding, models, limits, edited, revision)
         VALUES (:id, :name, :hash, :tail, :enabled, :created_at, :expires_at, :expires_days,
             :binding, :models, :limits, :revision, :revision)
         ON CONFLICT (id) DO UPDATE SET name = :name, hash = :hash, tail = :tail,
             enabled = :enabled, expires_at = :expires_at, expires_days = :expires_days,
             binding = :binding, models = :models, limits = :limits, edited = :revision,
             revision = :revision",
    )?;
    statement.execute(named_params! {
        ":id": key.id,
        ":name": key.name,
        ":hash": key.hash,
        ":tail": key.tail,
        ":enabled": key.enabled,
        ":created_at": key.created_at,
        ":expires_at": key.expires_at,
        ":expires_days": key.expires_days,
        ":binding": key.binding.to_string(),
        ":models": Json(&key.models),
        ":limits": Json(key.limits),
        ":revision": revision,
    })?;
    Ok(())
}

fn elsewhere(
    db: &Db,
    owner: &OwnerId,
    from: Timestamp,
    now: Timestamp,
) -> Result<HashMap<ClientKeyId, SpentElsewhere>, Fail> {
    let mut found: HashMap<ClientKeyId, SpentElsewhere> = HashMap::new();
    let mut totals = db.conn.prepare_cached(
        "SELECT client_key_id, sum(requests), sum(tokens), sum(cost),
                sum(requests) FILTER (WHERE minute >= ?2),
                sum(tokens) FILTER (WHERE minute >= ?2), sum(cost) FILTER (WHERE minute >= ?2)
         FROM client_key_spent WHERE owner <> ?1 GROUP BY client_key_id",
    )?;
    let mut rows = totals.query((owner, now.0 - now.0.rem_euclid(DAY_MS)))?;
    while let Some(row) = rows.next()? {
        let mut at = Columns::new(row);
        let entry = found.entry(at.next()?).or_default();
        (entry.total, entry.day) = (spent(&mut at)?, spent(&mut at)?);
    }
    let mut minutes = db.conn.prepare_cached(
        "SELECT client_key_id, minute, sum(requests), sum(tokens), sum(cost)
         FROM client_key_spent WHERE owner <> ?1 AND minute >= ?2
         GROUP BY client_key_id, minute ORDER BY client_key_id, minute",
    )?;
    let mut rows = minutes.query((owner, minute(from)))?;
    while let Some(row) = rows.next()? {
        let mut at = Columns::new(row);
        let entry = found.entry(at.next()?).or_default();
        entry.minutes.push((at.next()?, spent(&mut at)?));
    }
    Ok(found)
}

fn spent(at: &mut Columns<'_>) -> rusqlite::Result<Spent> {
    let mut next = || at.next::<Option<Count>>().map(|it| it.map_or(0, |it| it.0));
    Ok(Spent { requests: next()?, tokens: next()?, cost: next()? })
}

const fn minute(at: Timestamp) -> i64 {
    at.0 - at.0.rem_euclid(MINUTE_MS)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ClientKey> {
    let mut at = Columns::new(row);
    Ok(ClientKey {
        id: at.next()?,
        name: at.next()?,
        hash: at.next()?,
        tail: at.next()?,
        enabled: at.next()?,
        created_at: at.next()?,
        first_used_at: at.next()?,
        last_used_at: at.next()?,
        expires_at: at.next()?,
        expires_days: at.next()?,
        binding: at.next()?,
        models: at.next::<Json<_>>()?.0,
        limits: at.next::<Json<_>>()?.0,
        revision: at.next::<Count>()?.0,
    })
}

// === impl Spent ===

impl Spent {
    /// The sum; saturates.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.saturating_add(other.cost),
        }
    }
}

// === impl PendingSpent ===

impl PendingSpent {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, key: &ClientKeyId, owner: &OwnerId, at: Timestamp, spent: Spent) {
        let uses = Uses { spent, first: at, last: at };
        self.add_uses((key.clone(), owner.clone(), minute(at)), uses);
    }

    fn add_uses(&mut self, of: (ClientKeyId, OwnerId, i64), uses: Uses) {
        let known = self.0.entry(of).or_insert(Uses { spent: Spent::default(), ..uses });
        known.spent = known.spent.plus(uses.spent);
        known.first = known.first.min(uses.first);
        known.last = known.last.max(uses.last);
    }

    pub(super) fn merge_older(&mut self, older: Self) {
        for (of, uses) in older.0 {
            self.add_uses(of, uses);
        }
    }

    /// Writes them all; of a key that was deleted meanwhile nothing is kept.
    pub(super) fn write(&self, db: &Db) -> Result<(), Fail> {
        let mut add = db.conn.prepare_cached(
            "INSERT INTO client_key_spent
             SELECT id, ?2, ?3, ?4, ?5, ?6 FROM client_keys WHERE id = ?1
             ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
                 tokens = tokens + excluded.tokens, cost = cost + excluded.cost",
        )?;
        let mut used = db.conn.prepare_cached(
            "UPDATE client_keys SET first_used_at = min(coalesce(first_used_at, ?2), ?2),
                 last_used_at = max(coalesce(last_used_at, 0), ?3), revision = ?4 WHERE id = ?1",
        )?;
        for ((key, owner, minute), Uses { spent, first, last }) in &self.0 {
            let Spent { requests, tokens, cost } = *spent;
            add.execute((key, minute, owner, Count(requests), Count(tokens), Count(cost)))?;
            used.execute((key, first, last, changes::next_revision(db)?))?;
        }
        Ok(())
    }
}

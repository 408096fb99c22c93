//! The right to refresh an account's tokens, one flight at a time over all processes.
//!
//! Owns: the table `refresh_leases`, [`TokenStore`] for [`Store`].
//! Must not know: how tokens are refreshed.

use rusqlite::OptionalExtension;

use super::account_rows::{self, Edited, place};
use super::accounts::NewTokens;
use super::codec::Word;
use super::db::Db;
use super::fail::Fail;
use super::rekey::{ACCESS, PROXY, REFRESH};
use super::{Durability, Store};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, OwnerId};
use crate::owner;
use crate::pool::account::Status;
use crate::ports::{RefreshLease, TokenPair, TokenStore, Tokens};

// === impl Store ===

impl TokenStore for Store {
    async fn tokens(&self, id: &AccountId) -> Result<Tokens> {
        let id = id.clone();
        self.read("reading the tokens", move |db| tokens(db, &id)).await
    }

    async fn take_refresh_lease(
        &self,
        id: &AccountId,
        owner: &OwnerId,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RefreshLease> {
        let (id, owner) = (id.clone(), owner.clone());
        self.warm_key().await?;
        self.write(Durability::Normal, "taking the right to refresh", move |db| {
            let tokens = tokens(db, &id)?;
            if let Some(until) = held_until(db, &id, now)? {
                return Ok(RefreshLease::Held { until, tokens });
            }
            let mut statement = db.conn.prepare_cached(
                "INSERT INTO refresh_leases (account_id, owner, spent, deadline)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (account_id, owner) DO UPDATE SET spent = excluded.spent,
                     deadline = excluded.deadline",
            )?;
            statement.execute((&id, &owner, tokens.refresh.fingerprint(), deadline))?;
            Ok(RefreshLease::Taken(tokens))
        })
        .await
    }

    async fn save_refreshed(
        &self,
        id: &AccountId,
        owner: &OwnerId,
        pair: &TokenPair,
        now: Timestamp,
    ) -> Result<()> {
        let (id, owner, pair) = (id.clone(), owner.clone(), pair.clone());
        self.write(Durability::Full, "storing the new tokens", move |db| {
            let mut account = account_rows::get(db, &id)?;
            let spent = end_flight(db, &id, &owner)?;
            // An overdue flight may find that the tokens were replaced meanwhile, by a person's new
            // sign-in or by the flight that took over: its pair is the outdated one then.
            if spent.is_some_and(|it| Some(it) != current_fingerprint(db, &id).ok().flatten()) {
                return Ok(());
            }
            let TokenPair { organization_id, user_id, owner_email, owner_name, .. } = pair;
            account.organization_id = organization_id.or(account.organization_id);
            account.user_id = user_id.or(account.user_id);
            account.owner_email = owner_email.or(account.owner_email);
            account.owner_name = owner_name.or(account.owner_name);
            account_rows::put(db, &account, Edited::ByTraffic)?;
            let tokens = NewTokens {
                access: Some(pair.access),
                refresh: pair.refresh,
                expires_at: Some(pair.expires_at),
                refreshed_at: Some(now),
            };
            account_rows::set_tokens(db, &id, &tokens)?;
            account_rows::revive(db, &id)
        })
        .await
    }

    async fn drop_refresh_lease(&self, id: &AccountId, owner: &OwnerId) -> Result<()> {
        let (id, owner) = (id.clone(), owner.clone());
        self.write(Durability::Normal, "giving up the right to refresh", move |db| {
            end_flight(db, &id, &owner).map(|_| ())
        })
        .await
    }

    async fn mark_needs_login(
        &self,
        id: &AccountId,
        owner: &OwnerId,
        spent_fingerprint: &str,
        reason: &str,
    ) -> Result<bool> {
        let (id, owner) = (id.clone(), owner.clone());
        let (spent, reason) = (spent_fingerprint.to_owned(), reason.to_owned());
        self.write(Durability::Full, "marking the account", move |db| {
            let mut account = account_rows::get(db, &id)?;
            end_flight(db, &id, &owner)?;
            if current_fingerprint(db, &id)?.as_deref() != Some(&spent) {
                return Ok(false);
            }
            account.status = Status::NeedsLogin;
            account.error = Some(reason);
            account_rows::put(db, &account, Edited::ByTraffic)?;
            Ok(true)
        })
        .await
    }
}

fn tokens(db: &Db, id: &AccountId) -> Result<Tokens, Fail> {
    let mut statement = db.conn.prepare_cached(
        "SELECT name, access, refresh, refresh_fingerprint, token_expires_at, last_refresh_at,
                organization_id, proxy, status, error
         FROM accounts WHERE id = ?1",
    )?;
    let row = statement
        .query_row([id], |row| {
            let status: Word<Status> = row.get(8)?;
            let tokens = Tokens {
                name: row.get(0)?,
                access: None,
                refresh: crate::secret::Secret::new(""),
                expires_at: row.get(4)?,
                last_refresh_at: row.get(5)?,
                organization_id: row.get(6)?,
                proxy: None,
                needs_login: None,
            };
            let sealed: [String; 3] = [row.get(1)?, row.get(2)?, row.get(7)?];
            let fingerprint: Option<String> = row.get(3)?;
            let error: Option<String> = row.get(9)?;
            let needs_login = (status.0 == Status::NeedsLogin).then(|| error.unwrap_or_default());
            Ok((Tokens { needs_login, ..tokens }, sealed, fingerprint))
        })
        .optional()?;
    let Some((tokens, [access, refresh, proxy], Some(fingerprint))) = row else {
        return Err(Error::not_found("account with tokens", id).into());
    };
    let refresh = db.open_sealed(place(id, REFRESH), &refresh)?;
    if refresh.fingerprint() != fingerprint {
        return Err(place(id, REFRESH).damaged().into());
    }
    let access = db.open_sealed(place(id, ACCESS), &access)?;
    let proxy = db.open_sealed(place(id, PROXY), &proxy)?;
    Ok(Tokens {
        access: Some(access).filter(|it| !it.is_empty()),
        refresh,
        proxy: Some(proxy).filter(|it| !it.is_empty()),
        ..tokens
    })
}

/// When the flight under way loses its right, if there is one whose process lives.
fn held_until(db: &Db, id: &AccountId, now: Timestamp) -> Result<Option<Timestamp>, Fail> {
    let mut statement = db
        .conn
        .prepare_cached("SELECT owner, deadline FROM refresh_leases WHERE account_id = ?1")?;
    let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(OwnerId, Timestamp)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut until = None;
    for (owner, deadline) in rows {
        if !owner::is_alive(&db.run_dir, &owner) {
            end_flight(db, id, &owner)?;
        } else if deadline > now {
            until = until.max(Some(deadline));
        }
    }
    Ok(until)
}

/// Removes the flight; answers the fingerprint of the refresh token it sent.
fn end_flight(db: &Db, id: &AccountId, owner: &OwnerId) -> Result<Option<String>, Fail> {
    let mut statement = db.conn.prepare_cached(
        "DELETE FROM refresh_leases WHERE account_id = ?1 AND owner = ?2 RETURNING spent",
    )?;
    Ok(statement.query_row((id, owner), |row| row.get(0)).optional()?)
}

fn current_fingerprint(db: &Db, id: &AccountId) -> Result<Option<String>, Fail> {
    let mut statement =
        db.conn.prepare_cached("SELECT refresh_fingerprint FROM accounts WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?.flatten())
}

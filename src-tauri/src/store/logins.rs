//! Sign-ins under way.
//!
//! Owns: the table `logins`; a sign-in ends once.
//! Must not know: the flows.

use std::time::Duration;

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::codec::{Columns, Count, Word};
use super::db::Db;
use super::fail::Fail;
use super::rekey::LOGIN;
use super::seal::Place;
use super::{Durability, Store};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, LoginId};
use crate::secret::Secret;

/// How long the answer of a sign-in that is over can be asked for.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// One sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRow {
    /// Unique.
    pub id: LoginId,
    /// `device` or `pkce`.
    pub flow: String,
    /// What the flow needs to go on, as JSON; sealed on disk, gone once the sign-in is over.
    pub secret: Secret,
    /// When it began.
    pub created_at: Timestamp,
    /// When it can no longer be completed.
    pub expires_at: Timestamp,
    /// Upstream may not be asked before.
    pub next_poll_at: Timestamp,
    /// Pause between two questions.
    pub interval: Duration,
    /// Where it stands.
    pub state: LoginState,
    /// The account it made.
    pub credential_id: Option<AccountId>,
}

/// Where a sign-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// The person has not finished.
    Pending,
    /// One caller is exchanging the code, which upstream takes once.
    Exchanging,
    /// An account was made.
    Done,
    /// Too late.
    Expired,
    /// The person said no.
    Denied,
    /// Ended here, by a person or a failure.
    Cancelled,
}

/// Changes to a pending sign-in; none leaves a field as it is.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field is the field of LoginRow of the same name")]
pub struct LoginPatch {
    pub secret: Option<Secret>,
    pub next_poll_at: Option<Timestamp>,
    pub interval: Option<Duration>,
}

// === impl Store ===

impl Store {
    /// Stores a new sign-in.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn save_login(&self, login: LoginRow) -> Result<()> {
        self.warm_key().await?;
        self.write(Durability::Normal, "storing the sign-in", move |db| {
            let secret = db.seal(place(&login.id), &login.secret)?;
            db.conn.execute(
                "INSERT INTO logins (id, flow, secret, created_at, expires_at, next_poll_at,
                                     interval_ms, state, credential_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                (
                    &login.id,
                    &login.flow,
                    secret,
                    login.created_at,
                    login.expires_at,
                    login.next_poll_at,
                    millis(login.interval),
                    Word(login.state),
                    &login.credential_id,
                ),
            )?;
            Ok(())
        })
        .await
    }

    /// One sign-in.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`, `WrongKey`.
    pub async fn login(&self, id: &LoginId) -> Result<LoginRow> {
        let id = id.clone();
        self.read("reading the sign-in", move |db| get(db, &id)).await
    }

    /// Changes a sign-in that is not over.
    ///
    /// # Errors
    /// `NotFound`, `LoginOver`.
    pub async fn update_login(&self, id: &LoginId, patch: LoginPatch) -> Result<()> {
        let id = id.clone();
        self.warm_key().await?;
        self.write(Durability::Normal, "changing the sign-in", move |db| {
            let LoginPatch { secret, next_poll_at, interval } = patch;
            let sealed = secret.map(|it| db.seal(place(&id), &it)).transpose()?;
            let changed = db.conn.execute(
                "UPDATE logins SET secret = coalesce(?2, secret),
                        next_poll_at = coalesce(?3, next_poll_at),
                        interval_ms = coalesce(?4, interval_ms)
                 WHERE id = ?1 AND state IN ('pending', 'exchanging')",
                (&id, sealed, next_poll_at, interval.map(millis)),
            )?;
            if changed == 0 { Err(over(db, &id)?) } else { Ok(()) }
        })
        .await
    }

    /// Takes the right to ask upstream about a sign-in: true for one caller among all processes,
    /// false before its time and once it is over. It ends with the next change of `next_poll_at`,
    /// and at `until` if its holder dies.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn claim_login(
        &self,
        id: &LoginId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(Durability::Normal, "asking about the sign-in", move |db| {
            let changed = db.conn.execute(
                "UPDATE logins SET next_poll_at = ?3
                 WHERE id = ?1 AND state = 'pending' AND next_poll_at <= ?2",
                (&id, now, until),
            )?;
            Ok(changed > 0)
        })
        .await
    }

    /// Moves a sign-in on: pending to any other state, exchanging to one that is over. True for the
    /// one caller that did it. Once it is over, its secret is gone.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn finish_login(&self, id: &LoginId, state: LoginState) -> Result<bool> {
        let id = id.clone();
        self.write(Durability::Full, "ending the sign-in", move |db| {
            let changed = db.conn.execute(
                "UPDATE logins SET state = ?2,
                        secret = CASE WHEN ?2 = 'exchanging' THEN secret ELSE '' END
                 WHERE id = ?1 AND state <> ?2 AND ?2 <> 'pending'
                   AND (state = 'pending' OR state = 'exchanging')",
                (&id, Word(state)),
            )?;
            Ok(changed > 0)
        })
        .await
    }
}

/// Ends a sign-in as done, in the transaction that adds its account.
pub(super) fn finish_with_account(db: &Db, id: &LoginId, account: &AccountId) -> Result<(), Fail> {
    let changed = db.conn.execute(
        "UPDATE logins SET state = 'done', secret = '', credential_id = ?2
         WHERE id = ?1 AND state IN ('pending', 'exchanging')",
        (id, account),
    )?;
    if changed == 0 { Err(over(db, id)?) } else { Ok(()) }
}

pub(super) fn sweep(db: &Db, now: Timestamp) -> Result<(), Fail> {
    db.conn.execute("DELETE FROM logins WHERE expires_at <= ?1", [now.minus(KEPT)])?;
    Ok(())
}

fn get(db: &Db, id: &LoginId) -> Result<LoginRow, Fail> {
    let mut statement = db.conn.prepare_cached(
        "SELECT id, flow, secret, created_at, expires_at, next_poll_at, interval_ms, state,
                credential_id
         FROM logins WHERE id = ?1",
    )?;
    let row = statement.query_row([id], |row| {
        let mut at = Columns::new(row);
        Ok(LoginRow {
            id: at.next()?,
            flow: at.next()?,
            secret: Secret::new(at.next::<String>()?),
            created_at: at.next()?,
            expires_at: at.next()?,
            next_poll_at: at.next()?,
            interval: Duration::from_millis(at.next::<Count>()?.0),
            state: at.next::<Word<_>>()?.0,
            credential_id: at.next()?,
        })
    });
    let row = row.optional()?.ok_or_else(|| Error::not_found("sign-in", id))?;
    let secret = db.open_sealed(place(id), row.secret.expose())?;
    Ok(LoginRow { secret, ..row })
}

/// Why a sign-in cannot be changed.
fn over(db: &Db, id: &LoginId) -> Result<Fail, Fail> {
    let reason = match get(db, id)?.state {
        LoginState::Done => "it was completed already",
        LoginState::Expired => "it took too long",
        LoginState::Denied => "it was denied",
        LoginState::Cancelled => "it was cancelled",
        LoginState::Pending | LoginState::Exchanging => "it is being completed",
    };
    Ok(Error::LoginOver { reason: reason.to_owned() }.into())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn place(id: &LoginId) -> Place<'_> {
    Place { record: "login", id: id.as_str(), field: LOGIN }
}

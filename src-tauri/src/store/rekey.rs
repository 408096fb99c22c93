//! A new key for everything that is sealed.
//!
//! Owns: the rotation and its order of steps: new key file, one transaction, rename. Whenever it is
//! cut off, the key that the check value proves is still in `key` or `key.new`.
//! Must not know: what the secrets are for.

use std::io;

use super::db::Db;
use super::fail::Fail;
use super::keyring::{FROM_FILE, generate, read_key};
use super::seal::{Place, SealKeys};
use super::{Durability, Store};
use crate::error::Result;
use crate::files;
use crate::secret::Secret;

/// Where the new key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A newly generated key file.
    KeyFile,
    /// A passphrase; it must be in `DROID_ENCRYPTION_KEY` from now on.
    Passphrase(Secret),
}

/// Every column that holds sealed texts: table, id, column, and the place's record and field.
const SEALED_COLUMNS: &[(&str, &str, &str, &str)] = &[
    ("accounts", "access", "account", ACCESS),
    ("accounts", "refresh", "account", REFRESH),
    ("accounts", "proxy", "account", PROXY),
    ("api_keys", "secret", "key", API_KEY),
    ("logins", "secret", "login", LOGIN),
];
pub(super) const ACCESS: &str = "access token";
pub(super) const REFRESH: &str = "refresh token";
pub(super) const PROXY: &str = "proxy";
pub(super) const API_KEY: &str = "API key";
pub(super) const LOGIN: &str = "sign-in state";

// === impl Store ===

impl Store {
    /// Seals everything anew with a new key, in one transaction, and answers how many secrets that
    /// were. Other processes pick the new key file up by themselves; a new passphrase they must be
    /// given.
    ///
    /// # Errors
    /// `WrongKey` and `Damaged` when a secret cannot be opened with the present key: then nothing
    /// is changed.
    pub async fn rekey(&self, new: KeySource) -> Result<u64> {
        let n_secrets =
            self.write(Durability::Full, "changing the key", |db| reseal(db, new)).await?;
        self.write(Durability::Full, "finishing the change of the key", |db| {
            {
                let mut keyring = db.keyring.borrow_mut();
                keyring.passphrase = keyring.next_passphrase.take();
            }
            finish(db)
        })
        .await?;
        Ok(n_secrets)
    }
}

// === impl Db ===

impl Db {
    /// After a crash between commit and rename, the rename is still to do.
    pub(super) fn finish_rekey_if_begun(&self) -> Result<(), Fail> {
        let [_, next] = self.keyring.borrow().key_files();
        if next.exists() { self.transaction(finish) } else { Ok(()) }
    }
}

/// The transaction: everything is sealed with the new key and the check value proves it.
pub(super) fn reseal(db: &Db, new: KeySource) -> Result<u64, Fail> {
    // An earlier rekey may have been cut off before its rename: `key.new` is the only copy of the
    // present key then and must not be overwritten.
    finish(db)?;
    db.keyring.borrow_mut().next_passphrase = None;
    let mut opened = Vec::new();
    for_each_sealed(db, |place, sealed| {
        opened.push(db.open_sealed(place, sealed)?);
        Ok(None)
    })?;
    match new {
        KeySource::Passphrase(passphrase) => {
            db.set_passphrase(&passphrase)?;
            db.keyring.borrow_mut().next_passphrase = Some(passphrase);
        }
        KeySource::KeyFile => {
            let [_, next] = db.keyring.borrow().key_files();
            let (key, text) = generate(db.entropy.as_ref());
            files::replace_private(&next, text.as_bytes()).map_err(|source| {
                files::data_error(&next, "the new key file cannot be made", source)
            })?;
            db.set_key(SealKeys::new(&key)?, FROM_FILE)?;
        }
    }
    let n_secrets = opened.len() as u64;
    let mut opened = opened.into_iter();
    for_each_sealed(db, |place, _| opened.next().map(|plain| db.seal(place, &plain)).transpose())?;
    Ok(n_secrets)
}

/// What is left after the commit, under the write lock so that no other rekey is half done: the
/// key file gets the committed key, or goes away when a passphrase took its place.
pub(super) fn finish(db: &Db) -> Result<(), Fail> {
    let [path, next] = db.keyring.borrow().key_files();
    let told =
        |source: io::Error| files::data_error(&path, "the key file cannot be replaced", source);
    let check = db.meta("key_check")?.unwrap_or_default();
    let from_file = db.meta("key_source")?.as_deref() == Some(FROM_FILE);
    let proves = |file: &std::path::Path| -> Result<bool> {
        Ok(match read_key(file)? {
            Some(key) => SealKeys::new(&key)?.prove(&check),
            None => false,
        })
    };
    if from_file {
        if proves(&next)? {
            files::rename_synced(&next, &path).map_err(told)?;
        }
    } else if path.exists() {
        // Nothing is sealed with it any more; beside old copies of the database it would only leak.
        std::fs::remove_file(&path).map_err(told)?;
    }
    Ok(())
}

/// Visits every sealed text, in the same order each time; what the visit answers replaces it.
pub(super) fn for_each_sealed(
    db: &Db,
    mut visit: impl FnMut(Place<'_>, &str) -> Result<Option<String>, Fail>,
) -> Result<(), Fail> {
    for &(table, column, record, field) in SEALED_COLUMNS {
        let select = format!("SELECT id, {column} FROM {table} WHERE {column} <> '' ORDER BY id");
        let mut statement = db.conn.prepare(&select)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut update =
            db.conn.prepare(&format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1"))?;
        for (id, sealed) in rows {
            if let Some(new) = visit(Place { record, id: &id, field }, &sealed)? {
                update.execute([&id, &new])?;
            }
        }
    }
    Ok(())
}

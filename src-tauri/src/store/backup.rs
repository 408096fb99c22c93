//! Copies of the database, taken and given back while anybody works with it.
//!
//! Owns: what a copy holds, and what of the present survives a restore: usage, leases, and tokens
//! that are newer than the copy's, since a refresh token is good once.
//! Must not know: who asks.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::keyring::{FROM_PASSPHRASE, read_key};
use super::migrations;
use super::seal::{SealKeys, stretch};
use super::{Store, db};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::files;
use crate::secret::Secret;

/// Automatic copies, in the data folder.
const FOLDER: &str = "backups";
/// The key file that belongs to a copy stands beside it, with this at the end of its name.
const KEY_SUFFIX: &str = ".key";

/// How a copy that somebody asked for is called.
const ASKED: &str = "backup-";
/// A copy of what there was before a restore.
const BEFORE_RESTORE: &str = "before-restore-";
/// A copy of what there was before a newer program changed the tables.
const BEFORE_UPGRADE: &str = "schema-";
/// Copies that were asked for and are kept; whoever wants another has to remove one.
const MOST_ASKED: usize = 50;

/// What belongs to the moment, not to the accounts: it stays as it is.
const KEPT: [&str; 6] = ["meta", "tombstones", "leases", "refresh_leases", "sessions", "logins"];
/// What only grows: the copy's rows are added to the present ones.
const JOINED: [&str; 4] = ["usage_hourly", "requests", "lineage", "client_key_spent"];

/// What a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its size in bytes.
    pub bytes: u64,
    /// The key file beside it, if it was wanted and there is one.
    pub key_file: Option<PathBuf>,
}

/// A copy in the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Backup")]
pub struct Kept {
    /// The name of its file.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written.
    #[schemars(with = "String")]
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Timestamp,
    /// Why it was made: somebody `asked`, or before an `upgrade` or a `restore`.
    #[schemars(extend("enum" = ["asked", "upgrade", "restore"]))]
    pub reason: &'static str,
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Accounts there are now.
    pub accounts: u64,
    /// Accounts whose present tokens were newer, and were kept.
    pub newer_tokens_kept: u64,
    /// A copy of what there was before.
    pub before: PathBuf,
}

// === impl Store ===

impl Store {
    /// Copies the database to a file, whole, while others read and write. The secrets in it stay
    /// sealed: `with_key` puts the key file beside it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `path` when something is there; [`Error::Data`] when it cannot be
    /// written.
    pub async fn backup(&self, to: &Path, with_key: bool) -> Result<Copied> {
        self.flush().await?;
        let (data_dir, to) = (self.data_dir().to_owned(), to.to_owned());
        blocking(move || copy(&data_dir, &to, with_key)).await
    }

    /// The same into the data folder, under a name with `stamp` in it. The key is not put beside it.
    ///
    /// # Errors
    /// [`Error::Limited`] when there are too many; as [`Store::backup`].
    pub async fn backup_here(&self, stamp: &str) -> Result<Kept> {
        let asked = self.backups().await?.iter().filter(|it| it.reason == "asked").count();
        if asked >= MOST_ASKED {
            let message = format!("there are {asked} copies already: remove one");
            return Err(Error::Limited { message, retry_after: None });
        }
        let folder = self.backup_folder();
        files::make_private_dir(&folder)?;
        let name = format!("{ASKED}{stamp}.db");
        self.backup(&folder.join(&name), false).await?;
        self.kept(&name).await
    }

    /// Where copies are that this program keeps.
    #[must_use]
    pub fn backup_folder(&self) -> PathBuf {
        self.data_dir().join(FOLDER)
    }

    /// The copies in the data folder, the newest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn backups(&self) -> Result<Vec<Kept>> {
        let folder = self.backup_folder();
        blocking(move || kept_in(&folder)).await
    }

    /// Removes one of them for good.
    ///
    /// # Errors
    /// [`Error::NotFound`]; when it cannot be removed.
    pub async fn remove_backup(&self, name: &str) -> Result<()> {
        // Only what is in the list has a path.
        let path = self.backup_folder().join(self.kept(name).await?.name);
        blocking(move || {
            std::fs::remove_file(&path)
                .map_err(|source| files::data_error(&path, "it cannot be removed", source))
        })
        .await
    }

    async fn kept(&self, name: &str) -> Result<Kept> {
        let kept = self.backups().await?.into_iter().find(|it| it.name == name);
        kept.ok_or_else(|| Error::not_found("backup", name))
    }

    /// Puts a copy in place of the present accounts, keys and groups, in one transaction. What there
    /// was is copied first, under a name with `stamp` in it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `path` when it is no copy, or sealed with a key that is not at hand;
    /// [`Error::NewerSchema`]. Nothing is changed then.
    pub async fn restore(
        &self,
        from: &Path,
        passphrase: Option<&Secret>,
        stamp: &str,
    ) -> Result<Restored> {
        self.flush().await?;
        let (data_dir, from) = (self.data_dir().to_owned(), from.to_owned());
        let before = data_dir.join(FOLDER).join(format!("{BEFORE_RESTORE}{stamp}.db"));
        let passphrase = passphrase.cloned();
        blocking(move || restore(&data_dir, &from, passphrase.as_ref(), before)).await
    }

    /// Whether the database is whole; the text says what is not.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub async fn integrity(&self) -> Result<String> {
        self.read_aside("checking the database", |conn| {
            Ok(conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?)
        })
        .await
    }
}

/// A copy before the schema changes; the one of the same step is replaced.
pub(super) fn before_migration(conn: &Connection, data_dir: &Path, found: i64) -> Result<()> {
    let folder = data_dir.join(FOLDER);
    files::make_private_dir(&folder)?;
    let path = folder.join(format!("{BEFORE_UPGRADE}{found}.db"));
    // Of those who find the old schema at the same time each writes a copy of its own.
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let n_taken = TAKEN.fetch_add(1, Ordering::Relaxed);
    let own = folder.join(format!("{BEFORE_UPGRADE}{found}-{}-{n_taken}.db", std::process::id()));
    let _ = std::fs::remove_file(&own);
    write_copy(conn, &own)?;
    let copied = open(&own, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let schema: i64 = copied.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap_or(0);
    drop(copied);
    // Another process may have changed the schema meanwhile: then its copy is the one of before.
    let kept = match schema == found {
        true => files::rename_synced(&own, &path),
        false => std::fs::remove_file(&own),
    };
    kept.map_err(|source| files::data_error(&path, "the copy cannot be written", source))
}

fn kept_in(folder: &Path) -> Result<Vec<Kept>> {
    let unreadable = |source| files::data_error(folder, "the folder cannot be read", source);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut kept = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(reason) = reason(&name) else { continue };
        // One that goes away meanwhile is none.
        let Ok(about) = entry.metadata() else { continue };
        let written = about.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        let millis = written.and_then(|it| i64::try_from(it.as_millis()).ok());
        let created_at = Timestamp(millis.unwrap_or_default());
        kept.push(Kept { name, bytes: about.len(), created_at, reason });
    }
    kept.sort_by(|a, b| (b.created_at, &b.name).cmp(&(a.created_at, &a.name)));
    Ok(kept)
}

/// Why a copy of that name was made; none if it is no copy that is done.
fn reason(name: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(".db")?;
    [(ASKED, "asked"), (BEFORE_UPGRADE, "upgrade"), (BEFORE_RESTORE, "restore")]
        .into_iter()
        .find_map(|(prefix, reason)| stem.starts_with(prefix).then_some(reason))
}

fn rfc3339<S: Serializer>(it: &Timestamp, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&it.to_rfc3339())
}

fn copy(data_dir: &Path, to: &Path, with_key: bool) -> Result<Copied> {
    let key_file = to.with_file_name(key_name(to));
    for path in [to, &key_file] {
        if path.exists() {
            let message = format!("{} is there already: name another file", path.display());
            return Err(Error::invalid("path", message));
        }
    }
    let conn = open(&data_dir.join(db::FILE_NAME), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let bytes = write_copy(&conn, to)?;
    let key = std::fs::read(data_dir.join(super::keyring::KEY_FILE)).ok().filter(|_| with_key);
    let Some(key) = key else { return Ok(Copied { bytes, key_file: None }) };
    files::create_private(&key_file, &key)
        .map_err(|source| files::data_error(&key_file, "the key cannot be copied", source))?;
    Ok(Copied { bytes, key_file: Some(key_file) })
}

/// Writes a copy that stands alone: one file, no log beside it. Whole or not at all.
fn write_copy(conn: &Connection, to: &Path) -> Result<u64> {
    let failed = |message: &str| Error::Data {
        path: to.to_owned(),
        message: message.to_owned(),
        source: None,
    };
    let partial = to.with_file_name(format!("{}.partial", file_name(to)));
    let _ = std::fs::remove_file(&partial);
    files::make_private_file(&partial)?;
    let copied = (|| -> rusqlite::Result<()> {
        let mut copy = Connection::open(&partial)?;
        Backup::new(conn, &mut copy)?.run_to_completion(
            i32::MAX,
            std::time::Duration::from_millis(10),
            None,
        )?;
        // What a rekey sealed away must not be readable in what was freed.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        copy.execute_batch("VACUUM")
    })();
    if copied.is_err() {
        let _ = std::fs::remove_file(&partial);
        return Err(failed("the copy cannot be written: is there space?"));
    }
    let bytes = std::fs::metadata(&partial).map_or(0, |it| it.len());
    files::rename_synced(&partial, to)
        .map_err(|source| files::data_error(to, "the copy cannot be put there", source))?;
    Ok(bytes)
}

fn restore(
    data_dir: &Path,
    from: &Path,
    passphrase: Option<&Secret>,
    before: PathBuf,
) -> Result<Restored> {
    let scratch = data_dir.join(FOLDER).join("restoring.db");
    let outcome = restore_by(data_dir, from, passphrase, before, &scratch);
    let _ = std::fs::remove_file(&scratch);
    outcome
}

fn restore_by(
    data_dir: &Path,
    from: &Path,
    passphrase: Option<&Secret>,
    before: PathBuf,
    scratch: &Path,
) -> Result<Restored> {
    files::make_private_dir(&data_dir.join(FOLDER))?;
    let no_copy = |why: &str| Error::invalid("path", format!("{}: {why}", from.display()));
    let bad = |_: Error| no_copy("it is no copy of this program's database, or it is damaged");
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(bad)?;
    let whole: rusqlite::Result<String> =
        source.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    if whole.ok().as_deref() != Some("ok") || migrations::found(&source).is_ok_and(|it| it == 0) {
        return Err(no_copy("it is no copy of this program's database, or it is damaged"));
    }
    if let Err(error) = migrations::found(&source) {
        return Err(error.told("reading the copy", from));
    }
    // The copy itself is left as it is: an older schema is brought up to date in another one.
    write_copy(&source, scratch)?;
    drop(source);
    let scratched = open(scratch, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    migrations::apply(&scratched).map_err(|error| error.told("reading the copy", from))?;
    let found = find_key(&scratched, data_dir, from, passphrase)?;
    drop(scratched);

    let live_path = data_dir.join(db::FILE_NAME);
    let live = open(&live_path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let same_key = meta(&live, "key_check").is_none_or(|it| found.keys.prove(&it));
    write_copy(&live, &before)?;
    if let Some(key) = &found.to_install {
        // As in a rekey: whoever looks for the key finds it here until it has its name.
        let next = data_dir.join(super::keyring::NEXT_KEY_FILE);
        files::replace_private(&next, key.expose().as_bytes())
            .map_err(|source| files::data_error(&next, "the key cannot be put there", source))?;
    }
    let (accounts, newer_tokens_kept) = exchange(&live, scratch, same_key).map_err(|source| {
        Error::Store { doing: "restoring the copy; nothing was changed", source }
    })?;
    Ok(Restored { accounts, newer_tokens_kept, before })
}

/// A key that opens what is sealed in a copy.
struct Found {
    keys: SealKeys,
    /// The text of a key file that is not the data folder's yet.
    to_install: Option<Secret>,
}

fn find_key(
    copy: &Connection,
    data_dir: &Path,
    from: &Path,
    passphrase: Option<&Secret>,
) -> Result<Found> {
    let missing = |what: &str| {
        let message = format!("its secrets are sealed with another key: {what}");
        Error::invalid("path", message)
    };
    let check = meta(copy, "key_check").unwrap_or_default();
    if meta(copy, "key_source").as_deref() == Some(FROM_PASSPHRASE) {
        let missing = || missing("set DROID_ENCRYPTION_KEY to the passphrase of that time");
        let passphrase = passphrase.ok_or_else(missing)?;
        let salt = hex::decode(meta(copy, "key_salt").unwrap_or_default()).unwrap_or_default();
        let keys = SealKeys::new(&stretch(passphrase, &salt)?)?;
        return match keys.prove(&check) {
            true => Ok(Found { keys, to_install: None }),
            false => Err(missing()),
        };
    }
    let beside = from.with_file_name(key_name(from));
    let own = [super::keyring::KEY_FILE, super::keyring::NEXT_KEY_FILE].map(|it| data_dir.join(it));
    for path in own.iter().chain([&beside]) {
        let Some(key) = read_key(path)? else { continue };
        let keys = SealKeys::new(&key)?;
        if check.is_empty() || keys.prove(&check) {
            let text = || Secret::new(format!("{}\n", hex::encode(key.as_slice())));
            let to_install = (path == &beside && !check.is_empty()).then(text);
            return Ok(Found { keys, to_install });
        }
    }
    Err(missing(&format!("put the key file of that time beside it, as {}", beside.display())))
}

/// The transaction. Answers how many accounts there are, and of how many the tokens were kept.
fn exchange(live: &Connection, copy: &Path, same_key: bool) -> rusqlite::Result<(u64, u64)> {
    live.execute("ATTACH DATABASE ?1 AS copy", [copy.to_string_lossy()])?;
    live.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = FULL; BEGIN IMMEDIATE;")?;
    let done = exchange_in_transaction(live, same_key);
    match done {
        Ok(done) => live.execute_batch("COMMIT").map(|()| done),
        Err(error) => {
            let _ = live.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

fn exchange_in_transaction(live: &Connection, same_key: bool) -> rusqlite::Result<(u64, u64)> {
    let revision = "SELECT max(CAST(value AS INTEGER)) + 1 FROM (
                        SELECT value FROM main.meta WHERE name = 'revision'
                        UNION ALL SELECT value FROM copy.meta WHERE name = 'revision')";
    let revision: i64 = live.query_row(revision, [], |row| row.get(0))?;
    live.execute_batch(
        "CREATE TEMP TABLE newer AS
             SELECT m.id, m.access, m.refresh, m.refresh_fingerprint, m.token_expires_at,
                    m.last_refresh_at, m.status, m.error
             FROM main.accounts m JOIN copy.accounts c ON c.id = m.id
             WHERE m.refresh_fingerprint IS NOT NULL
                   AND coalesce(m.last_refresh_at, 0) > coalesce(c.last_refresh_at, 0);
         CREATE TEMP TABLE gone AS
             SELECT 'account' AS kind, id FROM main.accounts
                 WHERE id NOT IN (SELECT id FROM copy.accounts)
             UNION ALL SELECT 'key', id FROM main.api_keys
                 WHERE id NOT IN (SELECT id FROM copy.api_keys)
             UNION ALL SELECT 'group', id FROM main.groups
                 WHERE id NOT IN (SELECT id FROM copy.groups)
             UNION ALL SELECT 'client_key', id FROM main.client_keys
                 WHERE id NOT IN (SELECT id FROM copy.client_keys);",
    )?;
    for table in tables(live)? {
        if JOINED.contains(&table.as_str()) {
            live.execute_batch(&format!(
                "INSERT OR IGNORE INTO main.{table} SELECT * FROM copy.{table};"
            ))?;
        } else if !KEPT.contains(&table.as_str()) {
            live.execute_batch(&format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM copy.{table};"
            ))?;
        }
    }
    let n_newer = if same_key {
        live.execute(
            "UPDATE main.accounts SET (access, refresh, refresh_fingerprint, token_expires_at,
                                       last_refresh_at, status, error)
                 = (SELECT access, refresh, refresh_fingerprint, token_expires_at,
                           last_refresh_at, status, error FROM newer WHERE newer.id = accounts.id)
             WHERE id IN (SELECT id FROM newer)",
            [],
        )?
    } else {
        live.execute("DELETE FROM main.logins", [])?;
        0
    };
    live.execute_batch(
        "DELETE FROM main.meta WHERE name LIKE 'key!_%' ESCAPE '!';
         INSERT INTO main.meta SELECT * FROM copy.meta WHERE name LIKE 'key!_%' ESCAPE '!';
         DELETE FROM main.tombstones;",
    )?;
    for table in ["accounts", "groups", "client_keys"] {
        live.execute(&format!("UPDATE main.{table} SET revision = ?1, edited = ?1"), [revision])?;
    }
    live.execute("UPDATE main.api_keys SET revision = ?1", [revision])?;
    live.execute("INSERT INTO main.tombstones SELECT kind, id, ?1 FROM gone", [revision])?;
    live.execute(
        "UPDATE main.meta SET value = CAST(?1 AS TEXT) WHERE name = 'revision'",
        [revision],
    )?;
    for table in ["leases", "refresh_leases", "sessions", "lineage"] {
        live.execute_batch(&format!(
            "DELETE FROM main.{table} WHERE account_id NOT IN (SELECT id FROM main.accounts);"
        ))?;
    }
    live.execute_batch(
        "DELETE FROM main.client_key_spent
             WHERE client_key_id NOT IN (SELECT id FROM main.client_keys);
         DELETE FROM main.sessions WHERE key_id IS NOT NULL
             AND key_id NOT IN (SELECT id FROM main.api_keys);
         DROP TABLE newer; DROP TABLE gone;",
    )?;
    let accounts: i64 = live.query_row("SELECT count(*) FROM main.accounts", [], |it| it.get(0))?;
    Ok((u64::try_from(accounts).unwrap_or(0), n_newer as u64))
}

fn tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM main.sqlite_schema
               WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn meta(conn: &Connection, name: &str) -> Option<String> {
    conn.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).ok()
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags)
        .and_then(|conn| conn.busy_timeout(std::time::Duration::from_secs(10)).map(|()| conn));
    conn.map_err(|_| Error::Data {
        path: path.to_owned(),
        message: "it cannot be opened".to_owned(),
        source: None,
    })
}

fn key_name(of: &Path) -> String {
    format!("{}{KEY_SUFFIX}", file_name(of))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|_| Err(Error::Internal("a defect in a copy".to_owned())))
}

//! The host's own database, as far as it holds secrets of ours.
//!
//! Owns: reading rows of its `plugin_credentials` and blanking their secrets (host contract: that
//! table is not encrypted).
//! Must not know: what is in the rows.

use std::path::Path;

use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// How an SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
const UNREADABLE: &str = "it has no table plugin_credentials that can be read";

/// One credential that the host's dialog stored.
#[derive(Clone, Debug)]
pub struct HostRow {
    /// Its id there.
    pub id: String,
    /// As the host calls it.
    pub auth_type: String,
    /// What the person called it.
    pub display_name: Option<String>,
    /// JSON, in spite of the column's name.
    pub config: Secret,
}

/// True when the file is an SQLite database.
#[must_use]
pub fn is_database(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// The rows of this plugin.
///
/// # Errors
/// [`Error::Invalid`] for `path` when the file is no database of the host's.
pub fn read_host_rows(path: &Path) -> Result<Vec<HostRow>> {
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    opened.and_then(|conn| rows(&conn)).map_err(|_| wrong(path, UNREADABLE))
}

/// The same of a database that was sent, which is never on this machine's disk. What its log beside
/// it holds is not in it.
///
/// # Errors
/// [`Error::Invalid`] for `content_base64` when it is no database of the host's.
pub fn read_host_bytes(mut bytes: Vec<u8>) -> Result<Vec<HostRow>> {
    /// Where an SQLite file says that there is a log beside it, and what it says where there is none.
    const LOGGED: std::ops::Range<usize> = 18..20;
    const NOT_LOGGED: u8 = 1;
    if let Some(versions) = bytes.get_mut(LOGGED) {
        versions.fill(NOT_LOGGED);
    }
    let read = || -> rusqlite::Result<Vec<HostRow>> {
        let mut conn = Connection::open_in_memory()?;
        // Somebody else wrote the schema: nothing in it is to be run.
        conn.pragma_update(None, "trusted_schema", "OFF")?;
        conn.deserialize_read_exact(MAIN_DB, bytes.as_slice(), bytes.len(), true)?;
        rows(&conn)
    };
    read().map_err(|_| Error::invalid("content_base64", UNREADABLE))
}

/// Takes the secrets out of these rows; the rows stay, so that the host still shows them.
///
/// # Errors
/// [`Error::Invalid`] for `path` when the host's database cannot be written.
pub fn blank_host_rows(path: &Path, ids: &[String]) -> Result<usize> {
    let blank = || -> rusqlite::Result<usize> {
        let mut conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.busy_timeout(std::time::Duration::from_secs(10))?;
        // What is freed is overwritten: a secret would stay readable in the file.
        conn.pragma_update(None, "secure_delete", "ON")?;
        let transaction = conn.transaction()?;
        let mut n_blanked = 0;
        for id in ids {
            let sql = "UPDATE plugin_credentials SET config_encrypted = '{}' WHERE id = ?1";
            n_blanked += transaction.execute(sql, [id])?;
        }
        transaction.commit()?;
        // The same for its log, where it keeps one.
        let _ = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(n_blanked)
    };
    blank().map_err(|_| wrong(path, "it cannot be written: is ProxyCast still running?"))
}

fn rows(conn: &Connection) -> rusqlite::Result<Vec<HostRow>> {
    let mut statement = conn.prepare(
        "SELECT id, auth_type, display_name, config_encrypted FROM plugin_credentials
         WHERE plugin_id IN ('droid-provider', 'droid') ORDER BY created_at, id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(HostRow {
            id: row.get(0)?,
            auth_type: row.get(1)?,
            display_name: row.get(2)?,
            config: Secret::new(row.get::<_, Option<String>>(3)?.unwrap_or_default()),
        })
    })?;
    rows.collect()
}

fn wrong(path: &Path, message: &str) -> Error {
    Error::invalid("path", format!("{}: {message}", path.display()))
}

//! The host's own database, as far as it holds secrets of ours.
//!
//! Owns: reading rows of its `plugin_credentials` and blanking their secrets (host contract: that
//! table is not encrypted).
//! Must not know: what is in the rows.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// How an SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

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
    let read = || -> rusqlite::Result<Vec<HostRow>> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
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
    };
    read().map_err(|_| wrong(path, "it has no table plugin_credentials that can be read"))
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

fn wrong(path: &Path, message: &str) -> Error {
    Error::invalid("path", format!("{}: {message}", path.display()))
}

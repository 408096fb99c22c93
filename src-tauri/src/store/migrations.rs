//! The schema, step by step.
//!
//! Owns: the numbered scripts of `store/migrations` and their application. A script that was
//! released is never changed; a new one is added.
//! Must not know: what the tables are for.

use rusqlite::Connection;

use super::fail::Fail;
use crate::error::Error;

/// Script n leads from schema n to schema n + 1.
const SCRIPTS: &[&str] =
    &[include_str!("migrations/001_start.sql"), include_str!("migrations/002_gateway.sql")];

/// The schema this program writes.
pub(super) fn newest() -> i64 {
    i64::try_from(SCRIPTS.len()).unwrap_or(i64::MAX)
}

/// The schema of the file; 0 for a new one.
pub(super) fn found(conn: &Connection) -> Result<i64, Fail> {
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > newest() {
        return Err(Error::NewerSchema { found, known: newest() }.into());
    }
    Ok(found)
}

/// Brings the schema up to date. Runs inside a write transaction of the caller, so that of two
/// processes the second finds nothing left to do.
pub(super) fn apply(conn: &Connection) -> Result<(), Fail> {
    let found = found(conn)?;
    let n_done = usize::try_from(found).unwrap_or(0);
    for script in SCRIPTS.iter().skip(n_done) {
        conn.execute_batch(script)?;
    }
    conn.pragma_update(None, "user_version", newest())?;
    Ok(())
}

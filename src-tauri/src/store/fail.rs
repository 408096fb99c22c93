//! How a failure inside the store becomes an [`Error`].
//!
//! Owns: [`Fail`] and the reading of SQLite's result codes.
//! Must not know: tables.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::Error;

/// A failure inside a job: already told, or still in SQLite's words.
#[derive(Debug)]
pub(crate) enum Fail {
    /// Told already.
    Told(Error),
    /// SQLite's own.
    Sql(rusqlite::Error),
}

// === impl Fail ===

impl Fail {
    /// The error for the caller. A full disk, a read-only or a corrupted file are the folder's
    /// fault and say so; the rest is the database's.
    pub(super) fn told(self, doing: &'static str, database: &Path) -> Error {
        match self {
            Self::Told(error) => error,
            Self::Sql(source) => sql_error(source, doing, database),
        }
    }
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<rusqlite::Error> for Fail {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// See [`Fail::told`].
pub(super) fn sql_error(source: rusqlite::Error, doing: &'static str, database: &Path) -> Error {
    let message = match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "the disk is full: nothing of this change was written".to_owned()
        }
        Some(ErrorCode::ReadOnly) => "it cannot be written: it is read-only".to_owned(),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "it cannot be opened: check that the folder exists and can be written".to_owned()
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "it is damaged and was left as it is: restore it from a backup, or move it away to \
             start anew"
                .to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => {
            format!("the operating system failed to read or write it while {doing}")
        }
        _ => return Error::Store { doing, source },
    };
    let source = Some(std::io::Error::other(source));
    Error::Data { path: database.to_owned(), message, source }
}

/// The same error once more, for each caller that waited on one transaction.
pub(super) fn again(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        other => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
            Some(other.to_string()),
        ),
    }
}

//! The texts for a wrong or lost key.
//!
//! Owns: counting and naming the records that cannot be read.
//! Must not know: how keys are proven.

use super::db::Db;
use super::fail::Fail;
use crate::error::Error;

/// Why the key is not the right one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lost {
    PassphraseUnset,
    PassphraseWrong,
    PassphraseUnexpected,
    FileMissing,
    FileWrong,
}

/// What cannot be read without the key.
pub(super) struct Sealed {
    pub(super) n_secrets: i64,
    names: Vec<String>,
    n_more: usize,
}

impl std::fmt::Display for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} stored secrets", self.n_secrets)?;
        if !self.names.is_empty() {
            write!(f, " (of `{}`", self.names.join("`, `"))?;
            if self.n_more > 0 {
                write!(f, " and {} more", self.n_more)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

// === impl Db ===

impl Db {
    /// The error that names what cannot be read, and where the key came from.
    pub(super) fn wrong_key(&self, lost: Lost) -> Result<Error, Fail> {
        let sealed = self.sealed()?;
        let [path, _] = self.keyring.borrow().key_files();
        let path = path.display();
        let what = sealed.to_string();
        let message = match lost {
            Lost::PassphraseUnset => {
                format!("DROID_ENCRYPTION_KEY is not set, and {what} were sealed with it")
            }
            Lost::PassphraseWrong => {
                format!("DROID_ENCRYPTION_KEY is not the one that {what} were sealed with")
            }
            Lost::PassphraseUnexpected => format!(
                "DROID_ENCRYPTION_KEY is set, but {what} were sealed with the key file {path}: \
                 unset it, or change the key with `rekey`"
            ),
            Lost::FileMissing => {
                format!("the key file {path} is missing, and {what} were sealed with it")
            }
            Lost::FileWrong => {
                format!("the key file {path} is not the one that {what} were sealed with")
            }
        };
        Ok(Error::WrongKey { message })
    }

    /// Counts and names what is sealed.
    pub(super) fn sealed(&self) -> Result<Sealed, Fail> {
        const SHOWN: usize = 10;
        let count =
            "SELECT (SELECT coalesce(sum((access <> '') + (refresh <> '') + (proxy <> '')), 0)
                             FROM accounts)
                          + (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM logins
                             WHERE secret <> '')";
        let n_secrets: i64 = self.conn.query_row(count, [], |row| row.get(0))?;
        let mut statement = self.conn.prepare(
            "SELECT name FROM accounts WHERE access <> '' OR refresh <> '' OR proxy <> ''
                OR EXISTS (SELECT 1 FROM api_keys WHERE account_id = accounts.id)
             ORDER BY created_at, id",
        )?;
        let names = statement.query_map([], |row| row.get(0))?;
        let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
        let n_more = names.len().saturating_sub(SHOWN);
        Ok(Sealed { n_secrets, names: names.into_iter().take(SHOWN).collect(), n_more })
    }
}

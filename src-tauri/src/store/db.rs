//! The open database: connection, key and settings.
//!
//! Owns: [`Db`], opening and its errors, the connection's pragmas.
//! Must not know: what the tables are for.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fail::{Fail, sql_error};
use super::keyring::Keyring;
use super::usage::Sums;
use super::{Durability, StoreOptions, migrations};
use crate::clock::Entropy;
use crate::error::{Error, Result};
use crate::files;

pub(super) const FILE_NAME: &str = "droid.db";
/// Owners' lock files.
pub(super) const RUN_DIR: &str = "run";
/// Pages of the log before it is moved into the database: few, since a process reads the whole log
/// when it is the first to open the store.
const CHECKPOINT_PAGES: i64 = 256;

/// What a job works with.
pub(crate) struct Db {
    pub(crate) conn: Connection,
    pub(super) keyring: RefCell<Keyring>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) path: PathBuf,
    pub(super) run_dir: PathBuf,
    /// Usage of the running transaction, to be written before its COMMIT.
    pub(super) used: RefCell<Sums>,
    durability: Cell<Option<Durability>>,
}

// === impl Db ===

impl Db {
    pub(super) fn open(options: StoreOptions) -> Result<Self> {
        let StoreOptions { data_dir, passphrase, entropy } = options;
        files::make_private_dir(&data_dir)?;
        let path = data_dir.join(FILE_NAME);
        files::make_private_file(&path)?;
        let db = Self::connect(&path)
            .map(|conn| Self {
                conn,
                keyring: RefCell::new(Keyring::new(data_dir.clone(), passphrase)),
                entropy,
                run_dir: data_dir.join(RUN_DIR),
                used: RefCell::default(),
                path: path.clone(),
                durability: Cell::new(None),
            })
            .map_err(|source| sql_error(source, "opening it", &path))?;
        db.prepare().map_err(|fail| fail.told("opening it", &path))?;
        Ok(db)
    }

    /// The commit of the next transaction lasts this long. Must not be called inside one.
    pub(super) fn set_durability(&self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability.get() != Some(durability) {
            self.durability.set(None);
            self.conn.execute_batch(match durability {
                Durability::Normal => "PRAGMA synchronous = NORMAL",
                Durability::Full => "PRAGMA synchronous = FULL",
            })?;
            self.durability.set(Some(durability));
        }
        Ok(())
    }

    /// Runs `f` in a write transaction of its own, durable; for what is not a job.
    pub(super) fn transaction<T>(
        &self,
        f: impl FnOnce(&Self) -> Result<T, Fail>,
    ) -> Result<T, Fail> {
        self.set_durability(Durability::Full)?;
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let result = f(self).and_then(|it| {
            self.conn.execute_batch("COMMIT")?;
            Ok(it)
        });
        if result.is_err() && !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        result
    }

    fn connect(path: &std::path::Path) -> rusqlite::Result<Connection> {
        // NO_MUTEX: one thread owns it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(path, flags)?;
        conn.busy_handler(Some(wait_for_lock))?;
        // A process for each call opens and closes all the time: the log stays between them.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_prepared_statement_cache_capacity(128);
        conn.execute_batch(&format!(
            "PRAGMA foreign_keys = ON; PRAGMA fullfsync = ON; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
        ))?;
        Ok(conn)
    }

    /// SQLite does not wait for the lock here when another process does the same.
    fn switch_to_wal(&self) -> rusqlite::Result<()> {
        let mut n_tries = 0;
        loop {
            match self.conn.pragma_update(None, "journal_mode", "WAL") {
                Err(error)
                    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                        && wait_for_lock(n_tries) =>
                {
                    n_tries += 1;
                }
                other => return other,
            }
        }
    }

    fn prepare(&self) -> Result<(), Fail> {
        let found = migrations::found(&self.conn)?;
        if found < migrations::newest() {
            if let (1.., Some(data_dir)) = (found, self.path.parent()) {
                super::backup::before_migration(&self.conn, data_dir, found)?;
            }
            self.switch_to_wal()?;
            self.transaction(|db| migrations::apply(&db.conn))?;
        }
        let mode: String = self.conn.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            let message = format!("its journal mode is `{mode}`, not `wal`: is the folder local?");
            return Err(Error::Data { path: self.path.clone(), message, source: None }.into());
        }
        self.open_keyring()
    }
}

/// A connection that writes nothing, for a thread of its own. The database is open already.
pub(super) fn connect_to_read(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_handler(Some(wait_for_lock))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA query_only = ON")?;
    Ok(conn)
}

/// Waits 1 ms, later 5 ms, in all some 10 s: SQLite's own steps of up to 100 ms make fifty
/// processes wait longer than they must.
fn wait_for_lock(n_tries: i32) -> bool {
    const SHORT: i32 = 20;
    const MOST: i32 = 2000;
    std::thread::sleep(Duration::from_millis(if n_tries < SHORT { 1 } else { 5 }));
    n_tries < MOST
}

//! What is kept on disk: accounts, keys, groups, sessions, leases, sign-ins, client keys, requests,
//! usage.
//!
//! Owns: [`Store`], the handle; one thread behind it owns the SQLite connection that writes, another
//! one that serves reads which may take long. Secrets are sealed
//! before they reach a row and opened after they leave one.
//! Must not know: what picks among accounts, HTTP, any face. Ids and times are given from above.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::clock::Entropy;
use crate::error::{Error, Result};
use crate::secret::Secret;

mod account_rows;
mod accounts;
mod backup;
mod changes;
mod client_keys;
mod codec;
mod db;
mod envelope;
mod fail;
mod groups;
mod health;
mod host_rows;
mod keyring;
mod keys;
mod leases;
mod logins;
mod migrations;
mod queue;
mod reader;
mod refresh;
mod rekey;
mod requests;
mod seal;
mod sealer;
mod sessions;
mod statistics;
mod touches;
mod usage;
mod worker;
mod wrong_key;

#[cfg(test)]
mod tests;

pub use accounts::{AccountPatch, NewAccount, NewTokens};
pub use backup::{Copied, Kept, Restored};
pub use changes::Changes;
pub use client_keys::{ClientKey, ClientKeyChanges, ClientLimits, Spent, SpentElsewhere};
pub use envelope::{Envelope, RelayKey};
pub use health::{HealthRow, KeyHealth};
pub use host_rows::{HostRow, blank_host_rows, is_database, read_host_bytes, read_host_rows};
pub use keys::{KeyOutcome, KeyRef, Mode, NewKey, Outcome};
pub use leases::LeaseRow;
pub use logins::{LoginPatch, LoginRow, LoginState};
pub use rekey::KeySource;
pub use requests::{AttemptRow, RequestFilter, RequestRow};
#[cfg(fuzzing)]
pub use seal::fuzzing;
pub use seal::open_old;
pub use sealer::StoreSealer;
pub use sessions::SessionRow;
pub use statistics::{MEASURED, Percentiles, Span, Step, Waits, WeekHour};
pub use usage::{UsageBy, UsageFilter, UsageRow, UsageTotal};

use db::Db;
use fail::Fail;
use queue::{Job, Queue, Ran};
use reader::Reader;

/// What [`Store::open`] needs.
pub struct StoreOptions {
    /// The data folder; made (mode 0700) if it is not there.
    pub data_dir: PathBuf,
    /// `DROID_ENCRYPTION_KEY`; without it a key file in the data folder is used, and made if the
    /// store is new.
    pub passphrase: Option<Secret>,
    /// For initialisation vectors, salts and keys.
    pub entropy: Arc<dyn Entropy>,
}

/// How long a write must last before its caller is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// It survives the death of the process.
    Normal,
    /// It survives the loss of power: the log is fsynced.
    Full,
}

/// The handle: cheap to clone, shared by all tasks. Every write is answered after its COMMIT.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    /// For reads that may take long.
    reader: Reader,
    data_dir: PathBuf,
    has_passphrase: bool,
    published: keyring::Published,
    entropy: Arc<dyn Entropy>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The folder of lock files in a data folder.
#[must_use]
pub fn run_dir(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join(db::RUN_DIR)
}

// === impl Store ===

impl Store {
    /// Opens the store, making and migrating it as needed.
    ///
    /// # Errors
    /// `Data` when the folder or a file in it cannot be used (not writable, full, corrupted),
    /// `NewerSchema`, and `WrongKey` when the key at hand is not the one the records were sealed
    /// with (a passphrase is only checked when a secret is first needed, or by
    /// [`Store::check_key`]). Nothing is overwritten in any of these cases.
    pub async fn open(options: StoreOptions) -> Result<Self> {
        let data_dir = options.data_dir.clone();
        let has_passphrase = options.passphrase.is_some();
        let entropy = Arc::clone(&options.entropy);
        let queue = Arc::new(Queue::new());
        let (sender, receiver) = oneshot::channel();
        let thread = {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name("store".to_owned())
                .spawn(move || match Db::open(options) {
                    Ok(db) => {
                        let published = Arc::clone(&db.keyring.borrow().published);
                        // A caller that has gone away drops the store, which closes the queue.
                        let _ = sender.send(Ok(published));
                        worker::run(&db, &queue);
                    }
                    Err(error) => {
                        let _ = sender.send(Err(error));
                    }
                })
                .map_err(|source| Error::Internal(format!("no thread for the store: {source}")))?
        };
        let opened =
            receiver.await.map_err(|_| Error::Internal("the store's thread ended".to_owned()))?;
        let (published, thread) = (opened?, Mutex::new(Some(thread)));
        let reader = Reader::new(&data_dir);
        let inner = Inner { queue, reader, data_dir, has_passphrase, published, entropy, thread };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Writes what is pending and ends the thread. Calls after it answer [`Error::Stopping`].
    ///
    /// # Errors
    /// When what was pending could not be written.
    pub async fn close(&self) -> Result<()> {
        let flushed = match self.flush().await {
            Err(Error::Stopping) => Ok(()),
            other => other,
        };
        self.inner.queue.close();
        let reader = self.inner.reader.close();
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        for thread in [thread, reader].into_iter().flatten() {
            // Joining only waits for what is queued; a panic of the thread was already told to
            // the callers it hit.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        flushed
    }

    /// Writes what [`Store::touch`] and [`Store::touch_session`] have left to be written. What the
    /// database refuses stays pending and is tried again.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn flush(&self) -> Result<()> {
        self.inner.queue.make_touches_due();
        self.write(Durability::Normal, "writing what was pending", |_| Ok(())).await
    }

    /// Seals what has to be safe before the store can be asked.
    #[must_use]
    pub fn sealer(&self) -> StoreSealer {
        let (published, entropy) =
            (Arc::clone(&self.inner.published), Arc::clone(&self.inner.entropy));
        StoreSealer { published, entropy }
    }

    /// `passphrase` or `key_file`.
    #[must_use]
    pub fn key_source(&self) -> &'static str {
        if self.inner.has_passphrase { "passphrase" } else { "key_file" }
    }

    /// The folder of lock files, for [`crate::owner::Owner::claim`].
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        run_dir(&self.inner.data_dir)
    }

    /// The folder it lives in.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        &self.inner.data_dir
    }

    /// Runs a read. It sees one consistent state and never waits for another process's write.
    pub(crate) async fn read<T, F>(&self, doing: &'static str, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T, Fail> + Send + 'static,
    {
        self.submit(None, doing, f).await
    }

    /// Runs a write in the next transaction and answers after its COMMIT. An error undoes this
    /// write only.
    pub(crate) async fn write<T, F>(
        &self,
        durability: Durability,
        doing: &'static str,
        f: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T, Fail> + Send + 'static,
    {
        self.submit(Some(durability), doing, f).await
    }

    /// Derives the key of a passphrase before a write that needs it: scrypt must not run while the
    /// write lock is held.
    pub(crate) async fn warm_key(&self) -> Result<()> {
        if self.inner.has_passphrase { self.check_key().await } else { Ok(()) }
    }

    async fn submit<T, F>(
        &self,
        durability: Option<Durability>,
        doing: &'static str,
        f: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T, Fail> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let run = move |db: Result<&Db>| {
            let result = db.and_then(|db| f(db).map_err(|fail| fail.told(doing, &db.path)));
            let ok = result.is_ok();
            let answer = move |batch_failed: Option<Error>| {
                // A caller that stopped waiting does not need the answer.
                let _ = sender.send(match batch_failed {
                    Some(error) if result.is_ok() => Err(error),
                    _ => result,
                });
            };
            Ran { ok, answer: Box::new(answer) }
        };
        self.inner.queue.push(Job { durability, run: Box::new(run) }).await?;
        receiver.await.unwrap_or_else(|_| Err(Error::Internal(format!("a defect while {doing}"))))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data_dir", &self.inner.data_dir).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("data_dir", &self.data_dir)
            .field("passphrase", &self.passphrase)
            .finish_non_exhaustive()
    }
}

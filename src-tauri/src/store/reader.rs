//! Reads that may take long, beside the writes.
//!
//! Owns: [`Reader`]: a thread with a read-only connection of its own, begun by the first such read;
//! its bounded queue and its end.
//! Must not know: tables, what a read is for.
//!
//! The database is in WAL mode: a read sees what was committed when it began, and neither waits for
//! a write nor holds one up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Store;
use super::db;
use super::fail::{Fail, sql_error};
use crate::error::{Error, Result};

/// Reads that may wait; a caller beyond them waits for its turn to queue.
const CAPACITY: usize = 64;

/// SQLite's steps between two looks at whether the read is to be broken off: a millisecond's worth.
const STEPS: i32 = 10_000;

/// One read; given an error instead of the database, it only tells its caller.
type Read = Box<dyn FnOnce(Result<&Connection>) + Send>;

/// The thread, once it is needed.
pub(super) struct Reader {
    path: PathBuf,
    state: Mutex<State>,
    /// Breaks off the read that is under way.
    over: Arc<AtomicBool>,
}

enum State {
    Idle,
    Running { queue: mpsc::Sender<Read>, thread: JoinHandle<()> },
    Closed,
}

// === impl Reader ===

impl Reader {
    /// Of the database in a data folder. Nothing is opened yet.
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(db::FILE_NAME),
            state: Mutex::new(State::Idle),
            over: Arc::default(),
        }
    }

    /// Runs a read; it sees one consistent state.
    pub(super) async fn read<T, F>(&self, doing: &'static str, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fail> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let path = self.path.clone();
        let read = move |conn: Result<&Connection>| {
            // Nobody waits for it any more.
            if sender.is_closed() {
                return;
            }
            let done =
                conn.and_then(|conn| consistent(conn, f).map_err(|fail| fail.told(doing, &path)));
            let _ = sender.send(done);
        };
        let queue = self.queue()?;
        queue.send(Box::new(read)).await.map_err(|_| Error::Stopping)?;
        drop(queue);
        receiver.await.unwrap_or_else(|_| match *self.state() {
            State::Closed => Err(Error::Stopping),
            _ => Err(Error::Internal(format!("a defect while {doing}"))),
        })
    }

    /// Ends the thread: what it reads is broken off, what waits is not begun. The handle is for who
    /// wants to wait for it.
    pub(super) fn close(&self) -> Option<JoinHandle<()>> {
        self.over.store(true, Ordering::Relaxed);
        match std::mem::replace(&mut *self.state(), State::Closed) {
            State::Running { thread, .. } => Some(thread),
            State::Idle | State::Closed => None,
        }
    }

    fn queue(&self) -> Result<mpsc::Sender<Read>> {
        let mut state = self.state();
        match &*state {
            State::Running { queue, .. } => return Ok(queue.clone()),
            State::Closed => return Err(Error::Stopping),
            State::Idle => {}
        }
        let (queue, reads) = mpsc::channel(CAPACITY);
        let (path, over) = (self.path.clone(), Arc::clone(&self.over));
        let thread = std::thread::Builder::new()
            .name("store-reader".to_owned())
            .spawn(move || run(&path, &over, reads))
            .map_err(|source| Error::Internal(format!("no thread for reads: {source}")))?;
        *state = State::Running { queue: queue.clone(), thread };
        Ok(queue)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}

// === impl Store ===

impl Store {
    /// Runs a read that may take long on the thread for such reads: no write waits for it. What was
    /// answered as written before is seen.
    pub(super) async fn read_aside<T, F>(&self, doing: &'static str, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fail> + Send + 'static,
    {
        self.inner.reader.read(doing, f).await
    }
}

/// Works until there is nobody left who could ask.
fn run(path: &Path, over: &Arc<AtomicBool>, mut reads: mpsc::Receiver<Read>) {
    let mut open: Option<Connection> = None;
    while let Some(read) = reads.blocking_recv() {
        if over.load(Ordering::Relaxed) {
            read(Err(Error::Stopping));
            continue;
        }
        let conn = match open.take().map_or_else(|| connect(path, over), Ok) {
            Ok(conn) => open.insert(conn),
            Err(source) => {
                read(Err(sql_error(source, "opening it to read", path)));
                continue;
            }
        };
        // A panic in a read must not take the others down: its caller is told by the lost answer.
        let _ = catch_unwind(AssertUnwindSafe(|| read(Ok(conn))));
        if !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK");
        }
    }
}

fn connect(path: &Path, over: &Arc<AtomicBool>) -> rusqlite::Result<Connection> {
    let mut conn = db::connect_to_read(path)?;
    let over = Arc::clone(over);
    conn.progress_handler(STEPS, Some(move || over.load(Ordering::Relaxed)))?;
    Ok(conn)
}

fn consistent<T>(
    conn: &Connection,
    f: impl FnOnce(&Connection) -> Result<T, Fail>,
) -> Result<T, Fail> {
    conn.execute_batch("BEGIN")?;
    let result = f(conn);
    // A read transaction has nothing to lose.
    let _ = conn.execute_batch("COMMIT");
    result
}

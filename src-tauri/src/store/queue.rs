//! The way from tasks to the store's thread.
//!
//! Owns: the bounded queue of jobs and the writes that may wait a little ([`Touches`]).
//! Must not know: SQL, what a job does.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Durability;
use super::db::Db;
use super::touches::Touches;
use crate::error::{Error, Result};

/// Jobs that may wait; a caller beyond them waits for its turn to queue.
const CAPACITY: usize = 1024;
/// Jobs of one transaction.
const BATCH: usize = 512;
/// How long a touch may wait for others to share its transaction.
const TOUCH_DELAY: Duration = Duration::from_millis(500);

/// One piece of work.
pub(super) struct Job {
    /// None for a pure read.
    pub(super) durability: Option<Durability>,
    /// Runs it; given an error instead of the database, it only tells its caller.
    pub(super) run: Box<Run>,
}

type Run = dyn FnOnce(Result<&Db>) -> Ran + Send;

/// A job that ran and whose caller still waits.
pub(super) struct Ran {
    /// False undoes what it wrote.
    pub(super) ok: bool,
    /// Answers its caller: with its own result, unless the transaction failed as a whole.
    pub(super) answer: Box<dyn FnOnce(Option<Error>) + Send>,
}

/// What the thread does next.
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
    /// Empty while they are not due.
    pub(super) touches: Touches,
    /// Nothing will come after this batch.
    pub(super) last: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    room: Semaphore,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    touches: Touches,
    touches_due: Option<Instant>,
    closed: bool,
}

// === impl Queue ===

impl Queue {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), ready: Condvar::new(), room: Semaphore::new(CAPACITY) }
    }

    /// Queues a job, waiting for room.
    pub(super) async fn push(&self, job: Job) -> Result<()> {
        let Ok(permit) = self.room.acquire().await else { return Err(Error::Stopping) };
        let mut state = self.state();
        if state.closed {
            return Err(Error::Stopping);
        }
        // The room is given back when the job is taken out.
        permit.forget();
        state.jobs.push_back(job);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Adds to what is written behind; never waits.
    pub(super) fn touch(&self, add: impl FnOnce(&mut Touches)) {
        let mut state = self.state();
        add(&mut state.touches);
        if state.touches_due.is_none() {
            state.touches_due = Some(Instant::now() + TOUCH_DELAY);
            drop(state);
            self.ready.notify_one();
        }
    }

    /// Puts touches back that could not be written, to be tried again later.
    pub(super) fn restore(&self, touches: Touches) {
        self.touch(|now| now.merge_older(touches));
    }

    /// Makes the next batch take the touches.
    pub(super) fn make_touches_due(&self) {
        let mut state = self.state();
        if !state.touches.is_empty() {
            state.touches_due = Some(Instant::now());
        }
    }

    /// No more jobs; those queued are still done.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.room.close();
        self.ready.notify_all();
    }

    /// Waits for work.
    pub(super) fn next(&self) -> Batch {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let due = state.touches_due.is_some_and(|due| due <= now) || state.closed;
            if !state.jobs.is_empty() || due {
                break;
            }
            state = match state.touches_due {
                Some(due) => {
                    let waited = self.ready.wait_timeout(state, due - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let n_jobs = state.jobs.len().min(BATCH);
        let jobs: Vec<Job> = state.jobs.drain(..n_jobs).collect();
        self.room.add_permits(n_jobs);
        let due = state.touches_due.is_some_and(|due| due <= Instant::now()) || state.closed;
        let touches = if due {
            state.touches_due = None;
            std::mem::take(&mut state.touches)
        } else {
            Touches::default()
        };
        Batch { jobs, touches, last: state.closed && state.jobs.is_empty() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

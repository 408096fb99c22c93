//! The store's thread: many jobs, one transaction.
//!
//! Owns: group commit, save points, retries of BEGIN.
//! Must not know: tables, what a job does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Durability;
use super::db::Db;
use super::fail::{again, sql_error};
use super::queue::{Batch, Job, Queue, Ran};
use super::touches::Touches;
use crate::error::Error;

/// Each waits as long as the busy handler does.
const BEGIN_TRIES: u32 = 3;

/// Works until the queue is closed and empty.
pub(super) fn run(db: &Db, queue: &Queue) {
    loop {
        let Batch { jobs, touches, last } = queue.next();
        let (reads, writes): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|it| it.durability.is_none());
        // Whoever waits for a write before reading has its answer already, so reads may go first:
        // they need no write lock and are not held up by another process's.
        if !reads.is_empty() {
            run_reads(db, reads);
        }
        if !writes.is_empty() || !touches.is_empty() {
            run_writes(db, queue, writes, touches);
        }
        if last {
            return;
        }
    }
}

fn run_reads(db: &Db, jobs: Vec<Job>) {
    if let Err(source) = db.conn.execute_batch("BEGIN") {
        return refuse(db, jobs, &source, "beginning to read");
    }
    for job in jobs {
        if let Some(ran) = run_one(db, job) {
            (ran.answer)(None);
        }
    }
    // A read transaction has nothing to lose.
    let _ = db.conn.execute_batch("COMMIT");
}

fn run_writes(db: &Db, queue: &Queue, jobs: Vec<Job>, touches: Touches) {
    let durability = jobs.iter().filter_map(|it| it.durability).max();
    if let Err(source) = begin(db, durability.unwrap_or(Durability::Normal)) {
        if !touches.is_empty() {
            queue.restore(touches);
        }
        return refuse(db, jobs, &source, "waiting for the write lock");
    }
    let mut done = Vec::with_capacity(jobs.len());
    let mut jobs = jobs.into_iter();
    let touched = write_touches(db, &touches);
    while !db.conn.is_autocommit() {
        let Some(job) = jobs.next() else { break };
        done.extend(run_in_savepoint(db, job));
    }
    let committed = commit(db);
    if let Err(source) = &committed {
        if !db.conn.is_autocommit() {
            let _ = db.conn.execute_batch("ROLLBACK");
        }
        refuse(db, jobs.collect(), source, "committing");
    }
    if (committed.is_err() || !touched) && !touches.is_empty() {
        queue.restore(touches);
    }
    for ran in done {
        let failed = committed.as_ref().err();
        (ran.answer)(failed.map(|it| sql_error(again(it), "committing", &db.path)));
    }
}

/// Takes the write lock, with the wished durability of the commit.
fn begin(db: &Db, durability: Durability) -> Result<(), rusqlite::Error> {
    db.set_durability(durability)?;
    let mut tries = 1;
    loop {
        match db.conn.execute_batch("BEGIN IMMEDIATE") {
            Err(error) if is_busy(&error) && tries < BEGIN_TRIES => tries += 1,
            other => return other,
        }
    }
}

/// Writes the usage its jobs left to be written, and ends the transaction.
fn commit(db: &Db) -> Result<(), rusqlite::Error> {
    let used = db.used.take();
    // SQLite may undo the whole transaction by itself when the disk is full or fails: the job that
    // hit it tells so, the others were only unlucky and may try again.
    if db.conn.is_autocommit() {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
        return Err(rusqlite::Error::SqliteFailure(code, None));
    }
    used.write(db)?;
    db.conn.execute_batch("COMMIT")
}

fn run_in_savepoint(db: &Db, job: Job) -> Option<Ran> {
    if let Err(source) = savepoint(db) {
        refuse(db, vec![job], &source, "beginning a write");
        return None;
    }
    let ran = run_one(db, job);
    let ok = ran.as_ref().is_some_and(|it| it.ok);
    end_savepoint(db, ok);
    ran
}

fn write_touches(db: &Db, touches: &Touches) -> bool {
    if touches.is_empty() {
        return true;
    }
    if savepoint(db).is_err() {
        return false;
    }
    let written = touches.write(db).is_ok();
    end_savepoint(db, written);
    written
}

/// Keeps or undoes one job's writes. Where that fails nothing of the transaction may be kept; the
/// caller sees that it is gone.
fn end_savepoint(db: &Db, ok: bool) {
    let undone = if ok { Ok(()) } else { db.conn.execute_batch("ROLLBACK TO job") };
    let ended = undone.and_then(|()| run_cached(db, "RELEASE job"));
    if ended.is_err() && !db.conn.is_autocommit() {
        let _ = db.conn.execute_batch("ROLLBACK");
    }
}

fn savepoint(db: &Db) -> rusqlite::Result<()> {
    run_cached(db, "SAVEPOINT job")
}

/// These run for each job: they are not parsed each time.
fn run_cached(db: &Db, sql: &str) -> rusqlite::Result<()> {
    db.conn.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// A panic in a job must not take the store down: its caller is told by the lost answer.
fn run_one(db: &Db, job: Job) -> Option<Ran> {
    catch_unwind(AssertUnwindSafe(|| (job.run)(Ok(db)))).ok()
}

fn refuse(db: &Db, jobs: Vec<Job>, source: &rusqlite::Error, doing: &'static str) {
    for job in jobs {
        let error: Error = sql_error(again(source), doing, &db.path);
        ((job.run)(Err(error)).answer)(None);
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

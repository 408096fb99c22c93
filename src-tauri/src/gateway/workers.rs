//! The threads that serve.
//!
//! Owns: [`Workers`]: starting them, anew where one dies; spreading connections; their end.
//! Must not know: HTTP, routes.
//!
//! A connection is served by one thread from its beginning to its end, and so is the connection to
//! upstream that its requests need: what a piece of an answer sets in motion wakes no other thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::server::Limits;
use crate::error::{Error, Result};

/// The threads; each `T` given to them is served by one.
pub(super) struct Workers<T> {
    workers: Vec<Worker<T>>,
    /// Starts the one of this number.
    start: Box<dyn Fn(usize) -> Result<Worker<T>> + Send + Sync>,
}

struct Worker<T> {
    /// What it is to serve and has not begun with.
    queue: mpsc::Sender<T>,
    /// How many it serves or is to serve.
    busy: Arc<AtomicUsize>,
    /// Told when the last of them has ended.
    idle: oneshot::Receiver<()>,
    /// Dropped, its runtime ends.
    stay: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The end of threads that serve nothing any more, but on which work may go on.
pub(super) struct Idle(Vec<(oneshot::Sender<()>, JoinHandle<()>)>);

// === impl Workers ===

impl<T: Send + 'static> Workers<T> {
    /// Starts `threads` of them; `serving` makes what each serves one `T` with.
    ///
    /// # Errors
    /// When the system has no thread or no file for one.
    pub(super) fn start<S, F>(
        threads: usize,
        limits: &Limits,
        serving: impl Fn() -> S + Send + Sync + 'static,
    ) -> Result<Self>
    where
        S: Fn(T) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        // Whoever gives holds a place of all connections: one queue can have all of them, and no
        // more.
        let (room, drain) = (limits.connections.max(1), limits.drain);
        let start = Box::new(move |n| Worker::start(n, room, drain, serving()));
        let workers = (0..threads).map(&start).collect::<Result<_>>()?;
        Ok(Self { workers, start })
    }

    /// Has it served by the worker that has the fewest. Where there is none it is dropped.
    pub(super) fn give(&mut self, it: T) {
        self.replace_dead();
        let living = self.workers.iter().filter(|it| !it.is_dead());
        let fewest = living.min_by_key(|it| it.busy.load(Ordering::Relaxed));
        let Some(worker) = fewest else { return };
        worker.busy.fetch_add(1, Ordering::Relaxed);
        // It died just now: the connection is closed, and the client asks again.
        if worker.queue.try_send(it).is_err() {
            log::error!("a connection is lost with the thread that was to serve it");
        }
    }

    /// A thread that panicked outside of what it served is started anew.
    fn replace_dead(&mut self) {
        for (n, worker) in self.workers.iter_mut().enumerate().filter(|(_, it)| it.is_dead()) {
            log::error!("thread {n} that serves has panicked, and all it served with it");
            match (self.start)(n) {
                Ok(started) => *worker = started,
                // The others serve meanwhile, and the next connection tries again.
                Err(error) => log::error!("{error}"),
            }
        }
    }

    /// Takes no more; waits until what is in flight has ended or was cut.
    pub(super) async fn end(self) -> Idle {
        let told: Vec<_> = self.workers.into_iter().map(Worker::end).collect();
        let mut idle = Vec::with_capacity(told.len());
        for (ended, thread) in told {
            // One that has panicked serves nothing either.
            let _ = ended.await;
            idle.push(thread);
        }
        Idle(idle)
    }
}

// === impl Worker ===

impl<T: Send + 'static> Worker<T> {
    fn start<F: Future<Output = ()> + Send + 'static>(
        n: usize,
        room: usize,
        drain: Duration,
        serve: impl Fn(T) -> F + Send + 'static,
    ) -> Result<Self> {
        let busy = Arc::<AtomicUsize>::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|it| cannot_start(&it))?;
        let (queue, coming) = mpsc::channel(room);
        let (told, idle) = oneshot::channel();
        let (stay, leave) = oneshot::channel();
        let served = Arc::clone(&busy);
        let work = move || {
            runtime.block_on(async {
                serve_all(coming, serve, &served, drain).await;
                let _ = told.send(());
                // What goes on after the answers needs this runtime.
                let _ = leave.await;
            });
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name(format!("serve-{n}")).spawn(work);
        let thread = thread.map_err(|it| cannot_start(&it))?;
        Ok(Self { queue, busy, idle, stay, thread })
    }

    /// Its end of the queue is gone before it is told to end: it has panicked.
    fn is_dead(&self) -> bool {
        self.queue.is_closed()
    }

    fn end(self) -> (oneshot::Receiver<()>, (oneshot::Sender<()>, JoinHandle<()>)) {
        // Its queue ends here.
        (self.idle, (self.stay, self.thread))
    }
}

// === impl Idle ===

impl Idle {
    /// Ends the threads.
    pub(super) fn end(self) {
        for (stay, thread) in self.0 {
            drop(stay);
            // A panic of it was logged where it happened.
            let _ = thread.join();
        }
    }
}

/// Serves what comes, until nothing comes any more and what is in flight has ended.
async fn serve_all<T, F: Future<Output = ()> + Send + 'static>(
    mut coming: mpsc::Receiver<T>,
    serve: impl Fn(T) -> F,
    busy: &AtomicUsize,
    drain: Duration,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // Ended ones are let go as they end: their results are kept till then.
            Some(_) = open.join_next() => {
                busy.fetch_sub(1, Ordering::Relaxed);
            }
            come = coming.recv() => match come {
                Some(it) => {
                    open.spawn(serve(it));
                }
                None => break,
            },
        }
    }
    let ended = async { while open.join_next().await.is_some() {} };
    if timeout(drain, ended).await.is_err() {
        log::warn!("{} connections are cut: they did not end in time", open.len());
        open.shutdown().await;
    }
}

fn cannot_start(error: &std::io::Error) -> Error {
    Error::Internal(format!("a thread cannot be started: {error}"))
}

#[cfg(test)]
mod tests;

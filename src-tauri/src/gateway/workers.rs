//! The threads that serve.
//!
//! Owns: [`Workers`]: starting them, spreading connections over them, their end.
//! Must not know: HTTP, routes.
//!
//! A connection is served by one thread from its beginning to its end, and so is the connection to
//! upstream that its requests need: what a piece of an answer sets in motion wakes no other thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use axum::Router;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::server::{self, Accepted, Limits};
use crate::error::{Error, Result};

/// The threads.
pub(super) struct Workers(Vec<Worker>);

struct Worker {
    /// Its connections to come; bounded by the room for connections.
    queue: mpsc::UnboundedSender<Accepted>,
    /// How many it serves.
    busy: Arc<AtomicUsize>,
    /// Told when the last of its connections has ended.
    idle: oneshot::Receiver<()>,
    /// Dropped, its runtime ends.
    stay: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The end of threads that serve nothing any more, but on which work may go on.
pub(super) struct Idle(Vec<(oneshot::Sender<()>, JoinHandle<()>)>);

/// What a worker serves with.
#[derive(Clone)]
struct Task {
    router: Router,
    limits: Limits,
    stopped: watch::Receiver<bool>,
    busy: Arc<AtomicUsize>,
}

// === impl Workers ===

impl Workers {
    /// Starts `threads` of them; `router` makes what each serves with.
    ///
    /// # Errors
    /// When the system has no thread or no file for one.
    pub(super) fn start(
        threads: usize,
        router: impl Fn() -> Router,
        limits: &Limits,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Self> {
        let start = |n: usize| {
            let busy = Arc::<AtomicUsize>::default();
            let task = Task {
                router: router(),
                limits: *limits,
                stopped: stopped.clone(),
                busy: Arc::clone(&busy),
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|it| cannot_start(&it))?;
            let (queue, coming) = mpsc::unbounded_channel();
            let (told, idle) = oneshot::channel();
            let (stay, leave) = oneshot::channel();
            let work = move || {
                runtime.block_on(async {
                    task.serve(coming).await;
                    let _ = told.send(());
                    // What goes on after the answers needs this runtime.
                    let _ = leave.await;
                });
                runtime.shutdown_background();
            };
            let thread = std::thread::Builder::new().name(format!("serve-{n}")).spawn(work);
            let thread = thread.map_err(|it| cannot_start(&it))?;
            Ok(Worker { queue, busy, idle, stay, thread })
        };
        (0..threads).map(start).collect::<Result<_>>().map(Self)
    }

    /// Has a connection served by the worker that has the fewest.
    pub(super) fn give(&self, accepted: Accepted) {
        let fewest = self.0.iter().min_by_key(|it| it.busy.load(Ordering::Relaxed));
        let Some(worker) = fewest else { return };
        worker.busy.fetch_add(1, Ordering::Relaxed);
        // One that is gone has panicked: the connection is closed, and the client asks again.
        if worker.queue.send(accepted).is_err() {
            log::error!("a thread that serves is gone");
        }
    }

    /// Takes no more; waits until what is in flight has ended or was cut.
    pub(super) async fn end(self) -> Idle {
        let told: Vec<_> = self.0.into_iter().map(Worker::end).collect();
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

impl Worker {
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

// === impl Task ===

impl Task {
    /// Serves what comes, until nothing comes any more and what is in flight has ended.
    async fn serve(self, mut coming: mpsc::UnboundedReceiver<Accepted>) {
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                // Ended ones are let go as they end: their results are kept till then.
                Some(_) = open.join_next() => {
                    self.busy.fetch_sub(1, Ordering::Relaxed);
                }
                accepted = coming.recv() => match accepted {
                    Some(accepted) => {
                        let Self { router, limits, stopped, .. } = self.clone();
                        open.spawn(server::connection(router, limits, accepted, stopped));
                    }
                    None => break,
                },
            }
        }
        let ended = async { while open.join_next().await.is_some() {} };
        if timeout(self.limits.drain, ended).await.is_err() {
            log::warn!("{} connections are cut: they did not end in time", open.len());
            open.shutdown().await;
        }
    }
}

fn cannot_start(error: &std::io::Error) -> Error {
    Error::Internal(format!("a thread cannot be started: {error}"))
}

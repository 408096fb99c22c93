//! Work that goes on after its request was answered.
//!
//! Owns: [`Tasks`]: starting it, and waiting for all of it before the program ends.
//! Must not know: what the work is.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Tasks that somebody waits for at the end. Clones are the same set.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: AtomicUsize,
    ended: Notify,
}

/// Counts a task for as long as it lives, however it ends.
struct Running(Arc<Inner>);

// === impl Tasks ===

impl Tasks {
    /// Starts a task.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(Arc::clone(&self.0));
        tokio::spawn(async move {
            // Moved in: it is dropped with the task, after the work.
            let _running = running;
            work.await;
        });
    }

    /// How many have not ended.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    /// Waits until none is left.
    pub async fn settle(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.running() == 0 {
                return;
            }
            ended.await;
        }
    }
}

// === impl Running ===

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_task_is_waited_for_also_one_that_panics_or_is_cut() {
        let tasks = Tasks::default();
        let (open, mut gate) = tokio::sync::watch::channel(());
        for _ in 0..10 {
            let mut gate = gate.clone();
            tasks.spawn(async move { drop(gate.changed().await) });
        }
        tasks.spawn(async { panic!("a defect") });
        let settled = tokio::spawn({
            let tasks = tasks.clone();
            async move { tasks.settle().await }
        });
        tokio::task::yield_now().await;
        assert!(!settled.is_finished(), "ten of them wait");
        open.send_replace(());
        settled.await.expect("it settles");
        assert_eq!(tasks.running(), 0);
        tasks.settle().await;
        drop(gate.changed().await);
    }
}

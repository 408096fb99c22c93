//! A sign of life for what takes longer than a second.
//!
//! Owns: when it appears and where: on stderr, and only at a terminal.
//! Must not know: what is being done.

use std::future::Future;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Quicker than this nobody needs to be told.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);

/// Waits for the work; after a second a line shows that it goes on, and for how long.
pub(crate) async fn shown<T>(doing: &str, work: impl Future<Output = T>) -> T {
    let mut work = Box::pin(work);
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    if let Ok(done) = tokio::time::timeout(PATIENCE, &mut work).await {
        return done;
    }
    let line = spinner(doing.to_owned(), "{spinner} {msg} ({elapsed})");
    let done = work.await;
    line.finish_and_clear();
    done
}

/// How far a work of many parts is, as [`shown`]: after a second, at a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

// === impl Progress ===

impl Progress {
    /// Nothing is done yet, and nothing is shown.
    pub(crate) fn new(doing: String, parts: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(parts as u64), ProgressDrawTarget::hidden());
        let template = "{prefix} {wide_bar} {pos} of {len}{msg} ({elapsed})";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar: bar.with_prefix(doing) }
    }

    /// Waits for some of the work.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        let patience = PATIENCE.saturating_sub(self.bar.elapsed());
        if let Ok(done) = tokio::time::timeout(patience, &mut work).await {
            return done;
        }
        if self.bar.is_hidden() && std::io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
        }
        work.await
    }

    /// So many parts are done.
    pub(crate) fn reached(&self, parts: usize, note: String) {
        self.bar.set_message(note);
        self.bar.set_position(parts as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line that turns until it is cleared.
pub(crate) fn spinner(message: String, template: &str) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_message(message);
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style);
    }
    line.enable_steady_tick(TICK);
    line
}

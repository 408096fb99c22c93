//! A sign of life for what takes longer than a second.
//!
//! Owns: when it appears and where: on stderr, and only at a terminal.
//! Must not know: what is being done.

use std::future::Future;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

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

/// A line that turns until it is cleared.
pub(crate) fn spinner(message: String, template: &str) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_message(message);
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style);
    }
    line.enable_steady_tick(TICK);
    line
}

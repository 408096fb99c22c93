//! Logs on stderr.
//!
//! Owns: the level, the form of a line, which crates may speak, the last lines of this process.
//! Must not know: what is logged. No secret reaches a log: what could hold one has a Debug that
//! shows `****`, and crates that print URLs or headers are kept silent at every level.

use std::collections::VecDeque;
use std::io::Write as _;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter};

use crate::config::env::{self, Env};

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Line {
    /// RFC 3339.
    pub time: String,
    /// Its weight.
    pub level: Level,
    /// The module it comes from.
    pub target: String,
    /// For a person.
    pub message: String,
}

/// Lines that are kept to be asked for.
const KEPT: usize = 2000;
/// A line that is kept is at most so long, in characters.
const LONGEST: usize = 2000;

static RECENT: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());

/// The last lines of this process that weigh as much or more, oldest first.
#[must_use]
pub fn recent(least: Level, limit: usize) -> Vec<Line> {
    let lines = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    let fitting = lines.iter().rev().filter(|it| it.level <= least).take(limit);
    let mut fitting: Vec<Line> = fitting.cloned().collect();
    fitting.reverse();
    fitting
}

/// Starts logging: warnings and errors, all of our own with `DROID_DEBUG`, or what `RUST_LOG`
/// says. Does nothing when it was started before. Panics are told from here on by their place
/// alone.
pub fn start(env: &dyn Env) {
    start_at(env, LevelFilter::Warn);
}

/// The same, with what is logged where nobody says: a command that answers once and tells its own
/// failures logs errors alone.
pub fn start_at(env: &dyn Env, usual: LevelFilter) {
    let debug = env.get(env::DEBUG).is_some_and(|it| is_on(&it));
    let level = match env.get(env::RUST_LOG).as_deref().map(str::trim) {
        Some("off") => LevelFilter::Off,
        Some("error") => LevelFilter::Error,
        Some("warn") => LevelFilter::Warn,
        Some("info") => LevelFilter::Info,
        Some("debug") => LevelFilter::Debug,
        Some("trace") => LevelFilter::Trace,
        _ if debug => LevelFilter::Debug,
        _ => usual,
    };
    let mut builder = env_logger::Builder::new();
    builder.filter_module("droid_provider", level).filter_module("droid_protocol", level);
    builder.format(|line, record| {
        let time = chrono::DateTime::<chrono::Utc>::from(line_time());
        let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let message = record.args().to_string();
        let written = writeln!(line, "{time} {:5} {}: {message}", record.level(), record.target());
        let (level, target) = (record.level(), record.target().to_owned());
        keep(Line { time, level, target, message: message.chars().take(LONGEST).collect() });
        written
    });
    // A second start is a test's: the first one stays.
    let _ = builder.try_init();
    std::panic::set_hook(Box::new(|panic| log::error!("{}", panic_text(panic.location()))));
}

fn keep(line: Line) {
    let mut lines = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() >= KEPT {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// A panic's own message may quote what it stumbled over (slicing a text says the whole text), and
/// that may be a secret: only the place is told.
fn panic_text(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |it| format!(" at {}:{}", it.file(), it.line()));
    format!("a defect of this program{place}")
}

#[expect(clippy::disallowed_methods, reason = "the time of a log line decides nothing")]
fn line_time() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

fn is_on(text: &str) -> bool {
    !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "off" | "no")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::config::env::ProcessEnv;

    const CHILD: &str = "DROID_TEST_PANICS";
    const ME: &str = "logging::tests::a_panic_tells_its_place_and_never_its_message";

    /// The hook is the whole process's: it is tried in a process of its own, this test once more.
    #[test]
    fn a_panic_tells_its_place_and_never_its_message() {
        if std::env::var_os(CHILD).is_some() {
            start(&ProcessEnv);
            let text = "fk-canary-\u{e9}".to_owned();
            // The standard text of this panic quotes the whole of what was to be cut.
            let cut = std::panic::catch_unwind(|| text[..11].len());
            assert!(cut.is_err());
            let told = std::panic::catch_unwind(|| panic!("{text}"));
            assert!(told.is_err());
            return;
        }
        let out = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", ME, "--nocapture"])
            .env(CHILD, "1")
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .output()
            .expect("ran");
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{stderr}");
        assert_eq!(stderr.matches("a defect of this program at ").count(), 2, "{stderr}");
        assert!(stderr.contains("logging.rs:"), "{stderr}");
        assert!(!stderr.contains("canary"), "{stderr}");
        assert!(!String::from_utf8_lossy(&out.stdout).contains("canary"));
    }
}

//! Logs on stderr.
//!
//! Owns: the level, the form of a line, and which crates may speak.
//! Must not know: what is logged. No secret reaches a log: what could hold one has a Debug that
//! shows `****`, and crates that print URLs or headers are kept silent at every level.

use std::io::Write as _;
use std::panic::Location;

use log::LevelFilter;

use crate::config::env::{self, Env};

/// Starts logging: warnings and errors, all of our own with `DROID_DEBUG`, or what `RUST_LOG`
/// says. Does nothing when it was started before. Panics are told from here on by their place
/// alone.
pub fn start(env: &dyn Env) {
    let debug = env.get(env::DEBUG).is_some_and(|it| is_on(&it));
    let level = match env.get(env::RUST_LOG).as_deref().map(str::trim) {
        Some("off") => LevelFilter::Off,
        Some("error") => LevelFilter::Error,
        Some("info") => LevelFilter::Info,
        Some("debug") => LevelFilter::Debug,
        Some("trace") => LevelFilter::Trace,
        _ if debug => LevelFilter::Debug,
        _ => LevelFilter::Warn,
    };
    let mut builder = env_logger::Builder::new();
    builder.filter_module("droid_provider", level).filter_module("droid_protocol", level);
    builder.format(|line, record| {
        let time = chrono::DateTime::<chrono::Utc>::from(line_time());
        let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        writeln!(line, "{time} {:5} {}: {}", record.level(), record.target(), record.args())
    });
    // A second start is a test's: the first one stays.
    let _ = builder.try_init();
    std::panic::set_hook(Box::new(|panic| log::error!("{}", panic_text(panic.location()))));
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

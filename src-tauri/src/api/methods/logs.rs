//! `list_logs`.
//!
//! Owns: the params and results of this method.
//! Must not know: who logs what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Registered, Table};
use crate::api::params::or_default;
use crate::error::{Error, Result};
use crate::logging;

/// Lines when nobody says how many, and at most.
const USUAL: usize = 200;
const MOST: usize = 2000;

#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// The least weight.
    #[serde(default, deserialize_with = "or_default")]
    level: Level,
    /// Lines, at most 2000.
    #[serde(default)]
    limit: Option<usize>,
}

/// The weight of a line.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "LogLevel")]
enum Level {
    Error,
    Warn,
    Info,
    #[default]
    Debug,
    Trace,
}

/// The last lines, oldest first.
#[derive(Serialize, JsonSchema)]
struct Logs {
    lines: Vec<Line>,
}

/// A line of the log.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LogLine")]
struct Line {
    time: String,
    level: Level,
    /// The module it comes from.
    target: String,
    message: String,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("list_logs", |_, it: Ask| async move { list(&it) })
}

fn list(it: &Ask) -> Result<Logs> {
    let limit = it.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", "expected 1 to 2000"));
    }
    let lines = logging::recent(it.level.into(), limit).into_iter().map(|line| Line {
        time: line.time,
        level: line.level.into(),
        target: line.target,
        message: line.message,
    });
    Ok(Logs { lines: lines.collect() })
}

// === impl Level ===

impl From<Level> for log::Level {
    fn from(it: Level) -> Self {
        match it {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
            Level::Trace => Self::Trace,
        }
    }
}

impl From<log::Level> for Level {
    fn from(it: log::Level) -> Self {
        match it {
            log::Level::Error => Self::Error,
            log::Level::Warn => Self::Warn,
            log::Level::Info => Self::Info,
            log::Level::Debug => Self::Debug,
            log::Level::Trace => Self::Trace,
        }
    }
}

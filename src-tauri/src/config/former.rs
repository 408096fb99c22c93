//! Settings of droid2api (seeds S2 and S3) and what has their place here.
//!
//! Owns: the one table of them, for the configuration, for files that are imported, for the
//! environment and for the documents.
//! Must not know: where a setting was found, who is told.

use super::env::Env;

/// A setting and what has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its name there.
    pub name: &'static str,
    /// What has its place here, as an end of "instead: ".
    pub instead: &'static str,
}

const fn former(name: &'static str, instead: &'static str) -> Former {
    Former { name, instead }
}

/// Keys of its `config.json`, of the `config` in its `key_pool.json`, and of its `/admin/config`.
pub const KEYS: &[Former] = &[
    former(
        "algorithm",
        "`scheduling.strategy` chooses among accounts, `settings.api_key.strategy` among keys",
    ),
    former("retry", "`scheduling.max_attempts` says how many accounts a request may try"),
    former(
        "autoBan",
        "there is nothing to set: a 402 bans a key, other faults let it pause (docs/faults.md)",
    ),
    former(
        "performance",
        "concurrency is a limit of each account and client key, time is `timeout_ms`",
    ),
    former("multiTier", "groups are the tiers: `save_group` gives each its priority"),
    former(
        "redis",
        "there is nothing to set: state is in memory, and shared through the data folder",
    ),
    former("cluster", "there is nothing to set: one process uses every processor"),
    former("keepAlive", "there is nothing to set: connections to upstream are kept and shared"),
    former("batch", "there is nothing to set: usage is written together every few seconds"),
    former("port", "`gateway.listen`, `serve --listen`, or PORT in the environment"),
    former("dev_mode", "DROID_DEBUG in the environment"),
    former("endpoint", "`settings.factory.endpoints`"),
];

/// Variables of its environment that mean nothing here.
pub const VARIABLES: &[Former] = &[
    former("REDIS_HOST", "there is nothing to set: no Redis, state is in memory and on disk"),
    former("REDIS_PORT", "there is nothing to set: no Redis, state is in memory and on disk"),
    former("REDIS_PASSWORD", "there is nothing to set: no Redis, state is in memory and on disk"),
    former("REDIS_DB", "there is nothing to set: no Redis, state is in memory and on disk"),
    former("CLUSTER_MODE", "there is nothing to set: one process uses every processor"),
    former("CLUSTER_WORKERS", "there is nothing to set: there is a thread for each processor"),
    former("SYNC_INTERVAL_MINUTES", "there is nothing to set: usage is counted as it happens"),
    former("BATCH_SIZE", "there is nothing to set: usage is written together every few seconds"),
];

/// What has the place of a key.
#[must_use]
pub fn of_key(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|it| it.name == name).map(|it| it.instead)
}

/// What is said of a key that is here under another name, or not at all.
#[must_use]
pub fn no_such_key(instead: &str) -> String {
    format!("there is no such key here; instead: {instead}")
}

/// Those of the variables that are set.
pub fn set(env: &dyn Env) -> impl Iterator<Item = Former> {
    let is_set = |it: &&Former| env.get(it.name).is_some_and(|value| !value.trim().is_empty());
    VARIABLES.iter().filter(is_set).copied()
}

//! The data folder, the key, the database, the configuration.
//!
//! Owns: what their modes must be, what can be wrong with them.
//! Must not know: how they are written.

use std::path::Path;

use super::Check;
use crate::app::App;
use crate::config::env::{self, Env};
use crate::config::{Live, former};

/// Files that nobody else may read.
const PRIVATE: [&str; 4] = ["droid.db", "droid.db-wal", "droid.db-shm", "key"];

/// The folder and the modes in it.
pub(super) fn folder(env: &dyn Env) -> Vec<Check> {
    const NAME: &str = "data folder";
    let Ok(folder) = env::data_dir(env) else {
        let hint = "name one with DROID_DATA_DIR";
        return vec![Check::wrong(NAME, "there is no home folder", hint)];
    };
    if !folder.exists() {
        return vec![Check::ok(NAME, format!("{} (made when needed)", shown(&folder)))];
    }
    let loose: Vec<String> = std::iter::once((folder.clone(), 0o077))
        .chain(PRIVATE.iter().map(|it| (folder.join(it), 0o077)))
        .filter(|(path, mask)| is_open_to_others(path, *mask))
        .map(|(path, _)| shown(&path))
        .collect();
    let mut checks = vec![Check::ok(NAME, shown(&folder))];
    if loose.is_empty() {
        checks.push(Check::ok("permissions", "only you can read it"));
    } else {
        let hint = format!("chmod go= {}", loose.join(" "));
        checks.push(Check::wrong("permissions", "others can read your accounts", hint));
    }
    checks
}

pub(super) fn configuration(config: &Live) -> Check {
    let origin = config.origin();
    let files: Vec<String> = origin.files.iter().map(|it| shown(it)).collect();
    let text = if files.is_empty() { "defaults".to_owned() } else { files.join(", ") };
    Check::ok("configuration", text)
}

/// Variables of droid2api that somebody may believe to be in force.
pub(super) fn environment(env: &dyn Env) -> Vec<Check> {
    let told = |it: former::Former| {
        let message = format!("{} means nothing here", it.name);
        Check::warning("environment", message, format!("take it away; {}", it.instead))
    };
    former::set(env).map(told).collect()
}

/// What is in the database, and whether it can be opened.
pub(super) async fn database(app: &App) -> Vec<Check> {
    let mut checks = Vec::new();
    let copies = "restore a copy: restore FILE; automatic ones are in the folder `backups`";
    match app.store.integrity().await {
        Ok(text) if text == "ok" => checks.push(Check::ok("database", "whole")),
        Ok(text) => checks.push(Check::wrong("database", text, copies)),
        Err(error) => checks.push(Check::wrong("database", error.to_string(), copies)),
    }
    let source = app.store.key_source().replace('_', " ");
    match app.store.check_key().await {
        Ok(()) => checks.push(Check::ok("key", format!("{source}, the right one"))),
        Err(error) => {
            let hint = "give back the former key (DROID_ENCRYPTION_KEY or the key file)";
            checks.push(Check::wrong("key", error.to_string(), hint));
            return checks;
        }
    }
    match app.store.damaged_secrets().await {
        Ok(damaged) if damaged.is_empty() => {
            checks.push(Check::ok("secrets", "each can be opened"));
        }
        Ok(damaged) => {
            let hint = "delete what it names and add it again, or restore a copy";
            checks.push(Check::wrong("secrets", damaged.join("; "), hint));
        }
        Err(error) => checks.push(Check::wrong("secrets", error.to_string(), copies)),
    }
    checks
}

/// A path for a person.
fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(unix)]
fn is_open_to_others(path: &Path, mask: u32) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & mask != 0)
}

/// A person's folders are theirs alone there.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path, _mask: u32) -> bool {
    false
}

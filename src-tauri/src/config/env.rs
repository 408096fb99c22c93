//! Every environment variable there is.
//!
//! Owns: their names, [`Env`], the platform's folders.
//! Must not know: what the values are used for.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// Passphrase that secrets are sealed with; without it a key file in the data folder is used.
pub const ENCRYPTION_KEY: &str = "DROID_ENCRYPTION_KEY";
/// `1` or `true` logs more; never a secret.
pub const DEBUG: &str = "DROID_DEBUG";
/// Overrides `timeout_ms`.
pub const TIMEOUT_MS: &str = "DROID_TIMEOUT_MS";
/// Overrides `settings.token_refresh.refresh_interval_hours`.
pub const REFRESH_INTERVAL_HOURS: &str = "DROID_REFRESH_INTERVAL_HOURS";
/// Overrides `usage.retention_days`.
pub const DATA_RETENTION_DAYS: &str = "DATA_RETENTION_DAYS";
/// The data folder.
pub const DATA_DIR: &str = "DROID_DATA_DIR";
/// The configuration file; no other is read then.
pub const CONFIG: &str = "DROID_CONFIG";
/// The gateway's admin key.
pub const ADMIN_ACCESS_KEY: &str = "ADMIN_ACCESS_KEY";
/// A client key of the gateway.
pub const API_ACCESS_KEY: &str = "API_ACCESS_KEY";
/// The gateway's port.
pub const PORT: &str = "PORT";
/// A Factory API key, imported as an account.
pub const FACTORY_API_KEY: &str = "FACTORY_API_KEY";
/// `off`, `error`, `warn`, `info`, `debug` or `trace`: what is logged.
pub const RUST_LOG: &str = "RUST_LOG";
/// A refresh token, imported as an account.
pub const REFRESH_KEY: &str = "DROID_REFRESH_KEY";

const APPLICATION: &str = "droid-provider";

/// What the program asks of its surroundings. Tests hand in their own.
pub trait Env: Send + Sync {
    /// A variable's value.
    fn get(&self, name: &str) -> Option<String>;

    /// The folder for this program's configuration.
    fn config_dir(&self) -> Option<PathBuf>;

    /// The folder in which every program keeps its configuration.
    fn config_home(&self) -> Option<PathBuf> {
        None
    }

    /// The person's home folder.
    fn home(&self) -> Option<PathBuf>;

    /// The folder for this program's data, unless [`DATA_DIR`] names one.
    fn data_home(&self) -> Option<PathBuf>;
}

/// The process's own surroundings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnv;

/// The data folder: [`DATA_DIR`], else the platform's. Never the plugin's own folder, which the host
/// deletes on update.
///
/// # Errors
/// `Config` when there is neither.
pub fn data_dir(env: &dyn Env) -> Result<PathBuf> {
    let named = env.get(DATA_DIR).filter(|it| !it.is_empty()).map(PathBuf::from);
    named.or_else(|| env.data_home()).ok_or_else(|| Error::Config {
        origin: "environment".to_owned(),
        message: format!("there is no home folder: name a data folder with {DATA_DIR}"),
    })
}

// === impl ProcessEnv ===

impl Env for ProcessEnv {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn config_dir(&self) -> Option<PathBuf> {
        directories::ProjectDirs::from("", "", APPLICATION).map(|it| it.config_dir().to_owned())
    }

    fn config_home(&self) -> Option<PathBuf> {
        directories::BaseDirs::new().map(|it| it.config_dir().to_owned())
    }

    fn home(&self) -> Option<PathBuf> {
        directories::BaseDirs::new().map(|it| it.home_dir().to_owned())
    }

    fn data_home(&self) -> Option<PathBuf> {
        directories::ProjectDirs::from("", "", APPLICATION).map(|it| it.data_dir().to_owned())
    }
}

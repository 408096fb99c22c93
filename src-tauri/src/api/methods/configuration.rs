//! `get_config`, `update_config`, `config_schema`.
//!
//! Owns: the params and results of these methods.
//! Must not know: what a setting does.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{None_, Registered, Table};
use crate::config::{self, ConfigPatch, ConfigValue, Live};

#[derive(Deserialize, JsonSchema)]
struct Update {
    config: ConfigPatch,
    /// Refuse the change if the configuration is at another revision by now.
    #[serde(default)]
    revision: Option<u64>,
}

/// The configuration in force.
#[derive(Serialize, JsonSchema)]
struct ConfigShown {
    config: ConfigValue,
    /// For `update_config`: what it was read at.
    revision: u64,
    /// Keys that are read when a process starts.
    needs_restart: Vec<&'static str>,
    origin: ConfigOrigin,
}

/// Where it was read and where changes go.
#[derive(Serialize, JsonSchema)]
struct ConfigOrigin {
    /// Each over the one before.
    files: Vec<PathBuf>,
    user_file: Option<PathBuf>,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table
        .add("get_config", |context, _: None_| async move { Ok(shown(context.config().await?)) })?;
    table.add("update_config", |context, it: Update| async move {
        let live = context.config().await?;
        live.update(&it.config.0, it.revision)?;
        if let Some(app) = context.opened() {
            app.reconfigure();
        }
        Ok(shown(live))
    })?;
    table.add("config_schema", |_, _: None_| async { Ok(config::schema()) })
}

fn shown(live: &Live) -> ConfigShown {
    let (config, origin) = (live.get(), live.origin());
    ConfigShown {
        config: ConfigValue(config.to_json()),
        revision: config.revision(),
        needs_restart: config::needs_restart(),
        origin: ConfigOrigin { files: origin.files.clone(), user_file: origin.user_file.clone() },
    }
}

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
}

/// The configuration in force.
#[derive(Serialize, JsonSchema)]
struct ConfigShown {
    config: ConfigValue,
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
        live.update(&it.config.0)?;
        if let Some(app) = context.opened() {
            app.reconfigure();
        }
        Ok(shown(live))
    })?;
    table.add("config_schema", |_, _: None_| async { Ok(config::schema()) })
}

fn shown(live: &Live) -> ConfigShown {
    let origin = live.origin();
    ConfigShown {
        config: ConfigValue(live.get().to_json()),
        origin: ConfigOrigin { files: origin.files.clone(), user_file: origin.user_file.clone() },
    }
}

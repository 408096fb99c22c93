//! `get_config`, `update_config`, `config_schema`.
//!
//! Owns: the params and results of these methods.
//! Must not know: what a setting does.

use std::borrow::Cow;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{None_, Registered, Table};
use crate::config::{self, ConfigPatch, ConfigValue, Live, former};
use crate::error::{Error, Result};

/// What the method takes.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is the documented form of `Given`")]
struct Update {
    config: ConfigPatch,
    /// Refuse the change if the configuration is at another revision by now.
    revision: Option<u64>,
}

/// What is given, with what is beside it: droid2api's users put its settings there.
#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    config: Option<ConfigPatch>,
    #[serde(default)]
    revision: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
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
    table.add("update_config", |context, it: Given| async move {
        let live = context.config().await?;
        live.update(it.patch()?, it.revision)?;
        if let Some(app) = context.opened() {
            app.reconfigure();
        }
        Ok(shown(live))
    })?;
    table.add("config_schema", |_, _: None_| async { Ok(config::schema()) })
}

// === impl Given ===

impl Given {
    fn patch(&self) -> Result<&Value> {
        for name in self.others.keys() {
            if let Some(instead) = former::of_key(name) {
                return Err(Error::invalid(name, former::no_such_key(instead)));
            }
        }
        let patch = self.config.as_ref().map(|it| &it.0);
        patch.ok_or_else(|| Error::invalid("params", "missing field `config`"))
    }
}

impl JsonSchema for Given {
    fn schema_name() -> Cow<'static, str> {
        Update::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Update::json_schema(generator)
    }
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

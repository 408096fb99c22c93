//! `get_config`, `update_config`, `config_schema`.
//!
//! Owns: the params and results of these methods.
//! Must not know: what a setting does.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{None_, Registered, Table};
use crate::config::{self, Live};

#[derive(Deserialize)]
struct Update {
    config: Value,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table
        .add("get_config", |context, _: None_| async move { Ok(shown(context.config().await?)) })?;
    table.add("update_config", |context, it: Update| async move {
        let live = context.config().await?;
        live.update(&it.config)?;
        if let Some(app) = context.opened() {
            app.reconfigure();
        }
        Ok(shown(live))
    })?;
    table.add("config_schema", |_, _: None_| async { Ok(config::schema()) })
}

fn shown(live: &Live) -> Value {
    let origin = live.origin();
    json!({
        "config": live.get().to_json(),
        "origin": { "files": origin.files, "user_file": origin.user_file },
    })
}

//! `backup`, `list_backups`, `remove_backup`, `doctor`: what keeps an installation well.
//!
//! Owns: the params and results of these methods; that no caller names a path.
//! Must not know: what a copy holds, how anything is checked.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Empty, None_, Registered, Table};
use crate::api::params::or_default;
use crate::app::App;
use crate::doctor::{self, Check, State};
use crate::error::Result;
use crate::store::Kept;

#[derive(Deserialize, JsonSchema)]
struct ByName {
    /// As `list_backups` tells it.
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Doctor {
    /// Ask nobody: leave out clock, proxies and endpoints.
    #[serde(default, deserialize_with = "or_default")]
    offline: bool,
}

/// The copies in the data folder.
#[derive(Serialize, JsonSchema)]
struct Backups {
    /// Where they are, for the command `restore`.
    folder: PathBuf,
    /// What opens the secrets of a copy that is made now: the `key_file` in the data folder, or the
    /// `passphrase` in DROID_ENCRYPTION_KEY.
    key: &'static str,
    /// The newest first.
    backups: Vec<Kept>,
}

/// What was looked at.
#[derive(Serialize, JsonSchema)]
struct Examined {
    /// Nothing is wrong.
    ok: bool,
    checks: Vec<Check>,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("backup", |context, _: None_| async move {
        let app = context.app().await?;
        let now = app.clock.now().to_rfc3339();
        let stamp: String = now.chars().filter(char::is_ascii_alphanumeric).collect();
        app.store.backup_here(&stamp).await
    })?;
    table
        .add("list_backups", |context, _: None_| async move { list(context.app().await?).await })?;
    table.add("remove_backup", |context, it: ByName| async move {
        context.app().await?.store.remove_backup(&it.name).await?;
        Ok(Empty {})
    })?;
    table.add("doctor", |context, it: Doctor| async move {
        let config = context.config().await;
        // Without a configuration nothing else can be opened.
        let app = if config.is_ok() { Some(context.app().await) } else { None };
        let checks = doctor::look(&context.boot, config, app, it.offline).await;
        Ok(Examined { ok: checks.iter().all(|it| it.state != State::Wrong), checks })
    })
}

async fn list(app: &App) -> Result<Backups> {
    let folder = app.store.backup_folder();
    let (key, backups) = (app.store.key_source(), app.store.backups().await?);
    Ok(Backups { folder, key, backups })
}

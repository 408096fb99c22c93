//! Looks at everything that can be wrong with an installation, and says of each what to do.
//!
//! Owns: what a check tells, the order of checks.
//! Must not know: how anything is mended, who asks, what belongs to the person's own machine alone
//! (clients' settings, the host's folder, ports).

mod accounts;
mod data;
mod network;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::{App, Boot};
use crate::config::Live;
use crate::error::{Error, Result};

/// The program, as hints name it.
pub const PROGRAM: &str = "droid-provider-cli";

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "CheckState")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, but wants a look.
    Warning,
    /// It does not work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What it is about; several may be about the same.
    pub name: Cow<'static, str>,
    /// How it came out.
    pub state: State,
    /// What was found.
    pub message: String,
    /// What to do, unless all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

// === impl Check ===

impl Check {
    /// All is well.
    pub fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Ok, message: message.into(), hint: None }
    }

    /// Something to look at, and how.
    pub fn warning(
        name: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let hint = Some(hint.into());
        Self { name: name.into(), state: State::Warning, message: message.into(), hint }
    }

    /// Something that does not work, and what to do.
    pub fn wrong(name: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into());
        Self { name: name.into(), state: State::Wrong, message: message.into(), hint }
    }
}

/// Looks at data folder, permissions, configuration, database, key, secrets, accounts, and, unless
/// it is `offline`, at proxies, endpoints and the clock. What cannot be opened is one of the things
/// that are told; nothing is changed and no account is used.
pub async fn look(
    boot: &Boot,
    config: Result<&Live>,
    app: Option<Result<&App>>,
    offline: bool,
) -> Vec<Check> {
    let mut checks = data::folder(&*boot.env);
    match &config {
        Ok(config) => checks.push(data::configuration(config)),
        Err(error) => checks.push(failed(
            "configuration",
            error,
            "mend the file it names; config_schema tells what is expected",
        )),
    }
    checks.extend(data::environment(&*boot.env));
    match &app {
        Some(Ok(app)) => {
            checks.extend(data::database(app).await);
            checks.extend(accounts::checks(app).await);
        }
        Some(Err(error)) => checks.push(failed("database", error, "see what it names")),
        None => {}
    }
    if let (Ok(config), false) = (config, offline) {
        let app = app.and_then(Result::ok);
        checks.extend(network::checks(boot.clock.as_ref(), &config.get(), app).await);
    }
    checks
}

fn failed(name: &'static str, error: &Error, hint: &str) -> Check {
    Check::wrong(name, error.to_string(), error.hint().unwrap_or(hint))
}

/// A name as a shell takes it for one word.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "'\\''"))
}

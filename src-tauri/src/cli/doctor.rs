//! `doctor`: looks at everything that can be wrong, and says of each what to do.
//!
//! Owns: the order of checks and how they are told.
//! Must not know: how anything is mended.

mod accounts;
mod clients;
mod data;
mod network;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::failure::{Exit, Result};
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session};
use super::working;

/// Check data, key, database, clock, proxies, endpoints, accounts, host, clients and port
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli doctor
  droid-provider-cli doctor --offline --json

Nothing is changed, and no account is used. The exit code is 1 if anything is wrong.")]
pub(crate) struct Doctor {
    /// Ask nobody: leave out clock, proxies and endpoints
    #[arg(long)]
    offline: bool,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, but wants a look.
    Warning,
    /// It does not work.
    Wrong,
}

/// One line.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    name: &'static str,
    state: State,
    message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

// === impl Check ===

impl Check {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, state: State::Ok, message: message.into(), hint: None }
    }

    pub(super) fn warning(
        name: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let hint = Some(hint.into());
        Self { name, state: State::Warning, message: message.into(), hint }
    }

    pub(super) fn wrong(
        name: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let hint = Some(hint.into());
        Self { name, state: State::Wrong, message: message.into(), hint }
    }
}

// === impl Doctor ===

impl Doctor {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let checks = working::shown("looking", self.look(session)).await;
        let mut page = session.page();
        let mut table = Table::new(&["", "!CHECK", "FOUND"]);
        for check in &checks {
            let mark = match check.state {
                State::Ok => Cell::new("ok", Tone::Good),
                State::Warning => Cell::new("look", Tone::Warn),
                State::Wrong => Cell::new("WRONG", Tone::Bad),
            };
            table.row([mark, check.name.into(), check.message.clone().into()]);
        }
        page.table(&table);
        let n_wrong = checks.iter().filter(|it| it.state == State::Wrong).count();
        let told: Vec<&Check> = checks.iter().filter(|it| it.hint.is_some()).collect();
        if !told.is_empty() {
            page.gap();
        }
        for check in told {
            // The whole of it: a table cuts what is long.
            page.said(&format!("{}: {}", check.name, check.message), Tone::Strong);
            page.line(&format!("  -> {}", check.hint.as_deref().unwrap_or_default()));
        }
        let exit = if n_wrong == 0 { Exit::Done } else { Exit::Failed };
        Ok(Answer::new(json!({ "ok": n_wrong == 0, "checks": checks }), page).ending(exit))
    }

    async fn look(&self, session: &Session) -> Vec<Check> {
        let mut checks = data::folder(session);
        let config = session.config().await;
        match &config {
            Ok(config) => checks.push(data::configuration(config)),
            Err(failure) => checks.push(Check::wrong(
                "configuration",
                failure.message.clone(),
                "mend the file it names; config_schema tells what is expected",
            )),
        }
        checks.extend(data::environment(session));
        if config.is_ok() {
            match session.app().await {
                Ok(app) => {
                    checks.extend(data::database(app).await);
                    checks.extend(accounts::checks(session).await);
                }
                Err(failure) => checks.push(Check::wrong(
                    "database",
                    failure.message.clone(),
                    failure.hint.unwrap_or_else(|| "see what it names".to_owned()),
                )),
            }
        }
        if let Ok(config) = &config {
            if !self.offline {
                checks.extend(network::checks(session, config).await);
            }
            checks.push(network::gateway(session).await);
        }
        checks.push(clients::host(session));
        checks.extend(clients::settings(session));
        checks
    }
}

/// A path for a person.
fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// Where the data is, or would be.
fn data_dir(session: &Session) -> Option<PathBuf> {
    crate::config::env::data_dir(&*session.boot.env).ok()
}

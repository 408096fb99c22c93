//! `doctor`: looks at everything that can be wrong, and says of each what to do.
//!
//! Owns: how checks are told, and those of this machine alone: port, host, clients.
//! Must not know: what the program finds of its own, how anything is mended.

mod clients;
mod gateway;

use clap::Args;
use serde_json::json;

use super::failure::{Exit, Failure, Result};
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session};
use super::working;
use crate::doctor::{Check, State};

/// Check data, key, database, clock, proxies, endpoints, accounts, host, clients and port
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli doctor
  droid-provider-cli doctor --offline --json

Nothing is changed, and no account is used. The exit code is 1 if anything is
wrong.")]
pub(crate) struct Doctor {
    /// Ask nobody: leave out clock, proxies and endpoints
    #[arg(long)]
    offline: bool,
}

// === impl Doctor ===

impl Doctor {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let checks = working::shown("looking", self.look(session)).await?;
        let mut page = session.page();
        let mut table = Table::new(&["", "!CHECK", "FOUND"]);
        for check in &checks {
            let mark = match check.state {
                State::Ok => Cell::new("ok", Tone::Good),
                State::Warning => Cell::new("look", Tone::Warn),
                State::Wrong => Cell::new("WRONG", Tone::Bad),
            };
            table.row([mark, check.name.to_string().into(), check.message.clone().into()]);
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

    /// What the program finds, and what is of this machine alone.
    async fn look(&self, session: &Session) -> Result<Vec<Check>> {
        let told = session.call_unseen("doctor", json!({ "offline": self.offline })).await?;
        let mut checks: Vec<Check> = serde_json::from_value(told["checks"].clone())
            .map_err(|error| Failure::new("internal", format!("checks: {error}")))?;
        if session.config().await.is_ok() {
            checks.push(gateway::check(session).await);
        }
        checks.push(clients::host(session));
        checks.extend(clients::settings(session));
        Ok(checks)
    }
}

/// A path for a person.
fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

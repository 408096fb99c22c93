//! `groups`: tiers of accounts.
//!
//! Owns: their arguments.
//! Must not know: what a strategy does.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ask;
use super::failure::{Failure, Result};
use super::names::text;
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session};

/// List, add, change and delete groups of accounts
#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  droid-provider-cli groups save night --priority 50 --strategy round_robin
  droid-provider-cli accounts edit Team --group night
  droid-provider-cli groups list

Groups are tiers: the one with the lowest priority is asked first, and the next
when none of its accounts can take the request.")]
pub(crate) enum Groups {
    /// The groups in the order they are asked
    List,
    Save(Save),
    Delete(Delete),
}

/// Add a group, or change the one of that id
#[derive(Args)]
pub(crate) struct Save {
    /// The name it is bound by
    id: String,
    /// What you call it
    #[arg(long)]
    name: Option<String>,
    /// Lower is asked first; 100 if left out
    #[arg(long, value_name = "N")]
    priority: Option<u32>,
    /// priority_lru, round_robin, random, least_used, least_token_used, max_remaining,
    /// weighted_score or fill_first
    #[arg(long)]
    strategy: Option<String>,
}

/// Delete a group; its accounts stay
#[derive(Args)]
pub(crate) struct Delete {
    /// The name it is bound by
    id: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

// === impl Groups ===

impl Groups {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        match self {
            Self::List => list(session).await,
            Self::Save(it) => it.run(session).await,
            Self::Delete(it) => it.run(session).await,
        }
    }
}

async fn list(session: &Session) -> Result<Answer> {
    let groups = session.call("list_groups", json!({})).await?;
    let mut table = Table::new(&["!ID", "NAME", ">PRIO", "STRATEGY", ">ACCOUNTS"]);
    for it in groups.as_array().into_iter().flatten() {
        table.row([
            text(&it["id"]).into(),
            text(&it["name"]).into(),
            it["priority"].to_string().into(),
            text(&it["strategy"]).into(),
            Cell::from(it["accounts"].to_string()),
        ]);
    }
    let mut page = session.page();
    if table.is_empty() {
        page.line("There is no group: all accounts are one tier.");
    } else {
        page.table(&table);
    }
    Ok(Answer::new(groups, page))
}

// === impl Save ===

impl Save {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let mut params = json!({ "id": self.id });
        for (name, given) in [
            ("name", self.name.as_ref().map(|it| json!(it))),
            ("priority", self.priority.map(|it| json!(it))),
            ("strategy", self.strategy.as_ref().map(|it| json!(it))),
        ] {
            if let Some(value) = given {
                params[name] = value;
            }
        }
        let group = session.call("save_group", params).await?;
        let mut page = session.page();
        page.said(
            &format!(
                "Group `{}`: priority {}, {}.",
                text(&group["id"]),
                group["priority"],
                text(&group["strategy"])
            ),
            Tone::Good,
        );
        Ok(Answer::new(group, page))
    }
}

// === impl Delete ===

impl Delete {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let groups: Value = session.call("list_groups", json!({})).await?;
        if !groups.as_array().into_iter().flatten().any(|it| it["id"] == self.id.as_str()) {
            return Err(Failure::from(crate::error::Error::not_found("group", &self.id)));
        }
        ask::confirm(&format!("Delete group `{}`; its accounts stay", self.id), self.yes)?;
        session.call("delete_group", json!({ "id": self.id })).await?;
        let mut page = session.page();
        page.said(&format!("Group `{}` is deleted.", self.id), Tone::Good);
        Ok(Answer::new(json!({ "deleted": self.id }), page))
    }
}

//! `keys`: the keys of a pool, one by one.
//!
//! Owns: their arguments.
//! Must not know: how keys are stored or picked.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::accounts::{Test, keys_table};
use super::ask;
use super::failure::{Failure, Result};
use super::names::{self, text};
use super::page::Tone;
use super::session::{Answer, Session};

/// List, add, remove, switch and test the keys of a pool
#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  droid-provider-cli keys list Team
  droid-provider-cli keys add Team < more-keys.txt
  droid-provider-cli keys disable Team …9f3c

KEY is an id, or the last four letters of the key.")]
pub(crate) enum Keys {
    /// The keys of a pool and how each does
    List(Pool),
    /// Add keys, read from stdin a line each
    Add(Add),
    /// Remove keys for good
    Remove(Remove),
    /// Remove all keys for good that are disabled or banned
    Prune(Prune),
    /// Use keys again; this lifts pauses, strikes and bans, too
    Enable(Chosen),
    /// Use keys no more
    Disable(Chosen),
    Test(Test),
}

/// A pool.
#[derive(Args)]
pub(crate) struct Pool {
    /// Name, id, or the first letters of an id
    account: String,
}

/// A pool that grows.
#[derive(Args)]
pub(crate) struct Add {
    /// Name, id, or the first letters of an id
    account: String,
    /// Remove the keys that are not among the new ones
    #[arg(long)]
    replace: bool,
}

/// Keys of a pool.
#[derive(Args)]
pub(crate) struct Chosen {
    /// Name, id, or the first letters of an id
    account: String,
    /// Ids, or the last four letters of keys
    #[arg(required = true)]
    keys: Vec<String>,
}

/// Keys that go.
#[derive(Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    chosen: Chosen,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// A pool that shrinks to what can be used.
#[derive(Args)]
pub(crate) struct Prune {
    /// Name, id, or the first letters of an id; else all pools
    account: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

// === impl Keys ===

impl Keys {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        match self {
            Self::List(it) => list(session, &it.account).await,
            Self::Add(it) => it.run(session).await,
            Self::Remove(it) => it.run(session).await,
            Self::Prune(it) => it.run(session).await,
            Self::Enable(it) => it.set(session, "active").await,
            Self::Disable(it) => it.set(session, "disabled").await,
            Self::Test(it) => it.run(session).await,
        }
    }
}

async fn list(session: &Session, wanted: &str) -> Result<Answer> {
    let id = names::account_id(session, wanted).await?;
    let account = session.call("get_credential", json!({ "credential_id": id })).await?;
    let Some(keys) = account["keys"].as_array() else {
        let message = format!("account `{}` is signed in and has no keys", text(&account["name"]));
        return Err(Failure::usage(message));
    };
    let mut page = session.page();
    page.table(&keys_table(session, keys));
    Ok(Answer::new(account["keys"].clone(), page))
}

// === impl Add ===

impl Add {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let id = names::account_id(session, &self.account).await?;
        let mode = if self.replace { "replace" } else { "append" };
        let keys = ask::keys()?;
        let params = json!({ "credential_id": id, "api_keys": keys.expose(), "mode": mode });
        let changed = session.call("add_api_keys", params).await?;
        let mut page = session.page();
        page.said(
            &format!(
                "{} added, {} there already, {} removed.",
                changed["added"], changed["duplicates"], changed["removed"]
            ),
            Tone::Good,
        );
        Ok(Answer::new(changed, page))
    }
}

// === impl Chosen ===

impl Chosen {
    async fn set(&self, session: &Session, status: &str) -> Result<Answer> {
        let id = names::account_id(session, &self.account).await?;
        let ids = names::keys(session, &id, &self.keys).await?;
        let params = json!({ "credential_id": id, "api_key_ids": ids, "status": status });
        let changed = session.call("set_api_key_status", params).await?;
        let mut page = session.page();
        for key in changed["keys"].as_array().into_iter().flatten() {
            let text = format!("Key {} is {}.", text(&key["tail"]), text(&key["status"]));
            page.said(&text, Tone::Good);
        }
        Ok(Answer::new(changed, page))
    }
}

// === impl Remove ===

impl Remove {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let id = names::account_id(session, &self.chosen.account).await?;
        let ids = names::keys(session, &id, &self.chosen.keys).await?;
        ask::confirm(&format!("Remove {} keys for good", ids.len()), self.yes)?;
        let params = json!({ "credential_id": id, "api_key_ids": ids });
        let changed: Value = session.call("remove_api_keys", params).await?;
        let mut page = session.page();
        page.said(&format!("{} removed.", changed["removed"]), Tone::Good);
        Ok(Answer::new(changed, page))
    }
}

// === impl Prune ===

impl Prune {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let mut params = json!({});
        if let Some(account) = &self.account {
            params["credential_id"] = json!(names::account_id(session, account).await?);
        }
        ask::confirm("Remove all disabled and banned keys for good", self.yes)?;
        let changed: Value = session.call("remove_pool_keys", params).await?;
        let mut page = session.page();
        page.said(&format!("{} removed.", changed["removed"]), Tone::Good);
        Ok(Answer::new(changed, page))
    }
}

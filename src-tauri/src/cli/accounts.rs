//! `accounts`, and the short forms `test`, `validate` and `refresh`.
//!
//! Owns: their arguments, and what a person sees of an account.
//! Must not know: how accounts are stored, how a key is tried.

mod add;
mod show;
mod trial;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::add::{AddKeys, AddToken};
pub(in crate::cli) use self::show::keys_table;
pub(crate) use self::trial::{Test, Validate};
use super::ask;
use super::failure::Result;
use super::names::{self, text};
use super::options::AccountOptions;
use super::page::Tone;
use super::session::{Answer, Session};

/// List, add, change, switch, refresh, reset, delete and test accounts
#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  droid-provider-cli accounts list
  droid-provider-cli accounts add-keys --name Team < keys.txt
  droid-provider-cli accounts edit Team --priority 10 --group night
  droid-provider-cli accounts test --all

ACCOUNT is a name, an id, or the first letters of an id.")]
pub(crate) enum Accounts {
    /// Every account, what it is and how it does
    List,
    /// One account with its keys
    Show(One),
    AddKeys(AddKeys),
    AddToken(AddToken),
    Edit(Edit),
    /// Let requests use it
    Enable(One),
    /// Let no further request use it; those under way go on
    Disable(One),
    Refresh(Refresh),
    /// Lift pauses, strikes, errors and bans of it and its keys
    Reset(One),
    Delete(Delete),
    Test(Test),
}

/// An account.
#[derive(Args)]
pub(crate) struct One {
    /// Name, id, or the first letters of an id
    account: String,
}

/// Change what is given and leave the rest
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli accounts edit Team --name 'Team A' --priority 0
  printf 'socks5://me:secret@host:1080' | droid-provider-cli accounts edit Team --proxy -")]
pub(crate) struct Edit {
    /// Name, id, or the first letters of an id
    account: String,
    #[command(flatten)]
    options: AccountOptions,
}

/// Remove an account with its tokens and keys for good
#[derive(Args)]
pub(crate) struct Delete {
    /// Name, id, or the first letters of an id
    account: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Refresh the token of a signed-in account now
#[derive(Args)]
#[command(after_help = "\
Example:
  droid-provider-cli refresh Mine")]
pub(crate) struct Refresh {
    /// Name, id, or the first letters of an id
    account: String,
}

// === impl Accounts ===

impl Accounts {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        match self {
            Self::List => list(session).await,
            Self::Show(it) => {
                let id = names::account_id(session, &it.account).await?;
                let account =
                    session.call("get_credential", json!({ "credential_id": id })).await?;
                Ok(show::one(session, account))
            }
            Self::AddKeys(it) => it.run(session).await,
            Self::AddToken(it) => it.run(session).await,
            Self::Edit(it) => it.run(session).await,
            Self::Enable(it) => it.switch(session, true).await,
            Self::Disable(it) => it.switch(session, false).await,
            Self::Refresh(it) => it.run(session).await,
            Self::Reset(it) => {
                let id = names::account_id(session, &it.account).await?;
                let account =
                    session.call("reset_credential", json!({ "credential_id": id })).await?;
                Ok(done(session, account, "has no pauses, strikes or errors any more"))
            }
            Self::Delete(it) => it.run(session).await,
            Self::Test(it) => it.run(session).await,
        }
    }
}

async fn list(session: &Session) -> Result<Answer> {
    let accounts = names::accounts(session).await?;
    let mut page = session.page();
    if accounts.is_empty() {
        page.line("There is no account yet. Sign in, or paste API keys:");
        page.verbatim(&format!("  {} login", super::NAME));
        page.verbatim(&format!("  {} accounts add-keys --name Team", super::NAME));
    } else {
        page.table(&show::table(session, &accounts));
    }
    Ok(Answer::new(Value::Array(accounts), page))
}

// === impl One ===

impl One {
    async fn switch(&self, session: &Session, enabled: bool) -> Result<Answer> {
        let id = names::account_id(session, &self.account).await?;
        let params = json!({ "credential_id": id, "enabled": enabled });
        let account = session.call("set_credential_enabled", params).await?;
        Ok(done(session, account, if enabled { "is used again" } else { "is used no more" }))
    }
}

// === impl Edit ===

impl Edit {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let account = names::account(session, &self.account).await?;
        let config = self.options.config(false)?;
        if config.as_object().is_some_and(serde_json::Map::is_empty) {
            let message = "nothing to change was given";
            let hint = "accounts edit --help lists what can be changed";
            return Err(super::failure::Failure::usage(message).hint(hint));
        }
        let params = json!({
            "credential_id": account["id"], "revision": account["revision"], "config": config,
        });
        let account = session.call("update_credential", params).await?;
        Ok(show::one(session, account))
    }
}

// === impl Delete ===

impl Delete {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let account = names::account(session, &self.account).await?;
        let name = text(&account["name"]);
        ask::confirm(&format!("Delete account `{name}` for good"), self.yes)?;
        session.call("delete_credential", json!({ "credential_id": account["id"] })).await?;
        let mut page = session.page();
        page.said(&format!("Account `{name}` is deleted."), Tone::Good);
        Ok(Answer::new(json!({ "deleted": account["id"] }), page))
    }
}

// === impl Refresh ===

impl Refresh {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let id = names::account_id(session, &self.account).await?;
        let params = json!({ "credential_id": id });
        session.call_telling("refreshing the token", "refresh_token", &params).await?;
        // The pair itself is for the host: a person has no use for it on a screen.
        let account = session.call("get_credential", &params).await?;
        let left = session.until(&text(&account["expires_at"]));
        Ok(done(session, account, &format!("has a new token, good for {left}")))
    }
}

/// An account to which something was done.
fn done(session: &Session, account: Value, what: &str) -> Answer {
    let mut page = session.page();
    page.said(&format!("Account `{}` {what}.", text(&account["name"])), Tone::Good);
    Answer::new(account, page)
}

//! `accounts add-keys` and `accounts add-token`.
//!
//! Owns: that secrets come in by stdin or an unseen prompt, and that a pool of that name grows.
//! Must not know: what a key looks like.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::ask;
use crate::cli::failure::{Failure, Result};
use crate::cli::names::{self, text};
use crate::cli::options::AccountOptions;
use crate::cli::page::{Cell, Page, Table, Tone};
use crate::cli::session::{Answer, Session};

/// Add API keys, read from stdin a line each, to the pool of that name; make it if there is none
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli accounts add-keys --name Team < keys.txt
  droid-provider-cli accounts add-keys --name Team     (asks, showing nothing)

A key that is there already is told, not added twice.")]
pub(crate) struct AddKeys {
    #[command(flatten)]
    options: AccountOptions,
}

/// Add an account by a refresh token, read from stdin or asked for; it is verified by one refresh
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli accounts add-token --name Mine < token.txt
  droid-provider-cli accounts add-token --replace Mine   (a new sign-in for a known account)

From then on this program owns the token: whoever else refreshes it ends the
sign-in.")]
pub(crate) struct AddToken {
    /// Give this account the token, instead of adding one
    #[arg(long, value_name = "ACCOUNT")]
    replace: Option<String>,
    #[command(flatten)]
    options: AccountOptions,
}

// === impl AddKeys ===

impl AddKeys {
    pub(super) async fn run(&self, session: &Session) -> Result<Answer> {
        let config = self.options.config(true)?;
        let known = match self.options.name() {
            Some(name) => names::find(&names::accounts(session).await?, name)?.cloned(),
            None => None,
        };
        match known {
            Some(known) => append(session, &known, config).await,
            None => create(session, config).await,
        }
    }
}

async fn append(session: &Session, known: &Value, mut config: Value) -> Result<Answer> {
    let name = text(&known["name"]);
    if known["auth_type"] != "api_key" {
        let message = format!("account `{name}` is signed in: it takes no keys");
        return Err(Failure::usage(message).hint("choose another name for the pool"));
    }
    if let Some(config) = config.as_object_mut() {
        config.remove("name");
        if !config.is_empty() {
            let message = format!("pool `{name}` is there already: only keys can be added to it");
            return Err(Failure::usage(message).hint("accounts edit changes the rest"));
        }
    }
    let keys = ask::keys()?;
    let params = json!({ "credential_id": known["id"], "api_keys": keys.expose() });
    let changed = session.call("add_api_keys", params).await?;
    Ok(added(session, &text(&known["id"]), &name, &changed["keys"], false))
}

async fn create(session: &Session, mut config: Value) -> Result<Answer> {
    config["api_keys"] = json!(ask::keys()?.expose());
    let params = json!({ "auth_type": "api_key", "config": config });
    let created = session.call("create_credential", params).await?;
    let (id, name) = (text(&created["credential_id"]), text(&created["name"]));
    Ok(added(session, &id, &name, &created["keys"], true))
}

fn added(session: &Session, id: &str, name: &str, keys: &Value, is_new: bool) -> Answer {
    let all = keys.as_array().map(Vec::as_slice).unwrap_or_default();
    let n = |outcome: &str| all.iter().filter(|it| it["outcome"] == outcome).count();
    let mut page = session.page();
    let made = if is_new { " is made and" } else { "" };
    let n_added = n("added");
    let keys_text = if n_added == 1 { "key" } else { "keys" };
    page.said(&format!("Pool `{name}`{made} has {n_added} new {keys_text}."), Tone::Good);
    if n_added < all.len() {
        page.gap();
        left_out(&mut page, all);
    }
    let json = json!({
        "id": id,
        "credential_id": id,
        "name": name,
        "created": is_new,
        "added": n_added,
        "duplicates": n("duplicate"),
        "malformed": n("malformed"),
        "keys": keys,
    });
    Answer::new(json, page)
}

fn left_out(page: &mut Page, keys: &[Value]) {
    let mut table = Table::new(&["LINE", "KEY", "OUTCOME"]);
    for (at, key) in keys.iter().enumerate().filter(|(_, it)| it["outcome"] != "added") {
        let outcome = Cell::new(text(&key["outcome"]), Tone::Warn);
        table.row([(at + 1).to_string().into(), text(&key["tail"]).into(), outcome]);
    }
    page.table(&table);
}

// === impl AddToken ===

impl AddToken {
    pub(super) async fn run(&self, session: &Session) -> Result<Answer> {
        let mut config = self.options.config(true)?;
        let known = match &self.replace {
            Some(known) => Some(names::account_id(session, known).await?),
            None => None,
        };
        config["refresh_token"] = json!(ask::secret("refresh token")?.expose());
        let doing = "verifying the token";
        let id = match known {
            Some(id) => {
                let params = json!({ "credential_id": id, "config": config });
                session.call_telling(doing, "update_credential", params).await?;
                id
            }
            None => {
                let params = json!({ "auth_type": "manual", "config": config });
                let created = session.call_telling(doing, "create_credential", params).await?;
                text(&created["credential_id"])
            }
        };
        let account = session.call("get_credential", json!({ "credential_id": id })).await?;
        Ok(super::done(session, account, "is signed in"))
    }
}

//! `explain`: which account a request would use, and why not the others.
//!
//! Owns: the arguments.
//! Must not know: how an account is picked.

use clap::Args;
use serde_json::{Value, json};

use super::failure::Result;
use super::names::{self, text};
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session};

/// Say which accounts a request would be offered, in order, and why each other one would not
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli explain
  droid-provider-cli explain gpt-5-codex --group night")]
pub(crate) struct Explain {
    /// The model; the first of the catalogue if left out
    model: Option<String>,
    /// The same, as an option
    #[arg(long = "model", conflicts_with = "model", value_name = "MODEL")]
    model_option: Option<String>,
    /// A conversation, to see what it sticks to
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only accounts of this group
    #[arg(long, conflicts_with = "account")]
    group: Option<String>,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
}

// === impl Explain ===

impl Explain {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let model = match self.model.as_ref().or(self.model_option.as_ref()) {
            Some(model) => model.clone(),
            None => text(&session.call("list_models", json!({})).await?[0]["id"]),
        };
        let mut params = json!({ "model": model });
        if let Some(id) = &self.session {
            params["session_id"] = json!(id);
        }
        if let Some(group) = &self.group {
            params["group"] = json!(group);
        }
        if let Some(account) = &self.account {
            params["credential_id"] = json!(names::account_id(session, account).await?);
        }
        let answer = session.call("explain_selection", params).await?;
        let mut page = session.page();
        page.fact("model", text(&answer["model"]));
        page.fact("endpoint", text(&answer["endpoint_type"]));
        page.gap();
        let mut table = Table::new(&[">", "ACCOUNT", "GROUP", "WHY"]);
        for it in answer["accounts"].as_array().into_iter().flatten() {
            let place = it["position"].as_u64();
            let tone = if place.is_some() { Tone::Good } else { Tone::Dim };
            table.row([
                place.map_or_else(String::new, |it| it.to_string()).into(),
                Cell::new(text(&it["name"]), tone),
                text(&it["tier"]).into(),
                text(&it["sentence"]).into(),
            ]);
        }
        if table.is_empty() {
            page.line("There is no account.");
        } else {
            page.table(&table);
        }
        let keys = left_out(session, &answer["accounts"]);
        if !keys.is_empty() {
            page.gap();
            page.table(&keys);
        }
        Ok(Answer::new(answer, page))
    }
}

/// Keys and accounts with something against them.
fn left_out(session: &Session, accounts: &Value) -> Table {
    let mut table = Table::new(&["ACCOUNT", "KEY", "LEFT OUT", "!STRIKES"]);
    let strikes = |it: &Value| it["strikes"].as_array().map_or(0, Vec::len).to_string();
    for account in accounts.as_array().into_iter().flatten() {
        let name = text(&account["name"]);
        if account["strikes"].is_array() {
            table.row([name.clone().into(), "".into(), "".into(), strikes(account).into()]);
        }
        for key in account["skipped_keys"].as_array().into_iter().flatten() {
            let until = session.until(&text(&key["until"]));
            let why = text(&key["reason"]).replace('_', " ");
            table.row([
                name.clone().into(),
                text(&key["tail"]).into(),
                format!("{why} {until}").trim_end().into(),
                strikes(key).into(),
            ]);
        }
    }
    table
}

//! `test`: one real request through an account, a key, or all; `validate`: is it accepted.
//!
//! Owns: the order of trials, their progress, the sums that are told.
//! Must not know: what a trial sends.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::{Exit, Failure, Result};
use crate::cli::names::{self, text};
use crate::cli::page::{Cell, Table, Tone};
use crate::cli::session::{Answer, Session};

/// Make one real request through an account, or all of them
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli test                 every account that is enabled
  droid-provider-cli test Team --model claude-sonnet-4-5-20250929

Each answer is noted as any request's would be: a key that is refused is paused or
banned. The exit code is 1 if any was refused, 4 if all that is missing is a sign-in.")]
pub(crate) struct Test {
    /// Name, id, or the first letters of an id; all enabled accounts if left out
    account: Option<String>,
    /// Every enabled account, as without ACCOUNT
    #[arg(long, conflicts_with = "account")]
    all: bool,
    /// Model to ask; the first of the catalogue at the account's endpoint if left out
    #[arg(long)]
    model: Option<String>,
}

/// Ask upstream whether an account is accepted; change nothing
#[derive(Args)]
#[command(after_help = "\
Example:
  droid-provider-cli validate Team")]
pub(crate) struct Validate {
    /// Name, id, or the first letters of an id
    account: String,
}

// === impl Test ===

impl Test {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let accounts = match &self.account {
            Some(wanted) => vec![names::account(session, wanted).await?],
            None => {
                let all = names::accounts(session).await?;
                all.into_iter().filter(|it| it["enabled"] == true).collect()
            }
        };
        if accounts.is_empty() {
            let hint = format!("add one: {} login", crate::cli::NAME);
            return Err(Failure::new("not_found", "there is no enabled account").hint(hint));
        }
        let mut results = Vec::new();
        for account in &accounts {
            results.append(&mut self.one(session, account).await?);
        }
        // A trial may have found out that an account needs a sign-in.
        let waiting = names::accounts(session).await?;
        let waiting = waiting.iter().filter(|it| it["status"] == "needs_login");
        let waiting: Vec<&Value> = waiting.map(|it| &it["id"]).collect();
        Ok(told(session, &results, &waiting))
    }

    /// A row for each way in that the account has.
    async fn one(&self, session: &Session, account: &Value) -> Result<Vec<Value>> {
        let name = text(&account["name"]);
        let doing = format!("testing `{name}`");
        let mut params = json!({ "credential_id": account["id"] });
        if account["auth_type"] != "api_key" {
            let answer = session.call_telling(&doing, "validate_credential", params).await?;
            return Ok(vec![json!({
                "credential_id": account["id"],
                "name": name,
                "ok": answer["valid"],
                "status": answer["details"]["status_code"],
                "latency_ms": answer["details"]["latency_ms"],
                "message": answer["message"],
            })]);
        }
        if let Some(model) = &self.model {
            params["model"] = json!(model);
        }
        let answer = session.call_telling(&doing, "test_api_keys", params).await?;
        let keys = answer["keys"].as_array().cloned().unwrap_or_default();
        let rows = keys.into_iter().map(|key| {
            json!({
                "credential_id": account["id"],
                "name": name,
                "api_key_id": key["id"],
                "tail": key["tail"],
                "ok": key["ok"],
                "status": key["status"],
                "latency_ms": key["latency_ms"],
                "message": key["message"],
            })
        });
        Ok(rows.collect())
    }
}

/// `waiting` are the accounts that need a sign-in.
fn told(session: &Session, results: &[Value], waiting: &[&Value]) -> Answer {
    let mut table = Table::new(&["ACCOUNT", "KEY", "RESULT", ">MS", "MESSAGE"]);
    for it in results {
        let result = match it["ok"] == true {
            true => Cell::new("ok", Tone::Good),
            false => Cell::new(format!("refused {}", number(&it["status"])), Tone::Bad),
        };
        table.row([
            text(&it["name"]).into(),
            text(&it["tail"]).into(),
            result,
            number(&it["latency_ms"]).into(),
            text(&it["message"]).into(),
        ]);
    }
    let n_ok = results.iter().filter(|it| it["ok"] == true).count();
    let mut page = session.page();
    page.table(&table);
    page.gap();
    page.line(&format!("{n_ok} of {} accepted.", results.len()));
    let mut refused = results.iter().filter(|it| it["ok"] != true);
    let exit = match n_ok == results.len() {
        true => Exit::Done,
        false if refused.all(|it| waiting.contains(&&it["credential_id"])) => Exit::NeedsLogin,
        false => Exit::Failed,
    };
    let json = json!({ "ok": n_ok == results.len(), "results": results });
    Answer::new(json, page).ending(exit)
}

/// A number, or nothing where none was told.
fn number(value: &Value) -> String {
    value.as_u64().map_or_else(String::new, |it| it.to_string())
}

// === impl Validate ===

impl Validate {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let account = names::account(session, &self.account).await?;
        let params = json!({ "credential_id": account["id"] });
        let answer = session.call_telling("asking upstream", "validate_credential", params).await?;
        let valid = answer["valid"] == true;
        let mut page = session.page();
        let tone = if valid { Tone::Good } else { Tone::Bad };
        page.said(&format!("`{}`: {}", text(&account["name"]), text(&answer["message"])), tone);
        let exit = match (valid, account["status"].as_str()) {
            (true, _) => Exit::Done,
            (false, Some("needs_login")) => Exit::NeedsLogin,
            (false, _) => Exit::Failed,
        };
        Ok(Answer::new(answer, page).ending(exit))
    }
}

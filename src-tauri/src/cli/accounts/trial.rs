//! `test`: one real request through an account, a key, or all; `validate`: is it accepted.
//!
//! Owns: how many are tried in one call, how far a test of many is shown, the sums that are told.
//! Must not know: what a trial sends, what an answer means.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::{Exit, Failure, Result, hint};
use crate::cli::names::{self, text};
use crate::cli::page::{Cell, Table, Tone};
use crate::cli::session::{Answer, Session};
use crate::cli::working::Progress;

/// Make one real request through an account, or all of them
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli test                 every account that is enabled
  droid-provider-cli test Team --model claude-sonnet-4-5-20250929

Each key of a pool is tested. An answer is noted as any request's is: it lifts a
pause or begins one, and its tokens are counted. The exit code is 1 if any
failed, 4 if all that is missing is a sign-in.")]
pub(crate) struct Test {
    /// Name, id, or the first letters of an id; all enabled accounts if left out
    account: Option<String>,
    /// Every enabled account, as without ACCOUNT
    #[arg(long, conflicts_with = "account")]
    all: bool,
    /// Model to ask; the cheapest that the account's endpoint serves if left out
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

/// Ways in that are tried in one call: few enough to show how far it is.
const BATCH: usize = 8;

/// A signed-in account, or a key of a pool.
enum Way {
    Account(Value),
    Key(Value),
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
        let mut ways = Vec::new();
        for account in &accounts {
            ways.append(&mut ways_of(session, account).await?);
        }
        let mut results = Vec::new();
        let doing = match accounts.as_slice() {
            [one] => format!("testing `{}`", text(&one["name"])),
            several => format!("testing {} accounts", several.len()),
        };
        let progress = Progress::new(doing, ways.len());
        for batch in ways.chunks(BATCH) {
            results.append(&mut progress.during(self.tried(session, batch)).await?);
            let n_failed = results.iter().filter(|it| it["ok"] != true).count();
            progress.reached(results.len(), format!(", {n_failed} failed"));
        }
        drop(progress);
        let place =
            |it: &Value| accounts.iter().position(|known| known["id"] == it["credential_id"]);
        results.sort_by_key(place);
        Ok(told(session, &results))
    }

    async fn tried(&self, session: &Session, batch: &[Way]) -> Result<Vec<Value>> {
        let (mut accounts, mut keys) = (Vec::new(), Vec::new());
        for way in batch {
            match way {
                Way::Account(id) => accounts.push(id),
                Way::Key(id) => keys.push(id),
            }
        }
        let mut params = json!({ "credential_ids": accounts, "api_key_ids": keys });
        if let Some(model) = &self.model {
            params["model"] = json!(model);
        }
        // Its progress is shown already.
        let answer = session.call_unseen("test_credentials", params).await?;
        Ok(answer["results"].as_array().cloned().unwrap_or_default())
    }
}

async fn ways_of(session: &Session, account: &Value) -> Result<Vec<Way>> {
    if account["auth_type"] != "api_key" {
        return Ok(vec![Way::Account(account["id"].clone())]);
    }
    let params = json!({ "credential_id": account["id"] });
    let shown = session.call("get_credential", params).await?;
    let keys = shown["keys"].as_array().cloned().unwrap_or_default();
    let usable = keys.into_iter().filter(|it| it["status"] != "disabled");
    Ok(usable.map(|it| Way::Key(it["id"].clone())).collect())
}

fn told(session: &Session, results: &[Value]) -> Answer {
    let mut table = Table::new(&["ACCOUNT", "KEY", "RESULT", ">MS", "MESSAGE"]);
    for it in results {
        let result = match (it["ok"] == true, it["class"].as_str()) {
            (true, _) => Cell::new("ok", Tone::Good),
            (false, class) => {
                let words = [class.unwrap_or("failed").replace('_', " "), number(&it["status"])];
                Cell::new(words.join(" ").trim_end().to_owned(), Tone::Bad)
            }
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
    // Once for each meaning, however many there are of it.
    let hints: BTreeSet<String> = results.iter().filter_map(meaning).collect();
    for hint in hints {
        page.line(&hint);
    }
    page.line(&format!("{n_ok} of {} answered.", results.len()));
    let mut failed = results.iter().filter(|it| it["ok"] != true);
    let exit = match n_ok == results.len() {
        true => Exit::Done,
        false if failed.all(|it| it["class"] == "needs_login") => Exit::NeedsLogin,
        false => Exit::Failed,
    };
    let json = json!({ "ok": n_ok == results.len(), "results": results });
    Answer::new(json, page).ending(exit)
}

/// What is wrong and what to do, in the command line's words where it has its own.
fn meaning(result: &Value) -> Option<String> {
    let class = result["class"].as_str()?;
    let hint = hint(class).or_else(|| result["hint"].as_str().map(str::to_owned))?;
    Some(format!("{}: {hint}", class.replace('_', " ")))
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

//! `backup` and `restore`: the whole database, while everything runs.
//!
//! Owns: their arguments, and what the person is told to do next.
//! Must not know: what a copy holds.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::failure::{Failure, Result};
use super::names::text;
use super::page::{Table, Tone};
use super::session::{Answer, Session};
use super::{NAME, ask, working};

/// Copy accounts, keys, groups, client keys and usage into a file, while everything runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli backup droid-monday.db
  droid-provider-cli backup droid-monday.db --with-key
  droid-provider-cli backup                 into the data folder
  droid-provider-cli backup --list          what is there

Secrets in the copy stay sealed: without the key file (or DROID_ENCRYPTION_KEY)
of this installation it is of no use. --with-key puts the key file beside it;
keep the two apart.")]
pub(crate) struct Backup {
    /// The file, which must not be there yet; a new one in the data folder if left out
    file: Option<PathBuf>,
    /// Put the key file beside it, as FILE.key
    #[arg(long, requires = "file")]
    with_key: bool,
    /// List the copies in the data folder
    #[arg(long, conflicts_with = "file")]
    list: bool,
}

/// Put a copy in place of the present accounts, keys and groups, while everything runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli restore droid-monday.db

What there was is copied first, so that a restore can be taken back. Usage is
kept, and so are tokens that were refreshed since: the copy's are spent.")]
pub(crate) struct Restore {
    /// A file that `backup` made, or the name of one in the data folder
    file: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

// === impl Backup ===

impl Backup {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        if self.list {
            return listed(session).await;
        }
        let Some(file) = &self.file else {
            let kept = session.call_telling("copying", "backup", json!({})).await?;
            let (name, bytes) = (text(&kept["name"]), kept["bytes"].as_u64().unwrap_or(0));
            let mut page = session.page();
            page.said(&written(&name, bytes), Tone::Good);
            page.line(&format!("To put it back: {NAME} restore {name}"));
            return Ok(Answer::new(kept, page));
        };
        let app = session.app().await?;
        let copied = working::shown("copying", app.store.backup(file, self.with_key)).await?;
        let mut page = session.page();
        page.said(&written(&file.display().to_string(), copied.bytes), Tone::Good);
        match &copied.key_file {
            Some(key) => page.line(&format!("Its key is {}: keep it elsewhere.", key.display())),
            None if app.store.key_source() == "passphrase" => {
                page.line("It opens with the passphrase in DROID_ENCRYPTION_KEY.");
            }
            None => page.line(&format!(
                "It opens with the key file {} only: keep a copy of that, too.",
                app.data_dir.join("key").display()
            )),
        }
        let json = json!({
            "file": file.display().to_string(),
            "bytes": copied.bytes,
            "key_file": copied.key_file.map(|it| it.display().to_string()),
        });
        Ok(Answer::new(json, page))
    }
}

fn written(name: &str, bytes: u64) -> String {
    format!("{name} is written, {} kB.", bytes.div_ceil(1024))
}

async fn listed(session: &Session) -> Result<Answer> {
    let answer = session.call("list_backups", json!({})).await?;
    let mut table = Table::new(&["!NAME", ">kB", "MADE", "WHY"]);
    for it in answer["backups"].as_array().into_iter().flatten() {
        let reason = match it["reason"].as_str() {
            Some("upgrade") => "before an upgrade",
            Some("restore") => "before a restore",
            _ => "asked for",
        };
        let kilobytes = it["bytes"].as_u64().unwrap_or(0).div_ceil(1024);
        table.row([
            text(&it["name"]).into(),
            kilobytes.to_string().into(),
            session.ago(&it["created_at"]).into(),
            reason.into(),
        ]);
    }
    let mut page = session.page();
    match table.is_empty() {
        true => page.line("There is none."),
        false => page.table(&table),
    }
    page.line("In the folder:");
    page.verbatim(&format!("  {}", text(&answer["folder"])));
    Ok(Answer::new(answer, page))
}

// === impl Restore ===

impl Restore {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let app = session.app().await?;
        let kept = app.store.backup_folder().join(&self.file);
        let is_name = self.file.components().count() == 1;
        let file = if !self.file.is_file() && is_name { &kept } else { &self.file };
        if !file.is_file() {
            let message = format!("there is no {}", self.file.display());
            return Err(Failure::new("not_found", message));
        }
        let n_accounts = app.store.changes_since(0).await?.accounts.len();
        let question = format!("Replace the {n_accounts} accounts there are by those of the copy");
        ask::confirm(&question, self.yes)?;
        let stamp: String =
            session.now().to_rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
        let passphrase = app.accounts.passphrase.as_ref();
        let restored = app.store.restore(file, passphrase, &stamp);
        let restored = working::shown("restoring", restored).await?;
        app.broker.reload().await?;
        let mut page = session.page();
        page.said(&format!("{} accounts are there now.", restored.accounts), Tone::Good);
        if restored.newer_tokens_kept > 0 {
            let n = restored.newer_tokens_kept;
            page.line(&format!("{n} of them kept tokens that are newer than the copy's."));
        }
        page.line("What there was before:");
        page.verbatim(&format!("  {}", restored.before.display()));
        let json = json!({
            "accounts": restored.accounts,
            "newer_tokens_kept": restored.newer_tokens_kept,
            "before": restored.before.display().to_string(),
        });
        Ok(Answer::new(json, page))
    }
}

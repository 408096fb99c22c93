//! `backup` and `restore`: the whole database, while everything runs.
//!
//! Owns: their arguments, and what the person is told to do next.
//! Must not know: what a copy holds.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::ask;
use super::failure::{Failure, Result};
use super::page::Tone;
use super::session::{Answer, Session};
use super::working;

/// Copy accounts, keys, groups, client keys and usage into a file, while everything runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli backup droid-monday.db
  droid-provider-cli backup droid-monday.db --with-key

Secrets in the copy stay sealed: without the key file (or DROID_ENCRYPTION_KEY)
of this installation it is of no use. --with-key puts the key file beside it;
keep the two apart.")]
pub(crate) struct Backup {
    /// The file, which must not be there yet
    file: PathBuf,
    /// Put the key file beside it, as FILE.key
    #[arg(long)]
    with_key: bool,
}

/// Put a copy in place of the present accounts, keys and groups, while everything runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli restore droid-monday.db

What there was is copied first, so that a restore can be taken back. Usage is
kept, and so are tokens that were refreshed since: the copy's are spent.")]
pub(crate) struct Restore {
    /// A file that `backup` made
    file: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

// === impl Backup ===

impl Backup {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let app = session.app().await?;
        let copied = working::shown("copying", app.store.backup(&self.file, self.with_key)).await?;
        let mut page = session.page();
        let kilobytes = copied.bytes.div_ceil(1024);
        page.said(&format!("{} is written, {kilobytes} kB.", self.file.display()), Tone::Good);
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
            "file": self.file.display().to_string(),
            "bytes": copied.bytes,
            "key_file": copied.key_file.map(|it| it.display().to_string()),
        });
        Ok(Answer::new(json, page))
    }
}

// === impl Restore ===

impl Restore {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        if !self.file.is_file() {
            let message = format!("there is no {}", self.file.display());
            return Err(Failure::new("not_found", message));
        }
        let app = session.app().await?;
        let n_accounts = app.store.changes_since(0).await?.accounts.len();
        let question = format!("Replace the {n_accounts} accounts there are by those of the copy");
        ask::confirm(&question, self.yes)?;
        let stamp: String =
            session.now().to_rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
        let passphrase = app.accounts.passphrase.as_ref();
        let restored = app.store.restore(&self.file, passphrase, &stamp);
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

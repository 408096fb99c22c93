//! `import` and `export`: accounts in and out of files.
//!
//! Owns: reading and writing the files, asking for what opens them, the report.
//! Must not know: any file's format.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::ask;
use super::failure::{Exit, Failure, Result};
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session, tell, write_out};
use crate::accounts::transfer::{self, Content, Keys, Report, Sealing};
use crate::error::Error;
use crate::files;
use crate::store;

/// The largest file that is read.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Standard input or output.
const DASH: &str = "-";

/// Add the accounts of a file: each whole or not at all, what is known already not again
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli import accounts.export --dry-run
  droid-provider-cli import ~/.factory/auth.json
  droid-provider-cli import data/key_pool.json

It reads: exports of this program, auth.json of Factory and droid2api,
droid2api's config.json and key_pool.json, lists of keys, Droid accounts
exported from claude-relay-service (or dumped from its Redis; it asks for
ENCRYPTION_KEY if they are sealed), and ProxyCast's plugin_credentials (its
database, or rows as JSON).

A refresh token is good once: whoever used it before has to sign in again.")]
pub(crate) struct Import {
    /// The file; `-` is stdin. Without one: data/auth.json and ~/.factory/auth.json
    file: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the secrets out of ProxyCast's database once they are stored here
    #[arg(long, conflicts_with = "dry_run")]
    blank: bool,
}

/// Write all accounts with their secrets into a file, sealed with a passphrase
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli export accounts.export
  droid-provider-cli export - --plain | gpg --encrypt --recipient me > accounts.gpg

The passphrase is asked for, or read from stdin. Client keys are not in it: only
their hashes are known here; `backup` has them.")]
pub(crate) struct Export {
    /// The file, which must not be there yet; `-` is stdout
    file: String,
    /// Do not seal it: whoever reads the file has the accounts
    #[arg(long)]
    plain: bool,
}

// === impl Import ===

impl Import {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let Some(file) = &self.file else { return usual_places(session).await };
        let (content, rows) = read(file)?;
        let app = session.app().await?;
        let report = app.accounts.import_content(content, self.dry_run).await?;
        app.reconfigure();
        let blanked = self.blank_rows(Path::new(file), &rows, &report)?;
        Ok(told(session, &report, blanked))
    }

    /// Offers to take the secrets out of where they came from.
    fn blank_rows(&self, file: &Path, rows: &[String], report: &Report) -> Result<usize> {
        let is_stored = |id: &&String| {
            let at = format!("row {id}");
            report.lines.iter().any(|it| it.at == at && it.outcome != "skipped")
        };
        let stored: Vec<String> = rows.iter().filter(is_stored).cloned().collect();
        if stored.is_empty() || self.dry_run {
            return Ok(0);
        }
        let question = format!(
            "ProxyCast keeps {} of these unsealed. Take the secrets out of its database",
            stored.len()
        );
        let wanted = self.blank || (ask::is_attended() && ask::confirm(&question, false).is_ok());
        if !wanted {
            tell("Their secrets are still in ProxyCast's database: --blank takes them out.");
            return Ok(0);
        }
        Ok(store::blank_host_rows(file, &stored)?)
    }
}

/// The file's content, and the ids of ProxyCast's rows if that is what it is.
fn read(file: &str) -> Result<(Content, Vec<String>)> {
    let bytes = if file == DASH {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes);
        if read.map_err(|error| unreadable(file, &error))? as u64 > LARGEST {
            return Err(Failure::usage("stdin is larger than 64 MiB"));
        }
        bytes
    } else {
        let size = std::fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
        if size > LARGEST {
            return Err(Failure::usage(format!("{file} is larger than 64 MiB")));
        }
        std::fs::read(file).map_err(|error| unreadable(file, &error))?
    };
    if store::is_database(&bytes) {
        let rows = store::read_host_rows(Path::new(file))?;
        let ids = rows.iter().map(|it| it.id.clone()).collect();
        return Ok((Content::from(rows), ids));
    }
    let text = transfer::text_of(bytes)
        .ok_or_else(|| Failure::usage(format!("{file} is no text and no database")))?;
    let stdin_is_free = file != DASH;
    let mut keys = Keys::default();
    for _ in 0..2 {
        match transfer::read(&text, &keys) {
            Ok(content) => return Ok((content, Vec::new())),
            Err(Error::Invalid { field, message }) if message.starts_with("missing") => {
                let message = format!("{file}: {}", message.trim_start_matches("missing: "));
                if !stdin_is_free {
                    return Err(Failure::usage(message).hint("name the file, not `-`"));
                }
                tell(&message);
                match field.as_str() {
                    "passphrase" => keys.passphrase = Some(ask::secret("passphrase")?),
                    _ => keys.relay = Some(ask::secret("ENCRYPTION_KEY")?),
                }
            }
            Err(Error::Invalid { message, .. }) => {
                return Err(Failure::usage(format!("{file}: {message}")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::usage(format!("{file} cannot be opened")))
}

fn told(session: &Session, report: &Report, blanked: usize) -> Answer {
    let mut page = session.page();
    let mut table = Table::new(&["WHERE", "NAME", "OUTCOME", "WHY"]);
    for line in &report.lines {
        let tone = match line.outcome {
            "added" | "merged" => Tone::Good,
            "known" => Tone::Dim,
            _ => Tone::Warn,
        };
        table.row([
            line.at.clone().into(),
            line.name.clone().unwrap_or_else(|| line.what.to_owned()).into(),
            Cell::new(line.outcome, tone),
            line.message.clone().into(),
        ]);
    }
    if table.is_empty() {
        page.line("There is nothing in it.");
    } else {
        page.table(&table);
        page.gap();
    }
    // A table cuts what is long, and these are what somebody may have to do something about.
    for line in report.lines.iter().filter(|it| it.outcome == "skipped") {
        page.line(&format!("{}: {}", line.at, line.message));
    }
    let Report { added, merged, known, skipped, .. } = report;
    let counts = format!("{added} added, {merged} merged, {known} known, {skipped} skipped");
    let dry = if report.dry_run { " This was a dry run: nothing was stored." } else { "" };
    page.line(&format!("{}: {counts}.{dry}", report.format));
    if blanked > 0 {
        page.line(&format!("{blanked} rows of ProxyCast's database hold no secret any more."));
    }
    let mut json = json!(report);
    json["blanked"] = json!(blanked);
    let nothing_came = *skipped > 0 && *skipped == report.lines.len();
    let exit = if nothing_came { Exit::Failed } else { Exit::Done };
    Answer::new(json, page).ending(exit)
}

async fn usual_places(session: &Session) -> Result<Answer> {
    let report = session.call("import_credentials", json!({})).await?;
    let mut table = Table::new(&["WHERE", "OUTCOME", "WHY"]);
    for it in report.as_array().into_iter().flatten() {
        let text = |field: &str| it[field].as_str().unwrap_or_default().to_owned();
        table.row([text("source").into(), text("outcome").into(), text("message").into()]);
    }
    let mut page = session.page();
    page.table(&table);
    Ok(Answer::new(report, page))
}

// === impl Export ===

impl Export {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let to_stdout = self.file == DASH;
        if to_stdout && std::io::stdout().is_terminal() {
            let message = "a screen is no place for secrets";
            return Err(Failure::usage(message).hint("name a file, or send it on with a pipe"));
        }
        let path = PathBuf::from(&self.file);
        if !to_stdout && path.exists() {
            return Err(Failure::usage(format!("{} is there already", self.file)));
        }
        let app = session.app().await?;
        let sealing = if self.plain {
            tell("warning: this export is not sealed. Whoever reads it has the accounts.");
            Sealing::Plain
        } else {
            Sealing::Passphrase(ask::new_passphrase("passphrase of the export")?)
        };
        let written = app.accounts.export(&sealing).await?;
        if to_stdout {
            write_out(written.text.expose());
            return Ok(Answer::new(Value::Null, session.page()).written());
        }
        files::create_private(&path, written.text.expose().as_bytes())
            .map_err(|error| unreadable(&self.file, &error))?;
        let mut page = session.page();
        let (accounts, keys) = (written.accounts, written.keys);
        page.said(
            &format!("{accounts} accounts with {keys} keys are in {}.", self.file),
            Tone::Good,
        );
        let json = json!({
            "file": self.file, "accounts": accounts, "keys": keys, "sealed": !self.plain,
        });
        Ok(Answer::new(json, page))
    }
}

fn unreadable(file: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new("not_found", format!("there is no {file}")),
        kind => Failure::new("failed", format!("{file}: {kind}")),
    }
}

//! `import_content`, `export_credentials`: accounts out of and into files that the caller keeps.
//!
//! Owns: the params and results of these methods; that secrets leave only when that was asked for.
//! Must not know: any file's format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Registered, Table};
use crate::accounts::transfer::{self, Content, Keys, Report, Sealing};
use crate::api::params::or_default;
use crate::app::App;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::store;

#[derive(Deserialize, JsonSchema)]
struct Import {
    /// The file's text...
    #[serde(default)]
    content: Option<Secret>,
    /// ...or its bytes.
    #[serde(default)]
    content_base64: Option<Secret>,
    /// What an export of this program was sealed with.
    #[serde(default)]
    passphrase: Option<Secret>,
    /// `ENCRYPTION_KEY` of claude-relay-service.
    #[serde(default)]
    relay_key: Option<Secret>,
    /// Say what would be done, and do nothing.
    #[serde(default, deserialize_with = "or_default")]
    dry_run: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Export {
    /// Seals it.
    #[serde(default)]
    passphrase: Option<Secret>,
    /// Do not seal it: whoever reads it has every token and key.
    #[serde(default, deserialize_with = "or_default")]
    plain_secrets: bool,
}

/// A file with every account. Secret, sealed or not: only who asked for it has use for it.
#[derive(Serialize, JsonSchema)]
struct Exported {
    /// What to call it.
    file_name: String,
    /// What to write into it.
    content: String,
    sealed: bool,
    accounts: usize,
    keys: usize,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("import_content", |context, it: Import| async move {
        import(context.app().await?, it).await
    })?;
    table.add("export_credentials", |context, it: Export| async move {
        export(context.app().await?, it).await
    })
}

async fn import(app: &App, it: Import) -> Result<Report> {
    let bytes = bytes(it.content, it.content_base64)?;
    let keys = Keys { passphrase: given(it.passphrase), relay: given(it.relay_key) };
    // Passphrases are stretched for some 60 ms, which no request should have to wait for.
    let read = tokio::task::spawn_blocking(move || read(bytes, &keys)).await;
    let content = read.unwrap_or_else(|_| Err(Error::Internal("a defect in a file".to_owned())))?;
    let report = app.accounts.import_content(content, it.dry_run).await?;
    app.reconfigure();
    let Report { format, dry_run, added, merged, known, skipped, .. } = &report;
    log::info!(
        "import of {format}, dry run {dry_run}: {added} added, {merged} merged, {known} known, \
         {skipped} skipped"
    );
    Ok(report)
}

fn read(bytes: Vec<u8>, keys: &Keys) -> Result<Content> {
    if store::is_database(&bytes) {
        return Ok(Content::from(store::read_host_bytes(bytes)?));
    }
    let text = transfer::text_of(bytes);
    transfer::read(&text.ok_or_else(|| Error::invalid("content", "it is no text"))?, keys)
}

fn bytes(text: Option<Secret>, base64: Option<Secret>) -> Result<Vec<u8>> {
    match (text, base64) {
        (Some(text), None) => Ok(text.expose().as_bytes().to_vec()),
        (None, Some(text)) => STANDARD
            .decode(text.expose())
            .map_err(|_| Error::invalid("content_base64", "expected base64")),
        (Some(_), Some(_)) => {
            Err(Error::invalid("content", "expected content or content_base64, not both"))
        }
        (None, None) => Err(Error::invalid("content", "missing: give what is in the file")),
    }
}

async fn export(app: &App, it: Export) -> Result<Exported> {
    let sealing = match (given(it.passphrase), it.plain_secrets) {
        (Some(passphrase), false) => Sealing::Passphrase(passphrase),
        (None, true) => Sealing::Plain,
        (Some(_), true) => {
            let message = "expected a passphrase or plain_secrets, not both";
            return Err(Error::invalid("plain_secrets", message));
        }
        (None, false) => {
            let message = "missing: it seals the file. plain_secrets leaves every token and key \
                           in the open";
            return Err(Error::invalid("passphrase", message));
        }
    };
    let written = app.accounts.export(&sealing).await?;
    let (accounts, keys) = (written.accounts, written.keys);
    let sealed = matches!(sealing, Sealing::Passphrase(_));
    // So that it is in the log whoever did it: this is all that a thief would want.
    log::warn!("{accounts} accounts with {keys} keys were exported, sealed {sealed}");
    let day: String = app.clock.now().to_rfc3339().chars().take("2026-11-24".len()).collect();
    Ok(Exported {
        file_name: format!("droid-accounts-{day}.json"),
        // What a person asked for by name: with the keys of a pool the one place secrets leave.
        content: written.text.expose().to_owned(),
        sealed,
        accounts,
        keys,
    })
}

/// As the command line takes it: without the white space around it, and none where it is empty.
fn given(secret: Option<Secret>) -> Option<Secret> {
    secret.map(|it| Secret::new(it.expose().trim())).filter(|it| !it.is_empty())
}

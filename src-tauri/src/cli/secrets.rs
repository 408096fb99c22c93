//! `rekey`: a new key for everything that is sealed.
//!
//! Owns: the arguments, what the person has to do afterwards.
//! Must not know: how secrets are sealed.

use clap::Args;
use serde_json::json;

use super::ask;
use super::failure::Result;
use super::page::Tone;
use super::session::{Answer, Session};
use crate::store::KeySource;

/// Seal all secrets anew, with a new key file or a new passphrase
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli rekey                    a new key file, picked up by every process
  droid-provider-cli rekey --passphrase       asks for one, or reads it from stdin

It happens in one transaction: either all is sealed with the new key, or nothing
is.")]
pub(crate) struct Rekey {
    /// Seal with a passphrase instead of a key file
    #[arg(long)]
    passphrase: bool,
}

// === impl Rekey ===

impl Rekey {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let app = session.app().await?;
        let source = match self.passphrase {
            true => KeySource::Passphrase(ask::new_passphrase("new passphrase")?),
            false => KeySource::KeyFile,
        };
        let n_secrets = super::working::shown("sealing anew", app.store.rekey(source)).await?;
        let mut page = session.page();
        page.said(&format!("{n_secrets} secrets are sealed with the new key."), Tone::Good);
        if self.passphrase {
            page.line(
                "Set DROID_ENCRYPTION_KEY to the new passphrase wherever this program runs, and \
                 restart what is running.",
            );
        } else {
            page.line(
                "Unset DROID_ENCRYPTION_KEY, if it was set. Backups made before need the \
                 former key.",
            );
        }
        let key = if self.passphrase { "passphrase" } else { "key_file" };
        Ok(Answer::new(json!({ "secrets": n_secrets, "encryption": key }), page))
    }
}

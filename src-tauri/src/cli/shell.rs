//! `completions` and `man`: made from the tree of commands.
//!
//! Owns: where they are written.
//! Must not know: any command.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};
use clap_complete::Shell;
use serde_json::json;

use super::failure::{Failure, Result};
use super::session::{Answer, Session};
use super::{NAME, tree};

/// Completions for bash, zsh, fish, elvish or powershell, on stdout
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli completions bash > ~/.local/share/bash-completion/completions/droid-provider-cli
  droid-provider-cli completions zsh > ~/.zfunc/_droid-provider-cli")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_parser = shell)]
    shell: Shell,
}

/// The manual page, on stdout; or one a command, into a folder
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli man | man -l -
  droid-provider-cli man --out ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Folder to write a page for each command into
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

// === impl Completions ===

impl Completions {
    pub(crate) fn run(&self, session: &Session) -> Answer {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut tree(), NAME, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let mut page = session.page();
        page.verbatim(script.trim_end());
        Answer::new(json!({ "shell": self.shell.to_string(), "script": script }), page)
    }
}

// === impl Man ===

impl Man {
    pub(crate) fn run(&self, session: &Session) -> Result<Answer> {
        let failed = |what: &str, error: &std::io::Error| {
            Failure::new("failed", format!("{what}: {}", error.kind()))
        };
        let mut page = session.page();
        let Some(folder) = &self.out else {
            let mut text = Vec::new();
            let rendered = clap_mangen::Man::new(tree()).render(&mut text);
            rendered.map_err(|error| failed("the page cannot be made", &error))?;
            let text = String::from_utf8_lossy(&text).into_owned();
            page.verbatim(text.trim_end());
            return Ok(Answer::new(json!({ "page": text }), page));
        };
        let shown = folder.display().to_string();
        std::fs::create_dir_all(folder).map_err(|error| failed(&shown, &error))?;
        clap_mangen::generate_to(tree(), folder).map_err(|error| failed(&shown, &error))?;
        page.line(&format!("The pages are in {shown}."));
        Ok(Answer::new(json!({ "folder": shown }), page))
    }
}

fn shell(text: &str) -> std::result::Result<Shell, String> {
    Shell::from_str(text, true)
        .map_err(|_| "expected bash, zsh, fish, elvish or powershell".to_owned())
}

//! What is asked of the person: secrets and yes or no.
//!
//! Owns: that a secret comes from stdin or a prompt that shows nothing, never from an argument, and
//! that nobody is asked who is not there.
//! Must not know: what the answers are for.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use super::failure::{Failure, Result};
use super::session::tell;
use crate::secret::Secret;

/// The longest text that is read from stdin.
const LONGEST: u64 = 16 * 1024 * 1024;

/// True when somebody can be asked.
pub(crate) fn is_attended() -> bool {
    std::io::stdin().is_terminal()
}

/// One secret: typed unseen at a terminal, else the first line of stdin.
///
/// # Errors
/// When there is none.
pub(crate) fn secret(what: &str) -> Result<Secret> {
    if is_attended() {
        let typed = rpassword::prompt_password(format!("{what} (not shown): "));
        return given(what, &Secret::new(typed.map_err(|error| unreadable(&error))?));
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.map_err(|error| unreadable(&error))?;
    given(what, &Secret::new(line))
}

/// A new passphrase: at a terminal it is typed twice.
///
/// # Errors
/// When there is none, or the second differs.
pub(crate) fn new_passphrase(what: &str) -> Result<Secret> {
    let first = secret(what)?;
    if is_attended() {
        let again = rpassword::prompt_password(format!("{what} once more: "));
        if again.map_err(|error| unreadable(&error))? != first.expose() {
            return Err(Failure::usage("the two were not the same; nothing was changed"));
        }
    }
    Ok(first)
}

/// Keys, a line each: all of stdin, or one prompt after the other until nothing is typed.
///
/// # Errors
/// When there is none.
pub(crate) fn keys() -> Result<Secret> {
    if !is_attended() {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(LONGEST).read_to_string(&mut text);
        read.map_err(|error| unreadable(&error))?;
        if text.trim().is_empty() {
            return Err(Failure::usage("there is no key on stdin: give one a line"));
        }
        return Ok(Secret::new(text));
    }
    let mut text = String::new();
    tell("Paste the keys, one at a time; nothing is shown. An empty line ends it.");
    loop {
        let typed = rpassword::prompt_password("key: ").map_err(|error| unreadable(&error))?;
        if typed.trim().is_empty() {
            break;
        }
        text.push_str(typed.trim());
        text.push('\n');
    }
    if text.is_empty() {
        return Err(Failure::usage("no key was given"));
    }
    Ok(Secret::new(text))
}

/// Whether to go on with what cannot be undone.
///
/// # Errors
/// When nobody is there to ask and `--yes` was not given, or the answer is no.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !is_attended() {
        return Err(Failure::usage(format!("{question}: add --yes where nobody can be asked")));
    }
    tell(&format!("{question}? [y/N]"));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| unreadable(&error))?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("cancelled", "nothing was changed")),
    }
}

fn given(what: &str, secret: &Secret) -> Result<Secret> {
    let trimmed = secret.expose().trim();
    if trimmed.is_empty() {
        return Err(Failure::usage(format!("{what}: give it on stdin, or at a terminal")));
    }
    Ok(Secret::new(trimmed))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new("failed", format!("the input cannot be read: {}", error.kind()))
}

//! What a command that failed tells, and the exit code that scripts go by.
//!
//! Owns: the only table of exit codes (design section 6.3), hints in the command line's words.
//! Must not know: what any command does.

use serde_json::{Value, json};

use super::NAME;
use crate::error::Error;

/// The result of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It could not.
    Failed = 1,
    /// It was asked wrongly.
    Usage = 2,
    /// There is nothing of that name.
    NotFound = 3,
    /// A person has to sign in first.
    NeedsLogin = 4,
    /// Ctrl-C.
    Interrupted = 130,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) retry_after_seconds: Option<u64>,
}

// === impl Exit ===

impl Exit {
    /// The code of a failure's kind.
    fn of(kind: &str) -> Self {
        match kind {
            "invalid" | "usage" => Self::Usage,
            "not_found" => Self::NotFound,
            "needs_login" => Self::NeedsLogin,
            "interrupted" => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

// === impl Failure ===

impl Failure {
    /// A failure of that kind, without a hint of its own.
    pub(crate) fn new(kind: &str, message: impl Into<String>) -> Self {
        Self {
            exit: Exit::of(kind),
            kind: kind.to_owned(),
            message: message.into(),
            hint: hint(kind),
            retry_after_seconds: None,
        }
    }

    /// What was asked cannot be done like that.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message)
    }

    /// With what the person can do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same for a program.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "kind": self.kind, "message": self.message });
        if let Some(hint) = &self.hint {
            error["hint"] = json!(hint);
        }
        if let Some(seconds) = self.retry_after_seconds {
            error["retry_after_seconds"] = json!(seconds);
        }
        json!({ "error": error })
    }

    /// For a person, on stderr.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("error: {}", self.message);
        if let Some(seconds) = self.retry_after_seconds {
            text.push_str(&format!("\ntry again in {seconds} s"));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\nhint: {hint}"));
        }
        text
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        // Options of a command stand for the fields of `config`.
        let message = message.strip_prefix("config.").unwrap_or(&message);
        let mut failure = Self::new(error.kind(), message);
        if failure.hint.is_none() {
            failure.hint = error.hint().map(str::to_owned);
        }
        failure.retry_after_seconds = error.retry_after_seconds();
        failure
    }
}

/// What to do next about a kind of failure, told as commands; the method table's own hints name
/// methods.
pub(crate) fn hint(kind: &str) -> Option<String> {
    let hint = match kind {
        "needs_login" => "sign in again: NAME login --account ACCOUNT",
        "no_account" => "NAME explain --model MODEL shows why; NAME doctor looks further",
        "login_over" => "start anew: NAME login",
        "wrong_key" => {
            "give back the former key (DROID_ENCRYPTION_KEY or the key file); nothing was \
             overwritten. NAME doctor looks further"
        }
        "damaged" => "delete the account and add it again: NAME accounts delete ACCOUNT",
        _ => return None,
    };
    Some(hint.replace("NAME", NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_scripts_what_went_wrong() {
        for (kind, code) in [
            ("invalid", 2),
            ("usage", 2),
            ("not_found", 3),
            ("needs_login", 4),
            ("upstream", 1),
            ("no_account", 1),
            ("store", 1),
        ] {
            assert_eq!(Failure::new(kind, "").exit as u8, code, "{kind}");
        }
    }

    #[test]
    fn hints_name_commands_and_never_methods() {
        let (name, reason) = ("a".to_owned(), "it was revoked".to_owned());
        let failure = Failure::from(Error::NeedsLogin { name, reason });
        assert!(failure.hint.is_some_and(|it| it.contains("login --account")));
        let failure = Failure::from(Error::invalid("config.priority", "expected 0"));
        assert_eq!(failure.message, "priority: expected 0");
    }
}

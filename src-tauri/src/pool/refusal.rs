//! The words of a refusal.
//!
//! Owns: the sentence that says how many accounts were looked at and why none fits.
//! Must not know: how that was found out.

use super::Pool;
use super::ask::{Ask, Binding};
use super::index::Tally;
use crate::clock::Timestamp;

// === impl Pool ===

impl Pool {
    /// Says how many accounts were looked at and why none fits.
    pub(super) fn message(
        &self,
        ask: &Ask<'_>,
        reasons: &Tally,
        earliest: Option<Timestamp>,
    ) -> String {
        let mut message = match self.bound_message(ask) {
            Some(bound) => bound,
            None => counted(ask, reasons),
        };
        if let Some(earliest) = earliest {
            let wait = earliest.since(self.now).as_millis().div_ceil(1000);
            message.push_str(&format!("; the earliest may be free in {wait} s"));
        }
        message
    }

    /// What is to say when a strict binding names one thing.
    fn bound_message(&self, ask: &Ask<'_>) -> Option<String> {
        match ask.binding {
            Binding::Account { id, fallback: false } => {
                let Some(entry) = self.accounts.get(id) else {
                    return Some(format!("the account `{id}` this client is bound to is gone"));
                };
                let reason = self.verdict(entry, ask, true).err()?;
                let name = &entry.account.name;
                Some(format!("account `{name}`, which this client is bound to, is out: {reason}"))
            }
            Binding::Group { id, fallback: false } if !self.groups.contains_key(id) => {
                Some(format!("the group `{id}` this client is bound to does not exist"))
            }
            Binding::Any | Binding::Account { .. } | Binding::Group { .. } => None,
        }
    }
}

// === helpers ===

fn counted(ask: &Ask<'_>, reasons: &Tally) -> String {
    let place = match ask.binding {
        Binding::Group { id, fallback: false } => format!(" in group `{id}`"),
        Binding::Any | Binding::Account { .. } | Binding::Group { .. } => String::new(),
    };
    let total: usize = reasons.values().sum();
    if total == 0 {
        return format!("there is no account{place}");
    }
    let reasons: Vec<String> =
        reasons.iter().map(|(word, count)| format!("{count} {}", phrase(word))).collect();
    let reasons = reasons.join(", ");
    let (endpoint, model) = (ask.endpoint, ask.model);
    format!("none of {total} accounts{place} can take `{model}` at {endpoint} now: {reasons}")
}

/// "3 ...": why some accounts are out.
fn phrase(word: &str) -> &str {
    match word {
        "endpoint" => "for other endpoints",
        "not_schedulable" => "kept out of the pool",
        "needs_login" => "in need of a new sign-in",
        "error" => "with refused credentials",
        "no_keys" => "without an active key",
        "subscription_expired" => "past the end of the subscription",
        "full" => "at their limit of requests at once",
        "excluded" => "tried already",
        "model_cooling" => "cooling for this model",
        other => other,
    }
}

//! Between the stored row of an account's health and the policy that changes it.
//!
//! Owns: which field is which.
//! Must not know: the rules, SQL.

use crate::clock::Timestamp;
use crate::pool::account::Health;
use crate::pool::cooldown::{KeySubject, Subject};
use crate::store::{HealthRow, KeyHealth};

/// The row as the policy sees it.
pub(crate) fn subject(row: &mut HealthRow) -> Subject<'_> {
    Subject {
        account_status: &mut row.status,
        account_error: &mut row.error,
        account: &mut row.health,
        key: row.key.as_mut().map(key_subject),
        other_keys_usable: row.another_is_active,
    }
}

/// A key of the row as the policy sees it.
pub(crate) fn key_subject(key: &mut KeyHealth) -> KeySubject<'_> {
    KeySubject { status: &mut key.status, error: &mut key.error, health: &mut key.health }
}

/// Marks the pauses that hold the model back as probed; false when another process was faster.
/// A pause that ended meanwhile needs no claim.
pub(crate) fn claim_probe(row: &mut HealthRow, model: &str, now: Timestamp) -> bool {
    let key = row.key.as_mut().map(|it| &mut it.health);
    let mut paused = false;
    let mut claimed = false;
    for health in key.into_iter().chain([&mut row.health]) {
        let pauses = is_paused(health, model, now);
        paused |= pauses.is_some();
        if pauses == Some(false) {
            health.mark_probed(model);
            claimed = true;
        }
    }
    claimed || !paused
}

/// Whether the health pauses the model now and, if so, whether that pause was probed.
fn is_paused(health: &Health, model: &str, now: Timestamp) -> Option<bool> {
    let whole = health.cooling_at(now).map(|it| it.probed);
    let one = health.model_cooling_at(model, now).map(|it| it.probed);
    match (whole, one) {
        (None, None) => None,
        (whole, one) => Some(whole.unwrap_or(true) && one.unwrap_or(true)),
    }
}

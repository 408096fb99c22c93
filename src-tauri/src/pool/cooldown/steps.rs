//! The single steps the policy is made of.
//!
//! Owns: how a pause begins and ends, how successes and faults are counted.
//! Must not know: which class of fault asks for which step.

use std::time::Duration;

use droid_protocol::fault::Fault;

use super::{Effect, KeySubject, Subject, Target, Transition};
use crate::clock::Timestamp;
use crate::pool::account::{Cooling, Health, KeyStatus, Status};

/// Successes and failures are halved here, so that the score follows the recent ones.
const SCORE_WINDOW: u64 = 1000;

/// Whom a fault of the credential speaks against: the key, if one was used.
pub(super) fn accused<'s>(subject: &'s mut Subject<'_>) -> (&'s mut Health, Target) {
    match &mut subject.key {
        Some(key) => (key.health, Target::Key),
        None => (subject.account, Target::Account),
    }
}

/// Begins a pause. One in force is never shortened, and whether it was probed stays true: a
/// failed probe must not earn the next one.
pub(super) fn cool(
    health: &mut Health,
    on: Target,
    until: Timestamp,
    now: Timestamp,
    reason: &str,
    effect: &mut Effect,
) {
    effect.counted = true;
    let in_force = health.cooling_at(now);
    if in_force.is_some_and(|it| it.until >= until) {
        return;
    }
    let probed = in_force.is_some_and(|it| it.probed);
    health.cooling = Some(Cooling { until, reason: reason.to_owned(), probed });
    effect.push(Transition::Cooled { on, until });
}

/// Counts for the weighted score.
pub(super) const fn count(health: &mut Health, success: bool) {
    if success {
        health.successes = health.successes.saturating_add(1);
    } else {
        health.failures = health.failures.saturating_add(1);
    }
    if health.successes.saturating_add(health.failures) >= SCORE_WINDOW {
        health.successes /= 2;
        health.failures /= 2;
    }
}

/// A success speaks for it: no pause, no strikes, no streak.
pub(super) fn recover(
    health: &mut Health,
    model: &str,
    now: Timestamp,
    on: Target,
    effect: &mut Effect,
) {
    let paused = health.cooling_at(now).is_some() || health.model_cooling_at(model, now).is_some();
    if paused || !health.strikes.is_empty() {
        effect.push(Transition::Lifted { on });
    }
    health.cooling = None;
    health.strikes.clear();
    health.streak = 0;
    health.models.retain(|it| it.model != model && it.until > now);
}

/// A person says: forget it all.
pub(super) fn forget(health: &mut Health, on: Target, effect: &mut Effect) {
    if health.cooling.is_some() || !health.strikes.is_empty() || !health.models.is_empty() {
        effect.push(Transition::Lifted { on });
    }
    effect.counted |= health.streak > 0;
    health.cooling = None;
    health.strikes.clear();
    health.streak = 0;
    health.models.clear();
}

/// The key may be used again.
pub(super) fn revive_key(key: &mut KeySubject<'_>, effect: &mut Effect) {
    *key.status = KeyStatus::Active;
    *key.error = None;
    effect.push(Transition::Revived { on: Target::Key });
}

/// The account may be used again, unless a person has to act first.
pub(super) fn resume(subject: &mut Subject<'_>, effect: &mut Effect) {
    let key_active = subject.key.as_ref().is_some_and(|it| *it.status == KeyStatus::Active);
    let back = match *subject.account_status {
        Status::Error => true,
        Status::NoKeys => key_active || subject.other_keys_usable,
        Status::Active | Status::NeedsLogin => false,
    };
    if back {
        *subject.account_status = Status::Active;
        *subject.account_error = None;
        effect.push(Transition::Revived { on: Target::Account });
    }
}

/// The last key went out, and with it the account.
pub(super) fn stop_without_keys(subject: &mut Subject<'_>, fault: &Fault, effect: &mut Effect) {
    if subject.other_keys_usable || *subject.account_status != Status::Active {
        return;
    }
    *subject.account_status = Status::NoKeys;
    *subject.account_error =
        Some(format!("none of its keys is active; the last one went out on {}", told(fault)));
    effect.push(Transition::KeysOut);
}

/// How long upstream asked to wait, else the default.
pub(super) fn wait(fault: &Fault, default: Duration) -> Duration {
    fault.retry_after_ms.map_or(default, Duration::from_millis)
}

/// What upstream said.
pub(super) fn told(fault: &Fault) -> String {
    match fault.status {
        Some(status) => format!("{status} {}", fault.message),
        None => fault.message.clone(),
    }
}

//! What a fault or a success does to an account and its key (design section 5).
//!
//! Owns: the policy, as functions on the stored state: `Serving -> Cooling -> Serving`,
//! `Serving -> Struck -> Stopped`, and the ways back.
//! Must not know: how rows are stored, status codes, who asked. The caller hands fresh rows in
//! from within a transaction and stores them after.

mod effect;
mod steps;

use std::time::Duration;

use droid_protocol::fault::{Class, Fault};

pub use self::effect::{Effect, Target, Transition};
use self::steps::{
    accused, cool, count, forget, recover, resume, revive_key, stop_without_keys, told, wait,
};
use super::account::{Health, KeyStatus, ModelCooling, Status};
use crate::clock::Timestamp;
use crate::config::Scheduling;

/// The state that one request speaks about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The account's status.
    pub account_status: &'a mut Status,
    /// Why it is not active.
    pub account_error: &'a mut Option<String>,
    /// The account's health.
    pub account: &'a mut Health,
    /// The key that was used, if the account is a pool.
    pub key: Option<KeySubject<'a>>,
    /// Another key of the pool is `active`, cooling or not.
    pub other_keys_usable: bool,
}

/// The key that was used.
#[derive(Debug)]
pub struct KeySubject<'a> {
    /// Its status.
    pub status: &'a mut KeyStatus,
    /// Why it is not active.
    pub error: &'a mut Option<String>,
    /// Its health.
    pub health: &'a mut Health,
}

/// No pause is shorter: `retry-after: 0` must not become a loop.
const SHORTEST: Duration = Duration::from_secs(1);

/// Models paused on one account at once; a client that makes names up must not grow the record.
const MODELS: usize = 64;

/// What a fault does. Requests that are wrong in themselves and clients that went away leave
/// everything as it was.
pub fn apply(
    subject: &mut Subject<'_>,
    fault: &Fault,
    model: &str,
    scheduling: &Scheduling,
    now: Timestamp,
) -> Effect {
    let mut effect = Effect::default();
    match fault.class {
        Class::Request | Class::ClientClosed => {}
        Class::Model => pause_model(subject, fault, model, scheduling, now, &mut effect),
        Class::Credential => strike(subject, fault, scheduling, now, &mut effect),
        Class::Quota => exhaust(subject, fault, scheduling, now, &mut effect),
        Class::Rate => slow_down(subject, fault, scheduling, now, &mut effect),
        Class::Transient => back_off(subject, fault, scheduling, now, &mut effect),
        Class::Truncated => strike_softly(subject, fault, scheduling, now, &mut effect),
    }
    effect
}

/// What a success does: it lifts pauses, strikes and what came of strikes. What a person has to do
/// (sign in, switch on, pay) stays.
pub fn succeed(subject: &mut Subject<'_>, model: &str, now: Timestamp) -> Effect {
    let mut effect = Effect { counted: true, transitions: Vec::new() };
    if let Some(key) = &mut subject.key {
        recover(key.health, model, now, Target::Key, &mut effect);
        count(key.health, true);
        if *key.status == KeyStatus::Error {
            revive_key(key, &mut effect);
        }
    }
    recover(subject.account, model, now, Target::Account, &mut effect);
    count(subject.account, true);
    resume(subject, &mut effect);
    effect
}

/// A person's order to forget all pauses, strikes and bans and to try again. A key switched off by
/// a person stays off, and a dead refresh token needs a sign-in.
pub fn reset(subject: &mut Subject<'_>) -> Effect {
    let mut effect = Effect::default();
    if let Some(key) = &mut subject.key {
        forget(key.health, Target::Key, &mut effect);
        if matches!(key.status, KeyStatus::Error | KeyStatus::Banned) {
            revive_key(key, &mut effect);
        }
    }
    forget(subject.account, Target::Account, &mut effect);
    resume(subject, &mut effect);
    effect
}

// === faults, a row each ===

/// This model cannot be asked for there, for a while; every other one can.
fn pause_model(
    subject: &mut Subject<'_>,
    fault: &Fault,
    model: &str,
    scheduling: &Scheduling,
    now: Timestamp,
    effect: &mut Effect,
) {
    let longest = scheduling.model_cooldown;
    let pause = wait(fault, longest).clamp(SHORTEST.min(longest), longest);
    let (health, on) = accused(subject);
    let until = now.plus(pause);
    health.models.retain(|it| it.until > now);
    match health.models.iter_mut().find(|it| it.model == model) {
        Some(known) => known.until = known.until.max(until),
        None => {
            if health.models.len() >= MODELS {
                health.models.remove(0);
            }
            health.models.push(ModelCooling { model: model.to_owned(), until, probed: false });
        }
    }
    effect.push(Transition::ModelPaused { on, model: model.to_owned(), until });
}

/// The credential was not accepted. Once may be chance, three times in ten minutes is not.
fn strike(
    subject: &mut Subject<'_>,
    fault: &Fault,
    scheduling: &Scheduling,
    now: Timestamp,
    effect: &mut Effect,
) {
    let (health, on) = accused(subject);
    count(health, false);
    health.strikes.retain(|it| now.since(*it) < scheduling.strike_window);
    health.strikes.push(now);
    let strikes = health.strikes.len();
    effect.push(Transition::Struck { on, strikes });
    if strikes >= usize::try_from(scheduling.strikes).unwrap_or(usize::MAX) {
        stop(subject, fault, effect);
    }
}

/// Too many strikes: out until a success, a reset or a new credential.
fn stop(subject: &mut Subject<'_>, fault: &Fault, effect: &mut Effect) {
    let why = format!("credentials refused too often: {}", told(fault));
    match &mut subject.key {
        Some(key) if *key.status == KeyStatus::Active => {
            *key.status = KeyStatus::Error;
            *key.error = Some(why);
            effect.push(Transition::Stopped { on: Target::Key });
            stop_without_keys(subject, fault, effect);
        }
        None if *subject.account_status == Status::Active => {
            *subject.account_status = Status::Error;
            *subject.account_error = Some(why);
            effect.push(Transition::Stopped { on: Target::Account });
        }
        Some(_) | None => {}
    }
}

/// No budget: a key is banned, an account pauses until upstream's reset, however far.
fn exhaust(
    subject: &mut Subject<'_>,
    fault: &Fault,
    scheduling: &Scheduling,
    now: Timestamp,
    effect: &mut Effect,
) {
    let (health, on) = accused(subject);
    count(health, false);
    effect.counted = true;
    let Some(key) = &mut subject.key else {
        let pause = wait(fault, scheduling.max_cooldown).max(SHORTEST);
        cool(subject.account, on, now.plus(pause), now, &format!("quota: {}", told(fault)), effect);
        return;
    };
    if *key.status == KeyStatus::Active {
        *key.status = KeyStatus::Banned;
        *key.error = Some(format!("no budget left: {}", told(fault)));
        effect.push(Transition::Banned);
        stop_without_keys(subject, fault, effect);
    }
}

/// Too fast: pause as long as upstream asks, within bounds.
fn slow_down(
    subject: &mut Subject<'_>,
    fault: &Fault,
    scheduling: &Scheduling,
    now: Timestamp,
    effect: &mut Effect,
) {
    let longest = scheduling.max_cooldown;
    let pause = wait(fault, scheduling.rate_cooldown).clamp(SHORTEST.min(longest), longest);
    let (health, on) = accused(subject);
    count(health, false);
    cool(health, on, now.plus(pause), now, &format!("rate limit: {}", told(fault)), effect);
}

/// Upstream or the network failed: the account pauses, twice as long each time in a row.
fn back_off(
    subject: &mut Subject<'_>,
    fault: &Fault,
    scheduling: &Scheduling,
    now: Timestamp,
    effect: &mut Effect,
) {
    let health = &mut *subject.account;
    count(health, false);
    effect.counted = true;
    // Requests in flight together fail together: the first one of them counts. A probe's fault
    // is a new one.
    if health.cooling_at(now).is_some_and(|it| !it.probed) {
        return;
    }
    health.streak = health.streak.saturating_add(1);
    let doublings = health.streak.saturating_sub(1).min(31);
    let pause = scheduling.transient_first.saturating_mul(1 << doublings);
    let pause = pause.min(scheduling.transient_max);
    let why = format!("upstream failed: {}", told(fault));
    cool(health, Target::Account, now.plus(pause), now, &why, effect);
}

/// A stream was cut. Once is counted only; the second in a row pauses as long as the first
/// transient fault, never longer.
fn strike_softly(
    subject: &mut Subject<'_>,
    fault: &Fault,
    scheduling: &Scheduling,
    now: Timestamp,
    effect: &mut Effect,
) {
    let health = &mut *subject.account;
    count(health, false);
    effect.counted = true;
    if health.streak == 0 {
        health.streak = 1;
        return;
    }
    let pause = scheduling.transient_first.min(scheduling.transient_max);
    let why = format!("streams were cut: {}", told(fault));
    cool(health, Target::Account, now.plus(pause), now, &why, effect);
}

#[cfg(test)]
mod tests;

//! The accounts, as far as they can take requests.
//!
//! Owns: what is told of each that cannot.
//! Must not know: upstream: no account is used.

use super::{Check, PROGRAM, quoted};
use crate::accounts::view::health;
use crate::app::App;
use crate::clock::Timestamp;
use crate::pool::account::Account;

const NAME: &str = "accounts";

pub(super) async fn checks(app: &App) -> Vec<Check> {
    let accounts = match app.store.changes_since(0).await {
        Ok(changes) => changes.accounts,
        Err(error) => {
            let hint = format!("{PROGRAM} accounts list");
            return vec![Check::wrong(NAME, error.to_string(), hint)];
        }
    };
    let now = app.clock.now();
    if accounts.is_empty() {
        let hint = format!("{PROGRAM} login, or {PROGRAM} accounts add-keys --name Team");
        return vec![Check::wrong(NAME, "there is none", hint)];
    }
    let is_healthy = |it: &&Account| health(it, now) == "healthy";
    let n_healthy = accounts.iter().filter(is_healthy).count();
    let total = format!("{n_healthy} of {} can take requests", accounts.len());
    let mut checks = vec![match n_healthy {
        0 => Check::wrong(NAME, total, format!("{PROGRAM} explain shows why")),
        _ => Check::ok(NAME, total),
    }];
    checks.extend(accounts.iter().filter_map(|it| one(it, now)));
    checks
}

fn one(account: &Account, now: Timestamp) -> Option<Check> {
    let name = &account.name;
    let quoted = quoted(name);
    let said = |what: &str| match &account.error {
        None => format!("`{name}` {what}"),
        Some(error) => format!("`{name}` {what}: {error}"),
    };
    Some(match health(account, now) {
        "needs_login" => {
            let hint = format!("{PROGRAM} login --account {quoted}");
            Check::wrong("account", said("needs a new sign-in"), hint)
        }
        "error" => {
            let hint = format!("{PROGRAM} test {quoted}, then {PROGRAM} accounts reset {quoted}");
            Check::wrong("account", said("is in error"), hint)
        }
        "no_keys" => {
            let hint = format!("{PROGRAM} keys list {quoted}; add more with keys add");
            Check::wrong("account", said("has no usable key"), hint)
        }
        "expired" => {
            let hint = format!("{PROGRAM} accounts edit {quoted} --expires DAY");
            Check::warning("account", said("has a subscription that ended"), hint)
        }
        "cooling" => {
            let until = account.health.cooling_at(now).map_or(now, |it| it.until);
            let left = until.since(now).as_secs();
            let hint = format!("wait, or lift it: {PROGRAM} accounts reset {quoted}");
            Check::warning("account", said(&format!("rests for {left} s")), hint)
        }
        _ => return None,
    })
}

//! The accounts, as far as they can take requests.
//!
//! Owns: what is told of each that cannot.
//! Must not know: upstream: no account is used.

use serde_json::Value;

use super::Check;
use crate::cli::NAME as PROGRAM;
use crate::cli::names::{self, text};
use crate::cli::session::Session;

const NAME: &str = "accounts";

pub(super) async fn checks(session: &Session) -> Vec<Check> {
    let accounts = match names::accounts(session).await {
        Ok(accounts) => accounts,
        Err(failure) => {
            let hint = format!("{PROGRAM} accounts list");
            return vec![Check::wrong(NAME, failure.message, hint)];
        }
    };
    if accounts.is_empty() {
        let hint = format!("{PROGRAM} login, or {PROGRAM} accounts add-keys --name Team");
        return vec![Check::wrong(NAME, "there is none", hint)];
    }
    let is_healthy = |it: &&Value| it["health"] == "healthy";
    let n_healthy = accounts.iter().filter(is_healthy).count();
    let total = format!("{n_healthy} of {} can take requests", accounts.len());
    let mut checks = vec![match n_healthy {
        0 => Check::wrong(NAME, total, format!("{PROGRAM} explain shows why")),
        _ => Check::ok(NAME, total),
    }];
    checks.extend(accounts.iter().filter_map(|it| one(session, it)));
    checks
}

fn one(session: &Session, account: &Value) -> Option<Check> {
    let name = text(&account["name"]);
    let quoted = format!("'{}'", name.replace('\'', "'\\''"));
    let error = text(&account["error"]);
    let said = |what: &str| match error.as_str() {
        "" => format!("`{name}` {what}"),
        error => format!("`{name}` {what}: {error}"),
    };
    Some(match account["health"].as_str()? {
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
            let left = session.until(&text(&account["cooling"]["until"]));
            let hint = format!("wait, or lift it: {PROGRAM} accounts reset {quoted}");
            Check::warning("account", said(&format!("rests for {left}")), hint)
        }
        _ => return None,
    })
}

//! Clock, proxies, endpoints.
//!
//! Owns: how far a clock may be off, how long an answer may take.
//! Must not know: tokens and keys: what is asked carries no credential.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use url::Url;

use super::{Check, PROGRAM, quoted};
use crate::app::App;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::secret::Secret;
use crate::upstream::{Clients, Reached};

/// Tokens live for hours: minutes are what begins to matter.
const SKEW: Duration = Duration::from_secs(120);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Proxies that are tried at the same time.
const PROXIES_AT_ONCE: usize = 8;

/// Proxies of accounts that are tried; more would keep the person waiting.
const MOST_PROXIES: usize = 64;

/// `app` is there where the accounts can be read.
pub(super) async fn checks(time: &dyn Clock, config: &Config, app: Option<&App>) -> Vec<Check> {
    let clients = Clients::new(config.proxies.clone());
    let own = match app {
        Some(app) => proxies_of_accounts(app).await,
        None => Vec::new(),
    };
    let left_out = own.len().saturating_sub(MOST_PROXIES);
    let listed = config.proxies.iter().map(|it| {
        let name = if it.name.is_empty() { "the proxy" } else { it.name.as_str() };
        let hint = "mend it, or take it out of `proxies`: without it nothing is sent".to_owned();
        (name.to_owned(), it.url.clone(), hint)
    });
    let own = own.into_iter().take(MOST_PROXIES).map(|(account, url)| {
        let hint = format!("mend it, or {PROGRAM} accounts edit {} --proxy none", quoted(&account));
        (format!("that of `{account}`"), url, hint)
    });
    let proxies: Vec<_> = listed.chain(own).map(|it| proxy(&clients, it, config)).collect();
    let mut checks: Vec<Check> = stream::iter(proxies).buffered(PROXIES_AT_ONCE).collect().await;
    if left_out > 0 {
        let hint = "test the accounts: a test goes through the account's own proxy";
        checks.push(Check::warning("proxy", format!("{left_out} more were not tried"), hint));
    }
    let hosts = [
        host(&clients, time, "Factory's API", &config.factory.api_base_url),
        host(&clients, time, "Factory's app", &config.factory.app_base_url),
        host(&clients, time, "sign-in", &config.workos.auth_url),
    ];
    let (reached, skews): (Vec<Check>, Vec<Option<Skew>>) =
        join_all(hosts).await.into_iter().unzip();
    checks.extend(reached);
    checks.push(clock(skews.into_iter().flatten().next()));
    checks
}

/// The time here and there.
type Skew = (Timestamp, Timestamp);

async fn host(clients: &Clients, time: &dyn Clock, name: &str, url: &Url) -> (Check, Option<Skew>) {
    let asked = clients.reach(url, TIMEOUT).await;
    let skew = match &asked {
        Ok(Reached { date: Some(theirs), .. }) => Some((time.now(), *theirs)),
        _ => None,
    };
    (reached(name, url, &asked), skew)
}

/// What a proxy is called, its URL, and what to do if it does not work.
type Tried = (String, Secret, String);

async fn proxy(clients: &Clients, (name, url, hint): Tried, config: &Config) -> Check {
    match clients.test_proxy(&url, &config.factory.api_base_url).await {
        Ok(tested) => {
            Check::ok("proxy", format!("{name} works ({} ms)", tested.elapsed.as_millis()))
        }
        Err(error) => Check::wrong("proxy", format!("{name}: {error}"), hint),
    }
}

/// The proxies that enabled accounts have of their own, each once, with the name of one of those
/// that use it. One that cannot be read is told with the secrets.
async fn proxies_of_accounts(app: &App) -> Vec<(String, Secret)> {
    let changes = app.store.changes_since(0).await;
    let accounts = changes.map(|it| it.accounts).unwrap_or_default();
    let mut known = HashSet::new();
    let mut proxies = Vec::new();
    for account in accounts.into_iter().filter(|it| it.enabled && it.has_proxy) {
        let Ok(Some(url)) = app.store.proxy(&account.id).await else { continue };
        if known.insert(url.fingerprint()) {
            proxies.push((account.name, url));
        }
    }
    proxies
}

fn reached(name: &str, url: &Url, asked: &Result<Reached, String>) -> Check {
    let host = url.host_str().unwrap_or_default();
    match asked {
        Ok(it) => {
            Check::ok("reach", format!("{name} answers ({host}, {} ms)", it.elapsed.as_millis()))
        }
        Err(error) => {
            let hint = "check the network, the proxy and a firewall for that host";
            Check::wrong("reach", format!("{name} ({host}): {error}"), hint)
        }
    }
}

fn clock(skew: Option<Skew>) -> Check {
    let Some((ours, theirs)) = skew else {
        return Check::warning("clock", "nobody told the time", "try again with a network");
    };
    let off = ours.since(theirs).max(theirs.since(ours));
    let text = format!("{} s off Factory's", off.as_secs());
    if off > SKEW {
        let hint = "set the clock (timedatectl set-ntp true): tokens would look too old or new";
        return Check::wrong("clock", text, hint);
    }
    Check::ok("clock", text)
}

//! Clock, proxies, endpoints.
//!
//! Owns: how far a clock may be off, how long an answer may take.
//! Must not know: accounts: what is asked carries no credential.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use url::Url;

use super::Check;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Proxy};
use crate::upstream::{Clients, Reached};

/// Tokens live for hours: minutes are what begins to matter.
const SKEW: Duration = Duration::from_secs(120);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Proxies that are tried at the same time.
const PROXIES_AT_ONCE: usize = 8;

pub(super) async fn checks(time: &dyn Clock, config: &Config) -> Vec<Check> {
    let clients = Clients::new(config.proxies.clone());
    let proxies: Vec<_> = config.proxies.iter().map(|it| proxy(&clients, it, config)).collect();
    let mut checks: Vec<Check> = stream::iter(proxies).buffered(PROXIES_AT_ONCE).collect().await;
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

async fn proxy(clients: &Clients, proxy: &Proxy, config: &Config) -> Check {
    let name = if proxy.name.is_empty() { "the proxy" } else { proxy.name.as_str() };
    match clients.test_proxy(&proxy.url, &config.factory.api_base_url).await {
        Ok(tested) => {
            Check::ok("proxy", format!("{name} works ({} ms)", tested.elapsed.as_millis()))
        }
        Err(error) => {
            let hint = "mend it, or take it out of `proxies`: without it nothing is sent";
            Check::wrong("proxy", format!("{name}: {error}"), hint)
        }
    }
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

//! Clock, proxies, endpoints, and the gateway's port.
//!
//! Owns: how far a clock may be off, how long an answer may take.
//! Must not know: accounts: what is asked carries no credential.

use std::time::Duration;

use url::Url;

use super::Check;
use crate::cli::place;
use crate::cli::session::Session;
use crate::clock::Timestamp;
use crate::config::Live;
use crate::upstream::{Clients, Reached};

/// Tokens live for hours: minutes are what begins to matter.
const SKEW: Duration = Duration::from_secs(120);
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn checks(session: &Session, config: &Live) -> Vec<Check> {
    let config = config.get();
    let clients = Clients::new(config.proxies.clone());
    let mut checks = Vec::new();
    for proxy in &config.proxies {
        let name = if proxy.name.is_empty() { "the proxy" } else { proxy.name.as_str() };
        checks.push(match clients.test_proxy(&proxy.url, &config.factory.api_base_url).await {
            Ok(tested) => {
                Check::ok("proxy", format!("{name} works ({} ms)", tested.elapsed.as_millis()))
            }
            Err(error) => {
                let hint = "mend it, or take it out of `proxies`: without it nothing is sent";
                Check::wrong("proxy", format!("{name}: {error}"), hint)
            }
        });
    }
    let mut skew = None;
    for (name, url) in [
        ("Factory's API", &config.factory.api_base_url),
        ("Factory's app", &config.factory.app_base_url),
        ("sign-in", &config.workos.auth_url),
    ] {
        let asked = clients.reach(url, TIMEOUT).await;
        checks.push(reached(name, url, &asked));
        if let (None, Ok(Reached { date: Some(theirs), .. })) = (skew, &asked) {
            skew = Some((session.now(), *theirs));
        }
    }
    checks.push(clock(skew));
    checks
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

fn clock(skew: Option<(Timestamp, Timestamp)>) -> Check {
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

/// Whether the gateway runs where it is configured to, or could.
pub(super) async fn gateway(session: &Session) -> Check {
    const NAME: &str = "gateway";
    let clients = Clients::new(Vec::new());
    if let Some(url) = place::running(session) {
        if let Ok(health) = Url::parse(&url).and_then(|it| it.join("/healthz"))
            && clients.reach(&health, TIMEOUT).await.is_ok_and(|it| it.ok)
        {
            return Check::ok(NAME, format!("running at {url}"));
        }
        let hint = "see its log, or stop it and start it again";
        return Check::wrong(NAME, format!("the one at {url} runs and does not answer"), hint);
    }
    let address = match place::usual(session).await {
        Ok(url) => url.trim_start_matches("http://").to_owned(),
        Err(failure) => return Check::wrong(NAME, failure.message, "set PORT to a port, or not"),
    };
    let Ok(url) = Url::parse(&format!("http://{address}/healthz")) else {
        return Check::warning(NAME, "its address cannot be asked", "check gateway.listen");
    };
    if let Ok(it) = clients.reach(&url, TIMEOUT).await {
        return if it.ok {
            Check::ok(NAME, format!("one of another data folder runs at {address}"))
        } else {
            let hint = "stop what listens there, or serve --listen with another port";
            Check::wrong(NAME, format!("another program listens at {address}"), hint)
        };
    }
    match std::net::TcpListener::bind(&address) {
        Ok(_) => Check::ok(NAME, format!("not running; {address} is free")),
        Err(error) => {
            let hint = "serve --listen with another port, or see what has it";
            Check::wrong(NAME, format!("{address} cannot be used: {}", error.kind()), hint)
        }
    }
}

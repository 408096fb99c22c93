//! The gateway, and the port it would listen at.
//!
//! Owns: what is told of a port that somebody else has.
//! Must not know: how a gateway is started.

use std::time::Duration;

use url::Url;

use crate::cli::place;
use crate::cli::session::Session;
use crate::doctor::Check;
use crate::upstream::Clients;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the gateway runs where it is configured to, or could.
pub(super) async fn check(session: &Session) -> Check {
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

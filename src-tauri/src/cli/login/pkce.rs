//! Sign-in in this machine's browser, which comes back with a code (RFC 7636).
//!
//! Owns: the listener on this machine, and the address pasted where the browser cannot reach it.
//! Must not know: the sign-in service.

use std::io::BufRead as _;

use serde_json::{Value, json};
use url::Url;

use super::{ended, interrupted};
use crate::cli::failure::{Failure, Result};
use crate::cli::names::text;
use crate::cli::session::{Session, tell};
use crate::cli::{ask, browser};
use crate::oauth::flow::SESSION;
use crate::oauth::loopback::Loopback;
use crate::secret::Secret;

/// Signs in and gives back the account's id.
pub(super) async fn sign_in(
    session: &Session,
    mut request: Value,
    port: u16,
    open: bool,
) -> Result<String> {
    let listener = Loopback::bind(port).await?;
    request["flow"] = json!("pkce");
    request["redirect_uri"] = json!(listener.redirect_uri());
    let started = session.call_telling("starting the sign-in", "start_login", request).await?;
    let link = text(&started["verification_uri"]);
    tell(&format!("Open  {link}"));
    if open && ask::is_attended() && browser::open(&*session.boot.env, &link) {
        tell("Your browser should show it now.");
    }
    let state = state_of(&link)?;
    let callback = tokio::select! {
        came = listener.receive(&state, SESSION) => came?,
        pasted = pasted() => pasted?,
        _ = tokio::signal::ctrl_c() => {
            return Err(interrupted(session, &started["login_id"]).await);
        }
    };
    let params = json!({ "login_id": started["login_id"], "callback_url": callback.expose() });
    ended(&session.call_telling("signing in", "complete_login", params).await?)
}

/// The state the browser has to bring back: it is in the address it was sent to.
fn state_of(link: &str) -> Result<Secret> {
    let url = Url::parse(link).ok();
    let state = url.iter().flat_map(Url::query_pairs).find(|(name, _)| name == "state");
    state
        .map(|(_, value)| Secret::new(value))
        .ok_or_else(|| Failure::new("internal", "the sign-in's address carries no state"))
}

/// The address from the browser's bar, typed in by the person; never ready where nobody is there.
async fn pasted() -> Result<Secret> {
    if !ask::is_attended() {
        return std::future::pending().await;
    }
    tell("If it does not come back by itself, paste the address it ends at here:");
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    match read.await {
        Ok(Ok(line)) if !line.trim().is_empty() => Ok(Secret::new(line.trim())),
        // The end of input: the browser may still come.
        _ => std::future::pending().await,
    }
}

//! `login`: signs a person in, by a code at any device or by this machine's browser.
//!
//! Owns: what the person sees meanwhile, the pace of asking, what Ctrl-C does.
//! Must not know: the sign-in service.

mod device;
mod pkce;

use clap::Args;
use serde_json::{Value, json};

use super::failure::{Failure, Result};
use super::names::{self, text};
use super::options;
use super::page::Tone;
use super::session::{Answer, Session};

/// Sign in to Factory.ai and add the account, or sign a known one in again
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli login
  droid-provider-cli login --name Mine --no-browser
  droid-provider-cli login --account Mine          (sign in again)
  droid-provider-cli login --pkce                  (this machine's browser comes back)

It shows a code and a link; confirm it on any device within ten minutes.")]
pub(crate) struct Login {
    /// What to call the new account; the owner's email if left out
    #[arg(long, conflicts_with = "account")]
    name: Option<String>,
    /// Sign this account in again, instead of adding one
    #[arg(long)]
    account: Option<String>,
    /// Let the browser of this machine come back to this program, instead of a code
    #[arg(long)]
    pkce: bool,
    /// Port the browser comes back to, with --pkce; 0 takes any that is free
    #[arg(long, default_value_t = 0, requires = "pkce")]
    port: u16,
    /// Do not open a browser
    #[arg(long)]
    no_browser: bool,
    /// Proxy for the sign-in and the account; `-` reads the URL from stdin
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
}

// === impl Login ===

impl Login {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let mut ask = json!({});
        if let Some(name) = &self.name {
            ask["name"] = json!(name);
        }
        if let Some(account) = &self.account {
            ask["credential_id"] = json!(names::account_id(session, account).await?);
        }
        if let Some(proxy) = &self.proxy {
            ask["proxy"] = options::proxy_url(proxy, false)?;
        }
        let id = if self.pkce {
            pkce::sign_in(session, ask, self.port, !self.no_browser).await?
        } else {
            device::sign_in(session, ask, !self.no_browser).await?
        };
        let account = session.call("get_credential", json!({ "credential_id": id })).await?;
        let mut page = session.page();
        page.said(&format!("Signed in: account `{}`.", text(&account["name"])), Tone::Good);
        page.line("Next: serve runs the gateway, setup points a client at it.");
        Ok(Answer::new(account, page))
    }
}

/// The account of a sign-in that is over, or why there is none.
fn ended(state: &Value) -> Result<String> {
    match state["state"].as_str() {
        Some("done") => Ok(text(&state["credential_id"])),
        Some("denied") => Err(Failure::new("login_over", "the sign-in was refused")),
        _ => Err(Failure::new("login_over", "nobody confirmed the sign-in in time")),
    }
}

/// Ctrl-C ends the sign-in as well as the program: the code is dead then.
async fn interrupted(session: &Session, login_id: &Value) -> Failure {
    drop(session.call("cancel_login", json!({ "login_id": login_id })).await);
    Failure::new("interrupted", "the sign-in was cancelled")
}

//! `ready`: whether a gateway answers, for service managers and containers without a shell.
//!
//! Owns: the arguments.
//! Must not know: what makes a gateway ready.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::failure::{Exit, Failure, Result};
use super::page::Tone;
use super::session::{Answer, Session};
use super::{place, working};
use crate::upstream::Clients;

/// A health check is asked again soon.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Ask a running gateway whether it is ready; the exit code tells
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli ready
  droid-provider-cli ready --wait 10            (after `serve &`)
  droid-provider-cli ready --url http://127.0.0.1:8787")]
pub(crate) struct Ready {
    /// Where the gateway is; the one that runs on this data if left out
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Wait up to so long for it
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    wait: u64,
}

// === impl Ready ===

impl Ready {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let clients = Clients::new(Vec::new());
        let until = Instant::now() + Duration::from_secs(self.wait);
        let url = working::shown("waiting", async {
            loop {
                let looked = self.look(session, &clients).await;
                if looked.is_ok() || looked.as_ref().is_err_and(|it| it.exit == Exit::Usage) {
                    return looked;
                }
                if Instant::now() >= until {
                    return looked;
                }
                tokio::time::sleep(PAUSE).await;
            }
        })
        .await?;
        let mut page = session.page();
        page.said(&format!("The gateway at {url} is ready."), Tone::Good);
        Ok(Answer::new(json!({ "ready": true, "url": url }), page))
    }

    /// Its address, if it is ready.
    async fn look(&self, session: &Session, clients: &Clients) -> Result<String> {
        let at = match &self.url {
            Some(url) => url.clone(),
            // One that is being started has no address yet.
            None => place::of_gateway(session).await?,
        };
        let url = Url::parse(&at).and_then(|it| it.join("/readyz"));
        let url =
            url.map_err(|_| Failure::usage("--url: expected such as http://127.0.0.1:8787"))?;
        let hint = format!("{} doctor looks for the reason", super::NAME);
        let failed = |text: String| Failure::new("failed", text).hint(hint.clone());
        let reached = clients.reach(&url, TIMEOUT).await;
        let reached = reached.map_err(|why| failed(format!("the gateway at {at}: {why}")))?;
        if !reached.ok {
            return Err(failed(format!("the gateway at {at} is not ready")));
        }
        Ok(at)
    }
}

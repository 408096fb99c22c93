//! `ready`: whether a gateway answers, for service managers and containers without a shell.
//!
//! Owns: the arguments.
//! Must not know: what makes a gateway ready.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use url::Url;

use super::failure::{Failure, Result};
use super::page::Tone;
use super::session::{Answer, Session};
use crate::upstream::Clients;

/// A health check is asked again soon.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Ask a running gateway whether it is ready; the exit code tells
#[derive(Args)]
#[command(after_help = "\
Example:
  droid-provider-cli ready --url http://127.0.0.1:8787")]
pub(crate) struct Ready {
    /// Where the gateway is
    #[arg(long, default_value = "http://127.0.0.1:8787", value_name = "URL")]
    url: String,
}

// === impl Ready ===

impl Ready {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let url = Url::parse(&self.url).and_then(|it| it.join("/readyz"));
        let url =
            url.map_err(|_| Failure::usage("--url: expected such as http://127.0.0.1:8787"))?;
        let hint = format!("{} doctor looks for the reason", super::NAME);
        let failed = |text: String| Failure::new("failed", text).hint(hint.clone());
        let reached = Clients::new(Vec::new()).reach(&url, TIMEOUT).await.map_err(failed)?;
        if !reached.ok {
            return Err(failed(format!("the gateway at {} is not ready", self.url)));
        }
        let mut page = session.page();
        page.said(&format!("The gateway at {} is ready.", self.url), Tone::Good);
        Ok(Answer::new(json!({ "ready": true, "url": self.url }), page))
    }
}

//! `info`: what this installation is.
//!
//! Owns: which facts are told.
//! Must not know: where they come from.

use clap::Args;
use serde_json::json;

use super::failure::Result;
use super::names::text;
use super::page::{Cell, Tone};
use super::session::{Answer, Session};

/// Version, folders, accounts and endpoints of this installation
#[derive(Args)]
#[command(after_help = "\
Example:
  droid-provider-cli info --json")]
pub(crate) struct Info {}

// === impl Info ===

impl Info {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let info = session.call("get_info", json!({})).await?;
        let status = session.call("gateway_status", json!({})).await?;
        let mut page = session.page();
        page.fact("program", Cell::new(text(&info["display_name"]), Tone::Strong));
        page.fact("version", text(&info["version"]));
        page.fact("data folder", text(&status["data_dir"]));
        let files = status["config_origin"].as_array().into_iter().flatten().map(text);
        let files: Vec<String> = files.collect();
        let none = "defaults (no file)".to_owned();
        page.fact("configuration", if files.is_empty() { none } else { files.join(", ") });
        page.fact("secrets sealed", text(&status["encryption"]).replace('_', " "));
        let accounts = &status["accounts"];
        page.fact(
            "accounts",
            format!(
                "{} ({} active, {} cooling, {} in error)",
                accounts["total"], accounts["active"], accounts["cooling"], accounts["error"]
            ),
        );
        let gateway = match status["gateway"]["running"] == true {
            true => {
                Cell::new(format!("running at {}", text(&status["gateway"]["url"])), Tone::Good)
            }
            false => Cell::new("not running", Tone::Dim),
        };
        page.fact("gateway", gateway);
        for it in info["endpoints"].as_array().into_iter().flatten() {
            page.fact(it["type"].as_str().unwrap_or_default(), text(&it["url"]));
        }
        Ok(Answer::new(json!({ "info": info, "status": status }), page))
    }
}

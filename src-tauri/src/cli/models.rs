//! `models`: the catalogue, and where a model's requests go.
//!
//! Owns: the arguments.
//! Must not know: how a model is routed.

use clap::Args;
use serde_json::json;

use super::failure::{Failure, Result};
use super::names::text;
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session};

/// The catalogue of models, or where the requests of one go
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli models
  droid-provider-cli models gpt-5

A model that is not in the catalogue still works if Factory serves its family.")]
pub(crate) struct Models {
    /// Any spelling a client may use
    model: Option<String>,
}

// === impl Models ===

impl Models {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        match &self.model {
            Some(model) => one(session, model).await,
            None => all(session).await,
        }
    }
}

async fn one(session: &Session, model: &str) -> Result<Answer> {
    let answer = session.call("supports_model", json!({ "model": model })).await?;
    if answer["supports"] != true {
        let hint = format!("{} models lists the catalogue", super::NAME);
        return Err(
            Failure::new("not_found", "that model is of no family Factory serves").hint(hint)
        );
    }
    let mut page = session.page();
    page.fact("asked for", model.to_owned());
    page.fact("sent as", text(&answer["model"]));
    page.fact("endpoint", text(&answer["endpoint_type"]));
    Ok(Answer::new(answer, page))
}

async fn all(session: &Session) -> Result<Answer> {
    let models = session.call("list_models", json!({})).await?;
    let mut table = Table::new(&["!ID", "ENDPOINT", "REASONING", ">CONTEXT", "CAN"]);
    for it in models.as_array().into_iter().flatten() {
        let can = [("supports_tools", "tools"), ("supports_vision", "images")];
        let can = can.iter().filter(|(field, _)| it[*field] == true).map(|(_, word)| *word);
        table.row([
            Cell::new(text(&it["id"]), Tone::Strong),
            text(&it["endpoint_type"]).into(),
            text(&it["reasoning"]).into(),
            it["context_length"].to_string().into(),
            can.collect::<Vec<&str>>().join(", ").into(),
        ]);
    }
    let mut page = session.page();
    page.table(&table);
    Ok(Answer::new(models, page))
}

//! Tests of the edits: what is named changes, and nothing else does.
//!
//! Owns: the helpers the tests share.
//! Must not know: how an edit is made; the tests read bodies with `serde_json` on their own.

mod anthropic_and_gemini;
mod bodies;
mod openai;
mod properties;
mod refusals;

use serde_json::Value;

use super::{Body, Edited, Edits};
use crate::dialect::Dialect;

pub(super) const PROMPT: &str = "You are Droid, an \"AI\" agent.";

/// Applies and returns the text.
fn edited<'a>(dialect: Dialect, body: &'a str, edits: &Edits<'_>) -> (String, Edited<'a>) {
    let edited = Body::parse(dialect, body.as_bytes()).unwrap().apply(edits).unwrap();
    (String::from_utf8(edited.body().to_vec()).unwrap(), edited)
}

/// Applies and returns the meaning.
fn meaning(dialect: Dialect, body: &str, edits: &Edits<'_>) -> Value {
    serde_json::from_str(&edited(dialect, body, edits).0).unwrap()
}

fn prompt_only() -> Edits<'static> {
    Edits { system_prompt: PROMPT, ..Edits::default() }
}

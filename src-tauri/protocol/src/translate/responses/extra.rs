//! The small answers around a Responses API: lists of models, counts of tokens.
//!
//! Owns: their shapes.
//! Must not know: where the models and the counts come from.

use bytes::Bytes;

use super::json::{List, Object};
use crate::translate::ModelEntry;

/// `GET /v1/models`.
#[must_use]
pub fn models(list: &[ModelEntry]) -> Bytes {
    let mut out = Vec::new();
    let mut body = Object::open(&mut out);
    body.text("object", "list");
    let mut data: List<'_> = body.list("data");
    for entry in list {
        write_model(entry, data.object());
    }
    data.close();
    body.close();
    out.into()
}

/// `GET /v1/models/{id}`.
#[must_use]
pub fn model(entry: &ModelEntry) -> Bytes {
    let mut out = Vec::new();
    write_model(entry, Object::open(&mut out));
    out.into()
}

/// `POST /v1/responses/input_tokens`.
#[must_use]
pub fn count_tokens(tokens: u64) -> Bytes {
    let mut out = Vec::new();
    let mut body = Object::open(&mut out);
    body.text("object", "response.input_tokens");
    body.number("input_tokens", tokens);
    body.close();
    out.into()
}

fn write_model(entry: &ModelEntry, mut it: Object<'_>) {
    it.text("id", &entry.id);
    it.text("object", "model");
    it.number("created", entry.created);
    it.text("owned_by", "factory");
    // Not the provider's own, but what clients of gateways look for.
    it.text("display_name", &entry.display_name);
    it.number("context_length", entry.context_length);
    it.close();
}

//! The list of models.
//!
//! Owns: the shape of `GET /v1/models` and of one model of it. This dialect has no way to ask for
//! a count of tokens.
//! Must not know: which models there are.

use bytes::Bytes;

use super::json::Open;
use crate::translate::ModelEntry;

/// Every model.
#[must_use]
pub fn models(list: &[ModelEntry]) -> Bytes {
    let mut out = Vec::with_capacity(32 + list.len() * 128);
    let mut body = Open::object(&mut out);
    body.text("object", "list");
    let mut data = Open::array(body.key("data"));
    for it in list {
        entry(data.item(), it);
    }
    data.close();
    body.close();
    out.into()
}

/// One model.
#[must_use]
pub fn model(it: &ModelEntry) -> Bytes {
    let mut out = Vec::with_capacity(128);
    entry(&mut out, it);
    out.into()
}

fn entry(out: &mut Vec<u8>, it: &ModelEntry) {
    let mut entry = Open::object(out);
    entry.text("id", &it.id);
    entry.text("object", "model");
    entry.raw("created", &it.created.to_string());
    entry.text("owned_by", "factory");
    // Members few servers have; clients that know them show them.
    if !it.display_name.is_empty() {
        entry.text("display_name", &it.display_name);
    }
    if it.context_length > 0 {
        entry.raw("context_length", &it.context_length.to_string());
    }
    entry.close();
}

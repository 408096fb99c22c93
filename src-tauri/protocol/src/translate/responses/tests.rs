//! What the Responses side of the hub promises.
//!
//! Owns: fixtures, and what the tests of this folder share.
//! Must not know: how anything is done.

#![expect(clippy::needless_pass_by_value, reason = "helpers take what `json!` makes")]

mod errors;
mod foreign;
mod free_text;
mod images;
mod items;
#[path = "../../../tests/golden/grammar/responses.rs"]
mod laws;
mod own;
mod random;
mod speed;
mod streams;
mod tolerance;
mod tools;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::Codec;
use crate::dialect::Dialect;
use crate::request::{Loss, Request};
use crate::translate::RequestCodec;

pub(super) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Every file of a folder whose name ends in `ext`, by its name without it.
pub(super) fn files(name: &str, ext: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder(name))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter_map(|path| {
            let case = path.file_name()?.to_str()?.strip_suffix(ext)?.to_owned();
            (!case.contains('.')).then(|| (case, fs::read(&path).unwrap()))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 14, "{name}: {}", found.len());
    found
}

pub(super) fn read(body: &Value) -> Request {
    Codec::read(body.to_string().as_bytes()).unwrap()
}

/// The body of a request and what it lost.
pub(super) fn written(request: &Request) -> (Value, Vec<Loss>) {
    let translated = Codec::write(request).unwrap();
    (serde_json::from_slice(&translated.body).unwrap(), translated.losses)
}

/// Everything the hub holds of a request.
pub(super) fn dump(request: &Request) -> String {
    format!("{request:#?}")
}

/// A request of another dialect.
pub(super) fn foreign() -> Request {
    Request {
        origin: Some(Dialect::Anthropic),
        model: "gpt-5.6-sol".to_owned(),
        ..Request::default()
    }
}

pub(super) fn fields(losses: &[Loss]) -> Vec<&'static str> {
    losses.iter().map(|it| it.field).collect()
}

//! Lists of models and counts of tokens.
//!
//! Owns: their shapes.
//! Must not know: which models there are.

use chrono::{DateTime, Datelike as _, Timelike as _};

use super::json::{Arr, Obj};
use crate::translate::ModelEntry;

/// The answer to `GET /v1/models`, all of it on one page.
#[must_use]
pub fn models(list: &[ModelEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + list.len() * 192);
    let mut object = Obj::new(&mut out);
    let mut data = Arr::new(object.key("data"));
    for entry in list {
        write_model(entry, data.next());
    }
    data.end();
    object.json("has_more", "false");
    for (key, entry) in [("first_id", list.first()), ("last_id", list.last())] {
        match entry {
            Some(entry) => object.str(key, &entry.id),
            None => object.json(key, "null"),
        };
    }
    object.end();
    out
}

/// The answer to `GET /v1/models/{id}`.
#[must_use]
pub fn model(entry: &ModelEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    write_model(entry, &mut out);
    out
}

/// The answer to `POST /v1/messages/count_tokens`. Its request is that of a message without
/// `max_tokens`, which reading does not ask for.
#[must_use]
pub fn count_tokens(input_tokens: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    Obj::new(&mut out).u64("input_tokens", input_tokens).end();
    out
}

fn write_model(entry: &ModelEntry, out: &mut Vec<u8>) {
    let mut object = Obj::new(out);
    object.str("type", "model").str("id", &entry.id).str("display_name", &entry.display_name);
    object.str("created_at", &time(entry.created)).str("lifecycle", "active");
    object.u64("max_input_tokens", entry.context_length).end();
}

/// RFC 3339 in UTC, the epoch where the number is no time.
fn time(seconds: i64) -> String {
    let at = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

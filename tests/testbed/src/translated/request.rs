//! What becomes of a client's request at every provider.
//!
//! Owns: reading it, writing it for each target, the edits every request gets, and asking the
//! fake's rules whether the provider would take the outcome.
//! Must not know: HTTP, answers.

use std::collections::BTreeMap;

use droid_protocol::dialect::Dialect;
use droid_protocol::edit::{Body, Edits};
use droid_protocol::request::Request;
use droid_protocol::translate::{ClientWish, pair, responses};
use serde_json::Value;

use crate::translated::Ask;
use crate::upstream::{FakeConfig, rules};

/// The time of recording, so that answers stay the same.
const CREATED: i64 = 1_790_000_000;

/// A request, tried everywhere.
pub(crate) struct Checked {
    /// What the answer's encoder has to know.
    pub(crate) wish: ClientWish,
    /// Streamed or whole.
    pub(crate) stream: bool,
    /// The first reason why it cannot be served, with the target's name.
    pub(crate) refused: Option<String>,
    /// The body for each target, by its name.
    pub(crate) targets: BTreeMap<&'static str, Value>,
}

pub(crate) fn check(ask: &Ask, body: &[u8]) -> Checked {
    let mut checked = Checked {
        wish: ClientWish::default(),
        stream: ask.stream.unwrap_or_default(),
        refused: None,
        targets: BTreeMap::new(),
    };
    let mut request = match pair::read_request(ask.client, body) {
        Ok(request) => request,
        Err(error) => {
            checked.refused = Some(format!("read: {error}"));
            return checked;
        }
    };
    if let Some(model) = &ask.model {
        request.model.clone_from(model);
    }
    request.stream = ask.stream.or(request.stream);
    checked.stream = request.stream.unwrap_or_default();
    checked.wish.model.clone_from(&request.model);
    checked.wish.include_usage = request.include_usage;
    checked.wish.created = CREATED;
    responses::note_tools(&request, &mut checked.wish);
    for target in Dialect::ALL {
        match written(target, &request) {
            Ok(body) => drop(checked.targets.insert(target.as_str(), body)),
            Err(rule) => checked.refused = Some(format!("{target}: {rule}")),
        }
    }
    checked
}

/// The body as that provider gets it, if it takes it.
fn written(target: Dialect, request: &Request) -> Result<Value, String> {
    let prompt = FakeConfig::default().system_prompt;
    let written = pair::write_request(target, request).map_err(|it| it.to_string())?;
    let edits = Edits { system_prompt: &prompt, include_usage: true, ..Edits::default() };
    let body = Body::parse(target, &written.body).map_err(|it| it.to_string())?;
    let edited = body.apply(&edits).map_err(|it| it.to_string())?;
    let value: Value = serde_json::from_slice(&edited.body()).map_err(|it| it.to_string())?;
    rules::of(target.as_str(), rules::object(&value, "body")?, &prompt)?;
    Ok(value)
}

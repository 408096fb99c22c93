//! Members of messages, blocks and tools that the hub has no name for.
//!
//! Owns: the names they are kept under in the request's `rest`: the JSON path of what they are
//! members of (`messages[2].content[0]`), with the members as one object; and finding them again.
//! Must not know: what a member means.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::wire::Members;
use crate::dialect::Dialect;
use crate::request::{Raw, Request, Unknown};

/// What is kept of a request, by path.
#[derive(Debug, Default)]
pub(super) struct Extras<'r>(HashMap<&'r str, &'r str>);

/// Keeps members under the path of their object.
pub(super) fn keep(rest: &mut Vec<Unknown>, path: impl FnOnce() -> String, members: &Members<'_>) {
    if !members.is_empty()
        && let Some(value) = raw(members.object())
    {
        rest.push(Unknown { dialect: Dialect::Anthropic, name: path(), value });
    }
}

/// JSON text as a value; none where it is no JSON.
pub(super) fn raw(text: String) -> Option<Raw> {
    RawValue::from_string(text).ok()
}

/// Whether a member of `rest` is no member of the body but of something in it.
pub(super) fn is_path(name: &str) -> bool {
    name.contains('[')
}

/// What is kept of a member beyond what the hub has a place for.
pub(super) fn own<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let mut rest = request.rest.iter().filter(|it| it.dialect == Dialect::Anthropic);
    rest.find(|it| it.name == name).map(|it| it.value.get())
}

// === impl Extras ===

impl<'r> Extras<'r> {
    pub(super) fn of(request: &'r Request) -> Self {
        let own = request.rest.iter().filter(|it| it.dialect == Dialect::Anthropic);
        let paths = own.filter(|it| is_path(&it.name));
        Self(paths.map(|it| (it.name.as_str(), it.value.get())).collect())
    }

    /// The members kept for a path. Paths are made only where anything is kept at all.
    pub(super) fn at(&self, path: impl FnOnce() -> String) -> Option<&'r str> {
        if self.0.is_empty() { None } else { self.0.get(path().as_str()).copied() }
    }
}

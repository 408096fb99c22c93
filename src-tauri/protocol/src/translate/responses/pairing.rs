//! Calls and their results: which answers which.
//!
//! Owns: the pairing, and the ids under which the pairs go out.
//! Must not know: how either is written.
//!
//! A result answers the latest call of its id before it that has no result yet. Ids are used once
//! and have at most 64 characters; what is made in their place depends on nothing but the
//! conversation up to there, so that it stays the same as the conversation grows.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::request::{PartKind, Turn};

/// The longest id that is taken.
pub(super) const MAX_ID: usize = 64;

/// A call on its way out.
#[derive(Debug)]
pub(super) struct Call {
    /// Its id.
    pub(super) id: String,
    /// It takes free text.
    pub(super) free_text: bool,
    /// A result follows.
    pub(super) answered: bool,
}

/// The calls and results of a conversation, each in order.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) calls: Vec<Call>,
    /// For each result the call it answers.
    pub(super) results: Vec<Option<usize>>,
}

// === impl Pairs ===

impl Pairs {
    pub(super) fn of(turns: &[Turn]) -> Self {
        let mut pairs = Self::default();
        let mut open: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut used: HashSet<String> = HashSet::new();
        for part in turns.iter().flat_map(|it| &it.parts) {
            match &part.kind {
                PartKind::ToolCall(call) => {
                    open.entry(&call.id).or_default().push(pairs.calls.len());
                    let id = unused(short_id(&call.id), &mut used);
                    let free_text = call.free_text;
                    pairs.calls.push(Call { id, free_text, answered: false });
                }
                PartKind::ToolResult(result) => {
                    let call = open.get_mut(result.call_id.as_str()).and_then(Vec::pop);
                    if let Some(call) = call.and_then(|it| pairs.calls.get_mut(it)) {
                        call.answered = true;
                    }
                    pairs.results.push(call);
                }
                _ => {}
            }
        }
        pairs
    }
}

/// An id as it is, or one made of it where it is empty or too long.
pub(super) fn short_id(id: &str) -> String {
    if (1..=MAX_ID).contains(&id.len()) {
        return id.to_owned();
    }
    format!("call_{}", digest(id).get(..32).unwrap_or_default())
}

/// SHA-256 in hexadecimal: 64 characters.
pub(super) fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _: std::fmt::Result = write!(hex, "{byte:02x}");
        hex
    })
}

fn unused(id: String, used: &mut HashSet<String>) -> String {
    if used.insert(id.clone()) {
        return id;
    }
    // Dialects without ids have them made up answer by answer, so that they come again.
    let room = MAX_ID - 8;
    let head = id.get(..id.floor_char_boundary(room)).unwrap_or_default();
    let found = (used.len()..).map(|it| format!("{head}_{it}")).find(|it| !used.contains(it));
    let found = found.unwrap_or(id);
    used.insert(found.clone());
    found
}

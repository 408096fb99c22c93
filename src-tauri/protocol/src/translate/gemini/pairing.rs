//! Which result answers which call.
//!
//! Owns: the pairs, by id, wherever a result comes after its call.
//! Must not know: how either is written.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::request::{PartKind, Role, ToolCall, ToolResult, Turn};

/// Where a part is: its turn, and its place in it.
type Place = (usize, usize);

/// A call and the result that answers it.
pub(super) type Pair<'a> = (&'a ToolCall, Option<&'a ToolResult>);

/// The pairs of a conversation.
#[derive(Default)]
pub(super) struct Pairs<'a> {
    answers: HashMap<Place, &'a ToolResult>,
    answering: HashSet<Place>,
}

// === impl Pairs ===

impl<'a> Pairs<'a> {
    /// A result answers the oldest open call of its id in the turn that called last by that id.
    pub(super) fn of(turns: &'a [Turn]) -> Self {
        let mut pairs = Self::default();
        let mut open: HashMap<&str, VecDeque<Place>> = HashMap::new();
        for (turn, Turn { role, parts }) in turns.iter().enumerate() {
            for (at, part) in parts.iter().enumerate() {
                match &part.kind {
                    PartKind::ToolCall(call) if *role == Role::Assistant => {
                        let places = open.entry(&call.id).or_default();
                        places.retain(|it| it.0 == turn);
                        places.push_back((turn, at));
                    }
                    PartKind::ToolResult(result) => {
                        let places = open.get_mut(result.call_id.as_str());
                        if let Some(call) = places.and_then(VecDeque::pop_front) {
                            pairs.answers.insert(call, result);
                            pairs.answering.insert((turn, at));
                        }
                    }
                    _ => {}
                }
            }
        }
        pairs
    }

    /// What answers the call at a place.
    pub(super) fn answer(&self, call: Place) -> Option<&'a ToolResult> {
        self.answers.get(&call).copied()
    }

    /// Whether the result at a place answers a call.
    pub(super) fn answers_one(&self, result: Place) -> bool {
        self.answering.contains(&result)
    }
}

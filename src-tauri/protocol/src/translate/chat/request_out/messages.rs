//! Turns to messages.
//!
//! Owns: the system's and users' messages, results without a call, what becomes of empty turns.
//! Must not know: the rest of the body.

use std::collections::HashSet;

use super::super::json::Open;
use super::content::{Parts, Place, members};
use super::{Losses, Target};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role, Turn, Unknown};

mod answer;

/// What stands before a result whose call is not there.
const ORPHAN: &str = "Result of a tool call that is not part of this conversation:";
/// JSON is only written where some message speaks of it.
const JSON_HINT: &str = "Answer with JSON.";

/// Writes the messages of one request.
struct Writer<'r, 'l> {
    turns: &'r [Turn],
    target: Target,
    losses: &'l mut Losses,
    /// Results that were written, by turn and part.
    answered: HashSet<(usize, usize)>,
}

/// Writes the conversation.
pub(super) fn write(out: &mut Vec<u8>, request: &Request, target: Target, losses: &mut Losses) {
    let mut messages = Open::array(out);
    let hint = (!target.own && super::wants_json(request) && !speaks_of_json(request))
        .then(|| Part::text(JSON_HINT));
    let mut writer = Writer { turns: &request.turns, target, losses, answered: HashSet::new() };
    // A new message begins where the members of one stand.
    let mut rest = request.system.as_slice();
    while !rest.is_empty() {
        let front = rest.iter().take_while(|it| member_of_message(it).is_some()).count();
        let behind = rest.iter().skip(front);
        let end = front + behind.take_while(|it| member_of_message(it).is_none()).count();
        let (message, after) = rest.split_at(end);
        writer.plain(&mut messages, "system", message.iter(), after.is_empty(), hint.as_ref());
        rest = after;
    }
    if let Some(hint) = hint.as_ref().filter(|_| request.system.is_empty()) {
        writer.plain(&mut messages, "system", [hint].into_iter(), false, None);
    }
    writer.turns(&mut messages);
    // Nothing was said, which is refused here; and a client's own empty list stays one.
    if messages.is_empty() && !(target.own && request.turns.is_empty()) {
        let mut message = Open::object(messages.item());
        message.text("role", "user");
        message.text("content", "");
        message.close();
    }
    messages.close();
}

// === impl Writer ===

impl<'r> Writer<'r, '_> {
    fn turns(&mut self, messages: &mut Open<'_>) {
        let turns = self.turns;
        let mut at = 0;
        while let Some(turn) = turns.get(at) {
            match turn.role {
                Role::System => {
                    self.plain(messages, "system", turn.parts.iter(), false, None);
                    at += 1;
                }
                Role::User => {
                    self.user(messages, at, turn);
                    at += 1;
                }
                Role::Assistant => {
                    let mut end = at + 1;
                    // A call must be answered before the model speaks again: turns in a row are
                    // one message where one but the last calls.
                    while turns.get(end).is_some_and(|it| it.role == Role::Assistant)
                        && turns.get(at..end).unwrap_or_default().iter().any(calls)
                    {
                        end += 1;
                    }
                    self.assistant(messages, at, end);
                    at = end;
                }
            }
        }
    }

    fn plain(
        &mut self,
        messages: &mut Open<'_>,
        role: &str,
        parts: impl Iterator<Item = &'r Part>,
        last: bool,
        hint: Option<&'r Part>,
    ) {
        let mut own = Vec::new();
        let mut kept = Parts::new(Place::Plain, self.target);
        for part in parts {
            match member_of_message(part) {
                Some(member) => own.push(member),
                None => kept.add(part, self.losses),
            }
        }
        if let Some(hint) = hint.filter(|_| last) {
            kept.add(hint, self.losses);
        }
        if kept.is_empty() {
            return;
        }
        let mut message = Open::object(messages.item());
        message.text("role", role);
        kept.write(message.key("content"), self.losses);
        members(&mut message, &own);
        message.close();
    }

    fn user(&mut self, messages: &mut Open<'_>, at: usize, turn: &'r Turn) {
        let mut own = Vec::new();
        let mut kept = Parts::new(Place::User, self.target);
        let mut results = false;
        for (nth, part) in turn.parts.iter().enumerate() {
            match &part.kind {
                PartKind::ToolResult(_) if self.answered.contains(&(at, nth)) => results = true,
                PartKind::ToolResult(result) => {
                    results = false;
                    self.losses.add("result without its call", "told as text");
                    kept.say(part, ORPHAN);
                    for it in &result.content {
                        kept.add(it, self.losses);
                    }
                }
                PartKind::Unknown(it) if results && is_of_part(it) => {}
                _ => match member_of_message(part) {
                    Some(member) => own.push(member),
                    None => {
                        results = false;
                        kept.add(part, self.losses);
                    }
                },
            }
        }
        if kept.is_empty() && own.is_empty() {
            return;
        }
        let mut message = Open::object(messages.item());
        if !own.iter().any(|it| it.name == "message.role") {
            message.text("role", "user");
        }
        kept.write(message.key("content"), self.losses);
        members(&mut message, &own);
        message.close();
    }
}

fn calls(turn: &Turn) -> bool {
    turn.parts.iter().any(|it| matches!(it.kind, PartKind::ToolCall(_)))
}

/// A member of its message that the hub has no name for.
fn member_of_message(part: &Part) -> Option<&Unknown> {
    match &part.kind {
        PartKind::Unknown(it) if it.dialect == Dialect::Chat && it.name.starts_with("message.") => {
            Some(it)
        }
        _ => None,
    }
}

/// A member of what is before it.
fn is_of_part(it: &Unknown) -> bool {
    it.dialect == Dialect::Chat && it.name.starts_with("part.")
}

fn speaks_of_json(request: &Request) -> bool {
    let parts = request.system.iter().chain(request.turns.iter().flat_map(|it| &it.parts));
    let says = |text: &str| text.to_ascii_lowercase().contains("json");
    parts.into_iter().any(|it| matches!(&it.kind, PartKind::Text(text) if says(text)))
}

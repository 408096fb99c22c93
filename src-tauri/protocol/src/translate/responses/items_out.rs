//! Turns to the items of a Responses `input`.
//!
//! Owns: which parts share a message, where calls and their results stand, and what becomes of
//! one without the other.
//! Must not know: the other members of the body.
//!
//! A request that leans on an earlier answer at the provider (`previous_response_id`,
//! `conversation`, `prompt`, `item_reference`) may hold half of a pair: nothing is mended there.

use std::collections::HashMap;

use super::json::{List, Object};
use super::losses::{self, Losses};
use super::pairing::Pairs;
use super::parts_out::{self, Side, own_content};
use super::tools_in::{named, original_name};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role, ToolCall, ToolResult, Unknown};

/// What a call without a result is told to have answered.
const NO_RESULT: &str = "No result: the call was not carried out.";
/// Stands before the content of a result whose call is missing.
const ORPHAN: &str = "Result of an earlier tool call:";
/// Stands before what a failed tool said: this dialect has no member that tells it.
const FAILED: &str = "Error: ";

/// Writes `input`.
pub(super) fn write(request: &Request, own: bool, out: &mut Vec<u8>, losses: &mut Losses) {
    let pairs = Pairs::of(&request.turns);
    let mends = !(own && leans_on_provider(request));
    let list = List::open(out);
    let groups = request.tools.iter().filter_map(named);
    let groups = groups.filter_map(|it| Some((it.0, it.1?))).collect();
    let mut items = Items { own, mends, pairs, groups, calls: 0, results: 0, list, losses };
    let system = request.system.get(usize::from(instructions(request).is_some())..);
    items.write_turn(Role::System, system.unwrap_or_default());
    for turn in &request.turns {
        items.write_turn(turn.role, &turn.parts);
    }
    items.list.close();
}

/// What goes out as `instructions`: the first part of the system prompt, if it is text.
pub(super) fn instructions(request: &Request) -> Option<&str> {
    match &request.system.first()?.kind {
        PartKind::Text(text) => Some(text),
        _ => None,
    }
}

struct Items<'r, 'o> {
    own: bool,
    mends: bool,
    pairs: Pairs,
    /// The groups of tools that are in one.
    groups: HashMap<&'r str, &'r str>,
    /// Calls and results written so far.
    calls: usize,
    results: usize,
    list: List<'o>,
    losses: &'o mut Losses,
}

// === impl Items ===

impl Items<'_, '_> {
    fn write_turn(&mut self, role: Role, parts: &[Part]) {
        let mut rest = parts;
        while let Some(first) = rest.first() {
            if belongs_in_message(first) {
                let end = rest.iter().position(|it| !belongs_in_message(it));
                let (message, tail) = rest.split_at(end.unwrap_or(rest.len()));
                self.write_message(role, message.iter());
                rest = tail;
            } else {
                self.write_item(first);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }

    /// A message without content is left out: no server takes one.
    fn write_message<'p>(&mut self, role: Role, parts: impl Iterator<Item = &'p Part>) {
        let side = if role == Role::Assistant { Side::Output } else { Side::Input };
        let mut content = Vec::new();
        let mut list = List::open(&mut content);
        for part in parts {
            let empty = matches!(&part.kind, PartKind::Text(it) if it.is_empty());
            if !empty || role == Role::User {
                parts_out::write(part, side, self.own, &mut list, self.losses);
            }
        }
        if !list.any() {
            return;
        }
        list.close();
        let mut item = self.list.object();
        item.text("type", "message");
        item.text(
            "role",
            match role {
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::System => "developer",
            },
        );
        item.key("content").extend_from_slice(&content);
        item.close();
    }

    fn write_item(&mut self, part: &Part) {
        self.losses.add_if(part.cache.is_some(), losses::CACHE);
        match &part.kind {
            PartKind::ToolCall(call) => self.write_call(call),
            PartKind::ToolResult(result) => self.write_result(result),
            PartKind::Thinking { text, signature, redacted } => {
                let proof = signature.as_ref().and_then(|it| it.for_target(Dialect::Responses));
                match proof {
                    Some(proof) => self.write_reasoning(text, proof, *redacted),
                    None => self.losses.add(losses::THINKING),
                }
            }
            PartKind::Unknown(unknown) if unknown.dialect == Dialect::Responses => {
                self.list.next().extend_from_slice(unknown.value.get().as_bytes());
            }
            _ => self.losses.add(losses::UNKNOWN_PART),
        }
    }

    /// The item's own id is left out: the provider checks its proof against it.
    fn write_reasoning(&mut self, text: &str, proof: &str, redacted: bool) {
        let mut item = self.list.object();
        item.text("type", "reasoning");
        let mut summary = item.list("summary");
        if !(text.is_empty() || redacted) {
            let mut part = summary.object();
            part.text("type", "summary_text");
            part.text("text", text);
            part.close();
        }
        summary.close();
        item.text("encrypted_content", proof);
        item.close();
    }

    fn write_call(&mut self, call: &ToolCall) {
        let at = self.calls;
        self.calls += 1;
        self.losses.add_if(call.signature.is_some(), losses::SIGNATURE);
        let Some(pair) = self.pairs.calls.get(at) else { return };
        let namespace = self.groups.get(call.name.as_str()).copied();
        let (kind, prefix, member) = match call.free_text {
            true => ("custom_tool_call", "ctc", "input"),
            false => ("function_call", "fc", "arguments"),
        };
        let mut item = self.list.object();
        item.text("type", kind);
        if let Some(id) = call.item_id.as_deref().filter(|it| it.starts_with(prefix)) {
            item.text("id", id);
        }
        item.text("call_id", &pair.id);
        item.text("name", original_name(&call.name, namespace));
        let empty = call.arguments.is_empty() && !call.free_text;
        item.text(member, if empty { "{}" } else { &call.arguments });
        if let Some(namespace) = namespace {
            item.text("namespace", namespace);
        }
        item.close();
        if !pair.answered && self.mends {
            self.losses.add(losses::UNANSWERED_CALL);
            let mut item = open_output(&mut self.list, call.free_text, &pair.id);
            item.text("output", NO_RESULT);
            item.close();
        }
    }

    fn write_result(&mut self, result: &ToolResult) {
        let at = self.results;
        self.results += 1;
        let call = self.pairs.results.get(at).copied().flatten();
        let call = call.and_then(|it| self.pairs.calls.get(it));
        if call.is_none() && self.mends {
            self.losses.add(losses::ORPHAN_RESULT);
            let head = Part::text(ORPHAN);
            return self.write_message(Role::User, std::iter::once(&head).chain(&result.content));
        }
        let id = call.map_or(result.call_id.as_str(), |it| &it.id);
        let free_text = call.map_or(result.free_text, |it| it.free_text);
        let mut item = open_output(&mut self.list, free_text, id);
        write_output(result, self.own, &mut item, self.losses);
        item.close();
    }
}

fn open_output<'o>(list: &'o mut List<'_>, free_text: bool, id: &str) -> Object<'o> {
    let mut item = list.object();
    item.text("type", if free_text { "custom_tool_call_output" } else { "function_call_output" });
    item.text("call_id", id);
    item
}

/// One text is told as text, anything else as a list.
fn write_output(result: &ToolResult, own: bool, item: &mut Object<'_>, losses: &mut Losses) {
    let cached = result.content.iter().any(|it| it.cache.is_some());
    losses.add_if(cached, losses::CACHE);
    let failed = if result.is_error { FAILED } else { "" };
    match result.content.as_slice() {
        [] => item.text("output", failed.trim_end_matches(": ")),
        [Part { kind: PartKind::Text(text), .. }] => {
            item.text("output", &format!("{failed}{text}"));
        }
        parts => {
            let mut list = item.list("output");
            if result.is_error {
                let head = Part::text(FAILED.trim_end());
                parts_out::write(&head, Side::Result, own, &mut list, losses);
            }
            for part in parts {
                parts_out::write(part, Side::Result, own, &mut list, losses);
            }
            list.close();
        }
    }
}

/// Whether a part shares a message with its neighbours instead of being an item of its own.
fn belongs_in_message(part: &Part) -> bool {
    match &part.kind {
        PartKind::Text(_)
        | PartKind::Refusal(_)
        | PartKind::Image { .. }
        | PartKind::Document { .. }
        | PartKind::Audio { .. } => true,
        PartKind::Unknown(unknown) => own_content(unknown).is_some(),
        PartKind::ToolCall(_) | PartKind::ToolResult(_) | PartKind::Thinking { .. } => false,
    }
}

fn leans_on_provider(request: &Request) -> bool {
    let is = |it: &Unknown, names: &[&str]| {
        it.dialect == Dialect::Responses && names.contains(&it.name.as_str())
    };
    let mut parts = request.turns.iter().flat_map(|it| &it.parts);
    request.rest.iter().any(|it| is(it, &["previous_response_id", "conversation", "prompt"]))
        || parts.any(
            |it| matches!(&it.kind, PartKind::Unknown(unknown) if is(unknown, &["item_reference"])),
        )
}

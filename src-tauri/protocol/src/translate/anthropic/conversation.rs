//! The turns of the hub as the messages the provider takes.
//!
//! Owns: which message a part goes to. Results stand first in the message right after their
//! calls, every call has one, every result its call; roles take turns; nobody says nothing; the
//! person begins; ids are unique and of the letters the provider takes.
//! Must not know: how a block is written.

mod desk;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Losses;
use super::blocks::{Block, What};
use super::extras::Extras;
use super::thinking::{Model, Shape};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Role};

pub(super) use desk::plain;
use desk::{Answer, Desk};

/// A message to be written.
#[derive(Debug)]
pub(super) struct Message<'r> {
    pub(super) role: Role,
    pub(super) blocks: Vec<Block<'r>>,
    pub(super) extras: Option<&'r str>,
}

/// All of them, and what else the body needs to know.
#[derive(Debug, Default)]
pub(super) struct Conversation<'r> {
    /// What belongs before the conversation, from turns the model takes nowhere else.
    pub(super) system: Vec<Block<'r>>,
    pub(super) messages: Vec<Message<'r>>,
    /// The names of the tools that are called.
    pub(super) called: BTreeSet<&'r str>,
    /// A message that is no system turn was there.
    spoken: bool,
    /// The running stretch of the model's turns.
    run: Run<'r>,
    /// The last stretch with calls had a thought that may be sent.
    thought: bool,
}

/// The model's turns up to where somebody else speaks.
#[derive(Debug, Default)]
struct Run<'r> {
    /// Each call's id in the hub and the one it goes out under.
    calls: Vec<(&'r str, Cow<'r, str>)>,
    first: usize,
    last: usize,
    thought: bool,
    /// Results that stand in the model's own turns.
    strays: Vec<(usize, usize)>,
}

const NOTHING_SAID: &str = ".";
const NO_RESULT: &str = "No result of this call was recorded.";

/// Plans the messages.
pub(super) fn plan<'r>(
    request: &'r Request,
    model: Model,
    extras: &Extras<'r>,
    losses: &mut Losses,
) -> Conversation<'r> {
    let mut desk = Desk::new(request, model, extras, losses);
    let mut it = Conversation::default();
    for (at, turn) in request.turns.iter().enumerate() {
        match turn.role {
            Role::Assistant => it.assistant(at, &turn.parts, &mut desk),
            Role::User => {
                it.end_run(&mut desk);
                it.user(at, &turn.parts, &mut desk);
            }
            Role::System => {
                it.end_run(&mut desk);
                it.system(at, &turn.parts, &mut desk);
            }
        }
    }
    it.end_run(&mut desk);
    it.close();
    it
}

// === impl Conversation ===

impl<'r> Conversation<'r> {
    /// What decides whether thinking may be on.
    pub(super) fn shape(&self, forced: bool) -> Shape {
        let last = self.messages.last();
        let answers = last.is_some_and(|it| {
            it.role == Role::User && it.blocks.iter().any(|it| it.what.is_result())
        });
        Shape {
            ends_with_assistant: last.is_some_and(|it| it.role == Role::Assistant),
            answers_unthought: answers && !self.thought,
            forced,
        }
    }

    fn assistant(&mut self, at: usize, parts: &'r [Part], desk: &mut Desk<'r, '_>) {
        if self.run.calls.is_empty() && self.run.strays.is_empty() {
            self.run.first = at;
        }
        self.run.last = at;
        for (index, part) in parts.iter().enumerate() {
            let what = match &part.kind {
                PartKind::ToolCall(call) => {
                    let id = desk.fresh_id(&call.id);
                    self.run.calls.push((&call.id, id.clone()));
                    self.called.insert(&call.name);
                    let lost = call.signature.is_some();
                    desk.losses.add_if(lost, "signature", "signatures go to their provider only");
                    What::Call { id, call }
                }
                PartKind::ToolResult(_) => {
                    self.run.strays.push((at, index));
                    continue;
                }
                PartKind::Thinking { text, signature, redacted } => {
                    let own = signature.as_ref().and_then(|it| it.for_target(Dialect::Anthropic));
                    let Some(own) = own else {
                        let rule = "thinking goes back to the provider that signed it only";
                        desk.losses.add("thinking", rule);
                        continue;
                    };
                    self.run.thought = true;
                    if *redacted {
                        What::Redacted(own)
                    } else {
                        What::Thinking { text, signature: own }
                    }
                }
                PartKind::Image { .. } | PartKind::Document { .. } => {
                    desk.losses.add("image", "the model's turns hold no media here");
                    What::Text("[A file was left out here.]".into())
                }
                _ => match desk.plain(part) {
                    Some(what) => what,
                    None => continue,
                },
            };
            let block = desk.block(what, part, at, index);
            self.push(Role::Assistant, block, desk, at);
        }
    }

    fn user(&mut self, at: usize, parts: &'r [Part], desk: &mut Desk<'r, '_>) {
        for (index, part) in parts.iter().enumerate() {
            match &part.kind {
                PartKind::ToolResult(_) => self.stray(at, index, desk),
                PartKind::ToolCall(_) | PartKind::Thinking { .. } => {
                    desk.losses.add("content", "only the model calls tools and thinks");
                }
                _ => {
                    if let Some(what) = desk.plain(part) {
                        let block = desk.block(what, part, at, index);
                        self.push(Role::User, block, desk, at);
                    }
                }
            }
        }
    }

    fn system(&mut self, at: usize, parts: &'r [Part], desk: &mut Desk<'r, '_>) {
        for (index, part) in parts.iter().enumerate() {
            let what = match &part.kind {
                PartKind::ToolResult(_) => {
                    self.stray(at, index, desk);
                    continue;
                }
                PartKind::ToolCall(_) | PartKind::Thinking { .. } => {
                    desk.losses.add("content", "only the model calls tools and thinks");
                    continue;
                }
                _ => match desk.plain(part) {
                    Some(what) => what,
                    None => continue,
                },
            };
            if desk.model.is_adaptive() {
                let block = desk.block(what, part, at, index);
                self.push(Role::System, block, desk, at);
            } else if self.spoken {
                desk.losses.add("role", "the model takes no system turns: told as the person's");
                let what = match what {
                    What::Text(text) => What::Text(format!("<system>\n{text}\n</system>").into()),
                    other => other,
                };
                let block = desk.block(what, part, at, index);
                self.push(Role::User, block, desk, at);
            } else {
                self.system.push(desk.block(what, part, at, index));
            }
        }
    }

    /// The model's stretch is over: its calls are answered.
    fn end_run(&mut self, desk: &mut Desk<'r, '_>) {
        let run = std::mem::take(&mut self.run);
        if !run.calls.is_empty() {
            self.thought = run.thought;
        }
        let mut answers: Vec<(usize, &Cow<'r, str>)> = Vec::new();
        let mut missing: Vec<&Cow<'r, str>> = Vec::new();
        for (id, out) in &run.calls {
            match desk.answer(id, run.first, run.last) {
                Some(answer) => answers.push((answer, out)),
                None => missing.push(out),
            }
        }
        answers.sort_by_key(|it| it.0);
        for (answer, id) in answers {
            let Some(Answer { turn, part, cache, result, .. }) = desk.answers.get(answer) else {
                continue;
            };
            let (turn, part, cache, result) = (*turn, *part, *cache, *result);
            let block = desk.block(What::Result { id: id.clone(), result }, cache, turn, part);
            self.push(Role::User, block, desk, turn);
        }
        for id in missing {
            desk.losses.add("tool_result", "a call without a result is answered as failed");
            let block = Block::new(What::NoResult { id: id.clone(), text: NO_RESULT });
            self.push(Role::User, block, desk, usize::MAX);
        }
        for (turn, part) in run.strays {
            self.stray(turn, part, desk);
        }
    }

    /// A result that no call asked for is told as text.
    fn stray(&mut self, turn: usize, part: usize, desk: &mut Desk<'r, '_>) {
        let Some(result) = desk.unasked(turn, part) else { return };
        desk.losses.add("tool_result", "a result without a call is told as text");
        let head = format!("Result of the tool call {}:", result.call_id);
        self.push(Role::User, Block::new(What::Text(head.into())), desk, turn);
        for inner in &result.content {
            if let Some(what) = desk.plain(inner) {
                self.push(Role::User, Block::new(what), desk, turn);
            }
        }
    }

    fn push(&mut self, role: Role, block: Block<'r>, desk: &mut Desk<'r, '_>, turn: usize) {
        if let What::Text(text) = &block.what
            && text.trim().is_empty()
        {
            let blank = !text.is_empty();
            return desk.losses.add_if(blank, "text", "blank text is refused, so left out");
        }
        self.spoken |= role != Role::System;
        let extras = desk.extras.at(|| format!("messages[{turn}]"));
        match self.messages.last_mut() {
            Some(last) if last.role == role => {
                last.blocks.push(block);
                last.extras = last.extras.or(extras);
            }
            _ => self.messages.push(Message { role, blocks: vec![block], extras }),
        }
    }

    /// The person begins, and a turn to continue does not end in white space.
    fn close(&mut self) {
        if let Some(last) = self.messages.last_mut()
            && last.role == Role::Assistant
            && let Some(Block { what: What::Text(text), .. }) = last.blocks.last_mut()
        {
            let end = text.trim_end().len();
            if end < text.len() {
                let kept = text.get(..end).unwrap_or_default().to_owned();
                *text = Cow::Owned(kept);
            }
        }
        let first = self.messages.iter().find(|it| it.role != Role::System);
        if first.is_none_or(|it| it.role == Role::Assistant) {
            let blocks = vec![Block::new(What::Text(NOTHING_SAID.into()))];
            let begin = Message { role: Role::User, blocks, extras: None };
            self.messages.insert(0, begin);
        }
    }
}

//! What planning a conversation looks up.
//!
//! Owns: which result is whose, which ids went out, what a part is whoever says it.
//! Must not know: messages.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::super::Losses;
use super::super::blocks::{Block, What};
use super::super::extras::Extras;
use super::super::media::{self, Media};
use super::super::thinking::Model;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, ToolResult};

/// A result somewhere in the conversation.
pub(super) struct Answer<'r> {
    pub(super) turn: usize,
    pub(super) part: usize,
    pub(super) cache: &'r Part,
    pub(super) result: &'r ToolResult,
    pub(super) used: bool,
}

/// What the planning looks up.
pub(super) struct Desk<'r, 'l> {
    pub(super) model: Model,
    pub(super) extras: &'l Extras<'r>,
    pub(super) losses: &'l mut Losses,
    pub(super) answers: Vec<Answer<'r>>,
    /// Places in `answers` by call id.
    by_id: HashMap<&'r str, Vec<usize>>,
    /// Turns that make a call, by its id.
    made: HashMap<&'r str, Vec<usize>>,
    /// Ids that went out.
    ids: HashSet<Cow<'r, str>>,
}

// === impl Desk ===

impl<'r, 'l> Desk<'r, 'l> {
    pub(super) fn new(
        request: &'r Request,
        model: Model,
        extras: &'l Extras<'r>,
        losses: &'l mut Losses,
    ) -> Self {
        let mut answers = Vec::new();
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut made: HashMap<&str, Vec<usize>> = HashMap::new();
        for (turn, it) in request.turns.iter().enumerate() {
            for (part, it) in it.parts.iter().enumerate() {
                match &it.kind {
                    PartKind::ToolResult(result) => {
                        by_id.entry(&result.call_id).or_default().push(answers.len());
                        answers.push(Answer { turn, part, cache: it, result, used: false });
                    }
                    PartKind::ToolCall(call) => made.entry(&call.id).or_default().push(turn),
                    _ => {}
                }
            }
        }
        let ids = HashSet::new();
        Self { model, extras, losses, answers, by_id, made, ids }
    }

    /// The result of a call made in the turns from `first` to `last`: the first that stands after
    /// it and before a later call of the same id.
    pub(super) fn answer(&mut self, id: &str, first: usize, last: usize) -> Option<usize> {
        let again = self.made.get(id)?.iter().find(|it| **it > last).copied();
        for at in self.by_id.get(id)? {
            let Some(answer) = self.answers.get_mut(*at) else { continue };
            let in_reach = answer.turn >= first && again.is_none_or(|it| answer.turn < it);
            if !answer.used && in_reach {
                answer.used = true;
                return Some(*at);
            }
        }
        None
    }

    /// An id of the letters the provider takes that no earlier call has.
    pub(super) fn fresh_id(&mut self, id: &'r str) -> Cow<'r, str> {
        let fitted =
            if id.is_empty() { "toolu_0".into() } else { super::super::answer::fitted(id) };
        if self.ids.insert(fitted.clone()) {
            return fitted;
        }
        let mut count = 2_u32;
        loop {
            let fresh: Cow<'r, str> = format!("{fitted}_{count}").into();
            if self.ids.insert(fresh.clone()) {
                return fresh;
            }
            count = count.saturating_add(1);
        }
    }

    pub(super) fn block(
        &self,
        what: What<'r>,
        part: &'r Part,
        turn: usize,
        index: usize,
    ) -> Block<'r> {
        let path = || format!("messages[{turn}].content[{index}]");
        Block {
            what,
            cache: part.cache.as_deref(),
            extras: self.extras.at(path),
            at: (turn, index),
        }
    }

    /// What means the same whoever says it.
    pub(super) fn plain(&mut self, part: &'r Part) -> Option<What<'r>> {
        plain(part, self.losses)
    }
}

/// Text, media and the provider's own blocks.
pub(in super::super) fn plain<'r>(part: &'r Part, losses: &mut Losses) -> Option<What<'r>> {
    Some(match &part.kind {
        PartKind::Text(text) => What::Text(text.as_str().into()),
        PartKind::Refusal(text) => What::Text(text.as_str().into()),
        PartKind::Image { source, detail } => {
            let lost = detail.as_deref().is_some_and(|it| it != "auto");
            losses.add_if(lost, "detail", "the provider decides how closely it looks");
            match Media::of(source, false) {
                Some(media) => What::Media { media, name: None },
                None => What::Text(media::note(false, source, losses).into()),
            }
        }
        PartKind::Document { source, name } => match Media::of(source, true) {
            Some(media) => What::Media { media, name: name.as_deref() },
            None => What::Text(media::note(true, source, losses).into()),
        },
        PartKind::Audio { .. } => {
            losses.add("input_audio", "the provider hears nothing");
            What::Text("[A recording was left out here.]".into())
        }
        PartKind::Unknown(it) if it.dialect == Dialect::Anthropic => What::Own(&it.value),
        PartKind::Unknown(_) => {
            losses.add("content", "a block that only its own provider knows is left out");
            return None;
        }
        PartKind::ToolCall(_) | PartKind::ToolResult(_) | PartKind::Thinking { .. } => {
            losses.add("content", "a result holds no calls, results or thoughts");
            return None;
        }
    })
}

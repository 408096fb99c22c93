//! What planning a conversation looks up.
//!
//! Owns: which result is whose, which ids went out, what a part is whoever says it.
//! Must not know: messages.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use super::super::Losses;
use super::super::answer::fitted;
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
    by_id: HashMap<&'r str, VecDeque<usize>>,
    /// Turns that make a call, by its id.
    made: HashMap<&'r str, VecDeque<usize>>,
    /// Ids that went out, and how often each was asked for.
    ids: HashMap<Cow<'r, str>, u32>,
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
        let mut by_id: HashMap<&str, VecDeque<usize>> = HashMap::new();
        let mut made: HashMap<&str, VecDeque<usize>> = HashMap::new();
        for (turn, it) in request.turns.iter().enumerate() {
            for (part, it) in it.parts.iter().enumerate() {
                match &it.kind {
                    PartKind::ToolResult(result) => {
                        by_id.entry(&result.call_id).or_default().push_back(answers.len());
                        answers.push(Answer { turn, part, cache: it, result, used: false });
                    }
                    PartKind::ToolCall(call) => made.entry(&call.id).or_default().push_back(turn),
                    _ => {}
                }
            }
        }
        let ids = HashMap::new();
        Self { model, extras, losses, answers, by_id, made, ids }
    }

    /// The result of a call made in the turns from `first` to `last`: the first that stands after
    /// it and before a later call of the same id. Asked in the order of the turns, so what is
    /// passed over once is never asked for again, and all asking takes linear time.
    pub(super) fn answer(&mut self, id: &str, first: usize, last: usize) -> Option<usize> {
        let made = self.made.get_mut(id)?;
        while made.front().is_some_and(|it| *it <= last) {
            made.pop_front();
        }
        let again = made.front().copied().unwrap_or(usize::MAX);
        let queue = self.by_id.get_mut(id)?;
        while let Some(at) = queue.front().copied() {
            let answer = self.answers.get_mut(at)?;
            if answer.turn >= again {
                return None;
            }
            queue.pop_front();
            if answer.turn >= first {
                answer.used = true;
                return Some(at);
            }
        }
        None
    }

    /// The result at a place, unless a call took it.
    pub(super) fn unasked(&self, turn: usize, part: usize) -> Option<&'r ToolResult> {
        let at = self.answers.binary_search_by_key(&(turn, part), |it| (it.turn, it.part)).ok()?;
        self.answers.get(at).filter(|it| !it.used).map(|it| it.result)
    }

    /// An id of the letters the provider takes that no earlier call has.
    pub(super) fn fresh_id(&mut self, id: &'r str) -> Cow<'r, str> {
        let fitted = if id.is_empty() { "toolu_0".into() } else { fitted(id) };
        let Some(mut count) = self.ids.get(&fitted).copied() else {
            self.ids.insert(fitted.clone(), 1);
            return fitted;
        };
        loop {
            count = count.saturating_add(1);
            let fresh: Cow<'r, str> = format!("{fitted}_{count}").into();
            if !self.ids.contains_key(&fresh) {
                self.ids.insert(fitted, count);
                self.ids.insert(fresh.clone(), 1);
                return fresh;
            }
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

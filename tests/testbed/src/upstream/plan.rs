//! What a scripted action means for one request, step by step.
//!
//! Owns: the folding of actions, which may be several at once, into one [`Plan`].
//! Must not know: which requests an action is for, how a plan is carried out.

use std::time::Duration;

use crate::upstream::script::Action;

/// All actions for one request, folded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) delay: Duration,
    pub(crate) instead: Option<Instead>,
    pub(crate) delay_after: Duration,
    pub(crate) reset_after: bool,
    pub(crate) ending: Option<(usize, Ending)>,
    pub(crate) split: Option<Split>,
    pub(crate) endless: Option<u64>,
    pub(crate) case: Option<String>,
    pub(crate) event_delay: Option<Duration>,
}

/// What is done instead of processing.
#[derive(Clone, Debug)]
pub(crate) enum Instead {
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    Reset,
    Close,
    Hang,
}

/// How a body ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Reset,
    Truncate,
    Close,
    Hang,
}

#[derive(Clone, Debug)]
pub(crate) enum Split {
    At(Vec<usize>),
    Every(usize),
}

// === impl Plan ===

impl Plan {
    pub(crate) fn of(action: Option<Action>) -> Self {
        let mut plan = Self::default();
        if let Some(action) = action {
            plan.add(action);
        }
        plan
    }

    fn add(&mut self, action: Action) {
        match action {
            Action::Status { status, headers, body } => {
                self.instead = Some(Instead::Answer { status, headers, body });
            }
            Action::Delay(delay) => self.delay += delay,
            Action::DelayAfterRotation(delay) => self.delay_after += delay,
            Action::ResetBeforeHeaders => self.instead = Some(Instead::Reset),
            Action::ResetAfterRotation => self.reset_after = true,
            Action::ResetAfterBytes(at) => self.ending = Some((at, Ending::Reset)),
            Action::TruncateAfterBytes(at) => self.ending = Some((at, Ending::Truncate)),
            Action::CloseAfterBytes(at) => self.ending = Some((at, Ending::Close)),
            Action::HangAfterBytes(at) => self.ending = Some((at, Ending::Hang)),
            Action::SplitAt(offsets) => self.split = Some(Split::At(offsets)),
            Action::SplitEvery(bytes) => self.split = Some(Split::Every(bytes.max(1))),
            Action::Hang => self.instead = Some(Instead::Hang),
            Action::InfiniteStream { bytes } => self.endless = Some(bytes),
            Action::CloseConnection => self.instead = Some(Instead::Close),
            Action::Case(name) => self.case = Some(name),
            Action::EventDelay(delay) => self.event_delay = Some(delay),
            Action::All(actions) => actions.into_iter().for_each(|it| self.add(it)),
        }
    }
}

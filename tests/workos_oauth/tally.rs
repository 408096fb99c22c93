//! The counts of killed refreshes, and what counts as allowed.
//!
//! Owns: [`Tally`] and the line it prints.
//! Must not know: where kills were aimed at.

use droid_testbed::host::Exit;
use droid_testbed::rig::Rig;

use crate::evidence::{self, Evidence, PHASES};

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) kills: [usize; PHASES.len()],
    recovered: usize,
    lost_as_allowed: [usize; PHASES.len()],
    pub(crate) lost_otherwise: Vec<String>,
    /// Processes that had ended by themselves before the kill.
    too_late: usize,
}

// === impl Tally ===

impl Tally {
    pub(crate) fn n_kills(&self) -> usize {
        self.kills.iter().sum()
    }

    pub(crate) fn add(
        &mut self,
        rig: &Rig,
        token: &str,
        exit: &Exit,
        evidence: &Evidence,
        verdict: Result<(), String>,
    ) {
        let killed = exit.code.is_none();
        match (killed, &verdict) {
            (true, _) => self.kills[evidence.phase as usize] += 1,
            (false, _) => self.too_late += 1,
        }
        match verdict {
            Ok(()) => self.recovered += usize::from(killed),
            Err(why)
                if killed
                    && why.contains("needs_login")
                    && why.contains("cut off")
                    && evidence::may_be_lost(rig, token, evidence) =>
            {
                self.lost_as_allowed[evidence.phase as usize] += 1;
            }
            Err(why) => self.lost_otherwise.push(format!("{why}; {evidence:?}; {exit:?}")),
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |counts: &[usize]| {
            let pairs = PHASES.iter().zip(counts).filter(|(_, count)| **count > 0);
            let pairs: Vec<String> = pairs.map(|(phase, n)| format!("{phase:?} {n}")).collect();
            pairs.join(", ")
        };
        write!(
            f,
            "{} kills of a refreshing process ({}); recovered {}; lost in the allowed window {} \
             ({}); lost otherwise {}; {} ended before the kill",
            self.n_kills(),
            list(&self.kills),
            self.recovered,
            self.lost_as_allowed.iter().sum::<usize>(),
            list(&self.lost_as_allowed),
            self.lost_otherwise.len(),
            self.too_late,
        )
    }
}

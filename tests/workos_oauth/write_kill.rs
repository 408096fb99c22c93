//! SIGKILL in the middle of writes: the database opens, is whole, and keeps every promise.
//!
//! Owns: the rounds of writing, killing and looking.
//! Must not know: what is written (`records`, `slot`).

use std::collections::BTreeMap;
use std::time::Duration;

use droid_testbed::host::Bridge;
use droid_testbed::rig::Rig;
use futures_util::future::{join, join_all};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use crate::kit::{self, Dice, exactly};
use crate::records::{Desk, Loans, Record, Setting, Tier};
use crate::slot::Slot;
use crate::support::rig;

/// The least number of kills in a run.
const KILLS: usize = 200;
/// Longest time of a round's writing: a few dozen writes.
const ROUND: Duration = Duration::from_millis(120);

/// Everything that is written at the same time.
struct Records {
    slots: Vec<Slot>,
    tiers: Vec<Tier>,
    loans: Vec<Loans>,
    setting: Setting,
}

/// How many writes were answered in a round.
type Answers = watch::Sender<u64>;

#[derive(Default)]
struct Tally {
    kills: usize,
    answered: u64,
    unanswered: BTreeMap<&'static str, usize>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_kill_is_found_after_it() {
    let rig = rig().await;
    let mut bridge = rig.bridge();
    let desk = Desk { rig: &rig, bridge: &bridge };
    let mut records = Records {
        slots: (0..6).map(Slot::new).collect(),
        tiers: (0..2).map(Tier::new).collect(),
        loans: vec![Loans::new(desk, 0).await, Loans::new(desk, 1).await],
        setting: Setting::new(desk).await,
    };
    let (wanted, mut tally, mut dice) = (kit::kills(KILLS), Tally::default(), Dice::new());
    while tally.kills < wanted {
        // In every third round two processes write to the same folder and both are killed.
        let mut bridges = vec![bridge];
        if tally.kills % 3 == 2 {
            bridges.push(rig.bridge());
        }
        let (answers, seen) = watch::channel(0);
        let killer = async {
            // Half of the kills come with an answer: what was told must hold that very moment.
            match dice.below(2) {
                0 => exactly(dice.pause(ROUND)).await,
                _ => nth(seen, dice.below(20)).await,
            }
            join_all(bridges.iter().map(Bridge::kill)).await;
        };
        let writing = records.write_until_killed(&rig, &bridges, &answers);
        join(writing, killer).await;
        tally.kills += bridges.len();
        tally.answered += *answers.borrow();
        for method in records.unanswered() {
            *tally.unanswered.entry(method).or_default() += 1;
        }
        bridge = rig.bridge();
        // Right after the kill in half of the rounds, after a new process has opened it in the
        // others: either must find it whole.
        if tally.kills % 2 == 0 {
            assert_whole(&rig);
        }
        records.check(Desk { rig: &rig, bridge: &bridge }).await;
        assert_whole(&rig);
    }
    bridge.close().await.unwrap();
    println!(
        "{} kills of a writing process: {} writes answered and found again; without an answer, \
         found whole or not at all: {:?}",
        tally.kills, tally.answered, tally.unanswered
    );
    assert!(tally.unanswered.len() >= 8, "kills fell into few kinds of writes");
}

// === impl Records ===

impl Records {
    async fn write_until_killed(&mut self, rig: &Rig, bridges: &[Bridge], answers: &Answers) {
        let desk = |n: usize| Desk { rig, bridge: &bridges[n % bridges.len()] };
        let Self { slots, tiers, loans, setting } = self;
        let slots = slots.iter_mut().enumerate().map(|(n, it)| work(it, desk(n), answers));
        let tiers = tiers.iter_mut().enumerate().map(|(n, it)| work(it, desk(n), answers));
        let loans = loans.iter_mut().enumerate().map(|(n, it)| work(it, desk(n), answers));
        join(
            join(join_all(slots), join_all(tiers)),
            join(join_all(loans), work(setting, desk(0), answers)),
        )
        .await;
    }

    async fn check(&mut self, desk: Desk<'_>) {
        for it in &mut self.slots {
            it.check(desk).await;
        }
        for it in &mut self.tiers {
            it.check(desk).await;
        }
        for it in &mut self.loans {
            it.check(desk).await;
        }
        self.setting.check(desk).await;
    }

    fn unanswered(&self) -> Vec<&'static str> {
        let slots = self.slots.iter().filter_map(Record::unanswered);
        let tiers = self.tiers.iter().filter_map(Record::unanswered);
        let loans = self.loans.iter().filter_map(Record::unanswered);
        slots.chain(tiers).chain(loans).chain(self.setting.unanswered()).collect()
    }
}

async fn work(record: &mut impl Record, desk: Desk<'_>, answers: &Answers) {
    let mut dice = Dice::new();
    while record.write(desk, &mut dice).await.is_ok() {
        answers.send_modify(|it| *it += 1);
    }
}

/// Waits for so many answers, or for as long as a round may take.
async fn nth(mut seen: watch::Receiver<u64>, n: u64) {
    let enough = seen.wait_for(|it| *it >= n);
    drop(tokio::time::timeout(10 * ROUND, enough).await);
}

fn assert_whole(rig: &Rig) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database = Connection::open_with_flags(rig.database(), flags).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |it| it.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let foreign = database.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!foreign, "a row refers to one that is not there");
}

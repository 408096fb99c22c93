//! How far a killed refresh had come, told by what it left behind and not by the program.
//!
//! Owns: [`Phase`] and the witnesses it is told from: the fake's journal, the account's answer file,
//! the database, the killed process's output. All are read before anything recovers.
//! Must not know: when the kill fell, what recovery does.
#![allow(dead_code, reason = "each test binary uses its part of it")]

use droid_testbed::rig::Rig;
use droid_testbed::upstream::Entry;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

/// How far the refresh had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The fake has no request of it.
    BeforeTheRequest,
    /// The request is there; the token is not spent.
    Asking,
    /// The token is spent; no byte of the answer left the fake.
    Rotated,
    /// A part of the answer left the fake.
    Answering,
    /// All of it left the fake and is in a socket or in memory, not on our disk.
    Arrived,
    /// Our answer file has it; the database has not.
    Recorded,
    /// The database has it.
    Stored,
    /// The host has its answer.
    Told,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) phase: Phase,
    pub(crate) page: Page,
}

/// The account's answer file (`oauth/journal.rs` describes it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// None, or emptied since the store has the answer.
    Clean,
    /// Room was made; no answer is in it.
    Started,
    /// An answer began to be written and is not whole.
    Torn,
    /// A whole answer, unharmed, for the token asked about.
    Answered,
}

pub(crate) const PHASES: [Phase; 8] = [
    Phase::BeforeTheRequest,
    Phase::Asking,
    Phase::Rotated,
    Phase::Answering,
    Phase::Arrived,
    Phase::Recorded,
    Phase::Stored,
    Phase::Told,
];

/// Looks at everything the killed process left; `told` is whether somebody had its answer.
pub(crate) fn gather(rig: &Rig, id: &str, refresh_token: &str, told: bool) -> Evidence {
    let entry = refreshes_of(rig, refresh_token).into_iter().next();
    let page = page(rig, id, refresh_token);
    let stored = stored_fingerprint(rig, id) != fingerprint(refresh_token);
    let phase = match &entry {
        _ if told => Phase::Told,
        _ if stored => Phase::Stored,
        _ if page == Page::Answered => Phase::Recorded,
        None => Phase::BeforeTheRequest,
        Some(it) if it.rotated_at.is_none() => Phase::Asking,
        Some(it) if it.bytes_sent == 0 => Phase::Rotated,
        Some(it) if it.answer_finished_at.is_none() => Phase::Answering,
        Some(_) => Phase::Arrived,
    };
    Evidence { phase, page }
}

/// Whether the account may be lost: the fake spent the token for the killed process, and nothing of
/// the answer had reached a place that outlives the process. What the kernel held for it, or what
/// it had read but not yet written, died with it.
pub(crate) fn may_be_lost(rig: &Rig, refresh_token: &str, evidence: &Evidence) -> bool {
    let on_disk = evidence.page == Page::Answered || evidence.phase >= Phase::Recorded;
    // The request may have been on its way when its sender died: the fake's last word counts.
    let first = refreshes_of(rig, refresh_token).into_iter().next();
    !on_disk && first.is_some_and(|it| it.rotated_at.is_some())
}

/// Every refresh the fake was asked for.
pub(crate) fn refreshes(rig: &Rig) -> Vec<Entry> {
    let all = rig.fake.journal().on("/user_management/authenticate");
    all.into_iter().filter(|it| body(it).contains("grant_type=refresh_token")).collect()
}

/// Every refresh that spent this token, or tried to.
pub(crate) fn refreshes_of(rig: &Rig, refresh_token: &str) -> Vec<Entry> {
    let mut all = refreshes(rig);
    all.retain(|it| spends(it, refresh_token));
    all
}

/// Whether a request is a refresh with this token.
pub(crate) fn spends(entry: &Entry, refresh_token: &str) -> bool {
    body(entry).contains(&format!("refresh_token={refresh_token}"))
}

fn body(entry: &Entry) -> String {
    String::from_utf8_lossy(&entry.body).into_owned()
}

fn page(rig: &Rig, id: &str, refresh_token: &str) -> Page {
    const MAGIC: &[u8] = b"droidrj1";
    const HEADER: usize = MAGIC.len() + 1 + 64;
    let path = rig.data_dir().join("refresh").join(format!("{id}.answer"));
    let bytes = std::fs::read(path).unwrap_or_default();
    if bytes.len() < HEADER {
        return Page::Clean;
    }
    assert!(bytes.starts_with(MAGIC), "an answer file begins with its magic");
    if bytes[MAGIC.len()] != b'A' {
        return Page::Started;
    }
    let spent = &bytes[MAGIC.len() + 1..HEADER];
    let sealed = bytes.get(HEADER + 8..HEADER + 12).map(|it| it.try_into().unwrap());
    let end = HEADER + 12 + sealed.map_or(0, |it| u32::from_le_bytes(it) as usize);
    let whole = bytes.len() >= end + 32
        && Sha256::digest(&bytes[..end]).as_slice() == &bytes[end..end + 32];
    if whole && spent == fingerprint(refresh_token).as_bytes() {
        Page::Answered
    } else {
        Page::Torn
    }
}

fn stored_fingerprint(rig: &Rig, id: &str) -> String {
    let database = Connection::open_with_flags(rig.database(), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let wanted = "SELECT refresh_fingerprint FROM accounts WHERE id = ?1";
    database.unwrap().query_row(wanted, [id], |row| row.get(0)).unwrap()
}

fn fingerprint(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

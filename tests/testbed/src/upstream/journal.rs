//! What was asked and what was answered, moment by moment.
//!
//! Owns: one [`Entry`] a request and the [`Track`] that fills it in while the answer goes out.
//! Must not know: what a request means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use crate::clock::Clock;

/// One request. Moments are microseconds since the Unix epoch by the machine's clock, so that they
/// compare with what another process wrote down.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    /// Counts from 1, never reused.
    pub seq: u64,
    /// When the whole request had been read.
    pub received_at: u64,
    /// `GET`, `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark; empty if there was none.
    pub query: String,
    /// As sent; names in lower case (HTTP does not tell case apart).
    pub headers: Vec<(String, String)>,
    /// The body; in JSON a member `body` if it is UTF-8, `body_base64` if not.
    #[serde(flatten, serialize_with = "body_as_text")]
    pub body: Bytes,
    /// The scripted action it met, in its JSON form.
    pub action: Option<serde_json::Value>,
    /// The status answered, once decided.
    pub status: Option<u16>,
    /// The rule that refused it, in the words of the answer.
    pub refused: Option<String>,
    /// When a refresh token was spent by it.
    pub rotated_at: Option<u64>,
    /// When the answer's head was handed to the connection: no byte of it left before.
    pub answer_started_at: Option<u64>,
    /// When the last byte of the answer was handed to the connection.
    pub answer_finished_at: Option<u64>,
    /// Body bytes handed to the connection so far.
    pub bytes_sent: u64,
    /// When the answer was dropped unfinished although no script cut it: the client went away.
    pub client_gone_at: Option<u64>,
    /// When a script cut the connection or the body.
    pub cut_at: Option<u64>,
}

/// The journal of a fake; clones share it.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Mutex<(u64, BTreeMap<u64, Entry>)>,
    changed: watch::Sender<()>,
}

/// Fills in one entry; dropped before [`Track::finished`], it says that the client went away.
#[derive(Debug)]
pub(crate) struct Track {
    journal: Journal,
    seq: u64,
    open: bool,
}

// === impl Journal ===

impl Journal {
    pub(crate) fn new() -> Self {
        let (changed, _) = watch::channel(());
        Self(Arc::new(Inner { entries: Mutex::default(), changed }))
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.0.entries.lock().unwrap().1.values().cloned().collect()
    }

    /// The requests on this path, oldest first.
    #[must_use]
    pub fn on(&self, path: &str) -> Vec<Entry> {
        self.entries().into_iter().filter(|it| it.path == path).collect()
    }

    /// Forgets everything so far.
    pub fn clear(&self) {
        self.0.entries.lock().unwrap().1.clear();
    }

    /// Waits until the journal looks as wanted; false if it does not within `limit`.
    pub async fn wait_until(&self, limit: Duration, wanted: impl Fn(&[Entry]) -> bool) -> bool {
        let mut changed = self.0.changed.subscribe();
        let watch = async {
            while !wanted(&self.entries()) {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(limit, watch).await.is_ok()
    }

    pub(crate) fn open(&self, entry: Entry) -> Track {
        let seq = {
            let mut entries = self.0.entries.lock().unwrap();
            entries.0 += 1;
            let seq = entries.0;
            entries.1.insert(seq, Entry { seq, received_at: Clock::wall_us(), ..entry });
            seq
        };
        self.0.changed.send_replace(());
        Track { journal: self.clone(), seq, open: true }
    }
}

// === impl Track ===

impl Track {
    pub(crate) fn note(&self, change: impl FnOnce(&mut Entry)) {
        self.change(change);
        self.journal.0.changed.send_replace(());
    }

    /// Body bytes handed over so far; wakes nobody, a long stream would do little else.
    pub(crate) fn sent(&self, bytes: usize) {
        self.change(|it| it.bytes_sent = u64::try_from(bytes).unwrap());
    }

    pub(crate) fn rotated(&self) {
        self.note(|it| it.rotated_at = Some(Clock::wall_us()));
    }

    pub(crate) fn started(&self, status: u16) {
        self.note(|it| {
            it.status = Some(status);
            it.answer_started_at = Some(Clock::wall_us());
        });
    }

    pub(crate) fn finished(&mut self) {
        if std::mem::replace(&mut self.open, false) {
            self.note(|it| it.answer_finished_at = Some(Clock::wall_us()));
        }
    }

    pub(crate) fn cut(&mut self) {
        if std::mem::replace(&mut self.open, false) {
            self.note(|it| it.cut_at = Some(Clock::wall_us()));
        }
    }
}

impl Track {
    fn change(&self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.journal.0.entries.lock().unwrap().1.get_mut(&self.seq) {
            change(entry);
        }
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        if self.open {
            self.note(|it| it.client_gone_at = Some(Clock::wall_us()));
        }
    }
}

fn body_as_text<S: serde::Serializer>(body: &Bytes, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = to.serialize_map(Some(1))?;
    match std::str::from_utf8(body) {
        Ok(text) => map.serialize_entry("body", text)?,
        Err(_) => map.serialize_entry("body_base64", &STANDARD.encode(body))?,
    }
    map.end()
}

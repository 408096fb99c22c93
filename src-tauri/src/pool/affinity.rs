//! Which session uses which account, and for how long.
//!
//! Owns: [`Affinity`], a bounded memory of sessions, and [`sticky_key`].
//! Must not know: where sessions are stored, whether the account still fits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use droid_protocol::dialect::Endpoint;

use super::ask::Sticky;
use crate::clock::Timestamp;

/// Sessions remembered in memory; the one longest not asked for makes room.
pub const CAPACITY: usize = 100_000;

/// Sessions and what they use, in memory.
#[derive(Debug)]
pub struct Affinity {
    capacity: usize,
    ttl: Duration,
    sessions: HashMap<Arc<str>, Session>,
    /// Turn of the last use -> session.
    recent: BTreeMap<u64, Arc<str>>,
    turn: u64,
}

/// What a session uses, until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The account and key.
    pub sticky: Sticky,
    /// When the session is free to go elsewhere, unless it is renewed.
    pub expires_at: Timestamp,
}

#[derive(Debug)]
struct Session {
    bound: Bound,
    turn: u64,
}

/// The name of a session across clients and endpoints (seed S0 §5.1): without a client key,
/// `default`.
#[must_use]
pub fn sticky_key(endpoint: Endpoint, session: &str, client_key: Option<&str>) -> String {
    format!("droid:{endpoint}:{}:{session}", client_key.unwrap_or("default"))
}

// === impl Affinity ===

impl Affinity {
    /// Remembers at most `capacity` sessions, each for `ttl` after its last renewal.
    #[must_use]
    pub fn new(capacity: usize, ttl: Duration) -> Self {
        Self {
            capacity: capacity.max(1),
            ttl,
            sessions: HashMap::new(),
            recent: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Takes a new time to live, for what is bound from now on.
    pub const fn set_ttl(&mut self, ttl: Duration) {
        self.ttl = ttl;
    }

    /// How many sessions are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True when none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// What a session uses now. One that is over is forgotten.
    pub fn lookup(&mut self, key: &str, now: Timestamp) -> Option<Bound> {
        if self.sessions.get(key)?.bound.expires_at <= now {
            self.forget(key);
            return None;
        }
        let turn = self.next_turn();
        let session = self.sessions.get_mut(key)?;
        if let Some(name) = self.recent.remove(&session.turn) {
            self.recent.insert(turn, name);
        }
        session.turn = turn;
        Some(session.bound.clone())
    }

    /// From now on the session uses this, for the whole time to live; also renews.
    pub fn bind(&mut self, key: &str, sticky: Sticky, now: Timestamp) -> Bound {
        let bound = Bound { sticky, expires_at: now.plus(self.ttl) };
        self.restore(key, bound.clone());
        bound
    }

    /// Takes what is stored of a session, with the end it has.
    pub fn restore(&mut self, key: &str, bound: Bound) {
        self.forget(key);
        while self.sessions.len() >= self.capacity {
            let Some((_, oldest)) = self.recent.pop_first() else { break };
            self.sessions.remove(&oldest);
        }
        let (name, turn): (Arc<str>, u64) = (key.into(), self.next_turn());
        self.recent.insert(turn, Arc::clone(&name));
        self.sessions.insert(name, Session { bound, turn });
    }

    /// Whether more than a tenth of the time to live has passed: renewing less often than each
    /// request keeps the store out of the way.
    #[must_use]
    pub fn needs_renewal(&self, bound: &Bound, now: Timestamp) -> bool {
        bound.expires_at < now.plus(self.ttl).minus(self.ttl / 10)
    }

    /// The session is free to go elsewhere.
    pub fn forget(&mut self, key: &str) {
        if let Some(session) = self.sessions.remove(key) {
            self.recent.remove(&session.turn);
        }
    }

    /// Every session is to be read again.
    pub fn clear(&mut self) {
        self.sessions.clear();
        self.recent.clear();
    }

    const fn next_turn(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    fn account(id: &str) -> Sticky {
        Sticky { account: id.into(), key: None }
    }

    #[test]
    fn a_session_keeps_its_account_for_its_time() {
        let mut affinity = Affinity::new(10, TTL);
        let bound = affinity.bind("s", account("a"), at(0));
        assert_eq!(bound, Bound { sticky: account("a"), expires_at: at(3600) });
        assert_eq!(affinity.lookup("s", at(3599)), Some(bound));
        assert_eq!(affinity.lookup("other", at(0)), None);
        assert_eq!(affinity.lookup("s", at(3600)), None);
        assert!(affinity.is_empty(), "a session that is over is not kept");
    }

    #[test]
    fn renewal_starts_the_time_anew_and_is_due_after_a_tenth() {
        let mut affinity = Affinity::new(10, TTL);
        let bound = affinity.bind("s", account("a"), at(0));
        assert!(!affinity.needs_renewal(&bound, at(0)));
        assert!(!affinity.needs_renewal(&bound, at(360)));
        assert!(affinity.needs_renewal(&bound, at(361)));
        affinity.bind("s", account("a"), at(361));
        assert!(affinity.lookup("s", at(3900)).is_some());
        assert_eq!(affinity.len(), 1);
    }

    #[test]
    fn the_session_longest_not_asked_for_makes_room() {
        let mut affinity = Affinity::new(2, TTL);
        affinity.bind("a", account("1"), at(0));
        affinity.bind("b", account("2"), at(1));
        affinity.lookup("a", at(2));
        affinity.bind("c", account("3"), at(3));
        assert_eq!(affinity.len(), 2);
        assert!(affinity.lookup("b", at(4)).is_none());
        assert!(affinity.lookup("a", at(4)).is_some());
        assert_eq!(affinity.recent.len(), affinity.sessions.len());
    }

    #[test]
    fn a_stored_session_does_not_live_longer_for_being_read() {
        let mut affinity = Affinity::new(2, TTL);
        affinity.restore("a", Bound { sticky: account("1"), expires_at: at(50) });
        assert!(affinity.lookup("a", at(49)).is_some());
        assert!(affinity.lookup("a", at(50)).is_none());
    }

    #[test]
    fn forgetting_frees_the_session() {
        let mut affinity = Affinity::new(2, TTL);
        affinity.bind("a", account("1"), at(0));
        affinity.forget("a");
        affinity.forget("never was");
        assert_eq!(affinity.lookup("a", at(0)), None);
        assert!(affinity.recent.is_empty());
    }

    #[test]
    fn the_key_tells_endpoints_clients_and_sessions_apart() {
        assert_eq!(sticky_key(Endpoint::OpenAi, "s1", Some("ck")), "droid:openai:ck:s1");
        assert_eq!(sticky_key(Endpoint::Anthropic, "s1", None), "droid:anthropic:default:s1");
    }
}

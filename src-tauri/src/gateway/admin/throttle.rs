//! Guessing the admin key is slow.
//!
//! Owns: how long each peer waits after wrong keys; how many peers are remembered.
//! Must not know: keys.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// Who guessed wrong lately.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<IpAddr, Guesses>>);

#[derive(Clone, Copy)]
struct Guesses {
    wrong: u32,
    last: Timestamp,
}

/// Mistakes that cost nothing.
const FREE: u32 = 3;
/// The wait after the first one that does; doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait: a person who was mistaken for long is not locked out.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A peer that was silent for so long begins anew.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// Peers that are remembered; a further one takes the place of the one that was silent longest.
const MOST_PEERS: usize = 4096;

// === impl Throttle ===

impl Throttle {
    /// How long this peer has to wait before its next guess is looked at; none if not at all.
    pub(super) fn wait(&self, peer: IpAddr, now: Timestamp) -> Option<Duration> {
        let peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let guesses = peers.get(&network(peer))?;
        let until = guesses.last.plus(pause(guesses.wrong));
        (now < until).then(|| until.since(now))
    }

    /// A wrong key came from this peer.
    pub(super) fn wrong(&self, peer: IpAddr, now: Timestamp) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, it| now.since(it.last) < FORGOTTEN);
        let peer = network(peer);
        if peers.len() >= MOST_PEERS && !peers.contains_key(&peer) {
            let oldest = peers.iter().min_by_key(|(_, it)| it.last).map(|(peer, _)| *peer);
            oldest.map(|it| peers.remove(&it));
        }
        let guesses = peers.entry(peer).or_insert(Guesses { wrong: 0, last: now });
        guesses.wrong = guesses.wrong.saturating_add(1);
        guesses.last = now;
    }

    /// The right key came from this peer.
    pub(super) fn right(&self, peer: IpAddr) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.remove(&network(peer));
    }
}

fn pause(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE) {
        None | Some(0) => Duration::ZERO,
        Some(over) => FIRST_WAIT.saturating_mul(1 << (over - 1).min(16)).min(LONGEST_WAIT),
    }
}

/// One household has a whole /64 of IPv6 addresses.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & (u128::MAX << 64)).into(),
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp(1_000_000 + ms)
    }

    #[test]
    fn a_few_mistakes_are_free_and_then_the_wait_doubles_to_a_minute() {
        let (throttle, peer) = (Throttle::default(), "10.0.0.1".parse().unwrap());
        let mut waits = Vec::new();
        for _ in 0..11 {
            throttle.wrong(peer, at(0));
            waits.push(throttle.wait(peer, at(0)).map_or(0, |it| it.as_secs()));
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(throttle.wait("10.0.0.2".parse().unwrap(), at(0)), None);
        assert_eq!(throttle.wait(peer, at(60_000)), None);
        throttle.right(peer);
        throttle.wrong(peer, at(60_000));
        assert_eq!(throttle.wait(peer, at(60_000)), None);
    }

    #[test]
    fn addresses_of_one_network_count_together_and_the_table_is_bounded() {
        let throttle = Throttle::default();
        for last in 0..5_u16 {
            throttle.wrong(format!("2001:db8::{last:x}").parse().unwrap(), at(0));
        }
        assert!(throttle.wait("2001:db8::ffff".parse().unwrap(), at(0)).is_some());
        for n in 0..10_000_u32 {
            throttle.wrong(IpAddr::V4(n.into()), at(i64::from(n)));
        }
        assert_eq!(throttle.0.lock().unwrap().len(), MOST_PEERS);
    }
}

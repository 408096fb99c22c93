//! Time and chance of the test bed.
//!
//! Owns: the only reader of the wall clock here, an offset that tests move it by, and ids.
//! Must not know: who asks.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// The wall clock plus what a test advanced it by.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_us: AtomicU64,
}

/// Ids nobody can guess from another process's ids.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    next: AtomicU64,
}

// === impl Clock ===

impl Clock {
    /// Microseconds since the Unix epoch by the machine's clock: what the journal tells.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the clock in the test bed")]
    pub(crate) fn wall_us() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(since.as_micros()).unwrap()
    }

    /// Microseconds since the Unix epoch, moved by [`Clock::advance`]: what lifetimes go by.
    pub(crate) fn now_us(&self) -> u64 {
        Self::wall_us() + self.ahead_us.load(Ordering::SeqCst)
    }

    /// Moves every lifetime ahead.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_us.fetch_add(micros(by), Ordering::SeqCst);
    }
}

// === impl Ids ===

impl Ids {
    pub(crate) fn new() -> Self {
        Self { seed: RandomState::new().build_hasher().finish(), next: AtomicU64::new(1) }
    }

    /// 64 hexadecimal digits, new each time.
    pub(crate) fn hex(&self) -> String {
        let next = self.next.fetch_add(1, Ordering::SeqCst);
        let digest = Sha256::new()
            .chain_update(self.seed.to_le_bytes())
            .chain_update(std::process::id().to_le_bytes())
            .chain_update(next.to_le_bytes())
            .finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// `prefix` and 24 hexadecimal digits, new each time.
    pub(crate) fn named(&self, prefix: &str) -> String {
        format!("{prefix}{}", &self.hex()[..24])
    }
}

/// A duration in whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

/// A moment as RFC 3339 in UTC with milliseconds, e.g. `2026-01-02T03:04:05.678Z`.
pub(crate) fn rfc3339(unix_us: u64) -> String {
    let (days, of_day) = (unix_us / 86_400_000_000, unix_us % 86_400_000_000);
    let (year, month, day) = civil(days);
    let (seconds, millis) = (of_day / 1_000_000, of_day / 1000 % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day number since 1970-01-01 (Gregorian, from 1970 on).
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_709_251_199_999_000), "2024-02-29T23:59:59.999Z");
        assert_eq!(rfc3339(1_767_225_600_000_000), "2026-01-01T00:00:00.000Z");
    }
}

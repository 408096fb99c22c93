//! How much a client key has used, for its limits.
//!
//! Owns: [`Counts`]: what this process counted to the second, and what the others noted by the
//! minute; which limit is reached and when it is no longer.
//! Must not know: keys, places, the store.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::store::{ClientLimits, Spent, SpentElsewhere};

/// What was used.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By this process, oldest first, as far back as the window reaches.
    recent: VecDeque<(Timestamp, Spent)>,
    /// By this process since the day began.
    today: Spent,
    /// The beginning of that day.
    day: i64,
    /// By this process since it started.
    own: Spent,
    /// By the others.
    elsewhere: SpentElsewhere,
    /// The day that `elsewhere.day` is of.
    elsewhere_day: i64,
}

/// A window is counted in so many steps.
const STEPS: u64 = 60;
const DAY_MS: i64 = 24 * 3600 * 1000;
const MINUTE: Duration = Duration::from_secs(60);

// === impl Counts ===

impl Counts {
    /// Takes over what the others noted by now.
    pub(super) fn set_elsewhere(&mut self, elsewhere: SpentElsewhere, now: Timestamp) {
        self.elsewhere = elsewhere;
        self.elsewhere_day = day(now);
    }

    /// Adds to what this process counted.
    pub(super) fn add(&mut self, spent: Spent, limits: &ClientLimits, now: Timestamp) {
        self.turn(now);
        self.own = self.own.plus(spent);
        self.today = self.today.plus(spent);
        let Some(window) = window(limits) else { return };
        let step = (window / u32::try_from(STEPS).unwrap_or(1)).max(Duration::from_secs(1));
        match self.recent.back_mut() {
            Some((at, sum)) if now.since(*at) < step => *sum = sum.plus(spent),
            _ => self.recent.push_back((now, spent)),
        }
        self.forget(window, now);
    }

    /// Whether there is room for one more request.
    pub(super) fn check(&mut self, limits: &ClientLimits, now: Timestamp) -> Result<()> {
        self.turn(now);
        self.check_total(limits)?;
        self.check_day(limits, now)?;
        self.check_window(limits, now)
    }

    fn check_total(&self, limits: &ClientLimits) -> Result<()> {
        let total = self.own.plus(self.elsewhere.total);
        if reached(limits.total_tokens, total.tokens) {
            return limited("has used up its tokens", None);
        }
        if reached(limits.total_cost, total.cost) {
            return limited("has used up its budget", None);
        }
        Ok(())
    }

    fn check_day(&self, limits: &ClientLimits, now: Timestamp) -> Result<()> {
        let same_day = self.elsewhere_day == day(now);
        let elsewhere = if same_day { self.elsewhere.day } else { Spent::default() };
        let today = self.today.plus(elsewhere);
        let tomorrow = Timestamp(day(now).saturating_add(DAY_MS)).since(now);
        if reached(limits.daily_tokens, today.tokens) {
            return limited("has used up its tokens of this day", Some(tomorrow));
        }
        if reached(limits.daily_cost, today.cost) {
            return limited("has used up its budget of this day", Some(tomorrow));
        }
        Ok(())
    }

    fn check_window(&mut self, limits: &ClientLimits, now: Timestamp) -> Result<()> {
        let Some(window) = window(limits) else { return Ok(()) };
        self.forget(window, now);
        for (limit, of, what) in [
            (
                limits.window_requests,
                (|it: &Spent| it.requests) as fn(&Spent) -> u64,
                "has sent its requests of this window",
            ),
            (limits.window_tokens, |it: &Spent| it.tokens, "has used up its tokens of this window"),
        ] {
            if let Some(free_at) = self.full_until(limit, of, window, now) {
                return limited(what, Some(free_at.since(now)));
            }
        }
        Ok(())
    }

    /// When the window has room again; none if it has now.
    fn full_until(
        &self,
        limit: Option<u64>,
        of: fn(&Spent) -> u64,
        window: Duration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let limit = limit?;
        let since = now.minus(window);
        let own = self.recent.iter().map(|(at, it)| (*at, of(it)));
        // A minute counts until its last moment leaves the window.
        let others = self.elsewhere.minutes.iter().map(|(at, it)| (at.plus(MINUTE), of(it)));
        let mut parts: Vec<_> = own.chain(others).filter(|(at, _)| *at > since).collect();
        let mut sum: u64 = parts.iter().map(|(_, n)| n).sum();
        if sum < limit {
            return None;
        }
        parts.sort_by_key(|(at, _)| *at);
        for (at, n) in parts {
            sum = sum.saturating_sub(n);
            if sum < limit {
                return Some(at.plus(window));
            }
        }
        // A limit of nothing.
        Some(now.plus(window))
    }

    fn forget(&mut self, window: Duration, now: Timestamp) {
        let since = now.minus(window);
        while self.recent.front().is_some_and(|(at, _)| *at <= since) {
            self.recent.pop_front();
        }
    }

    /// A new day begins with nothing used.
    fn turn(&mut self, now: Timestamp) {
        let day = day(now);
        if self.day != day {
            self.day = day;
            self.today = Spent::default();
        }
    }
}

fn window(limits: &ClientLimits) -> Option<Duration> {
    limits.window_seconds.map(Duration::from_secs).filter(|it| !it.is_zero())
}

fn reached(limit: Option<u64>, used: u64) -> bool {
    limit.is_some_and(|it| used >= it)
}

const fn day(now: Timestamp) -> i64 {
    now.0 - now.0.rem_euclid(DAY_MS)
}

fn limited(what: &str, retry_after: Option<Duration>) -> Result<()> {
    Err(Error::Limited { message: format!("this client key {what}"), retry_after })
}

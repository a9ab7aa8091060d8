//! A rate and the time in, how many events are due out.

use std::time::{Duration, Instant};

/// Longest delay that is made up for. After a longer one the rest is forgone: what follows a
/// pause of the machine must not be a flood.
const CATCH_UP: Duration = Duration::from_millis(500);

/// One event, in the unit of `Pace::credit`.
const EVENT: u128 = 1_000_000_000;

/// A bucket that fills with time and is emptied by events. It holds no clock: time is passed in.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    rate_per_sec: u32,
    /// Events that are due, times a billion: nanoseconds times rate, so nothing is rounded away.
    credit: u128,
    filled: Instant,
}

impl Pace {
    pub(crate) fn new(rate_per_sec: u32, now: Instant) -> Self {
        Self { rate_per_sec, credit: 0, filled: now }
    }

    /// Changes the rate from now on.
    pub(crate) fn set_rate(&mut self, rate_per_sec: u32, now: Instant) {
        if rate_per_sec != self.rate_per_sec {
            *self = Self::new(rate_per_sec, now);
        }
    }

    /// Forgets what has become due, as if it started now.
    pub(crate) fn skip(&mut self, now: Instant) {
        *self = Self::new(self.rate_per_sec, now);
    }

    /// Returns how many events are due, `u64::MAX` when there is no limit.
    pub(crate) fn due(&mut self, now: Instant) -> u64 {
        if self.rate_per_sec == 0 {
            return u64::MAX;
        }
        let rate = u128::from(self.rate_per_sec);
        let passed = now.saturating_duration_since(self.filled).as_nanos();
        let credit_max = (CATCH_UP.as_nanos() * rate).max(EVENT);
        self.credit = (self.credit + passed * rate).min(credit_max);
        self.filled = now;
        u64::try_from(self.credit / EVENT).unwrap_or(u64::MAX)
    }

    /// Takes events that were due.
    pub(crate) fn take(&mut self, events: u64) {
        self.credit = self.credit.saturating_sub(u128::from(events) * EVENT);
    }

    /// Returns how long after the last `due` the next event becomes due.
    pub(crate) fn until_next(&self) -> Duration {
        if self.rate_per_sec == 0 || self.credit >= EVENT {
            return Duration::ZERO;
        }
        let nanos = (EVENT - self.credit).div_ceil(u128::from(self.rate_per_sec));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;

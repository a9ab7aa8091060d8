//! Number of an attempt in, the pause before it out.

use std::time::Duration;

use rand::Rng;

/// Returns how long to wait before attempt `attempt` (1 is the first retry).
///
/// Doubles from 100 ms and stops growing at 10 s, so that a server that comes back is used soon,
/// then takes off up to half at random so that those who failed together do not come back
/// together.
#[must_use]
pub fn pause(attempt: u32) -> Duration {
    jittered(attempt, rand::rng().random_range(0.0..1.0))
}

fn jittered(attempt: u32, jitter: f64) -> Duration {
    const BASE: Duration = Duration::from_millis(100);
    const CAP: Duration = Duration::from_secs(10);
    let doubled = BASE.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(CAP);
    doubled.mul_f64(1.0 - jitter / 2.0)
}

#[cfg(test)]
mod tests;

//! Failed attempts in, the pause before the next one out.

use std::time::{Duration, SystemTime};

use rand::Rng;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// First pause. Short: most failures are a restart or a leader change nearby.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// Longest pause that is not the registry's own wish.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Pauses that double from call to call, each drawn between half and all of its length, so that
/// clients that failed together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: PAUSE_FIRST }
    }

    /// Returns the next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(PAUSE_MAX);
        rand::rng().random_range(whole / 2..=whole)
    }
}

/// Reads a `Retry-After` header, in seconds or as a date. A date that has passed means at once.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;

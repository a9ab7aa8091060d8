//! Requests of somebody in, whether they come too fast out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Most identities remembered: more than tokens and sessions together.
const IDENTITIES_MAX: usize = 4_096;

/// A bucket per identity: each request takes one drop, time fills it again.
#[derive(Debug)]
pub(super) struct Buckets {
    per_s: f64,
    burst: f64,
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
}

impl Buckets {
    pub(super) fn new(per_s: u32, burst: u32) -> Self {
        Self { per_s: per_s.into(), burst: burst.max(1).into(), buckets: Mutex::default() }
    }

    /// Takes one; or says when there will be one.
    pub(super) fn take(&self, who: &str) -> Result<(), Duration> {
        let now = Instant::now();
        let filled = |(left, at): (f64, Instant)| {
            (left + (now - at).as_secs_f64() * self.per_s).min(self.burst)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= IDENTITIES_MAX {
            // A full bucket says nothing.
            buckets.retain(|_, bucket| filled(*bucket) < self.burst);
        }
        let left = buckets.get(who).map_or(self.burst, |bucket| filled(*bucket));
        if left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left) / self.per_s));
        }
        buckets.insert(who.to_owned(), (left - 1.0, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Turns of a worker's loop in, how many there have been so far out.

use std::sync::atomic::{AtomicU64, Ordering};

/// When a worker last went round its loop: if that was long ago, a call into librdkafka does not
/// return.
#[derive(Debug, Default)]
pub struct Pulse(AtomicU64);

impl Pulse {
    pub(super) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the worker has gone round so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

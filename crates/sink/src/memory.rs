//! Bytes held by each worker in, pressure on all of them out: one memory budget per process.

use std::sync::atomic::{AtomicUsize, Ordering};

use deliver::Pressure;

/// Part of `memory.bytes_max` that librdkafka may fill with records it fetched ahead.
const FETCHED_SHARE: usize = 4;

/// Part of `memory.bytes_max` that used buffers may take while they wait for the next batch.
const SPARE_SHARE: usize = 8;

/// What the batches of all pipelines may hold together.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    used: AtomicUsize,
}

/// The part of the budget that one worker holds. Given back when dropped.
#[derive(Debug)]
pub struct Share<'budget> {
    budget: &'budget Budget,
    bytes: usize,
    full: bool,
}

impl Budget {
    /// Splits `bytes_max` of the process: five eighths for batches, a quarter for records that
    /// were fetched ahead, an eighth for used buffers.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let bytes_max = bytes_max - bytes_max / FETCHED_SHARE - bytes_max / SPARE_SHARE;
        Self { bytes_max, used: AtomicUsize::new(0) }
    }

    /// Bytes of batches held now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that nobody holds.
    #[must_use]
    pub fn free(&self) -> usize {
        self.bytes_max.saturating_sub(self.used())
    }

    /// A worker's part, empty at first.
    #[must_use]
    pub fn share(&self) -> Share<'_> {
        Share { budget: self, bytes: 0, full: false }
    }
}

/// Kilobytes that each of `workers` consumers may fetch ahead (`queued.max.messages.kbytes`).
#[must_use]
pub fn fetched_kilobytes(bytes_max: usize, workers: usize) -> usize {
    (bytes_max / FETCHED_SHARE / workers.max(1) / 1024).max(1024)
}

/// Bytes of used buffers that each of `workers` may keep.
#[must_use]
pub fn spare_bytes(bytes_max: usize, workers: usize) -> usize {
    bytes_max / SPARE_SHARE / workers.max(1)
}

impl Share<'_> {
    /// Says what the worker holds now, and returns how full the whole budget is: high from three
    /// quarters on, full from all of it until it is down to half.
    pub fn set(&mut self, bytes: usize) -> Pressure {
        let used = &self.budget.used;
        let total = if bytes >= self.bytes {
            let more = bytes - self.bytes;
            used.fetch_add(more, Ordering::Relaxed) + more
        } else {
            let less = self.bytes - bytes;
            used.fetch_sub(less, Ordering::Relaxed) - less
        };
        self.bytes = bytes;
        let max = self.budget.bytes_max;
        self.full = total >= max || (self.full && total >= max / 2);
        if self.full {
            Pressure::Full
        } else if total >= max / 4 * 3 {
            Pressure::High
        } else {
            Pressure::Low
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;

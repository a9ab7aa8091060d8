//! Bytes held by each worker in, pressure on all of them out: one memory budget per process.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

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
    pipelines: AtomicUsize,
}

/// What the batches of one pipeline hold. While there are others it is full at half of the budget,
/// so that one whose table takes nothing leaves them something to go on with.
#[derive(Debug)]
pub struct Pot {
    budget: Arc<Budget>,
    used: AtomicUsize,
}

/// The part of the budget that one worker holds. Given back when dropped.
#[derive(Debug)]
pub struct Share<'pot> {
    pot: &'pot Pot,
    bytes: usize,
    full: bool,
}

impl Budget {
    /// Splits `bytes_max` of the process: five eighths for batches, a quarter for records that
    /// were fetched ahead, an eighth for used buffers.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let bytes_max = bytes_max - bytes_max / FETCHED_SHARE - bytes_max / SPARE_SHARE;
        Self { bytes_max, used: AtomicUsize::new(0), pipelines: AtomicUsize::new(0) }
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

    /// A pipeline's part, empty at first.
    #[must_use]
    pub fn pot(self: &Arc<Self>) -> Pot {
        self.pipelines.fetch_add(1, Ordering::Relaxed);
        Pot { budget: self.clone(), used: AtomicUsize::new(0) }
    }

    fn change(&self, from: usize, to: usize) -> usize {
        change(&self.used, from, to)
    }
}

impl Pot {
    /// The budget that it is a part of.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// A worker's part, empty at first.
    #[must_use]
    pub fn share(&self) -> Share<'_> {
        Share { pot: self, bytes: 0, full: false }
    }
}

impl Drop for Pot {
    fn drop(&mut self) {
        self.budget.pipelines.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a part of `used` that has changed. Returns what is used now.
fn change(used: &AtomicUsize, from: usize, to: usize) -> usize {
    if to >= from {
        used.fetch_add(to - from, Ordering::Relaxed) + (to - from)
    } else {
        used.fetch_sub(from - to, Ordering::Relaxed) - (from - to)
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
    /// Says what the worker holds now, and returns how full the budget is for it: high from three
    /// quarters on, full from all of it until it is down to half, by the whole budget or by what
    /// its pipeline may have of it. Beside other pipelines three quarters of the whole are enough
    /// to go on, since half of it may be held by one that is stuck.
    pub fn set(&mut self, bytes: usize) -> Pressure {
        let Pot { budget, used } = self.pot;
        let total = budget.change(self.bytes, bytes);
        let own = change(used, self.bytes, bytes);
        self.bytes = bytes;
        let max = budget.bytes_max;
        let alone = budget.pipelines.load(Ordering::Relaxed) <= 1;
        let (own_max, enough) = if alone { (max, max / 2) } else { (max / 2, max / 4 * 3) };
        let is_relieved = total < enough && own < own_max / 2;
        self.full = total >= max || own >= own_max || (self.full && !is_relieved);
        if self.full {
            Pressure::Full
        } else if total >= max / 4 * 3 || own >= own_max / 4 * 3 {
            Pressure::High
        } else {
            Pressure::Low
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.pot.budget.change(self.bytes, 0);
        change(&self.pot.used, self.bytes, 0);
    }
}

#[cfg(test)]
mod tests;

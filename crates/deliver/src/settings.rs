//! When a batch is cut, and how much may be in flight.

use std::time::Duration;

/// Ranges of one partition that may be in flight at once (rule R6: their names must fit the
/// committed metadata, which Kafka limits to 4 KiB).
pub const RANGES_MAX: usize = 8;

/// Room for each partition in the rate of inserts, so that all partitions of a table together
/// cause about 50 inserts a second: every insert is a part that ClickHouse must merge.
const AGE_PER_PARTITION: Duration = Duration::from_millis(20);

/// When a batch is cut: at the first limit reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Rows of one batch.
    pub rows_max: u64,
    /// Bytes of one batch.
    pub bytes_max: usize,
    /// Time since the first record of the batch, with few partitions.
    pub age: Duration,
    /// The same, with many partitions.
    pub age_max: Duration,
    /// How long a revoke waits for inserts in flight before it is answered anyway.
    pub revoke_wait: Duration,
    /// Whether partitions are owned but not fetched, so that the group keeps its offsets. What
    /// they begin with: [`crate::Event::Paused`] changes it.
    pub paused: bool,
    /// Time without a poll after which the group takes a consumer for dead
    /// (`max.poll.interval.ms`).
    pub poll_interval_max: Duration,
    /// Whether a range that its token may not protect any more must be proven by its rows.
    pub exactly_once: bool,
    /// Whether ranges are announced before they are inserted. Without, a killed process doubles
    /// rows: only for measuring what that costs and for showing that tests find it.
    pub intents: bool,
    /// The pipeline document's revision, shortened to 64 bits: recorded with every range.
    pub revision: u64,
}

impl Settings {
    /// The age at which a batch is cut when `partitions` feed the table, over all sinks.
    #[must_use]
    pub fn effective_age(&self, partitions: usize) -> Duration {
        let wanted =
            AGE_PER_PARTITION.saturating_mul(u32::try_from(partitions).unwrap_or(u32::MAX));
        wanted.clamp(self.age, self.age_max.max(self.age))
    }
}

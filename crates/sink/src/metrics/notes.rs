//! What happened to one pipeline lately in, what its status says of it out.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pipeline_spec::status::{GuaranteeStatus, LastError};
use prometheus::core::Metric as _;

use super::{PipelineMetrics, Skipped};

/// How long something counts as being tried again after it was told last. Longer than the longest
/// pause between two attempts, and the time that one takes before it fails.
const RETRYING_MAX: Duration = Duration::from_secs(30);

/// Longest message that is kept, in bytes: errors of servers may quote a whole statement.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Of one pipeline, for the life of the process.
#[derive(Debug, Default)]
pub(super) struct Notes {
    dead_letters: AtomicU64,
    null_values: AtomicU64,
    last_error: Mutex<Option<LastError>>,
    retrying: Mutex<Option<(Instant, String)>>,
    guarantee: Mutex<Option<GuaranteeStatus>>,
}

/// What has been counted and noted up to now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noted {
    /// Rows that ClickHouse confirmed.
    pub rows: u64,
    /// Bytes of their blocks.
    pub bytes: u64,
    /// Records diverted to the dead letters.
    pub dead_letters: u64,
    /// Records passed without a row, by reason.
    pub skipped: Vec<(&'static str, u64)>,
    /// Upper bounds in seconds, and how many rows were at most as old when they were confirmed.
    pub freshness: Vec<(f64, u64)>,
    /// The last thing that went wrong.
    pub last_error: Option<LastError>,
    /// What is being waited for or tried again.
    pub retrying: Option<String>,
    /// What the table was found to guarantee.
    pub guarantee: Option<GuaranteeStatus>,
}

impl Notes {
    pub(super) fn dead_letter(&self) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn skipped(&self, reason: Skipped) {
        match reason {
            Skipped::NullValue => self.null_values.fetch_add(1, Ordering::Relaxed),
        };
    }

    /// Something went wrong.
    pub(super) fn error(&self, message: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        *lock(&self.last_error) = Some(LastError { at_ms, message: shortened(message) });
    }

    /// Something went wrong and is tried again.
    pub(super) fn retries(&self, message: &str) {
        self.error(message);
        *lock(&self.retrying) = Some((Instant::now(), shortened(message)));
    }

    /// What was waited for has come.
    pub(super) fn goes_on(&self) {
        *lock(&self.retrying) = None;
    }

    pub(super) fn guarantee(&self, found: &target::Guarantee, kept: bool) {
        let delivery = if kept { "exactly-once" } else { "at-least-once" };
        let findings = found.findings.iter();
        let findings = findings.map(|one| shortened(&format!("{}: {}", one.subject, one.detail)));
        *lock(&self.guarantee) = Some(GuaranteeStatus {
            delivery: delivery.to_owned(),
            findings: findings.take(20).collect(),
        });
    }
}

impl PipelineMetrics {
    /// Everything that the status of the pipeline tells of numbers.
    #[must_use]
    pub fn noted(&self) -> Noted {
        let notes = &self.notes;
        let null_values = notes.null_values.load(Ordering::Relaxed);
        let freshness = self.freshness_seconds.metric();
        let buckets = freshness.get_histogram().get_bucket();
        let retrying = lock(&notes.retrying).clone();
        Noted {
            rows: self.rows.get(),
            bytes: self.bytes.get(),
            dead_letters: notes.dead_letters.load(Ordering::Relaxed),
            skipped: vec![(Skipped::NullValue.as_str(), null_values)],
            freshness: buckets
                .iter()
                .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
                .collect(),
            last_error: lock(&notes.last_error).clone(),
            retrying: retrying
                .filter(|(since, _)| since.elapsed() < RETRYING_MAX)
                .map(|(_, message)| message),
            guarantee: lock(&notes.guarantee).clone(),
        }
    }
}

fn shortened(message: &str) -> String {
    message.get(..message.floor_char_boundary(MESSAGE_BYTES_MAX)).unwrap_or(message).to_owned()
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

//! How far a pipeline has come, and what holds it up: numbers.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use target::{Disposition, InsertError};

use super::{PipelineMetrics, forget::remove};

/// What kind of error an attempt at an insert met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// No answer in time.
    NoAnswer,
    /// No connection.
    Unreachable,
    /// The server is busy, or cut the request off: it passes by itself.
    Busy,
    /// Credentials, grants, quotas, views: it passes once a person has mended it.
    Person,
    /// The table is not what the block was made for.
    TableChanged,
    /// No attempt can succeed.
    Refused,
}

impl Class {
    const ALL: [Self; 6] = [
        Self::NoAnswer,
        Self::Unreachable,
        Self::Busy,
        Self::Person,
        Self::TableChanged,
        Self::Refused,
    ];

    fn of(error: &InsertError) -> Self {
        match (error, error.disposition()) {
            (InsertError::NoAnswer { .. }, _) => Self::NoAnswer,
            (InsertError::Unreachable(_), _) => Self::Unreachable,
            (_, Disposition::Stop) => Self::Refused,
            (_, Disposition::TableChanged) => Self::TableChanged,
            (_, Disposition::Retry) if error.needs_person() => Self::Person,
            (_, Disposition::Retry) => Self::Busy,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::Person => "person",
            Self::TableChanged => "table-changed",
            Self::Refused => "refused",
        }
    }
}

/// Of all pipelines. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    records: IntCounterVec,
    lag: IntGaugeVec,
    paused: IntGaugeVec,
    last_insert: IntGaugeVec,
    last_commit: IntGaugeVec,
    insert_errors: IntCounterVec,
}

/// Of one pipeline. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct PipelineProgress {
    records: IntCounter,
    lag: IntGauge,
    paused: IntGauge,
    last_insert: IntGauge,
    last_commit: IntGauge,
    insert_errors: [IntCounter; Class::ALL.len()],
}

/// What one consumer adds to the lag of its pipeline: taken back when the consumer is gone, so that
/// the workers of a pipeline do not overwrite each other's.
#[derive(Debug)]
pub struct LagShare {
    lag: IntGauge,
    told: AtomicI64,
}

impl LagShare {
    /// Records not committed yet, over the partitions of this consumer.
    pub fn set(&self, records: i64) {
        let before = self.told.swap(records, Ordering::Relaxed);
        self.lag.add(records - before);
    }
}

impl Drop for LagShare {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Progress {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), &["pipeline"])?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        Ok(Self {
            records: counter(
                "penstock_sink_records_total",
                "Records that Kafka has handed over, also those handed over again",
                &["pipeline"],
            )?,
            lag: gauge(
                "penstock_sink_lag_records",
                "Records between the committed offsets and the ends of assigned partitions",
            )?,
            paused: gauge(
                "penstock_sink_paused",
                "1 while nothing is read on purpose: paused, or offsets are being set, else 0",
            )?,
            last_insert: gauge(
                "penstock_sink_last_insert_timestamp_seconds",
                "When ClickHouse confirmed a batch last, since 1970; 0 before the first",
            )?,
            last_commit: gauge(
                "penstock_sink_last_commit_timestamp_seconds",
                "When offsets were committed last, since 1970; 0 before the first time",
            )?,
            insert_errors: counter(
                "penstock_sink_insert_errors_total",
                "Attempts at an insert that failed, by what kind of error they met",
                &["pipeline", "class"],
            )?,
        })
    }

    pub(super) fn pipeline(&self, name: &str) -> PipelineProgress {
        let of = &[name];
        PipelineProgress {
            records: self.records.with_label_values(of),
            lag: self.lag.with_label_values(of),
            paused: self.paused.with_label_values(of),
            last_insert: self.last_insert.with_label_values(of),
            last_commit: self.last_commit.with_label_values(of),
            insert_errors: Class::ALL
                .map(|class| self.insert_errors.with_label_values(&[name, class.as_str()])),
        }
    }

    /// As [`super::Metrics::forget`].
    pub(super) fn forget(&self, pipeline: &str) {
        for counters in [&self.records, &self.insert_errors] {
            remove(counters, pipeline);
        }
        for gauges in [&self.lag, &self.paused, &self.last_insert, &self.last_commit] {
            remove(gauges, pipeline);
        }
    }
}

impl PipelineProgress {
    /// `at_ms` is in milliseconds since 1970.
    pub(super) fn inserted(&self, at_ms: i64) {
        self.last_insert.set(at_ms / 1_000);
    }

    pub(super) fn committed(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_commit.set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    }

    pub(super) fn insert_failed(&self, error: &InsertError) {
        if let Some(counter) = self.insert_errors.get(Class::of(error) as usize) {
            counter.inc();
        }
    }
}

impl PipelineMetrics {
    /// Kafka has handed over so many records since the last time.
    pub fn records(&self, count: u64) {
        self.progress.records.inc_by(count);
    }

    /// Whether nothing is read on purpose.
    pub fn paused(&self, paused: bool) {
        self.progress.paused.set(i64::from(paused));
    }

    /// For one consumer, to tell its lag.
    #[must_use]
    pub fn lag_share(&self) -> LagShare {
        LagShare { lag: self.progress.lag.clone(), told: AtomicI64::new(0) }
    }
}

#[cfg(test)]
mod tests;

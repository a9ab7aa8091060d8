//! Events in, numbers and log lines out. A method per event; names end in their unit.

use std::{sync::Arc, time::Duration};

use deliver::StopReason;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, exponential_buckets,
};
use tracing::{error, info, warn};

pub use self::{notes::Noted, progress::LagShare};
use self::{
    notes::Notes,
    progress::{PipelineProgress, Progress},
    protocol::{PipelineProtocol, Protocol},
};
use crate::{batch::Timestamps, dead_letters};

mod forget;
mod notes;
mod progress;
mod protocol;

/// A row that takes longer than this to arrive is late: the edge in the recording rules of
/// observability/prometheus, in seconds.
const FRESH_SECONDS: f64 = 30.0;

/// Why a record was passed without a row.
#[derive(Clone, Copy, Debug)]
pub enum Skipped {
    /// It has no value, and the pipeline says `null_value: skip`.
    NullValue,
}

impl Skipped {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NullValue => "null-value",
        }
    }
}

/// The metrics of all pipelines of a sink. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    rows: IntCounterVec,
    bytes: IntCounterVec,
    insert_seconds: HistogramVec,
    insert_retries: IntCounterVec,
    freshness_seconds: HistogramVec,
    dead_letters: IntCounterVec,
    skipped: IntCounterVec,
    commit_seconds: HistogramVec,
    assigned: IntGaugeVec,
    stopped: IntGaugeVec,
    waits: IntCounterVec,
    memory: IntGauge,
    progress: Progress,
    protocol: Protocol,
}

/// The metrics of one pipeline. Clones share them.
#[derive(Clone, Debug)]
pub struct PipelineMetrics {
    pipeline: String,
    rows: IntCounter,
    bytes: IntCounter,
    insert_seconds: Histogram,
    insert_retries: IntCounter,
    freshness_seconds: Histogram,
    dead_letters: IntCounterVec,
    skipped: IntCounterVec,
    commit_seconds: Histogram,
    assigned: IntGauge,
    stopped: IntGaugeVec,
    schema_waits: IntCounter,
    memory_waits: IntCounter,
    progress: PipelineProgress,
    protocol: PipelineProtocol,
    notes: Arc<Notes>,
}

impl Metrics {
    /// Registers every metric.
    ///
    /// # Errors
    ///
    /// When a name is registered twice.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, more: &[&str]| {
            let labels: Vec<_> = ["pipeline"].iter().chain(more).copied().collect();
            let counter = IntCounterVec::new(Opts::new(name, help), &labels)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let gauge = |name: &str, help: &str, more: &[&str]| {
            let labels: Vec<_> = ["pipeline"].iter().chain(more).copied().collect();
            let gauge = IntGaugeVec::new(Opts::new(name, help), &labels)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| {
            let options = HistogramOpts::new(name, help).buckets(buckets);
            let histogram = HistogramVec::new(options, &["pipeline"])?;
            registry.register(Box::new(histogram.clone())).map(|()| histogram)
        };
        let memory =
            IntGauge::new("penstock_sink_memory_bytes", "Bytes held by batches of all pipelines")?;
        registry.register(Box::new(memory.clone()))?;
        Ok(Self {
            rows: counter("penstock_sink_rows_total", "Rows that ClickHouse confirmed", &[])?,
            bytes: counter("penstock_sink_bytes_total", "Bytes of blocks confirmed", &[])?,
            insert_seconds: histogram(
                "penstock_sink_insert_seconds",
                "Time from sending a batch to its confirmation, retries included",
                exponential_buckets(0.002, 2.0, 16)?,
            )?,
            insert_retries: counter(
                "penstock_sink_insert_retries_total",
                "Attempts at an insert that failed and were repeated",
                &[],
            )?,
            freshness_seconds: histogram(
                "penstock_sink_freshness_seconds",
                "Per row, time of its confirmation minus its record's timestamp",
                freshness_buckets()?,
            )?,
            dead_letters: counter(
                "penstock_sink_dead_letters_total",
                "Records diverted to the dead letters, acknowledged by Kafka or about to be",
                &["reason"],
            )?,
            skipped: counter(
                "penstock_sink_skipped_records_total",
                "Records passed without a row, as the pipeline says",
                &["reason"],
            )?,
            commit_seconds: histogram(
                "penstock_sink_commit_seconds",
                "Time of one commit of offsets",
                exponential_buckets(0.0005, 2.0, 16)?,
            )?,
            assigned: gauge("penstock_sink_partitions", "Partitions assigned", &[])?,
            stopped: gauge(
                "penstock_sink_stopped_partitions",
                "Partitions that take no more records until a person acts",
                &["reason"],
            )?,
            waits: counter(
                "penstock_sink_waits_total",
                "Times that partitions were paused, by what they waited for",
                &["reason"],
            )?,
            progress: Progress::register(registry)?,
            protocol: Protocol::register(registry)?,
            memory,
        })
    }

    /// The metrics of one pipeline, each shown as zero from now on.
    #[must_use]
    pub fn pipeline(&self, name: &str) -> PipelineMetrics {
        let of = &[name];
        // What begins with a value is no increase to a query: even the first one must be seen.
        for reason in StopReason::ALL {
            self.stopped.with_label_values(&[name, reason.as_str()]);
        }
        for reason in dead_letters::reasons() {
            self.dead_letters.with_label_values(&[name, reason]);
        }
        self.skipped.with_label_values(&[name, Skipped::NullValue.as_str()]);
        PipelineMetrics {
            pipeline: name.to_owned(),
            rows: self.rows.with_label_values(of),
            bytes: self.bytes.with_label_values(of),
            insert_seconds: self.insert_seconds.with_label_values(of),
            insert_retries: self.insert_retries.with_label_values(of),
            freshness_seconds: self.freshness_seconds.with_label_values(of),
            dead_letters: self.dead_letters.clone(),
            skipped: self.skipped.clone(),
            commit_seconds: self.commit_seconds.with_label_values(of),
            assigned: self.assigned.with_label_values(of),
            stopped: self.stopped.clone(),
            schema_waits: self.waits.with_label_values(&[name, "schema"]),
            memory_waits: self.waits.with_label_values(&[name, "memory"]),
            progress: self.progress.pipeline(name),
            protocol: self.protocol.pipeline(name),
            notes: Arc::default(),
        }
    }

    /// Bytes held by batches of all pipelines changed.
    pub fn memory(&self, bytes: usize) {
        self.memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl PipelineMetrics {
    /// ClickHouse has confirmed a batch. `now_ms` is the time of the confirmation, in
    /// milliseconds since 1970.
    pub fn batch_inserted(
        &self,
        token: &str,
        bytes: usize,
        took: Duration,
        timestamps: &Timestamps,
        now_ms: i64,
    ) {
        let freshness = self.freshness_seconds.local();
        let mut rows = 0;
        for (timestamp_ms, count) in timestamps.iter() {
            rows += u64::from(count);
            if timestamp_ms < 0 {
                continue; // the record has none
            }
            let age = Duration::from_millis(u64::try_from(now_ms - timestamp_ms).unwrap_or(0));
            for _ in 0..count {
                freshness.observe(age.as_secs_f64());
            }
        }
        freshness.flush();
        self.rows.inc_by(rows);
        self.bytes.inc_by(bytes as u64);
        self.insert_seconds.observe(took.as_secs_f64());
        self.progress.inserted(now_ms);
        self.notes.goes_on();
        tracing::debug!(token, rows, bytes, duration_ms = ms(took), "batch inserted");
    }

    /// An attempt at an insert failed; it is repeated.
    pub fn insert_delayed(&self, token: &str, error: &target::InsertError, attempt: u32) {
        self.insert_retries.inc();
        self.progress.insert_failed(error);
        self.notes.retries(&format!("insert: {error}, attempt {attempt}"));
        let pipeline = &self.pipeline;
        // The first failures may be a restart; after that somebody should look.
        if error.needs_person() || attempt >= 8 {
            error!(pipeline, token, attempt, %error, "insert still fails, trying on");
        } else {
            warn!(pipeline, token, attempt, %error, "insert failed, trying again");
        }
    }

    /// An insert cannot succeed until a person acts.
    pub fn insert_refused(&self, token: &str, error: &target::InsertError) {
        self.progress.insert_failed(error);
        self.notes.error(&format!("insert refused: {error}"));
        error!(pipeline = self.pipeline, token, %error, "insert refused");
    }

    /// A record goes to the dead letters.
    pub fn dead_letter(&self, reason: &'static str) {
        self.dead_letters.with_label_values(&[&self.pipeline, reason]).inc();
        self.notes.dead_letter();
    }

    /// A dead letter is not acknowledged yet and sent again.
    pub fn dead_letter_delayed(&self, topic: &str, attempt: u32, error: &str) {
        self.notes.retries(&format!("dead letter: {error}, attempt {attempt}"));
        warn!(
            pipeline = self.pipeline,
            topic, attempt, error, "dead letter not written, trying on"
        );
    }

    /// A record is passed without a row.
    pub fn skipped(&self, reason: Skipped) {
        self.skipped.with_label_values(&[&self.pipeline, reason.as_str()]).inc();
        self.notes.skipped(reason);
    }

    /// Offsets were committed.
    pub fn committed(&self, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.progress.committed();
    }

    /// A commit was refused for a reason that passes.
    pub fn commit_delayed(&self, error: &rdkafka::error::KafkaError) {
        self.notes.error(&format!("commit of offsets: {error}"));
        warn!(pipeline = self.pipeline, %error, "offsets not committed, trying on");
    }

    /// Partitions were assigned.
    pub fn assigned(&self, partitions: &[(deliver::TopicPartition, deliver::Offset)]) {
        self.assigned.add(partitions.len().try_into().unwrap_or(i64::MAX));
        for (id, offset) in partitions {
            let (topic, partition, offset) = (&id.topic, id.partition, offset.raw());
            info!(pipeline = self.pipeline, %topic, partition, offset, "partition assigned");
        }
    }

    /// A worker left the group while it owned so many partitions, without being asked to give them
    /// up first.
    pub fn left_with(&self, partitions: i64) {
        self.assigned.sub(partitions);
    }

    /// Partitions were given up.
    pub fn unassigned(&self, partitions: &[deliver::TopicPartition]) {
        self.assigned.sub(partitions.len().try_into().unwrap_or(i64::MAX));
        for id in partitions {
            let (topic, partition) = (&id.topic, id.partition);
            info!(pipeline = self.pipeline, %topic, partition, "partition given up");
        }
    }

    /// A partition takes no more records until a person acts.
    pub fn stopped(&self, id: &deliver::TopicPartition, reason: StopReason) {
        self.stopped.with_label_values(&[&self.pipeline, reason.as_str()]).inc();
        let (topic, partition, reason) = (&id.topic, id.partition, reason.as_str());
        error!(pipeline = self.pipeline, %topic, partition, reason, "partition stopped");
    }

    /// A stopped partition was given up, so that its next owner decides anew.
    pub fn stop_ended(&self, reason: StopReason) {
        self.stopped.with_label_values(&[&self.pipeline, reason.as_str()]).dec();
    }

    /// A partition waits for a schema.
    pub fn waits_for_schema(&self, id: u32) {
        self.schema_waits.inc();
        info!(pipeline = self.pipeline, schema_id = id, "waiting for a schema");
    }

    /// Partitions wait for memory.
    pub fn waits_for_memory(&self) {
        self.memory_waits.inc();
    }

    /// A schema is ready to decode with.
    pub fn schema_ready(&self, id: u32, dropped: &[String]) {
        let pipeline = &self.pipeline;
        self.notes.goes_on();
        let without_column = dropped.join(", ");
        info!(pipeline, schema_id = id, without_column, "schema ready");
    }

    /// A schema's records cannot be taken: `why` says what a person can do.
    pub fn schema_refused(&self, id: u32, reason: StopReason, why: &str) {
        let (pipeline, reason) = (&self.pipeline, reason.as_str());
        self.notes.error(&format!("records of schema {id} are not taken: {why}"));
        error!(pipeline, schema_id = id, reason, why, "records of this schema are not taken");
    }

    /// Something a partition waits for cannot be had at the moment.
    pub fn still_waiting(&self, what: &str, why: &str) {
        self.notes.retries(&format!("{what}: {why}"));
        warn!(pipeline = self.pipeline, what, why, "not available, trying on");
    }
}

/// Fine ones, so that a quantile read from them is at most a tenth off, and exactly the edge that
/// alerts ask about.
fn freshness_buckets() -> Result<Vec<f64>, prometheus::Error> {
    let mut buckets = exponential_buckets(0.005, 1.2, 70)?;
    let at = buckets.partition_point(|bucket| *bucket < FRESH_SECONDS);
    buckets.insert(at, FRESH_SECONDS);
    Ok(buckets)
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! What the delivery protocol does when something goes wrong: numbers and log lines.

use std::time::Duration;

use deliver::{Offset, RangeId, TopicPartition};
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use tracing::{error, info, warn};

use super::{PipelineMetrics, forget::remove, ms};

/// Of all pipelines. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Protocol {
    replayed: IntCounterVec,
    rows_counted: IntCounterVec,
    restarts: IntCounterVec,
    exactly_once: IntGaugeVec,
}

/// Of one pipeline. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct PipelineProtocol {
    replayed: IntCounter,
    rows_counted: IntCounter,
    restarts: IntCounterVec,
    exactly_once: IntGauge,
}

impl Protocol {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let exactly_once = IntGaugeVec::new(
            Opts::new(
                "penstock_sink_exactly_once",
                "1 if the pipeline promises exactly once and its table keeps it, else 0",
            ),
            &["pipeline"],
        )?;
        registry.register(Box::new(exactly_once.clone()))?;
        Ok(Self {
            replayed: counter(
                "penstock_sink_replayed_ranges_total",
                "Ranges that a predecessor had announced and that were read again",
                &["pipeline"],
            )?,
            rows_counted: counter(
                "penstock_sink_row_checks_total",
                "Times that the rows of a range were counted, since its token alone proves too little",
                &["pipeline"],
            )?,
            restarts: counter(
                "penstock_sink_worker_restarts_total",
                "Times that a worker gave up what it held and began anew with a fresh consumer",
                &["pipeline", "reason"],
            )?,
            exactly_once,
        })
    }

    /// As [`super::Metrics::forget`].
    pub(super) fn forget(&self, pipeline: &str) {
        for counters in [&self.replayed, &self.rows_counted, &self.restarts] {
            remove(counters, pipeline);
        }
        remove(&self.exactly_once, pipeline);
    }

    pub(super) fn pipeline(&self, name: &str) -> PipelineProtocol {
        // Shown before the first one, as the other reasons are not: how often is no question then.
        self.restarts.with_label_values(&[name, "failed"]);
        PipelineProtocol {
            replayed: self.replayed.with_label_values(&[name]),
            rows_counted: self.rows_counted.with_label_values(&[name]),
            restarts: self.restarts.clone(),
            exactly_once: self.exactly_once.with_label_values(&[name]),
        }
    }
}

impl PipelineMetrics {
    /// The table was looked at. `asked` says whether the pipeline promises exactly once.
    pub fn guarantee(&self, found: &target::Guarantee, asked: bool) {
        let kept = asked && found.delivery == target::Delivery::ExactlyOnce;
        self.protocol.exactly_once.set(i64::from(kept));
        self.notes.guarantee(found, kept);
        let guarantee = if kept { "exactly-once" } else { "at-least-once" };
        let (pipeline, window) = (&self.pipeline, found.window);
        info!(pipeline, guarantee, window, findings = found.why(), "guarantee checked");
    }

    /// A range that a predecessor announced is read again.
    pub fn range_replayed(&self, range: &RangeId, last: Offset, rows: u64) {
        self.protocol.replayed.inc();
        let (topic, partition) = (&range.partition.topic, range.partition.partition);
        let (first, last) = (range.first.raw(), last.raw());
        info!(pipeline = self.pipeline, %topic, partition, first, last, rows, "range is replayed");
    }

    /// The rows of a range were counted; `None` when that proves nothing.
    pub fn rows_counted(&self, token: &str, rows: Option<u64>) {
        self.protocol.rows_counted.inc();
        info!(pipeline = self.pipeline, token, rows, "rows of a range counted");
    }

    /// ClickHouse knew a token and had none of its rows; they are inserted under `token`.
    pub fn token_without_rows(&self, token: &str) {
        warn!(pipeline = self.pipeline, token, "token without rows, inserting under another");
    }

    /// The group gave partitions to somebody else.
    pub fn partitions_lost(&self, partitions: &[TopicPartition]) {
        let (pipeline, count) = (&self.pipeline, partitions.len());
        warn!(pipeline, partitions = count, "partitions lost");
    }

    /// A worker gives up what it holds and begins anew.
    pub fn worker_restarts(&self, reason: &str, detail: &str, pause: Duration) {
        self.protocol.restarts.with_label_values(&[&self.pipeline, reason]).inc();
        if !matches!(reason, "reset" | "given-up") {
            self.notes.error(&format!("a worker began anew: {detail}"));
        }
        let (pipeline, pause_ms) = (&self.pipeline, ms(pause));
        warn!(pipeline, reason, detail, pause_ms, "worker begins anew");
    }

    /// A partition goes on from the offset that a person has set.
    pub fn was_reset(&self, id: &TopicPartition, to: Offset) {
        let (topic, partition, offset) = (&id.topic, id.partition, to.raw());
        info!(pipeline = self.pipeline, %topic, partition, offset, "offset was set by hand");
    }

    /// A reset of offsets is not carried out yet for some partitions that are owned here: inserts,
    /// dead letters or commits of theirs are under way.
    pub fn reset_waits(&self, reset: &str, partitions: usize) {
        let why = "what is under way is finished first";
        info!(pipeline = self.pipeline, reset, partitions, why, "a reset of offsets waits");
    }

    /// A recorded range is read again under the present document, since its own is not known.
    pub fn document_missing(&self, revision: u64) {
        let revision = format!("{revision:016x}");
        warn!(
            pipeline = self.pipeline,
            revision,
            "the document that a range was recorded under is not stored any more: its rows decide \
             whether it is complete"
        );
    }

    /// A commit was refused because this consumer is no member of the group any more.
    pub fn commit_refused(&self, error: &rdkafka::error::KafkaError) {
        warn!(pipeline = self.pipeline, %error, "commit refused");
    }

    /// The offset to go on from is outside of the partition.
    pub fn outside(&self, id: &TopicPartition, next: Offset, first: Offset, end: Offset) {
        let (topic, partition, next) = (&id.topic, id.partition, next.raw());
        let (first, end) = (first.raw(), end.raw());
        self.notes.error(&format!(
            "offset {next} of {topic}:{partition} is not in the topic, which has {first} to {end}"
        ));
        error!(
            pipeline = self.pipeline, %topic, partition, next, first, end,
            "the offset to go on from is not in the topic: its retention has passed records that \
             were not read, or it was cut short; commit an offset from first to end to go on there"
        );
    }
}

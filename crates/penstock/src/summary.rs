//! What a run with `--events` did, for people and for scripts.

use serde::Serialize;

use crate::freshness::Quantiles;

/// Counted over the offsets that this run produced.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Events that Kafka acknowledged.
    pub(crate) produced: u64,
    /// Rows in ClickHouse.
    pub(crate) rows: u64,
    /// Different (topic, partition, offset) among them.
    pub(crate) distinct_offsets: u64,
    /// Records that went to the dead letters instead.
    pub(crate) dead_letters: u64,
    /// From the first event until all were in ClickHouse and committed.
    pub(crate) seconds: f64,
    /// Events per second of that time.
    pub(crate) events_per_s: f64,
    /// Confirmation by ClickHouse minus the record's Kafka timestamp, per row.
    pub(crate) freshness_ms: Quantiles,
    /// CPU seconds of the sink's process in that time.
    pub(crate) sink_cpu_s: f64,
    /// CPU seconds of ClickHouse's process in that time.
    pub(crate) clickhouse_cpu_s: f64,
    /// Most resident memory that the sink's process has had.
    pub(crate) rss_bytes: u64,
}

impl Summary {
    /// Whether every event is in ClickHouse exactly once.
    pub(crate) fn is_exact(&self) -> bool {
        self.rows == self.produced && self.distinct_offsets == self.produced
    }

    /// As text for a terminal.
    pub(crate) fn text(&self) -> String {
        let verdict = match self.is_exact() {
            true => "every event is in ClickHouse exactly once",
            false => "NOT every event is in ClickHouse exactly once",
        };
        let Quantiles { p50, p95, p99 } = self.freshness_ms;
        format!(
            "{verdict}\n  \
             produced {}, rows {}, distinct offsets {}, dead letters {}\n  \
             {:.1} s, {:.0} events/s\n  \
             freshness p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms\n  \
             CPU: sink {:.1} s, ClickHouse {:.1} s; sink's memory {} MiB\n",
            self.produced,
            self.rows,
            self.distinct_offsets,
            self.dead_letters,
            self.seconds,
            self.events_per_s,
            self.sink_cpu_s,
            self.clickhouse_cpu_s,
            self.rss_bytes / (1024 * 1024),
        )
    }
}

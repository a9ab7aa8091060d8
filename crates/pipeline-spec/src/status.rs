//! What a sink says about its pipelines: types in, the JSON of the status topic out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One pipeline as one process of the sink sees it. Reported every 2 s, and at once when
/// [`Self::state`] changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// The process: host, process id and a random part, the same for as long as it lives.
    pub instance: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// When this was written, by the instance's clock, in ms since 1970.
    pub at_ms: i64,
    /// [`crate::store::Stored::version`] that it runs.
    pub version: u64,
    /// Revision of the document that it runs.
    pub revision: String,
    /// What it is doing.
    pub state: RunState,
    /// Why the pipeline failed, one of a closed list, for programs.
    #[serde(default)]
    pub reason: Option<String>,
    /// The same for a person, without contents of records and without secrets.
    #[serde(default)]
    pub detail: Option<String>,
    /// The partitions that this instance owns.
    #[serde(default)]
    pub partitions: Vec<PartitionStatus>,
    /// Rows inserted since the instance started.
    #[serde(default)]
    pub rows_total: u64,
    /// Bytes inserted since the instance started.
    #[serde(default)]
    pub bytes_total: u64,
    /// Rows per second over about the last 10 s.
    #[serde(default)]
    pub rows_per_s: f64,
    /// Bytes per second over about the last 10 s.
    #[serde(default)]
    pub bytes_per_s: f64,
    /// Age in ms of rows when their insert was acknowledged, over about the last 60 s; `None`
    /// when nothing was inserted.
    #[serde(default)]
    pub freshness_ms: Option<Quantiles>,
    /// Dead letters written since the instance started.
    #[serde(default)]
    pub dead_letters_total: u64,
    /// Records skipped since the instance started, by reason.
    #[serde(default)]
    pub skipped_total: BTreeMap<String, u64>,
    /// The last thing that went wrong.
    #[serde(default)]
    pub last_error: Option<LastError>,
    /// What is being waited for or tried again, for a person.
    #[serde(default)]
    pub retrying: Option<String>,
    /// What the target was found to guarantee; `None` until it was looked at.
    #[serde(default)]
    pub guarantee: Option<GuaranteeStatus>,
}

/// What an instance does with a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It prepares: looks at the target, joins the group.
    Starting,
    /// It moves records.
    Running,
    /// It keeps its partitions and moves nothing, because it was told so.
    Paused,
    /// It keeps its partitions and moves nothing, because something must be mended first.
    Failed,
    /// It finishes what is in flight and leaves.
    Stopping,
}

/// One partition that an instance owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionStatus {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// Everything below this offset is in the table or in the dead letters.
    #[serde(default)]
    pub committed: Option<i64>,
    /// Offset of the record that will be written next.
    #[serde(default)]
    pub end: Option<i64>,
    /// Records between the two, at most.
    #[serde(default)]
    pub lag: Option<i64>,
    /// Ranges recorded and not yet known to be inserted.
    #[serde(default)]
    pub pending_ranges: u32,
    /// Why this partition stopped, one of a closed list.
    #[serde(default)]
    pub stopped: Option<String>,
    /// What Kafka tells the topic from others of its name by, as [`Mirror::metadata`] spells it.
    #[serde(default)]
    pub topic_id: Option<String>,
}

/// Two quantiles of a duration, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half of the rows were faster.
    pub p50: f64,
    /// 95 of 100 rows were faster.
    pub p95: f64,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// What, for a person, without contents of records and without secrets.
    pub message: String,
}

/// What the target was found to guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuaranteeStatus {
    /// `exactly-once` or `at-least-once`.
    pub delivery: String,
    /// Why it is not more, and what is worth knowing.
    #[serde(default)]
    pub findings: Vec<String>,
}

/// A copy of what the group has committed for one partition, kept because groups can be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// Topic of the partition.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// The committed offset.
    pub offset: i64,
    /// The metadata committed beside it.
    pub metadata: String,
    /// When it was written, by the writer's clock, in ms since 1970.
    pub at_ms: i64,
    /// [`crate::store::Reset::id`] of the last reset that was carried out here.
    #[serde(default)]
    pub reset: Option<String>,
}

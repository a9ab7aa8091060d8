//! The words of a reset: where to go on in, what it would do out.

use std::{collections::BTreeMap, time::Duration};

use pipeline_spec::{Pipeline, Problem};
use rdkafka::{ClientConfig, error::KafkaError};
use serde::{Deserialize, Serialize};
use target::{Hole, RemoveError, RowRange, Target, TargetError};
use utoipa::ToSchema;

/// The pipeline whose offsets are meant, and where its two ends are.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "the client's settings hold passwords")]
pub struct Subject<'a> {
    /// Brokers, security and whatever else the user set.
    pub kafka: &'a ClientConfig,
    /// Where our own names begin.
    pub namespace: &'a str,
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Where its table is.
    pub target: &'a Target,
}

impl Subject<'_> {
    /// The topic of the pipeline's replayed dead letters, which it reads as well.
    pub(super) fn replays(&self) -> String {
        self.pipeline.replay_topic(self.namespace)
    }
}

/// A table that nobody has created yet, or that was dropped, has no rows: nothing to delete, and
/// every offset is missing.
impl Subject<'_> {
    pub(super) async fn rows_in(&self, range: &RowRange<'_>) -> Result<Option<u64>, TargetError> {
        none_without_table(self.target.rows_in(range).await, || Some(0))
    }

    pub(super) async fn holes_in(
        &self,
        range: &RowRange<'_>,
        holes_max: usize,
    ) -> Result<Option<Vec<Hole>>, TargetError> {
        none_without_table(self.target.holes_in(range, holes_max).await, || {
            Some(vec![Hole { first: range.first, last: range.last }])
        })
    }
}

/// What holds without a table, in place of the error that there is none.
fn none_without_table<T>(
    asked: Result<T, TargetError>,
    none: impl FnOnce() -> T,
) -> Result<T, TargetError> {
    match asked {
        Err(TargetError::NoTable(_)) => Ok(none()),
        asked => asked,
    }
}

/// Where a pipeline shall go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "to", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Way {
    /// At the oldest record that Kafka has.
    Earliest,
    /// Behind the newest record.
    Latest,
    /// At the first record not older than this; behind the newest where there is none.
    Timestamp {
        /// Milliseconds since 1970 UTC.
        at_ms: i64,
    },
    /// At these offsets; other partitions are left alone.
    Explicit {
        /// By `topic/partition`, such as `sales/0`.
        offsets: BTreeMap<String, i64>,
    },
    /// Where another consumer group stands, such as Kafka Connect's `connect-<connector>`.
    Group {
        /// Its name.
        group: String,
    },
    /// Where the status topic last saw the pipeline.
    Mirror,
    /// At the first record that is neither in the table nor among the dead letters nor skipped
    /// by the pipeline's rules.
    Table,
}

impl Way {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Earliest => "earliest",
            Self::Latest => "latest",
            Self::Timestamp { .. } => "timestamp",
            Self::Explicit { .. } => "explicit",
            Self::Group { .. } => "group",
            Self::Mirror => "mirror",
            Self::Table => "table",
        }
    }

    /// Whether it says something about the pipeline's replay topic too. The others are about the
    /// records of others: what a person has replayed stays where it is.
    #[must_use]
    pub(crate) fn finds_replays(&self) -> bool {
        match self {
            Self::Explicit { .. } | Self::Mirror | Self::Table => true,
            Self::Earliest | Self::Latest | Self::Timestamp { .. } | Self::Group { .. } => false,
        }
    }
}

/// What may be spent on a plan.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time for all of it.
    pub time_max: Duration,
    /// Most dead letters kept in memory, 16 bytes each.
    pub letters_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time_max: Duration::from_secs(300), letters_max: 2_000_000 }
    }
}

/// How far the search through a topic has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition of the topic.
    pub partition: i32,
    /// Everything below it has been looked at.
    pub offset: i64,
    /// Where the search ends.
    pub high: i64,
}

/// A place in a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartitionOffset {
    /// Topic.
    pub topic: String,
    /// Partition of the topic.
    pub partition: i32,
    /// The next record to read.
    pub offset: i64,
}

/// What a reset would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Plan {
    /// The word of the way asked for.
    pub to: String,
    /// What would happen, by topic and partition.
    pub partitions: Vec<PartitionPlan>,
    /// Partitions that the reset would not touch.
    pub left_alone: Vec<LeftAlone>,
    /// Sum over the partitions: offsets that are read once more. In a topic that is compacted or
    /// written in transactions some offsets have no record, so this is the most.
    pub come_again: u64,
    /// Sum over the partitions: offsets that are passed over and were never read.
    pub skipped: u64,
    /// Sum over the partitions: rows that would be there twice unless they are deleted; `None`
    /// when they cannot be counted.
    pub rows_to_delete: Option<u64>,
    /// What a person should know before.
    pub warnings: Vec<String>,
}

impl Plan {
    /// The offsets that the reset would commit.
    #[must_use]
    pub fn offsets(&self) -> Vec<PartitionOffset> {
        let of = |plan: &PartitionPlan| PartitionOffset {
            topic: plan.topic.clone(),
            partition: plan.partition,
            offset: plan.offset,
        };
        self.partitions.iter().map(of).collect()
    }
}

/// What a reset would do to one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartitionPlan {
    /// Topic.
    pub topic: String,
    /// Partition of the topic.
    pub partition: i32,
    /// What the group has committed; `None` when it has not.
    pub committed: Option<i64>,
    /// Where it would go on.
    pub offset: i64,
    /// What was asked for, when Kafka has no such offset and the nearest one is taken.
    pub asked: Option<i64>,
    /// The oldest offset that Kafka has.
    pub low: i64,
    /// The offset that the next record gets.
    pub high: i64,
    /// Offsets that are read once more; at most so many records.
    pub come_again: u64,
    /// Offsets that are passed over and were never read, from the oldest on where nothing is
    /// committed; at most so many records.
    pub skipped: u64,
    /// Rows of these offsets in the table; `None` when they cannot be counted.
    pub rows_to_delete: Option<u64>,
    /// Offsets that Kafka has no more and of which no trace was found; only of way `table`.
    pub below_low: Option<BelowLow>,
}

/// Offsets below the oldest that Kafka has, without a row and without a dead letter. They may
/// have been skipped or compacted away, or their records are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BelowLow {
    /// First offset looked at.
    pub first: i64,
    /// Last offset looked at.
    pub last: i64,
    /// How many of them left no trace.
    pub without_trace: u64,
}

/// A partition that a reset does not touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftAlone {
    /// Topic.
    pub topic: String,
    /// Partition of the topic.
    pub partition: i32,
    /// Why.
    pub why: String,
}

/// Why there is no plan, or why rows were not deleted.
#[derive(Debug, thiserror::Error)]
pub enum OffsetsError {
    /// What is asked for cannot be; each problem with its place in the request.
    #[error("the offsets cannot be set so")]
    Refused(Vec<Problem>),
    /// Kafka does not answer, or refuses.
    #[error("cannot {what}")]
    Kafka {
        /// Verb and noun.
        what: String,
        /// What the client says.
        #[source]
        source: KafkaError,
    },
    /// Kafka answers with what cannot be used.
    #[error("cannot {what}: {why}")]
    Unusable {
        /// Verb and noun.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// ClickHouse does not answer, or refuses.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The rows cannot be deleted.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// It took longer than allowed.
    #[error("no result in time while trying to {0}")]
    TimedOut(String),
}

impl OffsetsError {
    pub(crate) fn refused(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(vec![Problem { pointer: pointer.into(), message: message.into() }])
    }

    pub(crate) fn kafka(what: impl Into<String>) -> impl FnOnce(KafkaError) -> Self {
        let what = what.into();
        move |source| Self::Kafka { what, source }
    }
}

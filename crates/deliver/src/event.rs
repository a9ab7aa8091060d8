//! The vocabulary of the machine: what it is told and what it asks for.

use crate::{Epoch, Offset, RangeId, Token, TopicPartition};

/// What happened outside. Records are told by [`crate::Machine::taken`] and its kin instead:
/// they come by the million, and the batch they are decoded into belongs to the machine.
#[derive(Clone, Debug)]
pub enum Event {
    /// The group gave these partitions to this consumer, and their positions were read.
    Assigned(Vec<Assignment>),
    /// The group wants these partitions back. Answered by [`Action::Unassign`].
    Revoked(Vec<TopicPartition>),
    /// These partitions belong to somebody else already. Answered by [`Action::Unassign`].
    Lost(Vec<TopicPartition>),
    /// The answer to [`Action::Commit`].
    Committed(Commit),
    /// [`Action::Commit`] was refused for a reason that passes. The same offsets are committed
    /// again on a later tick.
    CommitDelayed,
    /// The batch of this range is in ClickHouse.
    Inserted(RangeId),
    /// The batch of this range cannot be inserted until a person acts.
    InsertFailed(RangeId),
    /// Kafka has acknowledged the dead letter of this record.
    DeadLetterAcked(RecordId),
    /// How full the memory budget of the process is.
    Memory(Pressure),
    /// Time has passed: cut what is due, commit what is done, answer what waits.
    Tick,
    /// Take no more records, finish what is held. Answered by [`Action::Drained`].
    Drain,
}

/// A partition with the position at which its new owner starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The partition.
    pub partition: TopicPartition,
    /// Where it starts.
    pub position: Position,
}

/// Where the owner of a partition starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// The group has committed this.
    Committed {
        /// Everything below is done.
        offset: Offset,
        /// The metadata string beside it.
        metadata: String,
    },
    /// The group has committed nothing: `start` was resolved to this number. It is committed
    /// before the first record is taken, so that a restart finds the same one.
    Start(Offset),
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordId {
    /// Its partition.
    pub partition: TopicPartition,
    /// The assignment in which it was read.
    pub epoch: Epoch,
    /// Its offset.
    pub offset: Offset,
}

/// How full the memory budget of the process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// Below every mark.
    Low,
    /// Above the mark at which the largest open batch is cut.
    High,
    /// No room: no partition takes records until the pressure is `Low` again.
    Full,
}

/// What the machine wants done, in this order.
#[derive(Debug)]
pub enum Action<Batch> {
    /// Add these partitions to the consumer, each at its offset.
    Assign(Vec<(TopicPartition, Offset)>),
    /// Remove these partitions from the consumer.
    Unassign(Vec<TopicPartition>),
    /// Stop fetching these partitions.
    Pause(Vec<TopicPartition>),
    /// Fetch these partitions again, from where they were paused.
    Resume(Vec<TopicPartition>),
    /// Commit these offsets in one call and tell the outcome.
    Commit(Commit),
    /// Insert this batch, for as long as it takes, and tell the outcome.
    Insert(Insert<Batch>),
    /// Give up the inserts of this partition's epoch: it has another owner now.
    Abandon(TopicPartition, Epoch),
    /// The partition takes no more records; the reason is for a person to resolve.
    Stop(TopicPartition, StopReason),
    /// Everything taken is in ClickHouse, committed, or cannot be until a person acts.
    Drained,
}

/// Offsets to commit, each with its metadata string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Partition, offset (everything below is done), metadata.
    pub offsets: Vec<(TopicPartition, Offset, String)>,
}

/// A frozen batch on its way to ClickHouse.
#[derive(Debug)]
pub struct Insert<Batch> {
    /// Names its range in the answer.
    pub range: RangeId,
    /// Last offset of the range.
    pub last: Offset,
    /// Makes a repeated insert harmless.
    pub token: Token,
    /// The rows.
    pub batch: Batch,
}

/// Why a partition takes no more records. Closed, because it labels a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// The writer's schema does not fit the table.
    SchemaMismatch,
    /// A bad record, and the pipeline says `on_error: stop`.
    BadRecord,
    /// ClickHouse refuses the rows, and retrying would not change that.
    InsertRefused,
    /// The committed metadata is of a version that this program does not know (rule R2).
    UnknownMetadata,
}

impl StopReason {
    /// Every reason, for a metric that shows them all.
    pub const ALL: [Self; 4] =
        [Self::SchemaMismatch, Self::BadRecord, Self::InsertRefused, Self::UnknownMetadata];

    /// The name in metrics, logs and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SchemaMismatch => "schema-mismatch",
            Self::BadRecord => "bad-record",
            Self::InsertRefused => "insert-refused",
            Self::UnknownMetadata => "unknown-metadata",
        }
    }
}

//! The vocabulary of the machine: what it is told and what it asks for.

use crate::{
    Epoch, Fenced, Member, Offset, Origin, Proof, RangeId, Token, TopicId, TopicPartition, Window,
};

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
    /// [`Action::Commit`] was refused for a reason that passes, or not answered. It may have been
    /// applied, in whole or in part: the same is committed again on a later tick.
    CommitDelayed,
    /// The coordinator refused the commit because this consumer is not, or no longer, a member
    /// of the group. Answered by [`Action::FailStop`].
    CommitRefused(Commit),
    /// The consumer has found out by itself that it is out of the group. Answered by
    /// [`Action::FailStop`].
    Fenced(Fenced),
    /// The batch of this range is in ClickHouse.
    Inserted(RangeId),
    /// The batch of this range cannot be inserted until a person acts.
    InsertFailed(RangeId),
    /// Whether the batch of this range is in ClickHouse can be shown neither by its token nor by
    /// counting its rows.
    InsertUnprovable(RangeId),
    /// No record is left in the partition below `next`: what was there has been compacted away.
    Passed {
        /// The partition.
        partition: TopicPartition,
        /// The assignment in which that was found.
        epoch: Epoch,
        /// Smallest offset of which nothing is known.
        next: Offset,
    },
    /// How much of the deduplication window has been used.
    Window(Window),
    /// Bytes that the memory budget of the process has left for replays.
    Room(usize),
    /// Kafka has acknowledged the dead letter of this record.
    DeadLetterAcked(RecordId),
    /// How full the memory budget of the process is.
    Memory(Pressure),
    /// Kafka gives this id to a topic that is read (rule R16). Partitions assigned when another
    /// topic had its name stop.
    TopicIs {
        /// Its name.
        topic: String,
        /// Its id, found out after the last assignment.
        id: TopicId,
    },
    /// Time has passed: cut what is due, commit what is done, answer what waits.
    Tick,
    /// Fetch no partition from now on, and stay their owner; or fetch them again.
    Paused(bool),
    /// A person wants partitions to go on from other offsets. Heeded by those that are paused or
    /// stopped, once nothing of theirs is under way; answered by [`Action::WasReset`].
    Reset {
        /// Committed with the offsets ([`crate::Lineage::reset`]).
        mark: u64,
        /// Where to go on.
        offsets: Vec<(TopicPartition, Offset)>,
    },
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
    /// The topic's id, if Kafka could tell.
    pub topic: Option<TopicId>,
    /// Who the consumer was when the group assigned the partition to it (rule R2).
    pub member: Member,
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
    Start(Offset, Origin),
    /// The group has committed nothing, and yet it has worked on this partition before: its offsets
    /// are gone. It is held at this offset and nothing is committed.
    Missing(Offset),
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
    /// A recorded range is about to be read again, so many rows of it.
    Replay(RangeId, Offset, u64),
    /// Insert this batch, for as long as it takes, and tell the outcome.
    Insert(Insert<Batch>),
    /// Give up the inserts of this partition's epoch: it has another owner now.
    Abandon(TopicPartition, Epoch),
    /// The partition takes no more records; the reason is for a person to resolve.
    Stop(TopicPartition, StopReason),
    /// The group holds the offset that a person wanted for this partition, which takes no more
    /// records in this assignment: begin anew with a fresh consumer.
    WasReset(TopicPartition, Offset),
    /// Everything taken is in ClickHouse, committed, or cannot be until a person acts.
    Drained,
    /// Give up all that is held, commit nothing more, and begin anew with a fresh consumer and a
    /// fresh machine. Always the last action.
    FailStop(Fenced),
}

/// Offsets to commit, each with its metadata string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Partition, offset (everything below is done), metadata ([`crate::Metadata`]).
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
    /// Whether and how long the token can be relied on.
    pub proof: Proof,
    /// The topic that its records must be of (rule R16), if Kafka could tell when the partition
    /// was assigned: it may be inserted only if that has its name still, asked from now on.
    pub topic: Option<TopicId>,
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
    /// The group's offsets are gone although it has worked on the partition before.
    OffsetsLost,
    /// The topic holds no record at the offset to go on from: its retention has passed it, or the
    /// topic was cut short.
    OffsetOutOfRange,
    /// The committed offset is one of an earlier topic of the same name, which was deleted before
    /// the partition was assigned or since.
    TopicRecreated,
    /// Whether a recorded range is in the table cannot be shown (rule R9).
    RangeUnprovable,
    /// The pipeline asks for more than its table can give (rule R0).
    GuaranteeMissing,
}

impl StopReason {
    /// Every reason, for a metric that shows them all.
    pub const ALL: [Self; 9] = [
        Self::SchemaMismatch,
        Self::BadRecord,
        Self::InsertRefused,
        Self::UnknownMetadata,
        Self::OffsetsLost,
        Self::OffsetOutOfRange,
        Self::TopicRecreated,
        Self::RangeUnprovable,
        Self::GuaranteeMissing,
    ];

    /// The name in metrics, logs and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SchemaMismatch => "schema-mismatch",
            Self::BadRecord => "bad-record",
            Self::InsertRefused => "insert-refused",
            Self::UnknownMetadata => "unknown-metadata",
            Self::OffsetsLost => "offsets-lost",
            Self::OffsetOutOfRange => "offset-out-of-range",
            Self::TopicRecreated => "topic-recreated",
            Self::RangeUnprovable => "range-unprovable",
            Self::GuaranteeMissing => "guarantee-missing",
        }
    }
}

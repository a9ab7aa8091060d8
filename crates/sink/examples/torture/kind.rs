//! The ways to disrupt, and the signs by which one sees that a disruption has bitten.

/// A way to disrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// SIGKILL of a sink.
    KillSink,
    /// SIGSTOP of a sink until its group has thrown it out, then SIGCONT.
    FreezeSink,
    /// SIGKILL of ClickHouse.
    KillClickHouse,
    /// Connections to ClickHouse closed, new ones too for a while or not.
    CutClickHouse,
    /// SIGKILL of Kafka.
    KillKafka,
    /// Connections to Kafka closed or silent for a while.
    CutKafka,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::KillSink,
        Self::FreezeSink,
        Self::KillClickHouse,
        Self::CutClickHouse,
        Self::KillKafka,
        Self::CutKafka,
    ];

    /// Whether it is one of the two ways to cut connections.
    pub(crate) const fn is_cut(self) -> bool {
        matches!(self, Self::CutClickHouse | Self::CutKafka)
    }

    /// What it is, for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::KillSink => "`kill -9` of a sink",
            Self::FreezeSink => "sink frozen beyond its session",
            Self::KillClickHouse => "`kill -9` of ClickHouse",
            Self::CutClickHouse => "connections to ClickHouse cut",
            Self::KillKafka => "`kill -9` of Kafka",
            Self::CutKafka => "connections to Kafka cut",
        }
    }

    /// The same in a word, for lines of progress.
    pub(crate) const fn short(self) -> &'static str {
        match self {
            Self::KillSink => "kill-sink",
            Self::FreezeSink => "freeze-sink",
            Self::KillClickHouse => "kill-clickhouse",
            Self::CutClickHouse => "cut-clickhouse",
            Self::KillKafka => "kill-kafka",
            Self::CutKafka => "cut-kafka",
        }
    }
}

/// What shows that a disruption has bitten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    /// An owner repeated a range that an intent had recorded.
    Replayed,
    /// An owner began below rows that were inserted already. What protects them is gone: counts
    /// only where intents are off.
    ReadAgain,
    /// The group refused a commit of a sink that it had thrown out, or amid a change of owners.
    CommitRefused,
    /// A commit got no answer, or one that its coordinator was away.
    CommitUnanswered,
    /// A commit got its answer after more than a second.
    CommitLate,
    /// A worker threw its state away and began anew.
    BeganAnew,
    /// A sink learned that its partitions had gone to others.
    PartitionsLost,
    /// A sink ended by itself, with exit code 1.
    Ended,
    /// An insert failed and was repeated.
    InsertRetried,
    /// ClickHouse dropped a block because it had its token already.
    TokenHit,
}

impl Sign {
    pub(crate) const ALL: [Self; 10] = [
        Self::Replayed,
        Self::ReadAgain,
        Self::CommitRefused,
        Self::CommitUnanswered,
        Self::CommitLate,
        Self::BeganAnew,
        Self::PartitionsLost,
        Self::Ended,
        Self::InsertRetried,
        Self::TokenHit,
    ];

    /// What was seen, for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Replayed => "range replayed",
            Self::ReadAgain => "read again",
            Self::CommitRefused => "commit refused",
            Self::CommitUnanswered => "commit unanswered",
            Self::CommitLate => "commit answered late",
            Self::BeganAnew => "worker began anew",
            Self::PartitionsLost => "partitions lost",
            Self::Ended => "sink ended by itself",
            Self::InsertRetried => "insert retried",
            Self::TokenHit => "token hit",
        }
    }
}

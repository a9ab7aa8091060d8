//! Plain numbers in, names that cannot be mixed up out.

use std::{fmt, sync::Arc};

/// The offset of a record in its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(i64);

impl Offset {
    /// Takes Kafka's number.
    ///
    /// # Errors
    ///
    /// When it is negative: those are librdkafka's names for "beginning", "end" and "none", never
    /// the offset of a record. The number is handed back.
    pub fn new(raw: i64) -> Result<Self, i64> {
        if raw >= 0 { Ok(Self(raw)) } else { Err(raw) }
    }

    /// Kafka's number.
    #[must_use]
    pub fn raw(self) -> i64 {
        self.0
    }

    /// The offset after this one: what is committed once this record is done.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One assignment of one partition to this consumer. Results that carry an older epoch are
/// about records that the partition's present owner, perhaps this one, reads again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub(crate) u64);

/// Random part of a token, new for every cut: two different batches never share a token, not
/// even when a topic is created again under an old name (rule R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(pub(crate) u64);

/// What Kafka tells a topic from another of the same name by (KIP-516).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicId(pub u128);

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A partition of a topic. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    #[must_use]
    pub fn new(topic: &str, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.topic, self.partition)
    }
}

/// What ClickHouse recognises a repeated insert by: `topic:partition:first-last:nonce`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    pub(crate) fn new(of: &TopicPartition, first: Offset, last: Offset, nonce: Nonce) -> Self {
        Self(format!("{of}:{first}-{last}:{nonce}"))
    }

    /// As it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names one range in flight: which partition, in which epoch, starting where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RangeId {
    /// The partition.
    pub partition: TopicPartition,
    /// The assignment in which it was cut.
    pub epoch: Epoch,
    /// Its first offset.
    pub first: Offset,
}

//! A topic of one partition in, its records in order and its end out.

use std::time::{Duration, Instant};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, KafkaResult},
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};

use super::{
    client::{ANSWER_MAX, Clients, Isolation},
    error::StoreError,
};

/// The one partition of each topic of the store.
pub(super) const PARTITION: i32 = 0;
/// A consumer of one topic of the store.
pub(super) struct Reader {
    consumer: BaseConsumer,
    topic: String,
}

/// The first offset kept and the next one to be written, as far as this reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) first: i64,
    pub(super) next: i64,
}

impl Reader {
    /// How long to wait for a record near the end before looking where it is: marks of
    /// transactions move the place without being records.
    pub(super) const PATIENCE: Duration = Duration::from_millis(2);

    /// Begins to connect.
    pub(super) fn new(clients: &Clients, topic: &str, isolation: Isolation) -> KafkaResult<Self> {
        Ok(Self { consumer: clients.consumer(isolation)?, topic: topic.to_owned() })
    }

    /// Reads from `offset` on. Always a number, as [`Self::ends`] tells them: librdkafka asks for
    /// the first offset only after half a second when it is not connected yet.
    pub(super) fn begin(&self, offset: i64) -> KafkaResult<()> {
        let mut assignment = TopicPartitionList::with_capacity(1);
        let offset = Offset::Offset(offset);
        assignment.add_partition_offset(&self.topic, PARTITION, offset)?;
        self.consumer.assign(&assignment)
    }

    /// Asks where the topic begins and ends.
    pub(super) fn ends(&self) -> KafkaResult<Ends> {
        let (first, next) = self.consumer.fetch_watermarks(&self.topic, PARTITION, ANSWER_MAX)?;
        Ok(Ends { first, next })
    }

    /// The next record, if it comes in time.
    pub(super) fn next(&self, within: Duration) -> KafkaResult<Option<BorrowedMessage<'_>>> {
        self.consumer.poll(within).transpose()
    }

    /// Whether everything before `ends.next` has been handed out.
    pub(super) fn is_at(&self, ends: Ends) -> KafkaResult<bool> {
        Ok(ends.first >= ends.next || self.place()?.is_some_and(|place| place >= ends.next))
    }

    /// The offset after the last record or mark handed out; `None` before the first.
    pub(super) fn place(&self) -> KafkaResult<Option<i64>> {
        let position = self.consumer.position()?;
        Ok(position.find_partition(&self.topic, PARTITION).and_then(|found| match found.offset() {
            Offset::Offset(offset) => Some(offset),
            Offset::Beginning
            | Offset::End
            | Offset::Stored
            | Offset::Invalid
            | Offset::OffsetTail(_) => None,
        }))
    }

    /// Hands every record before `ends.next` to `take`.
    ///
    /// # Errors
    ///
    /// When the topic has to be read anew from its beginning, or the end is not reached by
    /// `deadline`; an outage is waited out until then.
    pub(super) fn read_to(
        &self,
        ends: Ends,
        deadline: Instant,
        mut take: impl FnMut(&BorrowedMessage<'_>),
    ) -> Result<(), StoreError> {
        const ACTION: &str = "read a topic of the store to its end";
        let mut last = None;
        while !self.is_at(ends).map_err(StoreError::kafka(ACTION))? {
            match self.next(Self::PATIENCE) {
                Ok(Some(message)) => take(&message),
                Ok(None) => {}
                Err(error) if is_outage(&error) => last = Some(error),
                Err(error) => return Err(StoreError::kafka(ACTION)(error)),
            }
            if Instant::now() >= deadline {
                return Err(match last {
                    Some(error) => StoreError::kafka(ACTION)(error),
                    None => StoreError::timed_out(ACTION),
                });
            }
        }
        Ok(())
    }
}

/// Whether the client gets over it by itself.
pub(super) fn is_outage(error: &KafkaError) -> bool {
    !matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::Fatal
        )
    )
}

//! Records in, one committed transaction out, as long as no other writer has taken over.

use std::time::{Duration, Instant};

use rdkafka::{
    error::{KafkaError, KafkaResult},
    producer::{BaseProducer, BaseRecord, Producer as _},
    types::RDKafkaErrorCode,
};

use super::{client::Clients, reader::PARTITION};

/// How often is looked whether all records were acknowledged.
const STEP: Duration = Duration::from_millis(1);

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) topic: String,
    pub(super) key: Option<Vec<u8>>,
    /// `None` is a tombstone.
    pub(super) value: Option<Vec<u8>>,
}

/// The right to write, until somebody else takes it.
pub(super) struct Writer {
    producer: BaseProducer,
}

/// Why a transaction was not committed.
#[derive(Debug)]
pub(super) enum Lost {
    /// It never will be: it was not even asked for.
    NotWritten(KafkaError),
    /// It was asked for, and no good answer came.
    Unknown(KafkaError),
}

impl Writer {
    /// Takes the right to write. When this returns, no earlier writer can commit anything, and
    /// what they did commit can be read.
    pub(super) fn take_over(clients: &Clients, within: Duration) -> KafkaResult<Self> {
        let deadline = Instant::now() + within;
        let left = || deadline.saturating_duration_since(Instant::now());
        let producer = clients.writer()?;
        // librdkafka looks for the coordinator at once or half a second later: at once fails
        // unless it is connected already, which it is when somebody has answered.
        producer.client().fetch_metadata(Some(&clients.topic("pipelines")), left())?;
        producer.init_transactions(left())?;
        Ok(Self { producer })
    }

    /// Writes all records or none. After an error this writer is of no use any more; who takes
    /// over next ends what it has begun.
    pub(super) fn commit(&self, records: &[Record], within: Duration) -> Result<(), Lost> {
        let deadline = Instant::now() + within;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.producer.begin_transaction().map_err(Lost::NotWritten)?;
        for record in records {
            self.send(record).map_err(Lost::NotWritten)?;
        }
        // Not by `flush`: it is asked in steps of 100 ms.
        while self.producer.in_flight_count() > 0 && left() > Duration::ZERO {
            self.producer.poll(STEP);
        }
        self.producer.commit_transaction(left()).map_err(Lost::Unknown)
    }

    fn send(&self, record: &Record) -> KafkaResult<()> {
        let mut wanted: BaseRecord<'_, [u8], [u8]> =
            BaseRecord::to(&record.topic).partition(PARTITION);
        wanted.key = record.key.as_deref();
        wanted.payload = record.value.as_deref();
        self.producer.send(wanted).map_err(|(error, _record)| error)
    }
}

/// What to make of an error of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Another writer took over.
    Fenced,
    /// Kafka cannot be reached, or is busy with itself.
    Outage,
    /// It would be the same again: a right is missing, a topic is, a record is too large.
    Refused,
}

/// Sorts the errors of producing, and of beginning and ending transactions.
pub(super) fn cause(error: &KafkaError) -> Cause {
    use RDKafkaErrorCode as Code;
    let code = error.rdkafka_error_code();
    match code {
        Some(
            Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::InvalidProducerIdMapping
            | Code::ConcurrentTransactions
            // What librdkafka says once it is fenced, and of a transaction that was aborted.
            | Code::Fatal
            | Code::State
            | Code::PurgeQueue
            | Code::PurgeInflight
            | Code::InvalidTransactionalState,
        ) => Cause::Fenced,
        Some(
            Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::MessageSizeTooLarge
            | Code::MessageBatchTooLarge
            | Code::PolicyViolation
            | Code::InvalidArgument
            | Code::InvalidConfig,
        ) => Cause::Refused,
        Some(_) => Cause::Outage,
        None => Cause::Refused,
    }
}

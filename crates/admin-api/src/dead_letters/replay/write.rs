//! Copies of records in, the same in the replay topic out, a transaction at a time.

use std::time::{Duration, Instant};

use rdkafka::{
    ClientConfig, Message as _,
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Header as OwnHeader, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _},
};

use super::super::{
    headers::{Header, OF_REPLAYS, of_letter, of_replay},
    model::{DeadLettersError, Position},
};
use crate::offsets::OffsetsError;

/// Copies in one transaction.
const COPIES_MAX: u64 = 500;
/// Bytes of keys and values in one transaction, about.
const BYTES_MAX: usize = 16 << 20;
/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Kafka gives up a transaction that is open for longer: ours take seconds.
const TRANSACTION_MAX_MS: &str = "120000";

/// What a copy has in place of the letter's own headers.
pub(super) struct Copy<'a> {
    /// Where the letter's record was.
    pub(super) position: Position,
    original: Vec<Header<'a>>,
    own: [(&'static str, String); 8],
}

impl<'a> Copy<'a> {
    /// `None` when `record` is no dead letter of ours.
    pub(super) fn of(
        record: &BorrowedMessage<'_>,
        headers: &[Header<'a>],
        replays: &str,
    ) -> Option<Self> {
        Self::made(headers, (record.partition(), record.offset()), replays)
    }

    /// The same, of a letter at this partition and offset.
    fn made(headers: &[Header<'a>], letter: (i32, i64), replays: &str) -> Option<Self> {
        let parts = of_letter(headers);
        let position = parts.position()?;
        let place = format!("{}/{}/{}", position.topic, position.partition, position.offset);
        // A copy that failed again: what its replay added goes, but for the first record's place.
        let (original, origin) = if position.topic == replays {
            let before = of_replay(parts.original);
            (before.original, before.text("penstock.origin").map_or(place, str::to_owned))
        } else {
            (parts.original, place)
        };
        let attempt = parts.number::<u32>("penstock.attempt").unwrap_or(1).saturating_add(1);
        let [topic, partition, offset, timestamp, attempts, origins, in_partition, at] = OF_REPLAYS;
        let own = [
            (topic, position.topic.clone()),
            (partition, position.partition.to_string()),
            (offset, position.offset.to_string()),
            (timestamp, parts.text(timestamp).unwrap_or("-1").to_owned()),
            (attempts, attempt.to_string()),
            (origins, origin),
            (in_partition, letter.0.to_string()),
            (at, letter.1.to_string()),
        ];
        Some(Self { position, original: original.to_vec(), own })
    }

    fn headers(&self) -> OwnedHeaders {
        let mut headers = OwnedHeaders::new_with_capacity(self.original.len() + self.own.len());
        for (key, value) in &self.original {
            headers = headers.insert(OwnHeader { key, value: *value });
        }
        for (key, value) in &self.own {
            headers = headers.insert(OwnHeader { key, value: Some(value) });
        }
        headers
    }
}

/// Writes in transactions, and alone: whoever opens the next one takes over. Its methods block.
pub(super) struct Writer {
    producer: BaseProducer,
    topic: String,
    deadline: Instant,
    open: bool,
    copies: u64,
    bytes: usize,
}

impl Writer {
    /// Takes over from whoever replays into this topic.
    pub(super) fn open(
        client: &ClientConfig,
        topic: &str,
        deadline: Instant,
    ) -> Result<Self, DeadLettersError> {
        let producer: BaseProducer = client
            .clone()
            .set("transactional.id", topic)
            .set("transaction.timeout.ms", TRANSACTION_MAX_MS)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("linger.ms", "5")
            .set("queue.buffering.max.kbytes", "65536")
            // The broker checks compressed sizes, this one is checked before: let the broker
            // decide.
            .set("message.max.bytes", "1000000000")
            .create()
            .map_err(OffsetsError::kafka("create a producer of replays"))?;
        let deadline_of_init = deadline.min(Instant::now() + ANSWER_MAX * 2);
        retried(&producer, deadline_of_init, || producer.init_transactions(ANSWER_MAX))?;
        let topic = topic.to_owned();
        Ok(Self { producer, topic, deadline, open: false, copies: 0, bytes: 0 })
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Hands a copy over. False when it is too large to be one.
    pub(super) fn send(
        &mut self,
        record: &BorrowedMessage<'_>,
        copy: &Copy<'_>,
    ) -> Result<bool, DeadLettersError> {
        if !self.open {
            let begun = self.producer.begin_transaction();
            begun.map_err(|error| told(&self.producer, error))?;
            self.open = true;
        }
        let mut wanted = BaseRecord::<[u8], [u8]>::to(&self.topic).headers(copy.headers());
        if let Some(key) = record.key() {
            wanted = wanted.key(key);
        }
        if let Some(value) = record.payload() {
            wanted = wanted.payload(value);
        }
        loop {
            match self.producer.send(wanted) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                    if Instant::now() >= self.deadline {
                        return Err(OffsetsError::TimedOut("write replays".to_owned()).into());
                    }
                    wanted = same;
                    self.producer.poll(Duration::from_millis(100));
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                    return Ok(false);
                }
                Err((error, _)) => return Err(told(&self.producer, error)),
            }
        }
        self.copies += 1;
        self.bytes += record.key_len() + record.payload_len();
        Ok(true)
    }

    /// Commits when enough has been handed over. Returns how many copies were committed.
    pub(super) fn commit_if_due(&mut self) -> Result<u64, DeadLettersError> {
        if self.copies >= COPIES_MAX || self.bytes >= BYTES_MAX { self.commit() } else { Ok(0) }
    }

    /// Commits all that was handed over. Returns how many copies these are.
    pub(super) fn commit(&mut self) -> Result<u64, DeadLettersError> {
        if !self.open {
            return Ok(0);
        }
        let producer = &self.producer;
        retried(producer, self.deadline, || producer.commit_transaction(ANSWER_MAX))?;
        self.open = false;
        self.bytes = 0;
        Ok(std::mem::take(&mut self.copies))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Kafka would give it up by itself, after a while in which readers wait.
        if self.open && self.producer.abort_transaction(ANSWER_MAX).is_err() {
            tracing::warn!(topic = self.topic, "an open transaction of a replay was left behind");
        }
    }
}

/// Repeats what the client says can be repeated.
fn retried(
    producer: &BaseProducer,
    deadline: Instant,
    mut work: impl FnMut() -> Result<(), KafkaError>,
) -> Result<(), DeadLettersError> {
    loop {
        match work() {
            Ok(()) => return Ok(()),
            Err(KafkaError::Transaction(error))
                if error.is_retriable() && Instant::now() < deadline => {}
            Err(error) => return Err(told(producer, error)),
        }
    }
}

/// Whether it is another replay that ended this one, or anything else.
fn told(producer: &BaseProducer, error: KafkaError) -> DeadLettersError {
    use RDKafkaErrorCode::{Fatal, Fenced, InvalidProducerEpoch, ProducerFenced};
    let mut code = error.rdkafka_error_code();
    if code == Some(Fatal) {
        // Only the first call after it tells what it was.
        code = producer.client().fatal_error().map(|(code, _)| code);
    }
    match code {
        Some(Fenced | InvalidProducerEpoch | ProducerFenced) => DeadLettersError::Busy,
        Some(_) | None => OffsetsError::kafka("write replays")(error).into(),
    }
}

#[cfg(test)]
mod tests;

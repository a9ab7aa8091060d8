//! The settings that a user gave for Kafka in, the clients of the store out.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    consumer::BaseConsumer,
    error::KafkaResult,
    producer::{BaseProducer, FutureProducer},
};

/// How long one request may take that a person waits for.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);
/// After how long Kafka gives up a transaction of a writer that vanished. The next writer aborts
/// it at once; only readers of the audit wait that long.
const TRANSACTION_MAX: Duration = Duration::from_secs(10);

/// What a reader sees of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Committed transactions only.
    Committed,
    /// Everything: for a topic where open transactions must not hold anybody up.
    Uncommitted,
}

/// Names and settings shared by all clients of one store.
#[derive(Clone)]
pub(super) struct Clients {
    config: ClientConfig,
    namespace: String,
}

impl Clients {
    pub(super) fn new(config: ClientConfig, namespace: &str) -> Self {
        Self { config, namespace: namespace.to_owned() }
    }

    /// A topic of the store.
    pub(super) fn topic(&self, kind: &str) -> String {
        format!("{}.{kind}", self.namespace)
    }

    pub(super) fn plain(&self) -> &ClientConfig {
        &self.config
    }

    /// A consumer outside of any group: it is assigned by hand and commits nothing. librdkafka
    /// asks for a group's name all the same; none comes into being.
    pub(super) fn consumer(&self, isolation: Isolation) -> KafkaResult<BaseConsumer> {
        let isolation = match isolation {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        };
        let mut config = self.config.clone();
        config
            .set("group.id", format!("{}.store", self.namespace))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "false")
            // A topic that was cut short or made anew is read from its beginning by whoever
            // knows that what it holds is void.
            .set("auto.offset.reset", "error")
            .set("isolation.level", isolation)
            .set("fetch.queue.backoff.ms", "10")
            .set("queued.max.messages.kbytes", "16384");
        config.create()
    }

    /// The producer that writers take from each other.
    pub(super) fn writer(&self) -> KafkaResult<BaseProducer> {
        let limit_ms = TRANSACTION_MAX.as_millis().to_string();
        let mut config = self.config.clone();
        config
            .set("transactional.id", self.topic("pipelines"))
            .set("transaction.timeout.ms", &limit_ms)
            .set("message.timeout.ms", &limit_ms)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0");
        config.create()
    }

    /// The producer of status.
    pub(super) fn reporter(&self) -> KafkaResult<FutureProducer> {
        let mut config = self.config.clone();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "5000")
            .set("compression.type", "lz4")
            .set("linger.ms", "50");
        config.create()
    }
}

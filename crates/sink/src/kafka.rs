//! Settings in, librdkafka's settings out: what the protocol owns, what users may choose.

use std::time::Duration;

use clients::kafka::{Connection, Service};
use rdkafka::ClientConfig;

use crate::config::Config;

/// What the sink is to Kafka.
pub const SERVICE: Service =
    Service { variables: "SINK", client_id: "penstock-sink", owned: OWNED };

/// Settings that users may not choose, each with the reason.
const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "it is kafka.brokers"),
    ("metadata.broker.list", "it is kafka.brokers"),
    ("group.id", "it is source.group of the pipeline"),
    ("partition.assignment.strategy", "partitions are handed over one by one: cooperative-sticky"),
    ("enable.auto.commit", "offsets are committed after the insert, never by a timer"),
    ("enable.auto.offset.store", "offsets are committed after the insert, never by a timer"),
    (
        "auto.offset.reset",
        "it is source.start of the pipeline; an offset is never skipped silently",
    ),
    ("enable.partition.eof", "the end of a partition is no event for the sink"),
    ("isolation.level", "records of aborted transactions are never read"),
    ("queued.max.messages.kbytes", "it is a share of memory.bytes_max"),
    ("enable.idempotence", "dead letters are always written idempotently"),
    ("acks", "a dead letter counts when all replicas have it"),
    ("transactional.id", "dead letters are not transactional"),
    ("message.timeout.ms", "a dead letter is retried until Kafka has it"),
];

/// Refuses properties that the protocol owns, that hold a secret, or that librdkafka does not know.
///
/// # Errors
///
/// Names the first such property and says why.
pub fn check(config: &Config) -> anyhow::Result<()> {
    connection(config).check()
}

/// How long the group waits for a heartbeat of ours (`session.timeout.ms`).
#[must_use]
pub fn session_timeout(config: &Config) -> Duration {
    duration(config, "session.timeout.ms", 45_000)
}

/// How long a commit may be held up by an outage before librdkafka gives it up: first its request
/// waits for the broker (`socket.timeout.ms`), then the commit for a coordinator, for a session.
/// Seen in librdkafka 2.12.1, `rd_kafka_cgrp_defer_offset_commit`.
#[must_use]
pub fn commit_timeout(config: &Config) -> Duration {
    duration(config, "socket.timeout.ms", 60_000) + session_timeout(config)
}

/// How long the group waits for a poll of ours (`max.poll.interval.ms`).
#[must_use]
pub fn poll_interval_max(config: &Config) -> Duration {
    duration(config, "max.poll.interval.ms", 300_000)
}

/// A setting in milliseconds. `default_ms` is librdkafka's own.
fn duration(config: &Config, key: &str, default_ms: u64) -> Duration {
    let set = config.kafka.properties.get(key).and_then(|text| text.trim().parse().ok());
    Duration::from_millis(set.unwrap_or(default_ms))
}

/// What every client of ours has in common: where the brokers are and who we are.
#[must_use]
pub fn client(config: &Config) -> ClientConfig {
    connection(config).client()
}

fn connection(config: &Config) -> Connection<'_> {
    config.kafka.connection(&SERVICE, &config.secrets.kafka)
}

//! Settings in, librdkafka's settings out: what the protocol owns, what users may choose.

use std::{collections::BTreeMap, time::Duration};

use anyhow::bail;
use rdkafka::ClientConfig;
use secrecy::ExposeSecret;

use crate::config::Config;

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

/// Settings that hold a secret or its name, each with the place where it belongs.
const SECRET: &[(&str, &str)] = &[
    ("sasl.password", "SINK_KAFKA_SASL_PASSWORD"),
    ("ssl.key.password", "SINK_KAFKA_SSL_KEY_PASSWORD"),
    ("ssl.key.pem", "a file named by ssl.key.location"),
    ("ssl_key", "a file named by ssl.key.location"),
    ("ssl.keystore.password", "a PEM file named by ssl.key.location"),
    ("sasl.oauthbearer.client.secret", "a mechanism other than oauthbearer: not supported yet"),
];

/// Refuses settings that the protocol owns, and secrets in files that others may read.
///
/// # Errors
///
/// Names the first such setting and says why, or where it belongs.
pub fn check_properties(properties: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for key in properties.keys() {
        if let Some((_, reason)) = OWNED.iter().find(|(owned, _)| owned == key) {
            bail!("kafka.properties: {key} cannot be set: {reason}");
        }
        if let Some((_, place)) = SECRET.iter().find(|(secret, _)| secret == key) {
            bail!("kafka.properties: {key} is a secret and belongs into {place}");
        }
    }
    Ok(())
}

/// How long the group waits for a heartbeat of ours (`session.timeout.ms`).
#[must_use]
pub fn session_timeout(config: &Config) -> Duration {
    duration(config, "session.timeout.ms", 45_000)
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
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.kafka.brokers)
        .set("client.id", "penstock-sink")
        .set("socket.keepalive.enable", "true");
    for (key, value) in &config.kafka.properties {
        client.set(key, value);
    }
    for (key, secret) in [
        ("sasl.password", &config.secrets.kafka_sasl_password),
        ("ssl.key.password", &config.secrets.kafka_ssl_key_password),
    ] {
        if let Some(secret) = secret {
            client.set(key, secret.expose_secret());
        }
    }
    client
}

#[cfg(test)]
mod tests;

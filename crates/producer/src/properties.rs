//! Settings in, librdkafka's configuration out; keys that the guarantee depends on are refused.

use std::{collections::BTreeMap, fmt};

use anyhow::bail;
use rdkafka::ClientConfig;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::config::Kafka;

/// The value of a librdkafka key, as TOML may write it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Property {
    /// `true` or `false`.
    Switch(bool),
    /// A whole number.
    Number(i64),
    /// Anything else, quoted.
    Text(String),
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

const GUARANTEE: &str = "only events that all in-sync replicas have are counted, each once";
const OWN_KEY: &str = "it has a key of its own in [kafka]";
const SECRET: &str = "secrets come from PRODUCER_KAFKA_SASL_PASSWORD or key files, not from here";
const REPORTS: &str = "the producer counts by delivery reports";

/// Keys that are not for users to set, and why.
const OWNED: &[(&str, &str)] = &[
    ("acks", GUARANTEE),
    ("bootstrap.servers", OWN_KEY),
    ("delivery.report.only.error", REPORTS),
    ("dr_cb", REPORTS),
    ("dr_msg_cb", REPORTS),
    ("enable.gapless.guarantee", GUARANTEE),
    ("enable.idempotence", GUARANTEE),
    ("max.in.flight", GUARANTEE),
    ("max.in.flight.requests.per.connection", GUARANTEE),
    ("metadata.broker.list", OWN_KEY),
    ("partitioner", "the events of a store must stay in the partition where other clients look"),
    ("queue.buffering.max.kbytes", OWN_KEY),
    ("queue.buffering.max.messages", OWN_KEY),
    ("request.required.acks", GUARANTEE),
    ("sasl.oauthbearer.client.secret", SECRET),
    ("sasl.password", SECRET),
    ("ssl.key.password", SECRET),
    ("ssl.key.pem", SECRET),
    ("ssl.keystore.password", SECRET),
    ("transactional.id", "this producer does not use transactions"),
];

/// Checks the keys that users set.
///
/// # Errors
///
/// When one is ours. The message says which and why, never a value.
pub(crate) fn check(properties: &BTreeMap<String, Property>) -> anyhow::Result<()> {
    for (key, reason) in OWNED {
        if properties.contains_key(*key) {
            bail!("kafka.properties must not set {key}: {reason}");
        }
    }
    Ok(())
}

/// What an administrator's or producer's connection needs. Keys of users come first: ours win.
pub(crate) fn client(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in &kafka.properties {
        config.set(key, value.to_string());
    }
    if let Some(password) = &kafka.sasl_password {
        config.set("sasl.password", password.expose_secret());
    }
    config.set("bootstrap.servers", &kafka.brokers);
    if !kafka.properties.contains_key("client.id") {
        config.set("client.id", "penstock-producer");
    }
    config
}

/// The configuration of the producer itself.
pub(crate) fn producer(kafka: &Kafka) -> ClientConfig {
    let mut config = client(kafka);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // What the Java client uses, so that both put a store into the same partition.
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.messages", kafka.records_in_flight_max.to_string())
        .set("queue.buffering.max.kbytes", (kafka.bytes_in_flight_max.get() / 1024).to_string());
    config
}

#[cfg(test)]
mod tests;

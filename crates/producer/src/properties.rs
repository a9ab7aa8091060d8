//! Settings in, librdkafka's configuration out; keys that the guarantee depends on are refused.

use anyhow::anyhow;
use clients::kafka::{Connection, Refused, Service};
use rdkafka::ClientConfig;

use crate::config::Config;

/// What the producer is to Kafka.
pub(crate) const SERVICE: Service =
    Service { variables: "PRODUCER", client_id: "penstock-producer", owned: OWNED };

const GUARANTEE: &str = "only events that all in-sync replicas have are counted, each once";
const OWN_KEY: &str = "it has a key of its own in [kafka]";
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
    ("transactional.id", "this producer does not use transactions"),
];

/// Checks the keys that users set.
///
/// # Errors
///
/// When one is ours, holds a secret, or is unknown to librdkafka. The message says which and why,
/// never a secret.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    let connection = connection(config);
    connection.refuse_owned().map_err(|refused| match refused {
        Refused::Owned { key, reason } => {
            anyhow!("kafka.properties must not set {key}: {reason}")
        }
        Refused::Secret { .. } => refused.into(),
    })?;
    connection.refuse_unknown()
}

/// What an administrator's or producer's connection needs.
pub(crate) fn client(config: &Config) -> ClientConfig {
    connection(config).client()
}

fn connection(config: &Config) -> Connection<'_> {
    let (kafka, secrets) = (&config.kafka, &config.secrets.kafka);
    Connection {
        service: &SERVICE,
        brokers: &kafka.brokers,
        properties: &kafka.properties,
        secrets,
    }
}

/// The configuration of the producer itself.
pub(crate) fn producer(config: &Config) -> ClientConfig {
    let (mut client, kafka) = (client(config), &config.kafka);
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // What the Java client uses, so that both put a store into the same partition.
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.messages", kafka.records_in_flight_max.to_string())
        .set("queue.buffering.max.kbytes", (kafka.bytes_in_flight_max.get() / 1024).to_string());
    client
}

#[cfg(test)]
mod tests;

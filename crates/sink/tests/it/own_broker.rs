//! Promises that need a broker with settings of its own, which all of them share: its start, and
//! the minute that offsets take to expire, cost more than they do.

use anyhow::Context;
use local_stack::Part;

use crate::{membership, offsets_lost};

const SETTINGS: [(&str, &str); 6] = [
    ("offsets.retention.minutes", "1"), // the least
    ("offsets.retention.check.interval.ms", "1000"),
    ("group.consumer.min.session.timeout.ms", "5000"),
    ("group.consumer.session.timeout.ms", "5000"),
    ("group.consumer.min.heartbeat.interval.ms", "500"),
    ("group.consumer.heartbeat.interval.ms", "500"),
];

#[tokio::test]
async fn expired_offsets_stop_and_the_newer_protocol_keeps_rows_once() -> anyhow::Result<()> {
    let own = testkit::own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |stack| {
        let settings = SETTINGS.map(|(key, value)| (key.to_owned(), value.to_owned()));
        stack.kafka_extra.extend(settings);
    })
    .await?;
    let servers = Box::leak(Box::new(own.servers()?));
    let (expired, newer) = tokio::join!(
        offsets_lost::expired_offsets_stop(servers),
        membership::newer_protocol(servers)
    );
    expired.context("expired offsets")?;
    newer.context("the newer protocol")?;
    own.stop().await
}

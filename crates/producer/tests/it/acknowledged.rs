//! Promise: every acknowledged event is in the topic once, readable with the registered schema
//! and keyed by its store.

use std::collections::HashSet;

use apache_avro::types::Value;
use producer::AcknowledgedOffsets;
use testkit::stack;

use crate::fixture::{Running, config, decode, read};

#[tokio::test]
async fn acknowledged_events_are_there_and_readable() -> anyhow::Result<()> {
    let servers = stack().await?;
    let mut config = config(servers)?;
    config.workload.events = 20_000;
    config.workload.first_ts_ms = 1_700_000_000_000;
    let running = Running::start(config)?;
    let (handle, topic) = (running.handle.clone(), running.topic.clone());
    running.ended().await?;

    let stats = handle.stats();
    assert_eq!((stats.acknowledged, stats.failed), (20_000, 0));
    let records = read(servers, &topic).await?;
    assert_eq!(records.len(), 20_000);
    assert_eq!(stats.partitions, offsets(&records));
    assert_eq!(stats.partitions.len(), 4, "every partition is used");

    let (mut ids, mut times) = (HashSet::new(), HashSet::new());
    for (record, fields) in records.iter().zip(decode(servers, &records).await?) {
        let [(_, Value::Uuid(id)), (_, Value::Int(store)), .., (_, Value::TimestampMillis(ts))] =
            fields.as_slice()
        else {
            panic!("unexpected fields: {fields:?}")
        };
        assert_eq!(record.key, store.to_string().into_bytes());
        ids.insert(*id);
        times.insert(*ts);
    }
    assert_eq!(ids.len(), 20_000, "no event twice");
    assert_eq!(times, (1_700_000_000_000..1_700_000_020_000).collect());
    Ok(())
}

/// What the statistics must say about these records.
fn offsets(records: &[crate::fixture::Record]) -> Vec<AcknowledgedOffsets> {
    records
        .chunk_by(|a, b| a.partition == b.partition)
        .map(|records| AcknowledgedOffsets {
            partition: records[0].partition,
            first: records[0].offset,
            last: records[records.len() - 1].offset,
            records: records.len() as u64,
        })
        .collect()
}

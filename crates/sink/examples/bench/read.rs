//! A topic in, each of its records once out, read exactly as the sink reads.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use deliver::Offset;
use rdkafka::{consumer::Consumer as _, message::BorrowedMessage};
use sink::{
    config::Config,
    consume::{self, Consumer, Rebalance},
    kafka,
    memory::fetched_kilobytes,
    metrics::Metrics,
};

/// Longest poll, and records taken between two looks at the group: as the sink's worker.
const POLL_MAX: Duration = Duration::from_millis(20);
const BURST_MAX: usize = 1_000;
/// Longest time without a record; the first one waits for the group to form.
const STALL_MAX: Duration = Duration::from_secs(30);

/// Reads `records` records of the only pipeline of `config` with a consumer of the sink's own
/// making. Returns when the first partitions were assigned, and the consumer: to leave the group
/// is not part of reading. Blocks.
pub(crate) fn records(
    config: &Config,
    records: u64,
    mut take: impl FnMut(&BorrowedMessage<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<(Instant, Consumer)> {
    let pipeline = config.pipelines.first().context("no pipeline")?;
    let metrics = Metrics::register(&prometheus::Registry::new())?.pipeline(&pipeline.name);
    let client = consume::settings(
        kafka::client(config),
        &pipeline.group(&config.namespace),
        &pipeline.name,
        fetched_kilobytes(config.memory.bytes_max, 1),
    );
    let consumer = consume::join(&client, &pipeline.source.topics, &metrics, Arc::default())?;
    let (mut assigned, mut left, mut progress) = (None, records, Instant::now());
    while left > 0 {
        ensure!(progress.elapsed() < STALL_MAX, "{left} of {records} records do not come");
        while let Some(event) = consumer.context().next_event() {
            let Rebalance::Assign(partitions) = event else { bail!("lost partitions: {event:?}") };
            let first = Offset::new(0).map_err(|_| anyhow::anyhow!("0 is no offset"))?;
            let places = consume::list_at(partitions.iter().map(|id| (id, first)))?;
            consumer.incremental_assign(&places)?;
            assigned.get_or_insert_with(Instant::now);
        }
        let (mut wait, before) = (POLL_MAX, left);
        for _ in 0..BURST_MAX.min(usize::try_from(left).unwrap_or(usize::MAX)) {
            let Some(polled) = consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            take(&polled.context("receive a record")?)?;
            left -= 1;
        }
        if left < before {
            progress = Instant::now();
        }
    }
    consumer.context().close();
    Ok((assigned.context("no partition was assigned")?, consumer))
}

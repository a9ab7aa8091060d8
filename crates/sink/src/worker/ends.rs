//! Partitions from which nothing comes in, the reason out: no record is left below an offset, or
//! none at it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use deliver::{Epoch, Offset, StopReason, TopicPartition};
use rdkafka::{
    ClientConfig, Message as _,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
};
use tokio::{task, time};

use super::{Answer, Worker};
use crate::{backoff, consume::list_at, positions};

/// How long a replay may wait for its next record before somebody looks whether there is one.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Longest look for a record.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// The offsets that replays wait for, and since when.
#[derive(Debug, Default)]
pub(super) struct Waits(HashMap<TopicPartition, (Offset, Duration)>);

impl Worker<'_> {
    /// Looks for records that replays wait for and that may have been compacted away: at the end
    /// of a partition nothing comes any more that would say so (rule R10).
    pub(super) fn look_for_ends(&mut self, now: Duration) {
        let mut waits = HashMap::new();
        let mut silent = Vec::new();
        for (id, epoch, next) in self.machine.replaying() {
            let since = match self.waits.0.get(id) {
                Some((waited, since)) if *waited == next => *since,
                _ => now,
            };
            let asks = now.saturating_sub(since) >= SILENCE_MAX;
            waits.insert(id.clone(), (next, if asks { now } else { since }));
            if asks {
                silent.push((id.clone(), epoch, next));
            }
        }
        self.waits.0 = waits;
        for (id, epoch, next) in silent {
            self.look(id, epoch, next);
        }
    }

    fn look(&self, id: TopicPartition, epoch: Epoch, next: Offset) {
        let (client, answers) = (self.client.clone(), self.answers.0.clone());
        self.runtime.spawn_blocking(move || match first_from(client, &id, next) {
            Ok(Some(found)) if found == next => {} // it will come
            Ok(Some(found)) => drop(answers.blocking_send(Answer::Passed(id, epoch, found))),
            Ok(None) => {}
            // It is looked for again.
            Err(error) => tracing::debug!(%error, partition = %id, "end of partition not found"),
        });
    }

    /// Asks where the partitions begin and end, since one of them cannot go on.
    pub(super) fn ask_watermarks(&self) {
        let partitions: Vec<_> = self.machine.partitions().map(|(id, _)| id.clone()).collect();
        let (consumer, topics) = (self.consumer.clone(), self.topics.clone());
        let (answers, metrics) = (self.answers.0.clone(), self.metrics.clone());
        let asking = async move {
            let mut attempt = 0;
            loop {
                let (consumer, partitions) = (consumer.clone(), partitions.clone());
                let asked =
                    task::spawn_blocking(move || positions::watermarks(&consumer, &partitions));
                let why = match asked.await.map_err(Into::into).flatten() {
                    // R16: first whether it is the topic still, which is the better reason.
                    Ok(ends) => match topics.look().await {
                        Some((asked, ids)) => {
                            drop(answers.send(Answer::Topics(asked, ids)).await);
                            return drop(answers.send(Answer::Watermarks(ends)).await);
                        }
                        None => "Kafka does not tell ids of topics".to_owned(),
                    },
                    Err(error) => format!("{error:#}"),
                };
                metrics.still_waiting("ends of partitions", &why);
                attempt += 1;
                time::sleep(backoff::pause(attempt)).await;
            }
        };
        let ended = self.ended.clone();
        self.runtime.spawn(async move { ended.run_until_cancelled(asking).await });
    }

    /// Stops the partitions whose next offset is not between their ends.
    pub(super) fn stop_outside(
        &mut self,
        ends: &[(TopicPartition, Offset, Offset)],
    ) -> anyhow::Result<()> {
        for (id, first, end) in ends {
            let Some(slot) = self.machine.slot(&id.topic, id.partition) else { continue };
            if self.machine.is_stopped(slot) {
                continue;
            }
            let Some(next) = self.machine.next(slot) else { continue };
            if next < *first || next > *end {
                self.metrics.outside(id, next, *first, *end);
                self.machine.stop(slot, StopReason::OffsetOutOfRange);
            }
        }
        self.act()
    }
}

/// The offset of the first record at or after `next`, or the end of the partition if there is
/// none. `None` when neither was found in time. Blocks.
fn first_from(
    mut client: ClientConfig,
    id: &TopicPartition,
    next: Offset,
) -> anyhow::Result<Option<Offset>> {
    // Assigned by hand and never subscribed: it is no member of the group.
    client.set("enable.partition.eof", "true").set("statistics.interval.ms", "0");
    let consumer: BaseConsumer = client.create().context("make a consumer")?;
    let end = consumer
        .fetch_watermarks(&id.topic, id.partition, LOOK_MAX)
        .context("find the end of the partition")?
        .1;
    consumer.assign(&list_at([(id, next)].into_iter())?).context("assign the partition")?;
    let until = Instant::now() + LOOK_MAX;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match consumer.poll(left) {
            Some(Ok(message)) => return Ok(Offset::new(message.offset()).ok()),
            // Open transactions may lie before the end. A recorded range does not reach into them.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Offset::new(end).ok()),
            Some(Err(error)) => return Err(error).context("look for a record"),
            None => {}
        }
    }
    Ok(None)
}

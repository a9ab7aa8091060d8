//! Assigned partitions in, the offsets at which they start out.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use deliver::{Assignment, Offset, Position, TopicPartition};
use pipeline_spec::Start;
use rdkafka::{Offset as RawOffset, TopicPartitionList, consumer::Consumer as _};

use crate::consume::{Consumer, list};

/// Longest wait for one answer from Kafka. These calls run beside the worker, never on it.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Where partitions start, and how many there are in all.
#[derive(Debug)]
pub struct Positions {
    /// One per assigned partition.
    pub assignments: Vec<Assignment>,
    /// Partitions of all topics of the pipeline, assigned to whomever.
    pub partitions_total: usize,
}

/// Reads what the group has committed for `assigned`. Blocks: not for the worker's thread.
///
/// `start` decides only for a group that has committed nothing at all in these topics. Where it
/// has, a partition without an offset appeared later and starts at its first record, or records
/// written before it was noticed would be skipped.
///
/// # Errors
///
/// When Kafka does not answer within 10 s per call. Nothing is assumed then: ask again.
pub fn resolve(
    consumer: &Arc<Consumer>,
    topics: &[String],
    assigned: &[TopicPartition],
    start: Start,
) -> anyhow::Result<Positions> {
    let all = partitions_of(consumer, topics, assigned)?;
    let committed = consumer
        .committed_offsets(list(&all), ANSWER_MAX)
        .context("read committed offsets of the group")?;
    let mut known = Vec::new();
    for element in committed.elements() {
        element.error().with_context(|| format!("committed offset of {}", element.topic()))?;
        if let RawOffset::Offset(raw) = element.offset()
            && let Ok(offset) = Offset::new(raw)
        {
            let id = TopicPartition::new(element.topic(), element.partition());
            known.push((id, offset, element.metadata().to_owned()));
        }
    }
    let start = if known.is_empty() { start } else { Start::Earliest };
    let mut assignments = Vec::with_capacity(assigned.len());
    for partition in assigned {
        let found = known.iter().find(|(id, ..)| id == partition);
        let position = match found {
            Some((_, offset, metadata)) => {
                Position::Committed { offset: *offset, metadata: metadata.clone() }
            }
            None => Position::Start(first(consumer, partition, start)?),
        };
        assignments.push(Assignment { partition: partition.clone(), position });
    }
    Ok(Positions { assignments, partitions_total: all.len() })
}

/// Turns `start` into a number.
fn first(
    consumer: &Arc<Consumer>,
    partition: &TopicPartition,
    start: Start,
) -> anyhow::Result<Offset> {
    let place = || format!("find the start of {partition}");
    let watermarks = || {
        consumer
            .fetch_watermarks(&partition.topic, partition.partition, ANSWER_MAX)
            .with_context(place)
    };
    let raw = match start {
        Start::Earliest => watermarks()?.0,
        Start::Latest => watermarks()?.1,
        Start::Timestamp(ms) => {
            let mut list = TopicPartitionList::new();
            let at = RawOffset::Offset(ms);
            list.add_partition_offset(&partition.topic, partition.partition, at)
                .with_context(place)?;
            let found = consumer.offsets_for_times(list, ANSWER_MAX).with_context(place)?;
            match found.elements().first().map(|element| element.offset()) {
                Some(RawOffset::Offset(raw)) => raw,
                _ => watermarks()?.1, // every record is older
            }
        }
    };
    Offset::new(raw).map_err(|raw| anyhow::anyhow!("Kafka answered {raw}")).with_context(place)
}

/// All partitions of the topics, whoever owns them.
fn partitions_of(
    consumer: &Arc<Consumer>,
    topics: &[String],
    assigned: &[TopicPartition],
) -> anyhow::Result<Vec<TopicPartition>> {
    let mut all: BTreeSet<_> = assigned.iter().cloned().collect();
    for topic in topics {
        let metadata = consumer
            .fetch_metadata(Some(topic), ANSWER_MAX)
            .with_context(|| format!("read partitions of {topic}"))?;
        let Some(found) = metadata.topics().first() else { bail!("Kafka names no {topic}") };
        all.extend(found.partitions().iter().map(|one| TopicPartition::new(topic, one.id())));
    }
    Ok(all.into_iter().collect())
}

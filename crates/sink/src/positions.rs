//! Assigned partitions in, the offsets at which they start out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use deliver::{Assignment, Member, Metadata, Offset, Origin, Position, TopicId, TopicPartition};
use pipeline_spec::{Pipeline, Start};
use rdkafka::{Offset as RawOffset, TopicPartitionList, consumer::Consumer as _};
use target::Target;
use tokio::task::spawn_blocking;

use crate::{
    consume::{Consumer, Source, list},
    group_ffi,
    mirrors::Mirrors,
};

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

/// Whose positions are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where its rows are, and where it begins.
    pub pipeline: &'a Pipeline,
    /// What it reads.
    pub source: &'a Source,
    /// Copies of its offsets, if it is stored.
    pub mirrors: Option<&'a Mirrors>,
}

/// What shows that a partition has been worked on before. One of the two at least.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    /// The highest offset of which the table holds a row.
    row: Option<i64>,
    /// The offset that was committed, as it was copied last.
    copy: Option<i64>,
}

/// What Kafka knows about the group and the topics.
#[derive(Debug)]
struct Found {
    /// All partitions of all topics, whoever owns them.
    all: BTreeSet<TopicPartition>,
    committed: HashMap<TopicPartition, (Offset, String)>,
    topics: HashMap<String, TopicId>,
}

/// Reads what the group has committed for `assigned`, and finds a start where it has committed
/// nothing.
///
/// A partition without an offset of which the table holds rows has lost it, and so has one whose
/// offset was copied: neither `start` nor the first record would be right. Otherwise `start` decides for the partitions that were there
/// when the group first resolved it; one that appeared later starts at its first record, or
/// records written before it was noticed would be skipped.
///
/// # Errors
///
/// When Kafka or ClickHouse do not answer. Nothing is assumed then: ask again.
pub async fn resolve(
    consumer: &Arc<Consumer>,
    target: &Target,
    Wanted { pipeline, source, mirrors }: Wanted<'_>,
    assigned: &[TopicPartition],
    member: &Member,
) -> anyhow::Result<Positions> {
    let found = {
        let (consumer, assigned) = (consumer.clone(), assigned.to_vec());
        let topics = source.all();
        spawn_blocking(move || ask(&consumer, &topics, &assigned)).await??
    };
    let mut missing: BTreeMap<TopicPartition, Start> = BTreeMap::new();
    let mut origins = HashMap::new();
    for id in assigned.iter().filter(|id| !found.committed.contains_key(*id)) {
        let origin = *origins.entry(id.topic.clone()).or_insert_with(|| found.origin(&id.topic));
        // What is replayed is asked for: none of it may be skipped.
        let start =
            if source.is_replay(&id.topic) { Start::Earliest } else { pipeline.source.start };
        missing.insert(id.clone(), start_of(id, start, origin));
    }
    let mut before = rows_of(target, pipeline, missing.keys()).await?;
    if let Some(mirrors) = mirrors {
        // A reset does not reach what is replayed: there the rows alone decide.
        let sources = missing.keys().filter(|id| !source.is_replay(&id.topic));
        for (id, copy) in mirrors.of(sources, &found.topics).await? {
            before.entry(id).or_default().copy = Some(copy);
        }
    }
    let mut starts = if missing.is_empty() {
        HashMap::new()
    } else {
        let (consumer, missing, before) = (consumer.clone(), missing, before.clone());
        spawn_blocking(move || firsts(&consumer, missing, &before)).await??
    };
    let assignments = assigned.iter().map(|partition| {
        let position = match (found.committed.get(partition), starts.remove(partition)) {
            (Some((offset, metadata)), _) => {
                Position::Committed { offset: *offset, metadata: metadata.clone() }
            }
            (None, Some(start)) if before.contains_key(partition) => Position::Missing(start),
            (None, Some(start)) => {
                let now = || found.origin_now(&partition.topic);
                let origin = origins.get(&partition.topic).copied().flatten();
                Position::Start(start, origin.unwrap_or_else(now))
            }
            (None, None) => bail!("no start found for {partition}"),
        };
        let topic = found.topics.get(&*partition.topic).copied();
        let partition = partition.clone();
        Ok(Assignment { partition, position, topic, member: member.clone() })
    });
    let assignments = assignments.collect::<Result<_, _>>()?;
    Ok(Positions { assignments, partitions_total: found.all.len() })
}

/// Where a partition without an offset begins, given when its group first resolved `start`.
fn start_of(id: &TopicPartition, start: Start, origin: Option<Origin>) -> Start {
    let Some(origin) = origin else { return start };
    let was_there = u32::try_from(id.partition).is_ok_and(|number| number < origin.partitions);
    match start {
        // Another sink has begun already: begin when it did.
        Start::Latest if was_there => Start::Timestamp(origin.at_ms),
        Start::Earliest | Start::Timestamp(_) if was_there => start,
        Start::Earliest | Start::Latest | Start::Timestamp(_) => Start::Earliest,
    }
}

impl Found {
    /// When the group first resolved `start` in this topic; `None` when it has committed nothing
    /// there.
    fn origin(&self, topic: &str) -> Option<Origin> {
        let origins = self.committed.iter().filter(|(id, _)| &*id.topic == topic);
        origins
            .map(|(_, (offset, metadata))| match Metadata::parse(metadata, *offset) {
                Ok(Some(metadata)) => metadata.lineage.origin,
                // Set by hand: nobody knows when.
                Ok(None) | Err(_) => Origin::default(),
            })
            .max_by_key(|origin| origin.partitions)
    }

    fn origin_now(&self, topic: &str) -> Origin {
        let partitions = self.all.iter().filter(|id| &*id.topic == topic).count();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Origin {
            partitions: u32::try_from(partitions).unwrap_or(u32::MAX),
            at_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

impl Before {
    /// Says that the offset is lost, and where to go on.
    fn tell(self, lost: &TopicPartition) {
        let (topic, partition) = (&lost.topic, lost.partition);
        let Self { row, copy } = self;
        let after = row.map(|row| row.saturating_add(1));
        match copy {
            // The copy is some seconds old, and the last records may have made no rows.
            Some(copy) => tracing::error!(
                %topic, partition, latest_offset_in_table = row, copied_offset = copy,
                "the group has no offset for this partition, but had one: pause the pipeline and \
                 set where to go on ({} if nothing but this pipeline wrote the table's rows, and \
                 the earliest if the topic was deleted and created again)",
                after.map_or(copy, |after| after.max(copy))
            ),
            None => tracing::error!(
                %topic, partition, latest_offset_in_table = row,
                "the group has no offset for this partition, but the table holds its rows: \
                 commit where to go on ({} if nothing but this pipeline wrote them, and 0 if the \
                 topic was deleted and created again), or empty the table to start anew",
                after.unwrap_or_default()
            ),
        }
    }
}

/// The partitions of which the table holds rows.
async fn rows_of(
    target: &Target,
    pipeline: &Pipeline,
    partitions: impl Iterator<Item = &TopicPartition>,
) -> anyhow::Result<HashMap<TopicPartition, Before>> {
    let topics: BTreeSet<_> = partitions.map(|id| id.topic.clone()).collect();
    let mut rows = HashMap::new();
    for topic in topics {
        let wanted = &pipeline.target;
        let latest = target
            .latest_rows(&wanted.database, &wanted.table, &topic)
            .await
            .with_context(|| format!("look for rows of {topic} in the table"))?;
        rows.extend(latest.into_iter().map(|(partition, offset)| {
            let before = Before { row: Some(offset), copy: None };
            (TopicPartition { topic: topic.clone(), partition }, before)
        }));
    }
    Ok(rows)
}

/// What Kafka knows. Blocks.
fn ask(
    consumer: &Consumer,
    topics: &[String],
    assigned: &[TopicPartition],
) -> anyhow::Result<Found> {
    let mut all: BTreeSet<_> = assigned.iter().cloned().collect();
    for topic in topics {
        let metadata = consumer
            .fetch_metadata(Some(topic), ANSWER_MAX)
            .with_context(|| format!("read partitions of {topic}"))?;
        let Some(found) = metadata.topics().first() else { bail!("Kafka names no {topic}") };
        all.extend(found.partitions().iter().map(|one| TopicPartition::new(topic, one.id())));
    }
    let asked: Vec<_> = all.iter().cloned().collect();
    let answer = consumer
        .committed_offsets(list(&asked), ANSWER_MAX)
        .context("read committed offsets of the group")?;
    let mut committed = HashMap::new();
    for element in answer.elements() {
        element.error().with_context(|| format!("committed offset of {}", element.topic()))?;
        if let RawOffset::Offset(raw) = element.offset()
            && let Ok(offset) = Offset::new(raw)
        {
            let id = TopicPartition::new(element.topic(), element.partition());
            committed.insert(id, (offset, element.metadata().to_owned()));
        }
    }
    let Some(topics) = group_ffi::topic_ids(consumer, topics, ANSWER_MAX) else {
        bail!("Kafka does not tell the ids of {}", topics.join(", "));
    };
    Ok(Found { all, committed, topics })
}

/// Turns starts into numbers, and says where to go on where there was work before. Blocks.
fn firsts(
    consumer: &Consumer,
    missing: BTreeMap<TopicPartition, Start>,
    before: &HashMap<TopicPartition, Before>,
) -> anyhow::Result<HashMap<TopicPartition, Offset>> {
    let mut found = HashMap::new();
    for (partition, start) in missing {
        let start = match before.get(&partition) {
            Some(before) => {
                before.tell(&partition);
                Start::Earliest // held there
            }
            None => start,
        };
        let first = first(consumer, &partition, start)?;
        found.insert(partition, first);
    }
    Ok(found)
}

/// Turns `start` into a number.
fn first(consumer: &Consumer, partition: &TopicPartition, start: Start) -> anyhow::Result<Offset> {
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

/// First and last offset of partitions, the last being that of the record to come. Blocks.
///
/// # Errors
///
/// When Kafka does not answer.
pub fn watermarks(
    consumer: &Consumer,
    partitions: &[TopicPartition],
) -> anyhow::Result<Vec<(TopicPartition, Offset, Offset)>> {
    let ends = |id: &TopicPartition| {
        let place = || format!("find the ends of {id}");
        let (low, high) =
            consumer.fetch_watermarks(&id.topic, id.partition, ANSWER_MAX).with_context(place)?;
        let offset = |raw| Offset::new(raw).map_err(|raw| anyhow::anyhow!("Kafka answered {raw}"));
        Ok((id.clone(), offset(low).with_context(place)?, offset(high).with_context(place)?))
    };
    partitions.iter().map(ends).collect()
}

//! Topics and groups in, what Kafka knows about them out. All of it blocks.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use tokio::task::spawn_blocking;

use super::model::OffsetsError;

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Pause before a question is repeated.
const PAUSE: Duration = Duration::from_millis(250);
/// Most partitions of one topic that are asked about.
const PARTITIONS_MAX: usize = 10_000;

/// The offsets that Kafka has of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The oldest.
    pub(crate) low: i64,
    /// Behind the newest.
    pub(crate) high: i64,
}

/// Runs blocking work beside the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, OffsetsError> + Send + 'static,
) -> Result<T, OffsetsError> {
    let ended = |why: tokio::task::JoinError| OffsetsError::Unusable {
        what: what.to_owned(),
        why: why.to_string(),
    };
    spawn_blocking(work).await.map_err(ended)?
}

/// The partitions of a topic; none when there is no such topic.
pub(crate) fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>, OffsetsError> {
    let what = || format!("look at topic {topic}");
    let metadata = consumer
        .fetch_metadata(Some(topic), ANSWER_MAX)
        .map_err(|source| OffsetsError::Kafka { what: what(), source })?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Ok(Vec::new());
    };
    if found.partitions().len() > PARTITIONS_MAX {
        let why = format!("it has more than {PARTITIONS_MAX} partitions");
        return Err(OffsetsError::Unusable { what: what(), why });
    }
    let mut ids: Vec<i32> = found.partitions().iter().map(|partition| partition.id()).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// The offsets of every partition of a topic; none when there is no such topic.
pub(crate) fn ends(
    consumer: &BaseConsumer,
    topic: &str,
    deadline: Instant,
) -> Result<BTreeMap<i32, Ends>, OffsetsError> {
    let mut ends = BTreeMap::new();
    for partition in partitions(consumer, topic)? {
        let what = || format!("read the offsets of {topic}/{partition}");
        if Instant::now() >= deadline {
            return Err(OffsetsError::TimedOut(what()));
        }
        let (low, high) = consumer
            .fetch_watermarks(topic, partition, ANSWER_MAX)
            .map_err(|source| OffsetsError::Kafka { what: what(), source })?;
        ends.insert(partition, Ends { low, high });
    }
    Ok(ends)
}

/// What a group has committed for these partitions. Asks as a client that never joins it. The
/// text beside the offsets is not looked at: it may be another program's.
pub(crate) fn committed(
    client: &ClientConfig,
    group: &str,
    wanted: &[(String, i32)],
    deadline: Instant,
) -> Result<BTreeMap<(String, i32), i64>, OffsetsError> {
    let what = || format!("read the offsets of group {group}");
    let consumer: BaseConsumer = client
        .clone()
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("allow.auto.create.topics", "false")
        .create()
        .map_err(|source| OffsetsError::Kafka { what: what(), source })?;
    loop {
        match consumer.committed_offsets(list(wanted), ANSWER_MAX) {
            Ok(found) => return numbers(&found, what),
            Err(error) if moves(&error) && Instant::now() < deadline => {
                // Nothing is assigned, so this only waits.
                drop(consumer.poll(PAUSE));
            }
            Err(source) => return Err(OffsetsError::Kafka { what: what(), source }),
        }
    }
}

/// Whether the group is just being taken over by another broker, or by one that starts.
fn moves(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    let passing = [CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator];
    error.rdkafka_error_code().is_some_and(|code| passing.contains(&code))
}

/// The first offset of each partition whose record is not older than `at_ms`; partitions without
/// one are missing.
pub(crate) fn at_time(
    consumer: &BaseConsumer,
    wanted: &[(String, i32)],
    at_ms: i64,
) -> Result<BTreeMap<(String, i32), i64>, OffsetsError> {
    let what = || "look for offsets by time".to_owned();
    let mut asked = TopicPartitionList::with_capacity(wanted.len());
    for (topic, partition) in wanted {
        asked
            .add_partition_offset(topic, *partition, Offset::Offset(at_ms))
            .map_err(|source| OffsetsError::Kafka { what: what(), source })?;
    }
    let found = consumer
        .offsets_for_times(asked, ANSWER_MAX)
        .map_err(|source| OffsetsError::Kafka { what: what(), source })?;
    numbers(&found, what)
}

/// How many members a group has at the moment.
pub(crate) fn members(consumer: &BaseConsumer, group: &str) -> Result<usize, OffsetsError> {
    let found = consumer
        .fetch_group_list(Some(group), ANSWER_MAX)
        .map_err(OffsetsError::kafka(format!("look at group {group}")))?;
    Ok(found.groups().iter().find(|found| found.name() == group).map_or(0, |g| g.members().len()))
}

fn list(wanted: &[(String, i32)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(wanted.len());
    for (topic, partition) in wanted {
        list.add_partition(topic, *partition);
    }
    list
}

/// The real offsets of an answer. An answer with an error in it is none.
fn numbers(
    found: &TopicPartitionList,
    what: impl Fn() -> String,
) -> Result<BTreeMap<(String, i32), i64>, OffsetsError> {
    let mut numbers = BTreeMap::new();
    for element in found.elements() {
        element.error().map_err(|source| OffsetsError::Kafka { what: what(), source })?;
        if let Offset::Offset(offset) = element.offset() {
            numbers.insert((element.topic().to_owned(), element.partition()), offset);
        }
    }
    Ok(numbers)
}

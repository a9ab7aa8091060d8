//! Names of topics and groups in, partitions, ends, committed offsets and records out.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::Headers as _,
};
use service::problem::Problem;

use super::{ANSWER_MAX, Kafka, is_unknown};

/// Longest time that records are read.
const READ_MAX: Duration = Duration::from_secs(5);
/// Most bytes of keys, values and headers that one read holds.
const READ_BYTES_MAX: usize = 16 << 20;
/// Most partitions of one question.
pub const PARTITIONS_MAX: usize = 1_000;

/// A partition and the offsets it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its number.
    pub partition: i32,
    /// Offset of its oldest record.
    pub low: i64,
    /// Offset of its next record.
    pub high: i64,
}

/// A record that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in ms since 1970, if it has one.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Key, value and headers are contents: they belong in no log.
        f.debug_struct("Sample")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// Where to read a partition: from an offset on, and how many records at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// Offset of the first record to read.
    pub from: i64,
    /// Offset at which to stop.
    pub to: i64,
}

impl Kafka {
    /// All topics, with their partitions.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer.
    pub async fn topics(&self) -> Result<BTreeMap<String, Vec<i32>>, Problem> {
        // Asks for all: a broker may create one that is asked for by name.
        self.ask(|consumer| {
            let metadata = consumer.fetch_metadata(None, ANSWER_MAX)?;
            let topic = |topic: &rdkafka::metadata::MetadataTopic| {
                let mut partitions: Vec<i32> = topic
                    .partitions()
                    .iter()
                    .map(rdkafka::metadata::MetadataPartition::id)
                    .collect();
                partitions.sort_unstable();
                (topic.name().to_owned(), partitions)
            };
            Ok(metadata.topics().iter().map(topic).collect())
        })
        .await
    }

    /// What each of these partitions holds. Those that are not there are left out.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer.
    pub async fn spans(&self, topic: &str, partitions: &[i32]) -> Result<Vec<Span>, Problem> {
        let (topic, partitions) = (topic.to_owned(), partitions.to_vec());
        self.ask(move |consumer| {
            let mut spans = Vec::with_capacity(partitions.len().min(PARTITIONS_MAX));
            for partition in partitions.into_iter().take(PARTITIONS_MAX) {
                match consumer.fetch_watermarks(&topic, partition, ANSWER_MAX) {
                    Ok((low, high)) => spans.push(Span { partition, low, high }),
                    Err(error) if is_unknown(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(spans)
        })
        .await
    }

    /// What a group has committed, by topic and partition.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer.
    pub async fn committed(
        &self,
        group: &str,
        partitions: Vec<(String, i32)>,
    ) -> Result<BTreeMap<(String, i32), i64>, Problem> {
        self.consume(group, move |consumer| {
            let mut list = TopicPartitionList::with_capacity(partitions.len());
            for (topic, partition) in &partitions {
                list.add_partition(topic, *partition);
            }
            let found = consumer.committed_offsets(list, ANSWER_MAX)?;
            let committed =
                |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
                    let Offset::Offset(offset) = element.offset() else { return None };
                    Some(((element.topic().to_owned(), element.partition()), offset))
                };
            Ok(found.elements().iter().filter_map(committed).collect())
        })
        .await
    }

    /// Reads records, at most `max`, for at most 5 s, as a member of no group.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer.
    pub async fn read(&self, places: Vec<Place>, max: usize) -> Result<Vec<Sample>, Problem> {
        let places: Vec<Place> = places.into_iter().filter(|place| place.from < place.to).collect();
        if places.is_empty() || max == 0 {
            return Ok(Vec::new());
        }
        self.consume("penstock-admin-api", move |consumer| read(consumer, &places, max)).await
    }
}

fn read(consumer: &BaseConsumer, places: &[Place], max: usize) -> Result<Vec<Sample>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for place in places {
        list.add_partition_offset(&place.topic, place.partition, Offset::Offset(place.from))?;
    }
    consumer.assign(&list)?;
    let mut open = places.len();
    let (mut found, mut bytes, started) = (Vec::new(), 0_usize, Instant::now());
    while open > 0 && found.len() < max && bytes < READ_BYTES_MAX && started.elapsed() < READ_MAX {
        let message = match consumer.poll(Duration::from_millis(100)) {
            None => continue,
            Some(Ok(message)) => message,
            // The end of a partition whose last offsets are markers of transactions.
            Some(Err(KafkaError::PartitionEOF(_))) => {
                open -= 1;
                continue;
            }
            Some(Err(error)) => return Err(error),
        };
        let place = places
            .iter()
            .find(|place| place.topic == message.topic() && place.partition == message.partition());
        let Some(place) = place.filter(|place| message.offset() < place.to) else { continue };
        if message.offset() + 1 >= place.to {
            open -= 1;
        }
        let sample = sample(&message);
        bytes +=
            sample.key.as_ref().map_or(0, Vec::len) + sample.value.as_ref().map_or(0, Vec::len);
        found.push(sample);
    }
    Ok(found)
}

fn sample(message: &rdkafka::message::BorrowedMessage<'_>) -> Sample {
    let headers = message.headers().map(|headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect()
    });
    Sample {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().filter(|ms| *ms >= 0),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}

//! A topic and its ends in, every record of it out.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::{BorrowedMessage, Headers as _},
};

/// Longest silence before the end.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
}

impl Message {
    /// The value of the first header of that name, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        Some(String::from_utf8_lossy(value.as_deref()?).into_owned())
    }
}

/// Reads every partition from its beginning to its end in `ends`.
pub(super) fn until(
    consumer: &BaseConsumer,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
) -> anyhow::Result<Vec<Message>> {
    let mut assignment = TopicPartitionList::new();
    for partition in ends.keys() {
        assignment.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let mut messages: BTreeMap<(i32, i64), Message> = BTreeMap::new();
    let mut heard = Instant::now();
    while !is_done(consumer, topic, ends)? {
        ensure!(heard.elapsed() < SILENCE_MAX, "{topic}: no record for {SILENCE_MAX:?}");
        let Some(message) = consumer.poll(Duration::from_millis(50)) else { continue };
        let message = owned(&message.context("read a record")?);
        heard = Instant::now();
        if ends.get(&message.partition).is_some_and(|end| message.offset < *end) {
            messages.insert((message.partition, message.offset), message);
        }
    }
    Ok(messages.into_values().collect())
}

/// By position, not by the last record: the last offsets may be gone or hold transaction marks.
fn is_done(
    consumer: &BaseConsumer,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
) -> anyhow::Result<bool> {
    let positions = consumer.position()?;
    for (partition, end) in ends {
        let position = positions.find_partition(topic, *partition).map(|found| found.offset());
        let reached = match position {
            Some(Offset::Offset(offset)) => offset >= *end,
            // Nothing was read yet: fine if there is nothing.
            _ => {
                let (low, high) = consumer.fetch_watermarks(topic, *partition, SILENCE_MAX)?;
                low == high
            }
        };
        if !reached {
            return Ok(false);
        }
    }
    Ok(true)
}

fn owned(message: &BorrowedMessage<'_>) -> Message {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    Message {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect(),
        timestamp_ms: message.timestamp().to_millis(),
    }
}

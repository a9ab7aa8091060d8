//! Topics, records and groups of a Kafka.

mod admin;
mod group;
mod read;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, anyhow, ensure};
pub use group::{Committed, Group};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
pub use read::Message;

/// Longest that one request may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Largest record that can be produced, in bytes; the broker's limit is what a test is about.
const MESSAGE_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// A Kafka.
#[derive(Clone, Debug)]
pub struct Kafka {
    brokers: String,
}

/// A record to produce.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Where to; `None` lets the key decide.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order; a header may have no value.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970; `None` is now.
    pub timestamp_ms: Option<i64>,
}

impl Record {
    /// A record with nothing but a value.
    #[must_use]
    pub fn of(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// The same, for this partition.
    #[must_use]
    pub fn to_partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// The same, with this key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same, with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }
}

impl Kafka {
    /// The Kafka at `brokers`.
    #[must_use]
    pub fn new(brokers: &str) -> Self {
        Self { brokers: brokers.to_owned() }
    }

    /// Bootstrap servers.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// Creates a topic with one copy and these settings, and returns when it can be used.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        config: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let admin = self.admin()?;
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in config {
            topic = topic.set(key, value);
        }
        let created = admin.create_topics([&topic], &options()).await?;
        ensure!(created.len() == 1, "the broker answered for {} topics", created.len());
        for result in created {
            result.map_err(|(name, code)| anyhow!("create topic {name}: {code}"))?;
        }
        let wanted = usize::try_from(partitions)?;
        crate::eventually("the topic has its partitions", ANSWER_WITHIN, async || {
            self.end_offsets(name).await.is_ok_and(|ends| ends.len() == wanted)
        })
        .await
    }

    /// Deletes a topic.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn delete_topic(&self, name: &str) -> anyhow::Result<()> {
        for result in self.admin()?.delete_topics(&[name], &options()).await? {
            result.map_err(|(name, code)| anyhow!("delete topic {name}: {code}"))?;
        }
        Ok(())
    }

    /// Sends records in order, waits until each is acknowledged, and returns the partition and
    /// offset of each.
    ///
    /// # Errors
    ///
    /// When one is refused.
    pub async fn produce(
        &self,
        topic: &str,
        records: impl IntoIterator<Item = Record>,
    ) -> anyhow::Result<Vec<(i32, i64)>> {
        let producer: FutureProducer = self
            .config()
            .set("enable.idempotence", "true")
            .set("linger.ms", "1")
            .set("message.max.bytes", MESSAGE_BYTES_MAX.to_string())
            .create()?;
        let mut sent = Vec::new();
        for record in records {
            sent.push(enqueue(&producer, topic, &record).await?);
        }
        let mut places = Vec::with_capacity(sent.len());
        for delivery in sent {
            let delivery = delivery.await.context("wait for an acknowledgement")?;
            let place = delivery.map_err(|(error, _record)| error).context("produce a record")?;
            places.push((place.partition, place.offset));
        }
        Ok(places)
    }

    /// The offset of the next record, for each partition.
    ///
    /// # Errors
    ///
    /// When the broker does not answer or the topic does not exist.
    pub async fn end_offsets(&self, topic: &str) -> anyhow::Result<BTreeMap<i32, i64>> {
        let consumer: BaseConsumer = self.config().create()?;
        let topic = topic.to_owned();
        blocking(move || {
            let mut ends = BTreeMap::new();
            for partition in partitions(&consumer, &topic)? {
                let (_low, high) = consumer.fetch_watermarks(&topic, partition, ANSWER_WITHIN)?;
                ends.insert(partition, high);
            }
            ensure!(!ends.is_empty(), "the topic {topic} does not exist");
            Ok(ends)
        })
        .await
    }

    /// Every record of the topic up to its present end: partition by partition, in order.
    ///
    /// # Errors
    ///
    /// When the broker does not answer or the topic does not exist.
    pub async fn read_all(&self, topic: &str) -> anyhow::Result<Vec<Message>> {
        let ends = self.end_offsets(topic).await?;
        let consumer: BaseConsumer = self
            .config()
            .set("group.id", "penstock-testkit")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "false")
            .create()?;
        let topic = topic.to_owned();
        blocking(move || read::until(&consumer, &topic, &ends)).await
    }

    fn admin(&self) -> anyhow::Result<AdminClient<DefaultClientContext>> {
        Ok(self.config().create()?)
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }
}

async fn enqueue(
    producer: &FutureProducer,
    topic: &str,
    record: &Record,
) -> anyhow::Result<rdkafka::producer::DeliveryFuture> {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (key, value) in &record.headers {
        headers = headers.insert(Header { key, value: value.as_ref() });
    }
    loop {
        let message: FutureRecord<'_, Vec<u8>, Vec<u8>> = FutureRecord {
            topic,
            partition: record.partition,
            payload: record.value.as_ref(),
            key: record.key.as_ref(),
            timestamp: record.timestamp_ms,
            headers: (!record.headers.is_empty()).then(|| headers.clone()),
        };
        match producer.send_result(message) {
            Ok(delivery) => return Ok(delivery),
            // The queue is full: what is in it is on its way.
            Err((error, _record))
                if error.rdkafka_error_code()
                    == Some(rdkafka::types::RDKafkaErrorCode::QueueFull) =>
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err((error, _record)) => return Err(error).context("produce a record"),
        }
    }
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<Vec<i32>> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found.into_iter().flat_map(|found| found.partitions().iter().map(|p| p.id())).collect())
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Timeout::After(ANSWER_WITHIN)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("run a blocking request")?
}

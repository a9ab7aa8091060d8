//! Real servers, a producer in this process, and everything that is in a topic afterwards.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context;
use apache_avro::{Schema, reader::datum::GenericDatumReader, types::Value};
use producer::{Config, Handle, Producer};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use registry_client::{Client, Settings};
use testkit::{Servers, eventually, unique};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest wait for things that should happen soon.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A configuration for these servers, a topic that no other test uses and a free HTTP port.
pub(crate) fn config(servers: &Servers) -> anyhow::Result<Config> {
    let mut config = Config::defaults()?;
    config.kafka.brokers.clone_from(&servers.kafka);
    config.kafka.topic = unique("sales");
    config.registry.url.clone_from(&servers.registry);
    config.workload.rate_per_sec = 0;
    config.service.http.set_port(0);
    Ok(config)
}

/// A producer that runs beside the test.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) topic: String,
    stop: CancellationToken,
    run: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub(crate) fn start(config: Config) -> anyhow::Result<Self> {
        let topic = config.kafka.topic.clone();
        let producer = Producer::new(config)?;
        let (handle, stop) = (producer.handle(), CancellationToken::new());
        let run = tokio::spawn(producer.run(stop.clone()));
        Ok(Self { handle, topic, stop, run })
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(self) -> anyhow::Result<()> {
        tokio::time::timeout(SOON, self.run).await.context("it should have ended")??
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.ended().await
    }

    pub(crate) async fn acknowledges(&self, events: u64) -> anyhow::Result<()> {
        let what = format!("{events} events acknowledged");
        eventually(&what, SOON, async || self.handle.stats().acknowledged >= events).await
    }
}

/// One record as it is in the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Record {
    /// The id in the frame, and the bytes behind it.
    pub(crate) fn frame(&self) -> anyhow::Result<(u32, &[u8])> {
        let (frame, datum) = self.value.split_first_chunk::<5>().context("too short")?;
        let [magic, id @ ..] = *frame;
        anyhow::ensure!(magic == 0, "wrong magic byte {magic}");
        Ok((u32::from_be_bytes(id), datum))
    }
}

/// Reads a topic from its beginning to its present end, partition by partition.
///
/// Counts what is left instead of asking the broker after each record: there are many of them.
pub(crate) async fn read(servers: &Servers, topic: &str) -> anyhow::Result<Vec<Record>> {
    let ends = servers.kafka().end_offsets(topic).await?;
    let (brokers, topic) = (servers.kafka.clone(), topic.to_owned());
    tokio::task::spawn_blocking(move || read_blocking(&brokers, &topic, &ends)).await?
}

/// Nothing has been deleted from the topic, so its ends say how many records there are.
fn read_blocking(
    brokers: &str,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
) -> anyhow::Result<Vec<Record>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", topic)
        .set("enable.auto.commit", "false")
        .create()?;
    let mut assignment = TopicPartitionList::new();
    for partition in ends.keys() {
        assignment.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let (mut records, mut left, start) = (Vec::new(), ends.values().sum::<i64>(), Instant::now());
    while left > 0 {
        anyhow::ensure!(start.elapsed() < SOON, "{left} records could not be read");
        let Some(record) = consumer.poll(Duration::from_millis(100)) else { continue };
        let record = record?;
        records.push(Record {
            partition: record.partition(),
            offset: record.offset(),
            key: record.key().unwrap_or_default().to_vec(),
            value: record.payload().unwrap_or_default().to_vec(),
        });
        left -= 1;
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    Ok(records)
}

/// Decodes records with the schemas that the registry has under their ids, not with our file.
pub(crate) async fn decode(
    servers: &Servers,
    records: &[Record],
) -> anyhow::Result<Vec<Vec<(String, Value)>>> {
    let settings = Settings { url: servers.registry.clone(), ..Settings::default() };
    let client = Client::new(settings)?;
    let (id, _) = records.first().context("no records")?.frame()?;
    let schema = Schema::parse_str(&client.schema_by_id(id).await?.text)?;
    let reader = GenericDatumReader::builder(&schema).build()?;
    let mut decoded = Vec::new();
    for record in records {
        let (this, mut datum) = record.frame()?;
        anyhow::ensure!(this == id, "more than one schema id");
        let Value::Record(fields) = reader.read_value(&mut datum)? else {
            anyhow::bail!("not a record")
        };
        anyhow::ensure!(datum.is_empty(), "bytes are left over");
        decoded.push(fields);
    }
    Ok(decoded)
}

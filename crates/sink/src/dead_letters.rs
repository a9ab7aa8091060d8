//! Bad records in, their bytes in the dead-letter topic out, with the reason beside them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clients::topic::{Untold, settings};
use deliver::RecordId;
use pipeline_spec::Pipeline;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::ClientConfig,
    message::{Header, Headers as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
    types::RDKafkaErrorCode,
    util::Timeout,
};
use tokio::{
    sync::mpsc,
    task::{self, JoinSet},
    time,
};

use crate::{backoff, config::Config, kafka, metrics::PipelineMetrics, worker::Answer};

/// Added to the source's `max.message.bytes`: our headers, and what the same records take when
/// they are compressed in other company.
const BYTES_MAX_MARGIN: u64 = 1024 * 1024;

/// Kafka's own `max.message.bytes`, for a source topic that does not exist yet or that we may not
/// look at.
const BYTES_MAX_DEFAULT: u64 = 1_048_588;

/// Longest `penstock.detail`, in bytes.
const DETAIL_BYTES_MAX: usize = 512;

/// Longest wait for Kafka's answer to an administrative request.
const ADMIN_MAX: Duration = Duration::from_secs(5);

/// The header that counts how often a record was tried.
const ATTEMPT: &str = "penstock.attempt";

/// The reason beside a dead letter whose schema the registry does not know.
pub const UNKNOWN_ID: &str = "unknown-schema-id";

/// The reason beside a dead letter without a value.
pub const NULL_VALUE: &str = "null-value";

/// Every reason that a dead letter can have.
pub fn reasons() -> impl Iterator<Item = &'static str> {
    decode::Reason::ALL.into_iter().map(decode::Reason::as_str).chain([UNKNOWN_ID, NULL_VALUE])
}

/// A bad record on its way.
#[derive(Debug)]
pub struct Letter {
    /// Which record.
    pub record: RecordId,
    /// How often it was tried so far, this time included.
    pub attempt: u32,
    /// Its timestamp in milliseconds since 1970; -1 for none.
    pub timestamp_ms: i64,
    /// Why it is bad, one of a closed list.
    pub reason: &'static str,
    /// Where and how, without its contents.
    pub detail: String,
    /// Its key, untouched.
    pub key: Option<Vec<u8>>,
    /// Its value, untouched.
    pub value: Option<Vec<u8>>,
    /// Its headers, untouched.
    pub headers: OwnedHeaders,
    /// Who waits for the acknowledgement.
    pub answers: mpsc::Sender<Answer>,
}

/// The dead-letter topic of one pipeline.
#[expect(missing_debug_implementations, reason = "rdkafka's producer has none")]
pub struct DeadLetters {
    topic: String,
    pipeline: String,
    producer: FutureProducer,
    metrics: PipelineMetrics,
    in_flight_max: usize,
}

impl DeadLetters {
    /// Makes sure that the topic exists and takes whatever the source's topics take, and that
    /// `replay` exists, the topic from which letters are read once more. Where we may not look at
    /// a topic's settings, that is told, and Kafka's default is assumed.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer (ask again), or refuses to create the topic.
    pub async fn prepare(
        config: &Config,
        pipeline: &Pipeline,
        replay: Option<&str>,
        metrics: PipelineMetrics,
    ) -> anyhow::Result<Self> {
        let topic = pipeline.dead_letter_topic(&config.namespace);
        let admin: AdminClient<DefaultClientContext> =
            kafka::client(config).create().context("create Kafka client")?;
        let admin = Arc::new(admin);
        let topics = topics(&admin).await?;
        let mut bytes_max = BYTES_MAX_DEFAULT;
        for source in pipeline.source.topics.iter().filter(|source| topics.contains(*source)) {
            bytes_max = bytes_max.max(size_limit(&admin, source).await?.unwrap_or_default());
        }
        let bytes_max = bytes_max + BYTES_MAX_MARGIN;
        if topics.contains(&topic) {
            if let Some(limit) = size_limit(&admin, &topic).await?
                && limit < bytes_max
            {
                tracing::warn!(
                    topic,
                    bytes_max = limit,
                    bytes_wanted = bytes_max,
                    "the dead-letter topic takes smaller records than its source: raise its \
                     max.message.bytes"
                );
            }
        } else {
            create(&admin, &topic, bytes_max, config).await?;
        }
        if let Some(replay) = replay
            && !topics.contains(replay)
        {
            create(&admin, replay, bytes_max, config).await?;
        }
        let producer = producer(kafka::client(config), bytes_max)?;
        Ok(Self {
            topic,
            pipeline: pipeline.name.clone(),
            producer,
            metrics,
            in_flight_max: config.dead_letters.in_flight_max.get(),
        })
    }

    /// Writes letters until `letters` is closed, each for as long as it takes, and tells whoever
    /// waits once Kafka has it.
    pub async fn run(self, mut letters: mpsc::Receiver<Letter>) {
        let writer = Arc::new(self);
        let mut in_flight = JoinSet::new();
        while let Some(letter) = letters.recv().await {
            if in_flight.len() >= writer.in_flight_max {
                in_flight.join_next().await;
            }
            let writer = writer.clone();
            in_flight.spawn(async move { writer.write(letter).await });
        }
        in_flight.join_all().await;
    }

    async fn write(&self, letter: Letter) {
        let headers = self.headers(&letter);
        let mut attempt = 0;
        loop {
            let record = FutureRecord::<[u8], [u8]> {
                topic: &self.topic,
                partition: None,
                payload: letter.value.as_deref(),
                key: letter.key.as_deref(),
                timestamp: None,
                headers: Some(headers.clone()),
            };
            let Err((error, _record)) = self.producer.send(record, Timeout::Never).await else {
                break;
            };
            attempt += 1;
            self.metrics.dead_letter_delayed(&self.topic, attempt, &error.to_string());
            time::sleep(backoff::pause(attempt)).await;
        }
        // The worker is gone when it does not listen any more: then nobody waits.
        drop(letter.answers.send(Answer::DeadLetterAcked(letter.record)).await);
    }

    fn headers(&self, letter: &Letter) -> OwnedHeaders {
        let mut headers = letter.headers.clone();
        let id = &letter.record.partition;
        let own = [
            ("penstock.reason", letter.reason.to_owned()),
            ("penstock.detail", shortened(&letter.detail).to_owned()),
            ("penstock.topic", id.topic.to_string()),
            ("penstock.partition", id.partition.to_string()),
            ("penstock.offset", letter.record.offset.to_string()),
            ("penstock.timestamp", letter.timestamp_ms.to_string()),
            ("penstock.pipeline", self.pipeline.clone()),
            (ATTEMPT, letter.attempt.to_string()),
        ];
        for (key, value) in &own {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        headers
    }
}

/// How often a record from a replay topic is tried with this one, as whoever replayed it says:
/// the last header of that name is theirs.
#[must_use]
pub fn replayed_attempt(message: &impl rdkafka::Message) -> u32 {
    let mut said = None;
    for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
        if header.key == ATTEMPT {
            said = header.value.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        }
    }
    said.unwrap_or(1)
}

/// Copies the headers of a record, order and repetitions kept.
#[must_use]
pub fn copied_headers(message: &impl rdkafka::Message) -> OwnedHeaders {
    let mut copy = OwnedHeaders::new();
    if let Some(headers) = message.headers() {
        for header in headers.iter() {
            copy = copy.insert(header);
        }
    }
    copy
}

fn shortened(detail: &str) -> &str {
    detail.get(..detail.floor_char_boundary(DETAIL_BYTES_MAX)).unwrap_or(detail)
}

fn producer(mut client: ClientConfig, bytes_max: u64) -> anyhow::Result<FutureProducer> {
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0") // no limit: its offset waits for the acknowledgement
        .set("compression.type", "lz4")
        .set("linger.ms", "5")
        // The broker checks compressed sizes, this one is checked before: let the broker decide.
        .set("message.max.bytes", bytes_max.saturating_mul(8).min(1_000_000_000).to_string());
    client.create().context("create producer of dead letters")
}

/// The topics that exist. Asks for all of them: brokers may create one that is asked for by name.
async fn topics(
    admin: &Arc<AdminClient<DefaultClientContext>>,
) -> anyhow::Result<BTreeSet<String>> {
    let admin = admin.clone();
    let asked =
        task::spawn_blocking(move || admin.inner().fetch_metadata(None, Timeout::After(ADMIN_MAX)));
    let metadata = asked.await.context("list topics")?.context("list topics")?;
    Ok(metadata.topics().iter().map(|found| found.name().to_owned()).collect())
}

/// Reads `max.message.bytes` of a topic that exists; `None`, and a warning, where we may not.
async fn size_limit(
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
) -> anyhow::Result<Option<u64>> {
    match settings(admin, topic, ADMIN_MAX).await {
        Ok(found) => {
            let value = found.get("max.message.bytes").and_then(|entry| entry.value.as_ref());
            Ok(value.and_then(|value| value.parse().ok()))
        }
        Err(Untold::Refused) => {
            tracing::warn!(
                topic,
                bytes_assumed = BYTES_MAX_DEFAULT,
                "Kafka does not tell the settings of this topic: grant DescribeConfigs, or see that \
                 the dead-letter topic takes 1 MiB more than the largest batch of the source"
            );
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("read settings of topic {topic}")),
    }
}

async fn create(
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
    bytes_max: u64,
    config: &Config,
) -> anyhow::Result<()> {
    let (bytes_max, retention_ms) =
        (bytes_max.to_string(), config.dead_letters.retention_ms.to_string());
    // -1: the broker's own default number of replicas
    let wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(-1))
        .set("max.message.bytes", &bytes_max)
        .set("retention.ms", &retention_ms);
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_MAX));
    let answers = admin.create_topics([&wanted], &options).await.context("create topic")?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => Ok(()),
        Some(Err((_, code))) => bail!(
            "Kafka refuses to create topic {topic}: {code}; create it as somebody who may, with \
             max.message.bytes={bytes_max}"
        ),
        Some(Ok(_)) => {
            tracing::info!(topic, "topic for dead letters created");
            Ok(())
        }
    }
}

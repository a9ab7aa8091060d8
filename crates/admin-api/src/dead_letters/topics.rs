//! Names of topics in; their settings, or the topic itself, out.

use std::time::Duration;

use clients::topic::Untold;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, TopicReplication},
    client::DefaultClientContext,
    types::RDKafkaErrorCode,
};

use super::model::DeadLettersError;
use crate::offsets::OffsetsError;

/// Longest wait for Kafka's answer to an administrative request.
const ADMIN_MAX: Duration = Duration::from_secs(10);
/// Kafka's own `max.message.bytes`, for a topic that does not tell.
const BYTES_MAX_DEFAULT: u64 = 1_048_588;
/// What is added to the largest `max.message.bytes` of the source's topics, as sinks do it: our
/// headers, and what the same records take when they are compressed in other company.
const SOURCE_MARGIN: u64 = 1 << 20;
/// What our headers add to a record, and more.
const BYTES_MAX_MARGIN: u64 = 64 << 10;
/// Kept for 30 days where the dead letters' topic does not tell.
const RETENTION_DEFAULT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What a topic keeps and takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// How long records are kept in ms; -1 is for ever.
    pub(super) retention_ms: Option<i64>,
    /// Largest batch of records in bytes.
    pub(super) bytes_max: Option<u64>,
}

/// Reads the settings of a topic that exists; none, where Kafka does not tell them.
pub(super) async fn settings(
    client: &ClientConfig,
    topic: &str,
) -> Result<Settings, DeadLettersError> {
    let found = match clients::topic::settings(&admin(client)?, topic, ADMIN_MAX).await {
        Ok(found) => found,
        Err(why @ Untold::Refused) => {
            tracing::warn!(topic, %why, "settings not read: Kafka's defaults are assumed");
            return Ok(Settings { retention_ms: None, bytes_max: None });
        }
        Err(Untold::Unanswered(error)) => {
            let what = format!("read settings of topic {topic}");
            return Err(OffsetsError::kafka(what)(error).into());
        }
    };
    Ok(Settings {
        retention_ms: number(&found, "retention.ms"),
        bytes_max: number(&found, "max.message.bytes"),
    })
}

/// Creates a replay topic with one partition, which keeps records as long as the dead letters
/// are kept and takes whatever they take. One that exists stays as it is.
pub(super) async fn create_replay(
    client: &ClientConfig,
    topic: &str,
    letters: Settings,
) -> Result<(), DeadLettersError> {
    let bytes_max = letters.bytes_max.unwrap_or(BYTES_MAX_DEFAULT) + BYTES_MAX_MARGIN;
    let bytes_max = bytes_max.min(u64::from(i32::MAX.unsigned_abs()));
    create(client, topic, bytes_max, letters.retention_ms.unwrap_or(RETENTION_DEFAULT_MS)).await
}

/// Creates topics for dead letters, which take whatever the topics they come from take.
///
/// # Errors
///
/// When Kafka refuses, or does not answer.
pub(crate) async fn create_topics(
    client: &ClientConfig,
    topics: &[&str],
    sources: &[String],
) -> Result<(), DeadLettersError> {
    if topics.is_empty() {
        return Ok(());
    }
    let mut bytes_max = BYTES_MAX_DEFAULT;
    for source in sources {
        // One that may not be looked at has Kafka's own limit, as far as we know.
        match settings(client, source).await {
            Ok(found) => bytes_max = bytes_max.max(found.bytes_max.unwrap_or(0)),
            Err(error) => tracing::debug!(topic = source, %error, "settings not read"),
        }
    }
    let bytes_max = bytes_max.saturating_add(SOURCE_MARGIN).min(u64::from(i32::MAX.unsigned_abs()));
    for topic in topics {
        create(client, topic, bytes_max, RETENTION_DEFAULT_MS).await?;
    }
    Ok(())
}

async fn create(
    client: &ClientConfig,
    topic: &str,
    bytes_max: u64,
    retention_ms: i64,
) -> Result<(), DeadLettersError> {
    let (bytes_max, retention_ms) = (bytes_max.to_string(), retention_ms.to_string());
    // -1: the broker's own default number of replicas
    let wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(-1))
        .set("max.message.bytes", &bytes_max)
        .set("cleanup.policy", "delete")
        .set("retention.ms", &retention_ms);
    let answers = admin(client)?
        .create_topics([&wanted], &options())
        .await
        .map_err(OffsetsError::kafka(format!("create topic {topic}")))?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => Ok(()),
        Some(Err((_, code))) => {
            let why = format!(
                "{code}; create it as somebody who may, with one partition, \
                 max.message.bytes={bytes_max} and retention.ms={retention_ms}"
            );
            Err(DeadLettersError::Create { topic: topic.to_owned(), why })
        }
        Some(Ok(_)) => {
            tracing::info!(topic, "topic for dead letters created");
            Ok(())
        }
    }
}

fn number<T: std::str::FromStr>(found: &ConfigResource, name: &str) -> Option<T> {
    found.get(name)?.value.as_ref()?.parse().ok()
}

fn admin(client: &ClientConfig) -> Result<AdminClient<DefaultClientContext>, OffsetsError> {
    client.create().map_err(OffsetsError::kafka("create a client"))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ADMIN_MAX)).operation_timeout(Some(ADMIN_MAX))
}

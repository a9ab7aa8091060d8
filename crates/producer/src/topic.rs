//! A name in, an existing topic out.

use std::time::Duration;

use anyhow::{Context, bail};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    types::RDKafkaErrorCode,
};

use crate::{config::Config, properties};

/// How long Kafka may take to answer; it may still be starting.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Creates the topic unless it exists. Without the right to create topics it must exist.
///
/// # Errors
///
/// When Kafka cannot be reached or refuses.
pub(crate) async fn create_if_missing(config: &Config) -> anyhow::Result<()> {
    let kafka = &config.kafka;
    let admin: AdminClient<DefaultClientContext> =
        properties::client(config).create().context("create administrator of kafka")?;
    let partitions = i32::try_from(kafka.partitions.get()).context("read kafka.partitions")?;
    let topic = NewTopic::new(&kafka.topic, partitions, TopicReplication::Fixed(kafka.replication));
    let options =
        AdminOptions::new().request_timeout(Some(ANSWER_MAX)).operation_timeout(Some(ANSWER_MAX));
    let results = admin
        .create_topics([&topic], &options)
        .await
        .with_context(|| format!("create topic {}", kafka.topic))?;
    for result in results {
        match result {
            Ok(topic) => tracing::info!(topic, partitions, "topic created"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((
                topic,
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed,
            )) => tracing::warn!(topic, "no right to create the topic, so it must exist"),
            Err((topic, code)) => bail!("create topic {topic}: {code}"),
        }
    }
    Ok(())
}

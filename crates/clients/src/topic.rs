//! A topic's name in, its settings out, or that Kafka does not tell them.

use std::time::Duration;

use rdkafka::{
    ClientContext,
    admin::{AdminClient, AdminOptions, ConfigResource, ResourceSpecifier},
    error::KafkaError,
};

/// Why the settings of a topic are not known.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// Kafka tells none: the topic is not there, or we may not look (right `DescribeConfigs`).
    #[error("Kafka tells no settings: no such topic, or without the right DescribeConfigs")]
    Refused,
    /// Kafka could not be asked, or does not answer.
    #[error("Kafka does not answer")]
    Unanswered(#[source] KafkaError),
}

/// Reads all settings of a topic. Waits `answer_max` for an answer.
///
/// # Errors
///
/// When Kafka refuses or does not answer. A refusal is seen by what is missing: every topic has
/// settings, and rdkafka 0.39 passes on an answer without any, but not the error in it.
pub async fn settings<C: ClientContext>(
    admin: &AdminClient<C>,
    topic: &str,
    answer_max: Duration,
) -> Result<ConfigResource, Untold> {
    let options = AdminOptions::new().request_timeout(Some(answer_max));
    let asked = [ResourceSpecifier::Topic(topic)];
    let answers = admin.describe_configs(&asked, &options).await.map_err(Untold::Unanswered)?;
    match answers.into_iter().next() {
        Some(Ok(found)) if !found.entries.is_empty() => Ok(found),
        Some(Ok(_) | Err(_)) | None => Err(Untold::Refused),
    }
}

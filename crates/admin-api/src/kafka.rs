//! Settings in, librdkafka's settings out; blocking questions in, bounded answers out.

use std::{sync::Arc, time::Duration};

use clients::kafka::{Connection, Service};
use rdkafka::{
    ClientConfig,
    consumer::BaseConsumer,
    error::{KafkaError, RDKafkaErrorCode},
};
use service::problem::Problem;
use tokio::sync::Semaphore;

use crate::{config::Config, problem};

pub(crate) mod admin;
pub mod look;

/// Longest wait for one answer of a broker.
pub const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What the admin API is to Kafka.
pub(crate) const SERVICE: Service =
    Service { variables: "ADMIN_API", client_id: "penstock-admin-api", owned: OWNED };

/// Settings that users may not choose, each with the reason.
const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "it is kafka.brokers"),
    ("metadata.broker.list", "it is kafka.brokers"),
    ("group.id", "nothing is read as a member of a group"),
    ("enable.auto.commit", "nothing is committed by a timer"),
    ("enable.auto.offset.store", "nothing is committed by a timer"),
    ("auto.offset.reset", "every read says where it begins"),
    ("isolation.level", "records of aborted transactions are never shown"),
    ("allow.auto.create.topics", "a question about a topic must not create it"),
    ("transactional.id", "pipelines are stored under one of our own"),
    ("enable.idempotence", "pipelines are written idempotently"),
    ("acks", "a change counts when all replicas have it"),
];

/// Refuses properties that we own, that hold a secret, or that librdkafka does not know.
///
/// # Errors
///
/// Names the first such property and says why.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    connection(config).check()
}

/// What every client of ours has in common: where the brokers are and who we are.
#[must_use]
pub(crate) fn client(config: &Config) -> ClientConfig {
    connection(config).client()
}

fn connection(config: &Config) -> Connection<'_> {
    config.kafka.connection(&SERVICE, &config.secrets.kafka)
}

/// Asks Kafka, not more than so many questions at the same time. Clones share the limit.
#[derive(Clone)]
pub struct Kafka {
    client: ClientConfig,
    looker: Arc<BaseConsumer>,
    permits: Arc<Semaphore>,
}

impl std::fmt::Debug for Kafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kafka").finish_non_exhaustive()
    }
}

impl Kafka {
    pub(crate) fn new(config: &Config) -> Result<Self, KafkaError> {
        let client = client(config);
        Ok(Self {
            looker: Arc::new(reader(&client, SERVICE.client_id).create()?),
            permits: Arc::new(Semaphore::new(config.limits.kafka_calls_max.get())),
            client,
        })
    }

    /// Runs a blocking question on a client without a group.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, Problem> {
        let looker = self.looker.clone();
        self.blocking(move || question(&looker)).await
    }

    /// Runs a blocking question on a new consumer, such as one that reads; `group` is the one it
    /// may look at, and never joins.
    pub(crate) async fn consume<T: Send + 'static>(
        &self,
        group: &str,
        question: impl FnOnce(&BaseConsumer) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, Problem> {
        let client = reader(&self.client, group);
        self.blocking(move || question(&client.create::<BaseConsumer>()?)).await
    }

    async fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        self.permits.clone().acquire_owned().await.map_err(|_| problem::stopping())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.permit().await?;
        let asked = tokio::task::spawn_blocking(move || {
            let answer = question();
            drop(permit);
            answer
        });
        match asked.await {
            Ok(answer) => answer.map_err(|error| problem::kafka(&error)),
            Err(_) => Err(problem::internal("ask kafka")),
        }
    }
}

/// A consumer that only reads what it is told to, and joins nothing.
fn reader(client: &ClientConfig, group: &str) -> ClientConfig {
    let mut reader = client.clone();
    reader
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("allow.auto.create.topics", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "50")
        .set("queued.max.messages.kbytes", "8192");
    reader
}

/// Whether a topic or partition is not there.
pub(crate) fn is_unknown(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

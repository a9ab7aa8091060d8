//! Names of groups and topics in, gone or created, or why not, out.

use std::time::Duration;

use axum::http::StatusCode;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use service::problem::Problem;

use crate::problem;

/// Longest wait for Kafka's answer to an administrative request.
const ADMIN_MAX: Duration = Duration::from_secs(10);

/// A client that creates and deletes.
pub(crate) type Admin = AdminClient<DefaultClientContext>;

/// Makes one.
pub(crate) fn admin(client: &ClientConfig) -> Result<Admin, Problem> {
    client.create().map_err(|error: KafkaError| problem::kafka(&error))
}

/// How long requests may take.
pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ADMIN_MAX)).operation_timeout(Some(ADMIN_MAX))
}

/// Deletes a consumer group with all its offsets. One that is not there is as good.
///
/// # Errors
///
/// 409 while it has members, 502 when Kafka refuses or does not answer.
pub(crate) async fn delete_group(client: &ClientConfig, group: &str) -> Result<(), Problem> {
    let asked = admin(client)?;
    let answers = asked.delete_groups(&[group], &options()).await;
    let answers = answers.map_err(|error| problem::kafka(&error))?;
    match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::GroupIdNotFound))) | None | Some(Ok(_)) => Ok(()),
        Some(Err((_, RDKafkaErrorCode::NonEmptyGroup))) => Err(problem::conflict(format!(
            "the consumer group {group} has members: a sink that was killed is one until its \
             session ends; stop any other program that is in it"
        ))),
        Some(Err((_, code))) => Err(not_done(&format!("delete the consumer group {group}"), code)),
    }
}

/// Deletes a topic. One that is not there is as good.
///
/// # Errors
///
/// 502 when Kafka refuses or does not answer.
pub(crate) async fn delete_topic(client: &ClientConfig, topic: &str) -> Result<(), Problem> {
    let asked = admin(client)?;
    let answers = asked.delete_topics(&[topic], &options()).await;
    let answers = answers.map_err(|error| problem::kafka(&error))?;
    match answers.into_iter().next() {
        Some(Err((
            _,
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic,
        )))
        | None
        | Some(Ok(_)) => Ok(()),
        Some(Err((_, code))) => Err(not_done(&format!("delete the topic {topic}"), code)),
    }
}

fn not_done(what: &str, code: RDKafkaErrorCode) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "kafka refused")
        .detail(format!("kafka does not let the admin api {what}: {code}"))
}

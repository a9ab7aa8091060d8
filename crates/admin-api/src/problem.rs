//! What went wrong behind a request in, the problem document a caller can act on out.

use axum::http::StatusCode;
use pipeline_spec::Invalid;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use registry_client::RegistryError;
use service::problem::{FieldError, Problem};
use target::TargetError;

/// A thing that is not there.
#[must_use]
pub fn not_found(what: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not found").detail(format!("there is no {what}"))
}

/// A request that contradicts itself or cannot be read.
#[must_use]
pub fn bad_request(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad request").detail(detail)
}

/// A request that does not fit how things are.
#[must_use]
pub fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, "conflict").detail(detail)
}

/// A pipeline document with every problem found in it.
#[must_use]
pub fn invalid(invalid: &Invalid) -> Problem {
    let count = invalid.problems.len();
    let detail = match count {
        1 => "one thing in the document cannot stay as it is".to_owned(),
        _ => format!("{count} things in the document cannot stay as they are"),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid pipeline")
        .detail(detail)
        .errors(invalid.problems.iter().map(field_error))
}

pub(crate) fn field_error(problem: &pipeline_spec::Problem) -> FieldError {
    FieldError { pointer: problem.pointer.clone(), message: problem.message.clone() }
}

/// Kafka did not answer, or refused. Never the fault of the caller.
#[must_use]
pub fn kafka(error: &KafkaError) -> Problem {
    tracing::warn!(error = %error, "kafka did not do what was asked");
    let denied = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
        )
    );
    if denied {
        return Problem::new(StatusCode::BAD_GATEWAY, "kafka refused")
            .detail(format!("the account of the admin api may not do this: {error}"));
    }
    Problem::new(StatusCode::BAD_GATEWAY, "kafka did not answer").detail(error.to_string())
}

/// The registry's answer, as an answer of ours.
#[must_use]
pub fn registry(error: &RegistryError) -> Problem {
    match error {
        RegistryError::NotFound { .. } => {
            Problem::new(StatusCode::NOT_FOUND, "not found").detail(error.to_string())
        }
        RegistryError::Rejected { status, .. } if (400..500).contains(status) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rejected by the schema registry")
                .detail(error.to_string())
        }
        RegistryError::Limit { .. } => bad_request(error.to_string()),
        RegistryError::Unavailable { .. }
        | RegistryError::Denied { .. }
        | RegistryError::Rejected { .. } => {
            tracing::warn!(error = %error, "the registry did not do what was asked");
            Problem::new(StatusCode::BAD_GATEWAY, "the schema registry did not answer")
                .detail(error.to_string())
        }
    }
}

/// ClickHouse did not answer, or refused.
#[must_use]
pub fn clickhouse(error: &TargetError) -> Problem {
    tracing::warn!(error = %error, "clickhouse did not do what was asked");
    Problem::new(StatusCode::BAD_GATEWAY, "clickhouse did not answer").detail(error.to_string())
}

/// A bug of ours; the log has more.
#[must_use]
pub fn internal(what: &'static str) -> Problem {
    tracing::error!(what, "failed inside");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed inside").detail(what)
}

/// Something that this process has not read yet.
#[must_use]
pub fn not_ready(what: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not ready").detail(what)
}

pub(crate) fn stopping() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping")
}

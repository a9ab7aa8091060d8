//! What the store could not do in, the answer to whoever asked for it out.

use axum::http::StatusCode;
use pipeline_spec::store::{StoreError, UpdateError};
use service::problem::Problem;

use crate::problem;

/// The store's refusal as an answer.
pub(crate) fn not_updated(error: UpdateError<Problem>) -> Problem {
    let error = match error {
        UpdateError::Refused(problem) => return problem,
        UpdateError::Store(error) => error,
    };
    tracing::warn!(error = %error, "the store was not changed");
    let unavailable =
        |detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not stored").detail(detail);
    match error {
        StoreError::Busy(_) => unavailable(format!("{error}: ask again")),
        StoreError::Kafka { action, source } => unavailable(format!("{action}: {source}")),
        StoreError::Unreadable { .. } => problem::conflict(error.to_string()),
        StoreError::TooLarge(detail) => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too large to store").detail(detail)
        }
        StoreError::Unknown
        | StoreError::Topic { .. }
        | StoreError::Version { .. }
        | StoreError::Internal(_) => unavailable(error.to_string()),
    }
}

/// The store's failure to read as an answer.
pub(crate) fn not_read(error: &StoreError) -> Problem {
    tracing::warn!(error = %error, "the store was not read");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not read").detail(error.to_string())
}

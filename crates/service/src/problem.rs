//! What is wrong with a request in, a problem document (RFC 9457) out.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A problem document. `title` is the same for every problem of its kind; `detail` is about
/// this one request.
#[derive(Debug, Serialize)]
pub struct Problem {
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Problem {
    /// A problem without details. The type is `about:blank`, so the status says what it means.
    #[must_use]
    pub fn new(status: StatusCode, title: &'static str) -> Self {
        Self { title, status: status.as_u16(), detail: None }
    }

    /// Adds what is special about this request: what was wrong and what is allowed.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], Json(self)).into_response()
    }
}

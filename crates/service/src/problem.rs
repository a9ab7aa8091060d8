//! What is wrong with a request in, a problem document (RFC 9457) out.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A problem document. `title` is the same for every problem of its kind; `detail` is about
/// this one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// One thing that is wrong with the document that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where, as a JSON pointer; empty for the whole document.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem without details. The type is `about:blank`, so the status says what it means.
    #[must_use]
    pub fn new(status: StatusCode, title: &'static str) -> Self {
        Self { title, status: status.as_u16(), detail: None, errors: Vec::new() }
    }

    /// Adds what is special about this request: what was wrong and what is allowed.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds everything that is wrong with the document that was sent.
    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its kind, in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// What [`Problem::detail`] was given.
    #[must_use]
    pub fn detail_text(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What [`Problem::errors`] was given.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.errors
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response =
            (self.status(), [(header::CONTENT_TYPE, kind)], Json(&self)).into_response();
        // For a layer that shows problems in another form.
        response.extensions_mut().insert(self);
        response
    }
}

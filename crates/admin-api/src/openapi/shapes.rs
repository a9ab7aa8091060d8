//! Documents of which this crate has no type of its own in, their schemas out.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema, schema::ObjectBuilder},
};

/// A problem document (RFC 9457).
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only its schema is used: the real one is the service crate's")]
pub(super) struct ProblemShape {
    /// The same for every problem of its kind.
    title: String,
    /// The HTTP status.
    status: u16,
    /// About this one request.
    detail: Option<String>,
    /// Everything that is wrong with the document that was sent.
    errors: Option<Vec<FieldErrorShape>>,
}

/// One thing that is wrong with a document.
#[derive(Debug, ToSchema)]
#[schema(as = FieldError)]
#[expect(dead_code, reason = "only its schema is used: the real one is the service crate's")]
struct FieldErrorShape {
    /// Where, as a JSON pointer; empty for the whole document.
    pointer: String,
    /// What is wrong and what would be right.
    message: String,
}

/// A pipeline document. The schema is written by hand: the library that reads documents knows
/// nothing of this API.
pub(super) struct PipelineShape;

impl PartialSchema for PipelineShape {
    fn schema() -> RefOr<Schema> {
        serde_json::from_str(include_str!("pipeline.json"))
            .unwrap_or_else(|_| ObjectBuilder::new().into())
    }
}

impl ToSchema for PipelineShape {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Pipeline")
    }
}

/// The document of the API itself.
pub(crate) struct DocumentShape;

impl PartialSchema for DocumentShape {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().description(Some("An OpenAPI document.")).into()
    }
}

impl ToSchema for DocumentShape {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("OpenApi")
    }
}

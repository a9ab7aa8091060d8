//! The table of routes in, the `OpenAPI` document out.

use std::{borrow::Cow, fmt, sync::OnceLock};

use axum::{Json, http::Method};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, Content, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder,
        Ref, RefOr, Required, Response, Schema,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem},
        request_body::RequestBodyBuilder,
        response::ResponseBuilder,
        schema::{ObjectBuilder, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::{auth::Role, rest::paging::Page, routes};

/// What a document may be sent or answered as.
pub(crate) const DOCUMENT_TYPES: [&str; 2] = ["application/json", "application/yaml"];

/// A problem document (RFC 9457).
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only its schema is used: the real one is the service crate's")]
struct ProblemShape {
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

/// A type's name in the document, and how it and those inside it look.
#[derive(Clone, Copy)]
struct Shape {
    name: fn() -> Cow<'static, str>,
    collect: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    fn of<T: ToSchema>() -> Self {
        fn collect<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
            all.push((T::name().into_owned(), <T as PartialSchema>::schema()));
            T::schemas(all);
        }
        Self { name: T::name, collect: collect::<T> }
    }

    fn reference(self) -> Ref {
        Ref::from_schema_name((self.name)())
    }
}

/// What the `OpenAPI` document says about a route.
pub(crate) struct Docs {
    id: &'static str,
    summary: &'static str,
    query: fn() -> Vec<Parameter>,
    headers: &'static [(&'static str, &'static str)],
    body: Option<(Shape, &'static [&'static str])>,
    answer: Option<(Shape, &'static [&'static str])>,
    /// Another success, with its status.
    other: Option<(u16, Shape)>,
    /// Of what `answer` is a page.
    items: Option<Shape>,
    status: u16,
}

impl fmt::Debug for Docs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Docs").field("id", &self.id).finish_non_exhaustive()
    }
}

const JSON: &[&str] = &["application/json"];

impl Docs {
    /// An operation by its name and one sentence, answering 200 without a body.
    pub(crate) fn new(id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            summary,
            query: Vec::new,
            headers: &[],
            body: None,
            answer: None,
            other: None,
            items: None,
            status: 200,
        }
    }

    /// Takes these parameters in the query.
    pub(crate) fn query<T: IntoParams>(self) -> Self {
        Self { query: || T::into_params(|| Some(ParameterIn::Query)), ..self }
    }

    /// Heeds these headers.
    pub(crate) fn headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    /// Takes this as JSON.
    pub(crate) fn takes<T: ToSchema>(self) -> Self {
        Self { body: Some((Shape::of::<T>(), JSON)), ..self }
    }

    /// Takes a pipeline document, JSON or YAML.
    pub(crate) fn takes_document(self) -> Self {
        Self { body: Some((Shape::of::<PipelineShape>(), &DOCUMENT_TYPES)), ..self }
    }

    /// Answers with this as JSON.
    pub(crate) fn gives<T: ToSchema>(self) -> Self {
        Self { answer: Some((Shape::of::<T>(), JSON)), ..self }
    }

    /// Answers with a part of a list of this.
    pub(crate) fn gives_page_of<T: ToSchema>(self) -> Self {
        // The schema of a page names that of its items and does not bring it along.
        Self { items: Some(Shape::of::<T>()), ..self.gives::<Page<T>>() }
    }

    /// Answers with a pipeline document, JSON or YAML.
    pub(crate) fn gives_document(self) -> Self {
        Self { answer: Some((Shape::of::<PipelineShape>(), &DOCUMENT_TYPES)), ..self }
    }

    /// Answers with this and another status in some cases.
    pub(crate) fn or_gives<T: ToSchema>(self, status: u16) -> Self {
        Self { other: Some((status, Shape::of::<T>())), ..self }
    }

    /// Answers with this status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn operation(
        &self,
        path: &str,
        role: Role,
        all: &mut Vec<(String, RefOr<Schema>)>,
    ) -> Operation {
        let mut operation = OperationBuilder::new()
            .operation_id(Some(self.id))
            .summary(Some(self.summary))
            .description(Some(format!("Needs the role `{}`.", role.as_str())))
            .tag(tag(path))
            .response(self.status.to_string(), self.success(all))
            .response("default", problem());
        if let Some((status, shape)) = self.other {
            (shape.collect)(all);
            let mut response = ResponseBuilder::new().description("Done otherwise");
            for kind in DOCUMENT_TYPES {
                response =
                    response.content(kind, Content::new(Some(RefOr::Ref(shape.reference()))));
            }
            operation = operation.response(status.to_string(), response.build());
        }
        if role > Role::Public {
            operation = operation.security(SecurityRequirement::new("token", Vec::<String>::new()));
        }
        for name in placeholders(path) {
            operation = operation.parameter(text_parameter(name, ParameterIn::Path, None));
        }
        for parameter in (self.query)() {
            operation = operation.parameter(parameter);
        }
        for (name, about) in self.headers {
            operation = operation.parameter(text_parameter(name, ParameterIn::Header, Some(about)));
        }
        if let Some((shape, types)) = self.body {
            (shape.collect)(all);
            let mut body = RequestBodyBuilder::new().required(Some(Required::True));
            for kind in types {
                body = body.content(*kind, Content::new(Some(RefOr::Ref(shape.reference()))));
            }
            operation = operation.request_body(Some(body.build()));
        }
        operation.build()
    }

    fn success(&self, all: &mut Vec<(String, RefOr<Schema>)>) -> Response {
        let mut response = ResponseBuilder::new().description("Done");
        if let Some(items) = self.items {
            (items.collect)(all);
        }
        if let Some((shape, types)) = self.answer {
            (shape.collect)(all);
            for kind in types {
                response =
                    response.content(*kind, Content::new(Some(RefOr::Ref(shape.reference()))));
            }
        }
        response.build()
    }
}

/// A pipeline document. The schema is written by hand: the library that reads documents knows
/// nothing of this API.
struct PipelineShape;

impl PartialSchema for PipelineShape {
    fn schema() -> RefOr<Schema> {
        serde_json::from_str(include_str!("openapi/pipeline.json"))
            .unwrap_or_else(|_| ObjectBuilder::new().into())
    }
}

impl ToSchema for PipelineShape {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Pipeline")
    }
}

/// `GET /openapi.json`.
pub(crate) async fn answer() -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(|| serde_json::to_value(document()).unwrap_or_else(|_| json!({}))))
}

/// The document, from the table of routes.
pub(crate) fn document() -> OpenApi {
    let mut all = Vec::new();
    (Shape::of::<ProblemShape>().collect)(&mut all);
    let mut paths = PathsBuilder::new();
    for route in routes::table() {
        let (Some(docs), Some(method)) = (&route.docs, method(&route.method)) else { continue };
        let operation = docs.operation(route.path, route.role, &mut all);
        paths = paths.path(route.path, PathItem::new(method, operation));
    }
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Penstock admin API")
                .version("1")
                .description(Some("Pipelines from Kafka topics to ClickHouse tables."))
                .build(),
        )
        .paths(paths)
        .components(Some(
            ComponentsBuilder::new().schemas_from_iter(all).security_scheme("token", token).build(),
        ))
        .build()
}

fn method(method: &Method) -> Option<HttpMethod> {
    Some(match method.as_str() {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "DELETE" => HttpMethod::Delete,
        _ => return None,
    })
}

/// The first word of a path behind its version.
fn tag(path: &str) -> String {
    path.split('/').find(|word| !matches!(*word, "" | "v1")).unwrap_or("api").to_owned()
}

fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'))
}

fn text_parameter(name: &str, place: ParameterIn, about: Option<&str>) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    let kind = match name {
        "partition" | "offset" | "version" => Type::Integer,
        _ => Type::String,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(about)
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .build()
}

fn problem() -> Response {
    let shape = Shape::of::<ProblemShape>();
    ResponseBuilder::new()
        .description("What is wrong, as a problem document (RFC 9457)")
        .content("application/problem+json", Content::new(Some(RefOr::Ref(shape.reference()))))
        .build()
}

#[cfg(test)]
mod tests;

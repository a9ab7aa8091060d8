//! What the table of routes says about one of them in, its operation in the document out.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use axum::http::StatusCode;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Content, Ref, RefOr, Required, Response, Schema,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        response::ResponseBuilder,
        schema::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type},
        security::SecurityRequirement,
    },
};

use super::{DOCUMENT_TYPES, refusals, shapes::PipelineShape};
use crate::{auth::Role, rest::paging::Page};

/// Schemas with their names.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

const JSON: &[&str] = &["application/json"];
/// One line of JSON each.
const LINES: &[&str] = &["application/x-ndjson"];

/// A type's name in the document, and how it and those inside it look.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    name: fn() -> Cow<'static, str>,
    pub(super) collect: fn(&mut Schemas),
}

impl Shape {
    pub(super) fn of<T: ToSchema>() -> Self {
        fn collect<T: ToSchema>(all: &mut Schemas) {
            all.push((T::name().into_owned(), <T as PartialSchema>::schema()));
            T::schemas(all);
        }
        Self { name: T::name, collect: collect::<T> }
    }

    /// A part of a list. Its name tells of what: there is more than one.
    fn page_of<T: ToSchema>() -> Self {
        fn name<T: ToSchema>() -> Cow<'static, str> {
            Cow::Owned(format!("{}Page", T::name()))
        }
        fn collect<T: ToSchema>(all: &mut Schemas) {
            all.push((name::<T>().into_owned(), <Page<T> as PartialSchema>::schema()));
            // The schema of a page names that of its items and does not bring it along.
            (Shape::of::<T>().collect)(all);
        }
        Self { name: name::<T>, collect: collect::<T> }
    }

    pub(super) fn reference(self) -> Ref {
        Ref::from_schema_name((self.name)())
    }
}

/// A success: in which forms, and what is in it.
#[derive(Default)]
struct Answer {
    types: &'static [&'static str],
    shapes: Vec<Shape>,
    about: &'static str,
}

/// What the `OpenAPI` document says about a route.
pub(crate) struct Docs {
    id: &'static str,
    summary: &'static str,
    query: fn() -> Vec<Parameter>,
    headers: &'static [(&'static str, &'static str)],
    body: Option<(Shape, &'static [&'static str])>,
    /// By status. What was said last belongs to `status`.
    answers: BTreeMap<u16, Answer>,
    status: u16,
}

impl fmt::Debug for Docs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Docs").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Docs {
    /// An operation by its name and one sentence, answering 200 without a body.
    pub(crate) fn new(id: &'static str, summary: &'static str) -> Self {
        let answers = BTreeMap::from([(200, Answer { about: "Done", ..Answer::default() })]);
        Self { id, summary, query: Vec::new, headers: &[], body: None, answers, status: 200 }
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
        let status = self.status;
        self.answer(status, Some(Shape::of::<T>()), JSON)
    }

    /// Answers with a part of a list of this.
    pub(crate) fn gives_page_of<T: ToSchema>(self) -> Self {
        let status = self.status;
        self.answer(status, Some(Shape::page_of::<T>()), JSON)
    }

    /// Answers with a pipeline document, JSON or YAML.
    pub(crate) fn gives_document(self) -> Self {
        let status = self.status;
        self.answer(status, Some(Shape::of::<PipelineShape>()), &DOCUMENT_TYPES)
    }

    /// Answers with a stream of such, one line of JSON each.
    pub(crate) fn gives_lines_of<T: ToSchema>(self) -> Self {
        let status = self.status;
        self.answer(status, Some(Shape::of::<T>()), LINES)
    }

    /// Answers with this, or with this and another status, in some cases; JSON or YAML.
    pub(crate) fn or_gives<T: ToSchema>(self, status: u16) -> Self {
        self.answer(status, Some(Shape::of::<T>()), &DOCUMENT_TYPES)
    }

    /// Answers with a pipeline document and this status in some cases.
    pub(crate) fn or_gives_document(self, status: u16) -> Self {
        self.answer(status, Some(Shape::of::<PipelineShape>()), &DOCUMENT_TYPES)
    }

    /// Answers with this status and nothing else in some cases.
    pub(crate) fn or_nothing(self, status: u16) -> Self {
        self.answer(status, None, &[])
    }

    /// Answers with this status.
    pub(crate) fn status(mut self, status: u16) -> Self {
        if let Some(answer) = self.answers.remove(&self.status) {
            self.answers.insert(status, answer);
        }
        Self { status, ..self }
    }

    fn answer(mut self, status: u16, shape: Option<Shape>, types: &'static [&'static str]) -> Self {
        let answer = self.answers.entry(status).or_default();
        answer.about = match StatusCode::from_u16(status) {
            Ok(StatusCode::CREATED) => "Created",
            Ok(StatusCode::ACCEPTED) => "Begun",
            Ok(StatusCode::NOT_MODIFIED) => "As it was",
            _ => "Done",
        };
        answer.types = types;
        answer.shapes.extend(shape);
        self
    }

    pub(super) fn operation(&self, path: &str, role: Role, all: &mut Schemas) -> Operation {
        let mut operation = OperationBuilder::new()
            .operation_id(Some(self.id))
            .summary(Some(self.summary))
            .description(Some(format!("Needs the role `{}`.", role.as_str())))
            .tag(tag(path));
        for (status, answer) in &self.answers {
            operation = operation.response(status.to_string(), answer.response(all));
        }
        let mut parameters: Vec<Parameter> = placeholders(path).map(path_parameter).collect();
        parameters.extend((self.query)());
        let headers = self.headers.iter().map(|(name, about)| header_parameter(name, about));
        parameters.extend(headers);
        let asks =
            refusals::Asks { path, role, parameters: &parameters, has_body: self.body.is_some() };
        for (status, response) in refusals::of(&asks) {
            operation = operation.response(status, RefOr::Ref(response));
        }
        if role > Role::Public {
            operation = operation.security(SecurityRequirement::new("token", Vec::<String>::new()));
        }
        for parameter in parameters {
            operation = operation.parameter(parameter);
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
}

impl Answer {
    fn response(&self, all: &mut Schemas) -> Response {
        for shape in &self.shapes {
            (shape.collect)(all);
        }
        let schema: Option<RefOr<Schema>> = match self.shapes.as_slice() {
            [] => None,
            // A line is no document of its own to whoever reads the whole.
            [_] if self.types == LINES => {
                Some(ObjectBuilder::new().schema_type(Type::String).into())
            }
            [shape] => Some(RefOr::Ref(shape.reference())),
            shapes => {
                let either = shapes
                    .iter()
                    .fold(OneOfBuilder::new(), |one, shape| one.item(shape.reference()));
                Some(RefOr::T(Schema::OneOf(either.build())))
            }
        };
        let mut response = ResponseBuilder::new().description(self.about);
        if let Some(schema) = schema {
            for kind in self.types {
                response = response.content(*kind, Content::new(Some(schema.clone())));
            }
        }
        response.build()
    }
}

/// The first word of a path behind its version.
fn tag(path: &str) -> String {
    path.split('/').find(|word| !matches!(*word, "" | "v1")).unwrap_or("api").to_owned()
}

pub(super) fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Parameter {
    let schema = ObjectBuilder::new();
    let integer = |format| {
        let format = Some(SchemaFormat::KnownFormat(format));
        ObjectBuilder::new().schema_type(Type::Integer).format(format)
    };
    let schema = match name {
        "partition" => integer(KnownFormat::Int32),
        "offset" => integer(KnownFormat::Int64),
        "number" => schema.schema_type(Type::String).pattern(Some("^([0-9]{1,9}|latest)$")),
        _ => schema.schema_type(Type::String),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema.build()))
        .build()
}

fn header_parameter(name: &str, about: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}

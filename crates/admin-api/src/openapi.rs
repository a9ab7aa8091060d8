//! The table of routes in, the `OpenAPI` document out.

use std::sync::OnceLock;

use axum::{Json, http::Method};
use serde_json::{Value, json};
use utoipa::openapi::{
    ComponentsBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Paths, PathsBuilder,
    path::PathItem,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

use self::{
    docs::{Schemas, Shape},
    shapes::ProblemShape,
};
use crate::routes;

mod docs;
mod refusals;
mod shapes;

pub(crate) use self::{docs::Docs, shapes::DocumentShape};

/// What a document may be sent or answered as.
pub(crate) const DOCUMENT_TYPES: [&str; 2] = ["application/json", "application/yaml"];

/// `GET /openapi.json`.
pub(crate) async fn answer() -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(|| serde_json::to_value(document()).unwrap_or_else(|_| json!({}))))
}

/// The document, from the table of routes.
pub(crate) fn document() -> OpenApi {
    let (paths, schemas) = described();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = refusals::responses()
        .fold(ComponentsBuilder::new(), |all, (name, response)| all.response(name, response));
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
            components.schemas_from_iter(schemas).security_scheme("token", token).build(),
        ))
        .build()
}

/// All operations, and the schemas they refer to.
fn described() -> (Paths, Schemas) {
    let mut all = Vec::new();
    (Shape::of::<ProblemShape>().collect)(&mut all);
    let mut paths = PathsBuilder::new();
    for route in routes::table() {
        let (Some(docs), Some(method)) = (&route.docs, method(&route.method)) else { continue };
        let operation = docs.operation(route.path, route.role, &mut all);
        paths = paths.path(route.path, PathItem::new(method, operation));
    }
    (paths.build(), all)
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

#[cfg(test)]
mod tests;

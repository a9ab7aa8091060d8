//! Requests in, one span of each out. Only there when somebody wants traces.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method},
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    Context, KeyValue,
    trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use service::traces::{Tracer, remote};

use crate::gate::Matched;

/// Outside of everything else. Names the route and never the path, which may hold anything.
pub(crate) async fn trace(State(tracer): State<Tracer>, request: Request, next: Next) -> Response {
    let method = known(request.method());
    let mut span = tracer
        .span_builder(method)
        .with_kind(SpanKind::Server)
        .with_attributes([KeyValue::new("http.request.method", method)])
        .start_with_context(&tracer, &caller(request.headers()));
    let response = next.run(request).await;
    if let Some(Matched(route)) = response.extensions().get() {
        span.update_name(format!("{method} {route}"));
        span.set_attribute(KeyValue::new("http.route", *route));
    }
    let status = response.status();
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
    if status.is_server_error() {
        span.set_attribute(KeyValue::new("error.type", status.as_u16().to_string()));
        span.set_status(Status::error(""));
    }
    span.end();
    response
}

/// The span of whoever sent the request, if they say so.
fn caller(headers: &HeaderMap) -> Context {
    let traceparent = headers.get("traceparent");
    match traceparent.and_then(|value| remote(value.as_bytes())) {
        Some(caller) => Context::new().with_remote_span_context(caller),
        None => Context::new(),
    }
}

/// Of few values, as the standard wants it: clients may make methods up.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

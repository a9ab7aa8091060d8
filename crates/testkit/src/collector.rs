//! Requests of OTLP over HTTP in, the spans in them out: what a collector would be told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    routing::{MethodRouter, post},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{self as proto, status::StatusCode as SpanStatus},
};
use prost::Message as _;
use tokio::{net::TcpListener, task::AbortHandle};

/// An HTTP server that takes traces as the standard wants them. Ends when it is dropped.
#[derive(Debug)]
pub struct Collector {
    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub url: String,
    seen: Arc<Mutex<Seen>>,
    serving: AbortHandle,
}

#[derive(Debug, Default)]
struct Seen {
    spans: Vec<Span>,
    /// Values of the header `authorization`.
    authorizations: Vec<String>,
    problems: Vec<String>,
    /// Requests that were read and got no answer.
    unanswered: usize,
}

/// One span, as text.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its name.
    pub name: String,
    /// Hexadecimal, as all ids here.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// That of its parent; empty for none.
    pub parent: String,
    /// What kind it is, such as `Consumer`.
    pub kind: String,
    /// Start and end in nanoseconds since 1970.
    pub times: (u64, u64),
    /// Its attributes, numbers as text.
    pub attributes: BTreeMap<String, String>,
    /// Those of the process.
    pub resource: BTreeMap<String, String>,
    /// Names and attributes of its events.
    pub events: Vec<(String, BTreeMap<String, String>)>,
    /// Trace and span of each link.
    pub links: Vec<(String, String)>,
    /// Whether it is marked as failed.
    pub failed: bool,
}

impl Collector {
    /// Opens a port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn start() -> anyhow::Result<Self> {
        Self::serve(post(take)).await
    }

    /// Opens a port of 127.0.0.1 at which requests are read and never answered; their connections
    /// stay open for as long as this is there.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn silent() -> anyhow::Result<Self> {
        Self::serve(post(keep)).await
    }

    async fn serve(traces: MethodRouter<Arc<Mutex<Seen>>>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("open a port")?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen = Arc::<Mutex<Seen>>::default();
        let routes = Router::new().route("/v1/traces", traces).with_state(seen.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, seen, serving: serving.abort_handle() })
    }

    /// All spans so far.
    ///
    /// # Panics
    ///
    /// When a request was not as the standard wants it.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(seen.problems.is_empty(), "{:?}", seen.problems);
        seen.spans.clone()
    }

    /// How many requests were read to their end and got no answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).unanswered
    }

    /// Values of the header `authorization` of all requests.
    #[must_use]
    pub fn authorizations(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).authorizations.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(seen): State<Arc<Mutex<Seen>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
    seen.authorizations.extend(text(header::AUTHORIZATION));
    if text(header::CONTENT_TYPE).as_deref() != Some("application/x-protobuf") {
        seen.problems.push("the content type is not that of protobuf".to_owned());
    }
    match ExportTraceServiceRequest::decode(body) {
        Ok(request) => seen.spans.extend(spans(request)),
        Err(error) => seen.problems.push(error.to_string()),
    }
    (StatusCode::OK, "")
}

/// Its parameter is the whole body, so the request has arrived.
async fn keep(State(seen): State<Arc<Mutex<Seen>>>, _body: Bytes) -> StatusCode {
    seen.lock().unwrap_or_else(PoisonError::into_inner).unanswered += 1;
    std::future::pending().await
}

fn spans(request: ExportTraceServiceRequest) -> impl Iterator<Item = Span> {
    request.resource_spans.into_iter().flat_map(|of| {
        let resource = map(of.resource.unwrap_or_default().attributes);
        let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.map(move |span| read(span, resource.clone()))
    })
}

fn read(span: proto::Span, resource: BTreeMap<String, String>) -> Span {
    let failed = span.status.as_ref().is_some_and(|status| status.code == SpanStatus::Error as i32);
    Span {
        kind: format!("{:?}", span.kind()),
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        times: (span.start_time_unix_nano, span.end_time_unix_nano),
        attributes: map(span.attributes),
        resource,
        events: span.events.into_iter().map(|one| (one.name, map(one.attributes))).collect(),
        links: span.links.iter().map(|one| (hex(&one.trace_id), hex(&one.span_id))).collect(),
        failed,
    }
}

fn map(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|one| (one.key, text(one.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Spans in, requests to an OpenTelemetry collector out; nothing at all when none is named.
//!
//! ```text
//! span ends -> queue (bounded, never waits) -> send (one task) -> POST, OTLP/HTTP protobuf
//! ```

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::{
    KeyValue,
    trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use prometheus::Registry;
use tokio::{sync::mpsc, task::JoinHandle, time};
use tokio_util::sync::CancellationToken;

use self::{queue::Queue, send::Sender, settings::Exported};
use crate::build;

mod counts;
mod queue;
mod send;
mod settings;

pub use self::settings::Settings;

/// What makes spans.
pub type Tracer = opentelemetry_sdk::trace::SdkTracer;

/// Longest time that the end of a service waits for its last spans to be sent.
const FLUSH_MAX: Duration = Duration::from_secs(3);

/// The spans of a process on their way to a collector, if one is named.
#[derive(Debug)]
pub struct Traces(Option<Running>);

#[derive(Debug)]
struct Running {
    provider: SdkTracerProvider,
    stop: CancellationToken,
    sending: JoinHandle<()>,
}

impl Traces {
    /// Starts to send, if `settings` name a collector. Must be called within a tokio runtime.
    ///
    /// `service` is `service.name` and `instance` is `service.instance.id`, unless the settings
    /// say otherwise. What becomes of the spans is counted in `registry`.
    ///
    /// # Errors
    ///
    /// When `registry` has such a metric already.
    pub fn start(
        settings: &Settings,
        service: &'static str,
        instance: &str,
        registry: &Registry,
    ) -> anyhow::Result<Self> {
        let Some(exported) = settings.exported() else { return Ok(Self(None)) };
        let counts = counts::Counts::register(registry).context("register metrics of traces")?;
        let resource = resource(exported, service, instance);
        let (spans, queued) = mpsc::channel(exported.queue_max);
        let stop = CancellationToken::new();
        let sender = Sender::new(exported.clone(), &resource, counts.clone());
        let sending = tokio::spawn(sender.run(queued, stop.clone()));
        let provider = SdkTracerProvider::builder()
            .with_sampler(exported.sampler.clone())
            .with_resource(resource)
            .with_span_processor(Queue { spans, counts })
            .build();
        tracing::info!(endpoint = %exported.endpoint, "sending traces");
        Ok(Self(Some(Running { provider, stop, sending })))
    }

    /// Makes spans, if anybody wants them.
    #[must_use]
    pub fn tracer(&self) -> Option<Tracer> {
        self.0.as_ref().map(|running| running.provider.tracer("penstock"))
    }

    /// Sends what is queued, for at most three seconds. To be called when the work is done.
    pub async fn flush(self) {
        let Some(Running { provider, stop, mut sending }) = self.0 else { return };
        stop.cancel();
        if time::timeout(FLUSH_MAX, &mut sending).await.is_err() {
            sending.abort();
            tracing::warn!("the last traces were not sent: the collector does not answer");
        }
        drop(provider);
    }
}

fn resource(exported: &Exported, service: &'static str, instance: &str) -> Resource {
    let Exported { service_name, attributes, .. } = exported;
    let given = attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let resource = Resource::builder_empty()
        .with_attribute(KeyValue::new("service.name", service))
        .with_attribute(KeyValue::new("service.namespace", "penstock"))
        .with_attribute(KeyValue::new("service.version", build::VERSION))
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        // Later ones win.
        .with_attributes(given);
    match service_name {
        Some(name) => resource.with_service_name(name.clone()).build(),
        None => resource.build(),
    }
}

/// A name for this process that no other has, for services that have none of their own.
#[must_use]
pub fn unique_instance() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Reads a `traceparent` header of W3C Trace Context: `00-<trace id>-<span id>-<flags>`, in
/// hexadecimal.
#[must_use]
pub fn remote(traceparent: &[u8]) -> Option<SpanContext> {
    let text = std::str::from_utf8(traceparent).ok()?;
    let mut parts = text.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let (flags, more) = (parts.next()?, parts.next().is_some());
    // Later versions may have more parts.
    let version = u8::from_str_radix(hex(version, 2)?, 16).ok()?;
    if version == 0xff || (version == 0 && more) {
        return None;
    }
    let flags = u8::from_str_radix(hex(flags, 2)?, 16).ok()?;
    let context = SpanContext::new(
        TraceId::from_hex(hex(trace, 32)?).ok()?,
        SpanId::from_hex(hex(span, 16)?).ok()?,
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

/// The text if it has so many hexadecimal digits, in lower case as the standard wants them.
fn hex(text: &str, digits: usize) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests;

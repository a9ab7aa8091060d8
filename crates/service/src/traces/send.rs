//! Queued spans in, one POST for many of them out.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::{
    tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    transform::{
        common::tonic::ResourceAttributesWithSchema,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{Resource, trace::SpanData};
use prost::Message as _;
use reqwest::{Response, StatusCode, header};
use tokio::{sync::mpsc, time};
use tokio_util::sync::CancellationToken;

use super::{counts::Counts, settings::Exported};

/// Attempts at one request. What fails that often is given up: newer spans are worth more.
const ATTEMPTS_MAX: u32 = 3;

/// Pause after the first failed attempt; the next one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// A collector that does not take spans is told of once in this time.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Longest answer that is read, in bytes. It only says how many spans were refused.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;

/// Sends what is queued.
#[derive(Debug)]
pub(super) struct Sender {
    settings: Exported,
    resource: ResourceAttributesWithSchema,
    counts: Counts,
    /// When it was told last that the collector takes nothing; none while it takes spans.
    told: Option<Instant>,
}

/// Why a request failed, without anything of what was sent.
#[derive(Debug)]
struct Failed {
    why: String,
    /// Whether the same request may succeed later.
    passes: bool,
}

impl Sender {
    pub(super) fn new(settings: Exported, resource: &Resource, counts: Counts) -> Self {
        Self { settings, resource: resource.into(), counts, told: None }
    }

    /// Sends until `stop`, and then what is queued, each request once.
    pub(super) async fn run(
        mut self,
        mut queued: mpsc::Receiver<SpanData>,
        stop: CancellationToken,
    ) {
        let most = self.settings.batch_max;
        let mut spans = Vec::new();
        while !stop.is_cancelled() {
            let gathered = gather(&mut queued, &mut spans, most, self.settings.delay);
            if stop.run_until_cancelled(gathered).await.is_some() {
                self.send(std::mem::take(&mut spans), &stop).await;
            }
        }
        queued.close();
        loop {
            let room = most.saturating_sub(spans.len());
            if queued.recv_many(&mut spans, room.max(1)).await == 0 && spans.is_empty() {
                return;
            }
            self.send(std::mem::take(&mut spans), &stop).await;
        }
    }

    async fn send(&mut self, spans: Vec<SpanData>, stop: &CancellationToken) {
        if spans.is_empty() {
            return;
        }
        let count = spans.len() as u64;
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = self.compressed(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        let mut attempt = 1;
        loop {
            let Failed { why, passes } = match self.post(body.clone()).await {
                Ok(refused) => return self.took(count, refused),
                Err(failed) => failed,
            };
            if !passes || attempt >= ATTEMPTS_MAX || stop.is_cancelled() {
                return self.gave_up(count, &why);
            }
            let pause = PAUSE * attempt;
            attempt += 1;
            stop.run_until_cancelled(time::sleep(pause)).await;
        }
    }

    /// Returns how many spans the collector says it has refused.
    async fn post(&self, body: Vec<u8>) -> Result<u64, Failed> {
        let Exported { client, endpoint, headers, timeout, gzip, .. } = &self.settings;
        let mut request = client
            .post(endpoint.clone())
            .headers(headers.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .timeout(*timeout)
            .body(body);
        if *gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        let answer = request.send().await.map_err(|error| {
            let error = anyhow::Error::from(error.without_url());
            Failed { why: format!("{error:#}"), passes: true }
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(refused(answer).await);
        }
        let passes = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        Err(Failed { why: format!("it answers {status}"), passes })
    }

    fn compressed(&self, body: Vec<u8>) -> Vec<u8> {
        if !self.settings.gzip {
            return body;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Into memory: neither can fail.
        let written = encoder.write_all(&body).and_then(|()| encoder.finish());
        written.unwrap_or_default()
    }

    fn took(&mut self, count: u64, refused: u64) {
        let refused = refused.min(count);
        self.counts.sent.inc_by(count - refused);
        self.counts.failed.inc_by(refused);
        if self.told.take().is_some() {
            tracing::info!("the collector takes traces again");
        }
    }

    fn gave_up(&mut self, count: u64, why: &str) {
        self.counts.failed.inc_by(count);
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(spans = count, why, "the collector does not take traces");
        }
    }
}

/// Waits for a span, and then, for as long as `delay`, for as many as a request may have.
async fn gather(
    queued: &mut mpsc::Receiver<SpanData>,
    spans: &mut Vec<SpanData>,
    most: usize,
    delay: Duration,
) {
    if spans.is_empty() && queued.recv_many(spans, most).await == 0 {
        // Nobody can make a span any more; what is left is to be told to stop.
        return std::future::pending().await;
    }
    let until = time::Instant::now() + delay;
    while spans.len() < most {
        let more = queued.recv_many(spans, most - spans.len());
        match time::timeout_at(until, more).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

async fn refused(answer: Response) -> u64 {
    if answer.content_length().is_none_or(|bytes| bytes > ANSWER_BYTES_MAX) {
        return 0;
    }
    let Ok(body) = answer.bytes().await else { return 0 };
    let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    u64::try_from(partial.rejected_spans).unwrap_or(0)
}

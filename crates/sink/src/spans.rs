//! What happens to batches in, one trace of each out; nothing at all when nobody wants traces.
//!
//! ```text
//! process <topic>          first record to the commit of the batch's end; links to producers
//! ├─ announce <topic>      the commit that names the batch
//! ├─ INSERT <db>.<table>   all attempts; the failed ones are events
//! └─ commit <topic>        the commit that ends it
//! ```

use std::{
    collections::{HashMap, VecDeque},
    time::SystemTime,
};

use deliver::{Commit, Offset, RangeId, TopicPartition};
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use rdkafka::{Message, message::Headers as _};
use service::traces::{Tracer, remote};
use target::InsertError;

use crate::insert::FrozenBatch;

/// Header of Kafka records in which producers name their span, as in W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// Most producers' spans that one batch is linked to.
const LINKS_MAX: usize = 8;

/// Records of a batch whose headers are looked at: headers cost time, batches have thousands.
const LOOKS_MAX: u8 = 64;

/// Most failed attempts that a trace tells of. An outage may last for thousands.
const EVENTS_MAX: u32 = 32;

/// Makes the spans of one worker.
#[derive(Debug)]
pub struct Spans {
    tracer: Option<Tracer>,
    names: Names,
    /// Traces of batches whose ends are not committed, by partition and in order.
    open: HashMap<TopicPartition, VecDeque<Open>>,
    /// When the commit that has not succeeded yet was sent first.
    committing: Option<SystemTime>,
    /// When the last successful commit was sent first, and acknowledged.
    committed: Option<(SystemTime, SystemTime)>,
}

/// What all spans of a pipeline say.
#[derive(Clone, Debug)]
pub struct Names {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Its consumer group.
    pub group: String,
    /// Database of its table.
    pub database: String,
    /// Its table.
    pub table: String,
}

#[derive(Debug)]
struct Open {
    root: Context,
    first: Offset,
    last: Offset,
}

/// What a trace tells of the time before its batch was cut.
#[derive(Debug)]
pub struct Opened {
    at: SystemTime,
    looks: u8,
    producers: Vec<SpanContext>,
}

impl Opened {
    /// Notes the span in which the record was produced, if it says so and there is room.
    pub fn look(&mut self, record: &impl Message) {
        if self.looks == 0 || self.producers.len() >= LINKS_MAX {
            return;
        }
        self.looks -= 1;
        let Some(headers) = record.headers() else { return };
        let header = headers.iter().find(|header| header.key == TRACEPARENT);
        let producer = header.and_then(|header| remote(header.value?));
        self.producers.extend(producer.filter(|producer| !self.producers.contains(producer)));
    }
}

/// The span of a batch's insert. Clones are the same; empty when nobody wants it.
#[derive(Clone, Debug, Default)]
pub struct InsertSpan(Option<Context>);

impl Spans {
    /// Makes none without `tracer`.
    #[must_use]
    pub fn new(tracer: Option<Tracer>, names: Names) -> Self {
        Self { tracer, names, open: HashMap::new(), committing: None, committed: None }
    }

    /// A batch was opened.
    #[must_use]
    pub fn opened(&self) -> Option<Box<Opened>> {
        self.tracer.as_ref()?;
        let at = SystemTime::now();
        Some(Box::new(Opened { at, looks: LOOKS_MAX, producers: Vec::new() }))
    }

    /// A batch, announced, is about to be inserted.
    pub fn inserting(&mut self, batch: &FrozenBatch, opened: Option<Box<Opened>>) -> InsertSpan {
        let (Some(tracer), Some(opened)) = (&self.tracer, opened) else {
            return InsertSpan::default();
        };
        let topic = &batch.range.partition.topic;
        let root = tracer
            .span_builder(format!("process {topic}"))
            .with_kind(SpanKind::Consumer)
            .with_start_time(opened.at)
            .with_links(opened.producers.into_iter().map(Link::with_context).collect())
            .with_attributes(self.root_attributes(batch))
            .start_with_context(tracer, &Context::new());
        if !root.span_context().is_sampled() {
            return InsertSpan::default();
        }
        let root = Context::new().with_span(root);
        if let Some(times) = self.committed.filter(|_| !batch.proof.replayed) {
            self.settle(&root, "announce", topic, times);
        }
        let insert = tracer
            .span_builder(format!("INSERT {}.{}", self.names.database, self.names.table))
            .with_kind(SpanKind::Client)
            .with_attributes(self.insert_attributes(batch))
            .start_with_context(tracer, &root);
        let insert = Context::new().with_span(insert);
        let (first, last) = (batch.range.first, batch.last);
        let open = self.open.entry(batch.range.partition.clone()).or_default();
        open.push_back(Open { root, first, last });
        InsertSpan(Some(insert))
    }

    /// A commit is about to be sent.
    pub fn committing(&mut self) {
        if self.tracer.is_some() {
            self.committing.get_or_insert_with(SystemTime::now);
        }
    }

    /// The commit was acknowledged: everything below its offsets is done.
    pub fn committed(&mut self, commit: &Commit) {
        let Some(sent) = self.committing.take() else { return };
        let times = (sent, SystemTime::now());
        self.committed = Some(times);
        for (partition, offset, _metadata) in &commit.offsets {
            let Some(mut open) = self.open.remove(partition) else { continue };
            while let Some(done) = open.pop_front_if(|front| front.last < *offset) {
                self.settle(&done.root, "commit", &partition.topic, times);
                done.root.span().end_with_timestamp(times.1);
            }
            if !open.is_empty() {
                self.open.insert(partition.clone(), open);
            }
        }
    }

    /// A batch will not be inserted until a person acts.
    pub fn refused(&mut self, range: &RangeId, why: &'static str) {
        let Some(open) = self.open.get_mut(&range.partition) else { return };
        if let Some(index) = open.iter().position(|one| one.first == range.first) {
            open.remove(index).into_iter().for_each(|one| fail(&one.root, why));
        }
    }

    /// The partition has another owner now, or none.
    pub fn given_up(&mut self, partition: &TopicPartition) {
        let open = self.open.remove(partition);
        open.into_iter().flatten().for_each(|one| fail(&one.root, "given-up"));
    }

    /// The worker ends.
    pub fn all_given_up(&mut self) {
        let open = std::mem::take(&mut self.open).into_values();
        open.flatten().for_each(|one| fail(&one.root, "given-up"));
    }

    /// A finished span of a commit.
    fn settle(
        &self,
        root: &Context,
        what: &'static str,
        topic: &str,
        times: (SystemTime, SystemTime),
    ) {
        let Some(tracer) = &self.tracer else { return };
        let mut span = tracer
            .span_builder(format!("{what} {topic}"))
            .with_kind(SpanKind::Client)
            .with_start_time(times.0)
            .with_attributes([
                KeyValue::new("messaging.system", "kafka"),
                KeyValue::new("messaging.operation.name", what),
                KeyValue::new("messaging.operation.type", "settle"),
                KeyValue::new("messaging.destination.name", topic.to_owned()),
                KeyValue::new("messaging.consumer.group.name", self.names.group.clone()),
            ])
            .start_with_context(tracer, root);
        span.end_with_timestamp(times.1);
    }

    fn root_attributes(&self, batch: &FrozenBatch) -> Vec<KeyValue> {
        let partition = &batch.range.partition;
        vec![
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.operation.name", "process"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.destination.name", partition.topic.to_string()),
            KeyValue::new("messaging.destination.partition.id", partition.partition.to_string()),
            KeyValue::new("messaging.consumer.group.name", self.names.group.clone()),
            KeyValue::new("messaging.batch.message_count", signed(batch.block.rows)),
            KeyValue::new("messaging.kafka.offset", batch.range.first.raw()),
            KeyValue::new("penstock.pipeline", self.names.pipeline.clone()),
            KeyValue::new("penstock.offset.last", batch.last.raw()),
            KeyValue::new("penstock.token", batch.token.as_str().to_owned()),
            KeyValue::new("penstock.replayed", batch.proof.replayed),
        ]
    }

    fn insert_attributes(&self, batch: &FrozenBatch) -> Vec<KeyValue> {
        vec![
            KeyValue::new("db.system.name", "clickhouse"),
            KeyValue::new("db.operation.name", "INSERT"),
            KeyValue::new("db.operation.batch.size", signed(batch.block.rows)),
            KeyValue::new("db.namespace", self.names.database.clone()),
            KeyValue::new("db.collection.name", self.names.table.clone()),
            KeyValue::new("penstock.bytes", signed(batch.block.bytes as u64)),
        ]
    }
}

impl InsertSpan {
    /// An attempt failed; it is repeated.
    pub fn attempt_failed(&self, attempt: u32, error: &InsertError) {
        if let Some(insert) = self.0.as_ref().filter(|_| attempt <= EVENTS_MAX) {
            let attributes = vec![
                KeyValue::new("penstock.attempt", i64::from(attempt)),
                KeyValue::new("error.type", error_type(error)),
                KeyValue::new("error.message", error.to_string()),
            ];
            insert.span().add_event("attempt failed", attributes);
        }
    }

    /// The insert will not succeed.
    pub fn failed(&self, why: &'static str) {
        self.0.iter().for_each(|insert| fail(insert, why));
    }

    /// The batch is in its table.
    pub fn succeeded(&self) {
        self.0.iter().for_each(|insert| insert.span().end());
    }
}

fn fail(span: &Context, why: &'static str) {
    let span = span.span();
    span.set_attribute(KeyValue::new("error.type", why));
    span.set_status(Status::error(why));
    span.end();
}

/// Of few values, as the standard wants it.
fn error_type(error: &InsertError) -> String {
    match error {
        InsertError::NoAnswer { .. } => "timeout".to_owned(),
        InsertError::Unreachable(_) => "unreachable".to_owned(),
        InsertError::Unusable(_) => "unusable".to_owned(),
        InsertError::Refused { error, .. } if error.name.is_empty() => error.code.to_string(),
        InsertError::Refused { error, .. } => error.name.clone(),
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

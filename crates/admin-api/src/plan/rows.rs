//! The first records of topics in, the rows they would be out.

use std::collections::BTreeMap;

use decode::{Block, RecordMeta};
use pipeline_spec::{NullValue, Pipeline};
use schema_map::{Metadata, Source};
use serde_json::{Value, json};
use service::problem::Problem;

use super::{Plan, RowPlan, avro_json, source::Topic, table::SchemaMapping};
use crate::{
    kafka::look::{Place, Sample},
    state::App,
};

/// Most rows of a plan.
const ROWS_MAX: usize = 10;
/// Most partitions that are read for them.
const PARTITIONS_MAX: usize = 20;

/// The oldest records of some partitions.
pub(super) async fn sample(app: &App, topics: &[Topic]) -> Result<Vec<Sample>, Problem> {
    let count = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX);
    let places = topics.iter().flat_map(|topic| {
        topic.spans.iter().filter(|span| span.low < span.high).map(|span| Place {
            topic: topic.name.clone(),
            partition: span.partition,
            from: span.low,
            to: span.high.min(span.low.saturating_add(count)),
        })
    });
    let mut samples = app.kafka().read(places.take(PARTITIONS_MAX).collect(), ROWS_MAX).await?;
    samples
        .sort_by(|a, b| (&a.topic, a.partition, a.offset).cmp(&(&b.topic, b.partition, b.offset)));
    Ok(samples)
}

/// Decodes samples with the code that sinks decode with, and shows what it made of them.
pub(super) async fn decode(
    app: &App,
    spec: &Pipeline,
    samples: &[Sample],
    mappings: &[SchemaMapping],
    plan: &mut Plan,
) {
    for sample in samples {
        let mut row = RowPlan {
            topic: sample.topic.clone(),
            partition: sample.partition,
            offset: sample.offset,
            timestamp_ms: sample.timestamp_ms,
            values: BTreeMap::new(),
            bad: None,
        };
        match values(app, spec, sample, mappings).await {
            Ok(values) => row.values = values,
            Err(why) => row.bad = Some(why),
        }
        plan.rows.push(row);
    }
    let bad = plan.rows.iter().filter(|row| row.bad.is_some()).count();
    if bad > 0 {
        let all = plan.rows.len();
        plan.warning("/source", format!("{bad} of the first {all} records would not become rows"));
    }
}

async fn values(
    app: &App,
    spec: &Pipeline,
    sample: &Sample,
    mappings: &[SchemaMapping],
) -> Result<BTreeMap<String, Value>, String> {
    let Some(value) = sample.value.as_deref() else {
        return Err(match spec.source.null_value {
            NullValue::Skip => "skipped: it has no value",
            NullValue::DeadLetter => "dead letter: it has no value",
            NullValue::Row => "a row of its key and metadata: it has no value",
        }
        .to_owned());
    };
    let (id, datum) =
        decode::confluent_frame(value).map_err(|bad| format!("dead letter: {bad}"))?;
    let schema = match super::source::schema(app, id).await {
        Ok(schema) => schema?,
        Err(error) => return Err(error.to_string()),
    };
    let Some(mapped) = mappings.iter().find(|mapped| mapped.id == id) else {
        return Err(format!("written with schema {id}, an older one than this plan is made for"));
    };
    let meta = RecordMeta {
        topic: &sample.topic,
        partition: sample.partition,
        offset: sample.offset,
        timestamp_ms: sample.timestamp_ms.unwrap_or(-1),
        key: sample.key.as_deref(),
        headers: &decode::no_headers,
    };
    let mut block = Block::new(mapped.plan.columns());
    mapped.plan.decode(datum, &meta, &mut block).map_err(|bad| format!("dead letter: {bad}"))?;
    let record = avro_json::decode(&schema, datum).map_err(|why| format!("not shown: {why}"))?;
    let fields = schema.fields().unwrap_or_default();
    let mut values = BTreeMap::new();
    for column in &mapped.mapping.columns {
        let value = match &column.source {
            Source::Field { path, .. } => {
                let field = path.first().and_then(|place| fields.get(*place));
                field.and_then(|field| record.get(&field.name)).cloned().unwrap_or(Value::Null)
            }
            Source::Metadata(kind) => metadata(*kind, sample),
            Source::TypeDefault => continue,
        };
        values.insert(column.column.clone(), value);
    }
    Ok(values)
}

fn metadata(kind: Metadata, sample: &Sample) -> Value {
    match kind {
        Metadata::Topic => json!(sample.topic),
        Metadata::Partition => json!(sample.partition),
        Metadata::Offset => json!(sample.offset),
        Metadata::Timestamp => json!(sample.timestamp_ms.map(avro_json::timestamp_ms)),
        Metadata::Key => json!(sample.key.as_deref().map(String::from_utf8_lossy)),
        Metadata::Headers => {
            let text = |value: &Option<Vec<u8>>| {
                String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned()
            };
            sample.headers.iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect()
        }
    }
}

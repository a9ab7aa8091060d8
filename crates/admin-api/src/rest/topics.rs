//! Kafka's topics in, what they hold and who reads them out.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::{Deserialize, Serialize};
use service::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::{
    contents::{self, Contents},
    paging::{Page, page, within},
};
use crate::{
    kafka::look::{Place, Sample, Span},
    problem,
    state::App,
};

/// Topics whose records are counted for one page.
const COUNTED_MAX: u32 = 100;
/// Most records of a sample.
const SAMPLE_MAX: u32 = 100;
/// Most partitions that a sample is taken from.
const SAMPLED_PARTITIONS_MAX: usize = 50;

/// What a list of topics is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct TopicsQuery {
    /// Entries to skip.
    pub offset: Option<u32>,
    /// Most entries to answer, 1 to 100; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    #[serde(deserialize_with = "within::<100, _>")]
    pub limit: Option<u32>,
    /// Text in the name.
    pub q: Option<String>,
    /// Whether topics of Kafka and of this program are listed too.
    pub internal: bool,
}

/// One line about a topic.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TopicSummary {
    /// Its name.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: usize,
    /// Offsets between its oldest and its next record: records, unless it is compacted.
    pub records: i64,
    /// Records per second since somebody last asked; none at the first time.
    pub records_per_s: Option<f64>,
    /// Pipelines that read it.
    pub pipelines: Vec<String>,
}

/// All about a topic.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TopicDetail {
    /// What a list says about it.
    #[serde(flatten)]
    pub summary: TopicSummary,
    /// Its partitions.
    pub spans: Vec<PartitionSpan>,
    /// Where schemas of its values are registered, by the usual rule.
    pub subject: String,
}

/// A partition and the offsets it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartitionSpan {
    /// Its number.
    pub partition: i32,
    /// Offset of its oldest record.
    pub low: i64,
    /// Offset of its next record.
    pub high: i64,
}

/// What a sample is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct SampleQuery {
    /// Most records, 1 to 100; 10 unless given.
    #[param(minimum = 1, maximum = 100)]
    #[serde(deserialize_with = "within::<100, _>")]
    pub limit: Option<u32>,
    /// Which end of the topic; the newest records unless given.
    #[param(inline)]
    pub from: End,
    /// Only this partition.
    pub partition: Option<i32>,
}

/// An end of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The oldest records.
    Earliest,
    /// The newest records.
    #[default]
    Latest,
}

/// Some records of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TopicSample {
    /// The records, the one nearest to the wished end first.
    pub records: Vec<SampleRecord>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SampleRecord {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in ms since 1970.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Contents>,
    /// Its value.
    pub value: Option<Contents>,
    /// Its headers, in order, as text.
    pub headers: Vec<Header>,
}

/// A header of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value as text, with a sign in place of what is none.
    pub value: Option<String>,
}

/// How many records topics had when somebody last looked.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<BTreeMap<String, Seen>>);

/// When, the sum of the ends then, and the rate it made with the time before.
type Seen = (Instant, i64, Option<f64>);

impl Rates {
    /// Most topics remembered.
    const MAX: usize = 10_000;
    /// Least time between two looks that makes a rate.
    const LEAST: Duration = Duration::from_secs(1);

    fn of(&self, topic: &str, ends: i64) -> Option<f64> {
        let now = Instant::now();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, before, rate)) = seen.get(topic).copied() {
            let passed = now - at;
            if passed < Self::LEAST {
                return rate;
            }
            let rate = Some(per_second(before, ends, passed));
            seen.insert(topic.to_owned(), (now, ends, rate));
            return rate;
        }
        if seen.len() < Self::MAX {
            seen.insert(topic.to_owned(), (now, ends, None));
        }
        None
    }
}

/// Records per second between two looks; none when a topic was created anew meanwhile.
fn per_second(before: i64, ends: i64, passed: Duration) -> f64 {
    let new = ends.saturating_sub(before).max(0);
    u32::try_from(new).map_or(f64::from(u32::MAX), f64::from) / passed.as_secs_f64()
}

/// Topics as wished.
///
/// # Errors
///
/// When Kafka does not answer.
pub async fn list(app: &App, query: &TopicsQuery) -> Result<Page<TopicSummary>, Problem> {
    let own = format!("{}.", app.config().namespace);
    let wanted = query.q.as_deref().unwrap_or_default().to_lowercase();
    let shown = |name: &str| {
        (query.internal || !(name.starts_with("__") || name.starts_with(&own)))
            && name.to_lowercase().contains(&wanted)
    };
    let all = app.kafka().topics().await?;
    let all: Vec<_> = all.into_iter().filter(|(name, _)| shown(name)).collect();
    let limit = query.limit.unwrap_or(50).clamp(1, COUNTED_MAX);
    let Page { items, total, next } = page(all, query.offset, Some(limit));
    let mut topics = Vec::with_capacity(items.len());
    for (topic, partitions) in items {
        let spans = app.kafka().spans(&topic, &partitions).await?;
        topics.push(summary(app, topic, &spans));
    }
    Ok(Page { items: topics, total, next })
}

/// One topic.
///
/// # Errors
///
/// When there is none of that name, or Kafka does not answer.
pub async fn detail(app: &App, topic: &str) -> Result<TopicDetail, Problem> {
    let spans = spans(app, topic).await?;
    let span =
        |span: &Span| PartitionSpan { partition: span.partition, low: span.low, high: span.high };
    Ok(TopicDetail {
        spans: spans.iter().map(span).collect(),
        summary: summary(app, topic.to_owned(), &spans),
        subject: format!("{topic}-value"),
    })
}

/// Some records of a topic, with their contents.
///
/// # Errors
///
/// As [`detail`].
pub async fn sample(app: &App, topic: &str, query: &SampleQuery) -> Result<TopicSample, Problem> {
    let limit = query.limit.unwrap_or(10).clamp(1, SAMPLE_MAX);
    let spans = spans(app, topic).await?;
    let wanted = spans.iter().filter(|span| query.partition.is_none_or(|p| p == span.partition));
    let place = |span: &Span| {
        let (from, to) = match query.from {
            End::Earliest => (span.low, span.high.min(span.low.saturating_add(limit.into()))),
            End::Latest => (span.low.max(span.high.saturating_sub(limit.into())), span.high),
        };
        Place { topic: topic.to_owned(), partition: span.partition, from, to }
    };
    let places: Vec<Place> = wanted.take(SAMPLED_PARTITIONS_MAX).map(place).collect();
    let count = places.len().saturating_mul(limit as usize);
    let mut found = app.kafka().read(places, count).await?;
    found.sort_by_key(|one| (one.timestamp_ms, one.partition, one.offset));
    if query.from == End::Latest {
        found.reverse();
    }
    let mut records = Vec::new();
    for one in found.iter().take(limit as usize) {
        records.push(record(app, one).await);
    }
    Ok(TopicSample { records })
}

async fn record(app: &App, sample: &Sample) -> SampleRecord {
    let (mut key, mut value) = (None, None);
    if let Some(bytes) = &sample.key {
        key = Some(contents::of(app, bytes).await);
    }
    if let Some(bytes) = &sample.value {
        value = Some(contents::of(app, bytes).await);
    }
    let header = |(name, value): &(String, Option<Vec<u8>>)| Header {
        name: name.clone(),
        value: value.as_ref().map(|value| String::from_utf8_lossy(value).into_owned()),
    };
    SampleRecord {
        partition: sample.partition,
        offset: sample.offset,
        timestamp_ms: sample.timestamp_ms,
        key,
        value,
        headers: sample.headers.iter().map(header).collect(),
    }
}

async fn spans(app: &App, topic: &str) -> Result<Vec<Span>, Problem> {
    let all = app.kafka().topics().await?;
    let partitions = all.get(topic).filter(|partitions| !partitions.is_empty());
    let partitions = partitions.ok_or_else(|| problem::not_found(&format!("topic {topic}")))?;
    app.kafka().spans(topic, partitions).await
}

fn records(spans: &[Span]) -> i64 {
    spans.iter().map(|span| span.high - span.low).fold(0, i64::saturating_add)
}

fn summary(app: &App, topic: String, spans: &[Span]) -> TopicSummary {
    let specs = app.specs().unwrap_or_default();
    let reads =
        specs.pipelines.values().filter(|stored| stored.spec.source.topics.contains(&topic));
    let ends = spans.iter().map(|span| span.high).fold(0, i64::saturating_add);
    TopicSummary {
        partitions: spans.len(),
        records: records(spans),
        records_per_s: app.rates().of(&topic, ends),
        pipelines: reads.map(|stored| stored.spec.name.clone()).collect(),
        topic,
    }
}

pub(crate) async fn handle_list(
    State(app): State<App>,
    Query(query): Query<TopicsQuery>,
) -> Result<Json<Page<TopicSummary>>, Problem> {
    list(&app, &query).await.map(Json)
}

pub(crate) async fn handle_detail(
    State(app): State<App>,
    Path(topic): Path<String>,
) -> Result<Json<TopicDetail>, Problem> {
    detail(&app, &topic).await.map(Json)
}

pub(crate) async fn handle_sample(
    State(app): State<App>,
    Path(topic): Path<String>,
    Query(query): Query<SampleQuery>,
) -> Result<Json<TopicSample>, Problem> {
    sample(&app, &topic, &query).await.map(Json)
}

#[cfg(test)]
mod tests;

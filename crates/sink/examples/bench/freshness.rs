//! A steady rate of events in, how old rows are when they land and how far the sink lags out.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::time;

use crate::{
    backlog::text,
    process::Process,
    produce::{BEGINS, ENDS},
    scene::{PATIENCE, Scene},
    usage::cpu_seconds,
};

const TOPIC: &str = "steady";
const TABLE: &str = "shop.steady";
/// How often the lag is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What came out.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Freshness {
    pub(crate) rate_per_sec: u32,
    pub(crate) events: u64,
    /// Seconds from the first event until all were acknowledged.
    pub(crate) seconds: f64,
    /// Milliseconds from a record's Kafka timestamp to the confirmation of its row.
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    /// Most records in Kafka that were not rows yet, of those looks in the first half.
    pub(crate) lag_max_first_half: u64,
    /// The same of the second half: larger when the lag grows.
    pub(crate) lag_max_second_half: u64,
    /// The same when the last event was acknowledged.
    pub(crate) lag_end: u64,
    /// Seconds from then until there was none.
    pub(crate) drained_s: f64,
    pub(crate) sink_cpu_s: f64,
    pub(crate) clickhouse_cpu_s: f64,
}

/// Runs producer and sink side by side, as they are shipped.
pub(crate) async fn run(scene: &Scene, rate: u32, seconds: u32) -> anyhow::Result<Freshness> {
    scene.kafka().create_topic(TOPIC, scene.partitions, &[]).await?;
    let events = u64::from(rate) * u64::from(seconds);
    let mut sink = Process::start("sink", &scene.sink(TOPIC, TOPIC, TOPIC)?)?;
    sink.line("\"partition assigned\"", PATIENCE).await?;
    scene.quiet().await?;
    let cpu = (cpu_seconds(sink.pid())?, scene.clickhouse_cpu_s()?);
    let mut producer = Process::start("producer", &scene.producer(TOPIC, events, rate)?)?;
    let begun = producer.line(BEGINS, PATIENCE).await?.at;
    let within = Duration::from_secs(seconds.into()) + PATIENCE;
    let mut lags = Vec::new();
    let ended = loop {
        match time::timeout(LOOK_EVERY, producer.line(ENDS, within)).await {
            Ok(line) => break line?.at,
            Err(_elapsed) => lags.push(lag(scene).await?),
        }
        ensure!(begun.elapsed() < within, "the producer does not come to its end");
    };
    let lag_end = lag(scene).await?;
    producer.ended().await?;
    let landed = loop {
        if scene.rows(TABLE).await >= events {
            break Instant::now();
        }
        ensure!(ended.elapsed() < PATIENCE, "the last events do not land");
        time::sleep(Duration::from_millis(50)).await;
    };
    let histogram = complete(&sink.metrics_url().await?, events).await?;
    let sink_cpu_s = cpu_seconds(sink.pid())? - cpu.0;
    sink.stop().await?;
    let (first, second) = lags.split_at(lags.len() / 2);
    let highest = |lags: &[u64]| lags.iter().copied().max().unwrap_or_default();
    Ok(Freshness {
        rate_per_sec: rate,
        events,
        seconds: (ended - begun).as_secs_f64(),
        p50_ms: histogram.quantile_ms(0.50).context("no row was counted")?,
        p95_ms: histogram.quantile_ms(0.95).context("no row was counted")?,
        p99_ms: histogram.quantile_ms(0.99).context("no row was counted")?,
        lag_max_first_half: highest(first),
        lag_max_second_half: highest(second),
        lag_end,
        drained_s: (landed - ended).as_secs_f64(),
        sink_cpu_s,
        clickhouse_cpu_s: scene.clickhouse_cpu_s()? - cpu.1,
    })
}

/// Records in Kafka that are not rows yet.
async fn lag(scene: &Scene) -> anyhow::Result<u64> {
    let ends: BTreeMap<i32, i64> = scene.kafka().end_offsets(TOPIC).await?;
    let rows = scene.rows(TABLE).await;
    Ok(u64::try_from(ends.values().sum::<i64>())?.saturating_sub(rows))
}

/// The histogram once it has all rows: the sink hears of its last insert after it is in the table.
async fn complete(metrics: &str, events: u64) -> anyhow::Result<Histogram> {
    let until = Instant::now() + PATIENCE;
    loop {
        let histogram = Histogram::parse(&text(metrics).await?);
        if histogram.rows() >= events as f64 {
            return Ok(histogram);
        }
        ensure!(Instant::now() < until, "the sink does not count its last rows");
        time::sleep(Duration::from_millis(50)).await;
    }
}

/// The sink's histogram of freshness: upper bounds in seconds, with rows at or below each.
struct Histogram(Vec<(f64, f64)>);

impl Histogram {
    fn parse(metrics: &str) -> Self {
        let buckets = metrics.lines().filter_map(|line| {
            let rest = line.strip_prefix("penstock_sink_freshness_seconds_bucket{")?;
            let (_, rest) = rest.split_once("le=\"")?;
            let (bound, rest) = rest.split_once('"')?;
            let (_, rows) = rest.rsplit_once(' ')?;
            Some((bound.parse().ok()?, rows.parse().ok()?))
        });
        Self(buckets.collect())
    }

    fn rows(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, rows)| *rows)
    }

    /// Rows are taken to lie evenly in their bucket, whose bounds are a fifth apart.
    fn quantile_ms(&self, share: f64) -> Option<f64> {
        let wanted = self.rows() * share;
        let place = self.0.iter().position(|(_, rows)| *rows >= wanted && *rows > 0.0)?;
        let (high, rows) = *self.0.get(place)?;
        let before = place.checked_sub(1).and_then(|place| self.0.get(place));
        let (low, below) = before.copied().unwrap_or_default();
        // The last bucket has no upper bound.
        let width = if high.is_finite() { high - low } else { 0.0 };
        Some((low + width * (wanted - below) / (rows - below)) * 1_000.0)
    }
}

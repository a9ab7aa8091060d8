//! A filled topic in, the time, CPU and memory out that the sink takes to land all of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::time;

use crate::{
    measured::Measured,
    process::Process,
    scene::{PATIENCE, Scene},
    usage::{cpu_seconds, peak_resident_bytes},
};

/// How often rows are counted. Each count costs ClickHouse well below a millisecond of CPU.
const COUNT_EVERY: Duration = Duration::from_millis(25);
/// What the sink logs when it was given a partition.
const ASSIGNED: &str = "\"partition assigned\"";

/// Runs `program`, a sink, as it is shipped, in a new group and into a new table. Its clock runs
/// from its first assignment until the table has all rows; its CPU counts from its start.
pub(crate) async fn run(
    scene: &Scene,
    program: &'static str,
    topic: &str,
) -> anyhow::Result<Measured> {
    scene.quiet().await?;
    let table = format!("shop.{topic}");
    let clickhouse_cpu = scene.clickhouse_cpu_s()?;
    let name = format!("{program}-{}", topic.replace('_', "-"));
    let mut sink = Process::start(program, &scene.sink(&name, topic, topic)?)?;
    let assigned = sink.line(ASSIGNED, PATIENCE).await?.at;
    let landed = until_landed(scene, &table, assigned).await?;
    let process_cpu_s = cpu_seconds(sink.pid())?;
    let clickhouse_cpu_s = scene.clickhouse_cpu_s()? - clickhouse_cpu;
    let rss_bytes = peak_resident_bytes(sink.pid())?;
    let metrics = text(&sink.metrics_url().await?).await?;
    let start_s = (assigned - sink.started).as_secs_f64();
    sink.stop().await?;
    scene.quiet().await?;
    let clickhouse_merged_cpu_s = scene.clickhouse_cpu_s()? - clickhouse_cpu;
    check(scene, &table).await?;
    scene.drop_table(&table).await?;
    Ok(Measured {
        wall_s: (landed - assigned).as_secs_f64(),
        process_cpu_s: Some(process_cpu_s),
        clickhouse_cpu_s: Some(clickhouse_cpu_s),
        clickhouse_merged_cpu_s: Some(clickhouse_merged_cpu_s),
        rss_bytes: Some(rss_bytes),
        inserts: count(&metrics, "penstock_sink_insert_seconds_count"),
        start_s: Some(start_s),
    })
}

/// What a URL on this machine answers.
pub(crate) async fn text(url: &str) -> anyhow::Result<String> {
    let answer = reqwest::get(url).await.context("ask for metrics")?;
    answer.error_for_status()?.text().await.context("read metrics")
}

async fn until_landed(scene: &Scene, table: &str, since: Instant) -> anyhow::Result<Instant> {
    loop {
        let rows = scene.rows(table).await;
        let now = Instant::now();
        if rows >= scene.events {
            return Ok(now);
        }
        ensure!(now < since + PATIENCE, "only {rows} rows of {} have landed", scene.events);
        time::sleep(COUNT_EVERY).await;
    }
}

/// A speed at which rows get lost or doubled is none.
async fn check(scene: &Scene, table: &str) -> anyhow::Result<()> {
    let (rows, events) = (scene.rows(table).await, scene.events);
    let sql = format!("SELECT uniqExact(_topic, _partition, _offset) FROM {table}");
    let distinct = scene.clickhouse().count(&sql).await?;
    ensure!(
        rows == events && distinct == events,
        "{events} events became {rows} rows of {distinct} records"
    );
    Ok(())
}

fn count(metrics: &str, name: &str) -> Option<u64> {
    let line = metrics.lines().find(|line| line.starts_with(name))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

//! Promise: while ClickHouse is away the sink waits, and every record lands once afterwards.

use std::time::{Duration, Instant};

use testkit::{Proxy, Record, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene, partition, row};

const AWAY: Duration = Duration::from_secs(10);

#[tokio::test]
async fn ten_seconds_without_clickhouse_lose_and_double_nothing() -> anyhow::Result<()> {
    let mut scene = Scene::new(3).await?;
    let proxy = Proxy::start(&scene.servers.clickhouse_http).await?;
    scene.clickhouse_url = proxy.url(&scene.servers.clickhouse_http);
    let id = scene.register(SCHEMA).await?;
    let note = "x".repeat(100);
    let records = |from: i64, count: i64| -> Vec<Record> {
        (from..from + count)
            .map(|n| Record::of(row(id, n, &note)).to_partition(partition(n, 3)))
            .collect()
    };
    scene.produce(records(0, 1_000)).await?;
    let sink = scene.sink().await?;
    scene.until_committed(1_000).await?;

    let away = Instant::now();
    let mut next = 1_000;
    while away.elapsed() < AWAY {
        proxy.refuse(); // no new connections; with the cut, none at all
        scene.produce(records(next, 500)).await?;
        next += 500;
        proxy.cut();
    }
    eventually("inserts are being repeated", PATIENCE, async || {
        sink.metric("penstock_sink_insert_retries_total", "").await.is_ok_and(|found| found > 0.0)
    })
    .await?;
    let committed = scene.committed().await?;
    assert!(committed < next, "nothing was away");
    proxy.resume();
    scene.until_committed(next).await?;

    scene.expect_ids(0..next).await?;
    let letters = scene.kafka().read_all(&scene.dead_letter_topic()).await?;
    assert!(letters.is_empty(), "{} dead letters", letters.len());
    assert!(sink.stop().await?.success());
    Ok(())
}

/// A backlog larger than the memory budget while nothing can be inserted.
#[tokio::test]
async fn memory_stays_within_the_budget_while_nothing_can_be_inserted() -> anyhow::Result<()> {
    const BYTES_MAX: usize = 16 * 1024 * 1024;
    let mut scene = Scene::new(3).await?;
    let proxy = Proxy::start(&scene.servers.clickhouse_http).await?;
    scene.clickhouse_url = proxy.url(&scene.servers.clickhouse_http);
    scene.env.push(("SINK__MEMORY__BYTES_MAX", BYTES_MAX.to_string()));
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    scene.produce(vec![Record::of(row(id, 0, "first"))]).await?;
    scene.until_committed(1).await?;

    proxy.pause();
    let note = "x".repeat(1_000);
    let records = 40_000; // 40 MB, more than twice the budget
    let all = (1..=records).map(|n| Record::of(row(id, n, &note)).to_partition(partition(n, 3)));
    scene.produce(all.collect()).await?;
    eventually("the sink waits for memory", PATIENCE, async || {
        let waits = sink.metric("penstock_sink_waits_total", "reason=\"memory\"").await;
        waits.is_ok_and(|found| found > 0.0)
    })
    .await?;
    let held = sink.metric("penstock_sink_memory_bytes", "").await?;
    // Five eighths are for batches; a burst of a thousand records may come on top.
    let limit = BYTES_MAX as f64 * 0.625 + 1_000.0 * 1_100.0;
    assert!(held <= limit, "{held} bytes held");

    proxy.resume();
    scene.until_committed(records + 1).await?;
    scene.expect_ids(0..=records).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

//! Promise: docs/metrics.md lists what a sink serves at /metrics, and what it serves is true.

use std::time::{SystemTime, UNIX_EPOCH};

use testkit::{Proxy, Record, eventually, expect_documented};

use crate::fixture::{PATIENCE, SCHEMA, Scene};

#[tokio::test]
async fn every_metric_is_documented_and_shown_before_anything_happens() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    let served = sink.get("metrics").await?;
    let letters = "penstock_sink_dead_letters_total{pipeline=";
    assert!(served.lines().any(|line| line.starts_with(letters) && line.ends_with(" 0")));
    expect_documented("sink", &served)?;
    assert_eq!(sink.metric("penstock_ready", "").await?, 1.0);
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_sink_that_cannot_read_its_pipelines_says_that_it_is_not_ready() -> anyhow::Result<()> {
    let kafka = Proxy::unconnected().await?; // closes every connection
    let mut scene = Scene::new(1).await?;
    scene.brokers = kafka.address().to_string();
    let sink = scene.started(&["--selector", "team=retail"]).await?;
    assert!(sink.get("readyz").await.is_err(), "ready without its pipelines");
    let served = sink.get("metrics").await?;
    assert!(served.lines().any(|line| line == "penstock_ready 0"), "{served}");
    Ok(())
}

#[tokio::test]
async fn records_inserts_and_commits_are_counted_and_have_their_times() -> anyhow::Result<()> {
    let scene = Scene::new(2).await?;
    let id = scene.register(SCHEMA).await?;
    let before = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64().floor();
    scene.produce_rows(id, 0..90, 2).await?;
    scene.produce((0..10).map(|_| Record::of("not framed")).collect()).await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;

    assert_eq!(sink.metric("penstock_sink_records_total", "").await?, 100.0);
    assert_eq!(sink.metric("penstock_sink_rows_total", "").await?, 90.0);
    assert_eq!(sink.metric("penstock_sink_dead_letters_total", "\"bad-magic\"").await?, 10.0);
    assert_eq!(sink.metric("penstock_sink_insert_errors_total", "").await?, 0.0);
    for last in ["insert", "commit"] {
        let name = format!("penstock_sink_last_{last}_timestamp_seconds");
        assert!(sink.metric(&name, "").await? >= before, "{name}");
    }
    eventually("no lag is left", PATIENCE, async || {
        sink.metric("penstock_sink_lag_records", "").await.is_ok_and(|lag| lag == 0.0)
    })
    .await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

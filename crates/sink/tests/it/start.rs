//! Promise: `start` says where a pipeline that never ran begins, and only there.

use testkit::Record;

use crate::fixture::{SCHEMA, Scene, row};

fn records(schema_id: u32, from: i64, timestamp_ms: Option<i64>) -> Vec<Record> {
    (from..from + 10)
        .map(|n| Record { timestamp_ms, ..Record::of(row(schema_id, n, "start")) })
        .collect()
}

#[tokio::test]
async fn latest_takes_what_comes_from_now_on_and_goes_on_there() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.source = "  start: latest\n".to_owned();
    let id = scene.register(SCHEMA).await?;
    scene.produce(records(id, 0, None)).await?;
    let sink = scene.sink().await?;
    scene.until_committed(10).await?; // resolved and committed before any record is taken
    assert!(sink.stop().await?.success());

    scene.produce(records(id, 10, None)).await?; // while no sink runs
    let sink = scene.sink().await?;
    scene.until_committed(20).await?;
    assert!(sink.stop().await?.success());
    scene.expect_ids(10..20).await
}

#[tokio::test]
async fn a_timestamp_takes_what_is_not_older() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.source = "  start: {timestamp: 1750000000000}\n".to_owned();
    let id = scene.register(SCHEMA).await?;
    scene.produce(records(id, 0, Some(1_749_999_999_999))).await?;
    scene.produce(records(id, 10, Some(1_750_000_000_000))).await?;
    let sink = scene.sink().await?;
    scene.until_committed(20).await?;
    assert!(sink.stop().await?.success());
    scene.expect_ids(10..20).await
}

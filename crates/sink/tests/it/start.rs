//! Promise: `start` says where a pipeline that never ran begins, and only there.

use anyhow::Context;
use testkit::Record;
use tokio::time::timeout;

use crate::fixture::{PATIENCE, SCHEMA, Scene, row};

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

#[tokio::test]
async fn a_partition_added_under_latest_is_read_from_its_first_record() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.source = "  start: latest\n".to_owned();
    scene.properties(&[r#""topic.metadata.refresh.interval.ms"="1000""#]);
    let id = scene.register(SCHEMA).await?;
    scene.produce(records(id, 0, None)).await?;
    let sink = scene.sink().await?;
    scene.until_committed(10).await?;

    sink.freeze()?; // so that it cannot notice before the records are there
    scene.kafka().add_partitions(&scene.topic, 2).await?;
    let added = records(id, 10, None).into_iter().map(|record| record.to_partition(1));
    scene.produce(added.collect()).await?;
    sink.thaw()?;
    scene.until_committed(20).await?;
    assert!(sink.stop().await?.success());
    scene.expect_ids(10..20).await
}

/// Whoever is second begins where the first did, not where the topic ends by then.
#[tokio::test]
async fn two_sinks_that_begin_at_once_have_one_latest() -> anyhow::Result<()> {
    const PARTITIONS: i64 = 8;
    let mut scene = Scene::new(8).await?;
    scene.source = "  start: latest\n".to_owned();
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..80, PARTITIONS).await?; // older than both
    // Records come all the while; `next` is the first that is produced after one of the sinks has
    // resolved its start.
    let mut next = 80;
    let mut first_new = None;
    let (one, two) = (scene.unready_sink(), scene.unready_sink());
    let begin = async { tokio::try_join!(one, two) };
    let write = async {
        loop {
            if first_new.is_none() {
                // A broker that is new itself has no coordinator at first.
                let committed = scene.kafka().committed(&scene.group(), &scene.topic).await;
                first_new = committed.is_ok_and(|found| !found.is_empty()).then_some(next);
            }
            scene.produce_rows(id, next..next + 80, PARTITIONS).await?;
            next += 80;
            if first_new.is_some_and(|first| next >= first + 800) {
                return anyhow::Ok(());
            }
        }
    };
    let (sinks, written) = tokio::join!(begin, timeout(PATIENCE, write));
    let (one, two) = sinks?;
    written.context("no start is resolved")??;
    one.until_assigned(4.0).await?;
    two.until_assigned(4.0).await?;
    scene.until_committed(next).await?;
    assert!(one.stop().await?.success());
    assert!(two.stop().await?.success());

    let first_new = first_new.unwrap_or(next);
    let found = scene
        .sql(&format!(
            "SELECT count() - uniqExact(id), countIf(id < 80), countIf(id >= {first_new}) \
             FROM {{t}}"
        ))
        .await?;
    // None doubled, none older than both, none newer than the start of one of them lost.
    assert_eq!(found, format!("0\t0\t{}", next - first_new));
    Ok(())
}

/// As when the first of two sinks has resolved its half, and the second comes to its own only
/// after a while.
#[tokio::test]
async fn a_sink_that_is_second_begins_where_the_first_did() -> anyhow::Result<()> {
    let mut scene = Scene::new(2).await?;
    scene.source = "  start: latest\n".to_owned();
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..10, 2).await?;
    let first = scene.sink().await?;
    scene.until_committed(10).await?;
    assert!(first.stop().await?.success());
    let mut committed = scene.kafka().committed(&scene.group(), &scene.topic).await?;
    scene.kafka().delete_group(&scene.group()).await?;
    committed.remove(&1);
    scene.kafka().restore(&scene.group(), &scene.topic, &committed).await?;

    scene.produce_rows(id, 10..20, 2).await?;
    let second = scene.sink().await?;
    scene.until_committed(20).await?;
    assert!(second.stop().await?.success());
    scene.expect_ids(10..20).await
}

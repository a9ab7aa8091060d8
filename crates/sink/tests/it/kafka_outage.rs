//! Promise: a broker that hangs or dies is waited for, and every record lands once afterwards.

use std::time::Duration;

use local_stack::Part;
use testkit::{OwnStack, Signal, eventually};

use crate::{
    fixture::{PATIENCE, SCHEMA, Scene},
    process::Sink,
};

const FROZEN: Duration = Duration::from_secs(30);
const PARTITIONS: i64 = 3;
/// So many that the broker goes while they are on their way.
const BACKLOG: i64 = 100_000;

/// One sink through both faults: a start of these servers costs more than the test.
#[tokio::test]
async fn a_broker_that_freezes_or_dies_loses_and_doubles_nothing() -> anyhow::Result<()> {
    let own = testkit::own_stack(&[Part::Kafka, Part::Registry, Part::ClickHouse], |_| {}).await?;
    let mut scene = Scene::on(Box::leak(Box::new(own.servers()?)), 3).await?;
    // Many small batches, so that there is always a commit under way.
    scene.document = "batch: {rows_max: 1000}\n".to_owned();
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    freeze(&own, &scene, &sink, id).await?;
    scene.expect_ids(0..BACKLOG).await?;
    die(&own, &scene, &sink, id).await?;
    scene.expect_ids(0..2 * BACKLOG).await?;
    // The same process all the time: another would have another port.
    assert!(sink.stop().await?.success());
    own.stop().await
}

async fn freeze(own: &OwnStack, scene: &Scene, sink: &Sink, id: u32) -> anyhow::Result<()> {
    scene.produce_rows(id, 0..BACKLOG, PARTITIONS).await?;
    scene.until_rows(1).await?;
    own.stack().signal(Part::Kafka, Signal::Freeze).await?;
    assert!(scene.rows().await < BACKLOG.cast_unsigned(), "all had landed before");
    tokio::time::sleep(FROZEN).await; // the fault itself lasts so long
    let rows = scene.rows().await;
    assert!(rows < BACKLOG.cast_unsigned(), "rows that no commit announced");
    own.stack().signal(Part::Kafka, Signal::Continue).await?;
    scene.until_committed(BACKLOG).await?;
    let longest = sink.metric("penstock_sink_commit_seconds_sum", "").await?;
    let repeated = sink.log_has("offsets not committed");
    let half = FROZEN.as_secs_f64() / 2.0;
    assert!(longest > half || repeated, "no commit was under way: {longest} s in all");
    Ok(())
}

async fn die(own: &OwnStack, scene: &Scene, sink: &Sink, id: u32) -> anyhow::Result<()> {
    scene.produce_rows(id, BACKLOG..2 * BACKLOG, PARTITIONS).await?;
    let before = BACKLOG.cast_unsigned();
    eventually("rows arrive", PATIENCE, async || scene.rows().await > before).await?;
    own.stack().kill(Part::Kafka).await?;
    assert!(scene.rows().await < 2 * before, "all had landed before");
    own.stack().restart(Part::Kafka).await?;
    scene.until_committed(2 * BACKLOG).await?;
    assert!(sink.get("livez").await.is_ok());
    Ok(())
}

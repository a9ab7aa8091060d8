//! Promise: a group whose offsets are gone although it has worked before stops, instead of reading
//! everything again or skipping anything. That it has worked is seen by the rows in the table, and
//! where sinks follow the store by the copies of its offsets.

use std::time::Duration;

use pipeline_spec::status::RunState;
use testkit::{Record, Servers, eventually};

use crate::{
    fixture::{PATIENCE, SCHEMA, Scene, row},
    stored::StoredScene,
};

const LOST: &str = "offsets-lost";

/// Lands rows 0 to 99 of two partitions and stops the sink.
async fn landed(scene: &Scene) -> anyhow::Result<u32> {
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..100, 2).await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;
    assert!(sink.stop().await?.success());
    Ok(id)
}

/// Checks that nothing moves until somebody commits by hand, and that it goes on there then.
async fn stops_until_committed_by_hand(scene: &Scene, schema_id: u32) -> anyhow::Result<()> {
    scene.produce_rows(schema_id, 100..150, 2).await?;
    let sink = scene.sink().await?;
    sink.until_stopped(LOST, 2.0).await?;
    assert!(sink.log_has("commit where to go on (50 if nothing but"), "it does not say where");
    // A partition that had not stopped would have landed by the time the sink has drained.
    assert!(sink.stop().await?.success());
    assert_eq!(scene.rows().await, 100, "rows of a partition whose offset is lost");
    assert_eq!(scene.committed().await?, 0, "an offset that nobody knows");

    scene.kafka().commit(&scene.group(), &scene.topic, &[(0, 50), (1, 50)]).await?;
    let sink = scene.sink().await?;
    scene.until_committed(150).await?;
    scene.expect_ids(0..150).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_deleted_group_stops_until_a_person_says_where_to_go_on() -> anyhow::Result<()> {
    let scene = Scene::new(2).await?;
    let id = landed(&scene).await?;
    scene.kafka().delete_group(&scene.group()).await?;
    stops_until_committed_by_hand(&scene, id).await
}

/// On a broker whose groups are forgotten after a minute.
pub(crate) async fn expired_offsets_stop(servers: &'static Servers) -> anyhow::Result<()> {
    let scene = Scene::on(servers, 2).await?;
    let id = landed(&scene).await?;
    eventually("the offsets expire", Duration::from_secs(90), async || {
        scene.committed().await.is_ok_and(|sum| sum == 0)
    })
    .await?;
    stops_until_committed_by_hand(&scene, id).await
}

#[tokio::test]
async fn an_emptied_table_is_filled_anew_from_the_start() -> anyhow::Result<()> {
    let scene = Scene::new(2).await?;
    landed(&scene).await?;
    scene.kafka().delete_group(&scene.group()).await?;
    scene.sql("TRUNCATE TABLE {t}").await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;
    scene.expect_ids(0..100).await?;
    let stopped = sink.metric("penstock_sink_stopped_partitions", "").await?;
    assert!(stopped < 0.5, "{stopped} partitions stopped");
    assert!(sink.stop().await?.success());
    Ok(())
}

/// Only what has no offset stops: the others go on.
#[tokio::test]
async fn a_partition_whose_offset_is_known_goes_on_beside_one_whose_is_lost() -> anyhow::Result<()>
{
    let scene = Scene::new(2).await?;
    let id = landed(&scene).await?;
    scene.kafka().delete_group(&scene.group()).await?;
    scene.kafka().commit(&scene.group(), &scene.topic, &[(1, 50)]).await?;
    scene.produce_rows(id, 100..150, 2).await?;
    let sink = scene.sink().await?;
    sink.until_stopped(LOST, 1.0).await?;
    eventually("the other one lands", PATIENCE, async || scene.rows().await >= 125).await?;
    assert!(sink.stop().await?.success());
    scene.expect_ids((0..100).chain((100..150).filter(|n| n % 2 == 1))).await
}

/// Partition 0 has made rows, which have expired since; partition 1 has made dead letters only.
#[tokio::test]
async fn a_copied_offset_is_missed_where_the_table_holds_no_rows() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    let scene = &stored.scene;
    stored.create().await?;
    let sink = stored.sink("").await?;
    let rows = (0..50).map(|n| Record::of(row(stored.schema_id, n, "row")).to_partition(0));
    let bad = (0..50).map(|_| Record::of(b"bad".to_vec()).to_partition(1));
    scene.produce(rows.chain(bad).collect()).await?;
    scene.until_committed(100).await?;
    eventually("the offsets are copied", PATIENCE, async || {
        (0..2).all(|partition| stored.mirror(partition).is_some_and(|copy| copy.offset == 50))
    })
    .await?;
    assert!(sink.stop().await?.success());
    scene.sql("TRUNCATE TABLE {t}").await?;
    scene.kafka().delete_group(&scene.group()).await?;

    scene.produce_rows(stored.schema_id, 100..150, 2).await?;
    let sink = stored.sink("").await?;
    sink.until_stopped(LOST, 2.0).await?;
    assert!(sink.log_has("set where to go on (50 if nothing but"), "it does not say where");
    let failed = stored.until("it has failed", |one| one.state == RunState::Failed).await?;
    assert_eq!(failed.reason.as_deref(), Some(LOST));
    let letters = async || scene.kafka().read_all(&scene.dead_letter_topic()).await;
    assert_eq!((scene.rows().await, letters().await?.len()), (0, 50), "read again");
    assert_eq!(scene.committed().await?, 0, "an offset that nobody knows");

    let id = stored.reset(&[(0, 50), (1, 50)]).await?;
    let is_set = |partition| {
        stored.mirror(partition).is_some_and(|copy| copy.reset.as_deref() == Some(id.as_str()))
    };
    eventually("both are set", PATIENCE, async || (0..2).all(is_set)).await?;
    stored.edit(|stored| stored.reset = None).await?;
    scene.until_committed(150).await?;
    scene.expect_ids(100..150).await?;
    assert_eq!(letters().await?.len(), 50);
    assert!(sink.stop().await?.success());
    Ok(())
}

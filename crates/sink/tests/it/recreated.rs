//! Promise: a topic that is deleted and created again under its name while a sink reads it stops its
//! partitions. No record of the new topic is passed over, and none lands at an offset of the old one.

use std::collections::BTreeMap;

use pipeline_spec::{State, status::RunState};
use testkit::eventually;

use crate::{
    fixture::{PATIENCE, SCHEMA, Scene},
    process::Sink,
    stored::StoredScene,
};

const RECREATED: &str = "topic-recreated";

/// Deletes the topic, and creates another one of its name as soon as Kafka lets us.
async fn create_again(scene: &Scene, partitions: i32) -> anyhow::Result<()> {
    scene.kafka().delete_topic(&scene.topic).await?;
    create(scene, partitions).await
}

async fn create(scene: &Scene, partitions: i32) -> anyhow::Result<()> {
    eventually("the topic can be created", PATIENCE, async || {
        scene.kafka().create_topic(&scene.topic, partitions, &[]).await.is_ok()
    })
    .await
}

/// Of each partition, the committed offset and the id of the topic that it is of.
async fn committed(scene: &Scene) -> anyhow::Result<BTreeMap<i32, (i64, String)>> {
    let found = scene.kafka().committed(&scene.group(), &scene.topic).await?;
    let of = |text: &str| text.split(';').nth(1).unwrap_or_default().to_owned();
    Ok(found.into_iter().map(|(id, one)| (id, (one.offset, of(&one.metadata)))).collect())
}

/// Checks that all partitions have stopped, and that nobody takes their offsets for those of the
/// new topic.
async fn expect_stopped(
    scene: &Scene,
    sink: Sink,
    before: &BTreeMap<i32, (i64, String)>,
) -> anyhow::Result<()> {
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    sink.until_stopped(RECREATED, before.len() as f64).await?;
    assert!(!sink.log_has("commit an offset from first to end"), "that would pass records over");
    let rows = scene.rows().await;
    // What it had taken would have landed by the time it has drained.
    assert!(sink.stop().await?.success());
    assert_eq!((rows, scene.rows().await), (100, 100), "rows of the new topic");
    assert_eq!(committed(scene).await?, *before);
    Ok(())
}

/// The offsets that were reached in the old topic are offsets of the new one, too.
#[tokio::test]
async fn a_longer_topic_stops_until_a_person_says_where_to_go_on() -> anyhow::Result<()> {
    let scene = Scene::new(2).await?;
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..100, 2).await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;
    let before = committed(&scene).await?;
    assert_eq!(before.len(), 2);

    sink.freeze()?;
    create_again(&scene, 2).await?;
    scene.produce_rows(id, 1_000..1_200, 2).await?;
    sink.thaw()?;
    expect_stopped(&scene, sink, &before).await?;
    // And so does whoever comes next.
    expect_stopped(&scene, scene.sink().await?, &before).await?;

    scene.kafka().commit(&scene.group(), &scene.topic, &[(0, 0), (1, 0)]).await?;
    let sink = scene.sink().await?;
    scene.until_committed(200).await?;
    scene.expect_ids((0..100).chain(1_000..1_200)).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

/// Everything of the new topic is above the offset that was reached in the old one, so that only
/// what is asked before an insert keeps its rows out.
#[tokio::test]
async fn a_topic_that_was_empty_takes_no_rows_of_its_successor() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    let id = scene.register(SCHEMA).await?;
    let sink = scene.sink().await?;
    eventually("the start is committed", PATIENCE, async || {
        committed(&scene).await.is_ok_and(|found| found.len() == 1)
    })
    .await?;
    create_again(&scene, 1).await?;
    scene.produce_rows(id, 0..100, 1).await?;
    sink.until_stopped(RECREATED, 1.0).await?;
    assert!(sink.stop().await?.success());
    assert_eq!(scene.rows().await, 0, "rows of the new topic");

    scene.kafka().delete_group(&scene.group()).await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;
    scene.expect_ids(0..100).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

/// The offsets that were reached in the old topic are beyond the end of the new one.
#[tokio::test]
async fn a_shorter_topic_goes_on_where_a_reset_says() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    let scene = &stored.scene;
    stored.create().await?;
    let sink = stored.sink("").await?;
    scene.produce_rows(stored.schema_id, 0..100, 2).await?;
    scene.until_committed(100).await?;

    create_again(scene, 2).await?;
    scene.produce_rows(stored.schema_id, 1_000..1_010, 2).await?;
    sink.until_stopped(RECREATED, 2.0).await?;
    assert!(!sink.log_has("commit an offset from first to end"), "that would pass records over");
    assert_eq!(scene.rows().await, 100, "rows of the new topic");
    let failed = stored.until("it has failed", |one| one.state == RunState::Failed).await?;
    assert_eq!(failed.reason.as_deref(), Some(RECREATED));
    lands_after_a_reset(&stored, sink).await
}

/// Kafka has removed the offsets with the topic, and nobody was there to commit them again.
#[tokio::test]
async fn a_topic_that_comes_again_after_its_partitions_were_given_back_stops() -> anyhow::Result<()>
{
    let scene = Scene::new(2).await?;
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..100, 2).await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;
    scene.kafka().delete_topic(&scene.topic).await?;
    sink.until_assigned(0.0).await?;
    create(&scene, 2).await?;
    scene.produce_rows(id, 1_000..1_200, 2).await?;
    sink.until_stopped("offsets-lost", 2.0).await?;
    assert!(sink.log_has("and 0 if the topic was deleted and created again"));
    assert!(sink.stop().await?.success());
    assert_eq!((scene.rows().await, scene.committed().await?), (100, 0));
    Ok(())
}

/// Nothing is fetched or inserted that could show it.
#[tokio::test]
async fn a_paused_pipeline_notices_it_as_well() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    let scene = &stored.scene;
    stored.create().await?;
    let sink = stored.sink("").await?;
    scene.produce_rows(stored.schema_id, 0..100, 2).await?;
    scene.until_committed(100).await?;
    let version = stored.set(State::Paused).await?;
    stored.until_state(RunState::Paused, version).await?;
    let before = committed(scene).await?;

    create_again(scene, 2).await?;
    scene.produce_rows(stored.schema_id, 1_000..1_010, 2).await?;
    sink.until_stopped(RECREATED, 2.0).await?;
    // Kafka has removed them with the topic. Whoever comes next is to know why it stops.
    eventually("the offsets of the old topic are committed again", PATIENCE, async || {
        committed(scene).await.is_ok_and(|found| found == before)
    })
    .await?;
    stored.set(State::Running).await?;
    lands_after_a_reset(&stored, sink).await
}

/// Goes on at the beginning of the new topic, whose ten records land once.
async fn lands_after_a_reset(stored: &StoredScene, sink: Sink) -> anyhow::Result<()> {
    let scene = &stored.scene;
    let id = stored.reset(&[(0, 0), (1, 0)]).await?;
    let is_set = |partition| {
        stored.mirror(partition).is_some_and(|copy| copy.reset.as_deref() == Some(id.as_str()))
    };
    eventually("both are set", PATIENCE, async || (0..2).all(is_set)).await?;
    stored.edit(|stored| stored.reset = None).await?;
    scene.until_rows(110).await?;
    scene.expect_ids((0..100).chain(1_000..1_010)).await?;
    stored.until("it runs", |one| one.state == RunState::Running).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

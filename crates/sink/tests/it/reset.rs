//! Promise: offsets that a person has set are carried out by the owners of the partitions, once,
//! while the pipeline is paused or the partition has stopped. Until all of them are set, and rows
//! that go with them are gone, nothing moves.

use pipeline_spec::{
    State,
    status::{InstanceStatus, RunState},
};
use testkit::{Proxy, Record, eventually};

use crate::{fixture::PATIENCE, stored::StoredScene};

impl StoredScene {
    async fn until_mirrored(&self, partitions: &[i32], reset: &str) -> anyhow::Result<()> {
        eventually("the reset is carried out", PATIENCE, async || {
            let carried_out = |partition| {
                self.mirror(partition).is_some_and(|copy| copy.reset.as_deref() == Some(reset))
            };
            partitions.iter().all(|partition| carried_out(*partition))
        })
        .await
    }

    /// Waits until the only instance has seen so many records that it does not read, because of a
    /// reset in `version` of the pipeline.
    async fn until_waiting(&self, records: i64, version: u64) -> anyhow::Result<()> {
        let waits = |one: &InstanceStatus| {
            let lag: i64 = one.partitions.iter().filter_map(|partition| partition.lag).sum();
            (one.state, lag) == (RunState::Starting, records) && one.version >= version
        };
        self.until("it waits for the reset", waits).await.map(drop)
    }

    /// Lets Kafka take no status any more, so that what a sink does is heard by nobody; or again.
    async fn hush(&self, hushed: bool) -> anyhow::Result<()> {
        let topic = format!("{}.status", self.scene.namespace);
        let bytes_max = if hushed { "1" } else { "1048588" };
        let settings = [("cleanup.policy", "compact"), ("max.message.bytes", bytes_max)];
        self.scene.kafka().set_topic(&topic, &settings).await
    }

    /// How often the offset of partition 0 was set by hand.
    async fn rewinds(&self) -> anyhow::Result<String> {
        let found = self.scene.kafka().committed(&self.scene.group(), &self.scene.topic).await?;
        let rewinds = found[&0].metadata.split(';').nth(2).unwrap_or_default();
        Ok(rewinds.split('.').next().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn what_is_past_the_offset_lands_once_more() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    stored.create().await?;
    let (first, second) = (stored.sink("").await?, stored.sink("").await?);
    stored.scene.produce_rows(stored.schema_id, 0..200, 2).await?;
    stored.scene.until_committed(200).await?;

    let version = stored.set(State::Paused).await?;
    stored.until_state(RunState::Paused, version).await?;
    let id = stored.reset(&[(0, 40), (1, 60)]).await?;
    stored.until_mirrored(&[0, 1], &id).await?;
    assert_eq!(stored.scene.committed().await?, 100);
    let found = stored.scene.kafka().committed(&stored.scene.group(), &stored.scene.topic).await?;
    for one in found.values() {
        let rewinds = one.metadata.split(';').nth(2);
        assert!(rewinds.is_some_and(|rewinds| rewinds != "0"), "{one:?}");
        assert!(one.metadata.ends_with(';'), "names a range: {one:?}");
    }
    assert_eq!(stored.scene.rows().await, 200, "it is paused");

    stored
        .edit(|stored| {
            stored.reset = None;
            stored.spec.state = State::Running;
        })
        .await?;
    stored.scene.until_committed(200).await?;
    let expected =
        (0..200).chain((0..200).filter(|id| id / 2 >= if id % 2 == 0 { 40 } else { 60 }));
    stored.scene.expect_ids(expected).await?;
    assert!(first.stop().await?.success());
    assert!(second.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_running_pipeline_waits_until_all_is_set_and_rows_are_gone() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.scene.produce_rows(stored.schema_id, 0..100, 2).await?;
    stored.scene.until_committed(100).await?;

    // Nobody owns partition 2, so that it is not set.
    let id = stored.reset(&[(0, 20), (1, 30), (2, 0)]).await?;
    stored.until_mirrored(&[0, 1], &id).await?;
    stored.scene.produce_rows(stored.schema_id, 100..110, 2).await?;
    stored.until_waiting(60, 1).await?;
    let version = stored.edit(|stored| {
        if let Some(reset) = &mut stored.reset {
            reset.offsets.retain(|one| one.partition < 2);
            reset.delete_rows = true;
        }
    });
    stored.until_waiting(60, version.await?).await?;
    assert_eq!((stored.scene.committed().await?, stored.scene.rows().await), (50, 100));

    stored.edit(|stored| stored.reset.iter_mut().for_each(|one| one.delete_rows = false)).await?;
    stored.scene.until_committed(110).await?;
    let again = (0..100).filter(|id| id / 2 >= if id % 2 == 0 { 20 } else { 30 });
    stored.scene.expect_ids((0..110).chain(again)).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_partition_that_stopped_goes_on_from_there() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(1).await?;
    stored.scene.document = "on_error: stop\n".to_owned();
    stored.create().await?;
    let sink = stored.sink("").await?;
    let bad = Record::of(b"bad".to_vec());
    stored.scene.produce_rows(stored.schema_id, 0..10, 1).await?;
    stored.scene.produce(vec![bad]).await?;
    stored.scene.produce_rows(stored.schema_id, 10..20, 1).await?;
    let failed = stored.until("it has stopped", |one| one.state == RunState::Failed).await?;
    assert_eq!(failed.reason.as_deref(), Some("bad-record"));
    stored.scene.until_committed(10).await?;

    let id = stored.reset(&[(0, 11)]).await?;
    stored.until_mirrored(&[0], &id).await?;
    stored.edit(|stored| stored.reset = None).await?;
    stored.scene.until_committed(21).await?;
    stored.scene.expect_ids(0..20).await?;
    stored.until("it runs again", |one| one.state == RunState::Running).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn an_owner_that_dies_before_it_could_tell_has_reset_once() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(1).await?;
    stored.scene.document = "on_error: stop\n".to_owned();
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.scene.produce_rows(stored.schema_id, 0..10, 1).await?;
    stored.scene.produce(vec![Record::of(b"bad".to_vec())]).await?;
    stored.until("it has stopped", |one| one.state == RunState::Failed).await?;
    stored.scene.until_committed(10).await?;

    stored.hush(true).await?;
    let id = stored.reset(&[(0, 5)]).await?;
    sink.until_log("offset was set by hand").await?;
    sink.kill().await?;
    assert!(stored.mirror(0).is_none_or(|copy| copy.reset.is_none()), "it could tell");
    stored.hush(false).await?;

    // The same record stops the partition again, so that a reset might be carried out.
    let sink = stored.sink("").await?;
    sink.until_stopped("bad-record", 1.0).await?;
    stored.until_mirrored(&[0], &id).await?;
    stored.scene.until_committed(10).await?;
    stored.scene.expect_ids((0..10).chain(5..10)).await?;
    assert_eq!((stored.rewinds().await?.as_str(), sink.log_count("set by hand")), ("1", 0));
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn an_owner_that_dies_before_it_commits_leaves_the_reset_to_the_next() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(1).await?;
    let direct = stored.scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    stored.scene.clickhouse_url = proxy.url(&direct);
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.scene.produce_rows(stored.schema_id, 0..10, 1).await?;
    stored.scene.until_committed(10).await?;
    proxy.pause();
    stored.scene.produce_rows(stored.schema_id, 10..20, 1).await?;
    stored.scene.until_announced().await?;
    let version = stored.set(State::Paused).await?;
    stored.until_state(RunState::Paused, version).await?;
    let id = stored.reset(&[(0, 5)]).await?;
    sink.until_log("what is under way is finished first").await?;
    sink.kill().await?;
    assert_eq!((stored.scene.committed().await?, stored.rewinds().await?.as_str()), (10, "0"));

    stored.scene.clickhouse_url = direct; // what the proxy holds never arrives
    let sink = stored.sink("").await?;
    stored.until_mirrored(&[0], &id).await?;
    assert_eq!((stored.scene.committed().await?, stored.rewinds().await?.as_str()), (5, "1"));
    assert_eq!(stored.scene.rows().await, 10, "it is paused");
    stored
        .edit(|stored| {
            stored.reset = None;
            stored.spec.state = State::Running;
        })
        .await?;
    stored.scene.until_committed(20).await?;
    stored.scene.expect_ids((0..20).chain(5..10)).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

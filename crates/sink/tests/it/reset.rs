//! Promise: offsets that a person has set are carried out by the owners of the partitions, once,
//! while the pipeline is paused or the partition has stopped.

use pipeline_spec::{State, status::RunState};
use testkit::eventually;

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
}

#[tokio::test]
async fn what_is_past_the_offset_lands_once_more() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    stored.create().await?;
    let (first, second) = (stored.sink("").await?, stored.sink("").await?);
    stored.scene.produce_rows(stored.schema_id, 0..200, 2).await?;
    stored.scene.until_committed(200).await?;

    // Not before it is paused.
    let id = stored.reset(&[(0, 40), (1, 60)]).await?;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(stored.scene.committed().await?, 200);
    let version = stored.set(State::Paused).await?;
    stored.until_state(RunState::Paused, version).await?;
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
async fn a_partition_that_stopped_goes_on_from_there() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(1).await?;
    stored.scene.document = "on_error: stop\n".to_owned();
    stored.create().await?;
    let sink = stored.sink("").await?;
    let bad = testkit::Record::of(b"bad".to_vec());
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

//! Promise: SIGTERM drains: what was taken is inserted and committed, and the exit code is 0.

use testkit::Record;

use crate::fixture::{SCHEMA, Scene, partition, row};

#[tokio::test]
async fn a_stopped_sink_has_committed_exactly_what_it_wrote() -> anyhow::Result<()> {
    let scene = Scene::new(3).await?;
    let id = scene.register(SCHEMA).await?;
    // More than can land before the signal: the table shows the first rows, and it stops there.
    const RECORDS: i64 = 300_000;
    let note = "x".repeat(200);
    let records = (0..RECORDS).map(|n| Record::of(row(id, n, &note)).to_partition(partition(n, 3)));
    scene.produce(records.collect()).await?;

    let sink = scene.sink().await?;
    scene.until_rows(1).await?;
    assert!(sink.stop().await?.success());

    let rows = scene.rows().await;
    assert!(rows < RECORDS.cast_unsigned(), "all had landed before: this run proves nothing");
    assert_eq!(scene.committed().await?, rows.cast_signed(), "committed and written differ");
    let group = scene.kafka().group(&scene.group()).await?;
    assert!(group.is_none_or(|group| group.members.is_empty()), "it has not left its group");

    let next = scene.sink().await?;
    scene.until_committed(RECORDS).await?;
    assert!(next.stop().await?.success());
    scene.expect_ids(0..RECORDS).await
}

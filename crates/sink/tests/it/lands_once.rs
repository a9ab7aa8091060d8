//! Promise: every record lands once, with its values, also when the sink is restarted in order.

use testkit::Record;

use crate::fixture::{SCHEMA, Scene, partition, row};

#[tokio::test]
async fn every_record_lands_once_through_restarts_and_rebalances() -> anyhow::Result<()> {
    let scene = Scene::new(4).await?;
    let id = scene.register(SCHEMA).await?;
    let batch = |from: i64| -> Vec<Record> {
        (from..from + 5_000)
            .map(|n| Record::of(row(id, n, &format!("note {n}"))).to_partition(partition(n, 4)))
            .collect()
    };

    scene.produce(batch(0)).await?;
    let first = scene.sink().await?;
    scene.until_rows(100).await?;
    let second = scene.sink().await?; // joins the group while records flow
    scene.produce(batch(5_000)).await?;
    scene.until_rows(6_000).await?;
    assert!(first.stop().await?.success());
    scene.produce(batch(10_000)).await?;
    scene.until_committed(15_000).await?;
    assert!(second.stop().await?.success());

    scene.expect_ids(0..15_000).await?;
    let sql = format!(
        "SELECT countIf(note != concat('note ', toString(id)) OR _partition != id % 4 \
         OR _topic != '{}') FROM {}",
        scene.topic,
        scene.table()
    );
    assert_eq!(scene.clickhouse().count(&sql).await?, 0, "rows with wrong values");

    let third = scene.sink().await?; // finds nothing to do
    scene.produce(batch(15_000)).await?;
    scene.until_committed(20_000).await?;
    assert!(third.stop().await?.success());
    scene.expect_ids(0..20_000).await
}

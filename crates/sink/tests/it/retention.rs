//! Promise: records that retention deleted before they were read are never skipped silently.

use crate::fixture::{SCHEMA, Scene};

#[tokio::test]
async fn a_partition_whose_next_records_are_gone_stops() -> anyhow::Result<()> {
    let scene = Scene::new(2).await?;
    let id = scene.register(SCHEMA).await?;
    scene.produce_rows(id, 0..100, 2).await?;
    let sink = scene.sink().await?;
    scene.until_committed(100).await?;
    assert!(sink.stop().await?.success());

    scene.produce_rows(id, 100..200, 2).await?;
    scene.kafka().delete_records(&scene.topic, 0, 75).await?;
    let sink = scene.sink().await?;
    sink.until_stopped("offset-out-of-range", 1.0).await?;
    assert!(sink.log_has("commit an offset from first to end to go on there"));
    // The other partition has all of its records and goes on.
    scene.until_committed(150).await?;
    assert!(sink.stop().await?.success());
    let odd = |range: std::ops::Range<i64>| range.filter(|n| n % 2 == 1);
    scene.expect_ids((0..100).chain(odd(100..200))).await?;
    assert_eq!(scene.committed().await?, 150, "records that are gone were passed");

    scene.kafka().commit(&scene.group(), &scene.topic, &[(0, 75)]).await?;
    let sink = scene.sink().await?;
    scene.until_committed(200).await?;
    assert!(sink.stop().await?.success());
    let even = (150..200).filter(|n| n % 2 == 0);
    scene.expect_ids((0..100).chain(odd(100..200)).chain(even)).await
}

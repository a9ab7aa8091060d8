//! Promise: a record without a value becomes what the pipeline says, and never holds up others.

use testkit::{Record, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene, row};

/// Lands a row, a record without a value and a row; returns the scene once all are passed.
async fn passed_with(null_value: &str) -> anyhow::Result<Scene> {
    let mut scene = Scene::new(1).await?;
    scene.source = format!("  null_value: {null_value}\n");
    let id = scene.register(SCHEMA).await?;
    let without = Record { value: None, ..Record::of(Vec::new()).with_key("gone") };
    scene.produce(vec![Record::of(row(id, 1, "a")), without, Record::of(row(id, 2, "b"))]).await?;
    let sink = scene.sink().await?;
    scene.until_committed(3).await?;
    assert!(sink.stop().await?.success());
    Ok(scene)
}

#[tokio::test]
async fn it_is_skipped() -> anyhow::Result<()> {
    let scene = passed_with("skip").await?;
    scene.expect_ids([1, 2]).await?;
    assert!(scene.kafka().read_all(&scene.dead_letter_topic()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn it_goes_to_the_dead_letters() -> anyhow::Result<()> {
    let scene = passed_with("dead-letter").await?;
    scene.expect_ids([1, 2]).await?;
    let letters = scene.kafka().read_all(&scene.dead_letter_topic()).await?;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].value, None, "no value is not an empty value");
    assert_eq!(letters[0].key.as_deref(), Some(&b"gone"[..]));
    Ok(())
}

#[tokio::test]
async fn it_becomes_a_row_of_its_metadata() -> anyhow::Result<()> {
    let scene = passed_with("row").await?;
    let sql = format!("SELECT id, _offset FROM {} ORDER BY _offset", scene.table());
    assert_eq!(scene.clickhouse().query(&sql).await?, "1\t0\n0\t1\n2\t2");
    Ok(())
}

#[tokio::test]
async fn a_bad_record_stops_the_partition_where_the_pipeline_says_so() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.document = "on_error: stop\n".to_owned();
    let id = scene.register(SCHEMA).await?;
    scene.produce(vec![Record::of(row(id, 1, "a")), Record::of(b"bad".to_vec())]).await?;
    let sink = scene.sink().await?;
    eventually("the partition has stopped", PATIENCE, async || {
        let label = "reason=\"bad-record\"";
        sink.metric("penstock_sink_stopped_partitions", label).await.is_ok_and(|found| found == 1.0)
    })
    .await?;
    // What came before it is still inserted.
    scene.until_committed(1).await?;
    let letters = sink.metric("penstock_sink_dead_letters_total", "").await?;
    assert_eq!(letters, 0.0, "the record is read again, not diverted");
    scene.expect_ids([1]).await
}

//! Promise: rows from an offset on are deleted, and no others.

use std::time::Duration;

use admin_api::offsets::{Deleted, OffsetsError, PartitionOffset, Subject, Way, delete_rows};
use anyhow::Result;
use target::RemoveError;

use crate::scene::Scene;

const WITHIN: Duration = Duration::from_secs(60);

fn at(scene: &Scene, partition: i32, offset: i64) -> PartitionOffset {
    PartitionOffset { topic: scene.topic.clone(), partition, offset }
}

#[tokio::test]
async fn rows_below_and_rows_of_others_stay() -> Result<()> {
    let scene = Scene::with_table(3, "", "MergeTree ORDER BY id").await?;
    for partition in [0, 1, 2] {
        scene.rows(partition, 0..10).await?;
    }
    let other = "INSERT INTO {db}.t (_topic, _partition, _offset) VALUES ('it''s', 0, 8)";
    scene.clickhouse().query(&other.replace("{db}", &scene.database)).await?;
    let offsets = [at(&scene, 0, 4), at(&scene, 1, 0), at(&scene, 2, 10)];
    let deleted = delete_rows(&scene.subject(), &offsets, WITHIN).await?;
    assert_eq!(deleted, Deleted { rows: Some(16), left: Some(0) });
    let sql = format!(
        "SELECT _topic = 'it''s', _partition, min(_offset), max(_offset), count() FROM {}.t \
         GROUP BY ALL ORDER BY ALL",
        scene.database
    );
    let left = scene.clickhouse().query(&sql).await?;
    assert_eq!(left, "0\t0\t0\t3\t4\n0\t2\t0\t9\t10\n1\t0\t8\t8\t1");

    let again = delete_rows(&scene.subject(), &offsets, WITHIN).await?;
    assert_eq!(again, Deleted { rows: Some(0), left: Some(0) });
    assert_eq!(scene.clickhouse().query(&sql).await?, left);
    let nothing = delete_rows(&scene.subject(), &[], WITHIN).await?;
    assert_eq!(nothing, Deleted { rows: Some(0), left: Some(0) });
    Ok(())
}

#[tokio::test]
async fn after_a_plan_and_a_delete_each_record_would_be_there_once() -> Result<()> {
    let scene = Scene::with_table(1, "", "MergeTree ORDER BY _offset").await?;
    scene.produce(0, 10).await?;
    scene.rows(0, [0, 1, 2, 4, 5, 6]).await?;
    let plan = scene.plan(&Way::Table).await?;
    assert_eq!((plan.partitions[0].offset, plan.rows_to_delete), (3, Some(3)));
    delete_rows(&scene.subject(), &plan.offsets(), WITHIN).await?;
    // What the pipeline would read again.
    scene.rows(0, plan.partitions[0].offset..plan.partitions[0].high).await?;
    let sql = format!("SELECT count(), uniqExact(_offset) FROM {}.t", scene.database);
    assert_eq!(scene.clickhouse().query(&sql).await?, "10\t10");
    Ok(())
}

/// As between the creation of a pipeline and its first start, or after somebody dropped the table.
#[tokio::test]
async fn without_a_table_there_is_nothing_to_delete() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    scene.produce(0, 10).await?;
    let plan = scene.plan(&Way::Table).await?;
    assert_eq!((plan.partitions[0].offset, plan.rows_to_delete), (0, Some(0)));
    let deleted = delete_rows(&scene.subject(), &plan.offsets(), WITHIN).await?;
    assert_eq!(deleted, Deleted { rows: Some(0), left: Some(0) });
    Ok(())
}

#[tokio::test]
async fn an_account_that_may_not_is_told_the_grant() -> Result<()> {
    let scene = Scene::with_table(1, "", "MergeTree ORDER BY _offset").await?;
    scene.rows(0, 0..3).await?;
    let target = Scene::target_as(scene.servers, &scene.servers.reader)?;
    let subject = Subject { target: &target, ..scene.subject() };
    let error = delete_rows(&subject, &[at(&scene, 0, 1)], WITHIN).await.err();
    let Some(OffsetsError::Remove(RemoveError::NotAllowed { grant })) = error else {
        anyhow::bail!("allowed, or another error: {error:?}");
    };
    let expected = format!("GRANT ALTER DELETE ON `{}`.`t` TO `reader`", scene.database);
    assert_eq!(grant, expected);
    let left = format!("SELECT count() FROM {}.t", scene.database);
    assert_eq!(scene.clickhouse().count(&left).await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_table_that_cannot_tell_and_a_foreign_topic_are_refused() -> Result<()> {
    let scene = Scene::new(1, "").await?;
    let sql = "CREATE TABLE {db}.t (_offset UInt64, _partition UInt32) ENGINE = Memory";
    scene.clickhouse().query(&sql.replace("{db}", &scene.database)).await?;
    scene.clickhouse().query(&format!("INSERT INTO {}.t VALUES (7, 0)", scene.database)).await?;
    let error = delete_rows(&scene.subject(), &[at(&scene, 0, 0)], WITHIN).await;
    assert!(matches!(error, Err(OffsetsError::Remove(RemoveError::NoColumns(_)))), "{error:?}");
    let foreign = PartitionOffset { topic: "other".to_owned(), partition: 0, offset: 0 };
    let error = delete_rows(&scene.subject(), &[foreign], WITHIN).await;
    assert!(matches!(error, Err(OffsetsError::Refused(_))), "{error:?}");
    let left = format!("SELECT count() FROM {}.t", scene.database);
    assert_eq!(scene.clickhouse().count(&left).await?, 1);
    Ok(())
}

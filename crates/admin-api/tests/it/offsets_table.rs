//! Promise: way `table` finds the first record that never arrived, and no other.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use admin_api::offsets::{self, BelowLow, Limits, Plan, Progress, Way};
use anyhow::Result;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use testkit::{Record, unique};

use crate::scene::Scene;

const MERGE_TREE: &str = "MergeTree ORDER BY _offset";

async fn found(scene: &Scene) -> Result<Vec<i64>> {
    let plan = scene.plan(&Way::Table).await?;
    Ok(plan.partitions.iter().map(|plan| plan.offset).collect())
}

/// One partition of ten records, with rows of these offsets.
async fn with_rows(offsets: impl IntoIterator<Item = i64>) -> Result<Scene> {
    let scene = Scene::with_table(1, "", MERGE_TREE).await?;
    scene.produce(0, 10).await?;
    scene.rows(0, offsets).await?;
    Ok(scene)
}

#[tokio::test]
async fn a_hole_is_found_wherever_it_is() -> Result<()> {
    for (rows, expected) in [
        ((0..10).collect::<Vec<_>>(), 10),
        ((1..10).collect(), 0),
        (vec![0, 1, 2, 4, 5, 9], 3),
        ((0..9).collect(), 9),
        // twice there is there
        (vec![0, 0, 1, 1, 2, 2], 3),
    ] {
        let scene = with_rows(rows.clone()).await?;
        assert_eq!(found(&scene).await?, [expected], "{rows:?}");
    }
    let scene = Scene::with_table(2, "", MERGE_TREE).await?;
    scene.produce(1, 4).await?;
    assert_eq!(found(&scene).await?, [0, 0], "an empty partition and an empty table");
    Ok(())
}

#[tokio::test]
async fn rows_of_other_partitions_and_topics_fill_no_hole() -> Result<()> {
    let scene = Scene::with_table(2, "", MERGE_TREE).await?;
    for partition in [0, 1] {
        scene.produce(partition, 5).await?;
    }
    scene.rows(0, [0, 1, 3]).await?;
    scene.rows(1, 0..5).await?;
    let sql = format!(
        "INSERT INTO {}.t (_topic, _partition, _offset) SELECT 'other', 0, number FROM numbers(9)",
        scene.database
    );
    scene.clickhouse().query(&sql).await?;
    let plan = scene.plan(&Way::Table).await?;
    let told: Vec<_> = plan.partitions.iter().map(|p| (p.offset, p.rows_to_delete)).collect();
    assert_eq!(told, [(2, Some(1)), (5, Some(0))]);
    Ok(())
}

#[tokio::test]
async fn dead_letters_fill_their_holes() -> Result<()> {
    let scene = with_rows([1, 2, 4, 5, 6, 7, 8]).await?;
    // The record of offset n has the time (n + 1) * 1000.
    scene.dead_letters(vec![scene.letter(0, 0, 1_000), scene.letter(0, 3, 4_000)]).await?;
    assert_eq!(found(&scene).await?, [9]);
    scene.kafka().produce(&scene.letters(), [scene.letter(0, 9, 10_000)]).await?;
    assert_eq!(found(&scene).await?, [10]);
    Ok(())
}

#[tokio::test]
async fn letters_of_other_records_fill_no_hole() -> Result<()> {
    let scene = with_rows([0, 1, 2, 4, 5, 6, 7, 8, 9]).await?;
    // of another partition; of an earlier topic of that name, which had another time there; a
    // record that brought such headers itself and became a letter for another reason
    let headers = scene.letter(0, 3, 4_000).headers;
    let mut brought = Record { headers, ..Record::default() };
    brought.headers.extend(scene.letter(0, 8, 9_000).headers);
    let letters = vec![
        scene.letter(1, 3, 4_000),
        scene.letter(0, 3, 77),
        brought,
        Record::of("no headers"),
        Record::of("half").with_header("penstock.topic", scene.topic.as_bytes().to_vec()),
        Record::of("odd").with_header("penstock.offset", [0xff, 0xfe]),
    ];
    scene.dead_letters(letters).await?;
    assert_eq!(found(&scene).await?, [3]);
    Ok(())
}

#[tokio::test]
async fn records_that_the_pipeline_skips_are_no_holes() -> Result<()> {
    for (rule, expected) in [("skip", 5), ("dead-letter", 2), ("row", 2)] {
        let source = format!("null_value: {rule}");
        let scene = Scene::with_table(1, &source, MERGE_TREE).await?;
        let null = Record { partition: Some(0), ..Record::default() };
        let value = || Record::of("x").to_partition(0);
        let records = [value(), value(), null.clone(), value(), null, value()];
        scene.kafka().produce(&scene.topic, records).await?;
        scene.rows(0, [0, 1, 3]).await?;
        assert_eq!(found(&scene).await?, [expected], "{rule}");
    }
    Ok(())
}

/// As in a compacted topic, some offsets have no record: here those of transaction markers and
/// of a transaction that was given up.
#[tokio::test]
async fn offsets_without_a_record_are_no_holes() -> Result<()> {
    let scene = Scene::with_table(1, "", MERGE_TREE).await?;
    let mut client = scene.client.clone();
    let (topic, id) = (scene.topic.clone(), unique("transactions"));
    let write = move || -> Result<()> {
        let producer: BaseProducer = client.set("transactional.id", id).create()?;
        let within = Duration::from_secs(20);
        producer.init_transactions(within)?;
        for commit in [true, false, true] {
            producer.begin_transaction()?;
            for _ in 0..3 {
                let record = BaseRecord::<(), str>::to(&topic).partition(0).payload("x");
                producer.send(record).map_err(|(error, _)| error)?;
            }
            producer.flush(within)?;
            if commit {
                producer.commit_transaction(within)?;
            } else {
                producer.abort_transaction(within)?;
            }
        }
        Ok(())
    };
    tokio::task::spawn_blocking(write).await??;
    // 0-2, marker 3, given up 4-6, marker 7, 8-10, marker 11
    scene.rows(0, [0, 1, 2, 8, 9, 10]).await?;
    assert_eq!(found(&scene).await?, [12]);
    let sql = format!("ALTER TABLE {}.t DELETE WHERE _offset = 9", scene.database);
    scene.clickhouse().query(&format!("{sql} SETTINGS mutations_sync = 1")).await?;
    assert_eq!(found(&scene).await?, [9]);
    Ok(())
}

#[tokio::test]
async fn more_holes_than_are_taken_at_a_time() -> Result<()> {
    const RECORDS: i64 = 110_001;
    let scene = Scene::with_table(1, "", MERGE_TREE).await?;
    let record = |offset: i64| Record {
        partition: Some(0),
        value: (offset % 2 == 0).then(|| b"x".to_vec()),
        ..Record::default()
    };
    scene.kafka().produce(&scene.topic, (0..RECORDS).map(record)).await?;
    let sql = format!(
        "INSERT INTO {}.t (_topic, _partition, _offset) \
         SELECT '{}', 0, number * 2 FROM numbers(55000)",
        scene.database, scene.topic
    );
    scene.clickhouse().query(&sql).await?;
    let told = Mutex::new(Vec::new());
    let progress = |progress: Progress<'_>| {
        if let Ok(mut told) = told.lock() {
            told.push((progress.partition, progress.offset, progress.high));
        }
    };
    let (none, limits) = (BTreeMap::new(), Limits::default());
    let plan = offsets::plan(&scene.subject(), &Way::Table, &none, &limits, &progress).await?;
    let only = plan.partitions[0].offset;
    assert_eq!(only, RECORDS - 1, "the only one that has a value and no row");
    // As far as the first of the holes went: each is one offset, every other one.
    assert_eq!(*told.lock().unwrap(), [(0, 100_000, RECORDS)]);
    Ok(())
}

#[tokio::test]
async fn what_kafka_has_no_more_is_reported() -> Result<()> {
    let below = |plan: Plan| plan.partitions[0].below_low;
    let scene = with_rows([0, 1, 6, 7, 8, 9]).await?;
    scene.kafka().delete_records(&scene.topic, 0, 5).await?;
    scene.dead_letters(vec![scene.letter(0, 3, 4_000)]).await?;
    let plan = scene.plan(&Way::Table).await?;
    assert_eq!(plan.partitions[0].offset, 5);
    assert_eq!(below(plan), Some(BelowLow { first: 0, last: 4, without_trace: 2 }));
    scene.rows(0, [2, 4]).await?;
    assert_eq!(below(scene.plan(&Way::Table).await?), None);
    Ok(())
}

#[tokio::test]
async fn a_table_that_cannot_tell_is_refused() -> Result<()> {
    let scene = Scene::with_table(1, "", "ReplacingMergeTree ORDER BY _offset").await?;
    scene.produce(0, 1).await?;
    let (pointer, message) = scene.refusal(&Way::Table).await?.remove(0);
    assert!(pointer == "/to" && message.contains("does not keep every row"), "{message}");

    let scene = Scene::new(1, "").await?;
    let sql = format!("CREATE TABLE {}.t (id UInt64) ENGINE = Memory", scene.database);
    scene.clickhouse().query(&sql).await?;
    scene.produce(0, 1).await?;
    assert_eq!(scene.refusal(&Way::Table).await?[0].0, "/to");
    let plan = scene.plan(&Way::Earliest).await?;
    assert_eq!(plan.rows_to_delete, None, "they cannot be counted");
    Ok(())
}

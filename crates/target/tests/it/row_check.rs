//! Promise: the rows of a range are counted as they are.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use target::{RowRange, TargetError};

use crate::fixture::Fixture;

const COLUMNS: &str = "(_topic LowCardinality(String), _partition UInt32, _offset UInt64)";

async fn rows(
    fixture: &Fixture,
    topic: &str,
    partition: i32,
    (first, last): (i64, i64),
) -> Result<Option<u64>, TargetError> {
    let database = &fixture.database;
    let range = RowRange { database, table: "t", topic, partition, first, last };
    fixture.target.rows_in(&range).await
}

async fn filled() -> Result<Fixture> {
    let fixture = Fixture::new().await?;
    fixture.table(&format!("{COLUMNS} ENGINE = MergeTree ORDER BY _offset")).await?;
    for (topic, partition, first) in [("sales", 0, 0), ("sales", 7, 500), ("it's", 0, 0)] {
        let sql = format!(
            "INSERT INTO {{db}}.t SELECT '{}', {partition}, number + {first} FROM numbers(1000)",
            topic.replace('\'', "''")
        );
        fixture.query(&sql).await?;
    }
    Ok(fixture)
}

#[tokio::test]
async fn a_range_is_counted_with_both_ends() -> Result<()> {
    let fixture = filled().await?;
    for (topic, partition, range, expected) in [
        ("sales", 0, (0, 999), 1000),
        ("sales", 0, (1, 998), 998),
        ("sales", 0, (990, 5_000), 10),
        ("sales", 7, (0, 999), 500),
        ("it's", 0, (999, 999), 1),
        ("sales", 1, (0, 999), 0),
        ("other", 0, (0, 999), 0),
        ("sales", 0, (1_000, i64::MAX), 0),
    ] {
        let found = rows(&fixture, topic, partition, range).await?;
        assert_eq!(found, Some(expected), "{topic} {partition} {range:?}");
    }
    // Twice the rows are seen as twice the rows.
    fixture.query("INSERT INTO {db}.t SELECT * FROM {db}.t WHERE _topic = 'sales'").await?;
    assert_eq!(rows(&fixture, "sales", 0, (10, 19)).await?, Some(20));
    Ok(())
}

#[tokio::test]
async fn the_last_row_of_each_partition_is_found() -> Result<()> {
    let fixture = filled().await?;
    let latest = async |table: &str, topic: &str| {
        fixture.target.latest_rows(&fixture.database, table, topic).await
    };
    assert_eq!(latest("t", "sales").await?, BTreeMap::from([(0, 999), (7, 1_499)]));
    assert_eq!(latest("t", "it's").await?, BTreeMap::from([(0, 999)]));
    assert_eq!(latest("t", "other").await?, BTreeMap::new());
    assert_eq!(latest("missing", "sales").await?, BTreeMap::new());

    fixture.query("INSERT INTO {db}.t VALUES ('far', 0, 18446744073709551615)").await?;
    let error = latest("t", "far").await.err().context("no offset is that large")?;
    assert!(matches!(error, TargetError::Unreadable(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn without_the_columns_nothing_is_counted() -> Result<()> {
    let fixture = Fixture::new().await?;
    let error = rows(&fixture, "sales", 0, (0, 9)).await.err().context("there is no table")?;
    assert!(matches!(error, TargetError::NoTable(_)), "{error}");
    fixture
        .table("(_topic String, _partition UInt32, o UInt64) ENGINE = MergeTree ORDER BY o")
        .await?;
    assert_eq!(rows(&fixture, "sales", 0, (0, 9)).await?, None);
    let latest = fixture.target.latest_rows(&fixture.database, "t", "sales").await?;
    assert_eq!(latest, BTreeMap::new());
    Ok(())
}

#[tokio::test]
async fn where_rows_merge_into_others_nothing_is_counted() -> Result<()> {
    for (engine, expected) in [
        ("SummingMergeTree", None),
        ("ReplacingMergeTree", None),
        ("ReplacingMergeTree(_offset)", Some(0)),
    ] {
        let fixture = Fixture::new().await?;
        fixture.table(&format!("{COLUMNS} ENGINE = {engine} ORDER BY _partition")).await?;
        assert_eq!(rows(&fixture, "sales", 0, (0, 9)).await?, expected, "{engine}");
    }
    Ok(())
}

/// The index that tables of ours have, for a count within a table sorted by something else.
#[tokio::test]
async fn counting_a_range_does_not_read_the_table() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture
        .table(
            "(id UInt64, _topic LowCardinality(String), _partition UInt32, _offset UInt64, \
             INDEX i _offset TYPE minmax GRANULARITY 1) ENGINE = MergeTree ORDER BY id",
        )
        .await?;
    fixture
        .query("INSERT INTO {db}.t SELECT number, 'sales', 0, number FROM numbers(100000)")
        .await?;
    let explained = fixture
        .query(
            "EXPLAIN indexes = 1 SELECT count() FROM {db}.t WHERE _topic = 'sales' \
             AND _partition = 0 AND _offset BETWEEN 10 AND 19",
        )
        .await?;
    assert!(explained.contains("Granules: 1/"), "{explained}");
    assert_eq!(rows(&fixture, "sales", 0, (10, 19)).await?, Some(10));
    Ok(())
}

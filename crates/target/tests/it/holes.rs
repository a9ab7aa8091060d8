//! Promise: offsets without a row are found, and only they.

use anyhow::{Context, Result};
use target::{Hole, RowRange, TargetError};

use crate::fixture::Fixture;

const COLUMNS: &str = "(_topic LowCardinality(String), _partition UInt32, _offset UInt64)";

async fn holes(fixture: &Fixture, range: (i64, i64), holes_max: usize) -> Result<Vec<(i64, i64)>> {
    let (database, (first, last)) = (&fixture.database, range);
    let range = RowRange { database, table: "t", topic: "it's", partition: 1, first, last };
    let found = fixture.target.holes_in(&range, holes_max).await?;
    let found = found.context("the table can tell")?;
    Ok(found.into_iter().map(|Hole { first, last }| (first, last)).collect())
}

#[tokio::test]
async fn holes_are_found_at_both_ends_and_between() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(&format!("{COLUMNS} ENGINE = MergeTree ORDER BY _offset")).await?;
    assert_eq!(holes(&fixture, (0, 9), 5).await?, [(0, 9)]);
    let rows = "INSERT INTO {db}.t SELECT 'it''s', 1, arrayJoin([3, 4, 4, 7, 8, 20])";
    fixture.query(rows).await?;
    fixture.query("INSERT INTO {db}.t SELECT 'it''s', 0, number FROM numbers(30)").await?;
    fixture.query("INSERT INTO {db}.t SELECT 'other', 1, number FROM numbers(30)").await?;
    let far = i64::MAX;
    for (range, expected) in [
        ((0, 9), vec![(0, 2), (5, 6), (9, 9)]),
        ((3, 4), vec![]),
        ((4, 7), vec![(5, 6)]),
        ((5, 6), vec![(5, 6)]),
        ((7, 20), vec![(9, 19)]),
        ((20, 20), vec![]),
        ((30, 31), vec![(30, 31)]),
        ((20, far - 1), vec![(21, far - 1)]),
    ] {
        assert_eq!(holes(&fixture, range, 5).await?, expected, "{range:?}");
    }
    assert_eq!(holes(&fixture, (0, 30), 2).await?, [(0, 2), (5, 6)]);
    Ok(())
}

#[tokio::test]
async fn a_table_that_cannot_tell_has_none() -> Result<()> {
    let range = |database: &str| -> RowRange<'static> {
        let database: &'static str = database.to_owned().leak();
        RowRange { database, table: "t", topic: "s", partition: 0, first: 0, last: 9 }
    };
    let fixture = Fixture::new().await?;
    let missing = fixture.target.holes_in(&range(&fixture.database), 5).await;
    assert!(matches!(missing, Err(TargetError::NoTable(_))), "{missing:?}");
    for (columns, engine) in [
        (COLUMNS, "ReplacingMergeTree ORDER BY _offset"),
        (COLUMNS, "SummingMergeTree ORDER BY _offset"),
        ("(_topic String, _offset UInt64)", "MergeTree ORDER BY _offset"),
    ] {
        let fixture = Fixture::new().await?;
        fixture.table(&format!("{columns} ENGINE = {engine}")).await?;
        let found = fixture.target.holes_in(&range(&fixture.database), 5).await?;
        assert_eq!(found, None, "{engine}");
    }
    Ok(())
}

//! Promise: rows from an offset on are removed, of any number of partitions, and no others.

use std::time::Duration;

use anyhow::Result;
use target::{RemoveError, RowsFrom, TargetError};

use crate::fixture::Fixture;

const COLUMNS: &str = "(_topic LowCardinality(String), _partition UInt32, _offset UInt64)";
const WITHIN: Duration = Duration::from_secs(60);

fn from(partition: i32, offset: i64) -> RowsFrom {
    RowsFrom { topic: "it's".to_owned(), partition, offset }
}

async fn remove(fixture: &Fixture, rows: &[RowsFrom], within: Duration) -> Result<(), RemoveError> {
    fixture.target.remove_rows(&fixture.database, "t", rows, within).await
}

/// More partitions than go into one statement.
#[tokio::test]
async fn only_the_rows_meant_go() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(&format!("{COLUMNS} ENGINE = MergeTree ORDER BY _offset")).await?;
    for topic in ["it''s", "its"] {
        let sql = format!(
            "INSERT INTO {{db}}.t SELECT '{topic}', number % 500, intDiv(number, 500) \
             FROM numbers(5000)"
        );
        fixture.query(&sql).await?;
    }
    let rows: Vec<RowsFrom> = (0..450).map(|partition| from(partition, 4)).collect();
    remove(&fixture, &rows, WITHIN).await?;
    let left = fixture
        .query(
            "SELECT _topic, _partition < 450, max(_offset), count() FROM {db}.t \
             GROUP BY ALL ORDER BY ALL",
        )
        .await?;
    assert_eq!(left, "it\\'s\t0\t9\t500\nit\\'s\t1\t3\t1800\nits\t0\t9\t500\nits\t1\t9\t4500");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_removed_is_told() -> Result<()> {
    let fixture = Fixture::new().await?;
    let missing = remove(&fixture, &[from(0, 0)], WITHIN).await;
    let no_table = matches!(missing, Err(RemoveError::Target(TargetError::NoTable(_))));
    assert!(no_table, "{missing:?}");
    fixture.table("(_offset UInt64) ENGINE = MergeTree ORDER BY _offset").await?;
    let columns = remove(&fixture, &[from(0, 0)], WITHIN).await;
    assert!(matches!(columns, Err(RemoveError::NoColumns(_))), "{columns:?}");

    let fixture = Fixture::new().await?;
    fixture.table(&format!("{COLUMNS} ENGINE = MergeTree ORDER BY _offset")).await?;
    fixture.query("INSERT INTO {db}.t VALUES ('it''s', 0, 1)").await?;
    let late = remove(&fixture, &[from(0, 0)], Duration::ZERO).await;
    let no_answer = matches!(late, Err(RemoveError::Target(TargetError::NoAnswer { .. })));
    assert!(no_answer, "{late:?}");
    Ok(())
}

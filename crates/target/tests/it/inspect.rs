//! Promise: a table is described as it is, with what deduplication it and its views can give.

use anyhow::{Context, Result};
use schema_map::{ColumnType, DefaultKind};
use target::{Disposition, Inspected};

use crate::fixture::Fixture;

async fn look(fixture: &Fixture) -> Result<Inspected> {
    fixture.target.inspect(&fixture.database, "t").await?.context("no table")
}

#[tokio::test]
async fn columns_come_in_order_with_types_and_defaults() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture
        .table(
            "(id UInt64, name LowCardinality(String) DEFAULT 'x', twice UInt64 MATERIALIZED id * 2, \
             half UInt64 ALIAS id / 2, raw String EPHEMERAL, price Decimal(10, 2)) \
             ENGINE = ReplacingMergeTree(id) PARTITION BY id % 7 ORDER BY (id, name) \
             SETTINGS non_replicated_deduplication_window = 100000",
        )
        .await?;
    let found = look(&fixture).await?;
    let columns: Vec<_> =
        found.layout.columns.iter().map(|column| (column.name.as_str(), column.default)).collect();
    assert_eq!(
        columns,
        [
            ("id", DefaultKind::None),
            ("name", DefaultKind::Default),
            ("twice", DefaultKind::Materialized),
            ("half", DefaultKind::Alias),
            ("raw", DefaultKind::Ephemeral),
            ("price", DefaultKind::None),
        ]
    );
    let price = &found.layout.columns[5].column_type;
    assert_eq!(*price, ColumnType::parse("Decimal(10, 2)"));
    assert_eq!((found.layout.database, found.layout.table), (fixture.database, "t".to_owned()));
    assert_eq!(found.engine, "ReplacingMergeTree");
    assert_eq!((found.partition_key.as_str(), found.sorting_key.as_str()), ("id % 7", "id, name"));
    assert_eq!(found.deduplication_window, Some(100_000));
    assert!(found.views.is_empty());
    Ok(())
}

#[tokio::test]
async fn views_are_followed_to_the_last_table() -> Result<()> {
    let fixture = Fixture::new().await?;
    let table = "(id UInt64) ENGINE = MergeTree ORDER BY id";
    fixture.table(table).await?;
    let window = "SETTINGS non_replicated_deduplication_window = 5";
    for sql in [
        format!("CREATE TABLE {{db}}.first {table} {window}"),
        format!("CREATE TABLE {{db}}.second {table}"),
        "CREATE MATERIALIZED VIEW {db}.a TO {db}.first AS SELECT id FROM {db}.t".to_owned(),
        "CREATE MATERIALIZED VIEW {db}.b TO {db}.second AS SELECT id FROM {db}.first".to_owned(),
        format!(
            "CREATE MATERIALIZED VIEW {{db}}.c ENGINE = MergeTree ORDER BY id {window} \
             AS SELECT id FROM {{db}}.t"
        ),
    ] {
        fixture.query(&sql).await?;
    }
    let found = look(&fixture).await?;
    let views: Vec<_> = found
        .views
        .iter()
        .map(|view| {
            let window = view.target.as_ref().map(|target| target.deduplication_window);
            (view.name.as_str(), window)
        })
        .collect();
    assert_eq!(views, [("a", Some(Some(5))), ("b", Some(None)), ("c", Some(Some(5)))]);
    assert_eq!(found.deduplication_window, None);
    Ok(())
}

/// One left out could be the one that doubles rows.
#[tokio::test]
async fn more_views_than_are_followed_are_refused() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(id UInt64) ENGINE = MergeTree ORDER BY id").await?;
    let view = async |number: usize| {
        let sql = "CREATE MATERIALIZED VIEW {db}.v_NUMBER TO {db}.t_NUMBER AS SELECT * FROM {db}.t";
        let table = "CREATE TABLE {db}.t_NUMBER (id UInt64) ENGINE = Null";
        fixture.query(&table.replace("NUMBER", &number.to_string())).await?;
        fixture.query(&sql.replace("NUMBER", &number.to_string())).await
    };
    for number in 1..=100 {
        view(number).await?;
    }
    assert_eq!(look(&fixture).await?.views.len(), 100);
    view(101).await?;
    let error = look(&fixture).await.err().context("one is left out")?;
    assert!(error.to_string().contains("more than 100 materialized views"), "{error:#}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_none() -> Result<()> {
    let fixture = Fixture::new().await?;
    assert_eq!(fixture.target.inspect(&fixture.database, "t").await?, None);
    assert_eq!(fixture.target.inspect("no_such_database", "t'; --").await?, None);
    Ok(())
}

#[tokio::test]
async fn databases_and_tables_are_created_by_the_schema_account() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.target.create_database_if_missing(&fixture.database).await?;
    fixture.table("(id UInt64) ENGINE = MergeTree ORDER BY id").await?;
    let sql =
        format!("CREATE TABLE {}.t (id UInt64) ENGINE = MergeTree ORDER BY id", fixture.database);
    let error = fixture.target.execute_ddl(&sql).await.err().context("it was there")?;
    assert_eq!(error.disposition(), Disposition::Stop, "{error}");
    let error = fixture.target.create_database_if_missing("not_ours").await;
    let error = error.err().context("created a database it has no grant for")?;
    assert!(error.to_string().contains("ACCESS_DENIED"), "{error}");
    assert!(fixture.target.server_version().await?.starts_with(|c: char| c.is_ascii_digit()));
    Ok(())
}

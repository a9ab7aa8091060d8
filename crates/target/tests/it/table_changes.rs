//! Promise: a table that changes under an insert is noticed, and it can be told whether the block
//! still goes in.

use anyhow::{Context, Result};
use schema_map::ColumnType;
use target::{Disposition, fits};

use crate::fixture::Fixture;

const TABLE: &str = "(id UInt64) ENGINE = MergeTree ORDER BY tuple() \
    SETTINGS non_replicated_deduplication_window = 100";

/// Whether a block of `id` goes into the table as it is now.
async fn still_fits(fixture: &Fixture) -> Result<bool> {
    let found = fixture.target.inspect(&fixture.database, "t").await?.context("no table")?;
    Ok(fits(&found.layout, [("id", &ColumnType::UInt64)]))
}

/// Inserts a row that must be refused because the table changed.
async fn check_changed(fixture: &Fixture) -> Result<()> {
    let error = fixture.insert_ids("token", [1]).await.err().context("the insert went through")?;
    assert_eq!(error.disposition(), Disposition::TableChanged, "{error}");
    assert!(error.needs_person(), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_table_dropped_and_created_anew_takes_the_block() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(TABLE).await?;
    fixture.insert_ids("token", [1]).await?;
    fixture.query("DROP TABLE {db}.t SYNC").await?;
    check_changed(&fixture).await?;
    assert_eq!(fixture.target.inspect(&fixture.database, "t").await?, None);

    fixture.table(TABLE).await?;
    assert!(still_fits(&fixture).await?);
    // A new table knows no tokens.
    fixture.insert_ids("token", [1]).await?;
    assert_eq!(fixture.query("SELECT count() FROM {db}.t").await?, "1");
    Ok(())
}

#[tokio::test]
async fn a_table_exchanged_for_another_is_noticed() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(TABLE).await?;
    fixture
        .query("CREATE TABLE {db}.other (ident UInt64) ENGINE = MergeTree ORDER BY ident")
        .await?;
    fixture.query("EXCHANGE TABLES {db}.t AND {db}.other").await?;
    check_changed(&fixture).await?;
    assert!(!still_fits(&fixture).await?);
    fixture.query("EXCHANGE TABLES {db}.t AND {db}.other").await?;
    assert!(still_fits(&fixture).await?);
    fixture.insert_ids("token", [1]).await?;
    Ok(())
}

#[tokio::test]
async fn a_dropped_or_altered_column_does_not_fit_and_a_new_one_does() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(TABLE).await?;
    fixture.query("ALTER TABLE {db}.t ADD COLUMN other String DEFAULT 'x'").await?;
    assert!(still_fits(&fixture).await?);
    fixture.insert_ids("token", [1]).await?;

    // The server would convert, so it does not complain; the block was not made for it.
    fixture.query("ALTER TABLE {db}.t MODIFY COLUMN id UInt32").await?;
    assert!(!still_fits(&fixture).await?);

    fixture.query("ALTER TABLE {db}.t DROP COLUMN id").await?;
    check_changed(&fixture).await?;
    assert!(!still_fits(&fixture).await?);
    fixture.query("ALTER TABLE {db}.t ADD COLUMN id UInt64 MATERIALIZED 7").await?;
    check_changed(&fixture).await?;
    assert!(!still_fits(&fixture).await?);

    fixture.query("ALTER TABLE {db}.t MODIFY COLUMN id REMOVE MATERIALIZED").await?;
    assert!(still_fits(&fixture).await?);
    fixture.insert_ids("token two", [1]).await?;
    Ok(())
}

//! Promise: while fewer tokens were taken than a table remembers, none is forgotten, and the number
//! of those taken is never told too low.

use anyhow::{Context, Result};

use crate::fixture::Fixture;

const WINDOW: u64 = 12;

async fn fixture() -> Result<Fixture> {
    let fixture = Fixture::new().await?;
    fixture
        .table(&format!(
            "(id UInt64) ENGINE = MergeTree PARTITION BY id % 4 ORDER BY id \
             SETTINGS non_replicated_deduplication_window = {WINDOW}"
        ))
        .await?;
    Ok(fixture)
}

async fn used(fixture: &Fixture) -> Result<u64> {
    let tables = [(fixture.database.clone(), "t".to_owned())];
    fixture.target.window_used(&tables).await?.context("it cannot be told")
}

async fn count(fixture: &Fixture) -> Result<u64> {
    Ok(fixture.query("SELECT count() FROM {db}.t").await?.parse()?)
}

#[tokio::test]
async fn a_token_is_known_while_less_than_the_window_was_used() -> Result<()> {
    let fixture = fixture().await?;
    fixture.insert_ids("first", [0]).await?;
    let start = used(&fixture).await?;
    let mut rows = 1;
    for round in 1..=2 * WINDOW {
        // Over one to four table partitions, some repeated, some merged.
        fixture.insert_ids(&format!("{round}"), 0..=round % 4).await?;
        rows += round % 4 + 1;
        if round % 3 == 0 {
            fixture.insert_ids(&format!("{round}"), 0..=round % 4).await?;
        }
        if round % 5 == 0 {
            fixture.query("OPTIMIZE TABLE {db}.t FINAL").await?;
        }
        let now = used(&fixture).await?;
        assert!(now - start >= rows - 1, "{round}: {now} of {rows} since {start}");
        if now - start >= WINDOW {
            assert!(round > 2, "it says too early that the window is used up");
            // It was right to give up: now the token is forgotten.
            fixture.insert_ids("last", 0..WINDOW).await?;
            fixture.insert_ids("later", 0..WINDOW).await?;
            fixture.insert_ids("latest", 0..WINDOW).await?;
            let before = count(&fixture).await?;
            fixture.insert_ids("first", [0]).await?;
            assert_eq!(count(&fixture).await?, before + 1);
            return Ok(());
        }
        fixture.insert_ids("first", [0]).await?;
        assert_eq!(count(&fixture).await?, rows, "{round}: forgotten at {now} since {start}");
    }
    anyhow::bail!("the window is never used up")
}

#[tokio::test]
async fn every_table_partition_counts_and_merges_do_not() -> Result<()> {
    let fixture = fixture().await?;
    assert_eq!(used(&fixture).await?, 0);
    fixture.insert_ids("a", 0..4).await?;
    fixture.insert_ids("b", 0..2).await?;
    assert_eq!(used(&fixture).await?, 6);
    for _ in 0..2 {
        fixture.query("OPTIMIZE TABLE {db}.t FINAL").await?;
        assert_eq!(used(&fixture).await?, 6);
    }
    // Attached again, as after a restart, it counts on from there.
    fixture.query("DETACH TABLE {db}.t SYNC").await?;
    fixture.query("ATTACH TABLE {db}.t").await?;
    assert_eq!(used(&fixture).await?, 6);
    fixture.insert_ids("c", [0]).await?;
    assert_eq!(used(&fixture).await?, 7);
    fixture.query("TRUNCATE TABLE {db}.t").await?;
    assert_eq!(used(&fixture).await?, 0, "truncated");
    Ok(())
}

#[tokio::test]
async fn several_tables_are_summed_and_a_missing_one_is_told() -> Result<()> {
    let fixture = fixture().await?;
    fixture.insert_ids("a", 0..4).await?;
    let table = |name: &str| (fixture.database.clone(), name.to_owned());
    fixture.query("CREATE TABLE {db}.copies AS {db}.t").await?;
    fixture.query("INSERT INTO {db}.copies VALUES (1)").await?;
    let both = [table("t"), table("copies")];
    assert_eq!(fixture.target.window_used(&both).await?, Some(5));
    let error = fixture.target.window_used(&[table("t"), table("none")]).await;
    assert!(matches!(error, Err(target::TargetError::NoTable(_))), "{error:?}");
    Ok(())
}

//! Promise: a block sent again under its token inserts nothing, and it lands as one part.

use anyhow::Result;
use target::Compression;

use crate::{fixture::Fixture, native};

const REMEMBERING: &str = "(id UInt64) ENGINE = MergeTree ORDER BY id \
    SETTINGS non_replicated_deduplication_window = 100";

#[tokio::test]
async fn the_same_token_inserts_nothing_another_one_inserts_again() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(REMEMBERING).await?;
    for _ in 0..3 {
        fixture.insert_ids("sales:0:0-999:a", 0..1000).await?;
    }
    assert_eq!(fixture.query("SELECT count(), sum(id) FROM {db}.t").await?, "1000\t499500");

    // Same rows, another name: what the server would drop by content it must not drop by token.
    fixture.insert_ids("sales:0:0-999:b", 0..1000).await?;
    assert_eq!(fixture.query("SELECT count(), sum(id) FROM {db}.t").await?, "2000\t999000");
    Ok(())
}

#[tokio::test]
async fn a_block_over_several_table_partitions_is_remembered_in_each() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture
        .table(
            "(id UInt64) ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id \
             SETTINGS non_replicated_deduplication_window = 100",
        )
        .await?;
    for _ in 0..2 {
        fixture.insert_ids("sales:0:0-999:a", 0..1000).await?;
    }
    assert_eq!(fixture.query("SELECT count(), uniq(_partition_id) FROM {db}.t").await?, "1000\t3");
    Ok(())
}

#[tokio::test]
async fn a_view_with_a_window_of_its_own_gets_the_rows_once_too() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(REMEMBERING).await?;
    fixture.query(&format!("CREATE TABLE {{db}}.copies {REMEMBERING}")).await?;
    fixture
        .query(
            "CREATE MATERIALIZED VIEW {db}.v TO {db}.copies \
             DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT id * 2 AS id FROM {db}.t",
        )
        .await?;
    for _ in 0..3 {
        fixture.insert_ids("sales:0:0-999:a", 0..1000).await?;
    }
    assert_eq!(fixture.query("SELECT count(), sum(id) FROM {db}.copies").await?, "1000\t999000");
    Ok(())
}

#[tokio::test]
async fn the_largest_block_lands_as_one_part_however_it_is_sent() -> Result<()> {
    let fixture = Fixture::new().await?;
    for compression in [Compression::None, Compression::Lz4] {
        fixture.query("DROP TABLE IF EXISTS {db}.t SYNC").await?;
        fixture
            .table(&format!("{REMEMBERING}, max_bytes_to_merge_at_max_space_in_pool = 1"))
            .await?;
        let target = fixture.target_with(|settings| settings.compression = compression)?;
        let ids = native::numbers(0..target::pinned::ROWS_MAX);
        let chunks = native::block(target::pinned::ROWS_MAX, &[("id", "UInt64", ids)]);
        for _ in 0..2 {
            let insert =
                fixture.insert("id", "sales:0:0-999999:a", target::pinned::ROWS_MAX, &chunks);
            target.insert(&insert).await?;
        }
        let parts = "SELECT count(), sum(rows), any(level) FROM system.parts \
                     WHERE database = '{db}' AND table = 't' AND active";
        assert_eq!(fixture.query(parts).await?, "1\t1000000\t0", "{compression:?}");
    }
    Ok(())
}

#[tokio::test]
async fn two_at_once_under_one_token_land_once() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table(REMEMBERING).await?;
    for round in 0..10 {
        let token = format!("sales:0:{round}:a");
        let insert = || fixture.insert_ids(&token, 0..100);
        let (first, second, third) = tokio::join!(insert(), insert(), insert());
        first.and(second).and(third)?;
    }
    assert_eq!(fixture.query("SELECT count() FROM {db}.t").await?, "1000");
    Ok(())
}

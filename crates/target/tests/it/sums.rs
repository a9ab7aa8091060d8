//! Promise: the sums of the shop agree with its rows, whatever is repeated, and take what the table
//! takes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use schema_map::{Metadata, NewTable, Schema, new_layout};
use target::{Delivery, FindingKind, GuaranteeOptions};

use crate::shop::{Draw, HOUR_MS, MINUTE_MS, NOON_MS, Sale, Shop};

const SCHEMA: &str = include_str!("../../../../schemas/sales.avsc");

/// Checks the rows, and both sums against what `sales` add up to.
async fn expect(shop: &Shop, sales: &[Sale]) -> Result<()> {
    let count = shop.query("SELECT count() FROM {db}.sales").await?;
    assert_eq!(count, sales.len().to_string());
    let numbers = "sum(sales), sum(pieces), sum(returned), toInt128(sum(revenue) * 100)";
    let minutes = shop
        .query(&format!(
            "SELECT toUnixTimestamp64Second(minute) AS second, 0 AS store, currency, channel, \
                 {numbers} FROM {{db}}.sales_by_minute GROUP BY second, store, currency, channel \
                 ORDER BY second, store, currency, channel"
        ))
        .await?;
    assert_same(&minutes, &summed(sales, |sale| (sale.ts.div_euclid(MINUTE_MS) * 60, 0)));
    let hours = shop
        .query(&format!(
            "SELECT toUnixTimestamp64Second(hour) AS second, store_id, currency, channel, \
                 {numbers} FROM {{db}}.sales_by_hour GROUP BY second, store_id, currency, channel \
                 ORDER BY second, store_id, currency, channel"
        ))
        .await?;
    let hour = |sale: &Sale| (sale.ts.div_euclid(HOUR_MS) * 3600, sale.store);
    assert_same(&hours, &summed(sales, hour));
    Ok(())
}

/// Sums per key, currency and channel, as the server would print them.
fn summed(sales: &[Sale], key: impl Fn(&Sale) -> (i64, i32)) -> String {
    let mut sums: BTreeMap<_, (u64, i64, i64, i128)> = BTreeMap::new();
    for sale in sales {
        let sum = sums.entry((key(sale), sale.currency, sale.channel)).or_default();
        sum.0 += 1;
        sum.1 += i64::from(sale.qty);
        sum.2 += i64::from(sale.qty).min(0).abs();
        sum.3 += i128::from(sale.qty) * i128::from(sale.cents);
    }
    let line = |(((second, store), currency, channel), (lines, pieces, returned, cents))| {
        format!(
            "{second}\t{store}\t{currency}\t{channel}\t{lines}\t{pieces}\t{returned}\t{cents}\n"
        )
    };
    sums.into_iter().map(line).collect()
}

fn assert_same(found: &str, wanted: &str) {
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert_eq!(differs, None, "the first sum that is wrong");
    assert_eq!(found.lines().count(), wanted.lines().count(), "sums");
}

#[tokio::test]
async fn repeated_blocks_change_no_sum() -> Result<()> {
    for seed in 1..=3 {
        let shop = Shop::new().await?;
        let mut draw = Draw(seed);
        let (mut all, mut blocks) = (Vec::new(), Vec::<(String, Vec<Sale>)>::new());
        for block in 0..15 {
            let rows = 1 + draw.below(400);
            let first = all.len() as u64;
            let sales: Vec<_> = (0..rows).map(|n| draw.sale(first + n.cast_unsigned())).collect();
            all.extend(sales.iter().cloned());
            blocks.push((format!("sales:0:{first}:{block}"), sales));
            let (token, sales) = &blocks[block];
            shop.insert(token, sales).await?;
            // This one or any before it, as after a crash.
            for _ in 0..draw.below(4) {
                let again = usize::try_from(draw.below(blocks.len() as u64))?;
                let (token, sales) = &blocks[again];
                shop.insert(token, sales).await?;
            }
        }
        expect(&shop, &all).await.with_context(|| format!("seed {seed}"))?;
        for table in ["sales_by_minute", "sales_by_hour"] {
            shop.query(&format!("OPTIMIZE TABLE {{db}}.{table} FINAL")).await?;
        }
        expect(&shop, &all).await.with_context(|| format!("seed {seed}, merged"))?;
    }
    Ok(())
}

/// So many that the server sums them in another way, and could answer with more than one block.
#[tokio::test]
async fn a_block_whose_rows_all_have_sums_of_their_own_is_remembered_whole() -> Result<()> {
    let shop = Shop::new().await?;
    let mut draw = Draw(7);
    let sales: Vec<_> = (0..200_000_i64)
        .map(|n| Sale { ts: NOON_MS - n * HOUR_MS, ..draw.sale(n.cast_unsigned()) })
        .collect();
    for _ in 0..3 {
        shop.insert("sales:0:0-199999:a", &sales).await?;
    }
    let numbers = "SELECT count(), sum(sales) FROM {db}.";
    for table in ["sales_by_minute", "sales_by_hour"] {
        let found = shop.query(&format!("{numbers}{table}")).await?;
        assert_eq!(found, "200000\t200000", "{table}");
    }
    assert_eq!(shop.query("SELECT count() FROM {db}.sales").await?, "200000");
    Ok(())
}

/// The server died between the table and its views.
#[tokio::test]
async fn what_reached_the_table_alone_reaches_the_sums_by_repetition() -> Result<()> {
    let shop = Shop::new().await?;
    let mut draw = Draw(11);
    let sales: Vec<_> = (0..500).map(|n| draw.sale(n)).collect();
    shop.query("DETACH TABLE {db}.feed_sales_by_hour").await?;
    shop.insert("sales:0:0-499:a", &sales).await?;
    shop.query("ATTACH TABLE {db}.feed_sales_by_hour").await?;
    assert_eq!(shop.query("SELECT count() FROM {db}.sales_by_hour").await?, "0");
    for _ in 0..2 {
        shop.insert("sales:0:0-499:a", &sales).await?;
    }
    expect(&shop, &sales).await
}

#[tokio::test]
async fn the_table_gives_exactly_once_with_its_views() -> Result<()> {
    let shop = Shop::new().await?;
    let options = GuaranteeOptions::default();
    let found = shop.fixture.target.guarantee(&shop.fixture.database, "sales", &options).await?;
    assert_eq!((found.delivery, found.window), (Delivery::ExactlyOnce, 100_000), "{found:?}");
    let kinds: Vec<_> = found.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::RowCheckViews]);
    let mut names: Vec<_> = found.tables.iter().map(|(_, table)| table.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["sales", "sales_by_hour", "sales_by_minute"]);
    Ok(())
}

#[tokio::test]
async fn columns_are_those_that_the_schema_asks_for() -> Result<()> {
    let shop = Shop::new().await?;
    let schema = Schema::parse(SCHEMA, &[])?;
    for table in ["sales", "sales_connect"] {
        let wanted = NewTable {
            database: &shop.fixture.database,
            table,
            engine: "MergeTree",
            order_by: &[],
            partition_by: None,
            extra_metadata: &[],
        };
        let mut wanted = new_layout(&schema, &wanted)?;
        if table == "sales_connect" {
            wanted.columns.retain(|column| Metadata::of_column(&column.name).is_none());
        }
        let found = shop.fixture.target.inspect(&shop.fixture.database, table).await?;
        assert_eq!(found.context("no such table")?.layout, wanted);
    }
    Ok(())
}

#[tokio::test]
async fn every_object_says_what_it_is_and_with_whose_rights() -> Result<()> {
    let shop = Shop::new().await?;
    let silent = "SELECT groupArray(name) FROM system.tables WHERE database = '{db}' \
                  AND comment = ''";
    assert_eq!(shop.query(silent).await?, "[]");
    for (engine, clause, count) in [
        ("MaterializedView", "DEFINER = % SQL SECURITY DEFINER", "2"),
        ("View", "SQL SECURITY INVOKER", "6"),
    ] {
        let views = "SELECT count() FROM system.tables WHERE database = '{db}' AND engine";
        let all = shop.query(&format!("{views} = '{engine}'")).await?;
        let clause = format!("AND create_table_query LIKE '%{clause}%'");
        let right = shop.query(&format!("{views} = '{engine}' {clause}")).await?;
        assert_eq!((all.as_str(), right.as_str()), (count, count), "{engine}");
    }
    Ok(())
}

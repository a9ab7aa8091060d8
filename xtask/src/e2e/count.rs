//! Questions to Kafka and ClickHouse in, what is lost or doubled out.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};

use super::{stack::Stack, until};

/// What sums up `shop.sales` as it is filled.
const SUMS: [&str; 2] = ["sales_by_minute", "sales_by_hour"];

/// Records per partition.
type Ends = BTreeMap<u32, u64>;

/// Waits until a table has more rows than now.
pub(super) fn grows(stack: &Stack, table: &str, within: Duration) -> anyhow::Result<()> {
    let count = || -> anyhow::Result<u64> {
        let answer = stack.sql(&format!("SELECT count() FROM shop.{table}"))?;
        answer.parse().with_context(|| format!("{answer:?} is no number"))
    };
    let before = until(within, count)?;
    until(within, || {
        let now = count()?;
        ensure!(now > before, "shop.{table} stays at {before} rows");
        Ok(())
    })
}

/// Waits until every record of the topic `sales` is in each of the tables once, and the tables of
/// minutes and hours agree. Nobody writes to the topic meanwhile. Returns how many there are.
pub(super) fn exactly_once(
    stack: &Stack,
    tables: &[&str],
    within: Duration,
) -> anyhow::Result<Vec<String>> {
    let ends = settled(stack, within)?;
    let records: u64 = ends.values().sum();
    let mut counted = vec![format!("{records} records in {} partitions", ends.len())];
    for table in tables {
        until(within, || {
            let (rows, _) = rows(stack, table)?;
            ensure!(rows == ends, "shop.{table} has {rows:?} of {ends:?}");
            Ok(())
        })
        .with_context(|| format!("rows of shop.{table}, by partition"))?;
        let (_, different) = rows(stack, table)?;
        ensure!(different == ends, "shop.{table} has offsets twice: {different:?} of {ends:?}");
        counted.push(format!("{records} rows in shop.{table}, each offset once"));
    }
    for sums in SUMS {
        let summed = stack.sql(&format!("SELECT sum(sales) FROM shop.{sums}"))?;
        ensure!(summed == records.to_string(), "shop.{sums} has {summed} of {records} sales");
        counted.push(format!("{records} sales in shop.{sums}"));
    }
    Ok(counted)
}

/// The ends of the topic once they stay as they are.
fn settled(stack: &Stack, within: Duration) -> anyhow::Result<Ends> {
    let mut before = Ends::new();
    until(within, || {
        let now = ends(stack)?;
        let same = now == before && !now.is_empty();
        before.clone_from(&now);
        ensure!(same, "the topic still grows");
        Ok(now)
    })
}

/// The offset after the last record of each partition. The first is 0: nothing is old enough to
/// be deleted.
fn ends(stack: &Stack) -> anyhow::Result<Ends> {
    let answer = stack.tool(&["kafka-cli", "kafka-get-offsets.sh", "--topic", "sales"])?;
    answer
        .lines()
        .map(|line| {
            let mut parts = line.split(':').skip(1);
            let mut next = || parts.next()?.trim().parse().ok();
            let read = next().zip(next());
            let (partition, end) = read.with_context(|| format!("read {line:?}"))?;
            Ok((u32::try_from(partition)?, end))
        })
        .collect()
}

/// Rows, and rows of different offsets, by partition.
fn rows(stack: &Stack, table: &str) -> anyhow::Result<(Ends, Ends)> {
    let answer = stack.sql(&format!(
        "SELECT _partition, count(), uniqExact(_offset) FROM shop.{table} GROUP BY _partition"
    ))?;
    let (mut rows, mut different) = (Ends::new(), Ends::new());
    for line in answer.lines() {
        let numbers: Vec<u64> =
            line.split('\t').map(str::parse).collect::<Result<_, _>>().context("read rows")?;
        let [partition, all, unique] = numbers[..] else {
            anyhow::bail!("{line:?} is not three numbers");
        };
        let partition = u32::try_from(partition)?;
        rows.insert(partition, all);
        different.insert(partition, unique);
    }
    Ok((rows, different))
}

//! A range of offsets in, how many of its rows are in the table out.

use std::collections::BTreeMap;

use clickhouse::Row;
use schema_map::{DefaultKind, Metadata, TableLayout, quoted};
use serde::Deserialize;

use crate::{
    client::{Target, TargetError},
    guarantee::is_verified,
};

/// Offsets of one Kafka partition, and the table their rows belong in.
#[derive(Clone, Copy, Debug)]
pub struct RowRange<'a> {
    /// Database, unquoted.
    pub database: &'a str,
    /// Table, unquoted.
    pub table: &'a str,
    /// Topic.
    pub topic: &'a str,
    /// Partition of the topic.
    pub partition: i32,
    /// First offset.
    pub first: i64,
    /// Last offset, included.
    pub last: i64,
}

#[derive(Row, Deserialize)]
struct Latest {
    partition: i64,
    offset: i64,
}

impl Target {
    /// Rule R9: counts the rows of a range that are in the table; `None` when a count would prove
    /// nothing, because the table lacks the columns that tell or its engine does not keep every
    /// row. Rows that a newer version has replaced, or that someone deleted, are not counted.
    ///
    /// The count can exceed the range only if rows were doubled. It is quick where `_offset` is
    /// indexed, as in the tables the sink creates; elsewhere three columns are read whole.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached, or there is no such table.
    pub async fn rows_in(&self, range: &RowRange<'_>) -> Result<Option<u64>, TargetError> {
        let Some(found) = self.table_and_layout(range.database, range.table).await? else {
            return Err(TargetError::no_table(range.database, range.table));
        };
        let (table, layout) = found;
        if !has_columns(&layout) || !keeps_rows(&table.engine, &table.engine_full) {
            return Ok(None);
        }
        let query = self
            .schema
            .query(&format!(
                "SELECT count() FROM {}.{} WHERE _topic = ? AND _partition = ? \
                 AND _offset BETWEEN ? AND ?",
                quoted(range.database),
                quoted(range.table)
            ))
            .with_setting("final", "0")
            .bind(range.topic)
            .bind(range.partition)
            .bind(range.first)
            .bind(range.last);
        self.ask(query.fetch_one::<u64>()).await.map(Some)
    }

    /// The largest offset of each partition of `topic` in the table. Empty when there is no such
    /// table or it lacks the columns that tell. Reads three columns whole.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached, or an offset in the table cannot be one.
    pub async fn latest_rows(
        &self,
        database: &str,
        table: &str,
        topic: &str,
    ) -> Result<BTreeMap<i32, i64>, TargetError> {
        match self.layout(database, table).await? {
            Some(layout) if has_columns(&layout) => {}
            Some(_) | None => return Ok(BTreeMap::new()),
        }
        let query = self
            .schema
            .query(&format!(
                "SELECT toInt64(_partition) AS partition, toInt64(max(_offset)) AS offset \
                 FROM {}.{} WHERE _topic = ? GROUP BY _partition",
                quoted(database),
                quoted(table)
            ))
            .with_setting("final", "0")
            .bind(topic);
        let rows = self.ask(query.fetch_all::<Latest>()).await?;
        let latest = |row: Latest| match i32::try_from(row.partition) {
            Ok(partition) if partition >= 0 && row.offset >= 0 => Ok((partition, row.offset)),
            _ => Err(TargetError::Unreadable(format!(
                "{database}.{table} holds a partition or offset that Kafka has not"
            ))),
        };
        rows.into_iter().map(latest).collect()
    }

    /// Tokens that these tables have taken so far, as a number that rises by one or more with
    /// each: the sum of their highest block numbers. `None` when that cannot be told, because
    /// an engine numbers its blocks otherwise or the account may not read a table.
    ///
    /// A token is remembered per insert, block and table partition, and each of those takes a block
    /// number of its own, counted over the whole table. Numbers are also spent on repetitions that
    /// were dropped, failed inserts and mutations, so the number may overstate. Merges keep the
    /// highest number, and a restart goes on from it.
    ///
    /// It falls when the newest rows leave the table (truncated, dropped, expired). So a number
    /// smaller than an earlier one says that nothing is known of the time in between.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached, or one of the tables is not there.
    pub async fn window_used(
        &self,
        tables: &[(String, String)],
    ) -> Result<Option<u64>, TargetError> {
        let mut used: u64 = 0;
        for (database, table) in tables {
            let Some(row) = self.table_row(database, table).await? else {
                return Err(TargetError::no_table(database, table));
            };
            match self.block_mark(database, table, &row.engine).await {
                Ok(Some(mark)) => used = used.saturating_add(mark),
                Ok(None) => return Ok(None),
                Err(error) if error.is_access_denied() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(used))
    }

    /// The highest block number among a table's rows, 0 when it has none.
    ///
    /// Taken from the names of parts (`<partition>_<first>_<last>_<level>`), which any account
    /// that may read the table can ask for; `system.parts` needs a grant of its own. The server
    /// answers from its list of parts without reading rows.
    pub(crate) async fn block_mark(
        &self,
        database: &str,
        table: &str,
        engine: &str,
    ) -> Result<Option<u64>, TargetError> {
        if !is_verified(engine) {
            return Ok(None);
        }
        let query = self
            .schema
            .query(&format!(
                "SELECT max(toUInt64(splitByChar('_', toString(_part))[3])) \
                 FROM (SELECT _part, count() FROM {}.{} GROUP BY _part)",
                quoted(database),
                quoted(table)
            ))
            .with_setting("final", "0");
        self.ask(query.fetch_one::<u64>()).await.map(Some)
    }
}

/// Whether `layout` has the columns that tell a row's topic, partition and offset, as the sink
/// fills them.
pub(crate) fn has_columns(layout: &TableLayout) -> bool {
    [Metadata::Topic, Metadata::Partition, Metadata::Offset].into_iter().all(|kind| {
        layout.column(kind.column()).is_some_and(|column| {
            let stored = matches!(column.default, DefaultKind::None | DefaultKind::Default);
            stored && kind.accepts(&column.column_type)
        })
    })
}

/// Whether the engine keeps every row that arrives, so that a count of them proves something.
///
/// With a version, a replaced row that is written again is the same row to whoever reads with
/// `FINAL`; without one, an old row written again would win over its successors.
pub(crate) fn keeps_rows(engine: &str, engine_full: &str) -> bool {
    match engine {
        "MergeTree" => true,
        "ReplacingMergeTree" => engine_full.starts_with("ReplacingMergeTree("),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

//! A range of offsets in, those of them that have no row in the table out.

use clickhouse::Row;
use schema_map::quoted;
use serde::Deserialize;

use crate::{
    client::{Target, TargetError},
    row_check::{RowRange, has_columns, keeps_rows},
};

/// Offsets next to each other that have no row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct Hole {
    /// First of them.
    pub first: i64,
    /// Last of them.
    pub last: i64,
}

impl Target {
    /// The holes of a range, ascending, at most `holes_max`: when there are as many, offsets
    /// behind the last one have not been looked at.
    ///
    /// `None` when a missing row would prove nothing, because the table lacks the columns that
    /// tell or its engine does not keep every row. The server sorts the offsets of the range, so
    /// keep ranges to a few million.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached, or there is no such table.
    pub async fn holes_in(
        &self,
        range: &RowRange<'_>,
        holes_max: usize,
    ) -> Result<Option<Vec<Hole>>, TargetError> {
        let Some(found) = self.table_and_layout(range.database, range.table).await? else {
            return Err(TargetError::no_table(range.database, range.table));
        };
        let (table, layout) = found;
        if !has_columns(&layout) || !keeps_rows(&table.engine, &table.engine_full) {
            return Ok(None);
        }
        // The offsets around the range stand for rows, so that what is missing at either end is
        // a hole like any other.
        let query = self
            .schema
            .query(&format!(
                "SELECT this + 1 AS first, next - 1 AS last FROM (\
                 SELECT this, leadInFrame(this) OVER (ORDER BY this \
                 ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next FROM (\
                 SELECT DISTINCT toInt64(_offset) AS this FROM {}.{} \
                 WHERE _topic = ? AND _partition = ? AND _offset BETWEEN ? AND ? \
                 UNION ALL SELECT arrayJoin([toInt64(?), toInt64(?)]))) \
                 WHERE next - this > 1 ORDER BY first LIMIT ?",
                quoted(range.database),
                quoted(range.table)
            ))
            .with_setting("final", "0")
            .bind(range.topic)
            .bind(range.partition)
            .bind(range.first)
            .bind(range.last)
            .bind(range.first.saturating_sub(1))
            .bind(range.last.saturating_add(1))
            .bind(holes_max);
        self.ask(query.fetch_all::<Hole>()).await.map(Some)
    }
}

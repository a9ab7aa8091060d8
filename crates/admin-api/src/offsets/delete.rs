//! Offsets in, the rows from there on out of the table.

use std::time::Duration;

use serde::Serialize;
use target::{RemoveError, RowRange, RowsFrom, TargetError};
use utoipa::ToSchema;

use super::model::{OffsetsError, PartitionOffset, Subject};

/// What [`delete_rows()`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deleted {
    /// Rows that were there before and are not any more; `None` when they cannot be counted.
    pub rows: Option<u64>,
    /// Rows that are there nevertheless: somebody inserts.
    pub left: Option<u64>,
}

/// Deletes the rows of these partitions with these offsets or higher ones.
///
/// Call it when the reset of each partition has been carried out and the pipeline is still
/// paused or failed: before, an insert in flight may bring rows back; after it runs again, rows
/// that it reads anew would go. Repeating it is safe. Rows that materialized views have made of
/// these rows stay.
///
/// # Errors
///
/// When the table cannot tell whose rows it has, the account may not delete (the error names the
/// right), or ClickHouse does not confirm within `within`; then it may still be at work.
pub async fn delete_rows(
    subject: &Subject<'_>,
    offsets: &[PartitionOffset],
    within: Duration,
) -> Result<Deleted, OffsetsError> {
    let (topics, replays) = (&subject.pipeline.source.topics, subject.replays());
    let is_read = |topic: &String| topics.contains(topic) || *topic == replays;
    let foreign = offsets.iter().find(|at| !is_read(&at.topic));
    if let Some(foreign) = foreign {
        let message = format!("the pipeline does not read {}", foreign.topic);
        return Err(OffsetsError::refused("/offsets", message));
    }
    let before = count(subject, offsets).await?;
    remove(subject, offsets, within).await?;
    let left = count(subject, offsets).await?;
    let rows = before.zip(left).map(|(before, left)| before.saturating_sub(left));
    Ok(Deleted { rows, left })
}

/// The same, and nothing else.
///
/// # Errors
///
/// As [`delete_rows`].
pub(crate) async fn remove(
    subject: &Subject<'_>,
    offsets: &[PartitionOffset],
    within: Duration,
) -> Result<(), OffsetsError> {
    let wanted = &subject.pipeline.target;
    let rows: Vec<RowsFrom> = offsets
        .iter()
        .map(|PartitionOffset { topic, partition, offset }| RowsFrom {
            topic: topic.clone(),
            partition: *partition,
            offset: *offset,
        })
        .collect();
    match subject.target.remove_rows(&wanted.database, &wanted.table, &rows, within).await {
        Ok(()) | Err(RemoveError::Target(TargetError::NoTable(_))) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Rows of these offsets; `None` when the engine hides some.
///
/// # Errors
///
/// When the server refuses or cannot be reached.
pub(crate) async fn count(
    subject: &Subject<'_>,
    offsets: &[PartitionOffset],
) -> Result<Option<u64>, OffsetsError> {
    let Subject { pipeline, .. } = subject;
    let (database, table) = (&pipeline.target.database, &pipeline.target.table);
    let mut rows = 0;
    for PartitionOffset { topic, partition, offset } in offsets {
        let (partition, first, last) = (*partition, *offset, i64::MAX);
        let range = RowRange { database, table, topic, partition, first, last };
        let Some(found) = subject.rows_in(&range).await? else { return Ok(None) };
        rows += found;
    }
    Ok(Some(rows))
}

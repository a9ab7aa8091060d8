//! A partition and a table in, the first record that never arrived out.
//!
//! ClickHouse tells which offsets have no row, a million at a time; only the records of those
//! are read from Kafka, because an offset may have none, or one that became no row rightly.

use std::{ops::ControlFlow, sync::Arc};

use pipeline_spec::{NullValue, Start};
use rdkafka::Message as _;
use target::{Hole, RowRange};

use super::{
    ask::{Ends, blocking},
    model::{BelowLow, OffsetsError, Progress, Subject},
    reader::{Reader, Stretch},
    resolve::Place,
    settled::Settled,
};

/// Offsets that ClickHouse sorts at a time.
const WINDOW: i64 = 1 << 20;
/// Holes taken at a time, 16 bytes each.
const HOLES_MAX: usize = 50_000;
/// Up to so many offsets are read over: jumping discards what was fetched ahead.
const JUMP_MIN: i64 = 5_000;

/// What the search compares with.
pub(super) struct Search<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) reader: Arc<Reader>,
    pub(super) settled: Arc<Settled>,
    pub(super) progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

impl Search<'_> {
    /// The first offset whose record is there, and is neither in the table nor settled
    /// otherwise; the end where there is none.
    pub(super) async fn first_missing(
        &self,
        place: &Place,
        ends: Ends,
    ) -> Result<i64, OffsetsError> {
        let mut from = ends.low;
        while from < ends.high {
            let to = from.saturating_add(WINDOW).min(ends.high);
            let holes = self.holes(place, from, to).await?;
            let to = match holes.last() {
                Some(last) if holes.len() >= HOLES_MAX => last.last + 1,
                Some(_) | None => to,
            };
            if let Some(found) = self.first_in(place, holes).await? {
                return Ok(found);
            }
            from = to;
            let (topic, partition) = (place.0.as_str(), place.1);
            (self.progress)(Progress { topic, partition, offset: from, high: ends.high });
        }
        Ok(ends.high)
    }

    /// The offsets below the oldest in Kafka that left no trace. `None` when there are none, or
    /// when nobody knows where the pipeline began.
    pub(super) async fn below_low(
        &self,
        place: &Place,
        low: i64,
    ) -> Result<Option<BelowLow>, OffsetsError> {
        if low <= 0 || self.subject.pipeline.source.start != Start::Earliest {
            return Ok(None);
        }
        let Some(rows) = self.subject.rows_in(&self.range(place, 0, low - 1)).await? else {
            return Ok(None);
        };
        let traces = rows.saturating_add(self.settled.below(place, low));
        let without_trace = low.unsigned_abs().saturating_sub(traces);
        let found = BelowLow { first: 0, last: low - 1, without_trace };
        Ok((without_trace > 0).then_some(found))
    }

    async fn holes(&self, place: &Place, from: i64, to: i64) -> Result<Vec<Hole>, OffsetsError> {
        let range = self.range(place, from, to - 1);
        self.subject.holes_in(&range, HOLES_MAX).await?.ok_or_else(|| {
            let wanted = &self.subject.pipeline.target;
            OffsetsError::refused(
                "/to",
                format!(
                    "{}.{} cannot tell which records it has: it lacks `_topic`, `_partition` or \
                     `_offset`, or its engine does not keep every row; name the offsets instead",
                    wanted.database, wanted.table
                ),
            )
        })
    }

    /// Reads the records of the holes until one of them should be in the table.
    async fn first_in(&self, place: &Place, holes: Vec<Hole>) -> Result<Option<i64>, OffsetsError> {
        if holes.is_empty() {
            return Ok(None);
        }
        let skips_nulls = self.subject.pipeline.source.null_value == NullValue::Skip;
        let (reader, settled, place) = (self.reader.clone(), self.settled.clone(), place.clone());
        blocking("search a topic", move || {
            for run in holes.chunk_by(|a, b| b.first - a.last <= JUMP_MIN) {
                let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
                let (topic, partition) = (place.0.as_str(), place.1);
                let stretch = Stretch { topic, partition, from: first.first, to: last.last + 1 };
                let mut holes = run.iter().peekable();
                let found = reader.read(stretch, |record| {
                    let offset = record.offset();
                    while holes.next_if(|hole| hole.last < offset).is_some() {}
                    let has_row = holes.peek().is_none_or(|hole| offset < hole.first);
                    let skipped = skips_nulls && record.payload().is_none();
                    let timestamp_ms = record.timestamp().to_millis().unwrap_or(-1);
                    if has_row || skipped || settled.has(&place, offset, timestamp_ms) {
                        return ControlFlow::Continue(());
                    }
                    ControlFlow::Break(offset)
                })?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            Ok(None)
        })
        .await
    }

    fn range<'b>(&'b self, (topic, partition): &'b Place, first: i64, last: i64) -> RowRange<'b> {
        let wanted = &self.subject.pipeline.target;
        RowRange {
            database: &wanted.database,
            table: &wanted.table,
            topic,
            partition: *partition,
            first,
            last,
        }
    }
}

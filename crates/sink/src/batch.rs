//! Rows of one partition in, one block and the ages of its rows out.

use std::sync::Arc;

use decode::{Block, ColumnList, Sizes, Spare};

use crate::spans::Opened;

/// The batch that a partition's rows are decoded into.
#[derive(Debug)]
pub struct Batch {
    /// The rows, as columns.
    pub block: Block,
    /// When their records were written.
    pub timestamps: Timestamps,
    /// What its trace is to tell, if anybody wants traces.
    pub opened: Option<Box<Opened>>,
    /// Of all that decides which rows its records become.
    fingerprint: u64,
}

impl Batch {
    /// An empty batch with room for about as many rows as the last one had, in used buffers as
    /// far as there are any: fresh memory costs a third of the decoding. `fingerprint` is of all
    /// that decides which rows its records become.
    #[must_use]
    pub fn new(
        columns: &Arc<ColumnList>,
        fingerprint: u64,
        sizes: &Sizes,
        spare: &mut Spare,
    ) -> Self {
        let block = Block::reusing(columns, sizes, spare);
        Self { block, timestamps: Timestamps::default(), opened: None, fingerprint }
    }
}

impl deliver::Batch for Batch {
    fn rows(&self) -> u64 {
        self.block.rows() as u64
    }

    fn bytes(&self) -> usize {
        self.block.bytes() + self.timestamps.bytes()
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

/// Timestamps of records in milliseconds since 1970, run-length encoded: in a fast topic many
/// records in a row share one.
#[derive(Debug, Default)]
pub struct Timestamps {
    runs: Vec<(i64, u32)>,
}

impl Timestamps {
    /// Adds the timestamp of the next row.
    pub fn push(&mut self, timestamp_ms: i64) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == timestamp_ms && *count < u32::MAX => *count += 1,
            _ => self.runs.push((timestamp_ms, 1)),
        }
    }

    /// Each timestamp with the number of rows in a row that have it.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u32)> {
        self.runs.iter().copied()
    }

    fn bytes(&self) -> usize {
        self.runs.len() * size_of::<(i64, u32)>()
    }
}

//! Blocks and tokens in, rows or silence out: a table with a deduplication window.

use std::collections::{BTreeMap, BTreeSet};

use super::log::{Log, P};
use crate::Window;

/// Rows of one block: where they come from. Also what the machine gathers them in.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Indexes of their records.
    pub(super) records: Vec<usize>,
    pub(super) bytes: usize,
    pub(super) plan: u64,
}

impl crate::Batch for Rows {
    fn rows(&self) -> u64 {
        self.records.len() as u64
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn fingerprint(&self) -> u64 {
        self.plan
    }
}

/// The table's memory of tokens. Its rows are counted in the records they come from.
#[derive(Debug)]
pub(super) struct Table {
    /// Entries that the window holds.
    pub(super) window: u64,
    /// Entries written so far, by anybody.
    pub(super) used: u64,
    /// By token and partition of the table: how many entries there were before.
    entries: BTreeMap<(String, usize), u64>,
    /// Entries whose rows never came.
    hollow: BTreeSet<(String, usize)>,
}

/// What became of the rows of one partition of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    /// They are in.
    Written,
    /// The token was known: they were dropped in silence, whatever they are.
    Dropped,
    /// As dropped, by a token that was written down and its rows never.
    Missed,
}

impl Table {
    pub(super) fn new(window: u64) -> Self {
        Self { window, used: 0, entries: BTreeMap::new(), hollow: BTreeSet::new() }
    }

    pub(super) fn read(&self) -> Window {
        Window { entries: self.window, used: self.used }
    }

    /// Writes those rows of a block that belong to partition `part` of the table: all or nothing.
    pub(super) fn write(
        &mut self,
        token: &str,
        part: usize,
        log: &mut Log,
        rows: &[usize],
        reading: u32,
    ) -> Landed {
        let key = (token.to_owned(), part);
        if self.knows(&key) {
            return if self.hollow.contains(&key) { Landed::Missed } else { Landed::Dropped };
        }
        self.hollow.remove(&key);
        self.entries.insert(key, self.used);
        self.used += 1;
        for index in rows {
            let record = &mut log.records[*index];
            if record.part == part {
                record.landed(reading);
            }
        }
        Landed::Written
    }

    /// Writes down a token whose rows never come, because the server dies. Returns whether it was
    /// not known.
    pub(super) fn write_token_only(&mut self, token: &str, part: usize) -> bool {
        let key = (token.to_owned(), part);
        if self.knows(&key) {
            return false;
        }
        self.hollow.insert(key.clone());
        self.entries.insert(key, self.used);
        self.used += 1;
        true
    }

    /// A token is known while fewer entries than the window holds came after it.
    fn knows(&self, key: &(String, usize)) -> bool {
        self.entries.get(key).is_some_and(|at| self.used - at <= self.window)
    }
}

/// The partitions of the table that a block covers.
pub(super) fn parts(log: &Log, rows: &[usize]) -> BTreeSet<usize> {
    rows.iter().map(|index| log.records[*index].part).collect()
}

/// A block on its way.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) p: P,
    pub(super) token: String,
    pub(super) rows: Vec<usize>,
    /// The reading of the topic that they are of.
    pub(super) of: u32,
    /// [`Table::used`] by which it must have landed, or never will: what the protocol assumes.
    pub(super) deadline: u64,
    /// Process and incarnation that wait for the answer, if any does still.
    pub(super) sender: Option<(usize, u32)>,
}

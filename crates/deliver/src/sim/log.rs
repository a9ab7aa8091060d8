//! Dice in, partitions of a topic with every kind of record out, each with what became of it.

use super::dice::Dice;

/// Number of a partition.
pub(super) type P = usize;

/// Schema ids that records may name although the registry does not know them yet.
pub(super) const IDS: usize = 12;

/// What a record is. All but [`Kind::Schema`] is decided by its bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Row,
    Skipped,
    Bad,
    /// A row if the registry knows the id, else bad.
    Schema(usize),
    /// A row from this plan on, else bad: a column was made wider.
    Wide(u64),
    /// A row before this plan, then bad: a column was made narrower.
    Narrow(u64),
}

/// One record and its fate.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) offset: i64,
    pub(super) kind: Kind,
    /// Bytes of its row.
    pub(super) bytes: usize,
    /// The table's partition that its row belongs to.
    pub(super) part: usize,
    /// Whether compaction has removed it.
    pub(super) gone: bool,
    /// Whether it was removed before it was anywhere else: then it is nowhere to be expected.
    pub(super) excused: bool,
    /// Its rows in the table, of the present reading of the topic.
    pub(super) rows: u32,
    /// The reading of the topic that they are of: rows of earlier ones may land yet.
    pub(super) since: u32,
    /// Earlier readings, and its rows of each.
    past: Vec<(u32, u32)>,
    /// Its rows in the table, of all readings.
    pub(super) rows_ever: u32,
    /// Whether the dead letters hold it, since the present reading.
    pub(super) lettered: bool,
}

impl Record {
    /// A row of it that was read in `reading` is in the table.
    pub(super) fn landed(&mut self, reading: u32) {
        self.rows_ever += 1;
        if reading >= self.since {
            self.rows += 1;
        } else if let Some((_, rows)) =
            self.past.iter_mut().rev().find(|(since, _)| *since <= reading)
        {
            *rows += 1;
        }
    }

    /// Whether one reading has given it two rows.
    pub(super) fn is_doubled(&self) -> bool {
        self.rows > 1 || self.past.iter().any(|(_, rows)| *rows > 1)
    }

    /// Whether it may be passed by a committed offset.
    pub(super) fn is_safe(&self) -> bool {
        self.excused
            || match self.kind {
                Kind::Row => self.rows == 1,
                Kind::Skipped => true,
                Kind::Bad => self.lettered,
                Kind::Schema(_) | Kind::Wide(_) | Kind::Narrow(_) => {
                    self.rows == 1 || self.lettered
                }
            }
    }
}

/// One partition.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) records: Vec<Record>,
    /// The offset that the next record would get.
    pub(super) end: i64,
    /// Records that compaction has removed.
    pub(super) removed: u32,
    /// Every record below is known to be safe in the present reading.
    pub(super) checked: i64,
    /// How often offsets have been set.
    pub(super) reading: u32,
    /// What the last commit says of that, if the last offset was set through the store.
    pub(super) lineage: String,
}

/// What kinds of records a topic has, each once in so many; 0 for never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mix {
    pub(super) skipped: u32,
    pub(super) bad: u32,
    pub(super) schema: u32,
    pub(super) plan: u32,
    /// Whether a new plan makes rows of what was bad, or the other way round.
    pub(super) widens: bool,
    pub(super) gap: u32,
    /// Partitions of the table.
    pub(super) parts: usize,
}

impl Log {
    /// Adds a record, behind a gap at times: a transaction's marker, or compaction of old.
    pub(super) fn grow(&mut self, mix: Mix, dice: &mut Dice) {
        if dice.one_in(mix.gap) {
            self.end += i64::try_from(dice.between(1, 3)).unwrap();
        }
        let kind = if dice.one_in(mix.skipped) {
            Kind::Skipped
        } else if dice.one_in(mix.bad) {
            Kind::Bad
        } else if dice.one_in(mix.schema) {
            Kind::Schema(dice.below(IDS))
        } else if dice.one_in(mix.plan) {
            let plan = dice.between(1, 3);
            if mix.widens { Kind::Wide(plan) } else { Kind::Narrow(plan) }
        } else {
            Kind::Row
        };
        self.records.push(Record {
            offset: self.end,
            kind,
            bytes: dice.below(30) + 10,
            part: dice.below(mix.parts),
            gone: false,
            excused: false,
            rows: 0,
            since: 0,
            past: Vec::new(),
            rows_ever: 0,
            lettered: false,
        });
        self.end += 1;
        if dice.one_in(mix.gap) {
            self.end += 1;
        }
    }

    /// The record that a consumer at `offset` gets next.
    pub(super) fn next(&self, offset: i64) -> Option<usize> {
        let from = self.records.partition_point(|record| record.offset < offset);
        (from..self.records.len()).find(|index| !self.records[*index].gone)
    }

    /// The offset of that record, or the end.
    pub(super) fn first_from(&self, offset: i64) -> i64 {
        self.next(offset).map_or(self.end, |index| self.records[index].offset)
    }

    /// The offset below which all records are that still exist.
    pub(super) fn goal(&self) -> i64 {
        self.records.iter().rfind(|record| !record.gone).map_or(0, |record| record.offset + 1)
    }

    /// Compaction removes a record.
    pub(super) fn remove(&mut self, index: usize) {
        let record = &mut self.records[index];
        if !record.gone {
            record.excused |= !record.is_safe();
            record.gone = true;
            self.removed += 1;
        }
    }

    /// Rows of the offsets `first..=last` in the table, whichever reading they are of.
    pub(super) fn rows(&self, first: i64, last: i64) -> u64 {
        let within = |record: &&Record| (first..=last).contains(&record.offset);
        self.records.iter().filter(within).map(|record| u64::from(record.rows_ever)).sum()
    }

    /// Somebody does not want what is below `offset` and not written yet. Returns how many records
    /// that are.
    pub(super) fn skip(&mut self, offset: i64) -> usize {
        let skipped = self.records.iter_mut().filter(|one| one.offset < offset && !one.is_safe());
        skipped.map(|record| record.excused = true).count()
    }

    /// Somebody wants everything from `offset` on once more.
    pub(super) fn rewind(&mut self, offset: i64) {
        self.reading += 1;
        for record in self.records.iter_mut().filter(|record| record.offset >= offset) {
            record.past.push((record.since, record.rows));
            record.since = self.reading;
            record.rows = 0;
            record.lettered = false;
            record.excused = record.gone;
        }
        self.checked = self.checked.min(offset);
    }
}

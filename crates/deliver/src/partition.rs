//! Records of one partition in, ranges that may be committed out: the bookkeeping behind an offset.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use crate::{Batch, Epoch, Offset, StopReason, TopicPartition, settings::RANGES_MAX};

/// Why a partition is not fetched. It is fetched again when no reason is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// One record waits outside the batch for a schema, a table or room.
    Stash,
    /// The open batch is full and [`RANGES_MAX`] ranges are in flight.
    Ranges,
    /// The memory budget of the process is used up.
    Memory,
    /// A person must act first.
    Stopped,
    /// Everything held is being finished.
    Drain,
    /// The group wants it back.
    Revoke,
    /// The pipeline is paused.
    Paused,
}

impl Hold {
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Holds that last until the partition is given up: what is dropped under them is read
    /// again by the next owner, since nothing later is taken in this epoch.
    const FINAL: u8 = Self::Stopped.bit() | Self::Drain.bit() | Self::Revoke.bit();
}

/// The batch that rows are decoded into, and the offsets that it covers so far.
#[derive(Debug)]
struct Open<B> {
    last: Offset,
    since: Duration,
    batch: Option<B>,
    /// [`Batch::bytes`] when a row was last added.
    bytes: usize,
}

/// Offsets that were cut together.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) first: Offset,
    pub(crate) last: Offset,
    pub(crate) bytes: usize,
    pub(crate) state: RangeState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RangeState {
    Inserting,
    Inserted,
    Failed,
}

/// What is cut from a partition.
#[derive(Debug)]
pub(crate) struct Cut<B> {
    pub(crate) first: Offset,
    pub(crate) last: Offset,
    /// `None` when every record of the range was skipped or bad.
    pub(crate) batch: Option<B>,
}

/// One partition in one epoch. All offset arithmetic of the sink is in here.
///
/// Offsets in order: `committed <= done <= range_first <= next`.
#[derive(Debug)]
pub(crate) struct Partition<B> {
    pub(crate) id: TopicPartition,
    pub(crate) epoch: Epoch,
    /// What Kafka holds for the group; `None` before the first commit.
    pub(crate) committed: Option<Offset>,
    /// Everything below is in ClickHouse, acknowledged in the dead letters, or skipped.
    done: Offset,
    /// Where the next range to be cut begins. Offsets may have gaps (compaction, transactions):
    /// a range begins where the last one ended, not at its first record.
    range_first: Offset,
    /// The smallest offset that was not seen yet.
    next: Offset,
    open: Option<Open<B>>,
    ranges: VecDeque<Range>,
    unacked: BTreeSet<Offset>,
    holds: u8,
    pub(crate) stopped: Option<StopReason>,
}

impl<B: Batch> Partition<B> {
    pub(crate) fn new(id: TopicPartition, epoch: Epoch, start: Offset) -> Self {
        Self {
            id,
            epoch,
            committed: None,
            done: start,
            range_first: start,
            next: start,
            open: None,
            ranges: VecDeque::new(),
            unacked: BTreeSet::new(),
            holds: 0,
            stopped: None,
        }
    }

    /// Adds a reason. Returns whether it is the first, so that fetching must stop.
    pub(crate) fn hold(&mut self, hold: Hold) -> bool {
        let first = self.holds == 0;
        self.holds |= hold.bit();
        first
    }

    /// Removes a reason. Returns whether it was the last, so that fetching must go on.
    pub(crate) fn release(&mut self, hold: Hold) -> bool {
        let held = self.holds;
        self.holds &= !hold.bit();
        held != 0 && self.holds == 0
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holds != 0
    }

    pub(crate) fn holds(&self, hold: Hold) -> bool {
        self.holds & hold.bit() != 0
    }

    /// Whether records are dropped until the next epoch.
    pub(crate) fn is_final(&self) -> bool {
        self.holds & Hold::FINAL != 0
    }

    pub(crate) fn next(&self) -> Offset {
        self.next
    }

    pub(crate) fn done(&self) -> Offset {
        self.done
    }

    pub(crate) fn batch(&mut self) -> Option<&mut B> {
        self.open.as_mut()?.batch.as_mut()
    }

    /// Puts an empty batch in place for the record at [`Self::next`].
    pub(crate) fn open(&mut self, batch: B, now: Duration) {
        debug_assert!(self.batch().is_none(), "{} has an open batch already", self.id);
        let next = self.next;
        let open = self.open.get_or_insert_with(|| Open::empty(next, now));
        open.bytes = batch.bytes();
        open.batch = Some(batch);
    }

    /// Counts the record at `offset` as dealt with. Returns the bytes that the open batch grew by.
    pub(crate) fn advance(&mut self, offset: Offset, now: Duration) -> usize {
        debug_assert!(offset >= self.next, "{} goes back to {offset}", self.id);
        let open = self.open.get_or_insert_with(|| Open::empty(offset, now));
        open.last = offset;
        self.next = offset.next();
        let bytes = open.batch.as_ref().map_or(0, Batch::bytes);
        let grown = bytes.saturating_sub(open.bytes);
        open.bytes = bytes;
        grown
    }

    /// Notes a record that may not be passed before its dead letter is acknowledged.
    pub(crate) fn await_ack(&mut self, offset: Offset) {
        self.unacked.insert(offset);
    }

    pub(crate) fn acked(&mut self, offset: Offset) {
        self.unacked.remove(&offset);
        self.settle();
    }

    pub(crate) fn open_rows(&self) -> u64 {
        self.open.as_ref().and_then(|open| open.batch.as_ref()).map_or(0, Batch::rows)
    }

    pub(crate) fn open_bytes(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.bytes)
    }

    /// When the first record of the open batch came.
    pub(crate) fn open_since(&self) -> Option<Duration> {
        self.open.as_ref().map(|open| open.since)
    }

    /// Whether [`RANGES_MAX`] ranges are in flight, so that nothing more can be cut.
    pub(crate) fn is_crowded(&self) -> bool {
        self.ranges.len() >= RANGES_MAX
    }

    /// Freezes what is open (rule R5: from here on the same offsets and rows, whatever happens).
    /// `None` when nothing is open or nothing more may be in flight.
    pub(crate) fn cut(&mut self) -> Option<Cut<B>> {
        if self.is_crowded() {
            return None;
        }
        let open = self.open.take()?;
        let batch = open.batch.filter(|batch| batch.rows() > 0);
        let first = self.range_first;
        let (state, bytes) = match &batch {
            Some(_) => (RangeState::Inserting, open.bytes),
            None => (RangeState::Inserted, 0),
        };
        self.ranges.push_back(Range { first, last: open.last, bytes, state });
        self.range_first = open.last.next();
        self.settle();
        Some(Cut { first, last: open.last, batch })
    }

    /// Forgets what is open: the next owner reads it again. Returns the bytes given up.
    pub(crate) fn drop_open(&mut self) -> usize {
        self.open.take().map_or(0, |open| open.bytes)
    }

    /// Notes how the insert of the range at `first` ended. Returns the bytes given up; `None`
    /// when there is no such range in flight.
    pub(crate) fn inserted(&mut self, first: Offset, state: RangeState) -> Option<usize> {
        let range = self.ranges.iter_mut().find(|range| range.first == first)?;
        if range.state != RangeState::Inserting {
            return None;
        }
        range.state = state;
        let bytes = std::mem::take(&mut range.bytes);
        self.settle();
        Some(bytes)
    }

    /// Bytes of batches on their way to ClickHouse.
    pub(crate) fn bytes_in_flight(&self) -> usize {
        self.ranges.iter().map(|range| range.bytes).sum()
    }

    /// Whether nothing is under way that could still end by itself.
    pub(crate) fn is_settled(&self) -> bool {
        let inserting = self.ranges.iter().any(|range| range.state == RangeState::Inserting);
        !inserting && self.unacked.is_empty()
    }

    /// What to commit, if Kafka does not hold it yet.
    pub(crate) fn uncommitted(&self) -> Option<Offset> {
        (self.committed != Some(self.done)).then_some(self.done)
    }

    /// Moves `done` past the contiguous ranges that need nothing more (rule R11). This is the
    /// invariant: an offset is passed only after every record below it is in ClickHouse or
    /// acknowledged in the dead letters.
    fn settle(&mut self) {
        while let Some(front) = self.ranges.front() {
            let acknowledged = self.unacked.first().is_none_or(|offset| *offset > front.last);
            if front.state != RangeState::Inserted || !acknowledged {
                return;
            }
            self.done = front.last.next();
            self.ranges.pop_front();
        }
    }
}

impl<B> Open<B> {
    fn empty(last: Offset, since: Duration) -> Self {
        Self { last, since, batch: None, bytes: 0 }
    }
}

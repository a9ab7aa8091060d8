//! Recorded ranges in, the same ranges with their rows out (rules R8 and R10).

use super::{Partition, Range, Ready, State};
use crate::{
    Batch, Intent, Nonce, Offset,
    rules::{Rule, keeps},
};

impl<B: Batch> Partition<B> {
    /// Whether recorded ranges are still to be read again.
    pub(crate) fn is_replaying(&self) -> bool {
        !self.replay.is_empty()
    }

    /// The recorded range that is read next.
    pub(crate) fn recorded(&self) -> Option<&Intent> {
        self.replay.front()
    }

    /// Whether every record of the first recorded range has been seen, the next one to come
    /// being at `next` or beyond: records may have been compacted away (rule R10).
    pub(crate) fn has_passed(&self, next: Offset) -> bool {
        self.replay.front().is_some_and(|intent| next > intent.last)
    }

    /// Ends the first recorded range: exactly its offsets, under its own token (rule R8), before
    /// anything new. Returns its batch, to be inserted; it is announced already.
    ///
    /// `None` when none of its records became a row: either none ever did, or all have been
    /// compacted away since.
    pub(crate) fn end_replay(&mut self, nonce: Nonce) -> Option<Ready<B>> {
        let mut intent = self.replay.pop_front()?;
        self.admitted = false;
        let open = self.open.take();
        self.next = self.next.max(intent.last.next());
        self.range_first = intent.last.next();
        if !keeps(Rule::R8) {
            intent.nonce = nonce;
        }
        let bytes = open.as_ref().map_or(0, |open| open.bytes);
        let batch = open.and_then(|open| open.batch).filter(|batch| batch.rows() > 0);
        let Some(batch) = batch else {
            self.ranges.push_back(Range { intent, bytes: 0, state: State::Inserted });
            self.settle();
            return None;
        };
        // Fewer are explained by compaction, more only by another plan.
        let grown = batch.rows() > intent.rows;
        let same = batch.rows() == intent.rows && batch.fingerprint() == intent.fingerprint;
        self.ranges.push_back(Range { intent: intent.clone(), bytes, state: State::Inserting });
        Some(Ready { intent, batch, same, grown })
    }
}

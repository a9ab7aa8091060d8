//! Recorded ranges of new partitions in, admissions by memory and their inserts out.

use super::{Machine, Slot, tick};
use crate::{
    Action, Batch, Epoch, Offset, Pressure, RangeId, TopicPartition,
    partition::{Hold, Partition},
};

impl<B: Batch> Machine<B> {
    /// Reads recorded ranges again as far as there is memory for them, each partition's first. One
    /// that is larger than the whole budget goes alone.
    pub(super) fn admit(&mut self) {
        if self.assigning.is_some() {
            return; // not fetched yet
        }
        for index in 0..self.partitions.len() {
            let waits =
                |one: &&Partition<B>| !one.admitted && !one.is_final() && !one.holds(Hold::Paused);
            let Some(partition) = self.get(Slot(index)).filter(waits) else { continue };
            let Some(intent) = partition.recorded() else { continue };
            // What was fetched before it was held may have been taken: that has its memory.
            let open = partition.open_bytes();
            let bytes = usize::try_from(intent.bytes).unwrap_or(usize::MAX).saturating_sub(open);
            if bytes > self.room && self.bytes() > open {
                continue;
            }
            let (id, epoch) = (partition.id.clone(), partition.epoch);
            let range = RangeId { partition: id, epoch, first: intent.first };
            self.actions.push_back(Action::Replay(range, intent.last, intent.rows));
            self.room = self.room.saturating_sub(bytes);
            if let Some(partition) = self.get_mut(Slot(index)) {
                partition.admitted = true;
            }
            self.release(index, Hold::Memory);
            self.release(index, Hold::Replay);
        }
    }

    /// Ends every recorded range of a partition whose records have all been seen, the next one to
    /// come being at `next` or beyond.
    pub(super) fn end_replays(&mut self, slot: Slot, next: Offset) {
        let exactly_once = self.settings.exactly_once;
        let mut ended = false;
        while self.get(slot).is_some_and(|partition| partition.has_passed(next)) {
            ended = true;
            let nonce = self.stamp().nonce;
            let Some(partition) = self.get_mut(slot) else { return };
            if let Some(ready) = partition.end_replay(nonce) {
                let insert = tick::insert(partition, ready, exactly_once, true);
                self.actions.push_back(Action::Insert(insert));
            }
        }
        if !ended {
            return;
        }
        self.tick_wanted = true;
        self.admit();
        let Some(partition) = self.get(slot) else { return };
        if partition.is_replaying() {
            if !partition.admitted {
                self.hold(slot, Hold::Replay);
            }
            return;
        }
        // Held for a range that ended unadmitted: its records had been fetched before the pause.
        self.release(slot.0, Hold::Replay);
        if self.pressure == Pressure::Full {
            self.hold(slot, Hold::Memory);
        }
    }

    /// Partitions that are being read for a recorded range, each with the offset that should come
    /// next. When none comes for long, none may be left: see [`crate::Event::Passed`].
    pub fn replaying(&self) -> impl Iterator<Item = (&TopicPartition, Epoch, Offset)> {
        let partitions = self.partitions.iter().flatten();
        partitions
            .filter(|partition| partition.admitted && !partition.is_held())
            .map(|partition| (&partition.id, partition.epoch, partition.next()))
    }

    /// No record is left below `next`: the recorded ranges there have no more to come.
    pub(super) fn passed(&mut self, id: &TopicPartition, epoch: Epoch, next: Offset) {
        if self.current(id, epoch).is_none_or(|partition| partition.is_final()) {
            return;
        }
        if let Some(slot) = self.slot_of(id) {
            self.end_replays(slot, next);
        }
    }
}

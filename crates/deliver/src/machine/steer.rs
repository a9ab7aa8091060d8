//! What a person wants in; pauses, and offsets set anew, out.

use super::{Machine, Slot};
use crate::{
    Action, Batch, Offset, TopicPartition,
    partition::Hold,
    rules::{Rule, keeps},
};

impl<B: Batch> Machine<B> {
    /// Holds every partition, or goes on with them. What they hold is finished all the same.
    pub(super) fn pause(&mut self, paused: bool) {
        if self.settings.paused == paused {
            return;
        }
        self.settings.paused = paused;
        if paused {
            return self.hold_all(Hold::Paused);
        }
        for index in 0..self.partitions.len() {
            self.release(index, Hold::Paused);
        }
        self.admit();
    }

    /// Takes what a person wants of those partitions that may not take records meanwhile.
    pub(super) fn want_reset(&mut self, mark: u64, wanted: &[(TopicPartition, Offset)]) {
        let paused = self.settings.paused;
        for (id, offset) in wanted {
            let Some(slot) = self.slot_of(id) else { continue };
            let may = |one: &&mut super::Partition<B>| {
                // R15: a predecessor may have done it, and died before it could tell.
                let is_new = one.lineage.reset != Some(mark) || !keeps(Rule::R15);
                is_new && (paused || one.stopped.is_some()) && !one.holds(Hold::Reset)
            };
            let Some(partition) = self.get_mut(slot).filter(may) else { continue };
            partition.want_reset(*offset, mark);
            self.hold(slot, Hold::Reset);
            self.tick_wanted = true;
        }
    }

    pub(super) fn resets_due(&mut self) {
        self.partitions.iter_mut().flatten().for_each(super::Partition::reset_due);
    }

    /// Tells of the resets that Kafka holds now.
    pub(super) fn resets_done(&mut self) {
        for index in 0..self.partitions.len() {
            let Some(partition) = self.get_mut(Slot(index)) else { continue };
            if let Some(offset) = partition.was_reset() {
                let id = partition.id.clone();
                self.actions.push_back(Action::WasReset(id, offset));
            }
        }
    }
}

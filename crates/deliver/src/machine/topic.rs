//! Which topic has a name now in, the partitions of an earlier one stopped out (rule R16).

use super::{Machine, Slot};
use crate::{Batch, StopReason, TopicId};

impl<B: Batch> Machine<B> {
    /// Stops the partitions of a topic that was deleted and created again: their offsets mean
    /// other records now.
    pub(super) fn topic_is(&mut self, topic: &str, id: TopicId) {
        for index in 0..self.partitions.len() {
            let slot = Slot(index);
            let Some(partition) = self.get_mut(slot) else { continue };
            if &*partition.id.topic == topic && partition.replaced_by(id) {
                self.stop(slot, StopReason::TopicRecreated);
            }
        }
    }
}

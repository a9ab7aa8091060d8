//! An offset that a person wants in; the partition with nothing in flight, going on from there, out.

use super::Partition;
use crate::{
    Batch, Offset, StopReason, TopicId,
    rules::{Rule, keeps},
};

/// How far a reset has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reset {
    /// Nobody wants one.
    #[default]
    None,
    /// What is under way is waited for. The number marks the reset.
    Wanted(Offset, u64),
    /// The next commit says so.
    Announced(Offset),
}

impl<B: Batch> Partition<B> {
    /// Begins stopped. Should a person set its offset, it is known of which topic that is.
    pub(crate) fn stop_at_once(&mut self, reason: StopReason, topic: Option<TopicId>) {
        self.stopped = Some(reason);
        self.lineage.topic = topic;
    }

    /// R16: notes which topic has its name now. Returns whether that is another one than it was
    /// assigned of.
    pub(crate) fn replaced_by(&mut self, now: TopicId) -> bool {
        if self.topic.is_none_or(|before| before == now) {
            return false;
        }
        self.topic = Some(now);
        if self.stopped.is_none() {
            self.drop_unannounced();
            // Kafka has removed the offset with the topic. It is to be there once more, under the
            // id of the old one, so that whoever begins here next stops as well.
            self.dirty = true;
        }
        true
    }

    /// Wants to go on from `offset`. What no commit has named yet is forgotten.
    pub(crate) fn want_reset(&mut self, offset: Offset, mark: u64) {
        self.drop_unannounced();
        self.reset = Reset::Wanted(offset, mark);
    }

    /// R14: forgets all that was recorded and goes on from the wanted offset, once nothing is under
    /// way: an insert that lands later would add rows to those that are read again. An attempt to
    /// commit that was not answered is still repeated as it is before this is told (rule R5).
    pub(crate) fn reset_due(&mut self) {
        let Reset::Wanted(offset, mark) = self.reset else { return };
        if !self.has_offset || (keeps(Rule::R14) && !self.is_settled()) {
            return;
        }
        self.open = None;
        self.ranges.clear();
        self.replay.clear();
        self.admitted = false;
        (self.done, self.range_first, self.next) = (offset, offset, offset);
        if self.stopped == Some(StopReason::TopicRecreated) {
            self.lineage.topic = self.topic; // a person knows, and means an offset of this one
        }
        self.lineage.rewinds = self.lineage.rewinds.saturating_add(1);
        self.lineage.reset = Some(mark);
        self.dirty = true;
        self.reset = Reset::Announced(offset);
    }

    /// Whether the next commit sets its offset.
    pub(crate) fn is_resetting(&self) -> bool {
        matches!(self.reset, Reset::Announced(_))
    }

    /// The offset from which the partition goes on, told once, when Kafka holds it.
    pub(crate) fn was_reset(&mut self) -> Option<Offset> {
        let Reset::Announced(offset) = self.reset else { return None };
        if !self.is_committed() {
            return None;
        }
        self.reset = Reset::None;
        Some(offset)
    }
}

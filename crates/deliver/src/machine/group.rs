//! Changes of the group in, assigns, unassigns and first commits out.

use std::time::Duration;

use super::{Machine, Revoke};
use crate::{
    Action, Assignment, Batch, Commit, Epoch, Position, Pressure, StopReason, TopicPartition,
    partition::{Hold, Partition},
};

impl<B: Batch> Machine<B> {
    pub(super) fn assigned(&mut self, assignments: Vec<Assignment>) {
        let mut assign = Vec::with_capacity(assignments.len());
        let mut starts = Vec::new();
        let mut unknown = Vec::new();
        for Assignment { partition: id, position } in assignments {
            self.epochs += 1;
            let (start, committed, metadata) = match position {
                Position::Committed { offset, metadata } => (offset, Some(offset), metadata),
                Position::Start(offset) => (offset, None, String::new()),
            };
            let mut partition = Partition::new(id.clone(), Epoch(self.epochs), start);
            partition.committed = committed;
            for (holds, hold) in [
                (self.pressure == Pressure::Full, Hold::Memory),
                (self.draining, Hold::Drain),
                (self.settings.paused, Hold::Paused),
            ] {
                if holds {
                    partition.hold(hold);
                }
            }
            let slot = self.insert(partition);
            if !metadata.is_empty() {
                unknown.push(slot); // R2: never guess what another version meant
            }
            if committed.is_none() {
                starts.push((id.clone(), start, String::new()));
            }
            assign.push((id, start));
        }
        self.assigning = Some(assign);
        if starts.is_empty() {
            self.assign();
        } else {
            // Tried again on every tick until it is answered.
            self.actions.push_back(Action::Commit(Commit { offsets: starts }));
        }
        for slot in unknown {
            self.stop(slot, StopReason::UnknownMetadata);
        }
        self.tick_wanted = true;
    }

    /// Answers an assign once every partition in it has a committed offset.
    fn assign(&mut self) {
        let Some(partitions) = self.assigning.take() else { return };
        let slots: Vec<_> = partitions.iter().filter_map(|(id, _)| self.slot_of(id)).collect();
        let mut owned = slots.iter().filter_map(|slot| self.get(*slot));
        if owned.any(|partition| partition.committed.is_none()) {
            self.assigning = Some(partitions);
            return;
        }
        self.actions.push_back(Action::Assign(partitions));
        let held = slots.iter().filter_map(|slot| self.get(*slot)).filter(|one| one.is_held());
        let held: Vec<_> = held.map(|partition| partition.id.clone()).collect();
        if !held.is_empty() {
            self.actions.push_back(Action::Pause(held));
        }
    }

    /// R12: what is in flight is waited for, what is open is left to the next owner.
    pub(super) fn revoked(&mut self, partitions: Vec<TopicPartition>, now: Duration) {
        for id in &partitions {
            let Some(slot) = self.slot_of(id) else { continue };
            if let Some(partition) = self.get_mut(slot) {
                partition.hold(Hold::Revoke);
                let bytes = partition.drop_open();
                self.bytes = self.bytes.saturating_sub(bytes);
            }
        }
        self.revoke = Some(Revoke { partitions, until: now + self.settings.revoke_wait });
        self.tick_wanted = true;
    }

    /// R12: commit nothing, since somebody else commits for these partitions now.
    pub(super) fn give_up(&mut self, partitions: Vec<TopicPartition>) {
        for id in &partitions {
            let Some(mut partition) = self.remove(id) else { continue };
            let bytes = partition.drop_open() + partition.bytes_in_flight();
            self.bytes = self.bytes.saturating_sub(bytes);
            if !partition.is_settled() {
                self.actions.push_back(Action::Abandon(id.clone(), partition.epoch));
            }
        }
        if self.revoke.as_ref().is_some_and(|revoke| revoke.partitions == partitions) {
            self.revoke = None;
        }
        self.actions.push_back(Action::Unassign(partitions));
    }

    pub(super) fn committed(&mut self, commit: &Commit) {
        for (id, offset, _metadata) in &commit.offsets {
            let Some(slot) = self.slot_of(id) else { continue };
            if let Some(partition) = self.get_mut(slot) {
                partition.committed = Some(*offset);
            }
        }
        self.assign();
    }

    pub(super) fn answer_revoke(&mut self, now: Duration) {
        let Some(revoke) = self.revoke.take() else { return };
        let settled = revoke
            .partitions
            .iter()
            .filter_map(|id| self.slot_of(id))
            .all(|slot| self.get(slot).is_none_or(Partition::is_settled));
        if settled || now >= revoke.until {
            self.give_up(revoke.partitions);
        } else {
            self.revoke = Some(revoke);
        }
    }
}

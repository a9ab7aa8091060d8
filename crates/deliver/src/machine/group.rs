//! Changes of the group in, assigns, unassigns and first commits out.

use std::time::Duration;

use super::{Machine, Revoke};
use crate::{
    Action, Assignment, Batch, Commit, Epoch, Lineage, Metadata, Offset, Position, Pressure,
    StopReason, TopicId, TopicPartition,
    partition::{Hold, Partition},
    rules::{Rule, keeps},
};

impl<B: Batch> Machine<B> {
    /// R2: begins each partition with what its committed metadata says, or stops it.
    pub(super) fn assigned(&mut self, assignments: Vec<Assignment>) {
        let mut assign = Vec::with_capacity(assignments.len());
        for assignment in assignments {
            let partition = self.begin(assignment);
            assign.push((partition.id.clone(), partition.next()));
            if let Some(reason) = partition.stopped {
                self.actions.push_back(Action::Stop(partition.id.clone(), reason));
            }
            self.insert(partition);
        }
        self.assigning = Some(assign);
        self.commit_dirty(); // starts, if there are any; tried again on every tick
        self.assign();
        self.tick_wanted = true;
    }

    fn begin(&mut self, assignment: Assignment) -> Partition<B> {
        let Assignment { partition: id, position, topic, member } = assignment;
        self.epochs += 1;
        let (Position::Committed { offset: start, .. }
        | Position::Start(start, _)
        | Position::Missing(start)) = position;
        let mut partition = Partition::new(id, Epoch(self.epochs), start, member);
        partition.topic = topic;
        if !self.settings.intents {
            partition = partition.without_intents();
        }
        match position {
            Position::Committed { offset, metadata } => {
                match inherited(&metadata, offset, topic) {
                    Ok(Metadata { lineage, ranges }) => {
                        partition.lineage = lineage;
                        partition.inherit(ranges);
                    }
                    Err(reason) => partition.stop_at_once(reason, topic),
                }
                partition.confirmed = Some((offset, metadata));
            }
            Position::Start(_, origin) => {
                partition.lineage = Lineage { topic, origin, ..Lineage::default() };
                partition.begins();
            }
            Position::Missing(_) => partition.stop_at_once(StopReason::OffsetsLost, topic),
        }
        for (holds, hold) in [
            (partition.stopped.is_some(), Hold::Stopped),
            (partition.is_replaying(), Hold::Replay),
            (self.pressure == Pressure::Full && !partition.is_replaying(), Hold::Memory),
            (self.draining, Hold::Drain),
            (self.settings.paused, Hold::Paused),
        ] {
            if holds {
                partition.hold(hold);
            }
        }
        partition
    }

    /// Answers an assign once every partition in it has a committed offset.
    fn assign(&mut self) {
        let Some(partitions) = self.assigning.take() else { return };
        let slots: Vec<_> = partitions.iter().filter_map(|(id, _)| self.slot_of(id)).collect();
        let mut owned = slots.iter().filter_map(|slot| self.get(*slot));
        if owned.any(|partition| !partition.has_offset) {
            self.assigning = Some(partitions);
            return;
        }
        self.actions.push_back(Action::Assign(partitions));
        let held = slots.iter().filter_map(|slot| self.get(*slot)).filter(|one| one.is_held());
        let held: Vec<_> = held.map(|partition| partition.id.clone()).collect();
        if !held.is_empty() {
            self.actions.push_back(Action::Pause(held));
        }
        self.admit();
    }

    /// R12: what is in flight is waited for, what no commit has named is left to the next owner.
    pub(super) fn revoked(&mut self, partitions: Vec<TopicPartition>, now: Duration) {
        for id in &partitions {
            let Some(slot) = self.slot_of(id) else { continue };
            if let Some(partition) = self.get_mut(slot) {
                partition.hold(Hold::Revoke);
                partition.drop_unannounced();
                if !keeps(Rule::R12) {
                    partition.pretend_settled();
                }
            }
        }
        self.revoke = Some(Revoke { partitions, until: now + self.settings.revoke_wait });
        self.tick_wanted = true;
    }

    /// R12: commit nothing, since somebody else commits for these partitions now.
    pub(super) fn give_up(&mut self, partitions: Vec<TopicPartition>) {
        for id in &partitions {
            let Some(partition) = self.remove(id) else { continue };
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
        for (id, ..) in &commit.offsets {
            let Some(slot) = self.slot_of(id) else { continue };
            if let Some(partition) = self.get_mut(slot) {
                partition.committed();
            }
        }
        self.resets_done();
        self.insert_ready();
        self.assign();
    }

    /// R5: the attempt stays as it is, and the next tick repeats it.
    pub(super) fn commit_delayed(&mut self) {
        let nonce = self.stamp().nonce;
        for partition in self.partitions.iter_mut().flatten() {
            partition.attempt_failed(nonce);
        }
    }

    /// Gives up what was waited for long enough.
    pub(super) fn end_revoke(&mut self, now: Duration) {
        if let Some(revoke) = self.revoke.take_if(|revoke| now >= revoke.until) {
            self.give_up(revoke.partitions);
        }
    }

    pub(super) fn answer_revoke(&mut self) {
        let Some(revoke) = self.revoke.take() else { return };
        let settled = revoke
            .partitions
            .iter()
            .filter_map(|id| self.slot_of(id))
            .filter_map(|slot| self.get(slot))
            .all(|partition| partition.is_settled() && partition.is_committed());
        if settled {
            self.give_up(revoke.partitions);
        } else {
            self.revoke = Some(revoke);
        }
    }
}

/// What a predecessor has left, or why it cannot be taken over.
fn inherited(
    metadata: &str,
    offset: Offset,
    topic: Option<TopicId>,
) -> Result<Metadata, StopReason> {
    if !keeps(Rule::R2) {
        return Ok(Metadata::default());
    }
    let found = Metadata::parse(metadata, offset).map_err(|_| StopReason::UnknownMetadata)?;
    // Without metadata somebody has set the offset by hand, and may have gone back.
    let by_hand = Lineage { topic, rewinds: 1, ..Lineage::default() };
    let mut found = found.unwrap_or_else(|| Metadata { lineage: by_hand, ranges: Vec::new() });
    match (found.lineage.topic, topic) {
        (Some(before), Some(now)) if before != now => return Err(StopReason::TopicRecreated),
        (None, Some(now)) => {
            // Nobody can tell whether it was the same before.
            found.lineage.topic = Some(now);
            found.lineage.rewinds = found.lineage.rewinds.max(1);
        }
        _ => {}
    }
    Ok(found)
}

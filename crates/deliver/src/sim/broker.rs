//! Commits in, answers that may be wrong out: the broker's side of offsets, its log apart.

use super::{
    coordinator::{Group, Sender},
    counts::Count,
    log::P,
    process::Answered,
    world::World,
};
use crate::Member;

/// A commit that was answered with an error and may be applied yet, for one partition. Checked
/// against the group when it is.
#[derive(Clone, Debug)]
pub(super) struct Late {
    p: P,
    who: usize,
    member: Member,
    offset: i64,
    metadata: String,
}

/// The broker: group and offsets.
#[derive(Debug, Default)]
pub(super) struct Broker {
    pub(super) group: Group,
    /// By partition: offset and metadata.
    pub(super) offsets: Vec<Option<(i64, String)>>,
    /// At most one per partition: only two commits that follow one another can change places.
    late: Vec<Late>,
    pub(super) down_until: u64,
}

/// What becomes of a commit of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fortune {
    Fine,
    AppliedYetFailed,
    InPart,
    Late,
    Nothing,
}

impl Broker {
    pub(super) fn new(partitions: usize) -> Self {
        Self { offsets: vec![None; partitions], ..Self::default() }
    }
}

impl World {
    pub(super) fn is_broker_up(&self) -> bool {
        self.now >= self.broker.down_until
    }

    /// Answers one commit, if a process waits for it.
    pub(super) fn serve_commit(&mut self, who: usize) {
        if !self.is_broker_up() || !self.dice.one_in(2) {
            return;
        }
        let Some(sent) = self.processes[who].worker.commit.clone() else { return };
        if sent.answer.is_some() {
            return;
        }
        // Deferred commits are stamped when they are sent at last.
        let member = sent.member.unwrap_or_else(|| self.processes[who].client.member.clone());
        let wishes = sent.offsets;
        let answer = match self.broker.group.sender(&member.id, member.generation) {
            Sender::Unknown => {
                self.counts.add(Count::CommitThrownOut, 1);
                // The answer itself may get lost.
                if self.fault(10) { Answered::Delayed } else { Answered::Refused }
            }
            Sender::OtherGeneration => {
                self.counts.add(Count::CommitOldGeneration, 1);
                Answered::Delayed
            }
            Sender::Member => {
                let fortune = self.fortune();
                self.apply(who, fortune, &member, &wishes)
            }
        };
        self.note(|| format!("broker answers {who} ({}): {answer:?}", member.id));
        let used = self.table.used;
        let worker = &mut self.processes[who].worker;
        if answer == Answered::Fine {
            worker.announced = used;
        }
        if let Some(sent) = &mut worker.commit {
            sent.answer = Some(answer);
        }
    }

    fn fortune(&mut self) -> Fortune {
        if !self.fault(self.weather.commits) {
            return Fortune::Fine;
        }
        self.dice.pick(&[
            Fortune::AppliedYetFailed,
            Fortune::InPart,
            Fortune::Late,
            Fortune::Late,
            Fortune::Nothing,
        ])
    }

    fn apply(
        &mut self,
        who: usize,
        fortune: Fortune,
        member: &Member,
        wishes: &[(P, i64, String)],
    ) -> Answered {
        let half = self.dice.below(wishes.len() + 1);
        let (applied, count) = match fortune {
            Fortune::Fine => (wishes.len(), Count::Commits),
            Fortune::AppliedYetFailed => (wishes.len(), Count::CommitAppliedYetFailed),
            Fortune::InPart if half > 0 && half < wishes.len() => {
                (half, Count::CommitAppliedInPart)
            }
            Fortune::InPart | Fortune::Late | Fortune::Nothing => (0, Count::CommitNotApplied),
        };
        self.counts.add(count, 1);
        if fortune == Fortune::Late {
            for (p, offset, metadata) in wishes {
                self.keep_late(*p, who, member, *offset, metadata);
            }
            return Answered::Delayed;
        }
        for (p, offset, metadata) in &wishes[..applied] {
            self.set_offset(*p, *offset, metadata.clone());
        }
        // What came before and is late has changed places with this one, or never arrives.
        for (p, ..) in wishes {
            self.flush_late(*p);
        }
        if fortune == Fortune::Fine { Answered::Fine } else { Answered::Delayed }
    }

    fn keep_late(&mut self, p: P, who: usize, member: &Member, offset: i64, metadata: &str) {
        self.flush_late(p);
        let (member, metadata) = (member.clone(), metadata.to_owned());
        self.broker.late.push(Late { p, who, member, offset, metadata });
    }

    /// The sender of a commit dies before it is answered: that may be applied or not.
    pub(super) fn orphan_commit(&mut self, who: usize) {
        let Some(sent) = self.processes[who].worker.commit.take() else { return };
        let (None, Some(member)) = (sent.answer, sent.member) else { return };
        for (p, offset, metadata) in sent.offsets {
            self.keep_late(p, who, &member, offset, &metadata);
        }
    }

    /// A commit that was thought to have failed is applied after all, or never.
    pub(super) fn serve_late(&mut self) {
        if self.broker.late.is_empty() || !self.is_broker_up() || !self.dice.one_in(20) {
            return;
        }
        let index = self.dice.below(self.broker.late.len());
        let p = self.broker.late[index].p;
        self.flush_late(p);
    }

    fn flush_late(&mut self, p: P) {
        let Some(index) = self.broker.late.iter().position(|late| late.p == p) else { return };
        let Late { who, member, offset, metadata, .. } = self.broker.late.swap_remove(index);
        let Member { id, generation } = member;
        let accepted = self.broker.group.sender(&id, generation) == Sender::Member;
        if accepted && !self.dice.one_in(3) {
            self.counts.add(Count::CommitAppliedLate, 1);
            self.note(|| format!("broker applies a late commit of {id}"));
            self.set_offset(p, offset, metadata);
            // Whoever dies soon after leaves just this behind.
            if self.fault(2) {
                self.doomed = Some((who, self.now + self.dice.between(1, 40)));
            }
        }
    }

    fn set_offset(&mut self, p: P, offset: i64, metadata: String) {
        self.note(|| format!("broker holds {p}: {offset} {metadata}"));
        self.check_reset(p, offset, &metadata);
        self.broker.offsets[p] = Some((offset, metadata));
        self.check_passed(p, offset);
    }

    /// Whether nothing of old is under way to the offsets.
    pub(super) fn has_no_late(&self) -> bool {
        self.broker.late.is_empty()
    }
}

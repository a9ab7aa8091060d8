//! The machine's actions in, calls to the consumer and the table out.

use super::{
    counts::Count,
    faults::Leaving,
    log::P,
    process::{Answered, Sent},
    table::Rows,
    world::{World, Wrong, ms},
};
use crate::{Action, Commit, Event, Fenced, Membership, Offset, TopicPartition};

fn number(id: &TopicPartition) -> P {
    usize::try_from(id.partition).unwrap()
}

fn names(partitions: &[(TopicPartition, Offset)]) -> String {
    let names: Vec<_> = partitions.iter().map(|(id, at)| format!("{id} at {at}")).collect();
    names.join(", ")
}

impl World {
    pub(super) fn act(&mut self, who: usize, action: Action<Rows>) {
        match action {
            Action::Assign(partitions) => {
                self.note(|| format!("{who} begins with {}", names(&partitions)));
                let places = partitions.iter().map(|(id, at)| (number(id), at.raw()));
                let places: Vec<(P, i64)> = places.collect();
                self.processes[who].client.assign(&places);
            }
            Action::Unassign(partitions) => {
                self.note(|| format!("{who} gives up {partitions:?}"));
                let numbers: Vec<P> = partitions.iter().map(number).collect();
                let process = &mut self.processes[who];
                process.worker.stash.retain(|(p, _)| !numbers.contains(p));
                process.worker.tasks.retain(|task| !numbers.contains(&task.p));
                process.worker.obeying.gave_up(&numbers);
                process.client.unassign(&numbers);
            }
            Action::Pause(partitions) => self.set_paused(who, &partitions, true),
            Action::Resume(partitions) => self.set_paused(who, &partitions, false),
            Action::Commit(commit) => self.commit(who, commit),
            Action::Replay(range, last, rows) => {
                self.counts.add(Count::Replayed, 1);
                let small = self.processes[who].worker.is_small;
                self.counts.add(Count::ReplayedWithLess, usize::from(small));
                self.note(|| format!("{who} reads {range:?} to {last} again, {rows} rows"));
            }
            Action::Insert(insert) => {
                let other = insert.proof.replayed && !insert.proof.same;
                self.counts.add(Count::ReplayedOtherPlan, usize::from(other && self.plan > 0));
                self.note(|| format!("{who} inserts {} {:?}", insert.token.as_str(), insert.proof));
                self.begin_insert(who, insert);
            }
            Action::Abandon(id, _) => self.abandon(who, number(&id)),
            Action::Stop(id, reason) => {
                self.counts.add(Count::Unprovable, 1);
                self.note(|| format!("{who} stops {id}: {reason:?}"));
                self.check_stop(number(&id), reason);
            }
            Action::WasReset(id, to) => {
                self.note(|| format!("{who} has set {id} to {to}"));
                self.was_reset(who, number(&id));
            }
            Action::Drained => self.take_down(who, Leaving::Politely),
            Action::FailStop(why) => self.fail_stop(who, Some(why)),
        }
    }

    fn set_paused(&mut self, who: usize, partitions: &[TopicPartition], paused: bool) {
        for p in partitions.iter().map(number) {
            // What was fetched ahead was thrown away; where it goes on is not to be trusted.
            let again = !paused && self.fault(6);
            let Some(fetch) = self.processes[who].client.fetches.get_mut(&p) else { continue };
            fetch.paused = paused;
            if again {
                fetch.next = (fetch.next - 3).max(0);
                self.counts.add(Count::ReadTwice, 1);
            }
        }
    }

    fn membership(&self, who: usize) -> Membership {
        let client = &self.processes[who].client;
        Membership {
            member: client.member.clone(),
            lost: client.lost,
            fatal: false,
            since_poll: ms(self.now - client.polled),
        }
    }

    fn commit(&mut self, who: usize, commit: Commit) {
        let membership = self.membership(who);
        if !self.processes[who].worker.machine.may_commit(&commit, &membership) {
            return;
        }
        let offsets = commit.offsets.iter();
        let offsets: Vec<_> =
            offsets.map(|(id, at, text)| (number(id), at.raw(), text.clone())).collect();
        for (p, _, text) in &offsets {
            self.check_reset_sent(who, *p, text);
        }
        self.note(|| format!("{who} ({}) commits {offsets:?}", membership.member.id));
        let member = self.is_broker_up().then_some(membership.member);
        let worker = &mut self.processes[who].worker;
        worker.commit = Some(Sent { commit, offsets, member, answer: None });
    }

    pub(super) fn commit_answered(&mut self, who: usize, answer: Answered) {
        let membership = self.membership(who);
        let now = ms(self.now);
        let worker = &mut self.processes[who].worker;
        let Some(Sent { commit, .. }) = worker.commit.take() else { return };
        match answer {
            Answered::Fine => {
                if worker.machine.may_commit(&commit, &membership) {
                    worker.machine.handle(now, Event::Committed(commit));
                } else {
                    self.counts.add(Count::FencedAfterCommit, 1);
                }
            }
            Answered::Delayed => worker.machine.handle(now, Event::CommitDelayed),
            Answered::Refused => worker.machine.handle(now, Event::CommitRefused(commit)),
        }
    }

    /// The worker gives up everything and a fresh one takes its place; `why` is unknown to the
    /// machine when the worker itself has found that it cannot go on.
    pub(super) fn fail_stop(&mut self, who: usize, why: Option<Fenced>) {
        self.note(|| format!("{who} begins anew: {why:?}"));
        let count = match why {
            Some(Fenced::Lost) => Some(Count::FencedLost),
            Some(Fenced::NoMember) => Some(Count::FencedNoMember),
            Some(Fenced::AnotherMember) => Some(Count::FencedAnotherMember),
            Some(Fenced::PollOverdue) => Some(Count::FencedPollOverdue),
            Some(Fenced::Refused) => Some(Count::FencedRefused),
            Some(Fenced::NotOwner) => {
                // Nobody takes a partition from a machine: it would have to forget it itself.
                self.fail(Wrong::Stopped, || format!("{who} commits for what it gave up"));
                None
            }
            Some(Fenced::Fatal) | None => None,
        };
        if let Some(count) = count {
            self.counts.add(count, 1);
        }
        self.take_down(who, Leaving::Politely);
    }
}

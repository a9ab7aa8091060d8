//! One step of a worker at a time: what `sink`'s worker does with the machine, played exactly.

use super::{
    client::Rebalance,
    counts::Count,
    log::{Kind, P},
    process::{Heard, Worker},
    table::Rows,
    world::{Letter, World, ms},
};
use crate::{
    Assignment, BadRecord, Batch as _, Event, Fenced, Offset, Origin, Position, Pressure, Slot,
    Verdict,
};

/// Steps of a round.
const PHASES: u8 = 7;

/// How long a replay waits for a record before somebody looks for it.
const SILENCE: u64 = 15;

/// Dead letters of one process that may be under way.
const LETTERS_MAX: usize = 3;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    Wait,
}

fn at(offset: i64) -> Offset {
    Offset::new(offset).unwrap()
}

impl World {
    /// One step: an answer, an action, or a part of the worker's round. It can die before each.
    pub(super) fn turn(&mut self, who: usize) {
        let worker = &mut self.processes[who].worker;
        if let Some(sent) = &mut worker.commit {
            if let Some(answer) = sent.answer.take() {
                self.commit_answered(who, answer);
            }
            return;
        }
        if let Some(action) = worker.machine.next_action() {
            return self.act(who, action);
        }
        for _ in 0..PHASES {
            let worker = &mut self.processes[who].worker;
            worker.phase = (worker.phase + 1) % PHASES;
            let done = match worker.phase {
                0 => self.poll(who),
                1 => self.change(who),
                2 => self.hear(who),
                3 => self.retry_stashed(who),
                4 => self.weigh(who),
                5 => self.obey(who),
                _ => self.tick(who),
            };
            if done {
                return;
            }
        }
    }

    pub(super) fn tell(&mut self, who: usize, event: Event) {
        let now = ms(self.now);
        self.processes[who].worker.machine.handle(now, event);
    }

    fn poll(&mut self, who: usize) -> bool {
        let now = self.now;
        let client = &mut self.processes[who].client;
        client.polled = now;
        if std::mem::take(&mut client.overdue) {
            self.tell(who, Event::Fenced(Fenced::PollOverdue));
            return true;
        }
        if !self.is_broker_up() {
            return false;
        }
        let mut took = false;
        for _ in 0..self.dice.between(1, 4) {
            let client = &self.processes[who].client;
            let open = client.fetches.iter().filter(|(_, fetch)| !fetch.paused);
            let open: Vec<(P, i64)> = open.map(|(p, fetch)| (*p, fetch.next)).collect();
            let ready = open.iter().filter_map(|(p, next)| Some((*p, self.logs[*p].next(*next)?)));
            let ready: Vec<(P, usize)> = ready.collect();
            if ready.is_empty() {
                break;
            }
            let (p, index) = self.dice.pick(&ready);
            let offset = self.logs[p].records[index].offset;
            if let Some(fetch) = self.processes[who].client.fetches.get_mut(&p) {
                fetch.next = offset + 1;
            }
            took = true;
            if !self.take(who, p, index) || self.processes[who].worker.machine.wants_tick() {
                break;
            }
        }
        took
    }

    fn slot(&self, who: usize, p: P) -> Option<Slot> {
        let id = &self.ids[p];
        self.processes[who].worker.machine.slot(&id.topic, id.partition)
    }

    /// Takes a record. False when the burst must end.
    fn take(&mut self, who: usize, p: P, index: usize) -> bool {
        let Some(slot) = self.slot(who, p) else { return true };
        let offset = at(self.logs[p].records[index].offset);
        match self.processes[who].worker.machine.expects(slot, offset) {
            Verdict::Drop => return true,
            Verdict::OutOfTurn => {
                self.fail_stop(who, None);
                return false;
            }
            Verdict::Take => {}
        }
        self.counts.add(Count::Records, 1);
        let kind = self.logs[p].records[index].kind;
        self.note(|| format!("{who} reads {p}: {offset}, {kind:?}"));
        match self.process(who, slot, p, index) {
            Step::Done => true,
            Step::Wait => {
                self.counts.add(Count::Stashed, 1);
                let worker = &mut self.processes[who].worker;
                worker.machine.stash(slot);
                worker.stash.push((p, index));
                false
            }
        }
    }

    fn process(&mut self, who: usize, slot: Slot, p: P, index: usize) -> Step {
        let now = ms(self.now);
        let record = &self.logs[p].records[index];
        let (kind, bytes, offset) = (record.kind, record.bytes, at(record.offset));
        let Worker { machine, plan, .. } = &mut self.processes[who].worker;
        let recorded = machine.recorded_unknown_ids(slot);
        let replays = recorded.is_some();
        match kind {
            Kind::Skipped => {
                machine.skipped(slot, offset, now);
                return Step::Done;
            }
            Kind::Bad => return self.divert(who, slot, p, index),
            Kind::Schema(id) => {
                let number = u32::try_from(id).unwrap();
                if recorded.is_some_and(|ids| ids.contains(&number)) {
                    self.counts.add(Count::ReplayedUnknownId, 1);
                    return self.divert(who, slot, p, index);
                }
                if !self.knows(who, id) {
                    if replays {
                        self.processes[who].worker.unknown.retain(|known| *known != id);
                        return Step::Wait;
                    }
                    let machine = &mut self.processes[who].worker.machine;
                    let judged = machine.judge(slot, number, now)
                        || (machine.cut(slot) && machine.judge(slot, number, now));
                    return if judged { self.divert(who, slot, p, index) } else { Step::Wait };
                }
            }
            Kind::Wide(least) if *plan < least => return self.divert(who, slot, p, index),
            Kind::Narrow(end) if *plan >= end => return self.divert(who, slot, p, index),
            Kind::Row | Kind::Wide(_) | Kind::Narrow(_) => {}
        }
        let Worker { machine, plan, .. } = &mut self.processes[who].worker;
        let open = machine.batch(slot).map(|batch| batch.fingerprint());
        if open.is_some_and(|open| open != *plan) && !machine.cut(slot) {
            return Step::Wait;
        }
        if machine.batch(slot).is_none() {
            machine.open(slot, Rows { records: Vec::new(), bytes: 8, plan: *plan }, now);
        }
        if let Some(batch) = machine.batch(slot) {
            batch.records.push(index);
            batch.bytes += bytes;
            machine.taken(slot, offset, now);
        }
        Step::Done
    }

    /// Whether the worker thinks that the registry knows an id. It asks once, and again when told.
    fn knows(&mut self, who: usize, id: usize) -> bool {
        let known = self.registry[id];
        let unknown = &mut self.processes[who].worker.unknown;
        if unknown.contains(&id) {
            if known && self.dice.one_in(4) {
                unknown.retain(|one| *one != id);
            }
            return false;
        }
        if !known {
            unknown.push(id);
        }
        known
    }

    fn divert(&mut self, who: usize, slot: Slot, p: P, index: usize) -> Step {
        let waiting = self.letters.iter().filter(|letter| letter.waits(who)).count();
        if waiting >= LETTERS_MAX {
            return Step::Wait;
        }
        let (now, offset) = (ms(self.now), at(self.logs[p].records[index].offset));
        let process = &mut self.processes[who];
        if let BadRecord::DeadLetter(record) = process.worker.machine.bad(slot, offset, false, now)
        {
            let sender = Some((who, process.incarnation));
            self.letters.push(Letter { p, index, record, sender, held: false });
        }
        Step::Done
    }

    fn change(&mut self, who: usize) -> bool {
        let process = &mut self.processes[who];
        if process.client.serving.is_some() {
            return self.read_positions(who);
        }
        let Some(event) = process.client.events.pop_front() else { return false };
        process.worker.assigned_as = process.client.member.clone();
        process.client.serving = Some(event.clone());
        let lost = process.client.lost;
        self.note(|| format!("{who} is told {event:?}{}", if lost { ", lost" } else { "" }));
        match event {
            Rebalance::Assign(partitions) if partitions.is_empty() => {
                self.counts.add(Count::AssignedNothing, 1);
                self.tell(who, Event::Assigned(Vec::new()));
            }
            Rebalance::Assign(partitions) => self.processes[who].worker.asked = Some(partitions),
            Rebalance::Revoke(partitions) => {
                let ids = partitions.iter().map(|p| self.ids[*p].clone()).collect();
                let count = if lost { Count::Lost } else { Count::Revoked };
                self.counts.add(count, partitions.len());
                self.tell(who, if lost { Event::Lost(ids) } else { Event::Revoked(ids) });
            }
        }
        true
    }

    fn read_positions(&mut self, who: usize) -> bool {
        if !self.is_broker_up() || !self.dice.one_in(3) {
            return false;
        }
        let worker = &mut self.processes[who].worker;
        let Some(partitions) = worker.asked.take() else { return false };
        let member = worker.assigned_as.clone();
        let mut assignments = Vec::new();
        for p in partitions {
            self.processes[who].worker.readings[p] = self.logs[p].reading;
            let position = match self.broker.offsets[p].clone() {
                Some((offset, metadata)) => Position::Committed { offset: at(offset), metadata },
                None => Position::Start(at(0), Origin { partitions: 1, at_ms: 1 }),
            };
            let (partition, member) = (self.ids[p].clone(), member.clone());
            assignments.push(Assignment { partition, position, topic: self.topic, member });
        }
        self.tell(who, Event::Assigned(assignments));
        true
    }

    fn hear(&mut self, who: usize) -> bool {
        let Some(heard) = self.processes[who].worker.inbox.pop_front() else { return false };
        let event = match heard {
            Heard::Inserted(range) => Event::Inserted(range),
            Heard::Unprovable(range) => Event::InsertUnprovable(range),
            Heard::Passed(partition, epoch, next) => {
                self.counts.add(Count::Passed, 1);
                Event::Passed { partition, epoch, next }
            }
            Heard::Acked(record) => Event::DeadLetterAcked(record),
        };
        self.note(|| format!("{who} hears {event:?}"));
        self.tell(who, event);
        true
    }

    fn retry_stashed(&mut self, who: usize) -> bool {
        let stash = std::mem::take(&mut self.processes[who].worker.stash);
        let tried = !stash.is_empty();
        for (p, index) in stash {
            let Some(slot) = self.slot(who, p) else { continue };
            if self.processes[who].worker.machine.is_stopped(slot) {
                continue;
            }
            match self.process(who, slot, p, index) {
                Step::Done => self.processes[who].worker.machine.unstash(slot),
                Step::Wait => self.processes[who].worker.stash.push((p, index)),
            }
        }
        tried
    }

    /// As `sink`'s budget: high from three quarters on, full from all of it down to half.
    fn weigh(&mut self, who: usize) -> bool {
        let worker = &mut self.processes[who].worker;
        let (used, max) = (worker.machine.bytes(), worker.budget);
        worker.full = used >= max || (worker.full && used >= max / 2);
        let pressure = if worker.full {
            Pressure::Full
        } else if used >= max / 4 * 3 {
            Pressure::High
        } else {
            Pressure::Low
        };
        let window = worker.window.take();
        let changed = worker.machine.pressure() != pressure;
        self.tell(who, Event::Room(max.saturating_sub(used)));
        if let Some(window) = window {
            self.tell(who, Event::Window(window));
        }
        if changed {
            self.counts.add(Count::MemoryFull, usize::from(pressure == Pressure::Full));
            self.tell(who, Event::Memory(pressure));
        }
        changed
    }

    fn tick(&mut self, who: usize) -> bool {
        let now = self.now;
        let worker = &mut self.processes[who].worker;
        if now < worker.next_tick && !worker.machine.wants_tick() {
            return false;
        }
        worker.next_tick = now + 3;
        self.look_for_ends(who);
        self.tell(who, Event::Tick);
        true
    }

    /// Finds out whether the records that replays wait for exist.
    fn look_for_ends(&mut self, who: usize) {
        let now = self.now;
        let mut waits = vec![None; self.logs.len()];
        for (id, epoch, next) in self.processes[who].worker.machine.replaying() {
            let p = usize::try_from(id.partition).unwrap();
            let before = self.processes[who].worker.waits[p].filter(|(at, _)| *at == next.raw());
            let since = before.map_or(now, |(_, since)| since);
            waits[p] = Some((next.raw(), since));
            if now - since < SILENCE {
                continue;
            }
            waits[p] = Some((next.raw(), now));
            let found = self.logs[p].first_from(next.raw());
            if found != next.raw() && now >= self.broker.down_until {
                self.found.push(Heard::Passed(id.clone(), epoch, at(found)));
            }
        }
        let worker = &mut self.processes[who].worker;
        worker.waits = waits;
        worker.inbox.extend(self.found.drain(..));
    }
}

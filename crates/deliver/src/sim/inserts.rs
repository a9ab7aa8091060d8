//! Frozen batches in, their results out: the sink's insert loop, and a network that is late.

use super::{
    counts::Count,
    log::P,
    process::Heard,
    table::{Landed, Request, Rows, parts},
    world::World,
};
use crate::{Insert, Proof, RangeId, Settled, Window};

/// How old a batch may be for its first attempt to need no proof.
const FRESH: u64 = 40;

/// A batch that a process is inserting.
#[derive(Debug)]
pub(super) struct Task {
    range: RangeId,
    pub(super) p: P,
    last: i64,
    token: String,
    proof: Proof,
    rows: Vec<usize>,
    /// The reading of the topic that they are of.
    reading: u32,
    attempt: u32,
    /// Whether an earlier attempt, of whomever, may have landed when this one was sent.
    repeated: bool,
    /// [`super::table::Table::used`] when its intent was committed.
    announced: u64,
    begun: u64,
    at: At,
}

/// How far the present attempt is.
#[derive(Clone, Copy, Debug)]
enum At {
    Begin,
    /// The window was read, and the token alone is not enough.
    Count {
        now: Window,
    },
    Send {
        reading: u64,
    },
    Wait {
        request: u64,
    },
    Pause {
        until: u64,
    },
}

impl World {
    pub(super) fn begin_insert(&mut self, who: usize, insert: Insert<Rows>) {
        let Insert { range, last, token, proof, topic: _, batch } = insert;
        let p = usize::try_from(range.partition.partition).unwrap();
        let worker = &mut self.processes[who].worker;
        worker.tasks.push(Task {
            range,
            p,
            last: last.raw(),
            token: token.as_str().to_owned(),
            proof,
            rows: batch.records,
            reading: worker.readings[p],
            attempt: 0,
            repeated: false,
            announced: worker.announced,
            begun: self.now,
            at: At::Begin,
        });
    }

    pub(super) fn abandon(&mut self, who: usize, p: P) {
        self.processes[who].worker.tasks.retain(|task| task.p != p);
    }

    /// One insert of a process goes one step further.
    pub(super) fn go_on_inserting(&mut self, who: usize) {
        let count = self.processes[who].worker.tasks.len();
        if count == 0 {
            return;
        }
        let index = self.dice.below(count);
        let at = self.processes[who].worker.tasks[index].at;
        match at {
            At::Begin => self.prove(who, index),
            At::Count { now } => self.count(who, index, now),
            At::Send { reading } => self.send(who, index, reading),
            At::Wait { .. } => {
                // Gives up waiting; the request may land yet.
                if self.fault(60) {
                    self.forget_request(who, index);
                    self.again(who, index);
                }
            }
            At::Pause { until } => {
                if self.now >= until {
                    self.task(who, index).at = At::Begin;
                }
            }
        }
    }

    fn task(&mut self, who: usize, index: usize) -> &mut Task {
        &mut self.processes[who].worker.tasks[index]
    }

    fn is_server_up(&self) -> bool {
        self.now >= self.server_down_until
    }

    /// Rule R9, with a fresh reading.
    fn prove(&mut self, who: usize, index: usize) {
        let (window, up) = (self.table.read(), self.is_server_up());
        let task = &mut self.processes[who].worker.tasks[index];
        let fresh = self.now - task.begun <= FRESH;
        task.repeated = task.attempt > 0 || task.proof.replayed || !fresh;
        if !task.repeated {
            task.at = At::Send { reading: task.announced };
        } else if up {
            let reading = window.used;
            if reading.saturating_sub(task.proof.used) > window.entries / 2 {
                self.counts.add(Count::WindowRolled, 1);
            }
            let suffices = task.proof.token_suffices(window);
            task.at = if suffices { At::Send { reading } } else { At::Count { now: window } };
        }
    }

    fn count(&mut self, who: usize, index: usize, now: Window) {
        if !self.is_server_up() {
            return;
        }
        let Task { p, last, .. } = self.processes[who].worker.tasks[index];
        let first = self.task(who, index).range.first.raw();
        let found = self.logs[p].rows(first, last);
        let settled = self.task(who, index).proof.settle(Some(found), now);
        self.counts.add(Count::RowsCounted, 1);
        self.note(|| format!("{who} counts {found} rows of {p}:{first}-{last}: {settled:?}"));
        match settled {
            Settled::Insert => self.task(who, index).at = At::Send { reading: now.used },
            Settled::Complete => {
                self.counts.add(Count::CountedComplete, 1);
                self.end(who, index, Heard::Inserted);
            }
            Settled::Unprovable => self.end(who, index, Heard::Unprovable),
        }
    }

    fn end(&mut self, who: usize, index: usize, heard: fn(RangeId) -> Heard) {
        let worker = &mut self.processes[who].worker;
        let task = worker.tasks.swap_remove(index);
        worker.inbox.push_back(heard(task.range));
    }

    fn send(&mut self, who: usize, index: usize, reading: u64) {
        if !self.is_server_up() {
            return self.again(who, index);
        }
        self.requests_ever += 1;
        let (id, sender) = (self.requests_ever, Some((who, self.processes[who].incarnation)));
        let deadline = reading + self.table.window / 2;
        let task = &mut self.processes[who].worker.tasks[index];
        let (p, token, rows) = (task.p, task.token.clone(), task.rows.clone());
        let of = task.reading;
        task.at = At::Wait { request: id };
        self.note(|| format!("{who} sends {token}, {} rows, request {id}", rows.len()));
        self.network.push(Request { id, p, token, rows, of, deadline, sender });
    }

    fn again(&mut self, who: usize, index: usize) {
        let until = self.now + self.dice.between(1, 8);
        self.counts.add(Count::InsertRetried, 1);
        let task = self.task(who, index);
        task.attempt += 1;
        task.at = At::Pause { until };
    }

    fn forget_request(&mut self, who: usize, index: usize) {
        let At::Wait { request } = self.task(who, index).at else { return };
        let found = self.network.iter_mut().find(|one| one.id == request);
        if let Some(found) = found {
            found.sender = None;
        }
    }

    /// Nobody waits for the requests of this process any more.
    pub(super) fn orphan_requests(&mut self, who: usize) {
        for request in &mut self.network {
            if request.sender.is_some_and(|(sender, _)| sender == who) {
                request.sender = None;
            }
        }
    }

    /// Something on its way may arrive.
    pub(super) fn deliver_request(&mut self) {
        // What nobody waits for may take very long.
        let waits = self.network.iter().filter(|one| one.sender.is_some()).count();
        let slow = if waits == 0 { 30 } else { 3 };
        if self.network.is_empty() || !self.is_server_up() || !self.dice.one_in(slow) {
            return;
        }
        let index = self.dice.below(self.network.len());
        if self.network[index].sender.is_none() && !self.calm && !self.dice.one_in(8) {
            return;
        }
        let request = self.network.swap_remove(index);
        if self.fault(30) {
            return self.answer(&request, false);
        }
        if self.fault(30) {
            self.land(&request, true);
            return self.answer(&request, false);
        }
        let landed = self.land(&request, false);
        let told = landed && !self.fault(20);
        self.answer(&request, told);
    }

    /// The server dies: what was on its way has landed, or in part, or not.
    pub(super) fn kill_server(&mut self) {
        self.counts.add(Count::ServerKilled, 1);
        self.note(|| "the table's server is killed".to_owned());
        for request in std::mem::take(&mut self.network) {
            if request.sender.is_none() && self.dice.one_in(2) {
                self.network.push(request); // still waiting to be sent on somewhere
                continue;
            }
            if !self.write_token_only(&request) && !self.dice.one_in(3) {
                self.land(&request, true);
            }
            self.answer(&request, false);
        }
        self.server_down_until = self.now + self.dice.between(1, 60);
    }

    /// The server may die between a token and its part. Where nobody can see that, the promise does
    /// not hold: in a block of several partitions, and over rows of an earlier reading.
    fn write_token_only(&mut self, request: &Request) -> bool {
        let Request { id, p, token, rows, deadline, .. } = request;
        let parts = parts(&self.logs[*p], rows);
        let [part] = parts.into_iter().collect::<Vec<_>>()[..] else { return false };
        let read_twice = self.logs[*p].reading > 0
            || rows.iter().any(|index| self.logs[*p].records[*index].rows_ever > 0);
        if read_twice || self.table.used + 1 > *deadline || !self.dice.one_in(4) {
            return false;
        }
        let written = self.table.write_token_only(token, part);
        if written {
            self.counts.add(Count::TokenOnly, 1);
            self.note(|| format!("request {id}, {token}: part {part} is only a token"));
        }
        written
    }

    /// Writes a block, or some of it. Returns whether it came in time to be written at all.
    fn land(&mut self, request: &Request, in_part: bool) -> bool {
        let Request { id, p, token, rows, of, deadline, sender } = request;
        let parts = parts(&self.logs[*p], rows);
        // The protocol's assumption: between the reading and the landing of an attempt less than
        // half a window of entries comes in. What would break it never lands.
        if self.table.used + parts.len() as u64 > *deadline {
            self.counts.add(Count::InsertNever, 1);
            return false;
        }
        let wanted = if in_part { self.dice.below(parts.len() + 1) } else { parts.len() };
        if wanted > 0 && wanted < parts.len() {
            self.counts.add(Count::InsertPartial, 1);
        }
        if sender.is_none() {
            self.counts.add(Count::InsertLate, 1);
        }
        for part in parts.into_iter().take(wanted) {
            let landed = self.table.write(token, part, &mut self.logs[*p], rows, *of);
            self.note(|| format!("request {id}, {token}: part {part} {landed:?}"));
            match landed {
                Landed::Written => self.check_doubles(*p, rows),
                Landed::Dropped => {
                    self.counts.add(Count::TokenHit, 1);
                    self.check_dropped(*p, part, rows, *of);
                }
                Landed::Missed => {}
            }
        }
        true
    }

    fn answer(&mut self, request: &Request, fine: bool) {
        let Some((who, incarnation)) = request.sender else { return };
        if self.processes[who].incarnation != incarnation {
            return;
        }
        let waits = |task: &Task| matches!(task.at, At::Wait { request: id } if id == request.id);
        let Some(index) = self.processes[who].worker.tasks.iter().position(waits) else { return };
        if fine && !self.is_missing(who, index) {
            self.end(who, index, Heard::Inserted);
        } else if fine {
            let now = self.table.read();
            // Somebody who does not meet the first token any more would not come to the second.
            if !self.task(who, index).proof.token_holds(now) {
                return self.end(who, index, Heard::Unprovable);
            }
            self.counts.add(Count::InsertAgain, 1);
            let task = self.task(who, index);
            task.token.push_str(":again");
            task.at = At::Begin;
        } else {
            self.again(who, index);
        }
    }

    /// Whether a confirmed repetition has no row in the table.
    fn is_missing(&self, who: usize, index: usize) -> bool {
        let task = &self.processes[who].worker.tasks[index];
        task.repeated && self.logs[task.p].rows(task.range.first.raw(), task.last) == 0
    }
}

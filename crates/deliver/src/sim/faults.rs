//! Dice in, misfortunes out.

use super::{client::Client, counts::Count, dice::Dice, log::Mix, steer, world::World};

/// How bad it gets: each misfortune happens once in so many steps, or never for 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    kill: u32,
    freeze: u32,
    stall: u32,
    drain: u32,
    pub(super) pause: u32,
    /// Of orders to set offsets: one in so many steps.
    pub(super) reset: u32,
    broker: u32,
    server: u32,
    others: u32,
    compaction: u32,
    registry: u32,
    plan: u32,
    grow: u32,
    /// Of commits of members: one in so many.
    pub(super) commits: u32,
    /// Of rounds of the group: one in so many.
    pub(super) moves: u32,
}

impl Weather {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self {
            kill: dice.pick(&[0, 400, 150, 80]),
            freeze: dice.pick(&[0, 300, 100]),
            stall: dice.pick(&[0, 400, 120]),
            drain: dice.pick(&[0, 400]),
            pause: dice.pick(&[0, 200, 60]),
            reset: steer::how_often(dice),
            broker: dice.pick(&[0, 500, 200]),
            server: dice.pick(&[0, 400, 120]),
            others: dice.pick(&[0, 0, 100, 30]),
            compaction: dice.pick(&[0, 0, 60]),
            registry: dice.pick(&[200, 60]),
            plan: dice.pick(&[0, 0, 0, 400]),
            grow: dice.pick(&[40, 15]),
            commits: dice.pick(&[0, 12, 4]),
            moves: dice.pick(&[0, 3]),
        }
    }

    /// What a topic is made of.
    pub(super) fn mix(dice: &mut Dice) -> Mix {
        Mix {
            skipped: dice.pick(&[0, 8]),
            bad: dice.pick(&[0, 10, 4]),
            schema: dice.pick(&[0, 12, 4]),
            plan: dice.pick(&[0, 0, 8]),
            widens: dice.one_in(2),
            gap: dice.pick(&[0, 5]),
            parts: dice.pick(&[1, 2, 3]),
        }
    }
}

/// How a process goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It says so to the group.
    Politely,
    /// It is killed.
    Suddenly,
}

impl World {
    /// Whether something goes wrong that does so once in `n` times while anything may.
    pub(super) fn fault(&mut self, n: u32) -> bool {
        !self.calm && self.dice.one_in(n)
    }

    /// Whatever happens in one step.
    pub(super) fn strike(&mut self) {
        let weather = self.weather;
        let who = self.dice.below(self.processes.len());
        let up = self.processes[who].down_until.is_none();
        if up && self.fault(weather.kill) {
            self.kill(who);
        }
        if let Some((who, _)) = self.doomed.take_if(|(_, at)| *at <= self.now)
            && self.processes[who].down_until.is_none()
        {
            self.kill(who);
        }
        if up && self.fault(weather.freeze) {
            let until = self.now + self.dice.between(5, 160);
            self.processes[who].frozen_until = until;
            self.counts.add(Count::Frozen, 1);
            self.note(|| format!("{who} is frozen until {until}"));
        }
        if up && self.fault(weather.stall) {
            let until = self.now + self.dice.between(5, 200);
            self.processes[who].stalled_until = until;
            self.counts.add(Count::Stalled, 1);
            self.note(|| format!("{who} does not poll until {until}"));
        }
        if up && self.fault(weather.drain) {
            self.note(|| format!("{who} is told to stop"));
            self.tell(who, crate::Event::Drain);
        }
        if self.is_broker_up() && self.fault(weather.broker) {
            self.broker.down_until = self.now + self.dice.between(2, 120);
            self.counts.add(Count::BrokerDown, 1);
            self.note(|| "the broker is away".to_owned());
        }
        if self.fault(weather.server) {
            self.kill_server();
        }
        self.strike_steering();
        self.strike_data();
    }

    fn strike_data(&mut self) {
        let weather = self.weather;
        if self.fault(weather.others) {
            let most = (self.table.window / 4).clamp(1, 1_000);
            self.table.used += self.dice.between(1, most);
        }
        if self.fault(weather.registry) {
            let id = self.dice.below(self.registry.len());
            self.registry[id] = true;
        }
        if self.fault(weather.plan) {
            self.plan += 1;
            self.note(|| "the table is altered".to_owned());
        }
        let p = self.dice.below(self.logs.len());
        if self.fault(weather.grow) {
            self.logs[p].grow(self.mix, &mut self.dice);
        }
        // Not both in one world: see the assumptions in docs/simulation.md.
        if self.mix.plan == 0 && self.fault(weather.compaction) {
            let index = self.dice.below(self.logs[p].records.len());
            let record = &self.logs[p].records[index];
            // Mostly what is written already, so that there is something left to lose.
            if !record.gone && (record.is_safe() || self.dice.one_in(6)) {
                self.counts.add(Count::Compacted, 1);
                let offset = record.offset;
                self.note(|| format!("compaction removes {p}: {offset}"));
                self.logs[p].remove(index);
            }
        }
    }

    fn kill(&mut self, who: usize) {
        self.counts.add(Count::Killed, 1);
        let worker = &self.processes[who].worker;
        let (commit, inserts) = (worker.commit.is_some(), worker.tasks.len());
        self.counts.add(Count::KilledInCommit, usize::from(commit));
        self.counts.add(Count::KilledInInsert, usize::from(inserts > 0));
        self.note(|| format!("{who} is killed"));
        self.take_down(who, Leaving::Suddenly);
    }

    /// A process goes down and comes back later. What it has sent is still on its way.
    pub(super) fn take_down(&mut self, who: usize, leaving: Leaving) {
        self.orphan_commit(who);
        self.orphan_requests(who);
        for index in (0..self.letters.len()).rev() {
            let letter = &mut self.letters[index];
            if letter.waits(who) {
                letter.sender = None;
                if self.dice.one_in(2) {
                    self.letters.swap_remove(index);
                }
            }
        }
        let delay = if self.calm { 5 } else { self.dice.between(2, 120) };
        let worker = self.worker();
        let process = &mut self.processes[who];
        // A member with a name of its own does not say that it leaves.
        if leaving == Leaving::Politely && !process.client.fixed {
            self.broker.group.leave(&process.client.member.id, self.now);
        }
        process.down_until = Some(self.now + delay);
        process.client = Client::new(process.client.fixed);
        process.worker = worker;
    }
}

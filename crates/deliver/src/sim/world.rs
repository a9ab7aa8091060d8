//! A seed in, a world that runs until it has come to rest or a promise is broken out.

use std::{collections::VecDeque, time::Duration};

use super::{
    broker::Broker,
    client::{Client, Met},
    coordinator::Habits,
    counts::{Count, Counts},
    dice::Dice,
    faults::{Leaving, Weather},
    history::History,
    log::{IDS, Log, Mix, P},
    process::{Heard, Process, Worker},
    steer::{Obeying, Progress, Steer},
    table::{Request, Table},
};
use crate::{Machine, Member, RecordId, Settings, TopicId, TopicPartition};

/// Steps in which a healthy world must come to rest. It takes a few hundred.
const REST_MAX: u64 = 6_000;

/// A millisecond, and a step.
pub(super) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Doubled,
    Lost,
    Ahead,
    Stuck,
    Stopped,
    Amid,
    Unwanted,
    Panicked,
}

impl Wrong {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Doubled => "a row doubled",
            Self::Lost => "a row lost",
            Self::Ahead => "a commit ahead of the table",
            Self::Stuck => "never at rest",
            Self::Stopped => "stopped for no reason",
            Self::Amid => "an offset set amid inserts",
            Self::Unwanted => "an offset set that nobody wanted",
            Self::Panicked => "a panic",
        }
    }
}

/// How a world ended badly.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) wrong: Wrong,
    pub(super) what: String,
}

/// A dead letter on its way.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) p: P,
    pub(super) index: usize,
    pub(super) record: RecordId,
    /// Process and incarnation that wait for its acknowledgement.
    pub(super) sender: Option<(usize, u32)>,
    /// Whether the broker holds it.
    pub(super) held: bool,
}

impl Letter {
    pub(super) fn waits(&self, who: usize) -> bool {
        !self.held && self.sender.is_some_and(|(sender, _)| sender == who)
    }
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) now: u64,
    pub(super) weather: Weather,
    pub(super) mix: Mix,
    /// Whether nothing goes wrong any more.
    pub(super) calm: bool,
    pub(super) settings: Settings,
    /// Bytes that the batches of a process may take, if it has all of its memory.
    budget: usize,
    pub(super) topic: Option<TopicId>,
    pub(super) ids: Vec<TopicPartition>,
    pub(super) logs: Vec<Log>,
    pub(super) broker: Broker,
    pub(super) table: Table,
    pub(super) server_down_until: u64,
    pub(super) network: Vec<Request>,
    pub(super) requests_ever: u64,
    pub(super) letters: Vec<Letter>,
    /// Which ids the registry knows.
    pub(super) registry: Vec<bool>,
    /// The plan that fits the table as it is.
    pub(super) plan: u64,
    pub(super) processes: Vec<Process>,
    pub(super) found: Vec<Heard>,
    /// Who is to be killed, and when.
    pub(super) doomed: Option<(usize, u64)>,
    pub(super) steer: Steer,
    pub(super) progress: Vec<Progress>,
    pub(super) counts: Counts,
    pub(super) history: History,
    pub(super) failure: Option<Failure>,
}

impl World {
    pub(super) fn new(seed: u64, kept: bool) -> Self {
        let mut dice = Dice::new(seed);
        let (weather, mix) = (Weather::new(&mut dice), Weather::mix(&mut dice));
        let partitions = dice.below(4) + 1;
        let settings = Settings {
            rows_max: dice.between(1, 6),
            bytes_max: dice.pick(&[60, 150]),
            age: ms(dice.pick(&[5, 20])),
            age_max: ms(60),
            revoke_wait: ms(40),
            paused: false,
            poll_interval_max: ms(100),
            exactly_once: true,
            intents: true,
            revision: 9,
        };
        let broker = Broker::new(partitions);
        let window = dice.pick(&[100_000, 1_000, 120, 48]);
        let mut world = Self {
            now: 0,
            weather,
            mix,
            calm: false,
            settings,
            budget: dice.pick(&[250, 600]),
            topic: (!dice.one_in(12)).then_some(TopicId(1)),
            ids: (0..4).map(|p| TopicPartition::new("t", p)).collect(),
            logs: (0..partitions).map(|_| Log::default()).collect(),
            broker,
            table: Table::new(window),
            server_down_until: 0,
            network: Vec::new(),
            requests_ever: 0,
            letters: Vec::new(),
            registry: (0..IDS).map(|_| dice.one_in(3)).collect(),
            plan: 0,
            processes: Vec::new(),
            found: Vec::new(),
            doomed: None,
            steer: Steer::default(),
            progress: Vec::new(),
            counts: Counts::default(),
            history: History::new(kept),
            failure: None,
            dice,
        };
        for log in &mut world.logs {
            for _ in 0..world.dice.between(1, 25) {
                log.grow(mix, &mut world.dice);
            }
        }
        world.people();
        world
    }

    /// Sets up the processes: two or three, with names of their own or without.
    fn people(&mut self) {
        let fixed = self.dice.one_in(2);
        for _ in 0..self.dice.between(2, 3) {
            let worker = self.worker();
            self.processes.push(Process {
                down_until: Some(self.dice.between(0, 10)),
                incarnation: 0,
                frozen_until: 0,
                stalled_until: 0,
                client: Client::new(fixed),
                worker,
            });
        }
    }

    pub(super) fn worker(&mut self) -> Worker {
        let is_small = self.dice.one_in(3);
        let budget = if is_small { self.budget / 4 } else { self.budget };
        Worker {
            machine: Machine::new(self.settings, self.dice.seed()),
            phase: 0,
            next_tick: self.now,
            assigned_as: Member::default(),
            asked: None,
            stash: Vec::new(),
            inbox: VecDeque::new(),
            tasks: Vec::new(),
            commit: None,
            announced: self.table.used,
            plan: self.plan,
            window: None,
            budget,
            is_small,
            full: false,
            waits: vec![None; self.logs.len()],
            unknown: Vec::new(),
            obeying: Obeying::default(),
            readings: vec![0; self.logs.len()],
        }
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        self.history.note(self.now, line);
    }

    /// Runs until everything is at rest, or a promise is broken.
    pub(super) fn run(&mut self) {
        let steps = self.dice.pick(&[300, 1_000, 2_500]);
        self.storm(steps);
        self.rest();
        if self.failure.is_none() && self.dice.one_in(3) && self.rewind() {
            let steps = self.dice.pick(&[0, 300]);
            self.storm(steps);
            self.rest();
        }
    }

    fn storm(&mut self, steps: u64) {
        self.calm = false;
        for _ in 0..steps {
            self.strike();
            self.step();
            if self.failure.is_some() {
                return;
            }
        }
    }

    /// Everything is healthy from here on: all must be read to the end.
    fn rest(&mut self) {
        if self.failure.is_some() {
            return;
        }
        self.note(|| "everything is healthy from here on".to_owned());
        self.calm = true;
        if !self.is_broker_up() {
            self.broker.down_until = self.now + 1;
        }
        self.server_down_until = 0;
        self.registry.iter_mut().for_each(|known| *known = true);
        for process in &mut self.processes {
            (process.frozen_until, process.stalled_until) = (0, 0);
            process.down_until = process.down_until.map(|until| until.min(self.now + 5));
        }
        for _ in 0..REST_MAX {
            self.step();
            if self.failure.is_some() || self.is_at_rest() {
                break;
            }
        }
        self.check_end();
        let finished = (0..self.logs.len()).filter(|p| self.is_finished(*p)).count();
        self.counts.add(Count::Finished, finished);
    }

    fn is_at_rest(&self) -> bool {
        self.steer.is_at_rest()
            && self.broker.group.is_stable()
            && self.network.is_empty()
            && self.letters.is_empty()
            && self.has_no_late()
            && (0..self.logs.len()).all(|p| self.is_finished(p) || self.is_stopped(p))
    }

    /// An operator stops everything and sets offsets back, in a group that is empty and quiet.
    /// False when something could not be finished before.
    fn rewind(&mut self) -> bool {
        if !(0..self.logs.len()).all(|p| self.is_finished(p)) {
            return false;
        }
        for who in 0..self.processes.len() {
            self.take_down(who, Leaving::Politely);
        }
        self.broker.group.disband();
        for p in 0..self.logs.len() {
            if self.dice.one_in(3) {
                continue;
            }
            let records = &self.logs[p].records;
            let back = if self.dice.one_in(2) { 0 } else { self.dice.below(records.len()) };
            let offset = if back == 0 { 0 } else { records[back].offset };
            self.logs[p].rewind(offset);
            self.broker.offsets[p] = Some((offset, String::new()));
            self.logs[p].lineage.clear();
            self.counts.add(Count::Rewound, 1);
            self.note(|| format!("an operator sets {p} back to {offset}"));
        }
        true
    }

    fn step(&mut self) {
        self.now += 1;
        self.look_after();
        if self.now == self.broker.down_until {
            self.broker.group.forgive(self.now);
        }
        if self.is_broker_up() {
            self.change_group();
        }
        for who in 0..self.processes.len() {
            self.live(who);
        }
        self.deliver_request();
        self.serve_late();
        self.serve_letters();
    }

    fn change_group(&mut self) {
        let habits = Habits {
            session: 50,
            round: 100,
            moves: if self.calm { 0 } else { self.weather.moves },
        };
        let expired = self.broker.group.expire(self.now, habits.session);
        if expired > 0 {
            self.counts.add(Count::Expired, expired);
            self.note(|| format!("{expired} members are thrown out"));
        }
        let (partitions, now) = (self.logs.len(), self.now);
        let settled = self.broker.group.settle(partitions, habits, now, &mut self.dice);
        if let Some(contested) = settled {
            self.counts.add(Count::Contested, contested);
            let generation = self.broker.group.generation;
            self.note(|| format!("generation {generation} begins, {contested} claimed twice"));
        }
    }

    /// One step of one process.
    fn live(&mut self, who: usize) {
        let process = &self.processes[who];
        if process.down_until.is_some_and(|until| self.now >= until) {
            self.start(who);
        }
        let process = &self.processes[who];
        let deferred = process.worker.commit.as_ref().is_some_and(|sent| sent.member.is_none());
        if process.runs(self.now) || !deferred {
            self.serve_commit(who);
        }
        if !self.processes[who].runs(self.now) {
            return;
        }
        if self.is_broker_up() && self.dice.one_in(2) {
            self.look(who);
        }
        if self.dice.one_in(2) {
            self.go_on_inserting(who);
        }
        if self.now >= self.processes[who].stalled_until {
            self.turn(who);
        }
        if self.dice.one_in(20) && self.processes[who].down_until.is_none() {
            let worker = &mut self.processes[who].worker;
            worker.window = Some(self.table.read());
            // The server may refuse the blocks that were made for the table as it was.
            let altered = std::mem::replace(&mut worker.plan, self.plan) != self.plan;
            if altered && !worker.tasks.is_empty() && self.fault(2) {
                self.counts.add(Count::TableChanged, 1);
                self.fail_stop(who, None);
            }
        }
    }

    fn start(&mut self, who: usize) {
        let worker = self.worker();
        let process = &mut self.processes[who];
        process.down_until = None;
        process.incarnation += 1;
        process.client.polled = self.now;
        (process.frozen_until, process.stalled_until) = (0, 0);
        process.worker = worker;
        self.begin_obeying(who);
        self.note(|| format!("{who} starts"));
    }

    fn look(&mut self, who: usize) {
        let poll_max = u64::try_from(self.settings.poll_interval_max.as_millis()).unwrap();
        let client = &mut self.processes[who].client;
        let met = client.look(who, &mut self.broker.group, self.now, poll_max);
        let count = match met {
            Met::Nothing => return,
            Met::Overdue => Some(Count::PollOverdue),
            Met::JoinedOwning => Some(Count::KeptWithoutCallback),
            Met::ThrownOut | Met::Lost | Met::Joined | Met::Given => None,
        };
        if let Some(count) = count {
            self.counts.add(count, 1);
        }
        self.history.note(self.now, || {
            let client = &self.processes[who].client;
            format!("{who} ({:?}, owns {:?}): {met:?}", client.member, client.owned)
        });
    }

    /// Dead letters arrive, and then their acknowledgements, at times twice.
    fn serve_letters(&mut self) {
        if self.letters.is_empty() || !self.is_broker_up() || !self.dice.one_in(3) {
            return;
        }
        let index = self.dice.below(self.letters.len());
        let letter = &mut self.letters[index];
        if !letter.held {
            letter.held = true;
            self.logs[letter.p].records[letter.index].lettered = true;
            return;
        }
        let Letter { record, sender, .. } = self.letters.swap_remove(index);
        let waits = sender.filter(|(who, incarnation)| {
            let process = &self.processes[*who];
            process.down_until.is_none() && process.incarnation == *incarnation
        });
        let Some((who, _)) = waits else {
            self.counts.add(Count::LetterLate, 1);
            return;
        };
        let inbox = &mut self.processes[who].worker.inbox;
        inbox.push_back(Heard::Acked(record.clone()));
        if self.fault(10) {
            self.counts.add(Count::LetterTwice, 1);
            self.processes[who].worker.inbox.push_back(Heard::Acked(record));
        }
    }
}

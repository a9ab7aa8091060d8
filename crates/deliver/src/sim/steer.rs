//! A person's wishes in: pauses, resumes, offsets set anew. Whether they were carried out, once, out.

use std::rc::Rc;

use super::{
    counts::Count,
    dice::Dice,
    log::P,
    process::{Process, Worker},
    world::{World, Wrong},
};
use crate::{
    Event, Offset,
    rules::{Rule, keeps},
};

/// What the store says of the pipeline. All changes of it have one order.
#[derive(Clone, Debug, Default)]
pub(super) struct Steer {
    version: u64,
    paused: bool,
    order: Option<Order>,
    orders_ever: u64,
}

/// Offsets that a person wants.
#[derive(Clone, Debug)]
struct Order {
    mark: u64,
    offsets: Rc<[(P, i64)]>,
}

/// How far the order of the store is in a partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// The process whose commit has set its offset.
    set_by: Option<usize>,
    /// Whether it needs not be told, or somebody has told so.
    told: bool,
}

/// What a worker has been told to do, and how far it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Obeying {
    /// What it has heard of the store last.
    heard: Steer,
    /// Partitions whose offsets are being set.
    setting: Vec<P>,
    /// Whether one was set.
    has_set: bool,
}

impl Obeying {
    fn sets(&mut self, p: P) {
        if !self.setting.contains(&p) {
            self.setting.push(p);
        }
    }

    /// The worker does not own these any more.
    pub(super) fn gave_up(&mut self, partitions: &[P]) {
        self.setting.retain(|p| !partitions.contains(p));
    }
}

impl Steer {
    /// Whether nobody waits for anything, and all is to run.
    pub(super) fn is_at_rest(&self) -> bool {
        self.order.is_none() && !self.paused
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        self.version += 1;
    }

    fn wants(&self, p: P) -> Option<i64> {
        let (_, offset) = self.order.as_ref()?.offsets.iter().find(|(one, _)| *one == p)?;
        Some(*offset)
    }
}

impl World {
    /// Whatever a person does in one step.
    pub(super) fn strike_steering(&mut self) {
        let (pause, reset) = (self.weather.pause, self.weather.reset);
        if self.fault(pause) && !self.steer.paused {
            self.counts.add(Count::Paused, 1);
            self.note(|| "the pipeline is paused".to_owned());
            self.steer.change(|steer| steer.paused = true);
        }
        if self.steer.order.is_none() && self.fault(reset) && self.is_heard_by_all() {
            self.order();
        }
    }

    /// What is assumed of orders: a second one is not given before every process that runs knows
    /// the end of the first.
    fn is_heard_by_all(&self) -> bool {
        let running = self.processes.iter().filter(|process| process.down_until.is_none());
        running.map(|one| one.worker.obeying.heard.version).all(|one| one == self.steer.version)
    }

    /// Sets offsets of a pipeline that is paused with it, or of partitions that have stopped.
    fn order(&mut self) {
        let stopped: Vec<P> = (0..self.logs.len()).filter(|p| self.is_stopped(*p)).collect();
        let runs_on = !stopped.is_empty() && !self.steer.paused && self.dice.one_in(2);
        let partitions = if runs_on { stopped } else { (0..self.logs.len()).collect() };
        let done = Progress { set_by: None, told: true };
        let (mut places, mut progress) = (Vec::new(), vec![done; self.logs.len()]);
        for p in partitions {
            if self.broker.offsets[p].is_none() || self.dice.one_in(3) {
                continue;
            }
            let offset = self.wish(p);
            places.push((p, offset));
            progress[p].told = false;
        }
        if places.is_empty() {
            return;
        }
        self.counts.add(Count::Ordered, places.len());
        self.counts.add(Count::OrderedOfStopped, if runs_on { places.len() } else { 0 });
        let mark = self.steer.orders_ever + 1;
        self.note(|| format!("order {mark}: {places:?}, the others run on: {runs_on}"));
        self.progress = progress;
        self.steer.change(|steer| {
            steer.paused |= !runs_on;
            steer.orders_ever = mark;
            steer.order = Some(Order { mark, offsets: places.into() });
        });
    }

    /// Somewhere in the topic: where a record is, or its end.
    fn wish(&mut self, p: P) -> i64 {
        let records = &self.logs[p].records;
        match self.dice.below(4) {
            0 => 0,
            1 => self.logs[p].end,
            _ => records[self.dice.below(records.len())].offset,
        }
    }

    /// A person who looks now and then: crosses off what was carried out, and resumes at last.
    pub(super) fn look_after(&mut self) {
        let Some(Order { mark, .. }) = self.steer.order else {
            // To resume amid a reset is refused.
            if self.steer.paused && (self.calm || self.dice.one_in(20)) {
                self.note(|| "the pipeline is resumed".to_owned());
                self.steer.change(|steer| steer.paused = false);
            }
            return;
        };
        if self.progress.iter().all(|one| one.told) {
            self.note(|| format!("order {mark} is done"));
            self.steer.change(|steer| steer.order = None);
        } else if self.calm && !self.steer.paused {
            // Somebody else owns what had stopped, and it runs there.
            self.steer.change(|steer| steer.paused = true);
        }
    }

    /// A worker begins with what the store says.
    pub(super) fn begin_obeying(&mut self, who: usize) {
        let steer = self.steer.clone();
        self.tell(who, Event::Paused(steer.paused));
        self.processes[who].worker.obeying = Obeying { heard: steer, ..Obeying::default() };
    }

    /// As `sink`'s worker: takes new orders, tells the machine of offsets to set, and others of
    /// those that Kafka holds. True when it begins anew.
    pub(super) fn obey(&mut self, who: usize) -> bool {
        let worker = &mut self.processes[who].worker;
        let obeying = &mut worker.obeying;
        if obeying.has_set && obeying.setting.is_empty() {
            self.fail_stop(who, None);
            return true;
        }
        if obeying.heard.version != self.steer.version && self.dice.one_in(6) {
            obeying.heard = self.steer.clone();
            let Steer { version, paused, .. } = obeying.heard;
            self.note(|| format!("{who} hears version {version}"));
            self.tell(who, Event::Paused(paused));
        }
        let obeying = &self.processes[who].worker.obeying;
        let paused = obeying.heard.paused;
        let Some(Order { mark, offsets }) = obeying.heard.order.clone() else { return false };
        let mut wanted = Vec::new();
        for (p, offset) in offsets.iter().copied() {
            let machine = &self.processes[who].worker.machine;
            let Some(view) = machine.views().find(|view| *view.partition == self.ids[p]) else {
                continue;
            };
            let (stopped, has_set) =
                (view.stopped.is_some(), view.committed.and_then(|(_, text)| mark_of(text)));
            if has_set == Some(mark) && keeps(Rule::R15) {
                if self.dice.one_in(6) {
                    self.told(who, p, mark);
                }
            } else if paused || stopped {
                wanted.push((self.ids[p].clone(), Offset::new(offset).unwrap()));
                self.processes[who].worker.obeying.sets(p);
            }
        }
        if !wanted.is_empty() {
            self.tell(who, Event::Reset { mark, offsets: wanted });
        }
        false
    }

    /// The status of a process says that a partition was set.
    pub(super) fn told(&mut self, who: usize, p: P, mark: u64) {
        let is_asked = self.steer.order.as_ref().is_some_and(|order| order.mark == mark);
        let is_due = is_asked && self.is_broker_up();
        let Progress { set_by, told } = &mut self.progress[p];
        if is_due && !*told {
            *told = true;
            let by_other = set_by.is_some_and(|by| by != who);
            self.counts.add(Count::OrderToldByOther, usize::from(by_other));
        }
    }

    /// A process hears that the broker holds an offset that it has set, and tells so; at times it dies
    /// before that is heard.
    pub(super) fn was_reset(&mut self, who: usize, p: P) {
        let obeying = &mut self.processes[who].worker.obeying;
        obeying.gave_up(&[p]);
        obeying.has_set = true;
        let mark = obeying.heard.order.as_ref().map(|order| order.mark);
        if let Some(mark) = mark
            && !self.dice.one_in(4)
        {
            self.told(who, p, mark);
        }
    }

    /// Looks at a commit that is about to be sent: offsets are set only when nothing is under way.
    pub(super) fn check_reset_sent(&mut self, who: usize, p: P, text: &str) {
        let Worker { obeying, tasks, .. } = &self.processes[who].worker;
        let order = obeying.heard.order.as_ref().filter(|_| obeying.setting.contains(&p));
        let sets = order.is_some_and(|order| mark_of(text) == Some(order.mark));
        if sets && tasks.iter().any(|task| task.p == p) {
            self.fail(Wrong::Amid, || format!("{who} sets the offset of {p} amid inserts"));
        }
    }

    /// Whether a commit sets an offset: it has a mark and one more rewind.
    fn is_reset(&self, p: P, text: &str) -> bool {
        let lineage = lineage(text);
        lineage.contains('.') && lineage != self.logs[p].lineage
    }

    /// The broker holds a commit. Has it set an offset, everything from there on is wanted once
    /// more.
    pub(super) fn check_reset(&mut self, p: P, offset: i64, text: &str) {
        if !self.is_reset(p, text) {
            return;
        }
        lineage(text).clone_into(&mut self.logs[p].lineage);
        let mark = mark_of(text);
        let order = self.steer.order.as_ref().filter(|order| Some(order.mark) == mark);
        if order.is_none() || self.steer.wants(p) != Some(offset) {
            return self.fail(Wrong::Unwanted, || format!("{p}: nobody wants {offset}, {text}"));
        }
        let setter = self.setter_of(p);
        if self.progress[p].set_by.replace(setter).is_some() {
            return self.fail(Wrong::Unwanted, || format!("{p}: set to {offset} once more"));
        }
        let back = self.logs[p].records.iter().any(|one| one.offset >= offset && one.rows > 0);
        let log = &mut self.logs[p];
        let skipped = log.skip(offset);
        log.rewind(offset);
        self.counts.add(Count::ResetBack, usize::from(back));
        self.counts.add(Count::ResetForward, usize::from(skipped > 0));
        self.note(|| format!("{p} is set to {offset}, {skipped} records are skipped"));
        if setter < self.processes.len() && self.fault(4) {
            self.doomed = Some((setter, self.now + self.dice.between(1, 20)));
        }
    }

    /// Who sets the offset of a partition; whoever is dead by now is nobody.
    fn setter_of(&self, p: P) -> usize {
        let sets = |process: &Process| process.worker.obeying.setting.contains(&p);
        self.processes.iter().position(sets).unwrap_or(usize::MAX)
    }
}

/// The part of a commit's text that says how often offsets were set by hand, and the last mark.
fn lineage(text: &str) -> &str {
    text.split(';').nth(2).unwrap_or_default()
}

/// The mark of the reset that was carried out last, as a commit's text says it.
fn mark_of(text: &str) -> Option<u64> {
    let (_rewinds, mark) = lineage(text).split_once('.')?;
    u64::from_str_radix(mark, 16).ok()
}

/// How often a person orders.
pub(super) fn how_often(dice: &mut Dice) -> u32 {
    dice.pick(&[0, 0, 400, 150])
}

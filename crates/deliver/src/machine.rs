//! Events in, actions out: all partitions of one worker.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    Action, Batch, Commit, Epoch, Event, Fenced, Membership, Offset, Pressure, RangeId, RecordId,
    Settings, StopReason, TopicPartition, Window, fence,
    partition::{Hold, Outcome, Partition},
    rules::{Rule, keeps},
};

/// Where a partition is kept. Valid until the next [`Machine::handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// What to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one: decode it.
    Take,
    /// It was seen before, or its partition takes no more in this epoch: forget it.
    Drop,
    /// It came although its partition waits with another record: it can be neither taken in
    /// order nor dropped. The worker must give up its consumer and begin anew.
    OutOfTurn,
}

/// One partition, as it is told to a person.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The partition.
    pub partition: &'a TopicPartition,
    /// What Kafka is known to hold for the group: the offset and the text beside it.
    pub committed: Option<(Offset, &'a str)>,
    /// Ranges in flight, or recorded and not read again yet.
    pub pending: usize,
    /// Why it takes no more records.
    pub stopped: Option<StopReason>,
}

/// What to do with a bad record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRecord {
    /// Send it to the dead letters and tell when Kafka has acknowledged it.
    DeadLetter(RecordId),
    /// Its partition has stopped.
    Stopped,
}

/// The state machine of one worker. See the crate's documentation.
#[derive(Debug)]
pub struct Machine<B> {
    settings: Settings,
    age: Duration,
    nonces: SmallRng,
    epochs: u64,
    partitions: Vec<Option<Partition<B>>>,
    /// By topic, then by partition: looked up for every record.
    slots: HashMap<Arc<str>, Vec<Option<usize>>>,
    /// An assign that is not answered yet.
    assigning: Option<Vec<(TopicPartition, Offset)>>,
    revoke: Option<Revoke>,
    pressure: Pressure,
    window: Window,
    /// When something was committed last.
    committed_at: Duration,
    /// Memory left for replays, as far as it is not promised yet.
    room: usize,
    draining: bool,
    drained: bool,
    failed: bool,
    tick_wanted: bool,
    actions: VecDeque<Action<B>>,
}

/// A revoke that is not answered yet.
#[derive(Debug)]
struct Revoke {
    partitions: Vec<TopicPartition>,
    until: Duration,
}

impl<B: Batch> Machine<B> {
    /// A machine without partitions. `seed` makes its nonces: random in production.
    #[must_use]
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            age: settings.age,
            settings,
            nonces: SmallRng::seed_from_u64(seed),
            epochs: 0,
            partitions: Vec::new(),
            slots: HashMap::new(),
            assigning: None,
            revoke: None,
            pressure: Pressure::Low,
            window: Window::default(),
            committed_at: Duration::ZERO,
            room: 0,
            draining: false,
            drained: false,
            failed: false,
            tick_wanted: false,
            actions: VecDeque::new(),
        }
    }

    /// Says how many partitions feed the table, over all sinks: the more, the older a batch gets.
    pub fn set_partitions_total(&mut self, partitions: usize) {
        self.age = self.settings.effective_age(partitions);
    }

    /// Takes the next action. They must be done in order, each before the next event is told.
    pub fn next_action(&mut self) -> Option<Action<B>> {
        self.actions.pop_front()
    }

    /// Bytes held by open and frozen batches, and promised to replays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.partitions.iter().flatten().map(Partition::bytes).sum()
    }

    /// Whether a batch is full: the next [`Event::Tick`] should come at once.
    #[must_use]
    pub fn wants_tick(&self) -> bool {
        self.tick_wanted
    }

    /// The partitions owned, with the offset up to which each is done.
    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, Offset)> {
        self.partitions.iter().flatten().map(|partition| (&partition.id, partition.done()))
    }

    /// What there is to tell a person about each partition.
    pub fn views(&self) -> impl Iterator<Item = View<'_>> {
        self.partitions.iter().flatten().map(|partition| View {
            partition: &partition.id,
            committed: partition.confirmed.as_ref().map(|(at, text)| (*at, text.as_str())),
            pending: partition.pending(),
            stopped: partition.stopped,
        })
    }

    /// How full the memory budget was when it was told last.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        self.pressure
    }

    /// Finds a partition; `None` when it is not owned.
    #[must_use]
    pub fn slot(&self, topic: &str, partition: i32) -> Option<Slot> {
        let slots = self.slots.get(topic)?;
        slots.get(usize::try_from(partition).ok()?).copied().flatten().map(Slot)
    }

    /// The offset that a partition should be fetched from.
    #[must_use]
    pub fn next(&self, slot: Slot) -> Option<Offset> {
        self.get(slot).map(Partition::next)
    }

    /// Whether a partition takes no more records in this assignment: a person must act first, or
    /// it is being given up. What was kept aside of it is to be forgotten: the rows before it may
    /// have been dropped already, and the next owner reads it again.
    #[must_use]
    pub fn is_stopped(&self, slot: Slot) -> bool {
        self.get(slot).is_some_and(Partition::is_final)
    }

    /// Why a partition was stopped, if it was.
    #[cfg(test)]
    pub(crate) fn stopped(&self, slot: Slot) -> Option<StopReason> {
        self.get(slot)?.stopped
    }

    /// Says what to do with the record at `offset`.
    #[must_use]
    pub fn expects(&mut self, slot: Slot, offset: Offset) -> Verdict {
        let Some(partition) = self.get(slot) else { return Verdict::Drop };
        // R10: exactly the recorded offsets, wherever the consumer happens to begin.
        if offset < partition.next() || partition.is_final() {
            Verdict::Drop
        } else if partition.holds(Hold::Stash) {
            Verdict::OutOfTurn
        } else {
            // Other holds only stop fetching: what had been fetched before is taken.
            if partition.has_passed(offset) {
                self.end_replays(slot, offset);
            }
            Verdict::Take
        }
    }

    /// While a recorded range is read again: the schema ids whose records it holds to be bad
    /// because the registry did not know them. Exactly these are unknown now (rule R8).
    #[must_use]
    pub fn recorded_unknown_ids(&self, slot: Slot) -> Option<&[u32]> {
        Some(self.get(slot)?.recorded()?.unknown_ids.as_slice())
    }

    /// While a recorded range is read again: the revision of the document that it was made under
    /// ([`crate::Intent::revision`]), which decides about its rows (rule R8).
    #[must_use]
    pub fn recorded_revision(&self, slot: Slot) -> Option<u64> {
        Some(self.get(slot)?.recorded()?.revision)
    }

    /// Notes that the registry does not know the schema of the next record, before
    /// [`Self::bad`] is told. Returns false when the open range names too many such ids already:
    /// [`Self::cut`] it first.
    pub fn judge(&mut self, slot: Slot, id: u32, now: Duration) -> bool {
        self.get_mut(slot).is_none_or(|partition| partition.judge(id, now))
    }

    /// Lends the open batch; `None` when there is none.
    pub fn batch(&mut self, slot: Slot) -> Option<&mut B> {
        self.get_mut(slot)?.batch()
    }

    /// Opens a batch in a partition that has none.
    pub fn open(&mut self, slot: Slot, batch: B, now: Duration) {
        if let Some(partition) = self.get_mut(slot) {
            partition.open(batch, now);
        }
    }

    /// Cuts the open batch before it is due, because the next row has other columns. Returns
    /// false when it cannot be: hold the record and try again later. A recorded range is never
    /// cut (rule R8): if its rows do not fit into one batch any more, its partition stops.
    pub fn cut(&mut self, slot: Slot) -> bool {
        let stamp = self.stamp();
        let Some(partition) = self.get_mut(slot) else { return true };
        if partition.is_replaying() {
            self.stop(slot, StopReason::RangeUnprovable);
            return false;
        }
        if partition.is_crowded() {
            return false;
        }
        partition.cut(stamp);
        self.tick_wanted = true;
        true
    }

    /// Counts a record whose row is in the open batch.
    pub fn taken(&mut self, slot: Slot, offset: Offset, now: Duration) {
        let settings = self.settings;
        let Some(partition) = self.get_mut(slot) else { return };
        partition.unjudge();
        partition.advance(offset, now);
        if partition.is_replaying() {
            return self.end_replays(slot, offset.next());
        }
        let full = partition.open_rows() >= settings.rows_max
            || partition.open_bytes() >= settings.bytes_max;
        let crowded = full && partition.is_crowded();
        self.tick_wanted |= full;
        if crowded {
            self.hold(slot, Hold::Ranges);
        }
    }

    /// Counts a record that the pipeline does not want.
    pub fn skipped(&mut self, slot: Slot, offset: Offset, now: Duration) {
        if let Some(partition) = self.get_mut(slot) {
            partition.advance(offset, now);
            self.end_replays(slot, offset.next());
        }
    }

    /// Counts a record that cannot become a row, and says what becomes of it. `stops` says that it
    /// stops its partition instead of going to the dead letters.
    pub fn bad(&mut self, slot: Slot, offset: Offset, stops: bool, now: Duration) -> BadRecord {
        if stops {
            self.stop(slot, StopReason::BadRecord);
            return BadRecord::Stopped;
        }
        let Some(partition) = self.get_mut(slot) else { return BadRecord::Stopped };
        partition.advance(offset, now);
        partition.await_ack(offset);
        let record = RecordId { partition: partition.id.clone(), epoch: partition.epoch, offset };
        self.end_replays(slot, offset.next());
        BadRecord::DeadLetter(record)
    }

    /// Stops fetching a partition whose next record the worker keeps aside.
    pub fn stash(&mut self, slot: Slot) {
        self.hold(slot, Hold::Stash);
    }

    /// Goes on with a partition whose record, kept aside, has been dealt with.
    pub fn unstash(&mut self, slot: Slot) {
        self.release(slot.0, Hold::Stash);
    }

    /// Takes no more records of a partition. What it took before is still inserted and committed;
    /// it stays assigned, so that its offsets do not expire.
    pub fn stop(&mut self, slot: Slot, reason: StopReason) {
        let Some(partition) = self.get_mut(slot) else { return };
        if partition.stopped.is_some() {
            return;
        }
        partition.stopped = Some(reason);
        let id = partition.id.clone();
        self.hold(slot, Hold::Stopped);
        self.actions.push_back(Action::Stop(id, reason));
    }

    /// Rule R3: whether this commit may be sent, or, once it was answered, whether the answer
    /// counts. To be asked at both times with what the consumer knows by then. If not, the commit
    /// must not be sent, or its answer not be told: an [`Action::FailStop`] follows.
    pub fn may_commit(&mut self, commit: &Commit, now: &Membership) -> bool {
        let limit = self.settings.poll_interval_max;
        let refused = commit.offsets.iter().find_map(|(id, ..)| {
            let Some(partition) = self.slot_of(id).and_then(|slot| self.get(slot)) else {
                return Some(Fenced::NotOwner);
            };
            fence::check(&partition.member, now, limit).err()
        });
        if let Some(why) = refused {
            self.fail_stop(why);
        }
        refused.is_none()
    }

    /// Tells the machine what happened. Ask [`Self::next_action`] for the answers.
    pub fn handle(&mut self, now: Duration, event: Event) {
        if self.failed {
            return;
        }
        match event {
            Event::Assigned(assignments) => self.assigned(assignments),
            Event::Revoked(partitions) => self.revoked(partitions, now),
            Event::Lost(partitions) => self.give_up(partitions),
            Event::Committed(commit) => self.committed(&commit),
            Event::CommitDelayed => self.commit_delayed(),
            // R4: whoever was thrown out knows nothing any more.
            Event::CommitRefused(_) if keeps(Rule::R4) => self.fail_stop(Fenced::Refused),
            Event::CommitRefused(commit) => self.committed(&commit),
            Event::Fenced(why) => self.fail_stop(why),
            Event::Inserted(range) => self.insert_ended(&range, None),
            Event::InsertFailed(range) => {
                self.insert_ended(&range, Some(StopReason::InsertRefused));
            }
            Event::InsertUnprovable(range) => {
                self.insert_ended(&range, Some(StopReason::RangeUnprovable));
            }
            Event::Passed { partition, epoch, next } => self.passed(&partition, epoch, next),
            Event::DeadLetterAcked(record) => {
                if let Some(partition) = self.current(&record.partition, record.epoch) {
                    partition.acked(record.offset);
                    self.relieve(&record.partition);
                }
            }
            Event::Memory(pressure) => self.memory(pressure),
            Event::Window(window) => self.window = window,
            Event::Room(bytes) => self.room = bytes,
            Event::Paused(paused) => self.pause(paused),
            Event::Reset { mark, offsets } => self.want_reset(mark, &offsets),
            Event::TopicIs { topic, id } => self.topic_is(&topic, id),
            Event::Tick => self.tick(now),
            Event::Drain => {
                self.draining = true;
                self.hold_all(Hold::Drain);
            }
        }
    }

    fn insert_ended(&mut self, range: &RangeId, failed: Option<StopReason>) {
        let outcome = if failed.is_none() { Outcome::Inserted } else { Outcome::Failed };
        let Some(partition) = self.current(&range.partition, range.epoch) else { return };
        if !partition.insert_ended(range.first, outcome) {
            return;
        }
        self.relieve(&range.partition);
        if let (Some(slot), Some(reason)) = (self.slot_of(&range.partition), failed) {
            self.stop(slot, reason);
        }
    }

    /// Discards everything: what was not committed is read again by whoever owns it next.
    fn fail_stop(&mut self, why: Fenced) {
        self.partitions.clear();
        self.slots.clear();
        (self.assigning, self.revoke) = (None, None);
        self.failed = true;
        self.actions.clear();
        self.actions.push_back(Action::FailStop(why));
    }

    /// Fetches a partition again once another range may be in flight.
    fn relieve(&mut self, id: &TopicPartition) {
        let Some(slot) = self.slot_of(id) else { return };
        if self.get(slot).is_some_and(|partition| !partition.is_crowded()) {
            self.release(slot.0, Hold::Ranges);
        }
    }

    fn insert(&mut self, partition: Partition<B>) -> Slot {
        let id = partition.id.clone();
        let free = self.partitions.iter().position(Option::is_none);
        let index = free.unwrap_or(self.partitions.len());
        if index == self.partitions.len() {
            self.partitions.push(None);
        }
        self.partitions[index] = Some(partition);
        let slots = self.slots.entry(id.topic).or_default();
        if let Ok(number) = usize::try_from(id.partition) {
            if slots.len() <= number {
                slots.resize(number + 1, None);
            }
            slots[number] = Some(index);
        }
        Slot(index)
    }

    fn remove(&mut self, id: &TopicPartition) -> Option<Partition<B>> {
        let slot = self.slot_of(id)?;
        let number = usize::try_from(id.partition).ok()?;
        self.slots.get_mut(&id.topic)?[number] = None;
        self.partitions[slot.0].take()
    }

    fn slot_of(&self, id: &TopicPartition) -> Option<Slot> {
        self.slot(&id.topic, id.partition)
    }

    fn get(&self, slot: Slot) -> Option<&Partition<B>> {
        self.partitions.get(slot.0)?.as_ref()
    }

    fn get_mut(&mut self, slot: Slot) -> Option<&mut Partition<B>> {
        self.partitions.get_mut(slot.0)?.as_mut()
    }

    /// The partition, unless it has been given up and perhaps assigned again since `epoch`.
    fn current(&mut self, id: &TopicPartition, epoch: Epoch) -> Option<&mut Partition<B>> {
        let slot = self.slot_of(id)?;
        self.get_mut(slot).filter(|partition| partition.epoch == epoch)
    }

    fn hold(&mut self, slot: Slot, hold: Hold) {
        let Some(partition) = self.get_mut(slot) else { return };
        if partition.hold(hold) {
            let id = partition.id.clone();
            self.actions.push_back(Action::Pause(vec![id]));
        }
    }

    fn hold_all(&mut self, hold: Hold) {
        // What has been promised memory must be able to use it: nothing else gives any back.
        let promised = |one: &Partition<B>| hold == Hold::Memory && one.admitted;
        let held: Vec<_> = self
            .partitions
            .iter_mut()
            .flatten()
            .filter(|partition| !promised(partition))
            .filter_map(|partition| partition.hold(hold).then(|| partition.id.clone()))
            .collect();
        if !held.is_empty() {
            self.actions.push_back(Action::Pause(held));
        }
    }

    fn release(&mut self, index: usize, hold: Hold) {
        let Some(partition) = self.get_mut(Slot(index)) else { return };
        if partition.release(hold) {
            let id = partition.id.clone();
            self.actions.push_back(Action::Resume(vec![id]));
        }
    }
}

mod group;
mod replay;
mod steer;
#[cfg(test)]
mod tests;
mod tick;
mod topic;

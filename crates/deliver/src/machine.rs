//! Events in, actions out: all partitions of one worker.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    Action, Batch, Epoch, Event, Offset, Pressure, RangeId, RecordId, Settings, StopReason,
    TopicPartition,
    partition::{Hold, Partition, RangeState},
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
    draining: bool,
    drained: bool,
    tick_wanted: bool,
    bytes: usize,
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
            draining: false,
            drained: false,
            tick_wanted: false,
            bytes: 0,
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

    /// Bytes held by open and frozen batches.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
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

    /// Whether a partition takes no more records until a person acts.
    #[must_use]
    pub fn is_stopped(&self, slot: Slot) -> bool {
        self.get(slot).is_some_and(|partition| partition.stopped.is_some())
    }

    /// Says what to do with the record at `offset`.
    #[must_use]
    pub fn expects(&self, slot: Slot, offset: Offset) -> Verdict {
        let Some(partition) = self.get(slot) else { return Verdict::Drop };
        if offset < partition.next() || partition.is_final() {
            Verdict::Drop
        } else if partition.holds(Hold::Stash) {
            Verdict::OutOfTurn
        } else {
            // Other holds only stop fetching: what had been fetched before is taken.
            Verdict::Take
        }
    }

    /// Lends the open batch; `None` when there is none.
    pub fn batch(&mut self, slot: Slot) -> Option<&mut B> {
        self.get_mut(slot)?.batch()
    }

    /// Opens a batch in a partition that has none.
    pub fn open(&mut self, slot: Slot, batch: B, now: Duration) {
        let bytes = batch.bytes();
        if let Some(partition) = self.get_mut(slot) {
            partition.open(batch, now);
            self.bytes += bytes;
        }
    }

    /// Cuts the open batch before it is due, because the next row has other columns. Returns
    /// false when too many ranges are in flight: hold the record and try again later.
    pub fn cut(&mut self, slot: Slot) -> bool {
        let Some(partition) = self.partitions.get_mut(slot.0).and_then(Option::as_mut) else {
            return true;
        };
        if partition.is_crowded() {
            return false;
        }
        tick::freeze(partition, &mut self.nonces, &mut self.actions);
        true
    }

    /// Counts a record whose row is in the open batch.
    pub fn taken(&mut self, slot: Slot, offset: Offset, now: Duration) {
        let settings = self.settings;
        let Some(partition) = self.partitions.get_mut(slot.0).and_then(Option::as_mut) else {
            return;
        };
        self.bytes += partition.advance(offset, now);
        let full = partition.open_rows() >= settings.rows_max
            || partition.open_bytes() >= settings.bytes_max;
        if full {
            self.tick_wanted = true;
            if partition.is_crowded() && partition.hold(Hold::Ranges) {
                self.actions.push_back(Action::Pause(vec![partition.id.clone()]));
            }
        }
    }

    /// Counts a record that the pipeline does not want.
    pub fn skipped(&mut self, slot: Slot, offset: Offset, now: Duration) {
        if let Some(partition) = self.get_mut(slot) {
            partition.advance(offset, now);
        }
    }

    /// Counts a record that cannot become a row, and says what becomes of it.
    pub fn bad(&mut self, slot: Slot, offset: Offset, now: Duration) -> BadRecord {
        if self.settings.stop_on_bad_record {
            self.stop(slot, StopReason::BadRecord);
            return BadRecord::Stopped;
        }
        let Some(partition) = self.get_mut(slot) else { return BadRecord::Stopped };
        partition.advance(offset, now);
        partition.await_ack(offset);
        let (partition, epoch) = (partition.id.clone(), partition.epoch);
        BadRecord::DeadLetter(RecordId { partition, epoch, offset })
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

    /// Tells the machine what happened. Ask [`Self::next_action`] for the answers.
    pub fn handle(&mut self, now: Duration, event: Event) {
        match event {
            Event::Assigned(assignments) => self.assigned(assignments),
            Event::Revoked(partitions) => self.revoked(partitions, now),
            Event::Lost(partitions) => self.give_up(partitions),
            Event::Committed(commit) => self.committed(&commit),
            // R5: the offsets stay uncommitted, so the next tick asks for the same ones again.
            Event::CommitDelayed => {}
            Event::Inserted(range) => self.insert_ended(&range, RangeState::Inserted),
            Event::InsertFailed(range) => self.insert_ended(&range, RangeState::Failed),
            Event::DeadLetterAcked(record) => {
                if let Some(partition) = self.current(&record.partition, record.epoch) {
                    partition.acked(record.offset);
                    self.relieve(&record.partition);
                }
            }
            Event::Memory(pressure) => self.memory(pressure),
            Event::Tick => self.tick(now),
            Event::Drain => {
                self.draining = true;
                self.hold_all(Hold::Drain);
            }
        }
    }

    fn insert_ended(&mut self, range: &RangeId, state: RangeState) {
        let Some(partition) = self.current(&range.partition, range.epoch) else { return };
        let Some(bytes) = partition.inserted(range.first, state) else { return };
        self.bytes = self.bytes.saturating_sub(bytes);
        self.relieve(&range.partition);
        let Some(slot) = self.slot_of(&range.partition) else { return };
        if state == RangeState::Failed {
            self.stop(slot, StopReason::InsertRefused);
        }
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
        let held: Vec<_> = self
            .partitions
            .iter_mut()
            .flatten()
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
#[cfg(test)]
mod tests;
mod tick;

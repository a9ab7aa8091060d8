//! Orders in, pauses and resets of the machine out; and what the worker owns, for those who ask.

use std::{collections::HashSet, time::Duration};

use deliver::{Event, Offset, Slot, TopicPartition, View};
use tokio::sync::watch;

use super::{BeginAnew, Worker};
use crate::{
    board::{Reset, Seat},
    orders::{self, Orders, RowRules},
    positions,
};

/// How often the worker says what it owns.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// How often somebody looks where partitions end that are not fetched.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a recorded range waits for the document that it was made under. Its revision was
/// stored before any sink could have used it, so it is a matter of a moment or was forgotten.
const DOCUMENT_WAIT_MAX: Duration = Duration::from_secs(15);

/// What a worker is to do, and how far it is with it.
#[derive(Debug)]
pub(super) struct Steering {
    orders: watch::Receiver<Orders>,
    now: Orders,
    /// Of the document that the worker was started with.
    rules: RowRules,
    revision: u64,
    /// Partitions whose offsets are being set.
    resetting: HashSet<TopicPartition>,
    /// Whether one was set: those that are left are waited for.
    has_reset: bool,
    /// The reset that was told last to wait.
    waiting: Option<u64>,
    /// A revision that is waited for, since when, and whether that was given up.
    awaited: Option<(u64, Duration, bool)>,
    publish_next: Duration,
    look_next: Duration,
}

impl Steering {
    pub(super) fn new(mut orders: watch::Receiver<Orders>, rules: RowRules, revision: u64) -> Self {
        let now = orders.borrow_and_update().clone();
        Self {
            orders,
            now,
            rules,
            revision,
            resetting: HashSet::new(),
            has_reset: false,
            waiting: None,
            awaited: None,
            publish_next: Duration::ZERO,
            look_next: Duration::ZERO,
        }
    }

    pub(super) fn paused(&self) -> bool {
        self.now.paused
    }

    /// Publishes at the next occasion.
    pub(super) fn hurry(&mut self) {
        self.publish_next = Duration::ZERO;
    }
}

impl Worker<'_> {
    /// Takes new orders, and says what it owns when it is time to.
    pub(super) fn obey(&mut self) -> anyhow::Result<()> {
        // Whoever gave orders may be gone: the last ones hold.
        if self.steering.orders.has_changed().unwrap_or(false) {
            self.steering.now = self.steering.orders.borrow_and_update().clone();
            self.steering.hurry();
            self.tell(Event::Paused(self.steering.now.paused))?;
        }
        // A fresh consumer goes on from there: where this one would go on after a pause is not to be
        // trusted with that.
        if self.steering.has_reset && self.steering.resetting.is_empty() {
            return Err(BeginAnew("reset").into());
        }
        let now = self.now();
        if now < self.steering.publish_next {
            return Ok(());
        }
        self.steering.publish_next = now + PUBLISH_EVERY;
        self.tell_reset()?;
        self.publish();
        let is_blind =
            self.steering.now.paused || self.machine.views().any(|view| view.stopped.is_some());
        if is_blind && now >= self.steering.look_next {
            self.steering.look_next = now + LOOK_EVERY;
            self.look_at_ends();
        }
        Ok(())
    }

    pub(super) fn publish(&self) {
        let seats = self.machine.views().map(|view| Seat {
            partition: view.partition.clone(),
            committed: view.committed.map(|(offset, text)| (offset, text.to_owned())),
            pending: view.pending,
            stopped: view.stopped,
        });
        self.board.publish(self.number, seats.collect());
    }

    fn look_at_ends(&self) {
        let partitions: Vec<_> = self.machine.partitions().map(|(id, _)| id.clone()).collect();
        let (consumer, board) = (self.consumer.clone(), self.board.clone());
        self.runtime.spawn_blocking(move || match positions::watermarks(&consumer, &partitions) {
            Ok(ends) => {
                board.set_ends(ends.into_iter().map(|(id, _first, end)| (id, end.raw())));
            }
            Err(error) => tracing::debug!(%error, "ends of partitions not found"),
        });
    }

    /// Tells the machine of offsets that a person has set and that were not carried out yet, by
    /// this owner or one before it.
    fn tell_reset(&mut self) -> anyhow::Result<()> {
        let Some(reset) = self.steering.now.reset.clone() else { return Ok(()) };
        let mut offsets = Vec::new();
        for view in self.machine.views() {
            let wanted = reset.offsets.iter().find(|(id, _)| id == view.partition);
            let Some(wanted) = wanted.filter(|_| mark(&view) != Some(reset.mark)) else { continue };
            // Whoever orders a reset orders a pause with it: what goes on is not set in any case.
            if self.steering.now.paused || view.stopped.is_some() {
                offsets.push(wanted.clone());
            }
        }
        let again = offsets.iter().filter(|(id, _)| self.steering.resetting.contains(id)).count();
        if again > 0 {
            self.tell_waiting(&reset, again);
        }
        if offsets.is_empty() {
            return Ok(());
        }
        self.steering.resetting.extend(offsets.iter().map(|(id, _)| id.clone()));
        self.tell(Event::Reset { mark: reset.mark, offsets })
    }

    fn tell_waiting(&mut self, reset: &orders::Reset, partitions: usize) {
        if self.steering.waiting.replace(reset.mark) != Some(reset.mark) {
            self.metrics.reset_waits(&reset.id, partitions);
        }
    }

    /// Kafka holds an offset that a person has set. Once that is so of all, the worker begins anew.
    pub(super) fn was_reset(&mut self, id: &TopicPartition, to: Offset) {
        self.metrics.was_reset(id, to);
        let ordered = self.steering.now.reset.clone();
        if let Some(reset) = ordered
            && let Some(view) = self.machine.views().find(|view| view.partition == id)
            && let Some((offset, text)) = view.committed
            && mark(&view) == Some(reset.mark)
        {
            self.board.was_reset(Reset {
                id: reset.id.clone(),
                partition: id.clone(),
                committed: (offset, text.to_owned()),
            });
        }
        self.steering.has_reset = true;
        self.gave_up_reset(id);
    }

    /// Another owner carries it out.
    pub(super) fn gave_up_reset(&mut self, id: &TopicPartition) {
        self.steering.resetting.remove(id);
    }

    /// What decides about the record to come (rule R8: about that of a recorded range, what
    /// decided when it was recorded). `None` while the document is waited for.
    pub(super) fn rules(&mut self, slot: Slot, now: Duration) -> Option<RowRules> {
        let steering = &mut self.steering;
        let own = steering.rules;
        let Some(revision) = self.machine.recorded_revision(slot) else { return Some(own) };
        if revision == steering.revision {
            return Some(own);
        }
        if let Some(found) = steering.now.others.get(&revision) {
            // A person who lets bad records pass by now wants that of old ranges, too.
            return Some(RowRules { stops: found.stops && own.stops, ..*found });
        }
        if !steering.now.follows {
            return Some(own);
        }
        match &mut steering.awaited {
            Some((awaited, since, given_up)) if *awaited == revision => {
                if now.saturating_sub(*since) < DOCUMENT_WAIT_MAX {
                    return None;
                }
                if !*given_up {
                    *given_up = true;
                    self.metrics.document_missing(revision);
                }
                Some(own)
            }
            _ => {
                steering.awaited = Some((revision, now, false));
                None
            }
        }
    }
}

/// The mark of the reset that was carried out last for a partition.
fn mark(view: &View<'_>) -> Option<u64> {
    let (offset, text) = view.committed?;
    orders::mark_of(offset, text)
}

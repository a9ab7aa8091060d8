//! Time and memory pressure in, cuts and commits out.

use std::time::Duration;

use rand::Rng;

use super::Machine;
use crate::{
    Action, Batch, Commit, Insert, Nonce, Pressure, Proof, RangeId, TopicPartition,
    partition::{Hold, Partition, Ready, Stamp},
    rules::{Rule, keeps},
};

/// How often offsets are committed of which nothing but the completion is new.
const COMPLETIONS_EVERY: Duration = Duration::from_millis(250);

impl<B: Batch> Machine<B> {
    pub(super) fn memory(&mut self, pressure: Pressure) {
        match (self.pressure, pressure) {
            (Pressure::Full, Pressure::Low) => {
                self.pressure = pressure;
                for index in 0..self.partitions.len() {
                    self.release(index, Hold::Memory);
                }
            }
            // Until it is low again everything stays held: pausing throws away what was fetched,
            // so going back and forth is dear.
            (Pressure::Full, Pressure::High | Pressure::Full) => {}
            (Pressure::Low | Pressure::High, Pressure::Full) => {
                self.pressure = pressure;
                self.hold_all(Hold::Memory);
                self.tick_wanted = true;
            }
            (Pressure::Low | Pressure::High, Pressure::Low | Pressure::High) => {
                self.pressure = pressure;
            }
        }
    }

    pub(super) fn tick(&mut self, now: Duration) {
        self.tick_wanted = false;
        self.cut_due(now);
        self.insert_ready();
        // Before the commit, which must not name what has been given up.
        self.end_revoke(now);
        self.resets_due();
        self.commit_due(now);
        self.admit();
        self.answer_revoke();
        let finished = |partition: &Partition<B>| {
            partition.is_settled() && partition.open_since().is_none() && partition.is_committed()
        };
        if self.draining && !self.drained && self.partitions.iter().flatten().all(finished) {
            self.drained = true;
            self.actions.push_back(Action::Drained);
        }
    }

    fn cut_due(&mut self, now: Duration) {
        let largest = self.largest_open();
        for index in 0..self.partitions.len() {
            let stamp = self.stamp();
            let (settings, age, draining) = (self.settings, self.age, self.draining);
            let Some(partition) = &mut self.partitions[index] else { continue };
            partition.drop_jammed();
            let Some(since) = partition.open_since() else { continue };
            let due = draining
                || partition.stopped.is_some()
                || now.saturating_sub(since) >= age
                || partition.open_rows() >= settings.rows_max
                || partition.open_bytes() >= settings.bytes_max
                || largest == Some(index);
            if due {
                partition.cut(stamp);
            }
        }
    }

    /// What the next cut is marked with.
    pub(super) fn stamp(&mut self) -> Stamp {
        let nonce = Nonce(if keeps(Rule::R7) { self.nonces.random() } else { 0 });
        Stamp { nonce, used: self.window.used, revision: self.settings.revision }
    }

    /// The open batch to cut for the sake of memory. None while most of it is in flight already:
    /// then only waiting gives memory back, and cutting would make small inserts.
    fn largest_open(&self) -> Option<usize> {
        let open = || {
            let partitions = self.partitions.iter().enumerate();
            partitions.filter_map(|(index, slot)| Some((slot.as_ref()?.open_bytes(), index)))
        };
        if self.pressure == Pressure::Low {
            return None;
        }
        let bytes: usize = open().map(|(bytes, _index)| bytes).sum();
        let helps = bytes > self.bytes().saturating_sub(bytes);
        if helps { open().max().map(|(_bytes, index)| index) } else { None }
    }

    /// Commits intents at once, and with them what is done. What is done alone waits for a while:
    /// a commit keeps the worker from reading, and all that a late one costs is a replay.
    fn commit_due(&mut self, now: Duration) {
        let hurries = self.draining
            || self.revoke.is_some()
            || self.partitions.iter().flatten().any(Partition::hurries);
        if hurries || now.saturating_sub(self.committed_at) >= COMPLETIONS_EVERY {
            self.committed_at = now;
            self.commit_dirty();
        }
    }

    /// One commit for all partitions that have something to say: its cost hardly grows with
    /// their number.
    pub(super) fn commit_dirty(&mut self) {
        let partitions = self.partitions.iter_mut().flatten();
        let offsets: Vec<_> = partitions
            .filter_map(|partition| {
                let (offset, metadata) = partition.attempt()?;
                Some((partition.id.clone(), offset, metadata))
            })
            .collect();
        if !offsets.is_empty() {
            self.actions.push_back(Action::Commit(Commit { offsets }));
        }
    }

    /// Asks for the inserts of all ranges whose intents are committed (rule R6).
    pub(super) fn insert_ready(&mut self) {
        for index in 0..self.partitions.len() {
            while let Some(partition) = &mut self.partitions[index]
                && let Some(ready) = partition.ready()
            {
                let insert = insert(partition, ready, self.settings.exactly_once, false);
                self.actions.push_back(Action::Insert(insert));
            }
        }
    }
}

/// The insert of one range.
pub(super) fn insert<B>(
    partition: &Partition<B>,
    ready: Ready<B>,
    exactly_once: bool,
    replayed: bool,
) -> Insert<B> {
    let Ready { intent, batch, same, grown } = ready;
    let id: &TopicPartition = &partition.id;
    Insert {
        range: RangeId { partition: id.clone(), epoch: partition.epoch, first: intent.first },
        last: intent.last,
        token: intent.token(id),
        topic: partition.topic,
        proof: Proof {
            rows: intent.rows,
            used: intent.used,
            same,
            grown,
            unbroken: partition.lineage.rewinds == 0 && partition.lineage.topic.is_some(),
            exactly_once,
            replayed,
        },
        batch,
    }
}

//! Time and memory pressure in, cuts and commits out.

use std::{collections::VecDeque, time::Duration};

use rand::{Rng, rngs::SmallRng};

use super::Machine;
use crate::{
    Action, Batch, Commit, Insert, Nonce, Pressure, RangeId, Token,
    partition::{Cut, Hold, Partition},
};

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
        self.commit_done();
        self.answer_revoke(now);
        let finished = |partition: &Partition<B>| {
            partition.is_settled()
                && partition.open_since().is_none()
                && partition.uncommitted().is_none()
        };
        if self.draining && !self.drained && self.partitions.iter().flatten().all(finished) {
            self.drained = true;
            self.actions.push_back(Action::Drained);
        }
    }

    fn cut_due(&mut self, now: Duration) {
        let largest = self.largest_open();
        for (index, partition) in self.partitions.iter_mut().enumerate() {
            let Some(partition) = partition else { continue };
            let Some(since) = partition.open_since() else { continue };
            let due = self.draining
                || partition.stopped.is_some()
                || now.saturating_sub(since) >= self.age
                || partition.open_rows() >= self.settings.rows_max
                || partition.open_bytes() >= self.settings.bytes_max
                || largest == Some(index);
            if due {
                freeze(partition, &mut self.nonces, &mut self.actions);
            }
        }
    }

    /// The open batch to cut for the sake of memory. None while most of it is in flight already:
    /// then only waiting gives memory back, and cutting would make small inserts.
    fn largest_open(&self) -> Option<usize> {
        let open = || {
            let partitions = self.partitions.iter().enumerate();
            partitions.filter_map(|(index, slot)| Some((slot.as_ref()?.open_bytes(), index)))
        };
        let bytes: usize = open().map(|(bytes, _index)| bytes).sum();
        let helps = self.pressure != Pressure::Low && bytes > self.bytes.saturating_sub(bytes);
        if helps { open().max().map(|(_bytes, index)| index) } else { None }
    }

    /// One commit for all partitions that moved: its cost hardly grows with their number.
    fn commit_done(&mut self) {
        let offsets: Vec<_> = self
            .partitions
            .iter()
            .flatten()
            .filter_map(|partition| {
                Some((partition.id.clone(), partition.uncommitted()?, String::new()))
            })
            .collect();
        if !offsets.is_empty() {
            self.actions.push_back(Action::Commit(Commit { offsets }));
        }
    }
}

/// Cuts what is open and asks for its insert.
pub(super) fn freeze<B: Batch>(
    partition: &mut Partition<B>,
    nonces: &mut SmallRng,
    actions: &mut VecDeque<Action<B>>,
) {
    let Some(Cut { first, last, batch: Some(batch) }) = partition.cut() else { return };
    let nonce = Nonce(nonces.random());
    let range = RangeId { partition: partition.id.clone(), epoch: partition.epoch, first };
    let token = Token::new(&partition.id, first, last, nonce);
    actions.push_back(Action::Insert(Insert { range, last, token, batch }));
}

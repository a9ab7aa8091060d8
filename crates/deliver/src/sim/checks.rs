//! What the protocol promises in, how a world has broken it out.

use super::{
    log::P,
    world::{Failure, World, Wrong},
};
use crate::StopReason;

impl World {
    pub(super) fn fail(&mut self, wrong: Wrong, what: impl FnOnce() -> String) {
        if self.failure.is_none() {
            let what = what();
            self.note(|| format!("BROKEN ({}): {what}", wrong.as_str()));
            self.failure = Some(Failure { wrong, what });
        }
    }

    /// Checks what a commit that was just applied passes.
    pub(super) fn check_passed(&mut self, p: P, offset: i64) {
        let log = &mut self.logs[p];
        let from = log.records.partition_point(|record| record.offset < log.checked);
        let passed = log.records[from..].iter().take_while(|record| record.offset < offset);
        for record in passed {
            if !record.is_safe() {
                let (at, kind) = (record.offset, record.kind);
                return self.fail(Wrong::Ahead, || {
                    format!(
                        "{p}: {offset} was committed although {at} ({kind:?}) is neither in the \
                         table nor in the dead letters"
                    )
                });
            }
        }
        log.checked = log.checked.max(offset);
    }

    /// Checks that no row of these is in the table twice.
    pub(super) fn check_doubles(&mut self, p: P, rows: &[usize]) {
        let records = &self.logs[p].records;
        let double = rows.iter().map(|index| &records[*index]).find(|record| record.is_doubled());
        if let Some(offset) = double.map(|record| record.offset) {
            self.fail(Wrong::Doubled, || format!("{p}: {offset} is in the table twice"));
        }
    }

    /// Checks rows that the table has just dropped: it must have had them.
    pub(super) fn check_dropped(&mut self, p: P, part: usize, rows: &[usize], reading: u32) {
        let records = &self.logs[p].records;
        let mut dropped = rows.iter().map(|index| &records[*index]);
        let lost = dropped.find(|one| {
            one.part == part && one.since <= reading && one.rows == 0 && !one.is_safe()
        });
        if let Some(offset) = lost.map(|record| record.offset) {
            self.fail(Wrong::Lost, || {
                format!("{p}: the table dropped {offset} by its token and does not have it")
            });
        }
    }

    /// Checks that this world has given a reason for a stop.
    pub(super) fn check_stop(&mut self, p: P, reason: StopReason) {
        let caused = reason == StopReason::RangeUnprovable
            && (self.plan > 0
                || self.logs[p].removed > 0
                || self.table.used > self.table.window / 2);
        if !caused {
            self.fail(Wrong::Stopped, || format!("{p}: stopped for no reason ({reason:?})"));
        }
    }

    /// Whether all that a partition holds has been committed, with nothing in flight.
    pub(super) fn is_finished(&self, p: P) -> bool {
        let committed = self.broker.offsets[p].as_ref();
        committed.is_some_and(|(offset, metadata)| {
            *offset >= self.logs[p].goal() && (metadata.is_empty() || metadata.ends_with(';'))
        })
    }

    /// Whether its present owner has stopped a partition.
    pub(super) fn is_stopped(&self, p: P) -> bool {
        self.processes.iter().any(|process| process.owns_stopped(&self.ids[p]))
    }

    /// What has to hold when everything has come to rest.
    pub(super) fn check_end(&mut self) {
        for p in 0..self.logs.len() {
            if self.is_finished(p) {
                let unsafe_one = self.logs[p].records.iter().find(|record| !record.is_safe());
                if let Some(offset) = unsafe_one.map(|record| record.offset) {
                    self.fail(Wrong::Lost, || format!("{p}: {offset} was never written"));
                }
            } else if !self.is_stopped(p) {
                let goal = self.logs[p].goal();
                let committed = self.broker.offsets[p].clone();
                for (who, process) in self.processes.iter().enumerate() {
                    self.history.note(self.now, || format!("{who} is {process:?}"));
                }
                self.fail(Wrong::Stuck, || format!("{p}: {goal} is not reached: {committed:?}"));
            }
        }
    }
}

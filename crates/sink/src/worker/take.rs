//! One record in; a row, a dead letter, a skip, or a wait out.

use std::time::Duration;

use anyhow::bail;
use decode::{BadRecord, RecordMeta, confluent_frame};
use deliver::{BadRecord as OnBad, Offset, Slot, TopicPartition, Verdict};
use pipeline_spec::NullValue;
use rdkafka::{
    Message,
    message::{Headers as _, OwnedMessage},
};

use super::{Known, Worker};
use crate::{
    batch::Batch,
    dead_letters::{Letter, NULL_VALUE, UNKNOWN_ID, copied_headers, replayed_attempt},
    metrics::Skipped,
    orders::RowRules,
    schemas::PlanKey,
};

/// A record that waits for a schema, for room among the dead letters or among the ranges in
/// flight. Its partition is paused meanwhile; there is at most one of it per partition.
#[derive(Debug)]
pub(super) struct Stash {
    pub(super) partition: TopicPartition,
    record: OwnedMessage,
}

/// What became of a record.
enum Step {
    Done,
    /// Its partition must wait with it.
    Wait,
}

impl Worker<'_> {
    /// Takes a record that was just polled. Returns false when the burst must end, because
    /// something was paused.
    pub(super) fn take(
        &mut self,
        message: &rdkafka::message::BorrowedMessage<'_>,
        now: Duration,
    ) -> anyhow::Result<bool> {
        let Some((slot, offset)) =
            self.place(message.topic(), message.partition(), message.offset())
        else {
            return Ok(true);
        };
        match self.machine.expects(slot, offset) {
            Verdict::Drop => return Ok(true),
            Verdict::OutOfTurn => bail!(
                "record {offset} of {}:{} came while its partition was paused",
                message.topic(),
                message.partition()
            ),
            Verdict::Take => {}
        }
        match self.process(slot, offset, message, now) {
            Step::Done => Ok(true),
            Step::Wait => {
                self.machine.stash(slot);
                let partition = TopicPartition::new(message.topic(), message.partition());
                self.stashed.push(Stash { partition, record: message.detach() });
                Ok(false)
            }
        }
    }

    /// Tries again the records that wait.
    pub(super) fn retry_stashed(&mut self) -> anyhow::Result<()> {
        if self.stashed.is_empty() {
            return Ok(());
        }
        let now = self.now();
        for stash in std::mem::take(&mut self.stashed) {
            let record = &stash.record;
            let place = self.place(record.topic(), record.partition(), record.offset());
            let Some((slot, offset)) = place else { continue }; // given up meanwhile
            if self.machine.is_stopped(slot) {
                continue; // it is read again after the restart
            }
            match self.process(slot, offset, record, now) {
                Step::Done => self.machine.unstash(slot),
                Step::Wait => self.stashed.push(stash),
            }
        }
        self.act()
    }

    fn place(&self, topic: &str, partition: i32, offset: i64) -> Option<(Slot, Offset)> {
        let slot = self.machine.slot(topic, partition)?;
        Some((slot, Offset::new(offset).ok()?))
    }

    /// Makes of a record what it is to become, or finds that it must wait. Leaves everything as
    /// it was in the latter case.
    fn process(
        &mut self,
        slot: Slot,
        offset: Offset,
        record: &impl Message,
        now: Duration,
    ) -> Step {
        let Some(rules) = self.rules(slot, now) else { return Step::Wait };
        let Some(value) = record.payload() else {
            return match rules.null_value {
                NullValue::Skip => {
                    self.metrics.skipped(Skipped::NullValue);
                    self.machine.skipped(slot, offset, now);
                    Step::Done
                }
                NullValue::DeadLetter => {
                    let why = (NULL_VALUE, String::new);
                    self.divert(slot, offset, record, rules.stops, why, now)
                }
                NullValue::Row => {
                    self.decode(slot, offset, record, rules, (PlanKey::NoValue, &[]), now)
                }
            };
        };
        match confluent_frame(value) {
            Ok((id, datum)) => {
                self.decode(slot, offset, record, rules, (PlanKey::Schema(id), datum), now)
            }
            Err(BadRecord { reason, detail }) => {
                let why = (reason.as_str(), || detail);
                self.divert(slot, offset, record, rules.stops, why, now)
            }
        }
    }

    fn decode(
        &mut self,
        slot: Slot,
        offset: Offset,
        record: &impl Message,
        rules: RowRules,
        (key, datum): (PlanKey, &[u8]),
        now: Duration,
    ) -> Step {
        let unknown =
            |id| (UNKNOWN_ID, move || format!("the registry does not know schema id {id}"));
        // R8: what a predecessor judged unknown stays so, whatever the registry says by now.
        let recorded = self.machine.recorded_unknown_ids(slot);
        let replays = recorded.is_some();
        if let PlanKey::Schema(id) = key
            && recorded.is_some_and(|ids| ids.contains(&id))
        {
            return self.divert(slot, offset, record, rules.stops, unknown(id), now);
        }
        let plan = match self.plans.get(key, &self.runtime, &self.answers.0, &self.ended) {
            Known::Plan(plan) => plan,
            Known::Awaited => return Step::Wait,
            Known::Refused(reason) => {
                self.machine.stop(slot, reason);
                return Step::Done;
            }
            // It was known when the range was first read, so it will be again.
            Known::UnknownId(_) if replays => {
                self.plans.forget(key);
                return Step::Wait;
            }
            Known::UnknownId(id) => {
                let machine = &mut self.machine;
                let judged = machine.judge(slot, id, now)
                    || (machine.cut(slot) && machine.judge(slot, id, now));
                if !judged {
                    return Step::Wait;
                }
                return self.divert(slot, offset, record, rules.stops, unknown(id), now);
            }
        };
        let open = self.machine.batch(slot).map(|batch| batch.block.columns());
        if open.is_some_and(|columns| columns != plan.columns()) && !self.machine.cut(slot) {
            return Step::Wait;
        }
        if self.machine.batch(slot).is_none() {
            let fingerprint = plan.fingerprint() ^ rules.fingerprint;
            let mut batch = Batch::new(plan.columns(), fingerprint, &self.sizes, &mut self.spare);
            batch.opened = self.spans.opened();
            self.machine.open(slot, batch, now);
        }
        let Some(batch) = self.machine.batch(slot) else { return Step::Done };
        let timestamp_ms = record.timestamp().to_millis().unwrap_or(-1);
        let meta = RecordMeta {
            topic: record.topic(),
            partition: record.partition(),
            offset: offset.raw(),
            timestamp_ms,
            key: record.key(),
            headers: &|visit| {
                for header in record.headers().into_iter().flat_map(|headers| headers.iter()) {
                    visit(header.key, header.value);
                }
            },
        };
        match plan.decode(datum, &meta, &mut batch.block) {
            Ok(()) => {
                batch.timestamps.push(timestamp_ms);
                batch.opened.iter_mut().for_each(|opened| opened.look(record));
                self.machine.taken(slot, offset, now);
                Step::Done
            }
            Err(BadRecord { reason, detail }) => {
                let why = (reason.as_str(), || detail);
                self.divert(slot, offset, record, rules.stops, why, now)
            }
        }
    }

    /// Sends a record to the dead letters, or stops its partition, as the pipeline says.
    fn divert(
        &mut self,
        slot: Slot,
        offset: Offset,
        record: &impl Message,
        stops: bool,
        (reason, detail): (&'static str, impl FnOnce() -> String),
        now: Duration,
    ) -> Step {
        // Only this worker sends through its permit, so that nothing is decided without room.
        let Ok(permit) = self.letters.try_reserve() else { return Step::Wait };
        match self.machine.bad(slot, offset, stops, now) {
            OnBad::Stopped => {}
            OnBad::DeadLetter(id) => {
                permit.send(Letter {
                    record: id,
                    attempt: match self.source.is_replay(record.topic()) {
                        true => replayed_attempt(record),
                        false => 1,
                    },
                    timestamp_ms: record.timestamp().to_millis().unwrap_or(-1),
                    reason,
                    detail: detail(),
                    key: record.key().map(<[u8]>::to_vec),
                    value: record.payload().map(<[u8]>::to_vec),
                    headers: copied_headers(record),
                    answers: self.answers.0.clone(),
                });
                self.metrics.dead_letter(reason);
            }
        }
        Step::Done
    }
}

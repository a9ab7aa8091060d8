//! Delivery reports in, counts out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::{
    ClientContext, Message,
    error::KafkaError,
    producer::{DeliveryResult, ProducerContext},
};

/// What became of the events so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that all in-sync replicas have.
    pub acknowledged: u64,
    /// Events that librdkafka gave up on.
    pub failed: u64,
    /// Where the acknowledged events are, ascending by partition.
    pub partitions: Vec<AcknowledgedOffsets>,
}

/// The acknowledged events of one partition.
///
/// When nobody else writes to the topic, `last - first + 1 = records`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcknowledgedOffsets {
    /// The partition.
    pub partition: i32,
    /// Lowest acknowledged offset of this run.
    pub first: i64,
    /// Highest acknowledged offset of this run.
    pub last: i64,
    /// Acknowledged events.
    pub records: u64,
}

/// The book of delivery reports. Written by the generator's thread, read by anyone.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    acknowledged: u64,
    failed: u64,
    /// The reason of the first failure; those after it usually have the same.
    failure: Option<String>,
    /// By partition.
    offsets: Vec<Option<AcknowledgedOffsets>>,
}

impl Ledger {
    pub(crate) fn stats(&self) -> Stats {
        let state = self.state();
        Stats {
            acknowledged: state.acknowledged,
            failed: state.failed,
            partitions: state.offsets.iter().flatten().copied().collect(),
        }
    }

    /// Returns acknowledged and failed events.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.acknowledged, state.failed)
    }

    /// Returns why the first failed event failed.
    pub(crate) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    fn acknowledged(&self, partition: i32, offset: i64) {
        let mut state = self.state();
        state.acknowledged += 1;
        let Ok(index) = usize::try_from(partition) else { return };
        if state.offsets.len() <= index {
            state.offsets.resize(index + 1, None);
        }
        let start = AcknowledgedOffsets { partition, first: offset, last: offset, records: 0 };
        let offsets = state.offsets[index].get_or_insert(start);
        offsets.first = offsets.first.min(offset);
        offsets.last = offsets.last.max(offset);
        offsets.records += 1;
    }

    fn failed(&self, error: &KafkaError) {
        let mut state = self.state();
        state.failed += 1;
        if state.failure.is_none() {
            state.failure = Some(error.to_string());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What librdkafka calls, on the thread that polls.
pub(crate) struct Acknowledge(pub(crate) Arc<Ledger>);

impl ClientContext for Acknowledge {
    fn error(&self, error: KafkaError, reason: &str) {
        // A lost broker comes here; librdkafka reconnects by itself.
        tracing::warn!(%error, reason, "kafka connection in trouble, still trying");
    }
}

impl ProducerContext for Acknowledge {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(record) => self.0.acknowledged(record.partition(), record.offset()),
            Err((error, _)) => self.0.failed(error),
        }
    }
}

#[cfg(test)]
mod tests;

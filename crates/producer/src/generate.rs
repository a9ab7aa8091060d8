//! Pace and wishes in, records in Kafka out: the one thread that does the work.
//!
//! It makes, encodes and sends events, and polls for their delivery reports in between, so that
//! the counts need no other thread. While nothing is due it parks; whoever steers wakes it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use rdkafka::{
    error::KafkaError,
    producer::{BaseProducer, BaseRecord, Producer},
    types::RDKafkaErrorCode,
};

use crate::{
    acknowledge::{Acknowledge, Ledger},
    encode::Encoder,
    metrics::Metrics,
    pace::Pace,
    sales::Sales,
    steer::{Phase, Steer},
};

/// Most events between two polls: about three milliseconds of work.
const CHUNK_EVENTS: u64 = 512;
/// Shortest and longest time parked. Reports wait for the end of it while events are rare.
const PARK_MIN: Duration = Duration::from_millis(1);
const PARK_MAX: Duration = Duration::from_millis(50);
/// How long librdkafka may work on a flush before wishes are looked at again.
const FLUSH_STEP: Duration = Duration::from_millis(100);

/// What the thread works with.
pub(crate) struct Generate<'schema> {
    pub(crate) producer: BaseProducer<Acknowledge>,
    pub(crate) encoder: Encoder<'schema>,
    pub(crate) sales: Sales,
    pub(crate) topic: String,
    /// End after so many events.
    pub(crate) events_max: u64,
    /// Time of the first event; `None` = the time each one is made.
    pub(crate) first_ts_ms: Option<i64>,
    pub(crate) in_flight_max: u64,
    pub(crate) steer: Arc<Steer>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) metrics: Metrics,
}

/// What was sent, and how much of it has been reported.
#[derive(Default)]
struct Progress {
    sent: u64,
    bytes: u64,
    acknowledged: u64,
    failed: u64,
}

impl Progress {
    fn in_flight(&self) -> u64 {
        self.sent - self.acknowledged - self.failed
    }
}

impl Generate<'_> {
    /// Works until all events are acknowledged or the wheel says to end.
    ///
    /// # Errors
    ///
    /// When an event cannot be encoded or delivered.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let mut progress = Progress::default();
        let mut pace = Pace::new(self.steer.rate_per_sec(), Instant::now());
        while self.steer.phase() == Phase::Run && progress.sent < self.events_max {
            self.settle(&mut progress)?;
            let now = Instant::now();
            if self.steer.paused() {
                pace.skip(now);
                thread::park_timeout(PARK_MAX);
                continue;
            }
            pace.set_rate(self.steer.rate_per_sec(), now);
            let room = self.in_flight_max.saturating_sub(progress.in_flight());
            let due = pace.due(now).min(self.events_max - progress.sent);
            let chunk = due.min(room).min(CHUNK_EVENTS);
            if chunk == 0 {
                let wait = if due == 0 { pace.until_next() } else { PARK_MIN };
                thread::park_timeout(wait.clamp(PARK_MIN, PARK_MAX));
                continue;
            }
            let sent = self.send(chunk, &mut progress)?;
            pace.take(sent);
        }
        self.flush(&mut progress)
    }

    /// Sends up to `count` events and returns how many; fewer when librdkafka's queue is full.
    fn send(&mut self, count: u64, progress: &mut Progress) -> anyhow::Result<u64> {
        let clock_ms = clock_ms();
        for done in 0..count {
            let ts_ms = match self.first_ts_ms {
                Some(first) => first.saturating_add_unsigned(progress.sent),
                None => clock_ms,
            };
            let (sale, key) = self.sales.next(ts_ms);
            let value = self.encoder.encode(sale)?;
            let mut record = BaseRecord::to(&self.topic).key(key).payload(value);
            while let Err((error, back)) = self.producer.send(record) {
                if !is_queue_full(&error) {
                    return Err(error).context("send event");
                }
                if self.steer.phase() == Phase::Abort {
                    return Ok(done);
                }
                // Reports make room; the event that was drawn must still be sent.
                record = back;
                self.producer.poll(Duration::ZERO);
                thread::park_timeout(PARK_MIN);
            }
            progress.sent += 1;
            progress.bytes += value.len() as u64;
        }
        Ok(count)
    }

    /// Takes all delivery reports that are there, and counts.
    fn settle(&self, progress: &mut Progress) -> anyhow::Result<()> {
        let mut before = self.ledger.counts();
        loop {
            self.producer.poll(Duration::ZERO); // one event: the reports of one request
            let now = self.ledger.counts();
            if now == before {
                break;
            }
            before = now;
        }
        let (acknowledged, failed) = before;
        let newly = (acknowledged - progress.acknowledged, failed - progress.failed);
        (progress.acknowledged, progress.failed) = before;
        let bytes = std::mem::take(&mut progress.bytes);
        self.metrics.settled(bytes, newly.0, newly.1, progress.in_flight());
        if failed > 0 {
            let reason = self.ledger.failure().unwrap_or_default();
            bail!("deliver events: {failed} failed, the first because: {reason}");
        }
        Ok(())
    }

    /// Waits until everything sent is reported; librdkafka gives up after `message.timeout.ms`.
    fn flush(&self, progress: &mut Progress) -> anyhow::Result<()> {
        self.settle(progress)?;
        while progress.in_flight() > 0 {
            if self.steer.phase() == Phase::Abort {
                bail!(
                    "{} events were given up before they were acknowledged",
                    progress.in_flight()
                );
            }
            match self.producer.flush(FLUSH_STEP) {
                Ok(()) | Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => {}
                Err(error) => return Err(error).context("flush events"),
            }
            self.settle(progress)?;
        }
        Ok(())
    }
}

fn is_queue_full(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull))
}

/// Milliseconds since 1970; 0 when the clock is before that.
fn clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

//! Reports in, the latest one of each key in the topic of status out, whenever Kafka is there.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use rdkafka::{
    error::KafkaError,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use serde::Serialize;
use tokio::{sync::Notify, time};
use tokio_util::sync::CancellationToken;

use super::{Store, error::StoreError, keys::StatusKey, reader::PARTITION};
use crate::status::{InstanceStatus, Mirror};

/// Most keys that wait for Kafka. A sink has one for each pipeline and one for each partition.
const WAITING_MAX: usize = 100_000;
/// Most records on their way at a time.
const IN_FLIGHT_MAX: usize = 1_000;
/// How long is waited after Kafka did not take a record.
const PAUSE: Duration = Duration::from_millis(500);

impl Store {
    /// A writer of status, for a process to keep. It writes in the background of the current
    /// tokio runtime until its last clone is gone.
    ///
    /// # Errors
    ///
    /// When the client's settings are wrong, or outside of a runtime.
    pub fn status_writer(&self) -> Result<StatusWriter, StoreError> {
        let producer = self.inner.clients.reporter();
        let producer = producer.map_err(StoreError::kafka("create the producer of status"))?;
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        let desk = Arc::new(Desk::default());
        runtime.spawn(run(producer, self.inner.clients.topic("status"), desk.clone()));
        let gone = desk.gone.clone().drop_guard();
        Ok(StatusWriter { desk, _gone: Arc::new(gone) })
    }
}

/// Writes status. Cheap to clone. Nothing here waits: while Kafka is away, the latest report of
/// each key is kept and the older ones are dropped.
#[derive(Clone)]
pub struct StatusWriter {
    desk: Arc<Desk>,
    _gone: Arc<tokio_util::sync::DropGuard>,
}

impl StatusWriter {
    /// Reports on a pipeline.
    pub fn put_instance(&self, status: &InstanceStatus) {
        let key = StatusKey::Instance(status.pipeline.clone(), status.instance.clone());
        self.desk.put(key, Some(status));
    }

    /// Says that this instance has left the pipeline.
    pub fn remove_instance(&self, pipeline: &str, instance: &str) {
        let key = StatusKey::Instance(pipeline.to_owned(), instance.to_owned());
        self.desk.put(key, None::<&InstanceStatus>);
    }

    /// Copies what was committed for a partition.
    pub fn put_mirror(&self, pipeline: &str, mirror: &Mirror) {
        let topic = mirror.topic.clone();
        let key = StatusKey::Offsets(pipeline.to_owned(), topic, mirror.partition);
        self.desk.put(key, Some(mirror));
    }

    /// Forgets what was committed for a partition.
    pub fn remove_mirror(&self, pipeline: &str, topic: &str, partition: i32) {
        let key = StatusKey::Offsets(pipeline.to_owned(), topic.to_owned(), partition);
        self.desk.put(key, None::<&Mirror>);
    }

    /// Waits until Kafka has everything, at most this long; `false` when it has not.
    pub async fn flush(&self, within: Duration) -> bool {
        let all_written = async {
            loop {
                // Asked for before the look, so that no call is missed in between.
                let written = self.desk.written.notified();
                if self.desk.is_empty() {
                    return;
                }
                written.await;
            }
        };
        time::timeout(within, all_written).await.is_ok()
    }
}

impl fmt::Debug for StatusWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusWriter").finish_non_exhaustive()
    }
}

/// What waits for Kafka.
#[derive(Default)]
struct Desk {
    reports: Mutex<Reports>,
    put: Notify,
    written: Notify,
    /// The last writer was dropped.
    gone: CancellationToken,
}

#[derive(Default)]
struct Reports {
    waiting: BTreeMap<StatusKey, Option<Vec<u8>>>,
    in_flight: usize,
}

impl Desk {
    fn put(&self, key: StatusKey, report: Option<&impl Serialize>) {
        let value = report.map(serde_json::to_vec).transpose();
        let Ok(value) = value else { return }; // nothing in these types is not JSON
        let mut reports = self.reports();
        if reports.waiting.len() >= WAITING_MAX && !reports.waiting.contains_key(&key) {
            return; // the next report of this key is 2 s away
        }
        reports.waiting.insert(key, value);
        drop(reports);
        self.put.notify_one();
    }

    fn take(&self) -> Vec<(StatusKey, Option<Vec<u8>>)> {
        let mut reports = self.reports();
        let mut taken = Vec::new();
        while taken.len() < IN_FLIGHT_MAX {
            let Some(report) = reports.waiting.pop_first() else { break };
            taken.push(report);
        }
        reports.in_flight = taken.len();
        taken
    }

    /// Takes back what was not written, unless there is something newer.
    fn settle(&self, failed: Vec<(StatusKey, Option<Vec<u8>>)>) {
        let mut reports = self.reports();
        reports.in_flight = 0;
        for (key, value) in failed {
            reports.waiting.entry(key).or_insert(value);
        }
        let is_empty = reports.waiting.is_empty();
        drop(reports);
        if is_empty {
            self.written.notify_waiters();
        }
    }

    fn is_empty(&self) -> bool {
        let reports = self.reports();
        reports.waiting.is_empty() && reports.in_flight == 0
    }

    fn reports(&self) -> std::sync::MutexGuard<'_, Reports> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes until the last writer is gone; then once more what is left.
async fn run(producer: FutureProducer, topic: String, desk: Arc<Desk>) {
    let mut is_away = false;
    loop {
        let reports = desk.take();
        if reports.is_empty() {
            if desk.gone.is_cancelled() {
                return;
            }
            tokio::select! {
                () = desk.put.notified() => {}
                () = desk.gone.cancelled() => {}
            }
            continue;
        }
        // One generation at a time: two records of one key keep their order.
        let written = join_all(reports.iter().map(|report| write(&producer, &topic, report))).await;
        let mut failed = Vec::new();
        let mut error = None;
        for (report, outcome) in reports.into_iter().zip(written) {
            if let Err(cause) = outcome {
                failed.push(report);
                error = Some(cause);
            }
        }
        desk.settle(failed);
        match &error {
            Some(error) if !std::mem::replace(&mut is_away, true) => {
                tracing::warn!(topic, error = %error, "status cannot be written for now");
            }
            None if std::mem::take(&mut is_away) => {
                tracing::info!(topic, "status is written again");
            }
            Some(_) | None => {}
        }
        if error.is_some() {
            if desk.gone.is_cancelled() {
                return;
            }
            time::sleep(PAUSE).await;
        }
    }
}

async fn write(
    producer: &FutureProducer,
    topic: &str,
    (key, value): &(StatusKey, Option<Vec<u8>>),
) -> Result<(), KafkaError> {
    let key = key.to_string();
    let record = FutureRecord::<str, [u8]> {
        topic,
        partition: Some(PARTITION),
        payload: value.as_deref(),
        key: Some(&key),
        timestamp: None,
        headers: None,
    };
    let written = producer.send(record, Timeout::Never).await;
    written.map(drop).map_err(|(error, _record)| error)
}

//! Names of topics in, which topics have them now out.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use deliver::TopicId;
use tokio::{
    sync::{Mutex, MutexGuard},
    task, time,
};

use crate::{backoff, consume::Consumer, group_ffi, metrics::PipelineMetrics};

/// Longest wait for one answer from Kafka.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The topics that one worker reads.
///
/// When a topic is deleted and created again, librdkafka goes on in the new one at the offset that
/// it had reached in the old one, and tells nobody (2.12.1, `rd_kafka_topic_metadata_update`).
/// Whether that has happened can only be asked.
#[derive(Debug)]
pub struct Topics {
    /// Not held: whoever waits for an answer must not keep a worker from leaving its group.
    consumer: Weak<Consumer>,
    names: Vec<String>,
    metrics: PipelineMetrics,
    seen: Mutex<Option<Seen>>,
}

/// What Kafka said last.
#[derive(Debug)]
struct Seen {
    /// When it was asked: it may have been otherwise before.
    asked: Instant,
    ids: HashMap<String, TopicId>,
}

impl Topics {
    /// Those of `names`, asked for by `consumer`.
    #[must_use]
    pub fn new(consumer: &Arc<Consumer>, names: Vec<String>, metrics: PipelineMetrics) -> Self {
        Self { consumer: Arc::downgrade(consumer), names, metrics, seen: Mutex::default() }
    }

    /// The topic that has this name instead of `wanted`, or `None` when that has it still: asked
    /// after this was called, so that all that was read before is of `wanted` then. Callers share
    /// an answer. For as long as Kafka takes to say it, or to have a topic of the name.
    ///
    /// Brokers learn of a new topic one after the other: where the one that is asked lags behind
    /// the one that is fetched from, it may still say `wanted`.
    pub async fn another(&self, name: &str, wanted: TopicId) -> Option<TopicId> {
        let (mut since, mut attempt) = (Instant::now(), 0);
        loop {
            let why = match self.asked_since(since).await {
                Some(seen) => match seen.as_ref().and_then(|seen| seen.ids.get(name)) {
                    Some(found) => return (*found != wanted).then_some(*found),
                    None => "there is none of that name, or it may not be looked at",
                },
                None => "Kafka does not answer",
            };
            self.metrics.still_waiting(&format!("id of topic {name}"), why);
            attempt += 1;
            time::sleep(backoff::pause(attempt)).await;
            since = Instant::now();
        }
    }

    /// All that there are, and when that was asked, which is after this was called. `None` when
    /// Kafka does not answer.
    pub async fn look(&self) -> Option<(Instant, HashMap<String, TopicId>)> {
        let seen = self.asked_since(Instant::now()).await?;
        seen.as_ref().map(|seen| (seen.asked, seen.ids.clone()))
    }

    async fn asked_since(&self, since: Instant) -> Option<MutexGuard<'_, Option<Seen>>> {
        let mut seen = self.seen.lock().await;
        if seen.as_ref().is_none_or(|seen| seen.asked < since) {
            *seen = Some(self.ask().await?);
        }
        Some(seen)
    }

    async fn ask(&self) -> Option<Seen> {
        let (consumer, names) = (self.consumer.upgrade()?, self.names.clone());
        let asked = Instant::now();
        let asking =
            task::spawn_blocking(move || group_ffi::topic_ids(&consumer, &names, ANSWER_MAX));
        Some(Seen { asked, ids: asking.await.ok()?? })
    }
}

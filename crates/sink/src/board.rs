//! What the workers of a pipeline see of their partitions in, what its status says of them out.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use deliver::{Assignment, Offset, StopReason, TopicId, TopicPartition};
use tokio::sync::Notify;

/// Where all workers of a pipeline tell what they own. Lives as long as the process has to do with
/// the pipeline, over all its starts.
#[derive(Debug, Default)]
pub struct Board {
    seats: Mutex<BTreeMap<u16, Vec<Seat>>>,
    ends: Mutex<HashMap<TopicPartition, i64>>,
    topics: Mutex<HashMap<Arc<str>, TopicId>>,
    untold: Mutex<Vec<Reset>>,
    changed: Notify,
}

/// One partition as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which.
    pub partition: TopicPartition,
    /// What Kafka is known to hold: the offset and the text beside it.
    pub committed: Option<(Offset, String)>,
    /// Ranges in flight, or recorded and not read again yet.
    pub pending: usize,
    /// Why it takes no more records.
    pub stopped: Option<StopReason>,
}

/// A reset that this process has carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Its id.
    pub id: String,
    /// Of this partition.
    pub partition: TopicPartition,
    /// What Kafka holds since then: the offset and the text beside it.
    pub committed: (Offset, String),
}

impl Board {
    /// Says what a worker owns now.
    pub fn publish(&self, worker: u16, seats: Vec<Seat>) {
        let stopped = |seats: &[Seat]| seats.iter().filter(|seat| seat.stopped.is_some()).count();
        let now = stopped(&seats);
        let before = lock(&self.seats).insert(worker, seats);
        if now != before.map_or(0, |before| stopped(&before)) {
            self.changed.notify_one();
        }
    }

    /// Says that a worker owns nothing any more.
    pub fn leave(&self, worker: u16) {
        lock(&self.seats).remove(&worker);
    }

    /// Everything that is owned now.
    #[must_use]
    pub fn seats(&self) -> Vec<Seat> {
        lock(&self.seats).values().flatten().cloned().collect()
    }

    /// Whether no worker has taken its place yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        lock(&self.seats).is_empty()
    }

    /// Says where partitions end: at the offset of the record to come.
    pub fn set_ends(&self, ends: impl Iterator<Item = (TopicPartition, i64)>) {
        lock(&self.ends).extend(ends);
    }

    /// Says where partitions ended when they were fetched last: what is not fetched just now may
    /// have grown since, and somebody may have looked.
    pub fn raise_ends(&self, ends: impl Iterator<Item = (TopicPartition, i64)>) {
        let mut known = lock(&self.ends);
        for (partition, end) in ends {
            let known = known.entry(partition).or_insert(end);
            *known = end.max(*known);
        }
    }

    /// Where a partition ends, as far as anyone has seen.
    #[must_use]
    pub fn end(&self, partition: &TopicPartition) -> Option<i64> {
        lock(&self.ends).get(partition).copied()
    }

    /// Says which topics of their names Kafka has given partitions of.
    pub fn set_topics<'a>(&self, assigned: impl Iterator<Item = &'a Assignment>) {
        let known = |one: &Assignment| Some((one.partition.topic.clone(), one.topic?));
        lock(&self.topics).extend(assigned.filter_map(known));
    }

    /// Says which topics have their names now.
    pub fn set_topic_ids(&self, ids: &HashMap<String, TopicId>) {
        let ids = ids.iter().map(|(topic, id)| (Arc::from(topic.as_str()), *id));
        lock(&self.topics).extend(ids);
    }

    /// Which topic of its name a partition is of, if Kafka could tell.
    #[must_use]
    pub fn topic(&self, partition: &TopicPartition) -> Option<TopicId> {
        lock(&self.topics).get(&partition.topic).copied()
    }

    /// Says that a reset was carried out.
    pub fn was_reset(&self, reset: Reset) {
        lock(&self.untold).push(reset);
        self.changed.notify_one();
    }

    /// Takes the resets that nobody has been told of yet.
    #[must_use]
    pub fn untold_resets(&self) -> Vec<Reset> {
        std::mem::take(&mut lock(&self.untold))
    }

    /// Ends when there is something to tell at once.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

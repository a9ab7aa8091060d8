//! Copies of committed offsets in, partitions that have been worked on before out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use deliver::{Metadata, Offset, TopicId, TopicPartition};
use pipeline_spec::{
    status::Mirror,
    store::{StatusSnapshot, Stored},
};
use tokio::{sync::watch, time};

/// Longest wait for the first look at what sinks have reported.
const READ_MAX: Duration = Duration::from_secs(10);

/// Where the copies of one pipeline's offsets are found.
#[derive(Clone, Debug)]
pub struct Mirrors {
    statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    pipeline: String,
    /// Copies that are older are of another pipeline, which had the name before.
    created_at_ms: i64,
}

impl Mirrors {
    /// Those of `stored` among what sinks have reported.
    #[must_use]
    pub fn new(statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>, stored: &Stored) -> Self {
        let pipeline = stored.spec.name.clone();
        Self { statuses, pipeline, created_at_ms: stored.created_at_ms }
    }

    /// The copied offset of each of `partitions` that has one. A copy that names another topic than
    /// the one that has the name today says nothing about it.
    ///
    /// # Errors
    ///
    /// When the reports could not be read yet. Nothing is assumed then: ask again.
    pub async fn of(
        &self,
        partitions: impl Iterator<Item = &TopicPartition>,
        topics: &HashMap<String, TopicId>,
    ) -> anyhow::Result<HashMap<TopicPartition, i64>> {
        let mut statuses = self.statuses.clone();
        let read = time::timeout(READ_MAX, statuses.wait_for(Option::is_some)).await;
        let read = read.ok().and_then(Result::ok).and_then(|statuses| statuses.clone());
        let statuses = read.context("copies of committed offsets were not read yet")?;
        let copies = partitions.filter_map(|id| {
            let key = (self.pipeline.clone(), id.topic.to_string(), id.partition);
            let copy = statuses.mirrors.get(&key)?;
            self.counts(copy, topics.get(&*id.topic).copied()).then(|| (id.clone(), copy.offset))
        });
        Ok(copies.collect())
    }

    fn counts(&self, copy: &Mirror, topic: Option<TopicId>) -> bool {
        copy.at_ms >= self.created_at_ms
            && topic_of(copy).zip(topic).is_none_or(|(then, now)| then == now)
    }
}

/// The topic that a copied offset is of, if that is known.
fn topic_of(copy: &Mirror) -> Option<TopicId> {
    let offset = Offset::new(copy.offset).ok()?;
    Metadata::parse(&copy.metadata, offset).ok().flatten()?.lineage.topic
}

#[cfg(test)]
mod tests;

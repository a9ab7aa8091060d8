//! The pipeline of a run in, stored for sinks that follow it; what they tell of it at the end out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use pipeline_spec::{
    Pipeline, State,
    status::{InstanceStatus, RunState},
    store::{AuditRecord, Change, Purge, StatusSnapshot, Store, StoreError, Stored, UpdateError},
};
use testkit::{Kafka, eventually};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    scene::{NAMESPACE, PARTITIONS, Scene},
    sinks::Name,
};

/// Longest time until the sinks have told what is true: one of them may just be coming back, and
/// reports of one that was killed count for 15 s.
const TOLD_WITHIN: Duration = Duration::from_secs(60);
/// Longest time until the reports of sinks that have stopped are gone. By themselves they would be
/// after 15 s.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// A stored pipeline, and what is told of it.
pub(crate) struct Follow {
    store: Store,
    kafka: Kafka,
    name: String,
    statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    _following: DropGuard,
}

impl Follow {
    /// Stores a pipeline. This side of the store is not disrupted but for the broker itself.
    pub(crate) async fn store(scene: &Scene, spec: Pipeline) -> anyhow::Result<Self> {
        let store = scene.store();
        store.prepare().await?;
        let following = CancellationToken::new();
        let statuses = store.follow_status(following.clone());
        let name = spec.name.clone();
        let stored = Stored {
            spec,
            version: 1,
            created_at_ms: 0,
            updated_at_ms: 0,
            updated_by: WHO.to_owned(),
            restarts: 0,
            reset: None,
            deleting: false,
            claim: None,
            purge: Purge::default(),
        };
        let put = Change::Put { stored, audit: audit(&name) };
        let done = store.update(|_| Ok::<_, &str>((vec![put.clone()], ()))).await;
        done.map_err(refused).context("store the pipeline")?;
        let guard = following.drop_guard();
        Ok(Self { store, kafka: scene.kafka(), name, statuses, _following: guard })
    }

    /// Pauses the pipeline, so that it shows whether the sinks still follow; then waits until they
    /// tell of all partitions what is true, and until the copies of offsets are those of Kafka.
    pub(crate) async fn until_told(&self) -> anyhow::Result<()> {
        let version = self.pause().await.context("pause the pipeline")?;
        let group = format!("{NAMESPACE}.{}", self.name);
        let committed = self.kafka.committed(&group, &self.name).await?;
        let told = async || self.told(version, &committed.iter().map(offset).collect());
        let waited = eventually("all sinks tell that it is paused", TOLD_WITHIN, told).await;
        waited.with_context(|| format!("the last reports: {:?}", self.instances()))?;
        let copied = async || {
            let copy = |id| self.mirror(id);
            committed.iter().all(|(id, real)| {
                copy(*id).is_some_and(|copy| copy == (real.offset, real.metadata.clone()))
            })
        };
        let waited = eventually("all offsets are copied", TOLD_WITHIN, copied).await;
        let copies: Vec<_> = (0..PARTITIONS).map(|id| self.mirror(id)).collect();
        waited.with_context(|| format!("copies are {copies:?}, committed is {committed:?}"))
    }

    /// Waits until no sink reports any more: they have stopped, and said so.
    pub(crate) async fn until_gone(&self) -> anyhow::Result<()> {
        let gone = async || self.instances().is_empty();
        let waited = eventually("the last reports are gone", GONE_WITHIN, gone).await;
        waited.with_context(|| format!("the last reports: {:?}", self.instances()))
    }

    /// Whether all sinks are paused as of `version`, and own everything between them, all of it
    /// done.
    fn told(&self, version: u64, committed: &BTreeMap<i32, i64>) -> bool {
        let instances = self.instances();
        let paused =
            |one: &&Arc<InstanceStatus>| one.state == RunState::Paused && one.version == version;
        let owned = instances.iter().flat_map(|one| &one.partitions);
        let owned = owned.filter(|one| one.topic == self.name);
        let done: BTreeSet<_> = owned
            .filter(|one| one.lag == Some(0) && one.pending_ranges == 0)
            .filter(|one| one.committed == committed.get(&one.partition).copied())
            .map(|one| one.partition)
            .collect();
        instances.len() == Name::BOTH.len()
            && instances.iter().filter(paused).count() == instances.len()
            && done.into_iter().eq(0..PARTITIONS)
    }

    /// Returns the version as of which it is paused.
    async fn pause(&self) -> anyhow::Result<u64> {
        loop {
            let done = self.store.update(|snapshot| {
                let Some(found) = snapshot.pipelines.get(&self.name) else {
                    return Err("it is not stored");
                };
                let mut stored = Stored::clone(found);
                stored.spec.state = State::Paused;
                stored.version += 1;
                let version = stored.version;
                Ok((vec![Change::Put { stored, audit: audit(&self.name) }], version))
            });
            match done.await {
                // It does no harm to pause what is paused.
                Err(UpdateError::Store(StoreError::Unknown)) => {}
                done => return done.map_err(refused),
            }
        }
    }

    fn instances(&self) -> Vec<Arc<InstanceStatus>> {
        let Some(statuses) = self.statuses.borrow().clone() else { return Vec::new() };
        let of_name = statuses.instances.iter().filter(|((name, _), _)| *name == self.name);
        of_name.map(|(_, status)| status.clone()).collect()
    }

    /// What has been copied of the offset of a partition, and the text beside it.
    fn mirror(&self, partition: i32) -> Option<(i64, String)> {
        let key = (self.name.clone(), self.name.clone(), partition);
        let statuses = self.statuses.borrow().clone()?;
        statuses.mirrors.get(&key).map(|mirror| (mirror.offset, mirror.metadata.clone()))
    }
}

const WHO: &str = "torture";

fn audit(subject: &str) -> AuditRecord {
    AuditRecord {
        at_ms: 0,
        who: WHO.to_owned(),
        what: "pipeline.update".to_owned(),
        subject: subject.to_owned(),
        before: None,
        after: None,
    }
}

fn offset((partition, committed): (&i32, &testkit::Committed)) -> (i32, i64) {
    (*partition, committed.offset)
}

fn refused(error: UpdateError<&str>) -> anyhow::Error {
    match error {
        UpdateError::Refused(why) => anyhow!("refused: {why}"),
        UpdateError::Store(error) => error.into(),
    }
}

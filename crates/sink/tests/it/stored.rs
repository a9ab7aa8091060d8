//! A scene whose pipelines are stored in a namespace of its own: edited, and their status read.

use std::sync::Arc;

use anyhow::{Context, bail};
use pipeline_spec::{
    Pipeline, State,
    status::{InstanceStatus, RunState},
    store::{
        AuditRecord, Change, PartitionOffset, Purge, Reset, StatusSnapshot, Store, StoreError,
        Stored, UpdateError,
    },
};
use rdkafka::ClientConfig;
use testkit::{Servers, eventually, unique};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    fixture::{PATIENCE, SCHEMA, Scene},
    process::Sink,
};

pub(crate) struct StoredScene {
    pub(crate) scene: Scene,
    pub(crate) store: Store,
    pub(crate) schema_id: u32,
    statuses: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    _following: DropGuard,
}

impl StoredScene {
    /// A topic with a schema, and an empty store.
    pub(crate) async fn new(partitions: i32) -> anyhow::Result<Self> {
        Self::on(testkit::stack().await?, partitions).await
    }

    pub(crate) async fn on(servers: &'static Servers, partitions: i32) -> anyhow::Result<Self> {
        let mut scene = Scene::on(servers, partitions).await?;
        scene.namespace = unique("ns");
        scene.properties(&[r#""session.timeout.ms"="6000""#]);
        let schema_id = scene.register(SCHEMA).await?;
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &scene.brokers);
        let store = Store::new(client, &scene.namespace);
        store.prepare().await?;
        let ended = CancellationToken::new();
        let statuses = store.follow_status(ended.clone());
        Ok(Self { scene, store, schema_id, statuses, _following: ended.drop_guard() })
    }

    /// A sink that follows the store.
    pub(crate) async fn sink(&self, selector: &str) -> anyhow::Result<Sink> {
        let sink = self.scene.started(&["--selector", selector]).await?;
        eventually("the sink is ready", PATIENCE, async || sink.get("readyz").await.is_ok())
            .await?;
        Ok(sink)
    }

    /// Stores the scene's pipeline.
    pub(crate) async fn create(&self) -> anyhow::Result<()> {
        self.store_document(Pipeline::from_yaml(&self.scene.pipeline())?).await
    }

    /// Stores a document under a new name.
    pub(crate) async fn store_document(&self, spec: Pipeline) -> anyhow::Result<()> {
        let stored = Stored {
            spec,
            version: 1,
            created_at_ms: 0,
            updated_at_ms: 0,
            updated_by: "test".to_owned(),
            restarts: 0,
            reset: None,
            deleting: false,
            purge: Purge::default(),
            claim: None,
        };
        self.put(stored).await
    }

    /// Changes the scene's pipeline. Returns its new version. When Kafka does not say whether it
    /// was changed, it is changed again: no change of the tests does harm when it is made twice.
    pub(crate) async fn edit(&self, change: impl Fn(&mut Stored)) -> anyhow::Result<u64> {
        let name = &self.scene.name;
        loop {
            let done = self.store.update(|snapshot| {
                let Some(found) = snapshot.pipelines.get(name) else { return Err("not stored") };
                let mut stored = Stored::clone(found);
                change(&mut stored);
                stored.version += 1;
                let version = stored.version;
                Ok((vec![Change::Put { stored, audit: audit(name) }], version))
            });
            match done.await {
                Err(UpdateError::Store(StoreError::Unknown)) => {}
                done => return done.map_err(refused),
            }
        }
    }

    /// Says whether the scene's pipeline is to move records.
    pub(crate) async fn set(&self, state: State) -> anyhow::Result<u64> {
        self.edit(|stored| stored.spec.state = state).await
    }

    /// Asks for the offsets of these partitions to be set. Returns the id of the request.
    pub(crate) async fn reset(&self, offsets: &[(i32, i64)]) -> anyhow::Result<String> {
        let id = unique("reset");
        let topic = &self.scene.topic;
        let offsets = offsets.iter().map(|(partition, offset)| PartitionOffset {
            topic: topic.clone(),
            partition: *partition,
            offset: *offset,
        });
        let reset = Reset {
            id: id.clone(),
            requested_at_ms: 0,
            by: "test".to_owned(),
            offsets: offsets.collect(),
            delete_rows: false,
        };
        self.edit(|stored| stored.reset = Some(reset.clone())).await?;
        Ok(id)
    }

    async fn put(&self, stored: Stored) -> anyhow::Result<()> {
        let name = stored.spec.name.clone();
        let done = self.store.update(|_| {
            Ok::<_, &str>((vec![Change::Put { stored: stored.clone(), audit: audit(&name) }], ()))
        });
        done.await.map_err(refused)
    }

    /// What the instances say of a pipeline.
    pub(crate) fn instances(&self, name: &str) -> Vec<Arc<InstanceStatus>> {
        let Some(statuses) = self.statuses.borrow().clone() else { return Vec::new() };
        let of_name = statuses.instances.iter().filter(|((pipeline, _), _)| pipeline == name);
        of_name.map(|(_, status)| status.clone()).collect()
    }

    /// What has been copied of a partition's offset.
    pub(crate) fn mirror(&self, partition: i32) -> Option<pipeline_spec::status::Mirror> {
        let key = (self.scene.name.clone(), self.scene.topic.clone(), partition);
        let statuses = self.statuses.borrow().clone()?;
        statuses.mirrors.get(&key).map(|mirror| (**mirror).clone())
    }

    /// Waits until the only instance of the scene's pipeline says something.
    pub(crate) async fn until(
        &self,
        what: &str,
        says: impl Fn(&InstanceStatus) -> bool,
    ) -> anyhow::Result<Arc<InstanceStatus>> {
        self.until_of(&self.scene.name, what, says).await
    }

    /// As [`Self::until`], of another pipeline.
    pub(crate) async fn until_of(
        &self,
        name: &str,
        what: &str,
        says: impl Fn(&InstanceStatus) -> bool,
    ) -> anyhow::Result<Arc<InstanceStatus>> {
        let said = |one: &&Arc<InstanceStatus>| says(one);
        let waited =
            eventually(what, PATIENCE, async || self.instances(name).iter().any(|one| said(&one)));
        if let Err(error) = waited.await {
            bail!("{error:#}; the last reports: {:?}", self.instances(name));
        }
        self.instances(name).iter().find(said).cloned().context("it says something else again")
    }

    /// Waits until the scene's pipeline runs as of `version`.
    pub(crate) async fn until_state(&self, state: RunState, version: u64) -> anyhow::Result<()> {
        let what = format!("version {version} is {state:?}");
        self.until(&what, |one| one.state == state && one.version >= version).await.map(drop)
    }
}

fn audit(subject: &str) -> AuditRecord {
    AuditRecord {
        at_ms: 0,
        who: "test".to_owned(),
        what: "pipeline.update".to_owned(),
        subject: subject.to_owned(),
        before: None,
        after: None,
    }
}

fn refused(error: UpdateError<&str>) -> anyhow::Error {
    match error {
        UpdateError::Refused(why) => anyhow::anyhow!("refused: {why}"),
        UpdateError::Store(error) => error.into(),
    }
}

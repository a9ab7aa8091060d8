//! Stores of tests, each with a namespace of its own.

use std::time::Duration;

use pipeline_spec::{
    Pipeline,
    store::{AuditRecord, Change, Purge, Snapshot, Store, Stored},
};
use rdkafka::ClientConfig;

/// How long a promise may take to show.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn client(brokers: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers);
    client
}

/// A namespace that nobody else has, with its topics, and a store in it.
pub(crate) async fn fresh() -> anyhow::Result<(String, Store)> {
    let namespace = testkit::unique("store");
    let store = open(&namespace).await?;
    store.prepare().await?;
    Ok((namespace, store))
}

/// Another store in that namespace, as another process has it.
pub(crate) async fn open(namespace: &str) -> anyhow::Result<Store> {
    let servers = testkit::stack().await?;
    Ok(Store::new(client(servers.kafka().brokers()), namespace))
}

#[expect(clippy::unwrap_used, reason = "a document of the test's own")]
pub(crate) fn stored(name: &str) -> Stored {
    let spec =
        format!("{{name: {name}, source: {{topics: [t]}}, target: {{database: d, table: t}}}}");
    Stored {
        spec: Pipeline::from_yaml(&spec).unwrap(),
        version: 1,
        created_at_ms: 1,
        updated_at_ms: 1,
        updated_by: "somebody".into(),
        restarts: 0,
        reset: None,
        deleting: false,
        purge: Purge::default(),
        claim: None,
    }
}

pub(crate) fn audit(what: &str, subject: &str) -> AuditRecord {
    AuditRecord {
        at_ms: 1,
        who: "somebody".into(),
        what: what.into(),
        subject: subject.into(),
        before: None,
        after: None,
    }
}

pub(crate) fn put(stored: Stored) -> Change {
    let audit = audit("pipeline.update", &stored.spec.name);
    Change::Put { stored, audit }
}

pub(crate) fn remove(name: &str) -> Change {
    Change::Remove { name: name.into(), audit: audit("pipeline.delete", name) }
}

/// What a change refuses with.
pub(crate) type No = &'static str;

/// Writes the pipeline as `edit` leaves it, one version on; a new one begins empty.
pub(crate) async fn edit(
    store: &Store,
    name: &str,
    mut edit: impl FnMut(&mut Stored),
) -> anyhow::Result<Stored> {
    let change = |state: &Snapshot| {
        let mut next = match state.pipelines.get(name) {
            Some(found) => Stored { version: found.version + 1, ..(**found).clone() },
            None => stored(name),
        };
        edit(&mut next);
        Ok::<_, No>((vec![put(next.clone())], next))
    };
    Ok(store.update(change).await?)
}

/// What is stored now.
pub(crate) async fn read(store: &Store) -> anyhow::Result<Snapshot> {
    Ok(store.update(|state| Ok::<_, No>((vec![], state.clone()))).await?)
}

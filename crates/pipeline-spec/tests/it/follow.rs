//! Whoever follows sees every final state, and nothing that was not committed.

use std::sync::Arc;

use anyhow::Context as _;
use pipeline_spec::store::{Snapshot, Store};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::{No, SOON, client, edit, fresh, open, read, remove};

type Seen = watch::Receiver<Option<Arc<Snapshot>>>;

async fn until(
    seen: &mut Seen,
    mut wanted: impl FnMut(&Snapshot) -> bool,
) -> anyhow::Result<Arc<Snapshot>> {
    let found = seen.wait_for(|seen| seen.as_deref().is_some_and(&mut wanted));
    let found = tokio::time::timeout(SOON, found).await??;
    found.clone().context("a snapshot")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_pipelines_is_seen_as_such() -> anyhow::Result<()> {
    let (_, store) = fresh().await?;
    let stop = CancellationToken::new();
    let mut seen = store.follow(stop.clone());
    assert_eq!(*until(&mut seen, |_| true).await?, Snapshot::default());
    stop.cancel();
    // The channel closes when the thread is gone.
    let closed = async { while seen.changed().await.is_ok() {} };
    tokio::time::timeout(SOON, closed).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_final_state_is_seen_by_who_came_early_and_who_comes_late() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    let stop = CancellationToken::new();
    let mut early = open(&namespace).await?.follow(stop.clone());
    until(&mut early, |seen| seen.pipelines.is_empty()).await?;
    for round in 1..=20_u16 {
        let name = ["a", "b", "c"][usize::from(round % 3)];
        edit(&store, name, |next| next.spec.workers = round).await?;
        let workers = |seen: &Snapshot| seen.pipelines.get(name).map(|found| found.spec.workers);
        until(&mut early, |seen| workers(seen) == Some(round)).await?;
    }
    store.update(|_| Ok::<_, No>((vec![remove("b")], ()))).await?;
    until(&mut early, |seen| !seen.pipelines.contains_key("b")).await?;
    let truth = read(&store).await?;
    assert_eq!(truth.pipelines.len(), 2);
    // Not only the last change: everything adds up to the same.
    assert_eq!(*until(&mut early, |_| true).await?, truth);
    let mut late = open(&namespace).await?.follow(stop.clone());
    assert_eq!(*until(&mut late, |_| true).await?, truth, "the first snapshot is complete");
    stop.cancel();
    Ok(())
}

/// A writer that dies between its records and its commit, as a process that is killed there.
async fn half_a_change(namespace: &str, brokers: &str, name: &str) -> anyhow::Result<BaseProducer> {
    let mut config: ClientConfig = client(brokers);
    config.set("transactional.id", format!("{namespace}.pipelines"));
    let producer: BaseProducer = config.create()?;
    let topic = format!("{namespace}.pipelines");
    let value = serde_json::to_vec(&crate::support::stored(name))?;
    tokio::task::spawn_blocking(move || {
        producer.init_transactions(SOON)?;
        producer.begin_transaction()?;
        let record = BaseRecord::to(&topic).key("spec/ghost").payload(&value[..]);
        producer.send(record).map_err(|(error, _)| error)?;
        producer.flush(SOON)?;
        Ok(producer)
    })
    .await?
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_writer_left_is_never_seen() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    let servers = testkit::stack().await?;
    let brokers = servers.kafka().brokers().to_owned();
    let stop = CancellationToken::new();
    let mut seen = open(&namespace).await?.follow(stop.clone());
    edit(&store, "a", |_| ()).await?;
    let dead = half_a_change(&namespace, &brokers, "ghost").await?;
    // It is in the log, below what the next writer commits.
    let ends = servers.kafka().end_offsets(&format!("{namespace}.pipelines")).await?;
    let after = edit(&store, "a", |_| ()).await?;
    assert_eq!(after.version, 2);
    let ends_after = servers.kafka().end_offsets(&format!("{namespace}.pipelines")).await?;
    assert!(ends_after[&0] > ends[&0]);
    let shown = until(&mut seen, |seen| seen.pipelines.get("a").is_some_and(|a| a.version == 2));
    assert!(!shown.await?.pipelines.contains_key("ghost"));
    assert!(!read(&open(&namespace).await?).await?.pipelines.contains_key("ghost"));
    // And if it was only frozen, it cannot end what it began.
    let late = tokio::task::spawn_blocking(move || dead.commit_transaction(SOON)).await?;
    assert!(late.is_err(), "a writer that was fenced has committed");
    assert!(!read(&open(&namespace).await?).await?.pipelines.contains_key("ghost"));
    stop.cancel();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_stops_nobody() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    edit(&store, "a", |_| ()).await?;
    edit(&store, "b", |_| ()).await?;
    let kafka = testkit::stack().await?.kafka();
    let damaged = testkit::Record::of(&b"{\"spec\": 7}"[..]).with_key(&b"spec/a"[..]);
    kafka.produce(&format!("{namespace}.pipelines"), [damaged]).await?;
    let stop = CancellationToken::new();
    let mut seen = store.follow(stop.clone());
    let shown = until(&mut seen, |seen| !seen.unreadable.is_empty()).await?;
    assert_eq!(shown.pipelines.keys().collect::<Vec<_>>(), ["b"]);
    // The others can be changed; the damaged one only removed.
    edit(&store, "b", |next| next.spec.workers = 3).await?;
    let other: Store = open(&namespace).await?;
    let refused = edit(&other, "a", |_| ()).await.unwrap_err();
    assert!(refused.to_string().contains("cannot be read"), "{refused:#}");
    other.update(|_| Ok::<_, No>((vec![remove("a")], ()))).await?;
    edit(&other, "a", |_| ()).await?;
    let shown = until(&mut seen, |seen| seen.pipelines.contains_key("a")).await?;
    assert!(shown.unreadable.is_empty());
    assert_eq!(shown.pipelines["b"].spec.workers, 3);
    stop.cancel();
    Ok(())
}

/// Groups need rights, and would hold offsets that mean nothing.
#[tokio::test(flavor = "multi_thread")]
async fn no_group_comes_into_being() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    let stop = CancellationToken::new();
    let mut seen = store.follow(stop.clone());
    edit(&store, "a", |_| ()).await?;
    until(&mut seen, |seen| seen.pipelines.contains_key("a")).await?;
    store.audit(None, 10, None).await?;
    let kafka = testkit::stack().await?.kafka();
    assert_eq!(kafka.group(&format!("{namespace}.store")).await?, None);
    stop.cancel();
    Ok(())
}

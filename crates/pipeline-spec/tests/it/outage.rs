//! A broker that is killed or frozen loses and doubles no update, and is followed again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use pipeline_spec::store::{Store, StoreError, Stored, UpdateError};
use testkit::{Part, Proxy, Signal, eventually};
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::support::{No, SOON, client, edit, read};

/// Longer than one attempt of an update, so that commits stay without an answer.
const FROZEN: Duration = Duration::from_secs(12);
/// How long an answer is held back: there are three or four to an update, and it may take 10 s.
const LATE: Duration = Duration::from_secs(2);
/// As long as an update is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often an update was answered well, and how often it was not said whether it happened.
#[derive(Default)]
struct Tally {
    sure: u64,
    unsure: u64,
}

/// Adds 1 to a label until it is stopped.
async fn count(
    store: Store,
    label: String,
    stop: CancellationToken,
    done: Arc<AtomicU64>,
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    while !stop.is_cancelled() {
        let added = edit(&store, "counter", |next| {
            let before = next.spec.labels.get(&label).map_or("0", String::as_str);
            let after = before.parse::<u64>().unwrap_or(u64::MAX) + 1;
            next.spec.labels.insert(label.clone(), after.to_string());
        });
        match added.await {
            Ok(_) => {
                tally.sure += 1;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => match error.downcast_ref::<UpdateError<No>>() {
                Some(UpdateError::Store(StoreError::Unknown)) => tally.unsure += 1,
                Some(UpdateError::Store(StoreError::Busy(_) | StoreError::Kafka { .. })) => {}
                _ => return Err(error),
            },
        }
    }
    Ok(tally)
}

fn version(record: &testkit::Message) -> anyhow::Result<u64> {
    let stored: Stored = serde_json::from_slice(record.value.as_deref().context("a tombstone")?)?;
    Ok(stored.version)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_or_doubled_when_the_broker_dies() -> anyhow::Result<()> {
    let own = testkit::own_stack(&[Part::Kafka], |_| {}).await?;
    let brokers = own.kafka()?.brokers().to_owned();
    let store = Store::new(client(&brokers), "outage");
    store.prepare().await?;
    let stop = CancellationToken::new();
    let followed = store.follow(stop.clone());

    let (writers_stop, done) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let store = Store::new(client(&brokers), "outage");
        let (label, stop, done) = (format!("w{writer}"), writers_stop.clone(), done.clone());
        writers.spawn(async move { (label.clone(), count(store, label, stop, done).await) });
    }
    let more = async |count: u64| {
        let wanted = done.load(Ordering::Relaxed) + count;
        eventually("updates go on", Duration::from_secs(40), async || {
            done.load(Ordering::Relaxed) >= wanted
        })
        .await
    };
    more(20).await?;
    for _ in 0..2 {
        own.stack().kill(Part::Kafka).await?;
        own.stack().restart(Part::Kafka).await?;
        more(20).await?;
    }
    own.stack().signal(Part::Kafka, Signal::Freeze).await?;
    time::sleep(FROZEN).await;
    own.stack().signal(Part::Kafka, Signal::Continue).await?;
    more(20).await?;
    writers_stop.cancel();

    let mut tallies = Vec::new();
    while let Some(writer) = writers.join_next().await {
        let (label, tally) = writer?;
        tallies.push((label, tally?));
    }
    let truth = read(&store).await?;
    // The log is the history: each change was made to the one before it.
    let history = own.kafka()?.read_all("outage.pipelines").await?;
    let versions = history.iter().filter(|record| record.key.as_deref() == Some(b"spec/counter"));
    let versions: Vec<u64> = versions.map(version).collect::<anyhow::Result<_>>()?;
    assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>());
    let counter = &truth.pipelines["counter"];
    for (label, Tally { sure, unsure }) in tallies {
        let counted: u64 = counter.spec.labels[&label].parse()?;
        assert!((sure..=sure + unsure).contains(&counted), "{label}: {sure}+{unsure}, {counted}");
    }
    let all: u64 = counter.spec.labels.values().filter_map(|n| n.parse::<u64>().ok()).sum();
    assert_eq!(counter.version, all, "one version for each");
    eventually("the follower has seen it all", SOON, async || {
        followed.borrow().as_deref() == Some(&truth)
    })
    .await?;
    stop.cancel();
    own.stop().await
}

/// The commit arrives and its answer does not: the update happened, once, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_neither_lost_nor_repeated() -> anyhow::Result<()> {
    let proxy = Proxy::unconnected().await?;
    let port = proxy.address().port();
    let own = testkit::own_stack(&[Part::Kafka], |stack| stack.kafka_proxy = Some(port)).await?;
    let proxied = own.stack().addresses().kafka_proxied.as_ref().context("no listener")?;
    proxy.forward_to(proxied);
    let store = Store::new(client(&proxy.address().to_string()), "answer");
    store.prepare().await?;
    edit(&store, "a", |_| ()).await?;

    // Each answer comes late, so there is time between a commit and its answer.
    proxy.delay_answers(LATE);
    let update = tokio::spawn({
        let store = store.clone();
        async move { edit(&store, "a", |_| ()).await }
    });
    let kafka = own.kafka()?;
    eventually("the second version is committed", SOON, async || {
        let records = kafka.read_all("answer.pipelines").await.unwrap_or_default();
        records.iter().filter(|record| record.key.as_deref() == Some(b"spec/a")).count() == 2
    })
    .await?;
    assert!(!update.is_finished(), "it was answered before we could prevent it");
    proxy.pause();
    time::sleep(FROZEN).await;
    proxy.delay_answers(Duration::ZERO);
    proxy.resume();

    assert_eq!(time::timeout(PATIENCE, update).await???.version, 2);
    assert_eq!(read(&store).await?.pipelines["a"].version, 2);
    assert_eq!(store.audit(None, 10, None).await?.records.len(), 2);
    own.stop().await
}

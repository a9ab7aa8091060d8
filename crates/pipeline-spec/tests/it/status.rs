//! Status arrives, goes with its instance, and only the latest counts.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use pipeline_spec::{
    status::{InstanceStatus, Mirror, RunState},
    store::StatusSnapshot,
};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::support::{SOON, client, fresh, open};

type Seen = watch::Receiver<Option<Arc<StatusSnapshot>>>;

async fn until(
    seen: &mut Seen,
    mut wanted: impl FnMut(&StatusSnapshot) -> bool,
) -> anyhow::Result<Arc<StatusSnapshot>> {
    let found = seen.wait_for(|seen| seen.as_deref().is_some_and(&mut wanted));
    let found = tokio::time::timeout(SOON, found).await??;
    found.clone().context("a snapshot")
}

#[expect(clippy::unwrap_used, reason = "a text of the test's own")]
fn report(instance: &str, rows_total: u64) -> InstanceStatus {
    let mut status: InstanceStatus = serde_json::from_value(serde_json::json!({
        "instance": instance, "pipeline": "a", "at_ms": 0, "version": 1, "revision": "r",
        "state": "running",
    }))
    .unwrap();
    status.rows_total = rows_total;
    status
}

fn key(instance: &str) -> (String, String) {
    ("a".into(), instance.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_arrive_and_the_silent_disappear() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    let stop = CancellationToken::new();
    let mut seen = open(&namespace).await?.follow_status(stop.clone());
    until(&mut seen, |seen| seen.instances.is_empty()).await?;
    let writer = store.status_writer()?;
    for rows in 1..=500 {
        writer.put_instance(&report("one", rows));
    }
    let mirror = Mirror {
        topic: "t".into(),
        partition: 0,
        offset: 7,
        metadata: "1;-".into(),
        at_ms: 1,
        reset: Some("r1".into()),
    };
    writer.put_mirror("a", &mirror);
    writer.put_instance(&report("two", 1));
    let shown = until(&mut seen, |seen| {
        seen.instances.get(&key("one")).is_some_and(|one| one.rows_total == 500)
            && seen.instances.len() == 2
            && !seen.mirrors.is_empty()
    });
    let shown = shown.await?;
    assert_eq!(shown.instances[&key("one")].state, RunState::Running);
    assert_eq!(*shown.mirrors[&("a".into(), "t".into(), 0)], mirror);
    // Only the latest of a key waits: 500 reports at once are a few records.
    let records = testkit::stack().await?.kafka().read_all(&format!("{namespace}.status")).await?;
    assert!(records.len() < 100, "{} records", records.len());

    // One leaves in order, the other one is killed: nobody writes anything any more.
    writer.remove_instance("a", "two");
    assert!(writer.flush(SOON).await);
    let silent = Instant::now();
    until(&mut seen, |seen| !seen.instances.contains_key(&key("two"))).await?;
    assert!(silent.elapsed() < Duration::from_secs(5), "a farewell is not waited for");
    assert!(seen.borrow().as_ref().unwrap().instances.contains_key(&key("one")));
    let shown = until(&mut seen, |seen| seen.instances.is_empty()).await?;
    let silence = silent.elapsed();
    assert!((Duration::from_secs(10)..SOON).contains(&silence), "gone after {silence:?}");
    assert_eq!(shown.mirrors.len(), 1, "mirrors stay");

    // Who comes now sees neither of them, not even for a moment.
    let mut late = open(&namespace).await?.follow_status(stop.clone());
    let shown = until(&mut late, |_| true).await?;
    assert!(shown.instances.is_empty() && shown.mirrors.len() == 1);
    stop.cancel();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_dropped_writes_what_it_has() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    let stop = CancellationToken::new();
    let mut seen = open(&namespace).await?.follow_status(stop.clone());
    let writer = store.status_writer()?;
    let clone = writer.clone();
    drop(writer);
    clone.put_instance(&report("one", 7));
    drop(clone);
    until(&mut seen, |seen| seen.instances.contains_key(&key("one"))).await?;
    stop.cancel();
    Ok(())
}

/// Updates of pipelines remove old keys here, in their transaction: if one is left open by a
/// writer that was frozen, reports go on.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_holds_up_no_status() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    let stop = CancellationToken::new();
    let mut seen = store.follow_status(stop.clone());
    let topic = format!("{namespace}.status");
    let mut frozen = client(testkit::stack().await?.kafka().brokers());
    frozen.set("transactional.id", &namespace);
    let frozen: BaseProducer = frozen.create()?;
    let frozen = tokio::task::spawn_blocking(move || {
        frozen.init_transactions(SOON)?;
        frozen.begin_transaction()?;
        let record = BaseRecord::<_, [u8]>::to(&topic).key("instance/a/zero");
        frozen.send(record).map_err(|(error, _)| error)?;
        frozen.flush(SOON)?;
        anyhow::Ok(frozen)
    });
    let frozen = frozen.await??;
    store.status_writer()?.put_instance(&report("one", 1));
    until(&mut seen, |seen| seen.instances.contains_key(&key("one"))).await?;
    drop(frozen);
    stop.cancel();
    Ok(())
}

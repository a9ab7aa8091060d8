//! Promise: a sink follows the stored pipelines without being restarted, and says what it does.

use std::time::Duration;

use pipeline_spec::{
    Pipeline, State,
    status::{InstanceStatus, RunState},
};
use testkit::{Proxy, Record, eventually};

use crate::{fixture::PATIENCE, stored::StoredScene};

const PARTITIONS: i64 = 2;

/// By itself a report that is not renewed is gone after 15 s.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

/// Whether a hundred records are not done.
fn lags(one: &InstanceStatus) -> bool {
    one.partitions.iter().map(|one| one.lag.unwrap_or(0)).sum::<i64>() == 100
}

impl StoredScene {
    async fn produce(&self, ids: std::ops::Range<i64>) -> anyhow::Result<()> {
        self.scene.produce_rows(self.schema_id, ids, PARTITIONS).await
    }
}

#[tokio::test]
async fn a_pipeline_starts_runs_and_is_removed() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    let sink = stored.sink("").await?;
    stored.create().await?;
    stored.produce(0..500).await?;
    stored.scene.until_committed(500).await?;
    stored.scene.expect_ids(0..500).await?;

    let all = |one: &InstanceStatus| {
        let of_the_source = one.partitions.iter().filter(|one| !one.topic.contains(".replay."));
        let offsets = of_the_source.map(|one| (one.committed, one.lag, &one.stopped));
        let done =
            |(committed, lag, stopped)| (committed, lag, stopped) == (Some(250), Some(0), &None);
        one.state == RunState::Running && offsets.clone().count() == 2 && { offsets }.all(done)
    };
    let status = stored.until("both partitions are done", all).await?;
    assert_eq!((status.version, status.rows_total, status.reason.clone()), (1, 500, None));
    assert_eq!(status.guarantee.as_ref().unwrap().delivery, "exactly-once");
    let freshness = status.freshness_ms.unwrap();
    assert!(freshness.p50 > 0.0 && freshness.p95 >= freshness.p50, "{freshness:?}");
    let committed =
        stored.scene.kafka().committed(&stored.scene.group(), &stored.scene.topic).await?;
    eventually("the offsets are copied", PATIENCE, async || {
        let copy = stored.mirror(1).map(|copy| (copy.offset, copy.metadata));
        copy == Some((committed[&1].offset, committed[&1].metadata.clone()))
    })
    .await?;

    let name = &stored.scene.name;
    let label = format!("pipeline=\"{name}\"");
    assert!(sink.get("metrics").await?.contains(&label));
    stored.edit(|stored| stored.deleting = true).await?;
    eventually("it is gone", TOLD_WITHIN, async || stored.instances(name).is_empty()).await?;
    assert!(!sink.get("metrics").await?.contains(&label), "its metrics are still shown");
    let group = stored.scene.kafka().group(&stored.scene.group()).await?.unwrap();
    assert!(group.members.is_empty(), "{group:?}");
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_paused_pipeline_keeps_its_place_in_the_group() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.produce(0..100).await?;
    stored.scene.until_committed(100).await?;
    let members = || async { stored.scene.kafka().group(&stored.scene.group()).await };
    let before = members().await?.unwrap().members;
    assert_eq!(before.len(), 1);

    let version = stored.set(State::Paused).await?;
    stored.until_state(RunState::Paused, version).await?;
    assert_eq!(sink.metric("penstock_sink_paused", "").await?, 1.0);
    stored.produce(100..200).await?;
    stored.until("the lag is told", lags).await?;
    assert_eq!(stored.scene.rows().await, 100, "it is paused");
    assert_eq!(members().await?.unwrap().members, before);

    let version = stored.set(State::Running).await?;
    stored.until_state(RunState::Running, version).await?;
    assert_eq!(sink.metric("penstock_sink_paused", "").await?, 0.0);
    stored.scene.until_committed(200).await?;
    stored.scene.expect_ids(0..200).await?;
    assert_eq!(members().await?.unwrap().members, before, "it did not even rejoin");
    assert_eq!(sink.log_count("partition assigned"), 3, "two, and that of replays");
    assert!(sink.stop().await?.success());
    let name = &stored.scene.name;
    eventually("its report is gone", TOLD_WITHIN, async || stored.instances(name).is_empty()).await
}

#[tokio::test]
async fn a_pipeline_that_cannot_run_disturbs_no_other() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    stored.create().await?;
    let sink = stored.sink("").await?;
    let good = Pipeline::from_yaml(&stored.scene.pipeline())?;
    let mut bad = Pipeline { name: "bad".to_owned(), ..good };
    bad.target.table = "others".to_owned();
    bad.target.order_by = vec!["missing".to_owned()];
    stored.store_document(bad).await?;
    stored.produce(0..100).await?;
    let failed = |one: &InstanceStatus| one.state == RunState::Failed;
    let status = stored.until_of("bad", "it has failed", failed).await?;
    assert_eq!(status.reason.as_deref(), Some("schema-mismatch"));
    assert!(status.last_error.as_ref().unwrap().message.contains("UNKNOWN_IDENTIFIER"));

    stored.scene.until_committed(100).await?;
    stored.scene.expect_ids(0..100).await?;
    stored.until("the other one runs", |one| one.state == RunState::Running).await?;
    assert!(sink.get("readyz").await.is_ok());
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_document_that_cannot_be_read_holds_its_pipeline_until_it_can() -> anyhow::Result<()> {
    let stored = StoredScene::new(2).await?;
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.produce(0..100).await?;
    stored.scene.until_committed(100).await?;

    let (topic, key) =
        (format!("{}.pipelines", stored.scene.namespace), format!("spec/{}", stored.scene.name));
    let records = stored.scene.kafka().read_all(&topic).await?;
    let readable = records.iter().rev().find(|one| one.key.as_deref() == Some(key.as_bytes()));
    let readable = readable.and_then(|one| one.value.clone()).unwrap();
    let newer = String::from_utf8(readable.clone())?.replace("\"running\"", "\"dancing\"");
    let write = async |value: Vec<u8>| {
        let record = Record::of(value).with_key(key.clone()).to_partition(0);
        stored.scene.kafka().produce(&topic, vec![record]).await
    };
    write(newer.into_bytes()).await?;
    let status = stored.until("it has failed", |one| one.state == RunState::Failed).await?;
    assert_eq!(status.reason.as_deref(), Some("invalid-spec"));
    assert!(status.detail.as_ref().unwrap().contains("dancing"), "{status:?}");
    stored.produce(100..200).await?;
    stored.until("the lag is told", lags).await?;
    let group = stored.scene.kafka().group(&stored.scene.group()).await?.unwrap();
    assert_eq!((group.members.len(), stored.scene.rows().await), (1, 100), "it waits in its place");

    write(readable).await?;
    stored.scene.until_committed(200).await?;
    stored.scene.expect_ids(0..200).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn labels_decide_which_sink_runs_what() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(2).await?;
    stored.scene.document = "labels: {team: retail}\n".to_owned();
    stored.create().await?;
    let mut sinks = Vec::new();
    for (instance, selector) in [("retail", "team=retail"), ("others", "team!=retail")] {
        stored.scene.env.retain(|(name, _)| *name != "SINK__STATUS__INSTANCE");
        stored.scene.env.push(("SINK__STATUS__INSTANCE", instance.to_owned()));
        sinks.push(stored.sink(selector).await?);
    }
    stored.produce(0..100).await?;
    stored.scene.until_committed(100).await?;
    let running = |one: &InstanceStatus| one.state == RunState::Running;
    assert_eq!(stored.until("it runs", running).await?.instance, "retail");

    let team =
        |team: &str| std::collections::BTreeMap::from([("team".to_owned(), team.to_owned())]);
    stored.edit(|stored| stored.spec.labels = team("wholesale")).await?;
    let moved = |one: &InstanceStatus| one.instance == "others" && one.partitions.len() == 3;
    stored.until("the other one runs it", moved).await?;
    stored.produce(100..200).await?;
    stored.scene.until_committed(200).await?;
    stored.scene.expect_ids(0..200).await?;
    let reports = stored.instances(&stored.scene.name);
    assert_eq!(reports.len(), 1, "the first one has taken its report back: {reports:?}");
    for sink in sinks {
        assert!(sink.stop().await?.success());
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_does_not_wait_for_a_server_that_does_not_answer() -> anyhow::Result<()> {
    let mut stored = StoredScene::new(2).await?;
    let direct = stored.scene.clickhouse_url.clone();
    let proxy = Proxy::start(&direct).await?;
    stored.scene.clickhouse_url = proxy.url(&direct);
    stored.scene.env.push(("SINK__SERVICE__DRAIN_MS_MAX", "2000".to_owned()));
    stored.create().await?;
    let sink = stored.sink("").await?;
    stored.produce(0..100).await?;
    stored.scene.until_committed(100).await?;
    proxy.pause();
    stored.produce(100..200).await?;
    stored.scene.until_announced().await?;

    let version = stored.edit(|stored| stored.spec.batch.age_ms = 100).await?;
    stored.until("it drains", |one| one.state == RunState::Stopping).await?;
    stored.until_state(RunState::Running, version).await?;
    sink.until_log("given-up").await?;
    proxy.resume(); // what was given up may land now, beside what is read again
    sink.until_log("range is replayed").await?;
    stored.produce(200..300).await?;
    stored.scene.until_committed(300).await?;
    stored.scene.expect_ids(0..300).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}
